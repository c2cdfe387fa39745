"""The caller's voice: what the simulator's speaker says, as a transport sends it."""

from __future__ import annotations

import numpy as np
import soxr

from pipecat_voicelive.simulator.utterance import Speaker

CALLER_VOICE = "en-us+m3"
_AUDIBLE = 200
"""Samples below this (of 32768) are taken for silence at the ends of a line."""


async def spoken(
    speaker: Speaker,
    text: str,
    rate_hz: int,
    *,
    voice: str = CALLER_VOICE,
    locale: str = "en-US",
    rate: float = 1.0,
) -> bytes:
    """A line as int16 mono at `rate_hz`, without the silence at its ends.

    Raises:
        SpeechError: The speaker failed.
    """
    utterance = await speaker.speak(text, voice=voice, locale=locale, rate=rate)
    samples = np.frombuffer(utterance.pcm, np.int16)
    pcm = soxr.resample(samples, utterance.rate_hz, rate_hz).astype(np.int16)
    audible = np.flatnonzero(np.abs(pcm.astype(np.int32)) >= _AUDIBLE)
    return pcm[audible[0] : audible[-1] + 1].tobytes() if len(audible) else b""
