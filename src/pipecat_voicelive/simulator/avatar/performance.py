"""What is seen and heard of an avatar at any moment.

The session says what is spoken when (`lines`); the two ways out ask for the picture and the sound of a
moment, each from a thread of its own choosing. Both follow the same clock, so they are in step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.simulator.avatar.face import I420, Expression, Face, View
from pipecat_voicelive.simulator.avatar.options import AvatarOptions
from pipecat_voicelive.simulator.blendshapes import FRAMES_PER_S as POSES_PER_S
from pipecat_voicelive.simulator.blendshapes import Frames, blendshape_frames, idle_frames
from pipecat_voicelive.simulator.effects import Line
from pipecat_voicelive.simulator.utterance import RATE_HZ

FRAMES_PER_S = 25

_CENTER, _UNIT = (0.5, 0.4), 0.245
_PHOTO_CENTER, _PHOTO_UNIT = (0.5, 0.46), 0.3
"""Where the face is in what is filmed, and the size of a face unit, by width and height, and by height."""
_FARTHEST, _NEAREST = 0.01, 100.0
"""Zooms beyond are drawn like these."""


@dataclass(slots=True)
class Performance:
    """The avatar of one session.

    Attributes:
        options: What it looks like.
        lines: What it says, and what it said last.
    """

    options: AvatarOptions
    lines: tuple[Line, ...] = ()
    _face: tuple[AvatarOptions, Face] | None = None

    def picture(self, at_s: float) -> tuple[I420, bool]:
        """The picture at a moment, and whether it differs from the one asked for before.

        To be called by one thread at a time; the array holds the picture until the next call.
        """
        options = self.options
        fresh = self._face is None or self._face[0] != options
        if self._face is None or fresh:
            self._face = (options, Face(options.character, view_of(options), options.background))
        picture, changed = self._face[1].draw(Expression.of(self._pose(at_s), options.amplitude))
        return picture, changed or fresh

    def sound(self, at_s: float, samples: int) -> NDArray[np.int16]:
        """The samples from a moment on, at 24 kHz."""
        sound = np.zeros(samples, np.int16)
        for line in self.lines:
            # Where the line begins and ends, in samples from the moment on.
            begins, ends = (round((s - at_s) * RATE_HZ) for s in (line.starts_s, line.ends_s))
            first, last = max(begins, 0), min(ends, samples, begins + len(line.utterance.pcm) // 2)
            if first < last:
                pcm = np.frombuffer(line.utterance.pcm, "<i2")
                sound[first:last] = pcm[first - begins : last - begins]
        return sound

    def _pose(self, at_s: float) -> NDArray[np.float64]:
        for line in self.lines:
            if line.starts_s <= at_s < line.ends_s:
                return _row(blendshape_frames(line.utterance), at_s - line.starts_s)
        idle = idle_frames()
        return _row(idle, at_s % (len(idle) / POSES_PER_S))


def _row(frames: Frames, at_s: float) -> NDArray[np.float64]:
    return frames[min(int(at_s * POSES_PER_S), len(frames) - 1)]


def view_of(options: AvatarOptions) -> View:
    """Where the face stands in the picture that is sent."""
    width, height = options.filmed
    (x, y), unit = (_PHOTO_CENTER, _PHOTO_UNIT) if options.photo else (_CENTER, _UNIT)
    center_x = width * (x + options.position[0] / 2)
    center_y = height * (y + options.position[1] / 2)
    left, top, right, bottom = options.crop
    scale_x, scale_y = options.size[0] / (right - left), options.size[1] / (bottom - top)
    return View(
        width=options.size[0],
        height=options.size[1],
        center_x=(center_x - left) * scale_x,
        center_y=(center_y - top) * scale_y,
        unit=height * unit * min(max(options.zoom, _FARTHEST), _NEAREST) * scale_y,
        roll_rad=options.roll_rad,
    )
