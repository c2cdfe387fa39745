"""How loud the caller is, frame by frame: none, a faint sound, or a voice.

    dBFS
      0 ┤        ▄▆▇▅      ▂▅▇▆▃            LOUD    above the threshold, and well above the noise
    -45 ┤- - - -▐- - -▌- -▐- - -▌- - - -
        ┤    ▂▄▅       ▃▄         ▆▄▂       FAINT   above the noise: a breath, an f, the end of a word
        ┤- -▐- - - - - - - - - - - - - ▌-
    -70 ┤▁▁▁▁                          ▁▁▁  NONE

A voice is needed to begin a turn; faint sound tells where it really began and ended. The faint border
follows the noise from below, and is 40 dB below the loudest moment from above, so it is the same for who
speaks low and who speaks loud. A moment is 4 ms: the release of a t is not much longer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 16

Borders = NDArray[np.int64]

_MOMENTS = 4
"""In a frame."""
_LOWEST_FLOOR_DBFS = -84.0
"""About the last bits of 16."""
_LOWEST_A_LAW_FLOOR_DBFS = -77.0
"""A-law has no zero: what is silence at one end comes as steps of 16 at the other."""
_HIGHEST_FLOOR_DBFS = -40.0
_FLOOR_RISE_DB_PER_FRAME = 3.0 * FRAME_MS / 1000
_LOUD_MARGIN_DB = 10.0
_FAINT_MARGIN_DB = 5.0
_BURST_MARGIN_DB = 9.0
"""How far a single moment must stand out of the noise."""
_FAINT_BELOW_PEAK_DB = 40.0
_PEAK_KEPT_FRAMES = 32
"""The loudest moment counts until there was no sound for so long."""

_EVENLY = np.full((_MOMENTS, 1), 1.0 / _MOMENTS)


class Sound(IntEnum):
    """What a frame holds."""

    NONE = 0
    FAINT = 1
    LOUD = 2


class LoudnessMeter:
    """Tells the frames of one stream apart.

    Args:
        rate_hz: Samples per second.
        threshold_dbfs: How loud a voice is in a quiet room, relative to a full-scale square wave.
        a_law: Whether the samples came as A-law.
    """

    def __init__(self, rate_hz: int, threshold_dbfs: float, *, a_law: bool = False) -> None:
        self._rate_hz = rate_hz
        self._threshold_dbfs = threshold_dbfs
        self._rest = np.zeros(0, dtype=np.int16)
        self._frames = 0
        self._lowest_floor_dbfs = _LOWEST_A_LAW_FLOOR_DBFS if a_law else _LOWEST_FLOOR_DBFS
        self._floor_dbfs: float | None = None
        self._peak_dbfs = -120.0
        self._quiet_frames = 0

    def measure(self, samples: NDArray[np.int16]) -> list[Sound]:
        """The frames that further samples complete."""
        if len(self._rest):
            samples = np.concatenate([self._rest, samples])
        borders = self._borders(len(samples))
        used = int(borders[-1])
        self._rest = samples[used:].copy()
        if not used:
            return []
        self._frames += (len(borders) - 1) // _MOMENTS
        return [self._sound(level, peak) for level, peak in _levels_dbfs(samples[:used], borders)]

    def _borders(self, length: int) -> Borders:
        """Where the moments of whole frames begin and end, from the first sample that is not in one yet."""
        samples_x1000 = FRAME_MS // _MOMENTS * self._rate_hz
        if samples_x1000 % 1000 == 0:
            return _even_borders(samples_x1000 // 1000, length * 1000 // samples_x1000 // _MOMENTS)
        # Moments of 44.1 kHz are not all of one size, so borders are counted from the first sample of all.
        first = self._frames * _MOMENTS
        origin = first * samples_x1000 // 1000
        frames = ((origin + length + 1) * 1000 // samples_x1000 - first) // _MOMENTS
        borders = np.arange(first, first + frames * _MOMENTS + 1) * samples_x1000 // 1000 - origin
        return borders if borders[-1] <= length else borders[:-_MOMENTS]

    def _sound(self, level_dbfs: float, peak_dbfs: float) -> Sound:
        """What a frame is, from its loudness and that of its loudest moment."""
        # The floor falls with every pause and creeps up in between, so a steady hum ceases to be a sound.
        before = level_dbfs if self._floor_dbfs is None else self._floor_dbfs + _FLOOR_RISE_DB_PER_FRAME
        floor_dbfs = max(min(before, level_dbfs, _HIGHEST_FLOOR_DBFS), self._lowest_floor_dbfs)
        self._floor_dbfs = floor_dbfs
        self._peak_dbfs = max(peak_dbfs, self._peak_dbfs)
        audible = level_dbfs > floor_dbfs + _FAINT_MARGIN_DB or peak_dbfs > floor_dbfs + _BURST_MARGIN_DB
        if not audible or peak_dbfs <= self._peak_dbfs - _FAINT_BELOW_PEAK_DB:
            self._quiet_frames += 1
            if self._quiet_frames >= _PEAK_KEPT_FRAMES:
                self._peak_dbfs = -120.0
            return Sound.NONE
        self._quiet_frames = 0
        if level_dbfs <= max(self._threshold_dbfs, floor_dbfs + _LOUD_MARGIN_DB):
            return Sound.FAINT
        return Sound.LOUD


@lru_cache(maxsize=32)
def _even_borders(size: int, frames: int) -> Borders:
    return np.arange(frames * _MOMENTS + 1) * size


def _levels_dbfs(samples: NDArray[np.int16], borders: Borders) -> Iterator[tuple[float, float]]:
    """The loudness of each frame and of its loudest moment, relative to a full-scale square wave."""
    values = samples.astype(np.float32)
    begins = borders[:-1]
    sizes = borders[1:] - begins
    means = (np.add.reduceat(values, begins) / sizes).reshape(-1, _MOMENTS)
    squares = (np.add.reduceat(values * values, begins) / sizes).reshape(-1, _MOMENTS)
    # A constant offset is no sound. Products with a vector are the quickest means of so few numbers.
    offsets = means @ _EVENLY
    powers = squares - offsets * (2.0 * means - offsets)
    levels, peaks = (powers @ _EVENLY)[:, 0].tolist(), np.maximum.reduce(powers, axis=1).tolist()
    return zip(map(_dbfs, levels), map(_dbfs, peaks), strict=True)


def _dbfs(power: float) -> float:
    return 10.0 * math.log10(max(power / 32768.0**2, 1e-12))
