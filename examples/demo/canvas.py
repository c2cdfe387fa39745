"""What the picture is drawn on: four shapes, one unit (a pixel of the page), y downwards.

Two backends implement it, `svg.SvgCanvas` and `raster.RasterCanvas`, so that the page and the image are the
same drawing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Literal, Protocol

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]


class Canvas(Protocol):
    """A surface. A `title` is shown when the pointer rests on the shape, where there is a pointer."""

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str,
        radius: float = 0,
        title: str = "",
    ) -> None:
        """A filled rectangle; x and y are its upper left corner."""
        ...

    def line(self, points: Sequence[Point], *, stroke: str, width: float = 1, dashed: bool = False) -> None:
        """A line through the points; a dashed one has two points."""
        ...

    def polygon(self, points: Sequence[Point], *, fill: str, title: str = "") -> None:
        """A filled polygon."""
        ...

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        fill: str,
        anchor: Anchor = "start",
        title: str = "",
    ) -> None:
        """One line of text; y is its baseline, x its `anchor`. As wide as `text_width` says."""
        ...


@cache
def font(size: float) -> FreeTypeFont:
    """Pillow's own font: the same on every machine."""
    loaded = ImageFont.load_default(size=size)
    if not isinstance(loaded, FreeTypeFont):
        raise TypeError("this Pillow was built without FreeType; install a wheel from PyPI")
    return loaded


def text_width(text: str, size: float) -> float:
    """How wide `text` is, in the canvas's unit."""
    return font(48).getlength(drawable(text)) * size / 48


@cache
def drawable(text: str) -> str:
    """`text` as far as Pillow's font can draw it: letters lose accents it lacks, others become "?"."""
    return "".join(c if _has(c) else _plain(c) for c in text)


def wrap(text: str, size: float, width: float) -> list[str]:
    """`text` broken at spaces into lines of at most `width`, unless a single word is wider."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def shorten(text: str, size: float, width: float) -> str:
    """`text`, or as much of its beginning as fits into `width`, with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


@cache
def _has(character: str) -> bool:
    return character == " " or _pixels(character) != _pixels("\U0010ffff")


def _pixels(character: str) -> bytes:
    image = Image.new("1", (48, 48))
    ImageDraw.Draw(image).text((0, 0), character, fill=1, font=font(32))
    return image.tobytes()


def _plain(character: str) -> str:
    base = unicodedata.normalize("NFKD", character)[0]
    return base if base != character and _has(base) else "?"
