"""A drawn face: flat colours, soft edges, a mouth and eyes that move. Only what moves is drawn anew.

Everything is laid out in face units: the origin between the eyes and the nose, x to the right, y down, the
face about 1 from the middle to the chin. `View` says where that lies in the picture.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.protocol.blendshapes import BLENDSHAPES

Rgb: TypeAlias = tuple[int, int, int]
Pixels: TypeAlias = NDArray[np.floating[Any]]
"""Colours of a region: rows, columns, red-green-blue, 0 to 255; or one number for each of its pixels."""
I420: TypeAlias = NDArray[np.uint8]
"""A picture as encoders want it: `height` rows of brightness, then a quarter as much of each colour."""

_KEPT_PATCHES = 200
_EYES = (-0.62, -0.34, 0.62, 0.16)
_MOUTH = (-0.5, 0.32, 0.5, 0.92)
_BODY = (-1.9, -1.4, 1.9, 9.0)
"""What is drawn anew when the eyes or the mouth move, and all that is drawn: left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class View:
    """Where a face stands in a picture.

    Attributes:
        width: Of the picture in pixels, even.
        height: Of the picture in pixels, even.
        center_x: Pixel in which the face's origin lies; may be outside.
        center_y: The same, downwards.
        unit: Pixels of a face unit.
        roll_rad: How far it is turned to the side, clockwise.
    """

    width: int
    height: int
    center_x: float
    center_y: float
    unit: float
    roll_rad: float = 0.0


@dataclass(frozen=True, slots=True)
class _Look:
    skin: Rgb
    hair: Rgb
    shirt: Rgb
    iris: Rgb
    lips: Rgb
    long_hair: bool


_LOOKS = (
    _Look((244, 205, 176), (96, 58, 38), (46, 120, 132), (74, 98, 72), (196, 98, 96), long_hair=False),
    _Look((226, 178, 142), (44, 36, 36), (72, 84, 140), (78, 56, 40), (178, 92, 84), long_hair=False),
    _Look((170, 116, 82), (34, 26, 26), (206, 138, 60), (54, 36, 26), (140, 70, 66), long_hair=True),
    _Look((250, 214, 190), (188, 120, 62), (88, 130, 86), (70, 110, 140), (204, 108, 104), long_hair=True),
)

_STEPS = 24


@dataclass(frozen=True, slots=True)
class Expression:
    """How far the parts of a face have moved, in steps of 1/24, so that faces that look alike are equal."""

    jaw_open: float = 0.0
    spread: float = 0.0
    smile: float = 0.0
    pucker: float = 0.0
    funnel: float = 0.0
    parted: float = 0.0
    pressed: float = 0.0
    tongue: float = 0.0
    blink: float = 0.0

    @classmethod
    def of(cls, pose: NDArray[np.float64], amplitude: float = 1.0) -> Expression:
        """The expression of a frame of blendshapes; `amplitude` makes all of it but the blinks smaller."""
        values = {
            name: amplitude * sum(float(pose[index]) for index in indices) / len(indices)
            for name, indices in _SOURCES.items()
        }
        values["blink"] = float(pose[_BLINK])
        return cls(**{name: round(value * _STEPS) / _STEPS for name, value in values.items()})


def _indices(*names: str) -> tuple[int, ...]:
    return tuple(BLENDSHAPES.index(name) for name in names)


_SOURCES: Mapping[str, tuple[int, ...]] = {
    "jaw_open": _indices("jawOpen"),
    "spread": _indices("mouthStretchLeft", "mouthStretchRight"),
    "smile": _indices("mouthSmileLeft", "mouthSmileRight"),
    "pucker": _indices("mouthPucker"),
    "funnel": _indices("mouthFunnel"),
    "parted": _indices("mouthLowerDownLeft", "mouthUpperUpLeft"),
    "pressed": _indices("mouthPressLeft", "mouthRollLower"),
    "tongue": _indices("tongueOut"),
}
_BLINK = BLENDSHAPES.index("eyeBlinkLeft")


