"""Messages on their way in one direction: one after another, later, in another order, or not for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import TypeAlias

from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.simulator.faults.damage import shuffled

_WAITING_STEPS = 1024
"""How much may wait; then who has more to send waits too."""

_REORDERED_WITHIN_S = 1.0
"""How long a step waits at most for those that are to overtake it."""

Step: TypeAlias = Callable[[], Awaitable[None]]


class Lane:
    """Takes steps, such as sending a message, in the order in which they came.

    Args:
        dice: Decides about other orders.
    """

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._waiting: asyncio.Queue[tuple[float, Step]] = asyncio.Queue(_WAITING_STEPS)
        self._open = asyncio.Event()
        self._open.set()
        self._reopening: asyncio.TimerHandle | None = None
        self._to_reorder = 0
        self._aside: list[Step] = []
        self._enough = asyncio.Event()
        self._over = False

    async def put(self, step: Step, delay_s: float = 0.0) -> None:
        """Take a step after those that came before, not before `delay_s` from now."""
        if len(self._aside) < self._to_reorder:
            self._aside.append(step)
            if len(self._aside) == self._to_reorder:
                self._enough.set()
        else:
            await self._waiting.put((asyncio.get_running_loop().time() + delay_s, step))

    async def reorder(self, count: int) -> None:
        """Take the next `count` steps in another order, or as many of them as come within a second."""
        if self._to_reorder:
            return
        self._to_reorder = count
        await self._waiting.put((0.0, self._take_aside))

    async def _take_aside(self) -> None:
        """Where the steps that were put aside are to go on."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._enough.wait(), _REORDERED_WITHIN_S)
        steps, self._aside, self._to_reorder = self._aside, [], 0
        self._enough.clear()
        for index in shuffled(len(steps), self._dice):
            await self._take(steps[index])

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
            await self._take(step)

    async def _take(self, step: Step) -> None:
        if not self._over:
            with suppress(ConnectionClosed):
                await step()
