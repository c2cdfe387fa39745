"""Answers from elsewhere: what a thinker is asked, and what it says. No network here.

The session asks with the effect `Think` and goes on; the answer comes back whole, as a `Reply`. A response
that is cancelled meanwhile stops its thinker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from pipecat_voicelive.errors import VoiceLiveError
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.simulator.replies import Reply
from pipecat_voicelive.simulator.scenario import Failure
from pipecat_voicelive.simulator.tool_picker import Tool

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a response is made from.

    Attributes:
        instructions: What the model is told.
        items: The conversation. Of what was spoken, the words stand as the transcript.
        tools: What may be called.
        tool_choice: "auto", "required", "none", or the name of the one tool to call.
        parallel_tool_calls: Whether several calls may come in one response.
        max_output_tokens: How long it may be; None for any length.
    """

    instructions: str
    items: tuple[ConversationItem, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True
    max_output_tokens: int | None = None


class Thinker(Protocol):
    """Thinks of answers to conversations."""

    async def think(self, question: Question) -> Reply:
        """The answer. It is cancelled if nobody wants the answer any more.

        Raises:
            ThinkingFailedError: There is none.
        """
        ...


class ThinkingFailedError(VoiceLiveError):
    """A thinker has no answer: the response fails with this code and message."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ThoughtOf:
    """An answer has been thought of."""

    response_id: str
    reply: Reply


class Thoughts:
    """The answers of one session that are being thought of.

    Args:
        thinker: Thinks of them; None if nobody asks.
        deliver: Takes each that is there.
    """

    def __init__(self, thinker: Thinker | None, deliver: Callable[[ThoughtOf], Awaitable[None]]) -> None:
        self._thinker = thinker
        self._deliver = deliver
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, response_id: str, question: Question) -> None:
        """Have an answer thought of."""
        assert self._thinker is not None, "who has none does not ask"
        work = self._think(self._thinker, response_id, question)
        self._tasks[response_id] = asyncio.create_task(work, name="simulator-thinker")

    def stop(self, response_id: str) -> None:
        """Nobody wants this answer any more."""
        if task := self._tasks.get(response_id):
            task.cancel()

    async def aclose(self) -> None:
        """Nobody wants any."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _think(self, thinker: Thinker, response_id: str, question: Question) -> None:
        try:
            await self._deliver(ThoughtOf(response_id, await thought_of(thinker, question)))
        finally:
            del self._tasks[response_id]


async def thought_of(thinker: Thinker, question: Question) -> Reply:
    """A thinker's answer, or a reply that fails for its reason."""
    try:
        return await thinker.think(question)
    except ThinkingFailedError as error:
        _logger.warning("The simulator's brain failed: %s", error.code)
        return Reply((), fails=Failure(code=error.code, message=str(error)))
    except Exception as error:  # noqa: BLE001 - somebody else's code must not end the session
        kind = type(error).__name__
        _logger.warning("The simulator's brain failed: %s", kind)
        return Reply((), fails=Failure(code="model_failed", message=f"The brain failed: {kind}."))
