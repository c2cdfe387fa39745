"""How much of a conversation a new session is told, and what becomes of the rest.

A session that follows another gets the conversation back item by item (`history`). What is told is paid for
again in every answer and every model's context has an end, so there is a budget: beyond it the oldest whole
turns are left out, or stand there summarised.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.items import ConversationItem

Oldest: TypeAlias = Literal["drop", "summarize"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryOptions:
    """What a session that follows another is told of the conversation.

    Attributes:
        budget_chars: How many characters of it, words and arguments and results together; four are about a
            token, and an item weighs 40 more. The newest turn is told whatever its length.
        oldest: What becomes of the oldest turns beyond that: "drop", or "summarize": then the model is asked
            for a summary out of band, in a pause, before the budget is used up. Until there is one they are
            dropped.
        summarize: Asked for the summary instead of the model: given the items so far, the last summary
            first among them, it returns the text. If it fails, the oldest turns are dropped.
        images: How many images are told again, the newest first. The others become a few words.
        image_bytes: How large those may be together, as sent.

    Raises:
        ConfigurationError: A number is out of range, or `oldest` is neither.
    """

    budget_chars: int = 48_000
    oldest: Oldest = "drop"
    summarize: Callable[[Sequence[ConversationItem]], Awaitable[str]] | None = field(default=None, repr=False)
    images: int = 4
    image_bytes: int = 8 * 2**20

    def __post_init__(self) -> None:
        """Check."""
        if not 1_000 <= self.budget_chars <= 4_000_000:
            raise ConfigurationError("Give a budget_chars of 1000 to 4000000 characters, such as 48000.")
        if self.oldest not in ("drop", "summarize"):
            raise ConfigurationError('Give oldest="drop" or oldest="summarize".')
        if self.summarize is not None and self.oldest != "summarize":
            raise ConfigurationError('A function as `summarize` wants oldest="summarize" too.')
        if self.images < 0 or self.image_bytes < 0:
            raise ConfigurationError("Give numbers of 0 or more as images and image_bytes.")
