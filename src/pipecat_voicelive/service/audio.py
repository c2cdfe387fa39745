"""Between the pipeline's audio and the wire's: channels, rates, encodings.

What has the wire's rate is not resampled, whatever its encoding: G.711 in an 8 kHz pipeline is one table
look-up a sample.

The pipeline speaks 16 bit PCM of any rate and channel count, frame by frame; the wire one format for the
whole session. Resamplers are kept from frame to frame, so that no clicks arise where frames meet.
"""

from __future__ import annotations

import audioop

import numpy as np
import soxr
from pipecat.frames.frames import InputAudioRawFrame

from pipecat_voicelive.protocol.audio import AudioFormat


class Resampler:
    """A stream resampler that starts anew when the rates change.

    Its filter delays what goes through it, more the better it is: "LQ" by 20 to 40 ms, "HQ" by 40 to 80,
    "VHQ" by up to 150 (measured with soxr 1.0 in frames of 20 ms).
    """

    def __init__(self, quality: str) -> None:
        self._quality = quality
        self._rates: tuple[int, int] | None = None
        self._stream: soxr.ResampleStream | None = None

    def resample(self, pcm: bytes, from_hz: int, to_hz: int) -> bytes:
        """Audio at another rate; may be empty while the filter fills."""
        if from_hz == to_hz:
            return pcm
        if self._stream is None or self._rates != (from_hz, to_hz):
            self._rates = (from_hz, to_hz)
            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality=self._quality)
        return self._stream.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes()

    def flush(self) -> bytes:
        """What the filter still holds; the next audio starts anew."""
        stream, self._stream = self._stream, None
        return b"" if stream is None else stream.resample_chunk(np.zeros(0, np.int16), last=True).tobytes()

    def reset(self) -> None:
        """Forget what the filter holds."""
        self._stream = None


def mono(pcm: bytes, channels: int) -> bytes:
    """The mean of interleaved channels."""
    if channels == 1:
        return pcm
    return np.frombuffer(pcm, np.int16).reshape(-1, channels).mean(axis=1).astype(np.int16).tobytes()


class InputAudio:
    """The caller's audio, on its way out."""

    def __init__(self, wire: AudioFormat) -> None:
        self._wire = wire
        self._resampler = Resampler("LQ")  # good for speech to 8 kHz, and the caller waits least

    def held(self) -> bytes:
        """What waits to be sent: nothing."""
        return b""

    def convert(self, frame: InputAudioRawFrame, _at_s: float = 0.0) -> bytes:
        """A frame's audio in the wire's format; may be empty while a resampler fills."""
        pcm = self._resampler.resample(
            mono(frame.audio, frame.num_channels), frame.sample_rate, self._wire.rate_hz
        )
        match self._wire.encoding:
            case "pcm16":
                return pcm
            case "g711_ulaw":
                return audioop.lin2ulaw(pcm, 2)
            case "g711_alaw":
                return audioop.lin2alaw(pcm, 2)


class OutputAudio:
    """The bot's audio, on its way in.

    Args:
        wire: The session's output format.
        rate_hz: The pipeline's output rate.
    """

    def __init__(self, wire: AudioFormat, rate_hz: int) -> None:
        self.wire = wire
        self.rate_hz = rate_hz
        self._resampler = Resampler("HQ")

    def comes_as(self, wire: AudioFormat) -> None:
        """What comes from now on is in this format."""
        if wire != self.wire:
            self.wire = wire
            self._resampler.reset()

    def convert(self, audio: bytes) -> bytes:
        """Audio of the wire as 16 bit PCM at the pipeline's rate; may be empty while a resampler fills."""
        match self.wire.encoding:
            case "pcm16":
                pcm = audio
            case "g711_ulaw":
                pcm = audioop.ulaw2lin(audio, 2)
            case "g711_alaw":
                pcm = audioop.alaw2lin(audio, 2)
        return self._resampler.resample(pcm, self.wire.rate_hz, self.rate_hz)

    def flush(self) -> bytes:
        """The end of an answer's audio."""
        return self._resampler.flush()

    def reset(self) -> None:
        """The rest of an answer's audio is not wanted."""
        self._resampler.reset()


class SpeechOnset:
    """The most recent audio, kept so that a turn found by voice activity begins before it was found.

    Args:
        wire: The session's input format.
        keep_ms: How much is kept.
    """

    def __init__(self, wire: AudioFormat, keep_ms: float = 500) -> None:
        self._wire = wire
        self._kept = bytearray()
        self.keep_ms = keep_ms

    def add(self, audio: bytes) -> None:
        """Keep this, and let the oldest go."""
        self._kept += audio
        excess = len(self._kept) - self._wire.size_bytes(self.keep_ms)
        if excess > 0:
            del self._kept[:excess]

    def take(self) -> bytes:
        """All that is kept; afterwards nothing is."""
        taken = bytes(self._kept)
        self._kept.clear()
        return taken
