"""Answers to turns that the pipeline has not begun yet are kept back until it has.

The service proposes the caller's turn, and the pipeline's strategies decide when it begins: at once, or late,
for instance when enough words are known. The service may be answering by then. The interruption with which
the turn begins clears whatever the pipeline holds, so an answer must not be there yet. It would be cut by
the very turn that it answers.

    proposed ──answer begins──▶ holding ──turn begins, and its interruption──▶ open
        └────────turn begins────────────────────────────────────────────────────▲

Not every proposal becomes a turn, and nobody says so. An answer waits until the strategies have had the
transcript, and no longer than `LONGEST_S`. Where nobody ever decides, it does not wait at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import AsyncIterator, Callable

from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.signals import ClientSignal, size_bytes_of, still_wanted

LONGEST_S = 1.5
"""How long an answer waits for the start of its turn."""

_SOON_S = 0.1
"""What follows of itself has come by then: the interruption after a start, the start after a transcript."""

_ENOUGH = 2
"""So many proposals in a row that nobody decided: nobody does."""

_OF_TURNS = (fx.UserSpeechStarted, fx.UserSpeechStopped, fx.UserTranscriptPartial, fx.UserTranscript)


class TurnGate:
    """Keeps the answers of one conversation in order with its turns.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: deque[ClientSignal] = deque()
        self._held_bytes = 0
        self._opens_at_s = 0.0
        self._moved = asyncio.Event()
        self._item_id: str | None = None
        self._starts_until_s = 0.0
        self._in_turn = False
        self._undecided = 0

    @property
    def holding(self) -> bool:
        """Whether anything is kept back."""
        return bool(self._held)

    @property
    def waiting_bytes(self) -> int:
        """How much is kept back."""
        return self._held_bytes

    def turn_started(self) -> None:
        """The pipeline says that the caller's turn has begun."""
        self._in_turn, self._undecided = True, 0
        if self._clock() < self._opens_at_s:
            self._starts_until_s = self._open_by(self._clock() + _SOON_S)

    def turn_stopped(self) -> None:
        """The pipeline says that the caller's turn is over."""
        self._in_turn = False

    def interrupted(self, going_on: frozenset[str]) -> bool:
        """The pipeline has been interrupted. Returns whether by the start of a turn that was proposed.

        Args:
            going_on: The responses that go on in that case.
        """
        for_turn = self._clock() < self._starts_until_s
        self._starts_until_s = 0.0
        self._held = deque(still_wanted(self._held, going_on if for_turn else frozenset()))
        self._held_bytes = sum(map(size_bytes_of, self._held))
        self._open_by(0.0)
        return for_turn

    async def through(self, signals: AsyncIterator[ClientSignal]) -> AsyncIterator[ClientSignal]:
        """The signals, those of an answer later if its turn has not begun."""
        coming: asyncio.Task[ClientSignal | None] | None = None
        try:
            while True:
                if self._held and self._clock() >= self._opens_at_s:
                    yield self._next_held()
                    continue
                if coming is None and not self._held:
                    signal = await anext(signals, None)
                else:
                    coming = coming or asyncio.ensure_future(anext(signals, None))
                    if self._held and not coming.done():
                        await self._until_moved(coming)
                        continue
                    signal, coming = await coming, None
                if signal is None:
                    break
                if self._keeps(signal):
                    self._held.append(signal)
                    self._held_bytes += size_bytes_of(signal)
                    continue
                yield signal
            while self._held:
                yield self._next_held()
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    def _next_held(self) -> ClientSignal:
        signal = self._held.popleft()
        self._held_bytes -= size_bytes_of(signal)
        return signal

    def _keeps(self, signal: ClientSignal) -> bool:
        match signal:
            case fx.UserSpeechStarted(item_id):
                if not self._in_turn and self._undecided < _ENOUGH:
                    self._item_id, self._opens_at_s = item_id, math.inf
            case fx.UserTranscript(item_id) | fx.UserTranscriptFailed(item_id) if item_id == self._item_id:
                self._open_by(self._clock() + _SOON_S)
            case fx.ResponseOpened() | fx.ToolCalls() if self._clock() < self._opens_at_s and not self._held:
                self._undecided += self._opens_at_s == math.inf
                self._open_by(self._clock() + LONGEST_S)
                return True
            case _:
                pass
        return bool(self._held) and not isinstance(signal, _OF_TURNS)

    def _open_by(self, at_s: float) -> float:
        self._opens_at_s = min(self._opens_at_s, at_s)
        self._moved.set()
        return self._opens_at_s

    async def _until_moved(self, coming: asyncio.Task[ClientSignal | None]) -> None:
        """Wait for the next signal, or until it is time, or until that time has changed."""
        self._moved.clear()
        moved = asyncio.ensure_future(self._moved.wait())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait(
                {coming, moved},
                timeout=max(self._opens_at_s - self._clock(), 0),
                return_when=asyncio.FIRST_COMPLETED,
            )
        moved.cancel()
