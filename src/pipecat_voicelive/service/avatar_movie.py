"""An avatar's video over the WebSocket, decoded in this process, with PyAV.

The pieces are one fragmented MP4, picture and sound, that never ends. A thread reads it as a file whose end
is not there yet, and gives out frames when they are due, counted from the first, or `LEAD_S` before.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
import time
from typing import Any

from loguru import logger

from pipecat_voicelive.service.avatar_media import AvatarMedia

LEAD_S = 0.2

_MOST_SOUNDS = 250
"""Pieces of sound that wait for the pipeline, some seconds."""


class _Feed(io.RawIOBase):
    """A file that is written at one end while it is read at the other, by another thread."""

    def __init__(self) -> None:
        super().__init__()
        self._data = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self.taken_bytes = 0
        self.fed_bytes = 0

    def readable(self) -> bool:
        return True

    def feed(self, data: bytes) -> None:
        """Write a piece; after the end nobody reads it, so it is dropped."""
        with self._changed:
            if self._ended:
                return
            self._data += data
            self.fed_bytes += len(data)
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._data.clear()
            self._changed.notify()

    def read(self, size: int = -1) -> bytes:
        """What is there, up to `size` bytes; waits for the first. b"" at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._data or self._ended)
            if self._ended:
                return b""
            taken = bytes(self._data[:size] if size >= 0 else self._data)
            del self._data[: len(taken)]
            self.taken_bytes += len(taken)
            return taken


class AvatarMovie:
    """Decodes one stream.

    Args:
        media: Takes pictures and sound.
    """

    def __init__(self, media: AvatarMedia) -> None:
        self._media = media
        self._feed = _Feed()
        self._loop = asyncio.get_running_loop()
        self._closed = threading.Event()
        self._skip_bytes = 0
        self._start_s: float | None = None
        self._sounds: asyncio.Queue[Any] = asyncio.Queue(_MOST_SOUNDS)
        self._ended = asyncio.Event()
        # A thread of its own: it lasts as long as the call, and others need those of the default executor.
        threading.Thread(target=self._decode, name="voicelive-avatar-movie", daemon=True).start()
        self._tasks = [
            asyncio.create_task(media.push_pictures(), name="voicelive-avatar-pictures"),
            asyncio.create_task(self._push_sounds(), name="voicelive-avatar-sounds"),
        ]

    def feed(self, data: bytes) -> None:
        """The next piece."""
        self._feed.feed(data)

    def void(self) -> None:
        """What was fed and is not out yet is not wanted."""
        self._skip_bytes = self._feed.fed_bytes

    async def aclose(self) -> None:
        """Stop."""
        self._closed.set()
        self._feed.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(self._ended.wait(), *self._tasks, return_exceptions=True)

    def _decode(self) -> None:
        """Runs in a thread of its own."""
        import av

        try:
            with av.open(self._feed, "r", format="mp4", options={"probesize": "32"}) as movie:
                for frame in movie.decode(*movie.streams.video[:1], *movie.streams.audio[:1]):
                    if self._closed.is_set():
                        return
                    self._give(frame, isinstance(frame, av.VideoFrame))
        except Exception as error:  # noqa: BLE001 - whatever it is, no picture and no sound will come
            if not self._closed.is_set():
                logger.warning(f"The avatar's video cannot be decoded: {type(error).__name__}")
        finally:
            self._feed.end()
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self._ended.set)

    def _give(self, frame: Any, is_picture: bool) -> None:
        if self._feed.taken_bytes <= self._skip_bytes:
            self._start_s = None
            return
        now_s = time.monotonic()
        if self._start_s is None or not -5 < (self._start_s + frame.time - now_s) < 30:
            self._start_s = now_s - frame.time
        self._closed.wait(max(self._start_s + frame.time - now_s - LEAD_S, 0))
        give = self._media.picture if is_picture else self._sound
        self._loop.call_soon_threadsafe(give, frame)

    def _sound(self, frame: Any) -> None:
        """A piece of sound; the oldest goes if the pipeline does not keep up."""
        if self._sounds.full():
            self._sounds.get_nowait()
        self._sounds.put_nowait(frame)

    async def _push_sounds(self) -> None:
        while True:
            await self._media.sound(await self._sounds.get())
