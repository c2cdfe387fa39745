"""How fast and how high a voice speaks, from what a client writes: "1.2", "+20%", "-2st", "high"."""

from __future__ import annotations

import re

_NAMED_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.5}
_NAMED_PITCHES = {"x-low": 0.55, "low": 0.8, "medium": 1.0, "default": 1.0, "high": 1.2, "x-high": 1.45}


def rate_of(given: object) -> float:
    """The speed of speech, 1 being normal; 1 for what cannot be read."""
    text = str(given or "")
    return min(max(_NAMED_RATES.get(text) or _factor(text), 0.5), 2.0)


def pitch_of(given: object) -> float:
    """The height of the voice as a factor, 1 being normal; 1 for what cannot be read."""
    text = str(given or "")
    semitones = re.fullmatch(r"([+-]\d+(?:\.\d+)?)st", text)
    if semitones:
        return 2 ** (min(max(float(semitones[1]), -12.0), 12.0) / 12)
    factor = _NAMED_PITCHES.get(text) or _factor(text)
    return min(max(factor, 0.5), 2.0)


def _factor(text: str) -> float:
    if percent := re.fullmatch(r"([+-]\d+(?:\.\d+)?)%", text):
        return 1 + float(percent[1]) / 100
    return float(text) if re.fullmatch(r"\d+(?:\.\d+)?", text) else 1.0
