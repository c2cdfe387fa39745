"""The espeak-ng processes of a speaker, by what the system can do.

forking   one process that forks for each text: a text always sounds the same (Linux)
pool      a few processes, each speaks one text at a time: a text may differ by a millisecond from one time
          to the next, so only the cache makes it the same (Windows has no `fork`, macOS no safe one)
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from loguru import logger

from pipecat_voicelive.simulator.espeak_process import EspeakProcess
from pipecat_voicelive.simulator.espeak_wire import Ready
from pipecat_voicelive.simulator.utterance import SpeechError

CAN_FORK = sys.platform == "linux"


class ForkingProcess:
    """One process for any number of texts at once; if it ends it is started anew."""

    def __init__(self, process: EspeakProcess) -> None:
        self._process = process
        self._restarting = asyncio.Lock()
        self._closed = False

    @classmethod
    async def start(cls) -> Self:
        """Start it; raises SpeechError."""
        return cls(await EspeakProcess.start(forks=True))

    @property
    def ready(self) -> Ready:
        """The voices there are."""
        return self._process.ready

    @property
    def pids(self) -> list[int]:
        """Process ids."""
        return [self._process.pid]

    @asynccontextmanager
    async def borrow(self) -> AsyncGenerator[EspeakProcess, None]:
        """A running process; raises SpeechError."""
        async with self._restarting:
            if self._closed:
                raise SpeechError("the speaker is closed")
            if self._process.ended:
                logger.warning("The espeak-ng process ended; starting another")
                await self._process.aclose()
                self._process = await EspeakProcess.start(forks=True)
        yield self._process

    async def aclose(self) -> None:
        """End it; safe to call twice."""
        self._closed = True
        async with self._restarting:
            await self._process.aclose()


class ProcessPool:
    """Processes that speak one text at a time, as many as are wanted at once; the caller sets the bound."""

    def __init__(self, first: EspeakProcess) -> None:
        self.ready = first.ready
        self._idle = [first]
        self._processes = {first}
        self._closed = False

    @classmethod
    async def start(cls) -> Self:
        """Start the first of them; raises SpeechError."""
        return cls(await EspeakProcess.start(forks=False))

    @property
    def pids(self) -> list[int]:
        """Process ids."""
        return [process.pid for process in self._processes]

    @asynccontextmanager
    async def borrow(self) -> AsyncGenerator[EspeakProcess, None]:
        """A process that nobody else uses meanwhile; raises SpeechError."""
        process = await self._take()
        try:
            yield process
        finally:
            self._idle.append(process)

    async def aclose(self) -> None:
        """End them all; safe to call twice."""
        self._closed = True
        await asyncio.gather(*(process.aclose() for process in self._processes))

    async def _take(self) -> EspeakProcess:
        while self._idle and not self._closed:
            process = self._idle.pop()
            if not process.ended:
                return process
            logger.warning("An espeak-ng process ended; starting another")
            self._processes.discard(process)
            await process.aclose()
        if not self._closed:
            process = await EspeakProcess.start(forks=False)
            self._processes.add(process)
            if not self._closed:
                return process
            await process.aclose()
        raise SpeechError("the speaker is closed")
