"""Whose turn it is.

    Quiet ──speech_started / StartTurn──▶ Speaking ──speech_stopped / CommitTurn──▶ Answering ──▶ Quiet

Answering ends when a response begins, or when none has begun within `GRACE_S`: a cough brings no answer,
and neither does a turn detection that was told not to (`create_response: false`). Speaking ends after
`LONGEST_TURN_S` at the latest: its end may never be told, and what is owed must not wait for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

GRACE_S = 2.0
"""How long after the caller's turn the service's own answer is waited for."""

LONGEST_TURN_S = 90.0
"""How long a turn lasts whose end is never told: nobody else gets the floor until then."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody has the floor."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """The caller speaks.

    Attributes:
        until_s: When the turn counts as over though nobody said so.
        heard_by_service: Who noticed: its turn detection, or ours (manual turns).
        stopped: The response that ran when the service noticed, and that it therefore stops itself.
    """

    until_s: float
    heard_by_service: bool
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Answering:
    """The caller has finished; the service may answer of its own accord until then."""

    until_s: float


Turn: TypeAlias = Quiet | Speaking | Answering


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What the service's turn detection does, as far as it matters here.

    Attributes:
        creates_response: Whether the end of a turn brings a response.
        interrupts_response: Whether speech cancels a running response.
        truncates: Whether it cuts the interrupted item itself.
    """

    creates_response: bool = True
    interrupts_response: bool = True
    truncates: bool = False

    @classmethod
    def of(cls, turn_detection: dict[str, Any] | None) -> TurnRules:
        """The rules in an effective session; null means that there is no turn detection."""
        if turn_detection is None:
            return cls(creates_response=False, interrupts_response=False)
        return cls(
            creates_response=turn_detection.get("create_response") is not False,
            interrupts_response=turn_detection.get("interrupt_response") is not False,
            truncates=turn_detection.get("auto_truncate") is True,
        )