class Face:
    """A face that is drawn into one buffer.

    Args:
        character: Decides what it looks like.
        view: Where it stands.
        background: What is behind it.
    """

    def __init__(self, character: str, view: View, background: Rgb) -> None:
        self._look = _LOOKS[zlib.crc32(character.encode()) % len(_LOOKS)]
        self._view = view
        self._regions = {"eyes": _region(view, _EYES), "mouth": _region(view, _MOUTH)}
        self._still: Pixels = np.empty((view.height, view.width, 3), np.float32)
        self._still[:] = background
        left, top, right, bottom = body = _region(view, _BODY)
        canvas = _Canvas(view, body, background)
        _paint_still(canvas, self._look)
        self._still[top:bottom, left:right] = canvas.pixels
        self._picture = np.empty((view.height * 3 // 2, view.width), np.uint8)
        self._paste((0, 0, view.width, view.height), _yuv(self._still))
        self._patches: dict[tuple[str, Expression], tuple[NDArray[np.uint8], ...]] = {}
        self._shown: dict[str, Expression] = {}

    def draw(self, expression: Expression) -> tuple[I420, bool]:
        """The picture with an expression, and whether it differs from the one drawn last.

        The array is the same each time and holds the picture until the next call.
        """
        eyes, mouth = Expression(blink=expression.blink), replace(expression, blink=0.0)
        if self._view.roll_rad:
            # Around parts that are turned the regions overlap: each has both parts in it.
            eyes = mouth = expression
        changed = False
        for part, wanted in (("eyes", eyes), ("mouth", mouth)):
            if self._shown.get(part) != wanted:
                self._shown[part] = wanted
                self._paste(self._regions[part], self._patch(part, wanted))
                changed = True
        return self._picture, changed

    def _patch(self, part: str, expression: Expression) -> tuple[NDArray[np.uint8], ...]:
        patch = self._patches.get((part, expression))
        if patch is None:
            left, top, right, bottom = region = self._regions[part]
            canvas = _Canvas(self._view, region, self._still[top:bottom, left:right])
            for other, paint in (("eyes", _paint_eyes), ("mouth", _paint_mouth)):
                if part == other or self._view.roll_rad:
                    paint(canvas, self._look, expression)
            patch = _yuv(canvas.pixels)
            if len(self._patches) >= _KEPT_PATCHES:
                self._patches.clear()
            self._patches[part, expression] = patch
        return patch

    def _paste(self, region: tuple[int, int, int, int], planes: tuple[NDArray[np.uint8], ...]) -> None:
        left, top, right, bottom = region
        height, width = self._view.height, self._view.width
        self._picture[top:bottom, left:right] = planes[0]
        colors = self._picture[height:].reshape(2, height // 2, width // 2)
        for color, plane in zip(colors, planes[1:], strict=True):
            color[top // 2 : bottom // 2, left // 2 : right // 2] = plane


def _region(view: View, box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """A box in face units as even pixels within the picture."""

    def pixel(unit: float, center: float, size: int) -> int:
        return min(max(2 * round((center + unit * view.unit) / 2), 0), size)

    sine, cosine = math.sin(view.roll_rad), math.cos(view.roll_rad)
    corners = [(x, y) for x in box[::2] for y in box[1::2]]
    xs = [x * cosine - y * sine for x, y in corners]
    ys = [x * sine + y * cosine for x, y in corners]
    return (
        pixel(min(xs), view.center_x, view.width),
        pixel(min(ys), view.center_y, view.height),
        pixel(max(xs), view.center_x, view.width),
        pixel(max(ys), view.center_y, view.height),
    )


def _yuv(pixels: Pixels) -> tuple[NDArray[np.uint8], ...]:
    """Red-green-blue as brightness and two colours of half the size: BT.601, limited range."""
    red, green, blue = np.moveaxis(pixels, -1, 0)
    luma = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
    rows, columns = luma.shape
    small = pixels.reshape(rows // 2, 2, columns // 2, 2, 3).mean(axis=(1, 3))
    red, green, blue = np.moveaxis(small, -1, 0)
    u = 128 + (-37.797 * red - 74.203 * green + 112.0 * blue) / 255
    v = 128 + (112.0 * red - 93.786 * green - 18.214 * blue) / 255
    return tuple(np.rint(plane).astype(np.uint8) for plane in (luma, u, v))


class _Canvas:
    """A region of the picture, painted on shape by shape."""

    def __init__(self, view: View, region: tuple[int, int, int, int], ground: Rgb | Pixels) -> None:
        left, top, right, bottom = region
        self.pixels: Pixels = np.empty((bottom - top, right - left, 3), np.float32)
        self.pixels[:] = ground
        across = ((np.arange(left, right, dtype=np.float32) + 0.5 - view.center_x) / view.unit)[None, :]
        down = ((np.arange(top, bottom, dtype=np.float32) + 0.5 - view.center_y) / view.unit)[:, None]
        sine, cosine = math.sin(view.roll_rad), math.cos(view.roll_rad)
        self.x: Pixels = across * cosine + down * sine if sine else across
        self.y: Pixels = down * cosine - across * sine if sine else down
        self._unit = view.unit

    def paint(self, color: Rgb, coverage: Pixels) -> None:
        """Lay a colour over the region, as thick as `coverage` says for each pixel, 0 to 1."""
        coverage = np.broadcast_to(coverage, self.pixels.shape[:2])
        rows, columns = (
            np.flatnonzero(coverage.max(axis=1, initial=0)),
            np.flatnonzero(coverage.max(axis=0, initial=0)),
        )
        if rows.size:
            # Most shapes are small: the rest of the region need not be gone through.
            part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            pixels = self.pixels[part]
            pixels += (np.asarray(color, np.float32) - pixels) * coverage[part][..., None]

    def inside(self, distance: Pixels, *, soft: float = 0.0) -> Pixels:
        """Coverage of what lies at a negative distance (face units), with an edge of one pixel or `soft`."""
        return np.clip(0.5 - distance / max(soft, 1 / self._unit), 0, 1)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float) -> Pixels:
        """Distance from the rim of an ellipse, about."""
        x, y = (self.x - cx) / rx, (self.y - cy) / ry
        radius = np.sqrt(x * x + y * y)
        slope = np.sqrt((x / rx) ** 2 + (y / ry) ** 2)
        return radius * (radius - 1) / np.maximum(slope, 1e-6)


def _shade(color: Rgb, factor: float) -> Rgb:
    red, green, blue = (min(255, round(value * factor)) for value in color)
    return red, green, blue


def _paint_still(canvas: _Canvas, look: _Look) -> None:
    """Everything that does not move."""
    x, y, inside, ellipse = canvas.x, canvas.y, canvas.inside, canvas.ellipse
    shadow = _shade(look.skin, 0.86)
    if look.long_hair:
        strands = np.maximum(abs(x) - 0.99 + 0.06 * y * y, y - 1.25)
        back = np.maximum(np.minimum(ellipse(0, -0.2, 1.02, 1.08), strands), ellipse(0, 0.05, 1.08, 1.42))
        canvas.paint(_shade(look.hair, 0.82), inside(back))
    # Shoulders, with the neckline cut out of them.
    shoulders = np.where(y < 2.75, ellipse(0, 2.75, 1.85, 1.35), abs(x) - 1.85)
    canvas.paint(look.shirt, inside(shoulders))
    canvas.paint(
        _shade(look.shirt, 1.12), inside(np.maximum(shoulders, abs(ellipse(0, 1.3, 0.43, 0.44)) - 0.05))
    )
    neck = np.maximum(abs(x) - 0.34, abs(y - 0.95) - 0.35)
    canvas.paint(shadow, inside(np.minimum(neck, ellipse(0, 1.32, 0.37, 0.38))))
    for side in (-1, 1):
        canvas.paint(_shade(look.skin, 0.94), inside(ellipse(side * 0.84, 0.1, 0.13, 0.2)))
        canvas.paint(shadow, inside(ellipse(side * 0.86, 0.11, 0.06, 0.11)))
    head = _head(canvas)
    canvas.paint(look.skin, inside(head))
    # Light from the upper left: the far side is a little darker.
    canvas.paint(shadow, inside(head) * inside(0.62 - x - 0.12 * y, soft=0.5) * 0.55)
    for side in (-1, 1):
        blush = np.exp(-(((x - side * 0.5) / 0.2) ** 2 + ((y - 0.34) / 0.13) ** 2))
        canvas.paint(_shade(look.lips, 1.15), blush.astype(np.float32) * 0.28)
    _paint_hair(canvas, look)
    for side in (-1, 1):
        arch = -0.38 + 0.5 * (abs(x) - 0.36) ** 2 - 0.05 * np.cos((abs(x) - 0.36) * 3)
        thick = 0.034 * (1.15 - 0.9 * abs(abs(x) - 0.3))
        brow = np.maximum(abs(y - arch) - thick, np.maximum(side * -x + 0.17, side * x - 0.56))
        canvas.paint(_shade(look.hair, 0.8), inside(brow, soft=0.025))
    nose = np.maximum(abs(y - (0.3 - 0.055 * np.cos(x * 20))) - 0.014, abs(x) - 0.085)
    canvas.paint(_shade(look.skin, 0.72), inside(nose, soft=0.03) * 0.9)
    canvas.paint(_shade(look.skin, 1.06), inside(ellipse(-0.02, 0.17, 0.045, 0.07), soft=0.08) * 0.6)


def _head(canvas: _Canvas) -> Pixels:
    # An ellipse that narrows towards the chin.
    narrow = 1 - 0.13 * np.clip(canvas.y, 0, 1.1) ** 1.6
    x, y = canvas.x / (0.84 * narrow), (canvas.y - 0.02) / 1.05
    radius = np.sqrt(x * x + y * y)
    return (radius - 1) * 0.9


def _paint_hair(canvas: _Canvas, look: _Look) -> None:
    x, y, inside, ellipse = canvas.x, canvas.y, canvas.inside, canvas.ellipse
    if look.long_hair:
        cap = ellipse(0, -0.2, 1.0, 1.02)
        opening = np.minimum(ellipse(0.2, 0.42, 0.98, 1.04), ellipse(-0.34, 0.5, 0.62, 0.86))
        hair = np.maximum(np.maximum(cap, -opening), y - 0.55)
    else:
        cap = ellipse(0, -0.26, 0.92, 0.92)
        opening = ellipse(0.04, 0.34, 0.9, 0.9)
        hair = np.maximum(np.maximum(cap, -opening), y - 0.02)
    canvas.paint(look.hair, inside(hair))
    shine = np.maximum(hair, abs(ellipse(-0.1, 0.1, 0.95, 1.06)) - 0.035)
    canvas.paint(_shade(look.hair, 1.35), inside(np.maximum(shine, abs(x + 0.3) - 0.28), soft=0.05) * 0.7)


def _paint_eyes(canvas: _Canvas, look: _Look, expression: Expression) -> None:
    x, y, inside, ellipse = canvas.x, canvas.y, canvas.inside, canvas.ellipse
    closed = min(expression.blink, 1.0)
    for side in (-1, 1):
        cx, cy, rx, ry = side * 0.35, -0.08, 0.16, 0.115
        eye = ellipse(cx, cy, rx, ry)
        across = np.clip((x - cx) / rx, -1, 1)
        arch = np.sqrt(1 - across * across)
        # The upper lid comes down from the top of the eye to a little above its bottom.
        lid = cy + ry * arch * (-1 + 1.75 * closed)
        opened = np.maximum(eye, lid - y)
        canvas.paint((252, 251, 248), inside(opened))
        canvas.paint(look.iris, inside(np.maximum(opened, ellipse(cx, cy + 0.005, 0.088, 0.088))))
        canvas.paint((24, 20, 22), inside(np.maximum(opened, ellipse(cx, cy + 0.005, 0.046, 0.046))))
        glint = ellipse(cx - 0.03, cy - 0.032, 0.02, 0.02)
        canvas.paint((255, 255, 255), inside(np.maximum(opened, glint)))
        line = np.maximum(abs(y - lid) - 0.016, abs(x - cx) - rx * 1.04)
        canvas.paint(_shade(look.hair, 0.55), inside(line, soft=0.015))


def _paint_mouth(canvas: _Canvas, look: _Look, expression: Expression) -> None:
    x, y, inside = canvas.x, canvas.y, canvas.inside
    e = expression
    width = 0.27 * (1 + 0.3 * e.spread + 0.28 * e.smile - 0.5 * e.pucker - 0.24 * e.funnel)
    gap = max(0.0, 0.27 * e.jaw_open + 0.1 * e.parted + 0.05 * e.funnel - 0.1 * e.pressed)
    curve = 0.05 + 0.06 * e.smile - 0.05 * (e.pucker + e.funnel) - 0.03 * e.jaw_open
    across = np.clip(x / width, -1, 1)
    round_off = np.sqrt(1 - across * across)
    rest = 0.56 + curve * (round_off - 0.6)
    upper = rest - 0.3 * gap * round_off
    lower = rest + 0.7 * gap * round_off
    full = 1 + 0.35 * e.pucker + 0.25 * e.funnel - 0.5 * e.pressed
    # The upper lip has a dip in the middle, the lower one is fuller.
    upper_lip = upper - full * (0.052 * round_off - 0.016 * np.exp(-((x / 0.05) ** 2)))
    lower_lip = lower + full * 0.07 * round_off
    within = abs(x) - width
    lips = np.maximum(np.maximum(upper_lip - y, y - lower_lip), within)
    canvas.paint(
        _shade(look.skin, 0.88),
        inside(np.maximum(abs(y - lower_lip - 0.05) - 0.015, within + 0.12), soft=0.05),
    )
    canvas.paint(look.lips, inside(lips))
    canvas.paint(
        _shade(look.lips, 1.18),
        inside(np.maximum(abs(y - (lower + lower_lip) / 2) - 0.008, within + 0.1), soft=0.04),
    )
    opening = np.maximum(np.maximum(upper - y, y - lower), within + 0.012)
    if gap > 0.015:
        canvas.paint((92, 26, 34), inside(opening))
        tongue_top = lower - 0.06 - 0.1 * e.tongue - 0.25 * gap
        tongue = np.maximum(opening, np.maximum(tongue_top + 0.6 * x * x - y, abs(x) - width * 0.72))
        canvas.paint((206, 104, 108), inside(tongue, soft=0.02))
        teeth = np.maximum(opening, np.maximum(y - upper - min(0.06, 0.45 * gap), abs(x) - width * 0.84))
        canvas.paint((250, 248, 242), inside(teeth))
    else:
        line = np.maximum(abs(y - (upper + lower) / 2) - 0.01, within + 0.01)
        canvas.paint(_shade(look.lips, 0.55), inside(line, soft=0.012))
