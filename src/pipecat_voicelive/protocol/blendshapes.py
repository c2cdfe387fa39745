"""Blendshapes: how far each of 55 parts of a face has moved, many times a second.

The first 52 are those of ARKit, in Azure's order; the last three turn the head and the eyes. Values are 0
to 1; the three rotations may be negative.

https://learn.microsoft.com/azure/ai-services/speech-service/how-to-speech-synthesis-viseme
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.protocol.codec import decode_any, decode_base64

# fmt: off
BLENDSHAPES: tuple[str, ...] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight",
    "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft",
    "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft",
    "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft", "browDownRight",
    "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut", "headRoll", "leftEyeRoll",
    "rightEyeRoll",
)
# fmt: on
"""Names of the columns of `BlendshapeFrames`."""

FRAME_RATE_HZ = 60.0
"""Frames a second. Documented for speech synthesis; nothing says that Voice Live has another rate."""

BlendshapeFrames: TypeAlias = NDArray[np.float32]
"""One row a frame, one column a blendshape; read-only."""


def read_frames(frames: list[list[float]] | str) -> BlendshapeFrames | None:
    """The frames of one `response.animation_blendshapes.delta`, None if they cannot be read.

    Args:
        frames: Rows of 55 numbers; or a text. How the text form is encoded is not documented: JSON
            of the rows, and base64 of 32 bit little-endian floats row by row, are both understood.
    """
    try:
        with np.errstate(over="ignore"):
            if not isinstance(frames, str):
                rows = np.array(frames, "<f4")
            elif frames.lstrip().startswith("["):
                rows = np.array(decode_any(frames), "<f4")
            elif (values := decode_base64(frames)) is not None:
                rows = np.frombuffer(values, "<f4").reshape(-1, len(BLENDSHAPES))
            else:
                return None
    except (TypeError, ValueError, OverflowError):
        return None
    if rows.size == 0:
        return np.zeros((0, len(BLENDSHAPES)), np.float32)
    if rows.ndim != 2 or rows.shape[1] != len(BLENDSHAPES) or not np.isfinite(rows).all():
        return None
    rows.flags.writeable = False
    return rows
