"""Recordings that are known again by their sound: what they say need not be recognised, in any language.

A recording is kept as the loudness of 16 mel bands, 100 times a second, from its own peak: how loud it is,
what rate it has and how much silence surrounds it make no difference. Two of them are alike if one, laid over
the other where it fits best, correlates: the same recording with at least 0.90, another one with at most 0.70
(120 recordings of four voices). Noise spoils it: this is for recordings that a test plays, not for people.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from pipecat_voicelive.errors import ConfigurationError

ALIKE = 0.8
"""How much alike two recordings must be to be the same, 1 being equal."""

_RATE_HZ = 8000
_HOP, _WINDOW, _BANDS = 80, 256, 16
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 3800.0
_FLOOR, _AUDIBLE = 1e-4, 1e-3
_LENGTHS = (0.8, 1.25)
"""How much longer one may be than the other: the first syllable may be lost, no more."""

Samples = NDArray[np.int16]
_Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recognition:
    """The registered recording that is most like what was heard, and how much: -1 to 1."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class _Recording:
    text: str
    features: _Features


class RecordingBook:
    """Recordings and what they say. Matching takes 7 ms for 120 of them; it may run in a thread."""

    def __init__(self) -> None:
        self._recordings: list[_Recording] = []

    def __len__(self) -> int:
        return len(self._recordings)

    def register(self, samples: Samples, rate_hz: int, text: str) -> None:
        """Remember a recording.

        Raises:
            ConfigurationError: Nothing can be heard in it, it is shorter than 100 ms, or `text` has no words.
        """
        if not text.strip():
            raise ConfigurationError("a recording without words; give what it says")
        features = _features(samples, rate_hz)
        if features is None:
            raise ConfigurationError(
                "nothing can be heard in the recording; give one of at least 100 ms of speech"
            )
        self._recordings = [*self._recordings, _Recording(text, features)]

    def best(self, samples: Samples, rate_hz: int) -> Recognition | None:
        """The recording that is most like these samples, None if none is as long."""
        heard = _features(samples, rate_hz)
        if heard is None:
            return None
        scored = [
            Recognition(recording.text, _correlation(heard, recording.features))
            for recording in self._recordings
            if _LENGTHS[0] < len(heard) / len(recording.features) < _LENGTHS[1]
        ]
        return max(scored, key=lambda recognition: recognition.score, default=None)


def read_wav(path: Path) -> tuple[Samples, int]:
    """The samples of a WAV file, of its first channel if it has several, and their rate.

    Raises:
        ConfigurationError: It cannot be read, or is no WAV file of 16 bits.
    """
    try:
        with wave.open(str(path), "rb") as wav:
            if wav.getsampwidth() != 2:
                raise ConfigurationError(f"{path}: give a WAV file of 16 bit samples")
            samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(np.int16)
            return samples[:: wav.getnchannels()], wav.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise ConfigurationError(f"{path}: cannot be read as a WAV file: {error}") from None


def _features(samples: Samples, rate_hz: int) -> _Features | None:
    sound = samples.astype(np.float32) / 32768
    if rate_hz != _RATE_HZ:
        sound = np.asarray(soxr.resample(sound, rate_hz, _RATE_HZ, quality="MQ"))
    peak = float(np.abs(sound).max()) if len(sound) else 0.0
    if len(sound) < _RATE_HZ // 10 or peak == 0.0:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(sound / peak, _WINDOW)[::_HOP] * np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ _mel_bands()
    levels = np.log(np.maximum(power, power.max() * _FLOOR))
    loudness = power.sum(axis=1)
    audible = np.flatnonzero(loudness > loudness.max() * _AUDIBLE)
    levels = levels[audible[0] : audible[-1] + 1]
    return levels - levels.mean(axis=0)


def _correlation(one: _Features, other: _Features) -> float:
    """The greatest correlation over all places where one can be laid over the other."""
    size = 1 << (2 * max(len(one), len(other)) - 1).bit_length()
    spectrum = np.fft.rfft(one, size, axis=0) * np.conj(np.fft.rfft(other, size, axis=0))
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.fft.irfft(spectrum.sum(axis=1), size).max()) / norm if norm else 0.0


@cache
def _mel_bands() -> _Features:
    """The weights of the bins of a spectrum in each band: triangles, evenly wide in mel."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    mels = np.linspace(low, high, _BANDS + 2, dtype=np.float64)
    edges: _Features = 700 * (10 ** (mels / 2595) - 1)
    bins = np.fft.rfftfreq(_WINDOW, 1 / _RATE_HZ)[:, None]
    rising: _Features = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling: _Features = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.clip(np.minimum(rising, falling), 0, None)
