"""When the caller begins and ends a turn, from the loudness of the samples.

                 voiced for speech_duration_ms
    Quiet ──▶ Rising ────────────────────────▶ Talking ──▶ Quiet
       ▲         │                                │
       └─────────┘ quiet again          silence_duration_ms without voice

Time is the amount of audio heard, never the wall clock: the same audio gives the same turns whether it
comes at once or in 20 ms pieces, at any speed. Every position is a multiple of 16 ms, as recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 16
_GAP_MS = 64
"""Quiet within the first moments of speech that does not start it over: a stop consonant."""

_FLOOR_START_DBFS = -60.0
_FLOOR_MAX_DBFS = -45.0
_FLOOR_RISE_DB_PER_FRAME = 3.0 * FRAME_MS / 1000
_MARGIN_DB = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSettings:
    """How turns are found.

    Attributes:
        threshold: 0 to 1, how loud speech must be: 0.5 is -40 dBFS, 0 is -50, 1 is -30.
        prefix_padding_ms: How far before the first voice a turn reaches.
        silence_duration_ms: Silence that ends a turn.
        speech_duration_ms: Voice that begins one.
    """

    threshold: float
    prefix_padding_ms: int
    silence_duration_ms: int
    speech_duration_ms: int

    @property
    def threshold_dbfs(self) -> float:
        """The loudness above which a frame counts as voice in a quiet room."""
        return -50.0 + 20.0 * self.threshold


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began; `audio_start_ms` includes the padding. `noticed_ms` is when that became clear."""

    audio_start_ms: int
    noticed_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The turn is over; `audio_end_ms` includes the silence that ended it."""

    audio_end_ms: int


Detection = SpeechStarted | SpeechStopped


@dataclass(frozen=True, slots=True)
class _Quiet:
    pass


@dataclass(frozen=True, slots=True)
class _Rising:
    since_ms: int
    voiced_ms: int
    quiet_ms: int


@dataclass(frozen=True, slots=True)
class _Talking:
    quiet_ms: int


class TurnDetector:
    """Finds turns in a stream of samples of one rate, the first of which stands at `start_ms`.

    `patience_ms` is asked when a turn is about to end for how much more silence it takes.
    """

    def __init__(
        self,
        settings: TurnSettings,
        *,
        rate_hz: int,
        start_ms: int = 0,
        patience_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        self._settings = settings
        self._patience_ms = patience_ms
        self._rate_hz = rate_hz
        self._start_ms = start_ms
        self._earliest_ms = start_ms
        self._frames = 0
        self._rest = np.zeros(0, dtype=np.int16)
        self._floor_dbfs = _FLOOR_START_DBFS
        self._phase: _Quiet | _Rising | _Talking = _Quiet()

    def feed(self, samples: NDArray[np.int16]) -> Iterator[Detection]:
        """What is found in further samples, in order; to be taken to the end."""
        samples = np.concatenate([self._rest, samples])
        # Frames of 44.1 kHz are not all of one size, so borders are counted from the first sample.
        origin = self._border(self._frames)
        count = 0
        while self._border(self._frames + count + 1) - origin <= len(samples):
            count += 1
        borders = [self._border(self._frames + index) - origin for index in range(count + 1)]
        self._rest = samples[borders[-1] :]
        if not count:
            return
        for level_dbfs in _levels_dbfs(samples[: borders[-1]], borders):
            self._frames += 1
            now_ms = self._start_ms + self._frames * FRAME_MS
            detection = self._step(now_ms, voiced=self._is_voice(level_dbfs))
            if detection is not None:
                yield detection

    def forget_turn(self) -> None:
        """Drop the turn that is going on, as if there had been quiet; positions count on."""
        self._phase = _Quiet()
        self._earliest_ms = self._start_ms + self._frames * FRAME_MS

    def _border(self, frame: int) -> int:
        return frame * FRAME_MS * self._rate_hz // 1000

    def _is_voice(self, level_dbfs: float) -> bool:
        # The floor falls with every pause and creeps up in between, so a steady hum ceases to be voice.
        risen = min(self._floor_dbfs + _FLOOR_RISE_DB_PER_FRAME, _FLOOR_MAX_DBFS)
        self._floor_dbfs = max(min(risen, level_dbfs), _FLOOR_START_DBFS)
        return level_dbfs > max(self._settings.threshold_dbfs, self._floor_dbfs + _MARGIN_DB)

    def _step(self, now_ms: int, *, voiced: bool) -> Detection | None:
        match self._phase:
            case _Quiet():
                if voiced:
                    return self._rise(_Rising(now_ms - FRAME_MS, FRAME_MS, 0), now_ms)
            case _Rising(since_ms, voiced_ms, quiet_ms):
                if voiced:
                    return self._rise(_Rising(since_ms, voiced_ms + FRAME_MS, 0), now_ms)
                quiet_ms += FRAME_MS
                self._phase = _Quiet() if quiet_ms > _GAP_MS else _Rising(since_ms, voiced_ms, quiet_ms)
            case _Talking(quiet_ms):
                quiet_ms = 0 if voiced else quiet_ms + FRAME_MS
                enough_ms = self._settings.silence_duration_ms
                if quiet_ms and quiet_ms >= enough_ms and quiet_ms >= enough_ms + self._patience_ms():
                    self.forget_turn()
                    return SpeechStopped(now_ms)
                self._phase = _Talking(quiet_ms)
            case _:
                assert_never(self._phase)
        return None

    def _rise(self, rising: _Rising, now_ms: int) -> SpeechStarted | None:
        if rising.voiced_ms < self._settings.speech_duration_ms:
            self._phase = rising
            return None
        self._phase = _Talking(0)
        start_ms = max(rising.since_ms - self._settings.prefix_padding_ms, self._earliest_ms, 0)
        return SpeechStarted(start_ms // FRAME_MS * FRAME_MS, now_ms)


def _levels_dbfs(samples: NDArray[np.int16], borders: list[int]) -> list[float]:
    """The loudness of each frame, relative to a full-scale square wave."""
    squares = np.square(samples.astype(np.float64))
    power = np.add.reduceat(squares, borders[:-1]) / np.diff(borders) / 32768.0**2
    return (10.0 * np.log10(np.maximum(power, 1e-12))).tolist()
