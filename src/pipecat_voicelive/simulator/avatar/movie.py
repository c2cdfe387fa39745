# pyright: standard
# PyAV's types are partly unknown.
"""An avatar as one fragmented MP4, H.264 and AAC, made piece by piece for as long as the session lasts."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import cast

import av

from pipecat_voicelive.simulator.avatar.performance import FRAMES_PER_S, Performance
from pipecat_voicelive.simulator.avatar.video import Camera, configure
from pipecat_voicelive.simulator.utterance import RATE_HZ

FRAGMENT_FRAMES = 5
"""Frames of a fragment: 200 ms."""

_SAMPLES_A_FRAME = RATE_HZ // FRAMES_PER_S
_AUDIO_BITRATE = 64_000


class _Sink(io.RawIOBase):
    """A file that cannot be sought in; gives away what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        written = bytes(cast("bytes", data))
        self._written += written
        return len(written)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


class Movie:
    """Films a performance from a moment on. To be used by one thread at a time.

    Args:
        performance: What is filmed; the size of its picture must stay as it is.
        began_s: The moment of the first frame.
    """

    def __init__(self, performance: Performance, began_s: float) -> None:
        self._performance = performance
        self._began_s = began_s
        self._camera = Camera(performance)
        self._frames = 0
        self._sink = _Sink()
        fragment_us = FRAGMENT_FRAMES * 1_000_000 // FRAMES_PER_S
        self._container = av.open(
            self._sink,
            "w",
            format="mp4",
            options={
                "movflags": "empty_moov+default_base_moof",
                "frag_duration": str(fragment_us),
                "flush_packets": "1",
            },
        )
        self._video = self._container.add_stream("libx264", rate=FRAMES_PER_S)
        configure(self._video.codec_context, performance.options)
        self._audio = self._container.add_stream("aac", rate=RATE_HZ)
        self._audio.codec_context.layout = "mono"
        self._audio.codec_context.bit_rate = _AUDIO_BITRATE

    def beginning(self) -> bytes:
        """What players need before the first fragment."""
        self._container.start_encoding()
        return self._sink.take()

    def next_fragment(self) -> bytes:
        """Film for another 200 ms; what is ready of the movie then, cut anywhere."""
        for number in range(self._frames, self._frames + FRAGMENT_FRAMES):
            at_s = self._began_s + number / FRAMES_PER_S
            self._container.mux(self._video.encode(self._camera.frame(number, at_s)))
            sound = self._performance.sound(at_s, _SAMPLES_A_FRAME)
            frame = av.AudioFrame.from_ndarray(sound[None, :], format="s16", layout="mono")
            frame.sample_rate = RATE_HZ
            frame.pts, frame.time_base = number * _SAMPLES_A_FRAME, Fraction(1, RATE_HZ)
            self._container.mux(self._audio.encode(frame))
        self._frames += FRAGMENT_FRAMES
        return self._sink.take()


def filled(fragment: bytes, size: int) -> bytes:
    """A fragment with a box behind it that players skip, so that it has `size` bytes at least."""
    missing = size - len(fragment)
    return fragment + struct.pack(">I4s", missing, b"free") + bytes(missing - 8) if missing >= 8 else fragment
