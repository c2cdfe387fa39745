"""Questions that somebody awaits the answers to, each by a name of its own."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import msgspec

from pipecat_voicelive.errors import ConnectionFailedError, VoiceLiveError
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.items import ConversationItem, ErrorDetails
from pipecat_voicelive.protocol.refusals import failure_of, service_error
from pipecat_voicelive.protocol.requests import response_properties
from pipecat_voicelive.session import inputs
from pipecat_voicelive.session.effects import AskAnswered, AskRefused, SummaryWanted


class Questions:
    """The open questions of one client: every one ends with a text or an error."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Future[str]] = {}
        self._count = 0
        self._summaries: set[asyncio.Task[None]] = set()
        self._over: VoiceLiveError | None = None

    def open(self) -> tuple[str, asyncio.Future[str]]:
        """A name for a new question, and what will hold its answer. Raises if nobody will answer."""
        if self._over is not None:
            raise self._over
        self._count += 1
        ask_id = f"ask{self._count}"
        answer = asyncio.get_running_loop().create_future()
        self._open[ask_id] = answer
        answer.add_done_callback(lambda _: self._open.pop(ask_id, None))
        return ask_id, answer

    def settle(self, signal: AskAnswered | AskRefused) -> None:
        """Give a question its answer, or the reason why it has none."""
        answer = self._open.get(signal.ask_id)
        if answer is None or answer.done():
            return
        match signal:
            case AskRefused(_, error):
                answer.set_exception(service_error(error))
            case AskAnswered(_, _, response) if response.status == "failed":
                error = failure_of(response) or ErrorDetails(message="Voice Live could not answer.")
                answer.set_exception(service_error(error))
            case AskAnswered(_, text, _):
                answer.set_result(text)

    def summarize(self, wanted: SummaryWanted, tell: Callable[[inputs.Input], None]) -> None:
        """Have the function of the client's user summarise, and tell the session."""

        async def summarize() -> None:
            text = ""
            try:
                text = str(await wanted.summarize(list(wanted.items)))
            except Exception as error:  # noqa: BLE001 - whatever it is, the call goes on without a summary
                name = type(error).__name__
                told = f"MemoryOptions.summarize failed ({name}): the oldest turns are dropped."
                asyncio.get_running_loop().call_exception_handler({"message": told})
            tell(inputs.Summary(wanted.summary_id, text))

        task = asyncio.get_running_loop().create_task(summarize(), name="voicelive-summary")
        self._summaries.add(task)
        task.add_done_callback(self._summaries.discard)

    def end(self, error: VoiceLiveError) -> None:
        """Nobody will answer any more."""
        self._over = self._over or error
        for task in list(self._summaries):
            task.cancel()
        for answer in list(self._open.values()):
            if not answer.done():
                answer.set_exception(error)


class Asks(ABC):
    """What a client has for asking the model: for an answer, and for one beside the conversation."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    @abstractmethod
    def handle(self, event: inputs.Input) -> None:
        """Tell the session something, and do at once what it wants done."""

    def respond(
        self, properties: ResponseProperties | None = None, *, additional_instructions: str = ""
    ) -> None:
        """Have the model answer, now or after the running response.

        Args:
            properties: What is to be otherwise in this one response.
            additional_instructions: Said to the model after its instructions, for this one response.

        Raises:
            ConfigurationError: The service would refuse the properties.
        """
        own = None if properties is None else response_properties(properties)
        self.handle(inputs.Respond(own, additional_instructions))

    async def ask(
        self,
        instructions: str,
        *,
        items: Sequence[ConversationItem] | None = None,
        properties: ResponseProperties | None = None,
    ) -> str:
        """Ask the model out of band: nobody hears the answer, and the conversation does not know of it.

        It is asked in the next pause, in which nobody speaks and nothing is being answered, and asked again
        if the conversation goes on before it is answered. Cancelling withdraws it; there is no time limit.

        Args:
            instructions: What to do, instead of the session's instructions.
            items: What to look at instead of the conversation as it stands; [] for nothing.
            properties: Further overrides, such as `max_output_tokens`. No tool is called
                unless `tool_choice` is among them.

        Returns:
            The answer's text; what there is of it, if it reached `max_output_tokens`.

        Raises:
            ConfigurationError: The service would refuse the properties, or something in the items.
            ServiceError: The service refused the question, or could not answer it.
            ConnectionFailedError: The connection is closed or lost.
        """
        own = response_properties(properties or ResponseProperties())
        asked = msgspec.structs.replace(own, instructions=instructions, modalities=["text"])
        if asked.tool_choice is msgspec.UNSET:
            asked = msgspec.structs.replace(asked, tool_choice="none")
        if items is not None:
            asked = msgspec.structs.replace(asked, input_items=list(items))
        ask_id, answer = self._questions.open()
        try:
            self.handle(inputs.Ask(ask_id, asked))
            return await answer
        finally:
            answer.cancel()  # nothing, if it has come
            if answer.cancelled():
                self.handle(inputs.Withdraw(ask_id))


def closed() -> ConnectionFailedError:
    """What ends questions, and everything else, when a client is closed."""
    return ConnectionFailedError("The client is closed.")
