"""What the caller says: appended audio, cut into turns by the turn detection or by the client."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pipecat_voicelive.simulator.caller_voice import CallerVoice, Samples
from pipecat_voicelive.simulator.conversation_errors import commit_empty
from pipecat_voicelive.simulator.echo import EchoCanceller
from pipecat_voicelive.simulator.effects import Judge
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.input_audio import InputAudioBuffer, InputFormat
from pipecat_voicelive.simulator.loudness import FRAME_MS, LoudnessMeter, Sound
from pipecat_voicelive.simulator.turn_detection import (
    SpeechStarted,
    SpeechStopped,
    TurnDetector,
    TurnSettings,
)
from pipecat_voicelive.simulator.voice_ears import VoiceEars

_MINIMUM_COMMIT_MS = 100.0
_SPARE_MS = 200
"""Kept before the earliest possible start of a turn."""


@dataclass(frozen=True, slots=True)
class TurnBegan:
    """The caller began to speak."""

    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The caller has finished.

    Attributes:
        item_id: As when the turn began; a fresh one for audio that the client committed.
        audio_end_ms: Where the turn ends in the audio appended since the session began.
        duration_ms: How long it is.
        pcm: Its audio, 16 bit at the input rate.
    """

    item_id: str
    audio_end_ms: int
    duration_ms: float
    pcm: bytes


Heard: TypeAlias = TurnBegan | TurnEnded


class CallerAudio:
    """The input audio buffer of a session and the turn detection on it.

    Args:
        audio_format: What is appended.
        settings: How turns are found; None if the client makes them.
        patience_ms: Tells how much more silence than set it takes to end the turn that is going on.
        voice: The simulated caller, who is heard beside what is appended.
        asks_model: Whether a model is asked what is a voice. `question` tells what to ask after each append.
    """

    def __init__(
        self,
        audio_format: InputFormat,
        settings: TurnSettings | None,
        patience_ms: Callable[[], int],
        voice: CallerVoice,
        *,
        asks_model: bool = False,
    ) -> None:
        self._voice = voice
        self._asks_model = asks_model
        self._streams = itertools.count(1)
        self._patience_ms = patience_ms
        self._format = audio_format
        self._settings = settings
        self._echo = EchoCanceller(audio_format.audio.rate_hz)
        self._buffer = InputAudioBuffer(audio_format.audio.rate_hz)
        self._meter, self._ears, self._detector = self._new_ears()
        self._turn: TurnBegan | None = None

    def configure(self, audio_format: InputFormat, settings: TurnSettings | None) -> None:
        """Go on with other options; the same ones change nothing, not even a turn in progress."""
        if (audio_format, settings) == (self._format, self._settings):
            return
        if audio_format.audio.rate_hz != self._format.audio.rate_hz:
            self._buffer.change_rate(audio_format.audio.rate_hz)
            self._echo = EchoCanceller(audio_format.audio.rate_hz)
        self._voice.configure(audio_format)
        self._format, self._settings = audio_format, settings
        self._meter, self._ears, self._detector = self._new_ears()
        self._turn = None

    @property
    def speaks(self) -> bool:
        """Whether a turn is going on."""
        return self._turn is not None

    def append(self, data: bytes) -> Iterator[Heard]:
        """Take audio in the input format, and tell what it shows, in order; to be taken to the end.

        Raises:
            RefusedError: `data` is no whole number of samples.
        """
        samples, played = self._format.decode(data)
        if played is not None:
            samples = self._echo.clean(samples, played)
        yield from self.hear(samples)

    def append_silence(self, count: int) -> Iterator[Heard]:
        """Take samples of silence, over which the simulated caller may be heard; see `append`."""
        yield from self.hear(np.zeros(count, dtype=np.int16))

    def hear(self, samples: Samples) -> Iterator[Heard]:
        """Take samples of the microphone; see `append`."""
        samples = self._voice.over(samples, self._buffer.end_ms)
        self._buffer.append(samples)
        if self._meter is None:
            return
        sounds = self._meter.measure(samples)
        if self._ears is None:
            yield from self._found(sounds)
        else:
            self._ears.hear(samples, sounds)

    @property
    def waits(self) -> bool:
        """Whether a question is open."""
        return self._ears is not None and self._ears.unanswered > 0

    def question(self) -> Judge | None:
        """What is to be asked about the samples heard since the last question."""
        return None if self._ears is None else self._ears.question()

    def judged(self, stream: int, probabilities: Sequence[float]) -> Iterator[Heard]:
        """Take the answer to a question, and tell what it shows; see `append`."""
        if self._ears is not None and self._ears.stream == stream:
            yield from self._found(self._ears.judged(probabilities))

    def _found(self, sounds: Sequence[Sound]) -> Iterator[Heard]:
        if self._detector is None or self._settings is None:
            return
        for detection in self._detector.feed(sounds):
            match detection:
                case SpeechStarted(audio_start_ms):
                    self._turn = TurnBegan(new_id("item_", 21), audio_start_ms)
                    yield self._turn
                case SpeechStopped(audio_end_ms):
                    yield self._end_turn(audio_end_ms)
        if self._turn is None:
            kept_ms = self._settings.prefix_padding_ms + self._settings.speech_duration_ms + _SPARE_MS
            self._buffer.drop_until(self._detector.position_ms - kept_ms)

    def commit(self) -> TurnEnded:
        """Make a turn of all that is buffered, as the client asks.

        Raises:
            RefusedError: There is too little.
        """
        if self._buffer.duration_ms < _MINIMUM_COMMIT_MS:
            raise commit_empty(self._buffer.duration_ms)
        return self._end_turn(math.ceil(self._buffer.end_ms))

    def clear(self) -> None:
        """Throw everything away, with the turn in progress."""
        self._buffer.clear()
        self._forget_turn()

    def _end_turn(self, audio_end_ms: int) -> TurnEnded:
        turn = self._turn or TurnBegan(new_id("item_", 21), 0)
        pcm = self._buffer.take_until(audio_end_ms, start_ms=turn.audio_start_ms)
        self._forget_turn()
        duration_ms = len(pcm) / 2 * 1000 / self._format.audio.rate_hz
        return TurnEnded(turn.item_id, audio_end_ms, duration_ms, pcm)

    def _forget_turn(self) -> None:
        self._turn = None
        if self._detector is not None:
            self._detector.forget_turn()

    def _new_ears(self) -> tuple[LoudnessMeter | None, VoiceEars | None, TurnDetector | None]:
        if self._settings is None:
            return None, None, None
        audio = self._format.audio
        meter = LoudnessMeter(
            audio.rate_hz, self._settings.threshold_dbfs, a_law=audio.encoding == "g711_alaw"
        )
        ears = (
            VoiceEars(next(self._streams), audio.rate_hz, self._settings.threshold)
            if self._asks_model
            else None
        )
        start_ms = int(self._buffer.end_ms) // FRAME_MS * FRAME_MS
        return meter, ears, TurnDetector(self._settings, start_ms=start_ms, patience_ms=self._patience_ms)
