"""G.711: 16 bit samples to one byte and back, by table (ITU-T G.711)."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Law = Literal["g711_ulaw", "g711_alaw"]


def decode(data: bytes, law: Law) -> NDArray[np.int16]:
    """The samples of G.711 bytes."""
    return _decoding(law)[np.frombuffer(data, dtype=np.uint8)]


def encode(samples: NDArray[np.int16], law: Law) -> bytes:
    """The G.711 bytes of samples; each sample becomes the nearest value the law has."""
    return _encoding(law)[samples.astype(np.int32) + 32768].tobytes()


@cache
def _decoding(law: Law) -> NDArray[np.int16]:
    codes = np.arange(256, dtype=np.int32)
    if law == "g711_ulaw":
        codes = ~codes & 0xFF
        segment, step = (codes >> 4) & 0x07, codes & 0x0F
        magnitude = (((step << 3) + 0x84) << segment) - 0x84
        negative = (codes & 0x80) != 0
    else:
        codes = codes ^ 0x55
        segment, step = (codes >> 4) & 0x07, codes & 0x0F
        magnitude = np.where(
            segment == 0, (step << 4) + 8, ((step << 4) + 0x108) << np.maximum(segment - 1, 0)
        )
        negative = (codes & 0x80) == 0
    return np.where(negative, -magnitude, magnitude).astype(np.int16)


@cache
def _encoding(law: Law) -> NDArray[np.uint8]:
    values, codes = np.unique(_decoding(law).astype(np.int32), return_index=True)
    borders = (values[1:] + values[:-1]) / 2
    nearest = np.searchsorted(borders, np.arange(-32768, 32768))
    return codes[nearest].astype(np.uint8)
