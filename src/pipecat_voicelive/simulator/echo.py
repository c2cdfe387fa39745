"""Echo cancellation with a reference from the client: what the loudspeaker explains is not speech.

One plain rule stands in for the service's: over the last fifth of a second, the delay (up to a quarter of
a second, never negative) and a short filter are sought that make the microphone's samples from the reference.
Where the reference explains half of what the microphone heard, nothing else is believed to have
been heard; else what remains is what the caller said. So a reference that is late, or badly aligned, does not
help.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WINDOW_MS = 192
_LONGEST_DELAY_MS = 256
_BLOCK_MS = 16
_TAPS = 8
_REMAINS_OF_AN_ECHO = 0.5
_SILENT = 1.0
"""Mean square below which there is nothing to explain, or to explain it with."""


class EchoCanceller:
    """Takes the loudspeaker out of the microphone's audio, block by block."""

    def __init__(self, rate_hz: int) -> None:
        self._window = rate_hz * _WINDOW_MS // 1000
        self._longest_delay = rate_hz * _LONGEST_DELAY_MS // 1000
        self._block = rate_hz * _BLOCK_MS // 1000
        self._heard = np.zeros(self._window)
        self._played = np.zeros(self._window + self._longest_delay)

    def clean(self, heard: NDArray[np.int16], played: NDArray[np.int16]) -> NDArray[np.int16]:
        """What the caller said, of what the microphone heard while this was played."""
        blocks = [
            self._clean(heard[start : start + self._block], played[start : start + self._block])
            for start in range(0, len(heard), self._block)
        ]
        return np.concatenate(blocks) if blocks else heard

    def _clean(self, heard: NDArray[np.int16], played: NDArray[np.int16]) -> NDArray[np.int16]:
        self._heard = np.concatenate([self._heard, heard])[-self._window :]
        self._played = np.concatenate([self._played, played])[-(self._window + self._longest_delay) :]
        if np.mean(np.square(self._played)) < _SILENT or np.mean(np.square(self._heard)) < _SILENT:
            return heard
        remains = self._heard - self._echo()
        if np.sum(np.square(remains)) < _REMAINS_OF_AN_ECHO * np.sum(np.square(self._heard)):
            return np.zeros_like(heard)
        return np.clip(remains[-len(heard) :], -32768, 32767).astype(np.int16)

    def _echo(self) -> NDArray[np.float64]:
        """The part of the window that the reference explains."""
        size = len(self._played) + self._window
        spectrum = np.fft.rfft(self._played, size) * np.conj(np.fft.rfft(self._heard, size))
        alike = np.fft.irfft(spectrum, size)[: self._longest_delay + 1]
        total = np.concatenate([[0.0], np.cumsum(np.square(self._played))])
        energy = total[self._window :] - total[: self._longest_delay + 1]
        # At place p of the reference the window fits best: a delay of (longest - p).
        place = int(np.argmax(np.square(alike) / (energy + self._window)))
        columns = [
            self._played[first : first + self._window]
            for shift in range(-_TAPS, _TAPS + 1)
            if 0 <= (first := place + shift) <= self._longest_delay
        ]
        matrix = np.stack(columns, axis=1)
        normal = matrix.T @ matrix + np.eye(len(columns))
        return matrix @ np.linalg.solve(normal, matrix.T @ self._heard)
