"""What can be seen in the images of a conversation: enough to show that they really came.

`{image.width}`, `{image.height}`, `{image.format}` and `{image.color}` stand for facts of the newest image,
`{image.count}` for how many there are. Of an image behind a URL only that is known, since nothing is fetched.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Sequence

from PIL import Image

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator.errors_wire import invalid_value

_COLORS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "gray": (128, 128, 128),
    "red": (220, 30, 30),
    "green": (30, 160, 60),
    "blue": (40, 70, 210),
    "yellow": (240, 220, 40),
    "orange": (245, 140, 30),
    "purple": (130, 50, 160),
    "brown": (120, 75, 40),
}

_MOST_PIXELS = 25_000_000
"""More takes too long to look at: all sessions wait meanwhile."""
_UNREADABLE = (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def check_image(url: str, param: str) -> None:
    """Refuse what is no URL of an image, or holds none.

    Raises:
        RefusedError: It begins otherwise, is no base64, or no image that can be read.
    """
    if url.startswith(("https://", "http://")):
        return
    if not url.startswith("data:image/") or ";base64," not in url[:64]:
        raise invalid_value(f"Invalid '{param}': expected an https URL or a data URI of an image.", param)
    try:
        image = Image.open(io.BytesIO(_file(url)))
        width, height = image.size
        image.verify()
    except _UNREADABLE:
        raise invalid_value(f"Invalid '{param}': the image data is not valid.", param) from None
    if width * height > _MOST_PIXELS:
        raise invalid_value(
            f"Invalid '{param}': the image is {width} by {height}; at most 25 megapixels.", param
        )


def image_urls(items: Sequence[ConversationItem]) -> list[str]:
    """The URLs of the images in items, in order."""
    return [url_of(part) for item in items for part in item.content or () if part.type == "input_image"]


def url_of(part: ItemContent) -> str:
    """The URL of an image part, whichever of its two names it has."""
    return str(part.image_url or part.url or "")


def facts(items: Sequence[ConversationItem]) -> dict[str, object]:
    """What is known of the newest image in items; nothing if there is none."""
    urls = image_urls(items)
    if not urls:
        return {}
    return {"count": len(urls), **_looked_at(urls[-1])}


_seen: dict[bytes, dict[str, object]] = {}
"""What was seen in files, by their hash: looking takes long, and an answer looks each time."""
_MOST_SEEN = 64


def _file(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2], validate=True)


def _looked_at(url: str) -> dict[str, object]:
    if not url.startswith("data:"):
        return {}
    key = hashlib.sha256(url.encode()).digest()
    if key not in _seen:
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen[key] = _read(_file(url))
    return _seen[key]


def _read(file: bytes) -> dict[str, object]:
    image = Image.open(io.BytesIO(file))
    width, height = image.size
    facts: dict[str, object] = {"width": width, "height": height, "format": str(image.format).lower()}
    try:
        image.draft("RGB", (64, 64))  # a JPEG need not be unpacked whole
        pixel = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    except _UNREADABLE:
        return facts  # the file is cut short
    assert isinstance(pixel, tuple)
    mean = tuple(map(int, pixel))
    color = min(_COLORS, key=lambda name: sum((a - b) ** 2 for a, b in zip(mean, _COLORS[name], strict=True)))
    return {**facts, "color": color}
