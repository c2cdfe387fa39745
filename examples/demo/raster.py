"""A canvas that paints pixels, with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw

from .canvas import Anchor, Point, drawable, font

_SMOOTHING = 2
"""Pillow draws shapes without smoothing, so it draws them this much larger, to be scaled down."""

_ANCHORS: dict[Anchor, str] = {"start": "ls", "middle": "ms", "end": "rs"}


class RasterCanvas:
    """Paints on white at `scale` pixels for each unit."""

    def __init__(self, width: float, height: float, scale: int = 2) -> None:
        self._size = (round(width * scale), round(height * scale))
        self._zoom = scale * _SMOOTHING
        self._image = Image.new("RGB", (round(width * self._zoom), round(height * self._zoom)), "white")
        self._draw = ImageDraw.Draw(self._image)

    def write_png(self, path: Path) -> None:
        self._image.resize(self._size, Image.Resampling.BOX).save(path, optimize=True)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str,
        radius: float = 0,
        title: str = "",  # noqa: ARG002 - nothing can rest on pixels
    ) -> None:
        left, top, right, bottom = (v * self._zoom for v in (x, y, x + width, y + height))
        corners = (left, top, max(left, right - 1), max(top, bottom - 1))
        self._draw.rounded_rectangle(corners, radius * self._zoom, fill=fill)

    def line(self, points: Sequence[Point], *, stroke: str, width: float = 1, dashed: bool = False) -> None:
        for begin, end in pairwise(points):
            for a, b in _dashes(begin, end) if dashed else [(begin, end)]:
                self._draw.line([self._at(a), self._at(b)], fill=stroke, width=round(width * self._zoom))

    def polygon(self, points: Sequence[Point], *, fill: str, title: str = "") -> None:  # noqa: ARG002
        self._draw.polygon([self._at(point) for point in points], fill=fill)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        fill: str,
        anchor: Anchor = "start",
        title: str = "",  # noqa: ARG002 - nothing can rest on pixels
    ) -> None:
        self._draw.text(
            self._at((x, y)),
            drawable(text),
            fill=fill,
            font=font(size * self._zoom),
            anchor=_ANCHORS[anchor],
        )

    def _at(self, point: Point) -> Point:
        return (point[0] * self._zoom, point[1] * self._zoom)


def _dashes(begin: Point, end: Point, dash: float = 3) -> list[tuple[Point, Point]]:
    length = math.dist(begin, end)
    count = max(1, int(length / (2 * dash)))

    def at(part: float) -> Point:
        part = min(1.0, part)
        return (begin[0] + (end[0] - begin[0]) * part, begin[1] + (end[1] - begin[1]) * part)

    return (
        [(at(2 * i * dash / length), at((2 * i + 1) * dash / length)) for i in range(count)] if length else []
    )
