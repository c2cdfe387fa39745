"""Items and turns that were sent, and that the service has not confirmed yet.

A response that begins meanwhile may not have seen them. Items are known by their ids, which the service
keeps; turns, committed by hand, by the event that does, and the service confirms those in their order.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET, UnsetType

from pipecat_voicelive.protocol.client_events import (
    ConversationItemCreateEvent,
    InputAudioBufferCommitEvent,
)
from pipecat_voicelive.protocol.items import ConversationItem

_CREATE = "create_"
"""Begins the id of the event that creates an item; the item's id follows."""

_MOST = 256
"""What this many others were sent after is not waited for: not every service confirms items."""


@dataclass(slots=True, repr=False)
class Unconfirmed:
    """The items and turns of one conversation that are on their way."""

    id_prefix: str
    _ids: dict[str, None] = field(default_factory=dict[str, None])
    _items: int = 0
    _uncommitted_bytes: int = 0
    _commits: int = 0
    _turns: deque[str] = field(default_factory=deque[str])

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the items, and of the events that commit turns."""
        return frozenset(self._ids)

    def add(
        self, item: ConversationItem, previous_item_id: str | UnsetType = UNSET
    ) -> tuple[str, ConversationItemCreateEvent]:
        """An item's id, given here if it has none, and the event that creates it."""
        item_id = item.id
        if not item_id:
            self._items += 1
            item_id = f"{self.id_prefix}_item_{self._items}"
            item = msgspec.structs.replace(item, id=item_id)
        self._await(item_id)
        return item_id, ConversationItemCreateEvent(
            event_id=_CREATE + item_id, item=item, previous_item_id=previous_item_id
        )

    def _await(self, awaited: str) -> None:
        self._ids[awaited] = None
        if len(self._ids) > _MOST:
            del self._ids[next(iter(self._ids))]

    def heard(self, audio_bytes: int) -> None:
        """Audio goes into the service's buffer."""
        self._uncommitted_bytes += audio_bytes

    def commit(self) -> InputAudioBufferCommitEvent | None:
        """The event that makes a turn of what is in the buffer, None if nothing is."""
        if not self._uncommitted_bytes:
            return None
        self._uncommitted_bytes = 0
        self._commits += 1
        event_id = f"{self.id_prefix}_commit_{self._commits}"
        self._turns.append(event_id)
        self._await(event_id)
        return InputAudioBufferCommitEvent(event_id=event_id)

    def committed(self) -> None:
        """A turn was made: the oldest of ours, or one of the turn detection's."""
        if self._turns:
            self._ids.pop(self._turns.popleft(), None)
        else:
            self._uncommitted_bytes = 0

    def created(self, item_id: str) -> None:
        """An item is in the conversation."""
        self._ids.pop(item_id, None)

    def refused(self, event_id: str) -> str:
        """An event was refused: what it was for is not waited for. Returns the item that it was to create."""
        item_id = event_id.removeprefix(_CREATE)
        self._ids.pop(item_id, None)
        if event_id in self._turns:
            self._turns.remove(event_id)
        return item_id if item_id != event_id else ""
