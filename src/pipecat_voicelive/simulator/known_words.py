"""What was said in a voice turn, and how the simulator knows: it never guesses in silence.

told         somebody said beforehand what the next turn is (`expect_transcript`)
caller       the simulated caller spoke it
recording    it sounds like a recording that was registered
grammar      it was recognised as one of the scenario's lines
scenario     the next line of the scenario was taken, whatever was heard
unknown      nobody knows: the transcript says how long it was, or fails
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Source = Literal["told", "caller", "recording", "grammar", "scenario", "unknown"]


@dataclass(frozen=True, slots=True)
class KnownWords:
    """The words of a voice turn and where they come from."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Findings:
    """What listening to a turn came to: its words, or None, and what was tried in vain."""

    words: KnownWords | None
    tried: str = ""


NOTHING_FOUND = Findings(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceTurn:
    """A turn that the caller spoke.

    Attributes:
        item_id: Its item in the conversation.
        duration_ms: How long it was.
        text: What it was taken to say; None if nobody knows.
        source: How that is known: "told", "caller", "recording", "grammar", "scenario" or "unknown".
        tried: What was tried besides and came to nothing, for people; "" for nothing.
    """

    item_id: str
    duration_ms: float
    text: str | None
    source: Source
    tried: str = ""

    @property
    def explained(self) -> str:
        """What was heard, and how that is known, in words."""
        heard = f'heard "{self.text}", ' if self.text else ""
        tried = f" ({self.tried})" if self.tried else ""
        return f"{heard}{_EXPLAINED[self.source]}{tried}"


_EXPLAINED: Mapping[Source, str] = {
    "told": "as was told beforehand",
    "caller": "spoken by the simulated caller",
    "recording": "known from a recording",
    "grammar": "recognised as a line of the scenario",
    "scenario": "taken for the next line of the scenario",
    "unknown": "nobody knows what the caller said",
}
