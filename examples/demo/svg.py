"""A canvas that writes SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .canvas import Anchor, Point, text_width

_FONT = "Aileron, Helvetica, Arial, 'Liberation Sans', sans-serif"


class SvgCanvas:
    """Collects shapes; `document` is the whole picture, to be put into a page or a file."""

    def __init__(self, width: float, height: float, label: str) -> None:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" role="img" '
            f'aria-label="{escape(label)}" font-family="{escape(_FONT)}">'
        )
        self._parts = [head]

    def document(self) -> str:
        return "\n".join([*self._parts, "</svg>"])

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
        rounded = f' rx="{_n(radius)}"' if radius else ""
        shape = (
            f'rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{rounded} fill="{fill}"'
        )
        self._add("rect", shape, title)

    def line(self, points: Sequence[Point], *, stroke: str, width: float = 1, dashed: bool = False) -> None:
        dash = ' stroke-dasharray="3 3"' if dashed else ""
        self._parts.append(
            f'<polyline points="{_points(points)}" fill="none" stroke="{stroke}" '
            f'stroke-width="{_n(width)}"{dash}/>'
        )

    def polygon(self, points: Sequence[Point], *, fill: str, title: str = "") -> None:
        self._add("polygon", f'polygon points="{_points(points)}" fill="{fill}"', title)

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
        # The length is set because the reader's font is not the one that was measured.
        anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
        hover = f"<title>{escape(title)}</title>" if title else ""
        length = _n(text_width(text, size))
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{fill}"{anchored} '
            f'textLength="{length}" lengthAdjust="spacingAndGlyphs">{escape(text)}{hover}</text>'
        )

    def _add(self, tag: str, shape: str, title: str) -> None:
        self._parts.append(f"<{shape}><title>{escape(title)}</title></{tag}>" if title else f"<{shape}/>")


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
