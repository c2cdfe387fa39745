"""H.264 as avatars send it: baseline, without delay, at the bitrate and with the key frames asked for."""

from __future__ import annotations

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext

from pipecat_voicelive.simulator.avatar.options import AvatarOptions
from pipecat_voicelive.simulator.avatar.performance import FRAMES_PER_S, Performance

FRAME_TIME = Fraction(1, FRAMES_PER_S)
_LOWEST_BITRATE, _HIGHEST_BITRATE = 10_000, 100_000_000
"""What the encoder can do; bitrates beyond are those."""
_BT_601, _LIMITED_RANGE = 5, 1
"""How the face's colours are written, in FFmpeg's numbers; players would have to guess."""


def configure(context: VideoCodecContext, options: AvatarOptions) -> None:
    """Set an encoder up before it is opened."""
    context.width, context.height = options.size
    context.pix_fmt = "yuv420p"
    context.framerate = Fraction(FRAMES_PER_S)
    context.time_base = FRAME_TIME
    context.bit_rate = min(max(options.bitrate, _LOWEST_BITRATE), _HIGHEST_BITRATE)
    context.gop_size = options.gop_size
    context.colorspace, context.color_range = _BT_601, _LIMITED_RANGE
    # One thread: a face is quickly encoded, and there may be many sessions.
    context.thread_count = 1
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}


class Camera:
    """Films a performance, frame by frame. To be used by one thread at a time."""

    def __init__(self, performance: Performance) -> None:
        self._performance = performance
        self._frame: av.VideoFrame | None = None

    def frame(self, number: int, at_s: float) -> av.VideoFrame:
        """The picture at a moment as frame `number`; the same object again while nothing moves."""
        picture, changed = self._performance.picture(at_s)
        if changed or self._frame is None:
            self._frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        self._frame.pts, self._frame.time_base = number, FRAME_TIME
        return self._frame
