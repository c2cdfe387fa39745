"""What the caller said, in the order it was said.

Transcripts come when they come: before their item exists (cascaded models), after the answer has begun
(native ones), out of order, twice (the second time empty), or never. Each item that was committed waits for
its own here, and finals are passed on in the order of the commits; one that keeps the others waiting for
`WAIT_S` is passed over and told when it comes after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from pipecat_voicelive.protocol.server_events import (
    InputAudioTranscriptionCompleted,
    InputAudioTranscriptionFailed,
)
from pipecat_voicelive.session.effects import (
    ItemUpdated,
    UserTranscript,
    UserTranscriptFailed,
    UserTranscriptPartial,
)

WAIT_S = 1.0
"""How long later transcripts, and the end of an answer, wait for an earlier one."""

_REMEMBERED = 256

_LONGEST_PARTIAL = 20_000
"""From so many characters on, an item's pieces are told no more: each tells all that came before it."""

Told: TypeAlias = UserTranscript | UserTranscriptFailed | ItemUpdated


@dataclass(slots=True, repr=False)
class Transcripts:
    """The transcripts of one conversation.

    Attributes:
        expected: Whether the session transcribes at all; if not, nothing waits.
    """

    expected: bool = False
    _partial: dict[str, str] = field(default_factory=dict[str, str])
    _awaited: dict[str, float] = field(default_factory=dict[str, float])  # item id: wait until
    _ready: dict[str, InputAudioTranscriptionCompleted] = field(
        default_factory=dict[str, InputAudioTranscriptionCompleted]
    )
    _settled: dict[str, None] = field(default_factory=dict[str, None])

    @property
    def deadline_s(self) -> float | None:
        """When the first awaited transcript is no longer waited for, None if none is."""
        return next(iter(self._awaited.values()), None)

    @property
    def awaiting(self) -> bool:
        """Whether a transcript is still waited for."""
        return bool(self._awaited)

    def committed(self, item_id: str, now_s: float) -> None:
        """Audio became an item; its transcript is due."""
        if self.expected and item_id not in self._settled and item_id not in self._awaited:
            self._awaited[item_id] = now_s + WAIT_S

    def delta(self, item_id: str, delta: str) -> UserTranscriptPartial | None:
        """A further piece of an item's transcript."""
        if not delta or self._known(item_id):
            return None
        known = self._partial.get(item_id, "")
        if len(known) >= _LONGEST_PARTIAL:
            return None
        text = self._partial[item_id] = known + delta
        if len(self._partial) > _REMEMBERED:
            del self._partial[next(iter(self._partial))]
        return UserTranscriptPartial(item_id, text)

    def completed(self, event: InputAudioTranscriptionCompleted) -> Iterator[Told]:
        """An item's transcript is final. A second one changes nothing."""
        item_id = event.item_id
        if self._known(item_id):
            return
        self._partial.pop(item_id, None)
        self._ready[item_id] = event
        yield from self._tell()

    def failed(self, event: InputAudioTranscriptionFailed) -> Iterator[Told]:
        """There will be no transcript of this item, unless there was one already."""
        item_id = event.item_id
        if self._known(item_id):
            return
        self._partial.pop(item_id, None)
        self._awaited.pop(item_id, None)
        self._settle(item_id)
        yield UserTranscriptFailed(item_id, event.error)
        yield from self._tell()

    def tick(self, now_s: float) -> Iterator[Told]:
        """Give up waiting where the time is over."""
        for item_id in [item_id for item_id, until_s in self._awaited.items() if until_s <= now_s]:
            if item_id not in self._ready:
                del self._awaited[item_id]
        yield from self._tell()

    def leave(self, wordless: Iterable[str]) -> Iterator[Told]:
        """The connection is left: tell what is known; of these items nothing will be."""
        for item_id in list(self._awaited):
            if item_id not in self._ready:
                del self._awaited[item_id]
        yield from self._tell()
        if self.expected:
            for item_id in wordless:
                if not self._known(item_id):
                    self._settle(item_id)
                    yield UserTranscriptFailed(item_id, None)

    def _tell(self) -> Iterator[Told]:
        """Everything that no earlier item holds up, in order."""
        late = [item_id for item_id in self._ready if item_id not in self._awaited]
        for item_id in [*late, *self._awaited]:
            event = self._ready.pop(item_id, None)
            if event is None:
                return
            self._awaited.pop(item_id, None)
            self._settle(item_id)
            yield ItemUpdated(item_id, None)
            if text := event.transcript.strip():
                yield UserTranscript(item_id, text, event)

    def _known(self, item_id: str) -> bool:
        """Whether all is known that ever will be of what was said in this item."""
        return item_id in self._settled or item_id in self._ready

    def _settle(self, item_id: str) -> None:
        self._settled[item_id] = None
        if len(self._settled) > _REMEMBERED:
            del self._settled[next(iter(self._settled))]
