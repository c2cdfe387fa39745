"""What the loudspeaker played under what the microphone heard, as a second channel of the caller's audio.

Both streams are live, and the pipeline's clock tells when each piece of them was there: a frame of the
microphone when it arrives, a chunk of the bot's when the output transport pushes it on, having played it.
Pieces arrive unevenly, so a stream keeps a position of its own that follows the clock slowly.

A chunk is known only when it has been played: so the microphone's audio is held for `HOLD_MS`, until all
that was played meanwhile is known. Where nothing was played, the reference is silent.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.echo import interleaved
from pipecat_voicelive.service.audio import InputAudio, Resampler, mono

HOLD_MS = 100
"""How late the caller's audio goes out: a chunk of the output transport (40 ms), the resampler's share, and
some patience with the event loop."""

_PATIENCE_MS = 150
"""How much later still, where the bot was speaking until just now and a chunk may be late."""

_GAP_S = 0.1
"""A piece this late begins anew; below, it is only the event loop that was busy."""

_AHEAD_S = 0.1
"""A transport that takes a piece this early has a buffer, and plays it behind the last."""

_TOLERATED_S = 0.002
_FORGOTTEN = 0.002
_KEPT_S = 2.0


class _Position:
    """Where a live stream is, in seconds of the pipeline's clock.

    Pieces join to the sample, so that an echo canceller sees one stream. A piece is noted late, never early:
    the position is that of the pieces that came soonest, which are slowly forgotten, as clocks differ.
    """

    def __init__(self) -> None:
        self.end_s: float | None = None

    def advance(self, duration_s: float, at_s: float) -> bool:
        """A piece was there at `at_s`. Returns whether it begins anew after a gap."""
        if self.end_s is None or at_s - (self.end_s + duration_s) > _GAP_S:
            self.end_s = at_s
            return True
        self.end_s += duration_s
        late_s = at_s - self.end_s
        if -_AHEAD_S < late_s < -_TOLERATED_S:
            self.end_s = at_s
        elif late_s > 0:
            self.end_s += late_s * _FORGOTTEN
        return False


class EchoReference:
    """The recent past of the loudspeaker, at the rate of the wire."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = Resampler("LQ")
        self._position = _Position()
        self._withheld_s = 0.0  # by the resampler
        self._pieces: deque[tuple[int, NDArray[np.int16]]] = deque()
        self.end = -rate_hz
        """Where the last that was played ends, in samples of the clock."""

    def played(self, frame: OutputAudioRawFrame, at_s: float) -> None:
        """The last sample of this was played at `at_s`."""
        duration_s = frame.num_frames / frame.sample_rate
        if self._position.advance(duration_s, at_s):
            self._resampler.reset()
            self._withheld_s = 0.0
        pcm = self._resampler.resample(
            mono(frame.audio, frame.num_channels), frame.sample_rate, self._rate_hz
        )
        samples = np.frombuffer(pcm, np.int16)
        self._withheld_s += duration_s - len(samples) / self._rate_hz
        end = round(((self._position.end_s or 0.0) - self._withheld_s) * self._rate_hz)
        self.end = end
        self._pieces.append((end - len(samples), samples))
        self._forget(end - round(_KEPT_S * self._rate_hz))

    def between(self, start: int, end: int) -> bytes:
        """What was played from one sample of the clock to another. What lies before is forgotten."""
        self._forget(start)
        heard = np.zeros(end - start, np.int16)
        for begin, samples in self._pieces:
            first, last = max(begin, start), min(begin + len(samples), end)
            if first < last:
                heard[first - start : last - start] = samples[first - begin : last - begin]
        return heard.tobytes()

    def _forget(self, before: int) -> None:
        while self._pieces and self._pieces[0][0] + len(self._pieces[0][1]) <= before:
            self._pieces.popleft()


class StereoInput:
    """The caller's audio with the echo reference beside it.

    Args:
        wire: The session's input format.
        reference: What was played.
    """

    def __init__(self, wire: AudioFormat, reference: EchoReference) -> None:
        self._rate_hz = wire.rate_hz
        self._patience = wire.rate_hz * _PATIENCE_MS // 1000
        self._reference = reference
        self._microphone = InputAudio(wire)
        self._position = _Position()
        self._withheld_s = 0.0
        self._waiting: deque[tuple[int, bytes]] = deque()

    def convert(self, frame: InputAudioRawFrame, at_s: float = 0.0) -> bytes:
        """A frame that came at `at_s`. Returns the audio, both channels, that has waited long enough."""
        duration_s = frame.num_frames / frame.sample_rate
        self._position.advance(duration_s, at_s)
        pcm = self._microphone.convert(frame)
        samples = len(pcm) // 2
        self._withheld_s += duration_s - samples / self._rate_hz
        if samples:
            end = round(((self._position.end_s or at_s) - self._withheld_s) * self._rate_hz)
            self._waiting.append((end - samples, pcm))
        return self._release(round((at_s - HOLD_MS / 1000) * self._rate_hz))

    def held(self) -> bytes:
        """All that is still waiting, with what is known of its reference."""
        return self._release(None)

    def _may_go(self, end: int, before: int) -> bool:
        """Whether audio has waited long enough; a little longer where the bot speaks and a chunk is late."""
        expected = self._reference.end < end < self._reference.end + self._patience
        return end <= before - (self._patience if expected else 0)

    def _release(self, before: int | None) -> bytes:
        ready = bytearray()
        while self._waiting:
            start, pcm = self._waiting[0]
            end = start + len(pcm) // 2
            if before is not None and not self._may_go(end, before):
                break
            self._waiting.popleft()
            ready += interleaved(pcm, self._reference.between(start, end))
        return bytes(ready)
