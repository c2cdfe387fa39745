"""Picture and sound of an avatar that end in this process, as frames of the pipeline.

Pictures come as `OutputImageRawFrame` (RGB) and go through the output transport's audio queue, so that each
is shown with the sound around it. Of pictures that come faster than they can be converted only the newest is.

Sound comes as speech while the avatar gives an answer, else as plain audio, so that only answers make the bot
a speaker. Silence between answers is left out: whatever delay has built up in the transport goes with it.
After an interruption nothing is heard until the next answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from pipecat.frames.frames import Frame, OutputAudioRawFrame, OutputImageRawFrame, TTSAudioRawFrame

from pipecat_voicelive.errors import ConfigurationError

if TYPE_CHECKING:
    from av import AudioFrame, VideoFrame

_SILENCE = 64
"""No sample of silence is louder."""


def require_avatar_extra() -> None:
    """Make sure that what receives video is installed.

    Raises:
        ConfigurationError: It is not.
    """
    try:
        import aiortc  # noqa: F401 - loaded when it is needed: it is an extra
    except ImportError:
        raise ConfigurationError(
            'An avatar in the pipeline needs the extra "avatar": pip install "pipecat-voicelive[avatar]". '
            'Or give avatar_media="client".'
        ) from None


class AvatarMedia:
    """Turns pictures and sound into frames.

    Args:
        push: Pushes a frame.
        rate_hz: The pipeline's output rate.
    """

    def __init__(self, push: Callable[[Frame], Awaitable[None]], rate_hz: int) -> None:
        import av

        self._push = push
        self._rate_hz = rate_hz
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
        self._newest: VideoFrame | None = None
        self._picture_came = asyncio.Event()
        self._speaking = False
        self._muted = False

    def speech(self, *, begins: bool) -> None:
        """The avatar begins or ends an answer."""
        self._speaking = begins
        self._muted = self._muted and not begins

    def void(self) -> None:
        """An interruption: what still comes of this answer is not wanted."""
        self._speaking, self._muted = False, True

    def picture(self, frame: VideoFrame) -> None:
        """A picture comes; one that still waits gives way to it."""
        self._newest = frame
        self._picture_came.set()

    async def sound(self, frame: AudioFrame) -> None:
        """Sound comes."""
        for part in self._resampler.resample(frame):
            pcm = part.to_ndarray()
            silent = not self._speaking and int(np.abs(pcm.astype(np.int32)).max(initial=0)) <= _SILENCE
            if self._muted or silent:
                continue
            kind: Any = TTSAudioRawFrame if self._speaking else OutputAudioRawFrame
            await self._push(kind(audio=pcm.tobytes(), sample_rate=self._rate_hz, num_channels=1))

    async def push_pictures(self) -> None:
        """Push pictures as they come, until cancelled."""
        while True:
            await self._picture_came.wait()
            self._picture_came.clear()
            frame, self._newest = self._newest, None
            if frame is not None:
                pixels = await asyncio.to_thread(_rgb, frame)
                image = OutputImageRawFrame(image=pixels, size=(frame.width, frame.height), format="RGB")
                image.sync_with_audio = True
                await self._push(image)


def _rgb(frame: VideoFrame) -> bytes:
    return frame.to_ndarray(format="rgb24").tobytes()
