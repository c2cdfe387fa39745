"""What the model is shown in one conversation: images of the context, images on their own, video."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from loguru import logger
from msgspec.structs import replace
from pipecat.frames.frames import InputImageRawFrame, UserImageRawFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.images import image_message
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.service.camera import Camera
from pipecat_voicelive.service.pictures import (
    ImageInput,
    Pictures,
    encoded,
    has_image,
    text_bytes,
    without_images,
)

_REMEMBERED = 64
_MOST_AT_ONCE_BYTES = 3 * 1024 * 1024
"""How much text images may be that wait or are under way; far less than a connection holds unsent."""


class Seeing:
    """Shows one client what there is to be seen.

    Args:
        client: The client.
        pictures: The images of the context, whichever conversation it is told to.
        options: How.
        spawn: Starts a task that ends with the service.
        complain: Tells the application what cannot be shown, and why.
    """

    def __init__(
        self,
        client: VoiceLiveClient,
        pictures: Pictures,
        options: ImageInput,
        spawn: Callable[[Coroutine[None, None, None], str], None],
        complain: Callable[[str], Awaitable[None]],
    ) -> None:
        self._client = client
        self._options = options
        self._spawn = spawn
        self._complain = complain
        self._pictures = pictures
        self._images: deque[str] = deque(maxlen=_REMEMBERED)
        self._under_way_bytes: dict[str, int] = {}
        self._told = False
        self.camera = Camera(client, options, spawn)

    def is_prepared(self, context: LLMContext) -> bool:
        """Whether all images of a context are fit to be sent."""
        return self._pictures.are_ready(context.get_messages())

    async def prepare(self, context: LLMContext) -> None:
        """Make the images of a context fit to be sent."""
        for problem in await self._pictures.prepare(context.get_messages()):
            await self._complain(str(problem))

    def add(self, items: Sequence[ConversationItem]) -> None:
        """Add items of a prepared context to the conversation.

        Of more images than a slow connection can take at once, the oldest are left out.
        """
        room_bytes = _MOST_AT_ONCE_BYTES - sum(self._under_way_bytes.values())
        for item in self._fitting(items, self._pictures, room_bytes):
            if has_image(item):
                item = self._known(item)
            self._client.add_item(item)

    async def beside(self, context: LLMContext, items: Sequence[ConversationItem]) -> list[ConversationItem]:
        """Items of a context of its own, fit to be sent in one question beside the conversation."""
        pictures = Pictures(self._options)
        for problem in await pictures.prepare(context.get_messages()):
            await self._complain(str(problem))
        return self._fitting(items, pictures, _MOST_AT_ONCE_BYTES)

    def confirmed(self, item_id: str) -> None:
        """An item entered the conversation."""
        self._under_way_bytes.pop(item_id, None)
        self.camera.confirmed(item_id)

    def video(self, frame: InputImageRawFrame) -> None:
        """A frame of the caller's video."""
        self.camera.see(frame)

    def image(
        self, frame: UserImageRawFrame, show: Callable[[ConversationItem, bool], Awaitable[None]]
    ) -> None:
        """An image of the caller; once it is fit to be sent, `show` it, and whether to have it answered.

        One that is meant for the context comes from there. One that somebody asked for, and not for the
        context, is not meant for the model. What remains was put into the pipeline to be shown.
        """
        if frame.append_to_context is None and frame.request is None:
            self._spawn(self._show(frame, show), "voicelive-image")

    def refused(self, event_id: str | None) -> str | None:
        """A request was refused: what could not be done, if it was to show an image."""
        if self.camera.refused(event_id):
            return "Voice Live refused a frame of video, so no more is shown to it. Not every model sees"
        item_id = (event_id or "").removeprefix("create_")
        self._under_way_bytes.pop(item_id, None)
        if item_id in self._images:
            return "Voice Live refused an image. Not every model sees"
        return None

    def _tell_once(self, message: str) -> None:
        if not self._told:
            self._told = True
            logger.warning(message)

    def _known(self, item: ConversationItem) -> ConversationItem:
        item_id = item.id or f"image_{uuid.uuid4().hex[:12]}"
        self._images.append(item_id)
        self._under_way_bytes[item_id] = text_bytes(item)
        return replace(item, id=item_id)

    def _fitting(
        self, items: Sequence[ConversationItem], pictures: Pictures, room_bytes: int
    ) -> list[ConversationItem]:
        """The items as they are sent, with the newest images that there is room for."""
        fitting: list[ConversationItem] = []
        for item in reversed(items):
            if has_image(item):
                item = pictures.fit(item)
                room_bytes -= text_bytes(item)
                if room_bytes < 0:
                    item = without_images(item)
                    self._tell_once("Too many images at once: the oldest are not shown")
            fitting.append(item)
        return fitting[::-1]

    async def _show(
        self, frame: UserImageRawFrame, show: Callable[[ConversationItem, bool], Awaitable[None]]
    ) -> None:
        try:
            url = await asyncio.to_thread(encoded, frame.image, frame.size, frame.format, self._options)
        except ConfigurationError as error:
            await self._complain(str(error))
            return
        part = ItemContent(type="input_image", image_url=url, detail=self._options.detail)
        await show(image_message(part, frame.text), frame.run_llm is not False)
