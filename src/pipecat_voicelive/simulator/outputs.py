"""The items a response produces: what each sends when it begins, goes on and ends, as recorded.

opening()   once the item is there
steps()     deltas, each at its time
closing()   the *.done events; cut short, they say what was really sent
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypedDict

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.protocol.server_events import (
    KnownServerEvent,
    ResponseContentPartAdded,
    ResponseContentPartDone,
    ResponseFunctionCallArgumentsDelta,
    ResponseFunctionCallArgumentsDone,
    ResponseTextDelta,
    ResponseTextDone,
)
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import TOOL_CALL

TEXT_DELTA_MS = 30
ARGUMENTS_DELTA_MS = 20

_PIECE = re.compile(r"\s*(?:\w+(?:['’-]\w+)*|[^\w\s])")


@dataclass(frozen=True, slots=True)
class Step:
    """An event, and when it is due: ms after its item began, at a speed of 1."""

    at_ms: float
    event: KnownServerEvent


class OutputMembers(TypedDict):
    """Members of every event about an output."""

    response_id: str
    item_id: str
    output_index: int


class ContentMembers(OutputMembers):
    """Members of every event about the content of an output."""

    content_index: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an output stands: its response, its item, its number in the response."""

    response_id: str
    item_id: str
    output_index: int

    @property
    def output(self) -> OutputMembers:
        """The place as members of an event."""
        return {
            "response_id": self.response_id,
            "item_id": self.item_id,
            "output_index": self.output_index,
        }

    @property
    def content(self) -> ContentMembers:
        """The place of the only content part as members of an event."""
        return {**self.output, "content_index": 0}


def pieces_of(text: str) -> list[str]:
    """A text as words and punctuation marks, each with the blank before it; together they are the text."""
    return _PIECE.findall(text.rstrip())


def pieces_of_arguments(arguments: str) -> list[str]:
    """JSON text in the pieces in which a model writes it."""
    return re.findall(r"\s+|\w+|[^\w\s]+", arguments)


def message_item(place: Place, status: str, part: ItemContent | None) -> ConversationItem:
    """An assistant message with one part, or still without it."""
    return ConversationItem(
        type="message",
        id=place.item_id,
        object="realtime.item",
        status=status,
        role="assistant",
        content=[part] if part else [],
    )


@rule(
    "written-part-is-empty",
    "The text part in `response.content_part.done` is empty, though `response.text.done` and the item have "
    "the text.",
    TOOL_CALL.at("response.content_part.done"),
    topic=Topic.RESPONSES,
)
@dataclass(slots=True)
class WrittenOutput:
    """A message that is only written."""

    place: Place
    text: str
    _written: list[str] = field(default_factory=list[str])

    def opening(self) -> list[KnownServerEvent]:
        """What is sent once the item is there."""
        return [ResponseContentPartAdded(**self.place.content, part=ItemContent(type="text", text=""))]

    def steps(self) -> list[Step]:
        """The text piece by piece."""
        return [
            Step(index * TEXT_DELTA_MS, ResponseTextDelta(**self.place.content, delta=piece))
            for index, piece in enumerate(pieces_of(self.text))
        ]

    def note(self, event: KnownServerEvent) -> None:
        """Remember what has been sent."""
        if isinstance(event, ResponseTextDelta):
            self._written.append(event.delta)

    def closing(self) -> list[KnownServerEvent]:
        """The events that end what was begun. The part is empty, as recorded."""
        return [
            ResponseTextDone(**self.place.content, text=self.text_so_far),
            ResponseContentPartDone(**self.place.content, part=ItemContent(type="text", text="")),
        ]

    def added_item(self, status: str) -> ConversationItem:
        """The item as it begins."""
        return message_item(self.place, status, None)

    def item(self, status: str) -> ConversationItem:
        """The item as it is now."""
        return message_item(self.place, status, ItemContent(type="text", text=self.text_so_far))

    @property
    def text_so_far(self) -> str:
        """What has been written."""
        return "".join(self._written)


@rule(
    "call-order",
    "A function call is output item added with empty arguments, item created, argument deltas, arguments "
    "done with the name, output item done. Its output may come before response done; that is told after it.",
    TOOL_CALL,
    topic=Topic.TOOLS,
)
@dataclass(slots=True)
class CallOutput:
    """A function call; `arguments` is the JSON text that the model writes."""

    place: Place
    call_id: str
    name: str
    arguments: str
    _written: list[str] = field(default_factory=list[str])

    def opening(self) -> list[KnownServerEvent]:
        """Nothing: a call has no parts."""
        return []

    def steps(self) -> list[Step]:
        """The arguments piece by piece."""
        members = self.place.output
        return [
            Step(
                index * ARGUMENTS_DELTA_MS,
                ResponseFunctionCallArgumentsDelta(**members, call_id=self.call_id, delta=piece),
            )
            for index, piece in enumerate(pieces_of_arguments(self.arguments))
        ]

    def note(self, event: KnownServerEvent) -> None:
        """Remember what has been sent."""
        if isinstance(event, ResponseFunctionCallArgumentsDelta):
            self._written.append(event.delta)

    def closing(self) -> list[KnownServerEvent]:
        """The event that ends the arguments; cut short, they are no whole JSON."""
        return [
            ResponseFunctionCallArgumentsDone(
                **self.place.output, call_id=self.call_id, name=self.name, arguments=self.text_so_far
            )
        ]

    def added_item(self, status: str) -> ConversationItem:
        """The item as it begins."""
        return self._item(status, "")

    def item(self, status: str) -> ConversationItem:
        """The item as it is now."""
        return self._item(status, self.text_so_far)

    def _item(self, status: str, arguments: str) -> ConversationItem:
        return ConversationItem(
            type="function_call",
            id=self.place.item_id,
            object="realtime.item",
            status=status,
            name=self.name,
            call_id=self.call_id,
            arguments=arguments,
        )

    @property
    def text_so_far(self) -> str:
        """What has been written."""
        return "".join(self._written)
