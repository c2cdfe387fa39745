"""From the mouth shapes of an utterance to the movements of a whole face, sixty times a second.

Each viseme is a pose: a few of the 55 blendshapes and how far they go. The face moves from one pose to the
next within `_MOVE_MS` of the viseme's offset, so the frames tell the same as the visemes, only smoothly.
Beside that it blinks and sways a little, the same way each time the same thing is said.

https://learn.microsoft.com/azure/ai-services/speech-service/how-to-speech-synthesis-viseme
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.protocol.blendshapes import BLENDSHAPES
from pipecat_voicelive.simulator.utterance import SpokenViseme, Utterance

FRAMES_PER_S = 60

Frames = NDArray[np.float64]
"""One row a frame, one column a blendshape, all within 0 to 1."""

_MOVE_MS = 70.0
_BLINK_EVERY_MS, _BLINK_MS = 3100.0, 160.0
_SWAY_EVERY_MS, _SWAY = 4700.0, 0.03

# By viseme id. A name without its side means both.
_POSES: tuple[dict[str, float], ...] = (
    {"mouthClose": 0.05, "mouthSmile": 0.08},
    {"jawOpen": 0.45, "mouthLowerDown": 0.35, "mouthUpperUp": 0.25},
    {"jawOpen": 0.75, "mouthLowerDown": 0.45, "mouthUpperUp": 0.3},
    {"jawOpen": 0.55, "mouthFunnel": 0.55, "mouthLowerDown": 0.25},
    {"jawOpen": 0.4, "mouthStretch": 0.35, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2},
    {"jawOpen": 0.35, "mouthFunnel": 0.45, "mouthShrugUpper": 0.1},
    {"jawOpen": 0.2, "mouthSmile": 0.45, "mouthStretch": 0.45, "mouthUpperUp": 0.2},
    {"jawOpen": 0.15, "mouthPucker": 0.85, "mouthFunnel": 0.3},
    {"jawOpen": 0.4, "mouthPucker": 0.6, "mouthFunnel": 0.5},
    {"jawOpen": 0.6, "mouthFunnel": 0.35, "mouthLowerDown": 0.3},
    {"jawOpen": 0.45, "mouthFunnel": 0.5, "mouthPucker": 0.2},
    {"jawOpen": 0.55, "mouthStretch": 0.3, "mouthLowerDown": 0.35, "mouthUpperUp": 0.2},
    {"jawOpen": 0.25, "mouthLowerDown": 0.2, "mouthUpperUp": 0.1},
    {"jawOpen": 0.2, "mouthPucker": 0.45, "mouthFunnel": 0.35},
    {"jawOpen": 0.3, "mouthLowerDown": 0.25, "tongueOut": 0.12},
    {"jawOpen": 0.06, "mouthStretch": 0.45, "mouthSmile": 0.15, "mouthLowerDown": 0.3, "mouthUpperUp": 0.25},
    {"jawOpen": 0.1, "mouthFunnel": 0.7, "mouthPucker": 0.25, "mouthLowerDown": 0.2},
    {"jawOpen": 0.18, "mouthLowerDown": 0.25, "tongueOut": 0.3},
    {"jawOpen": 0.08, "mouthRollLower": 0.65, "mouthUpperUp": 0.3},
    {"jawOpen": 0.18, "mouthStretch": 0.2, "mouthLowerDown": 0.25, "tongueOut": 0.05},
    {"jawOpen": 0.28, "mouthLowerDown": 0.2, "mouthUpperUp": 0.1},
    {"mouthClose": 0.1, "mouthPress": 0.6, "mouthRollLower": 0.25, "mouthRollUpper": 0.25},
)


def blendshape_frames(utterance: Utterance) -> Frames:
    """The frames of an utterance, from the start of its audio to its end; not to be written to."""
    return _frames(utterance.visemes, round(utterance.duration_ms * FRAMES_PER_S / 1000))


def idle_frames() -> Frames:
    """A face that says nothing, from one blink to the next; goes on from its beginning."""
    return _frames((), round(_BLINK_EVERY_MS * FRAMES_PER_S / 1000))


def _pose(shapes: dict[str, float]) -> NDArray[np.float64]:
    values = np.zeros(len(BLENDSHAPES))
    for name, value in shapes.items():
        for side in ("", "Left", "Right"):
            if f"{name}{side}" in BLENDSHAPES:
                values[BLENDSHAPES.index(f"{name}{side}")] = value
    return values


_POSE_VALUES = np.stack([_pose(shapes) for shapes in _POSES])
_BLINK = _pose({"eyeBlink": 1.0})
_ROLL = _pose({"headRoll": 1.0})


@lru_cache(maxsize=64)
def _frames(visemes: tuple[SpokenViseme, ...], count: int) -> Frames:
    times_ms: NDArray[np.float64] = np.arange(count, dtype=np.float64) * (1000 / FRAMES_PER_S)
    # The rest pose comes before the first viseme; each viseme then takes over from the one before.
    ids = np.array([0, *(viseme.viseme_id for viseme in visemes)])
    offsets_ms = np.array([-_MOVE_MS, *(viseme.offset_ms for viseme in visemes)])
    held_ms = np.diff(offsets_ms, append=np.inf)
    index = np.searchsorted(offsets_ms, times_ms, side="right") - 1
    before = np.maximum(index - 1, 0)
    moved = np.clip((times_ms - offsets_ms[index]) / np.minimum(_MOVE_MS, held_ms[index]), 0.0, 1.0)
    moved = moved[:, np.newaxis]
    frames = (1.0 - moved) * _POSE_VALUES[ids[before]] + moved * _POSE_VALUES[ids[index]]
    frames += np.outer(_blinks(times_ms), _BLINK)
    frames += np.outer(_SWAY * (0.5 - 0.5 * np.cos(times_ms * (2 * np.pi / _SWAY_EVERY_MS))), _ROLL)
    frames = np.round(frames, 3)
    frames.flags.writeable = False
    return frames


def _blinks(times_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the eyes are closed: 0 but for a short blink every few seconds."""
    since_ms = times_ms % _BLINK_EVERY_MS - (_BLINK_EVERY_MS - _BLINK_MS)
    return np.clip(1.0 - np.abs(since_ms - _BLINK_MS / 2) / (_BLINK_MS / 2), 0.0, 1.0)
