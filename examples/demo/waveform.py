"""Sound as a shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.testing.calls.recording import Samples

from .canvas import Point

Envelope = NDArray[np.float64]


def envelope(samples: Samples, rate_hz: int, columns_per_s: float) -> Envelope:
    """The loudest sample of each column, from 0.0 to 1.0, 1.0 being (nearly) the loudest of all.

    The very loudest hundredth is clipped, so that one click does not make the rest flat.
    """
    edges = np.arange(0, len(samples), rate_hz / columns_per_s).astype(int)
    if not len(edges):
        return np.zeros(0)
    peaks = np.maximum.reduceat(np.abs(samples.astype(np.float64)), edges)
    audible = peaks[peaks > 0.02 * peaks.max(initial=0)]
    return np.minimum(1.0, peaks / np.percentile(audible, 99)) if len(audible) else np.zeros(len(peaks))


def outline(
    heights: Envelope,
    columns_per_s: float,
    start_s: float,
    end_s: float,
    x: float,
    y: float,
    half_height: float,
) -> list[Point]:
    """The envelope from `start_s` to `end_s` as a polygon, mirrored at `y`; one column is one unit wide."""
    first, last = round(start_s * columns_per_s), round(end_s * columns_per_s)
    part = heights[first:last] * half_height
    xs = x + np.arange(len(part))
    upper = list(zip(xs.tolist(), (y - part).tolist(), strict=True))
    lower = list(zip(xs.tolist(), (y + part).tolist(), strict=True))
    return upper + lower[::-1]
