"""Images of the pipeline, made fit to be sent: small enough, as JPEG, with the right side up.

Pixels are encoded and large files decoded in a thread: either takes as long as several audio frames.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from PIL import Image, ImageOps
from pipecat.processors.aggregators.llm_context import LLMContextMessage, LLMSpecificMessage

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.images import (
    MAX_IMAGE_BYTES,
    ImageDetail,
    data_uri,
    image_bytes,
    is_image_url,
)
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent

_QUALITIES = (85, 70, 50)
_LEAST_BYTES = 16 * 1024
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
NOT_SHOWN = ItemContent(type="input_text", text="(an image that cannot be shown)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInput:
    """How images and video are shown to the model.

    Attributes:
        video_fps: Frames of the caller's video shown each second, 0.2 being one in five seconds; 0 for none.
            Each costs tokens like any image.
        video_frames_kept: How many of them stay in the conversation; older ones are taken out of it.
        detail: How closely the model looks at video and at images that do not say; "low" is cheapest.
        max_side_px: The longer side of what is encoded here; larger images are scaled down.
        max_bytes: The largest image that is sent. Larger files are encoded anew.

    Raises:
        ConfigurationError: A number cannot be used.
    """

    video_fps: float = 0.0
    video_frames_kept: int = 4
    detail: ImageDetail = "auto"
    max_side_px: int = 1024
    max_bytes: int = 1024 * 1024

    def __post_init__(self) -> None:
        if not 0 <= self.video_fps <= 10:
            raise ConfigurationError(f"video_fps is {self.video_fps}. Give 0 to 10 frames a second.")
        if self.video_frames_kept < 1:
            raise ConfigurationError("video_frames_kept must be 1 or more.")
        if self.max_side_px < 16:
            raise ConfigurationError("max_side_px must be 16 or more.")
        if not _LEAST_BYTES <= self.max_bytes <= MAX_IMAGE_BYTES:
            raise ConfigurationError(
                f"max_bytes is {self.max_bytes}. Give {_LEAST_BYTES} to {MAX_IMAGE_BYTES}."
            )


def encoded(image: bytes, size: tuple[int, int], image_format: str | None, limits: ImageInput) -> str:
    """The data URI of raw pixels (a Pillow mode such as "RGB") or of a file (a MIME type). Takes its time.

    Raises:
        ConfigurationError: Pixels and size do not fit together, or it is no image.
    """
    if image_format and image_format.startswith("image/"):
        if len(image) <= limits.max_bytes:
            return data_uri(image, image_format)
        return _shrunk(image, limits)
    try:
        return _jpeg_uri(Image.frombytes(image_format or "RGB", size, image), limits)
    except _UNREADABLE:
        raise ConfigurationError(
            f"{len(image)} bytes are no image of {size[0]} by {size[1]} pixels, format {image_format}."
        ) from None


def _shrunk(file: bytes, limits: ImageInput) -> str:
    try:
        image = Image.open(io.BytesIO(file))
        image.draft("RGB", (limits.max_side_px, limits.max_side_px))
        return _jpeg_uri(ImageOps.exif_transpose(image), limits)
    except _UNREADABLE:
        raise ConfigurationError(
            f"An image of {len(file)} bytes is larger than max_bytes ({limits.max_bytes}) and cannot be made "
            "smaller, since it is in no form known here. Give a JPEG, PNG, GIF or WebP file."
        ) from None


def _jpeg_uri(image: Image.Image, limits: ImageInput) -> str:
    if image.mode != "RGB":
        # What shines through is white; JPEG would have it black.
        solid = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", solid.size, "white"), solid).convert("RGB")
    side_px = limits.max_side_px
    while True:
        image.thumbnail((side_px, side_px))
        for quality in _QUALITIES:
            file = io.BytesIO()
            image.save(file, format="JPEG", quality=quality)
            if file.tell() <= limits.max_bytes:
                return data_uri(file.getvalue(), "image/jpeg")
        side_px //= 2


class Pictures:
    """The images of a context. Those that are too large are made smaller, once each, before they are sent."""

    def __init__(self, limits: ImageInput) -> None:
        self._limits = limits
        self._smaller: dict[str, str | None] = {}

    def are_ready(self, messages: Sequence[LLMContextMessage]) -> bool:
        """Whether all images can be sent, or be left out, without further work."""
        return not any(True for url in self._large(messages) if url not in self._smaller)

    async def prepare(self, messages: Sequence[LLMContextMessage]) -> list[ConfigurationError]:
        """Make all images ready. Cancelling loses the work and nothing else.

        Returns:
            What is wrong with those that cannot be sent.
        """
        problems: list[ConfigurationError] = []
        smaller: dict[str, str | None] = {}
        for url in self._large(messages):
            if url in self._smaller:
                smaller[url] = self._smaller[url]
                continue
            try:
                smaller[url] = await asyncio.to_thread(self._make_smaller, url)
            except ConfigurationError as problem:
                smaller[url] = None
                problems.append(problem)
        self._smaller = smaller
        return problems

    def fit(self, item: ConversationItem) -> ConversationItem:
        """The item with its images as they are sent; in the place of one that cannot be, a note."""
        if not has_image(item):
            return item
        return replace(item, content=[self._part(part) for part in item.content or ()])

    def _part(self, part: ItemContent) -> ItemContent:
        if part.type != "input_image":
            return part
        url = str(part.image_url)
        if not is_image_url(url):
            return NOT_SHOWN
        if image_bytes(url) > self._limits.max_bytes:
            url = self._smaller.get(url)
        return (
            NOT_SHOWN
            if url is None
            else replace(part, image_url=url, detail=part.detail or self._limits.detail)
        )

    def _large(self, messages: Sequence[LLMContextMessage]) -> list[str]:
        urls = [url for message in messages for url in image_urls(message)]
        return [url for url in urls if image_bytes(url) > self._limits.max_bytes]

    def _make_smaller(self, url: str) -> str:
        try:
            file = base64.b64decode(url.partition(",")[2], validate=True)
        except binascii.Error:
            raise ConfigurationError("An image's data URI holds no base64.") from None
        return _shrunk(file, self._limits)


def has_image(item: ConversationItem) -> bool:
    """Whether a message shows an image."""
    return any(part.type == "input_image" for part in item.content or ())


def text_bytes(item: ConversationItem) -> int:
    """How much text the images of a message are on the wire."""
    return sum(len(part.image_url or "") for part in item.content or ())


def without_images(item: ConversationItem) -> ConversationItem:
    """A message with notes in the place of its images."""
    parts = [NOT_SHOWN if part.type == "input_image" else part for part in item.content or ()]
    return replace(item, content=parts)


def image_urls(message: LLMContextMessage) -> list[str]:
    """The URLs of the images in a message of a context."""
    content: Any = None if isinstance(message, LLMSpecificMessage) else message.get("content")
    parts = content if isinstance(content, list) else ()
    return [url for part in parts if (url := image_url_of(part)) is not None]


def image_url_of(part: Any) -> str | None:
    """The URL of an image in a part of a message: an `image_url`, or a file that is one; None for others."""
    match part:
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            return url
        case {"type": "file_url", "file": {"url": str(url), "mime_type": str(mime_type)}}:
            return url if _is_image(mime_type) else None
        case {"type": "file_base64", "file": {"file_data": str(url), "mime_type": str(mime_type)}}:
            return url if _is_image(mime_type) else None
        case _:
            return None


def _is_image(mime_type: str) -> bool:
    return mime_type.startswith("image/")
