"""The end of the pipeline, held back while an answer is being given or owed.

An `EndFrame` comes behind what is queued, but an answer is not queued here: the service is still making it.
So the frame is put aside and queued again when nothing more is to come, or when `WAIT_S` have passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from loguru import logger
from pipecat.frames.frames import EndFrame

WAIT_S = 30.0


class HeldEnd:
    """Holds one end frame.

    Args:
        pending: Whether an answer is still to come.
        queue: Queues the frame at the service again.
        create_task: Makes the task that does so in any case.
        cancel_task: Ends it.
    """

    def __init__(
        self,
        pending: Callable[[], bool],
        queue: Callable[[EndFrame], Awaitable[None]],
        create_task: Callable[[Coroutine[None, None, None], str], asyncio.Task[None]],
        cancel_task: Callable[[asyncio.Task[None]], Awaitable[None]],
    ) -> None:
        self._pending = pending
        self._queue = queue
        self._create_task = create_task
        self._cancel_task = cancel_task
        self._timer: asyncio.Task[None] | None = None
        self._frame: EndFrame | None = None

    def holds(self, frame: EndFrame) -> bool:
        """Whether this frame has to wait; it is queued again in time. One that comes again does not.

        One that comes while another waits is held for good: one end is enough.
        """
        if self._timer is not None:
            return True
        if self._frame is frame or not self._pending():
            return False
        self._frame = frame
        self._timer = self._create_task(self._queue_in_any_case(frame), "voicelive-end")
        return True

    async def release(self) -> None:
        """Queue the frame again if it waits for nothing any more."""
        timer, frame = self._timer, self._frame
        if timer is None or frame is None or self._pending():
            return
        self._timer = None
        await self._queue(frame)
        await self._cancel_task(timer)

    async def cancel(self) -> None:
        """There is nothing left to end."""
        timer, self._timer = self._timer, None
        if timer is not None:
            await self._cancel_task(timer)

    async def _queue_in_any_case(self, frame: EndFrame) -> None:
        await asyncio.sleep(WAIT_S)
        logger.warning(f"The answer is not over after {WAIT_S:g} s: the pipeline ends without the rest")
        self._timer = None
        await self._queue(frame)
