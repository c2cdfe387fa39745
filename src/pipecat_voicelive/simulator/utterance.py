"""What a speaker makes of a text: sound, and when its words and mouth shapes fall in it.

Every utterance is laid out alike:

    0 ms           50 ms          100 ms                  speech ends      + 150 ms
    silence        viseme 0       first word, first       viseme 0         end of the audio
                                  mouth shape
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from pipecat_voicelive.errors import ConfigurationError, VoiceLiveError
from pipecat_voicelive.protocol.visemes import SILENCE

RATE_HZ = 24000
LEADING_SILENCE_MS = 100.0
TRAILING_SILENCE_MS = 150.0
FIRST_VISEME_MS = 50.0
"""Azure speech reports its first viseme, silence, at 50 ms."""


class SpeechError(VoiceLiveError):
    """A text could not be spoken, though nothing was wrong with what was asked."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word without the punctuation around it, and where it sounds."""

    text: str
    offset_ms: float
    duration_ms: float


@dataclass(frozen=True, slots=True)
class SpokenViseme:
    """A mouth shape (0 to 21), held until the next one."""

    viseme_id: int
    offset_ms: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A spoken text.

    Attributes:
        pcm: Signed 16 bit little-endian mono samples at `rate_hz`.
        words: In the order of the text, none overlapping, all within the audio.
        visemes: At strictly rising offsets in whole milliseconds, no two neighbours alike, the first and
            the last being silence.
        rate_hz: Samples per second.
    """

    pcm: bytes
    words: tuple[SpokenWord, ...]
    visemes: tuple[SpokenViseme, ...]
    rate_hz: int = RATE_HZ

    @property
    def duration_ms(self) -> float:
        """Length of the audio."""
        return len(self.pcm) / 2 / self.rate_hz * 1000.0

    def at_volume(self, volume: float) -> Utterance:
        """The same, spoken at a loudness from 0 to 1."""
        if volume == 1.0:
            return self
        samples = np.frombuffer(self.pcm, "<i2") * volume
        return replace(self, pcm=samples.astype("<i2").tobytes())


class Speaker(Protocol):
    """Something that can speak."""

    async def speak(
        self,
        text: str,
        *,
        locale: str = "en-US",
        voice: str | None = None,
        rate: float = 1.0,
        pitch: float = 1.0,
    ) -> Utterance:
        """Speak a text; the same arguments give the same utterance.

        Args:
            text: Plain text. Without a word in it the utterance is a short silence.
            locale: Language of the text, e.g. "de-DE".
            voice: An Azure or OpenAI voice name, or one of the speaker's own voices; None for the default.
            rate: Speed of speech, 1.0 being normal.
            pitch: Height of the voice as a factor, 1.0 being normal.

        Raises:
            ConfigurationError: The voice does not exist, or the rate is not a positive number.
            SpeechError: The speech process failed twice, took too long, or the speaker is closed.
        """
        ...

    async def aclose(self) -> None:
        """Release everything; safe to call twice."""
        ...


def silent_utterance() -> Utterance:
    """What is heard for a text without words."""
    samples = round((LEADING_SILENCE_MS + TRAILING_SILENCE_MS) / 1000.0 * RATE_HZ)
    return Utterance(pcm=bytes(2 * samples), words=(), visemes=(SpokenViseme(SILENCE, FIRST_VISEME_MS),))


def viseme_track(shapes: Iterable[tuple[int, float]], *, speech_end_ms: float) -> tuple[SpokenViseme, ...]:
    """Turn timed mouth shapes, (viseme id, offset in ms) in order, into what an utterance promises."""
    track = [SpokenViseme(SILENCE, FIRST_VISEME_MS)]
    for viseme_id, offset_ms in [*shapes, (SILENCE, speech_end_ms)]:
        if viseme_id != track[-1].viseme_id:
            # Very short sounds round to the millisecond of their neighbour.
            at_ms = max(float(round(offset_ms)), track[-1].offset_ms + 1.0)
            track.append(SpokenViseme(viseme_id, at_ms))
    return tuple(track)


def check_rate(rate: float) -> None:
    """Refuse a speed of speech that is not a positive number.

    Raises:
        ConfigurationError: It is not.
    """
    if not (math.isfinite(rate) and rate > 0.0):
        raise ConfigurationError(f"rate must be a positive number, 1.0 being normal speed, not {rate}")
