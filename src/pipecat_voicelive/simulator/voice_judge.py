"""A session's questions to the voice model.

No further message is taken from the client while one is open, so a client that sends audio faster than it can
be judged has to wait, and nothing piles up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from pipecat_voicelive.simulator.effects import Judge
from pipecat_voicelive.simulator.silero import Silero, SileroStream


class VoiceJudge:
    """Asks the model for one session."""

    def __init__(self, silero: Silero) -> None:
        self._silero = silero
        silero.listen()
        self._stream_number = 0
        self._stream: SileroStream | None = None
        self._unhandled = 0
        self._one_event = asyncio.Lock()
        self._settled = asyncio.Event()
        self._settled.set()

    @asynccontextmanager
    async def in_turn(self) -> AsyncGenerator[None]:
        """Hand a client event over within this; it ends when the event and what it asked for are handled."""
        async with self._one_event:
            await self._settled.wait()
            self.expect()
            yield
            await self._settled.wait()

    def expect(self) -> None:
        """A client event, or an answer, is to be handled."""
        self._unhandled += 1
        self._settled.clear()

    def handled(self) -> None:
        """One of those that were expected has been handled."""
        self._unhandled -= 1
        if not self._unhandled:
            self._settled.set()

    async def judge(self, asked: Judge) -> list[float]:
        """Answer a question; answers come in the order of the questions."""
        if self._stream is None or self._stream_number != asked.stream:
            self._stream_number, self._stream = asked.stream, SileroStream(asked.rate_hz)
        return await self._silero.judge(self._stream, asked.samples)

    def close(self) -> None:
        """The session is over."""
        self._silero.leave()
