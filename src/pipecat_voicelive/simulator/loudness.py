"""How loud the caller is, frame by frame: none, a faint sound, or a voice.

    dBFS
      0 ┤        ▄▆▇▅      ▂▅▇▆▃            LOUD    above the threshold, and well above the noise
    -45 ┤- - - -▐- - -▌- -▐- - -▌- - - -
        ┤    ▂▄▅       ▃▄         ▆▄▂       FAINT   above the noise: a breath, an f, the end of a word
        ┤- -▐- - - - - - - - - - - - - ▌-
    -70 ┤▁▁▁▁                          ▁▁▁  NONE

A voice is needed to begin a turn; faint sound tells where it really began and ended. The faint border
follows the noise from below and the loudest voice from above, so it is the same for who speaks low and who
speaks loud.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 16

_LOWEST_FLOOR_DBFS = -77.0
"""A-law has no silence: its softest sound is here."""
_HIGHEST_FLOOR_DBFS = -40.0
_FLOOR_RISE_DB_PER_FRAME = 3.0 * FRAME_MS / 1000
_LOUD_MARGIN_DB = 10.0
_FAINT_MARGIN_DB = 5.0
_PEAK_FALL_DB_PER_FRAME = 6.0 * FRAME_MS / 1000
_FAINT_BELOW_PEAK_DB = 37.0


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
    """

    def __init__(self, rate_hz: int, threshold_dbfs: float) -> None:
        self._rate_hz = rate_hz
        self._threshold_dbfs = threshold_dbfs
        self._rest = np.zeros(0, dtype=np.int16)
        self._frames = 0
        self._floor_dbfs: float | None = None
        self._peak_dbfs = -120.0

    def measure(self, samples: NDArray[np.int16]) -> list[Sound]:
        """The frames that further samples complete."""
        if len(self._rest):
            samples = np.concatenate([self._rest, samples])
        borders = self._borders(len(samples))
        self._rest = samples[borders[-1] :].copy()
        self._frames += len(borders) - 1
        if len(borders) == 1:
            return []
        return [self._sound(level_dbfs) for level_dbfs in _levels_dbfs(samples, borders)]

    def _borders(self, length: int) -> list[int]:
        """Where frames begin and end, from the first sample that is not in a frame yet."""
        # Frames of 44.1 kHz are not all of one size, so borders are counted from the first sample of all.
        step, first = FRAME_MS * self._rate_hz, self._frames
        origin = first * step // 1000
        count = ((origin + length) * 1000 + 999) // step - first
        borders = [(first + index) * step // 1000 - origin for index in range(count + 1)]
        while borders[-1] > length:
            borders.pop()
        return borders

    def _sound(self, level_dbfs: float) -> Sound:
        # The floor falls with every pause and creeps up in between, so a steady hum ceases to be a sound.
        before = level_dbfs if self._floor_dbfs is None else self._floor_dbfs + _FLOOR_RISE_DB_PER_FRAME
        floor_dbfs = max(min(before, level_dbfs, _HIGHEST_FLOOR_DBFS), _LOWEST_FLOOR_DBFS)
        self._floor_dbfs = floor_dbfs
        peak_dbfs = self._peak_dbfs = max(level_dbfs, self._peak_dbfs - _PEAK_FALL_DB_PER_FRAME)
        if level_dbfs <= max(floor_dbfs + _FAINT_MARGIN_DB, peak_dbfs - _FAINT_BELOW_PEAK_DB):
            return Sound.NONE
        if level_dbfs <= max(self._threshold_dbfs, floor_dbfs + _LOUD_MARGIN_DB):
            return Sound.FAINT
        return Sound.LOUD


def _levels_dbfs(samples: NDArray[np.int16], borders: Sequence[int]) -> list[float]:
    """The loudness of each frame, relative to a full-scale square wave. A constant offset is no sound."""
    values = samples[: borders[-1]].astype(np.float32)
    sizes = np.diff(borders)
    means = np.add.reduceat(values, borders[:-1]) / sizes
    power = np.add.reduceat(values * values, borders[:-1]) / sizes - means * means
    return (10.0 * np.log10(np.maximum(power, 1e-3) / 32768.0**2)).tolist()
