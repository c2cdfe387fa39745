"""What happened in a call, as data: every time is in seconds on the call's clock."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Who = Literal["caller", "bot"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """Somebody spoke without being interrupted by his own silence.

    Attributes:
        who: "caller" or "bot".
        start_s: First sample heard.
        end_s: Last sample heard.
        text: The caller's line, or the bot's text as far as it was heard.
        cut: True if the other side's interruption ended it.
    """

    who: Who
    start_s: float
    end_s: float
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the service understood the caller to say.

    Attributes:
        at_s: When the transcript came.
        text: The transcript.
    """

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the bot, heard from `at_s` on for `duration_s`."""

    at_s: float
    duration_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Viseme:
    """A shape of the bot's mouth, held from `at_s` on; ids are Azure's, 0 (silence) to 21."""

    at_s: float
    viseme_id: int


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function the bot called.

    Attributes:
        call_id: Pairs the call with its result.
        name: The function.
        arguments: What it was called with.
        start_s: When it was called.
        end_s: When its result came, or None while there is none.
        result: What it gave, or None while there is none.
        cancelled: True if an interruption ended it, so that no result will come.
    """

    call_id: str
    name: str
    arguments: Mapping[str, object]
    start_s: float
    end_s: float | None = None
    result: object = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller made the bot fall silent in the middle of its speech."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Latency:
    """The silence between the caller's last sample and the bot's first audio."""

    caller_end_s: float
    bot_start_s: float

    @property
    def ms(self) -> float:
        return (self.bot_start_s - self.caller_end_s) * 1000


@dataclass(slots=True)
class CallRecord:
    """All of a call, each list in the order of time."""

    duration_s: float = 0.0
    utterances: list[Utterance] = field(default_factory=list)
    transcripts: list[Transcript] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    visemes: list[Viseme] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)

    def spoken_by(self, who: Who) -> list[Utterance]:
        return [u for u in self.utterances if u.who == who]

    @property
    def median_latency_ms(self) -> float | None:
        """Median of the first-audio latencies; None if the bot never answered."""
        return statistics.median(latency.ms for latency in self.latencies) if self.latencies else None
