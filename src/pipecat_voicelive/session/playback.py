"""What the caller has heard of the bot, and hence where the conversation is to be cut.

The service believes that all it sent was heard. After an interruption each item that was not heard to its
end is cut to what was (`conversation.item.truncate`, never beyond the audio received), and an item of which
nothing was heard is taken out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.client_events import (
    ConversationItemDeleteEvent,
    ConversationItemTruncateEvent,
)
from pipecat_voicelive.protocol.server_events import ResponseAudioDelta, ResponseAudioTranscriptDelta
from pipecat_voicelive.session.inputs import Heard

_PLAYED_OUT_MS = 40.0
"""An item heard to within this of its end was heard: players work in chunks of about this size."""

_REMEMBERED = 64


@dataclass(slots=True, repr=False)
class SpokenItem:
    """An item, and how much audio of it there is."""

    response_id: str
    content_index: int
    received_ms: float = 0.0


@dataclass(slots=True, repr=False)
class Playback:
    """The spoken items that may not have been heard to the end, in the order they are played.

    `has_spoken`: whether there ever were any.
    """

    has_spoken: bool = False
    _items: dict[str, SpokenItem] = field(default_factory=dict[str, SpokenItem])

    def received(self, event: ResponseAudioDelta, audio_format: AudioFormat) -> None:
        """More audio of an item arrived."""
        item = self._items.setdefault(event.item_id, SpokenItem(event.response_id, event.content_index))
        item.received_ms += audio_format.duration_ms(len(event.delta))
        self.has_spoken = True
        if len(self._items) > _REMEMBERED:
            del self._items[next(iter(self._items))]

    def spoken_elsewhere(self, event: ResponseAudioTranscriptDelta) -> None:
        """An item is spoken where it cannot be measured: it is as long as it may be."""
        self._items[event.item_id] = SpokenItem(event.response_id, event.content_index, math.inf)

    def leave(self) -> dict[str, SpokenItem]:
        """The connection is left: what is still being played, for `resume`."""
        items, self._items = self._items, {}
        return items

    def resume(self, items: dict[str, SpokenItem]) -> None:
        """These are still being played, from another connection."""
        self._items = items

    def heard_out(self) -> None:
        """All was heard to its end."""
        self._items = {}

    def truncated(self, item_id: str) -> None:
        """The service has cut or removed this item itself."""
        self._items.pop(item_id, None)

    def cut(
        self, heard: Heard | None, but_for: frozenset[str] = frozenset()
    ) -> tuple[list[ConversationItemTruncateEvent], list[ConversationItemDeleteEvent]]:
        """The events that cut the conversation to what was heard; afterwards nothing is left to cut.

        Items before the one being played were heard. Without a position, none was played. Items of the
        responses `but_for` are left alone.
        """
        truncations: list[ConversationItemTruncateEvent] = []
        deletions: list[ConversationItemDeleteEvent] = []
        was_heard = heard is not None and heard.item_id in self._items
        kept = {item_id: item for item_id, item in self._items.items() if item.response_id in but_for}
        for item_id, item in self._items.items():
            if item_id in kept:
                continue
            played_ms = item.received_ms if was_heard else 0
            if heard is not None and item_id == heard.item_id:
                was_heard, played_ms = False, int(heard.played_ms)
            if played_ms <= 0:
                deletions.append(ConversationItemDeleteEvent(item_id=item_id))
            elif played_ms < item.received_ms - _PLAYED_OUT_MS:
                truncations.append(
                    ConversationItemTruncateEvent(
                        item_id=item_id, content_index=item.content_index, audio_end_ms=int(played_ms)
                    )
                )
        self._items = kept
        return truncations, deletions
