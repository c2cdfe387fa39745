"""What the parts of a conversation need of the service that they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from pipecat.processors.frameworks.rtvi.frames import RTVIServerMessageFrame
from pipecat.services.llm_service import LLMService
from pipecat.utils.errors import ErrorCategory

from pipecat_voicelive.service.context import VoiceLiveLLMAdapter


class Backstage(LLMService[VoiceLiveLLMAdapter]):
    """An LLM service that lets its parts start tasks, call handlers, measure and complain."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        """Start a task that ends with the service."""
        task = self.create_task(work, name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def measure_answer(self) -> None:
        """An answer is owed from now on."""
        await self.start_ttfb_metrics()
        await self.start_processing_metrics()

    async def cancel_metrics(self) -> None:
        """What was being measured is over and was not what was to be measured."""
        await self.cancel_ttfb_metrics()
        if self.metrics_enabled:
            await self._metrics.stop_processing_metrics()  # not pushed

    async def complain(self, problem: str) -> None:
        """Tell the application what it gave and cannot be done."""
        await self.push_error(problem, category=ErrorCategory.APPLICATION)

    async def tell(self, event: str, *arguments: Any) -> None:
        """Call the application's handlers for an event."""
        await self._call_event_handler(event, *arguments)

    def has_listeners(self, event: str) -> bool:
        """Whether the application has a handler for this event."""
        return bool(self._event_handlers[event].handlers)

    async def tell_client(self, what: str, **members: Any) -> None:
        """Send the transport's client a message over RTVI."""
        data = {"type": f"voicelive-{what}", **members}
        await self.push_frame(RTVIServerMessageFrame(data=data))

    async def push_llm_text(self, text: str) -> None:
        """Push text that is not spoken here."""
        await self._push_llm_text(text)
