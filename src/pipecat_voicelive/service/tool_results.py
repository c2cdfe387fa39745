"""What came of the tools: told to the service at once, and spoken of once for each group.

Pipecat asks for an answer when the last call of a group brings a result that wants one. Two cases are left
to us. The last may want none, since it says nothing, or was to be kept quiet: then the results before it
are still to be spoken of. And a result in between may want an answer while others of its group still run.

Pipecat may also ask too early, when a handler is done before it knows of the other calls, and then again
when the last result comes to its aggregator. That may be late, behind sound that is being played: by then the
answer may have been given.
"""

from __future__ import annotations

from pipecat.frames.frames import FunctionCallCancelFrame, FunctionCallResultFrame
from pipecat.processors.aggregators import async_tool_messages

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.service.context import tool_output
from pipecat_voicelive.session.tools import message_item


class ToolResults:
    """The results of one conversation.

    Args:
        client: Who is told.
        grouped: Whether one answer speaks of all results of a group.
    """

    def __init__(self, client: VoiceLiveClient, *, grouped: bool) -> None:
        self._client = client
        self._grouped = grouped
        self._in_progress: set[str] = set()
        self._to_be_asked = False

    def take(self, frame: FunctionCallResultFrame) -> bool:
        """Tell a result. Returns whether an answer is to be asked for that speaks of those before it."""
        properties = frame.properties
        run = properties.run_llm if properties and properties.run_llm is not None else frame.run_llm
        wants_answer = bool(frame.result) and run is not False
        if properties is not None and not properties.is_final:
            self._take_in_between(frame, wants_answer=wants_answer)
            return False
        self._in_progress.discard(frame.tool_call_id)
        self._to_be_asked |= wants_answer
        output = tool_output(frame.result)
        self._client.answer_tool(frame.tool_call_id, output, name=frame.function_name, respond=wants_answer)
        return not wants_answer and self._grouped and self._client.results_waiting

    def cancelled(self, frame: FunctionCallCancelFrame) -> None:
        """Tell that a call is over and has no result."""
        self._client.answer_tool(
            frame.tool_call_id, "CANCELLED", name=frame.function_name, respond=frame.run_llm
        )

    def asked(self) -> bool:
        """Pipecat's assistant aggregator asks. Returns whether results may be why."""
        expected, self._to_be_asked = self._to_be_asked, False
        return expected

    def to_be_spoken_of_now(self) -> bool:
        """Whether a result in between wants an answer, which the next one is."""
        wanted = bool(self._in_progress)
        self._in_progress.clear()
        return wanted

    def _take_in_between(self, frame: FunctionCallResultFrame, *, wants_answer: bool) -> None:
        if not frame.result:  # Pipecat warns of it and writes nothing down
            return
        message = async_tool_messages.build_intermediate_result_message(
            frame.tool_call_id, tool_output(frame.result)
        )
        self._client.add_item(message_item("system", str(message.get("content"))))
        if wants_answer:
            self._in_progress.add(frame.tool_call_id)
