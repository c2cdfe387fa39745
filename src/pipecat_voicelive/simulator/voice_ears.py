"""Sounds that are voices: what is loud enough to be heard, and a voice to the model that is asked. Pure.

    samples ──┬─ loudness ── sounds, 16 ms each ──────────┐
              └─ asked of a model (`Judge`) ── 32 ms each ─┴─▶ none, faint, or a voice

The model says whether, the loudness where: a model's probabilities lag behind a voice by 40 to 120 ms, and
its windows are long. A turn begins with frames in which both hear something; its first and last sounds are
those that can be heard and that the model does not rule out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.simulator.effects import Judge
from pipecat_voicelive.simulator.loudness import Sound

_FRAMES_PER_WINDOW = 2
_RULED_OUT = 0.02
"""Below this probability a sound is none of the voice's."""


class VoiceEars:
    """Asks a model about one stream of samples and combines what it says with the loudness.

    Args:
        stream: Names the stream to the model.
        rate_hz: Samples per second.
        threshold: The probability from which on a sound is a voice.
    """

    def __init__(self, stream: int, rate_hz: int, threshold: float) -> None:
        self.stream = stream
        self._rate_hz = rate_hz
        self._threshold = threshold
        self._sounds: deque[Sound] = deque()
        self._unasked: list[NDArray[np.int16]] = []
        self.unanswered = 0
        """How many questions are open."""

    def hear(self, samples: NDArray[np.int16], sounds: Sequence[Sound]) -> None:
        """Take samples, and the sounds of the frames that they complete."""
        self._unasked.append(samples)
        self._sounds += sounds

    def question(self) -> Judge | None:
        """What has been heard and the model was not asked about yet."""
        samples, self._unasked = self._unasked, []
        if not samples:
            return None
        self.unanswered += 1
        return Judge(self.stream, samples[0] if len(samples) == 1 else np.concatenate(samples), self._rate_hz)

    def judged(self, probabilities: Sequence[float]) -> list[Sound]:
        """The frames of the next windows: how likely they hold a voice is the answer to a question."""
        self.unanswered -= 1
        return [
            self._combined(self._sounds.popleft(), probability)
            for probability in probabilities
            for _ in range(_FRAMES_PER_WINDOW)
        ]

    def _combined(self, sound: Sound, probability: float) -> Sound:
        if not sound or probability < _RULED_OUT:
            return Sound.NONE
        return Sound.LOUD if probability >= self._threshold else Sound.FAINT
