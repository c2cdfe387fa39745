"""The caller's video: a frame now and then, as an image in the conversation.

One frame is under way at a time: the next is taken when the service has confirmed the last, so a slow
connection gets fewer. Only the newest few stay in the conversation, since each is paid for in every answer.
A model that takes no images refuses the first; that is told once, and no more are sent. An API version that
has none gets none.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable, Coroutine

from loguru import logger
from msgspec.structs import replace
from pipecat.frames.frames import InputImageRawFrame

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import ConversationItemCreateEvent, ConversationItemDeleteEvent
from pipecat_voicelive.protocol.images import image_message
from pipecat_voicelive.protocol.items import ItemContent
from pipecat_voicelive.service.pictures import ImageInput, encoded

CONFIRMED_WITHIN_S = 5.0


class Camera:
    """Shows video to one client.

    Args:
        client: The client.
        options: How often, and how.
        spawn: Starts a task that ends with the service.
    """

    def __init__(
        self,
        client: VoiceLiveClient,
        options: ImageInput,
        spawn: Callable[[Coroutine[None, None, None], str], None],
    ) -> None:
        self._client = client
        self._options = options
        self._spawn = spawn
        self._next_s = 0.0
        self._encoding = False
        self._takes_images = client.takes_images
        self._under_way: dict[str, float] = {}
        self._shown: deque[str] = deque()
        self._refused = False
        self._told: set[str] = set()
        self.paused = False

    def see(self, frame: InputImageRawFrame) -> None:
        """A frame of video; most are passed over."""
        if not self._options.video_fps:
            self._tell("Video comes and is not shown to the model; ImageInput(video_fps=1) shows it")
            return
        if not self._takes_images:
            self._tell("Video comes and is not shown to the model: this API version has no images")
            return
        now_s = time.monotonic()
        if self.paused or self._refused or now_s < self._next_s or not self._client.is_ready:
            return
        if self._encoding or any(now_s < sent_s + CONFIRMED_WITHIN_S for sent_s in self._under_way.values()):
            return
        self._encoding = True
        self._next_s = now_s + 1 / self._options.video_fps
        self._spawn(self._show(frame), "voicelive-video")

    def confirmed(self, item_id: str) -> None:
        """An item entered the conversation; if it is a frame of video, however late, an old one leaves it."""
        if self._under_way.pop(item_id, None) is None:
            return
        self._shown.append(item_id)
        while len(self._shown) > self._options.video_frames_kept:
            self._client.send_event(ConversationItemDeleteEvent(item_id=self._shown.popleft()))

    def refused(self, event_id: str | None) -> bool:
        """A request was refused. Returns whether it was a frame of video; then no more is shown."""
        if event_id is None or self._under_way.pop(event_id, None) is None:
            return False
        self._refused = True
        return True

    async def _show(self, frame: InputImageRawFrame) -> None:
        try:
            url = await asyncio.to_thread(encoded, frame.image, frame.size, frame.format, self._options)
        except ConfigurationError as error:
            self._tell(f"A frame of video cannot be shown: {error}")
            return
        finally:
            self._encoding = False
        if self.paused:
            return
        item_id = f"video_{uuid.uuid4().hex[:12]}"
        part = ItemContent(type="input_image", image_url=url, detail=self._options.detail)
        item = replace(image_message(part), id=item_id)
        self._under_way[item_id] = time.monotonic()
        # Nobody waits for an answer to it, so the session need not know that it is under way.
        self._client.send_event(ConversationItemCreateEvent(event_id=item_id, item=item))

    def _tell(self, message: str) -> None:
        if message not in self._told and len(self._told) < 8:
            self._told.add(message)
            logger.warning(message)
