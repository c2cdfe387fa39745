"""The audio formats of the wire and what one millisecond of each weighs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Encoding = Literal["pcm16", "g711_ulaw", "g711_alaw"]


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Audio on the wire.

    Attributes:
        encoding: "pcm16" (signed 16 bit little-endian), "g711_ulaw" or "g711_alaw" (one byte a sample).
        rate_hz: Samples per second.
        channels: 1; 2 for interleaved microphone and loudspeaker.
    """

    encoding: Encoding
    rate_hz: int
    channels: int = field(default=1, repr=False)

    @property
    def bytes_per_sample(self) -> int:
        """Two for pcm16, one for G.711."""
        return 2 if self.encoding == "pcm16" else 1

    @property
    def bytes_per_second(self) -> int:
        """Size of one second."""
        return self.rate_hz * self.bytes_per_sample * self.channels

    def duration_ms(self, size_bytes: int) -> float:
        """How long `size_bytes` of this format last, in milliseconds."""
        return size_bytes * 1000 / self.bytes_per_second

    def size_bytes(self, duration_ms: float) -> int:
        """Size of `duration_ms`, rounded down to whole samples."""
        return int(duration_ms * self.rate_hz // 1000) * self.bytes_per_sample * self.channels

    def silence(self, duration_ms: float) -> bytes:
        """So much of nothing."""
        return _SILENT[self.encoding] * self.size_bytes(duration_ms)


_SILENT: dict[Encoding, bytes] = {"pcm16": b"\0", "g711_ulaw": b"\xff", "g711_alaw": b"\xd5"}

INPUT_RATES_HZ = (8000, 16000, 24000)
"""pcm16 input rates that are documented. 44100 has been seen to work too."""

OUTPUT_FORMAT_BY_RATE_HZ = {8000: "pcm16_8000hz", 16000: "pcm16_16000hz", 24000: "pcm16"}
"""The name that asks for pcm16 output at a rate."""

_OUTPUT_RATES_HZ = {
    "pcm16": 24000,
    "pcm16_8000hz": 8000,
    "pcm16-8000hz": 8000,
    "pcm16_16000hz": 16000,
    "pcm16-16000hz": 16000,
    "pcm16_22050hz": 22050,
    "pcm16_24000hz": 24000,
    "pcm16_44100hz": 44100,
    "pcm16_48000hz": 48000,
}


def input_format(name: str | None, rate_hz: int | None = None) -> AudioFormat:
    """The format that `input_audio_format` and `input_audio_sampling_rate` name; G.711 is always 8 kHz."""
    if name == "g711_ulaw" or name == "g711_alaw":
        return AudioFormat(name, 8000)
    return AudioFormat("pcm16", rate_hz or 24000)


def output_format(name: str | None) -> AudioFormat:
    """The format that `output_audio_format` names; 24 kHz pcm16 for none and for an unknown one."""
    if name == "g711_ulaw" or name == "g711_alaw":
        return AudioFormat(name, 8000)
    return AudioFormat("pcm16", _OUTPUT_RATES_HZ.get(name or "pcm16", 24000))
