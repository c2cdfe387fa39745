"""Telephone sound, one byte a sample, so that a call fits into a page (ITU-T G.711, mu-law)."""

from __future__ import annotations

import struct

import numpy as np

from pipecat_voicelive.testing.calls.recording import Samples

_BIAS, _CLIP = 132, 32635


def encode(samples: Samples) -> bytes:
    """int16 samples as mu-law bytes."""
    wide = samples.astype(np.int32)
    sign = np.where(wide < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(wide), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()


def wav(samples: Samples, rate_hz: int) -> bytes:
    """A WAV file of mu-law; `samples` has the shape (n,) or (n, channels)."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    data = encode(samples.reshape(-1))
    form = struct.pack("<HHIIHHH", 7, channels, rate_hz, rate_hz * channels, channels, 8, 0)
    fact = struct.pack("<I", len(samples))
    chunks = b"".join(
        name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        for name, body in ((b"fmt ", form), (b"fact", fact), (b"data", data))
    )
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
