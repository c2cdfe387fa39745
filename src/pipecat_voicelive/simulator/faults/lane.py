"""Messages on their way in one direction: one after another, later or not at all for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from websockets.exceptions import ConnectionClosed

_WAITING_STEPS = 1024
"""How much may wait; then who has more to send waits too."""

Step: TypeAlias = Callable[[], Awaitable[None]]


class Lane:
    """Takes steps, such as sending a message, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[float, Step]] = asyncio.Queue(_WAITING_STEPS)
        self._open = asyncio.Event()
        self._open.set()
        self._reopening: asyncio.TimerHandle | None = None
        self._over = False

    async def put(self, step: Step, delay_s: float = 0.0) -> None:
        """Take a step after those that came before, not before `delay_s` from now."""
        await self._waiting.put((asyncio.get_running_loop().time() + delay_s, step))

    def hold(self, for_s: float | None) -> None:
        """Take no step for some seconds, or, with None, until the end."""
        if self._over:
            return
        self._open.clear()
        if self._reopening is not None:
            self._reopening.cancel()
        loop = asyncio.get_running_loop()
        self._reopening = None if for_s is None else loop.call_later(for_s, self._open.set)

    async def opened(self) -> None:
        """Wait until nothing is held back."""
        await self._open.wait()

    def end(self) -> None:
        """Take no step any more, and keep nobody waiting."""
        self._over = True
        self._open.set()

    async def run(self) -> None:
        """Take the steps. Ends only by being cancelled."""
        while True:
            due_s, step = await self._waiting.get()
            late_s = due_s - asyncio.get_running_loop().time()
            if late_s > 0 and not self._over:
                await asyncio.sleep(late_s)
            await self._open.wait()
            if not self._over:
                with suppress(ConnectionClosed):
                    await step()
