"""How fast, how high and how loud a voice speaks, from what a client writes: "1.2", "+20%", "-2st", "high".

The forms are those of `prosody` in SSML, as Azure reads them: a percentage is a change even without a sign.
https://learn.microsoft.com/azure/ai-services/speech-service/speech-synthesis-markup-voice#adjust-prosody
"""

from __future__ import annotations

import re

from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import HOW_TO, SSML

_NAMED_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.5}
_NAMED_PITCHES = {"x-low": 0.55, "low": 0.8, "medium": 1.0, "default": 1.0, "high": 1.2, "x-high": 1.45}
_NAMED_VOLUMES = {"silent": 0.0, "x-soft": 0.2, "soft": 0.4, "medium": 0.6, "loud": 0.8, "x-loud": 1.0}
_USUAL_HZ = 200.0
"""The height of a voice that speaks as usual, for what is given in Hz."""

_PROSODY = rule(
    "prosody-of-voices",
    "`rate`, `pitch` and `volume` of an Azure voice change how it sounds, in every form that SSML has.",
    HOW_TO.at("audio output through Azure text to speech"),
    SSML.at("adjust prosody"),
    topic=Topic.VOICES,
    holds_for="Azure voices; `style` changes nothing here",
)


@_PROSODY
def rate_of(given: object) -> float:
    """The speed of speech, 1 being normal; 1 for what cannot be read."""
    text = str(given or "").strip()
    return min(max(_NAMED_RATES.get(text) or _factor(text), 0.5), 2.0)


@_PROSODY
def pitch_of(given: object) -> float:
    """The height of the voice as a factor, 1 being normal; 1 for what cannot be read."""
    text = str(given or "").strip()
    if semitones := re.fullmatch(r"([+-]\d+(?:\.\d+)?)st", text):
        return 2 ** (min(max(float(semitones[1]), -12.0), 12.0) / 12)
    if hz := re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?)Hz", text, re.IGNORECASE):
        factor = float(hz[1] + hz[2]) / _USUAL_HZ + (1 if hz[1] else 0)
    else:
        factor = _NAMED_PITCHES.get(text) or _factor(text)
    return min(max(factor, 0.5), 2.0)


@_PROSODY
def volume_of(given: object) -> float:
    """The loudness as a factor from 0 to 1, 1 being the usual and the loudest; 1 for what cannot be read."""
    text = str(given if given is not None else "").strip()
    if text in _NAMED_VOLUMES:
        return _NAMED_VOLUMES[text]
    if change := re.fullmatch(r"([+-]\d+(?:\.\d+)?)(%?)", text):
        volume = 1 + float(change[1]) / 100
    elif absolute := re.fullmatch(r"\d+(?:\.\d+)?", text):
        volume = float(absolute[0]) / 100
    else:
        volume = 1.0
    return min(max(volume, 0.0), 1.0)


def _factor(text: str) -> float:
    if percent := re.fullmatch(r"([+-]?\d+(?:\.\d+)?)%", text):
        return 1 + float(percent[1]) / 100
    return float(text) if re.fullmatch(r"\d+(?:\.\d+)?", text) else 1.0
