"""Images as parts of a user's message: as a URL that the service fetches, or with their bytes in a data URI.

No documentation names a limit of the service. The one here keeps an image well below what a connection may
hold unsent, so that audio is not kept waiting behind it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.codec import to_base64
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent

MAX_IMAGE_BYTES = 2 * 1024 * 1024
"""The largest image that is sent, in bytes of its file."""

ImageDetail = Literal["auto", "low", "high"]
"""How closely the model looks; "low" costs the fewest tokens."""

_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
)


def image_part(image: bytes | str, detail: ImageDetail | UnsetType = UNSET) -> ItemContent:
    """An image as a part of a user's message.

    Args:
        image: The bytes of a JPEG, PNG, GIF or WebP file, or a URL that begins with https:, http: or
            data:image/.
        detail: How closely the model is to look; unset leaves it to the service.

    Raises:
        ConfigurationError: It is none of these, or too large.
    """
    if isinstance(image, str):
        if not is_image_url(image):
            raise ConfigurationError(
                "An image's URL begins with https:, http: or data:image/. Give the bytes of a file otherwise."
            )
        size_bytes = image_bytes(image)
        url = image
    else:
        size_bytes = len(image)
        url = data_uri(image, _mime_type(image))
    if size_bytes > MAX_IMAGE_BYTES:
        raise ConfigurationError(
            f"The image has {size_bytes} bytes, {MAX_IMAGE_BYTES} is the most. Scale it down: 1024 pixels "
            "for the longer side show a model nearly everything."
        )
    return ItemContent(type="input_image", image_url=url, detail=detail)


def image_message(image: ItemContent, text: str | None = None) -> ConversationItem:
    """A user's message that shows an image, with what is said about it if anything is."""
    words = [ItemContent(type="input_text", text=text)] if text and text.strip() else []
    return ConversationItem(type="message", role="user", content=[*words, image])


def is_image_url(url: str) -> bool:
    """Whether the service may take this as an image's URL."""
    return url.startswith(("https://", "http://", "data:image/"))


def image_bytes(url: str) -> int:
    """How large the image in a data URI is, about; 0 for other URLs."""
    return len(url) * 3 // 4 if url.startswith("data:") else 0


def data_uri(image: bytes, mime_type: str) -> str:
    """A data URI of an image file."""
    return f"data:{mime_type};base64,{to_base64(image)}"


def _mime_type(image: bytes) -> str:
    for beginning, mime_type in _BEGINNINGS:
        if image.startswith(beginning):
            return mime_type
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        return "image/webp"
    raise ConfigurationError(
        "These bytes are no JPEG, PNG, GIF or WebP file. Encode the image as one of them."
    )
