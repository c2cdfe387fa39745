"""What came of the tools: told to the service at once, and spoken of once for each group.

Pipecat asks for an answer, with a context frame, when the last call of a group brings a result that wants
one. Three cases are left to us. The last may want none, since it says nothing, or was to be kept quiet: then
the results before it are still to be spoken of. A result in between may want an answer while others of its
group still run. And Pipecat may ask late, when it waits for the bot to finish, or ask again for the next
result of a group: what was spoken of by then is not spoken of again.
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
        self._may_be_asked_for = 0

    def take(self, frame: FunctionCallResultFrame) -> bool:
        """Tell a result. Returns whether an answer is to be asked for that speaks of those before it."""
        properties = frame.properties
        run = properties.run_llm if properties and properties.run_llm is not None else frame.run_llm
        wants_answer = bool(frame.result) and run is not False
        if wants_answer:
            self._may_be_asked_for += 1
        if properties is not None and not properties.is_final:
            self._take_in_between(frame, wants_answer=wants_answer)
            return False
        self._in_progress.discard(frame.tool_call_id)
        output = tool_output(frame.result)
        self._client.answer_tool(frame.tool_call_id, output, name=frame.function_name, respond=wants_answer)
        if wants_answer:
            return False
        if not self._client.results_waiting:
            self._may_be_asked_for = 0  # whoever asks from now on asks for something else
            return False
        return self._grouped

    def cancelled(self, frame: FunctionCallCancelFrame) -> None:
        """Tell that a call is over and has no result."""
        self._may_be_asked_for += frame.run_llm
        self._client.answer_tool(
            frame.tool_call_id, "CANCELLED", name=frame.function_name, respond=frame.run_llm
        )

    def asked(self) -> tuple[bool, bool]:
        """Pipecat's assistant aggregator asks for an answer.

        Returns:
            Whether a result in between is to be spoken of now, and whether this may be about results alone.
        """
        in_progress, results = bool(self._in_progress), self._may_be_asked_for > 0
        self._in_progress.clear()
        self._may_be_asked_for = max(0, self._may_be_asked_for - 1)
        return in_progress, results

    def others_ask(self) -> None:
        """Somebody asks for an answer, which will speak of whatever there is."""
        self._in_progress.clear()
        self._may_be_asked_for = 0

    def _take_in_between(self, frame: FunctionCallResultFrame, *, wants_answer: bool) -> None:
        if not frame.result:  # Pipecat warns of it and writes nothing down
            return
        message = async_tool_messages.build_intermediate_result_message(
            frame.tool_call_id, tool_output(frame.result)
        )
        self._client.add_item(message_item("system", str(message.get("content"))))
        if wants_answer:
            self._in_progress.add(frame.tool_call_id)
