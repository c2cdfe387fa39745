"""What can be seen in the images of a conversation: enough to show that they really came.

`{image.width}`, `{image.height}`, `{image.format}` and `{image.color}` stand for facts of the newest image,
`{image.count}` for how many there are. Of an image behind a URL only that is known, since nothing is fetched.
"""

from __future__ import annotations

import base64
import binascii
import functools
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


def check_image(url: str, param: str) -> None:
    """Refuse what is no URL of an image, or holds none.

    Raises:
        RefusedError: It begins otherwise, is no base64, or no image that can be read.
    """
    if url.startswith(("https://", "http://")):
        return
    if not url.startswith("data:image/") or ";base64," not in url[:64]:
        raise invalid_value(f"Invalid '{param}': expected an https URL or a data URI of an image.", param)
    if _read(url) is None:
        raise invalid_value(f"Invalid '{param}': the image data is not valid.", param)


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
    return {"count": len(urls), **(_read(urls[-1]) or {})}


@functools.lru_cache(maxsize=64)
def _read(url: str) -> dict[str, object] | None:
    try:
        file = base64.b64decode(url.partition(",")[2], validate=True)
        image = Image.open(io.BytesIO(file))
        width, height = image.size
        pixel = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    assert isinstance(pixel, tuple)
    mean = tuple(map(int, pixel))
    color = min(_COLORS, key=lambda name: sum((a - b) ** 2 for a, b in zip(mean, _COLORS[name], strict=True)))
    return {"width": width, "height": height, "format": str(image.format).lower(), "color": color}
