"""Which tool calls were made, and that each is answered exactly once.

A call is complete when its arguments are; it is handed over when its response is done, together with all
others of that response. A call whose response was interrupted is not run, one whose arguments are no JSON
object cannot be: both are answered here, since the model must not be left waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pipecat_voicelive.protocol.codec import parse_arguments
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.session.effects import ToolCall

INTERRUPTED = '{"error": "The call was not made: the user interrupted."}'
NOT_JSON = '{"error": "The call was not made: its arguments are not a JSON object."}'

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Announced:
    """The model writes the call's arguments."""

    response_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Complete:
    """The arguments are whole; the response is not yet done."""

    response_id: str
    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class InHand:
    """The call was handed over and is being run. If `earlier`, over another connection."""

    response_id: str
    name: str
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The call has its output."""


Call: TypeAlias = Announced | Complete | InHand | Answered


@dataclass(slots=True, repr=False)
class Tools:
    """The tool calls of one conversation."""

    _calls: dict[str, Call] = field(default_factory=dict[str, Call])

    @property
    def running(self) -> bool:
        """Whether a call that was handed over has no answer yet."""
        return any(isinstance(call, InHand) for call in self._calls.values())

    def group_of(self, call_id: str) -> str | None:
        """The response whose calls this one was handed over with, None if it is not in hand."""
        call = self._calls.get(call_id)
        return call.response_id if isinstance(call, InHand) else None

    def in_hand(self, group: str) -> bool:
        """Whether a call of this group has no answer yet, handed over or not."""
        return any(
            not isinstance(call, Answered) and call.response_id == group for call in self._calls.values()
        )

    def announced(self, response_id: str, item: ConversationItem) -> None:
        """A function call item began."""
        if item.call_id and item.call_id not in self._calls:
            self._calls[item.call_id] = Announced(response_id, item.name or "")

    def complete(self, response_id: str, call_id: str, name: str | None, arguments: str) -> None:
        """A call's arguments are whole. Said twice, the first holds."""
        call = self._calls.get(call_id)
        if call is None or isinstance(call, Announced):
            known = call.name if call else ""
            self._calls[call_id] = Complete(response_id, name or known, arguments)

    def hand_over(self, response_id: str) -> tuple[tuple[ToolCall, ...], tuple[ConversationItem, ...]]:
        """The calls of a finished response to be run, and outputs for those that cannot be."""
        calls: list[ToolCall] = []
        outputs: list[ConversationItem] = []
        self._drop_unfinished(response_id)
        for call_id, call in self._complete_calls(response_id):
            arguments = parse_arguments(call.arguments)
            if arguments is None or not call.name:
                self._calls[call_id] = Answered()
                outputs.append(output_item(call_id, NOT_JSON))
            else:
                self._calls[call_id] = InHand(response_id, call.name)
                calls.append(ToolCall(call_id, call.name, arguments))
        self._forget()
        return tuple(calls), tuple(outputs)

    def abandon(self, response_id: str) -> tuple[ConversationItem, ...]:
        """Outputs for the complete calls of an interrupted response, which are not run."""
        self._drop_unfinished(response_id)
        outputs = [output_item(call_id, INTERRUPTED) for call_id, _ in self._complete_calls(response_id)]
        for output in outputs:
            self._calls[output.call_id or ""] = Answered()
        self._forget()
        return tuple(outputs)

    def answer(self, call_id: str, output: str, name: str) -> ConversationItem | None:
        """The item that answers a call; None if it has its answer already.

        A call that was not made over this connection is answered by a message, since the service would
        refuse an output without its call.
        """
        match self._calls.get(call_id):
            case InHand(_, known, earlier=True):
                self._calls[call_id] = Answered()
                self._forget()
                return result_message(name or known, output)
            case InHand() | Complete() | Announced():
                self._calls[call_id] = Answered()
                self._forget()
                return output_item(call_id, output)
            case Answered():
                return None
            case None:
                self._calls[call_id] = Answered()
                self._forget()
                return result_message(name, output)

    def leave(self) -> dict[str, Call]:
        """The connection is left. Returns the calls for `resume`; those not handed over are not run."""
        return {
            call_id: replace(call, earlier=True) if isinstance(call, InHand) else call
            for call_id, call in self._calls.items()
            if isinstance(call, InHand | Answered)
        }

    def resume(self, calls: dict[str, Call]) -> None:
        """These were made over another connection."""
        self._calls = calls

    def _complete_calls(self, response_id: str) -> list[tuple[str, Complete]]:
        return [
            (call_id, call)
            for call_id, call in self._calls.items()
            if isinstance(call, Complete) and call.response_id == response_id
        ]

    def _drop_unfinished(self, response_id: str) -> None:
        """Drop the calls of a finished response whose arguments never came whole."""
        for call_id, call in list(self._calls.items()):
            if isinstance(call, Announced) and call.response_id == response_id:
                del self._calls[call_id]

    def _forget(self) -> None:
        """Drop the oldest answered calls, so that an hour of them does not stay."""
        answered = [call_id for call_id, call in self._calls.items() if isinstance(call, Answered)]
        for call_id in answered[: max(0, len(answered) - _REMEMBERED)]:
            del self._calls[call_id]


def result_message(name: str, output: str) -> ConversationItem:
    """The result of a call that the session does not know, as a message."""
    return message_item("system", f"Result of the earlier call of {name or 'a tool'}: {output}")


def output_item(call_id: str, output: str) -> ConversationItem:
    """A `function_call_output` item."""
    return ConversationItem(type="function_call_output", call_id=call_id, output=output)


def message_item(role: str, text: str) -> ConversationItem:
    """A message of one text part; the assistant's parts are "text", all others "input_text"."""
    part = ItemContent(type="text" if role == "assistant" else "input_text", text=text)
    return ConversationItem(type="message", role=role, content=[part])
