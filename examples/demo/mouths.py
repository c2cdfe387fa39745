"""A mouth for each of Azure's 22 visemes: simplified to seven shapes that can be told apart when small."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .canvas import Canvas, Point

_LIPS, _OPENING = "#cf6a63", "#4b1616"


@dataclass(frozen=True, slots=True)
class Mouth:
    """A shape of the mouth.

    Attributes:
        name: What the legend calls it.
        width: Of the opening, 1.0 being the widest mouth.
        height: Of the opening, 1.0 being as high as the widest is wide.
        visemes: The ids that look like it.
    """

    name: str
    width: float
    height: float
    visemes: tuple[int, ...]


REST = Mouth("rest", 0.6, 0.13, (0,))

MOUTHS: tuple[Mouth, ...] = (
    REST,
    Mouth("closed: p b m", 0.85, 0.24, (21,)),
    Mouth("teeth: f v", 0.85, 0.46, (18,)),
    Mouth("wide: ee s", 1.0, 0.5, (6, 15)),
    Mouth("half: e t k", 0.8, 0.66, (4, 5, 12, 14, 17, 19, 20)),
    Mouth("round: o u w", 0.58, 0.66, (3, 7, 8, 10, 13, 16)),
    Mouth("open: a", 0.85, 1.0, (1, 2, 9, 11)),
)

_BY_VISEME = {viseme: mouth for mouth in MOUTHS for viseme in mouth.visemes}


def mouth(viseme_id: int) -> Mouth:
    """The mouth of a viseme; at rest for an id that is not Azure's."""
    return _BY_VISEME.get(viseme_id, REST)


def draw(canvas: Canvas, shape: Mouth, x: float, y: float, size: float, title: str = "") -> None:
    """Draw a mouth around (x, y): lips, and the opening between them; the widest mouth is `size` wide."""
    half_width, half_height = shape.width * size / 2, shape.height * size / 2
    canvas.polygon(_oval(x, y, half_width, half_height), fill=_LIPS, title=title)
    lip = 0.13 * size
    if half_height > 1.5 * lip:
        canvas.polygon(_oval(x, y, half_width - lip, half_height - lip), fill=_OPENING, title=title)


def _oval(x: float, y: float, half_width: float, half_height: float) -> list[Point]:
    angles = [2 * math.pi * step / 16 for step in range(16)]
    return [(x + half_width * math.cos(a), y + half_height * math.sin(a)) for a in angles]
