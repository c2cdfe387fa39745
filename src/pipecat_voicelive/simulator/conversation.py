"""The items of a conversation in their order, and what is known of the audio in them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace

from msgspec import UNSET, UnsetType
from msgspec.structs import replace as replace_members

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator.conversation_errors import (
    already_shorter,
    already_truncated,
    duplicate_item,
    no_such_content,
    no_such_item,
    not_truncatable,
    unknown_call,
    unknown_item,
)
from pipecat_voicelive.simulator.errors_wire import too_small
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import API_REFERENCE, LIVE_TESTS, SPECIFICATION


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """A word or a punctuation mark with the blank before it, and when it sounds."""

    text: str
    offset_ms: float


@dataclass(frozen=True, slots=True)
class ItemAudio:
    """The audio of an item.

    Attributes:
        duration_ms: How much there is so far.
        data: The audio itself, in the session's format of its direction.
        pieces: For an assistant item, its text piece by piece.
        truncated_ms: Where it was cut, or None.
    """

    duration_ms: float = 0.0
    data: bytes = b""
    pieces: tuple[SpokenPiece, ...] = ()
    truncated_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of the conversation with its audio, if it has any."""

    item: ConversationItem
    audio: ItemAudio | None = None


@dataclass(slots=True)
class Conversation:
    """Every item, in order. Ids are unique; every change is checked before it is made."""

    _entries: dict[str, Entry] = field(default_factory=dict[str, Entry])

    @property
    def items(self) -> list[ConversationItem]:
        """The items in order, as the service holds them."""
        return [entry.item for entry in self._entries.values()]

    @property
    def last_id(self) -> str | None:
        """Id of the last item, None if there is none."""
        return next(reversed(self._entries), None)

    @property
    def has_assistant_audio(self) -> bool:
        """Whether the assistant has spoken."""
        return any(
            entry.audio is not None and entry.item.role == "assistant" for entry in self._entries.values()
        )

    @property
    def caller_audio_ms(self) -> float:
        """How much the caller has said."""
        return sum(
            entry.audio.duration_ms
            for entry in self._entries.values()
            if entry.audio is not None and entry.item.role == "user"
        )

    def audio_ms(self, item_id: str) -> float:
        """How much audio an item has, 0 for one that is not there."""
        entry = self._entries.get(item_id)
        return entry.audio.duration_ms if entry is not None and entry.audio is not None else 0.0

    def pieces(self, item_id: str) -> tuple[SpokenPiece, ...]:
        """What an item says, piece by piece, with their times; nothing for one that is not there."""
        entry = self._entries.get(item_id)
        return entry.audio.pieces if entry is not None and entry.audio is not None else ()

    def entry(self, item_id: str, param: str = "item_id") -> Entry:
        """An item and its audio.

        Raises:
            RefusedError: There is no such item; `param` names the member that asked for it.
        """
        try:
            return self._entries[item_id]
        except KeyError:
            raise no_such_item(item_id, param) from None

    @rule(
        "item-place",
        "A new item goes to the end, behind the item that `previous_item_id` names, or first with `root`; if "
        "that names an item that is not there, the new one is refused and not inserted. An empty text is as "
        "good as none.",
        SPECIFICATION.at("ClientEventConversationItemCreate"),
        API_REFERENCE.at("conversation.item.create"),
        topic=Topic.ITEMS,
    )
    def insert(self, item: ConversationItem, after: str | UnsetType | None = UNSET) -> str | None:
        """Put an item at the end, or behind another; "root" puts it first.

        Returns:
            Id of the item that now stands before it, None if it is the first.

        Raises:
            RefusedError: Its id is taken, `after` is unknown, or it answers a call that was never made.
        """
        item_id = _id_of(item)
        if item_id in self._entries:
            raise duplicate_item(item_id)
        if item.type == "function_call_output" and not self._has_call(item.call_id):
            raise unknown_call(str(item.call_id))
        order = list(self._entries)
        if not after:
            place = len(order)
        elif after == "root":
            place = 0
        else:
            self.entry(after, "previous_item_id")
            place = order.index(after) + 1
        order.insert(place, item_id)
        entries = {**self._entries, item_id: Entry(item)}
        self._entries = {name: entries[name] for name in order}
        return order[place - 1] if place else None

    def append(self, item: ConversationItem, audio: ItemAudio | None = None) -> str | None:
        """Put an item of the service's own making at the end; returns the id before it, or None."""
        previous_item_id = self.last_id
        self._entries[_id_of(item)] = Entry(item, audio)
        return previous_item_id

    def update(self, item: ConversationItem) -> None:
        """Replace an item that is still there; one that was truncated keeps its silence about its words."""
        item_id = _id_of(item)
        entry = self._entries.get(item_id)
        if entry is None:
            return
        if entry.audio is not None and entry.audio.truncated_ms is not None:
            item = _without_transcript(item)
        self._entries[item_id] = replace(entry, item=item)

    def set_audio(self, item_id: str, audio: ItemAudio) -> None:
        """Note the audio of an item that is still there; where it was truncated stays as it is."""
        entry = self._entries.get(item_id)
        if entry is not None:
            truncated_ms = entry.audio.truncated_ms if entry.audio else None
            self._entries[item_id] = replace(entry, audio=replace(audio, truncated_ms=truncated_ms))

    def delete(self, item_id: str) -> None:
        """Take an item out.

        Raises:
            RefusedError: There is no such item.
        """
        self._acted_on(item_id, "delete")
        del self._entries[item_id]

    @rule(
        "truncated-loses-words",
        "A truncated item has lost its words; `conversation.item.retrieve` returns the audio that is left.",
        SPECIFICATION.at("ClientEventConversationItemTruncate"),
        LIVE_TESTS.at("conversation.item.truncate"),
        topic=Topic.ITEMS,
    )
    def truncate(
        self, item_id: str, content_index: int, audio_end_ms: int, *, appended_text: str | None = None
    ) -> None:
        """Cut the audio of an assistant item; its transcript is dropped with it.

        With an appended text the item keeps the words up to there, and the text after them.

        Raises:
            RefusedError: There is no such item, it holds no assistant audio, is shorter, or was cut before.
        """
        entry = self._acted_on(item_id, "truncate")
        if entry.audio is None or entry.item.role != "assistant":
            raise not_truncatable()
        if content_index != 0:
            raise no_such_content(item_id, content_index)
        if entry.audio.truncated_ms is not None:
            raise already_truncated(item_id)
        if audio_end_ms < 0:
            raise too_small("audio_end_ms", audio_end_ms, 0, "integer")
        if audio_end_ms > round(entry.audio.duration_ms):
            raise already_shorter(round(entry.audio.duration_ms), audio_end_ms)
        cut = Entry(_without_transcript(entry.item), replace(entry.audio, truncated_ms=audio_end_ms))
        self._entries[item_id] = cut
        if appended_text is not None:
            kept = f"{self.heard_text(item_id)} {appended_text}".strip()
            parts = [ItemContent(type=part.type, transcript=kept) for part in cut.item.content or []]
            self._entries[item_id] = replace(cut, item=replace_members(cut.item, content=parts))

    def retrieved(self, item_id: str) -> ConversationItem:
        """An item with its audio in it.

        Raises:
            RefusedError: There is no such item.
        """
        entry = self._acted_on(item_id, "retrieve")
        if entry.audio is None or not entry.item.content:
            return entry.item
        data = entry.audio.data
        if entry.audio.truncated_ms is not None and entry.audio.duration_ms:
            kept = int(len(data) * entry.audio.truncated_ms / entry.audio.duration_ms)
            data = data[: kept - kept % 2]
        part = replace_members(entry.item.content[0], audio=base64.b64encode(data).decode())
        return replace_members(entry.item, content=[part, *entry.item.content[1:]])

    def heard_text(self, item_id: str) -> str:
        """The words of an assistant item that begin before it was cut; all of them if it was not.

        Raises:
            RefusedError: There is no such item.
        """
        entry = self.entry(item_id)
        audio = entry.audio
        if audio is None or audio.truncated_ms is None:
            return entry.item.words
        return "".join(piece.text for piece in audio.pieces if piece.offset_ms < audio.truncated_ms).strip()

    def _acted_on(self, item_id: str, action: str) -> Entry:
        entry = self._entries.get(item_id)
        if entry is None:
            raise unknown_item(item_id, action)
        return entry

    def _has_call(self, call_id: object) -> bool:
        return any(item.type == "function_call" and item.call_id == call_id for item in self.items)


def _id_of(item: ConversationItem) -> str:
    assert isinstance(item.id, str), "items get their id before they come here"
    return item.id


def _without_transcript(item: ConversationItem) -> ConversationItem:
    parts = [ItemContent(type=part.type, transcript=None) for part in item.content or []]
    return replace_members(item, content=parts)
