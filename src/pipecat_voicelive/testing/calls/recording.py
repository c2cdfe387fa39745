"""The call as both sides heard it: two tracks on one clock."""

from __future__ import annotations

import time
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

RECORDING_RATE_HZ = 24000

Samples = NDArray[np.int16]


class CallClock:
    """Seconds since the call began, shared by everything that notes a time; 0.0 until then."""

    def __init__(self) -> None:
        self._origin_s: float | None = None

    def start(self) -> None:
        """Begin the call. Later calls change nothing: whichever half of the transport is first wins."""
        if self._origin_s is None:
            self._origin_s = time.monotonic()

    def now_s(self) -> float:
        """Seconds since the call began."""
        return 0.0 if self._origin_s is None else time.monotonic() - self._origin_s


@dataclass(frozen=True, slots=True)
class _Piece:
    start_s: float
    samples: Samples


class Track:
    """One side of the call: pieces of audio, each at the time it was heard. A minute is a few megabytes."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._pieces: list[_Piece] = []

    @property
    def end_s(self) -> float:
        """When the last piece has been heard."""
        return max((p.start_s + len(p.samples) / self.rate_hz for p in self._pieces), default=0.0)

    def add(self, start_s: float, pcm: bytes) -> None:
        """Note that `pcm` (int16 mono at `rate_hz`) was heard from `start_s` on."""
        self._pieces.append(_Piece(start_s, np.frombuffer(pcm, np.int16)))

    def between(self, start_s: float, count: int) -> Samples:
        """`count` samples from a time on, silence where nothing was heard."""
        heard = np.zeros(count, np.int16)
        start = round(start_s * self.rate_hz)
        for piece in reversed(self._pieces):
            begin = round(piece.start_s * self.rate_hz)
            end = begin + len(piece.samples)
            if end <= start:
                break
            first, last = max(begin, start), min(end, start + count)
            if first < last:
                heard[first - start : last - start] = piece.samples[first - begin : last - begin]
        return heard

    def samples(self, duration_s: float, rate_hz: int = RECORDING_RATE_HZ) -> Samples:
        """The track from the start of the call, `duration_s` long, resampled to `rate_hz`."""
        heard = np.zeros(round(duration_s * self.rate_hz), np.int16)
        for piece in self._pieces:
            begin = round(piece.start_s * self.rate_hz)
            fitting = piece.samples[: max(0, len(heard) - begin)]
            heard[begin : begin + len(fitting)] = fitting
        if rate_hz == self.rate_hz:
            return heard
        return soxr.resample(heard, self.rate_hz, rate_hz).astype(np.int16, copy=False)


class CallRecording:
    """Both sides of a call as heard.

    Args:
        caller_rate_hz: Rate of the audio that the caller's half of the transport streams.
        bot_rate_hz: Rate of the audio that the bot's half of the transport plays.
    """

    def __init__(self, *, caller_rate_hz: int, bot_rate_hz: int) -> None:
        self.caller = Track(caller_rate_hz)
        self.bot = Track(bot_rate_hz)

    @property
    def duration_s(self) -> float:
        """Until the last sound."""
        return max(self.caller.end_s, self.bot.end_s)

    def stereo(self, rate_hz: int = RECORDING_RATE_HZ) -> Samples:
        """Samples of shape (n, 2): the caller left, the bot right."""
        caller = self.caller.samples(self.duration_s, rate_hz)
        bot = self.bot.samples(self.duration_s, rate_hz)
        length = min(len(caller), len(bot))
        return np.stack([caller[:length], bot[:length]], axis=1)

    def write_wav(self, path: Path) -> None:
        """Write 16 bit stereo at 24 kHz: the caller left, the bot right."""
        with wave.open(str(path), "wb") as wav:
            wav.setnchannels(2)
            wav.setsampwidth(2)
            wav.setframerate(RECORDING_RATE_HZ)
            wav.writeframes(self.stereo().tobytes())
