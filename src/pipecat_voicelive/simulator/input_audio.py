"""The input audio buffer: what the client appended and nobody has committed yet.

Positions are milliseconds of appended audio since the session began; committing and clearing do not
set them back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.simulator import g711
from pipecat_voicelive.simulator.errors_wire import not_audio


@dataclass(frozen=True, slots=True)
class InputFormat:
    """What is appended: samples of one format, one or two interleaved channels.

    Two channels are the microphone and, as an echo reference, what was played.
    """

    audio: AudioFormat
    channels: int = 1

    @property
    def frame_bytes(self) -> int:
        """Size of one sample of every channel."""
        return self.audio.bytes_per_sample * self.channels

    def decode(self, data: bytes) -> tuple[NDArray[np.int16], NDArray[np.int16] | None]:
        """The samples that the microphone heard, and those that were played meanwhile, if the client says.

        Raises:
            RefusedError: `data` ends in the middle of a sample.
        """
        if len(data) % self.frame_bytes:
            raise not_audio("audio", f"{len(data)} bytes, which is no multiple of {self.frame_bytes}")
        if self.audio.encoding == "pcm16":
            samples = np.frombuffer(data, dtype="<i2").astype(np.int16)
            return (samples, None) if self.channels == 1 else (samples[0::2], samples[1::2])
        return g711.decode(data, self.audio.encoding), None


class InputAudioBuffer:
    """Decoded audio on its way to becoming a user item."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._pcm = bytearray()
        self._end_ms = 0.0

    @property
    def end_ms(self) -> float:
        """Where the next appended sample will stand."""
        return self._end_ms

    @property
    def duration_ms(self) -> float:
        """How much is buffered."""
        return len(self._pcm) / 2 * 1000 / self._rate_hz

    def append(self, samples: NDArray[np.int16]) -> None:
        """Add samples at the end."""
        self._pcm += samples.astype("<i2").tobytes()
        self._end_ms += len(samples) * 1000 / self._rate_hz

    def take_until(self, end_ms: float, *, start_ms: float = 0.0) -> bytes:
        """Remove everything before `end_ms` and return what of it stands after `start_ms`, as pcm16."""
        end_byte = self._byte_at(end_ms)
        taken = bytes(self._pcm[self._byte_at(start_ms) : end_byte])
        del self._pcm[:end_byte]
        return taken

    def drop_until(self, start_ms: float) -> None:
        """Forget what stands before `start_ms`."""
        del self._pcm[: self._byte_at(start_ms)]

    def clear(self) -> None:
        """Forget everything."""
        self._pcm.clear()

    def change_rate(self, rate_hz: int) -> None:
        """Go on at another rate; what is buffered is lost, positions count on."""
        self._rate_hz = rate_hz
        self._pcm.clear()

    def _byte_at(self, position_ms: float) -> int:
        from_end = round((self._end_ms - position_ms) * self._rate_hz / 1000) * 2
        return min(max(len(self._pcm) - from_end, 0), len(self._pcm))
