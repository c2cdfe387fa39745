"""A stand-in for speech: a soft tone for each word, so that whatever comes after works without a voice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np

from pipecat_voicelive.simulator.spoken_words import Token, tokens_of
from pipecat_voicelive.simulator.utterance import (
    LEADING_SILENCE_MS,
    RATE_HZ,
    TRAILING_SILENCE_MS,
    SpokenWord,
    Utterance,
    check_rate,
    silent_utterance,
    viseme_track,
)

_TONE_HZ = 220.0
_PEAK = 0.2
_FADE_MS = 10.0
_WORD_MS, _LETTER_MS = 80.0, 45.0
_GAP_MS, _PAUSE_MS = 40.0, 250.0
_MOUTH_MS = 80.0
_OPEN, _CLOSED = 2, 21
_PAUSING = frozenset(".,;:!?…。、，！？")


class ToneSpeaker:
    """Speaks in tones: a letter is 45 ms long; locale and voice make no difference."""

    async def speak(
        self,
        text: str,
        *,
        locale: str = "en-US",  # noqa: ARG002
        voice: str | None = None,  # noqa: ARG002
        rate: float = 1.0,
        pitch: float = 1.0,
    ) -> Utterance:
        """See `Speaker.speak`."""
        check_rate(rate)
        tokens = tokens_of(text)
        if not tokens:
            return silent_utterance()
        return await asyncio.to_thread(_hum, text, tokens, rate, pitch)

    async def aclose(self) -> None:
        """See `Speaker.aclose`."""


def _hum(text: str, tokens: list[Token], rate: float, pitch: float) -> Utterance:
    words = list(_words(text, tokens, rate))
    speech_end_ms = words[-1].offset_ms + words[-1].duration_ms
    samples = np.zeros(_samples(speech_end_ms + TRAILING_SILENCE_MS), "<i2")
    for word in words:
        start, end = _samples(word.offset_ms), _samples(word.offset_ms + word.duration_ms)
        samples[start:end] = _tone(end - start, pitch)
    return Utterance(
        pcm=samples.tobytes(),
        words=tuple(words),
        visemes=viseme_track(_shapes(words), speech_end_ms=speech_end_ms),
    )


def _words(text: str, tokens: list[Token], rate: float) -> Iterator[SpokenWord]:
    offset_ms = LEADING_SILENCE_MS
    for token in tokens:
        duration_ms = round((_WORD_MS + _LETTER_MS * len(token.text)) / rate, 1)
        yield SpokenWord(token.text, round(offset_ms, 1), duration_ms)
        offset_ms += duration_ms + (_PAUSE_MS if text[token.end - 1] in _PAUSING else _GAP_MS) / rate


def _shapes(words: list[SpokenWord]) -> Iterator[tuple[int, float]]:
    """The mouth opens and closes about six times a second, and rests between words."""
    for word in words:
        for step in range(max(1, round(word.duration_ms / _MOUTH_MS))):
            yield (_OPEN, _CLOSED)[step % 2], word.offset_ms + step * _MOUTH_MS
        yield 0, word.offset_ms + word.duration_ms


def _tone(samples: int, pitch: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    wave = np.sin(np.arange(samples) * (2.0 * np.pi * _TONE_HZ * pitch / RATE_HZ))
    ramp = np.minimum(np.arange(samples), np.arange(samples)[::-1]) / _samples(_FADE_MS)
    return wave * np.minimum(ramp, 1.0) * _PEAK * 32767.0


def _samples(ms: float) -> int:
    return round(ms / 1000.0 * RATE_HZ)
