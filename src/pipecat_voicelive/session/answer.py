"""What comes out of one response: its brackets and its pieces, each bracket closed exactly once.

Announced ──▶ Open ──▶ Speaking ──▶ Over
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import TypeAlias

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.blendshapes import FRAME_RATE_HZ, BlendshapeFrames
from pipecat_voicelive.session.effects import (
    AnswerPart,
    AuditAudio,
    ResponseClosed,
    ResponseOpened,
    SpeechClosed,
    SpeechOpened,
    TextDelta,
)
from pipecat_voicelive.session.remote_effects import Annotation
from pipecat_voicelive.session.response import Wish
from pipecat_voicelive.session.timeline import Timeline


class Phase(Enum):
    """How far an answer has come."""

    ANNOUNCED = auto()
    OPEN = auto()
    SPEAKING = auto()
    OVER = auto()


Part: TypeAlias = (
    se.ResponseAudioDelta
    | se.ResponseAudioTranscriptDelta
    | se.ResponseTextDelta
    | se.ResponseAudioTimestampDelta
    | se.ResponseAnimationVisemeDelta
)
Out: TypeAlias = Iterator[ResponseOpened | SpeechOpened | AnswerPart | SpeechClosed | ResponseClosed]


_MOST = 2_000_000
"""How many characters of text, words and visemes an answer may have: more than an hour of speech has."""
_PART = 20
"""What a part counts beside its text."""


class Answer:
    """The output of one response, as signals."""

    def __init__(
        self,
        response_id: str,
        audio_format: AudioFormat,
        blendshape_rate_hz: float = FRAME_RATE_HZ,
        wish: Wish | None = None,
        *,
        elsewhere: bool = False,
        answers: bool = True,
    ) -> None:
        self.answers = answers
        self.response_id = response_id
        self.audio_format = audio_format = (wish.audio_format if wish else None) or audio_format
        self.in_conversation = wish is None or wish.in_conversation
        self.wish = wish
        self._speech = wish.speech if wish else None
        self.began = False
        self._written = False
        self._spoken = False
        self._phase = Phase.ANNOUNCED
        self._elsewhere = elsewhere
        self._timeline = Timeline(response_id, audio_format, blendshape_rate_hz, elsewhere=elsewhere)
        self._spoken_characters: dict[str, int] = {}
        self._weight = 0

    @property
    def heard_elsewhere(self) -> bool:
        """Whether it belongs to the conversation and is spoken elsewhere."""
        return self._elsewhere and self.in_conversation

    @property
    def has_speech(self) -> bool:
        """Whether anything is said, here or elsewhere."""
        return self._timeline.has_text or self._phase is Phase.SPEAKING

    @property
    def came_out(self) -> bool:
        """Whether anything of it was to be heard or read."""
        return self._spoken or self._written

    @property
    def next_ms(self) -> float | None:
        """Where something is to happen next in speech that is played elsewhere, None if it is not played."""
        return self._timeline.next_ms if self._phase is Phase.SPEAKING else None

    @property
    def end_ms(self) -> float:
        """Where what is known of its speech ends."""
        return self._timeline.end_ms

    def position(self, at_ms: float) -> tuple[str, float]:
        """The item that is being played, and how many milliseconds of it at that place of the response."""
        return self._timeline.position(at_ms)

    def has_room(self, event: Part) -> bool:
        """Whether this part can be kept with those that came: text, words and visemes are bounded."""
        match event:
            case se.ResponseAudioDelta():
                return True
            case se.ResponseAudioTranscriptDelta() | se.ResponseTextDelta():
                self._weight += _PART + len(event.delta)
            case se.ResponseAudioTimestampDelta():
                self._weight += _PART + len(event.text)
            case se.ResponseAnimationVisemeDelta():
                self._weight += _PART
        return self._weight <= _MOST

    def take(self, event: Part) -> Out:
        """A part of it comes."""
        match event:
            case se.ResponseAudioDelta():
                yield from self.audio(event.item_id, event.delta)
            case se.ResponseAudioTranscriptDelta():
                yield from self.text(event.item_id, event.delta, spoken=True)
            case se.ResponseTextDelta():
                yield from self.text(event.item_id, event.delta, spoken=False)
            case _ if self._phase is Phase.OVER:
                return
            case se.ResponseAudioTimestampDelta(item_id=item_id, text=word):
                yield from self._timeline.word(item_id, word, event.audio_offset_ms, event.audio_duration_ms)
            case se.ResponseAnimationVisemeDelta(item_id=item_id):
                yield from self._timeline.viseme(item_id, event.viseme_id, event.audio_offset_ms)

    def open(self) -> Out:
        """Something is coming."""
        if self._phase is Phase.ANNOUNCED:
            self._phase, self.began = Phase.OPEN, True
            yield ResponseOpened(self.response_id, self._speech)

    def begin_speech(self) -> Out:
        """It begins to be spoken elsewhere."""
        yield from self._speak()

    def heard(self, upto_ms: float) -> Out:
        """It was spoken elsewhere, this far."""
        if self._phase is Phase.SPEAKING:
            yield from self._timeline.heard(upto_ms)

    def audio(self, item_id: str, pcm: bytes) -> Out:
        """Audio. That of speech played elsewhere is only to be kept."""
        if self._elsewhere:
            yield from self.open()
            if self._phase is not Phase.OVER:
                yield AuditAudio(self.response_id, item_id, pcm)
            return
        yield from self._speak()
        if self._phase is Phase.SPEAKING:
            yield from self._timeline.audio(item_id, pcm)

    def text(self, item_id: str, delta: str, *, spoken: bool) -> Out:
        """Text, which is also spoken or not."""
        if not delta or self._phase is Phase.OVER:
            return
        yield from self.open()
        self._written = self._written or not spoken
        yield TextDelta(self.response_id, item_id, delta, spoken)
        if spoken:
            self._spoken_characters[item_id] = self._spoken_characters.get(item_id, 0) + len(delta)
            yield from self._timeline.text(item_id, delta)

    def annotation(self, event: se.ResponseAudioTranscriptAnnotationAdded) -> Out:
        """A citation for the text so far."""
        if self._phase is not Phase.OVER:
            yield from self.open()
            yield Annotation(
                self.response_id,
                event.item_id,
                event.content_index,
                event.annotation_index,
                event.annotation,
                text_offset=self._spoken_characters.get(event.item_id, 0),
            )

    def blendshapes(self, item_id: str, frames: BlendshapeFrames, frame_index: int) -> Out:
        """Frames of the face, `frame_index` of which came before."""
        if self._phase is not Phase.OVER:
            yield from self._timeline.blendshapes(item_id, frames, frame_index)

    def end_speech(self, *, complete: bool) -> Out:
        """No more audio. If it is complete, all that is left comes out, also what was spoken elsewhere."""
        if complete and self._phase is not Phase.OVER and (rest := list(self._timeline.finish())):
            yield from self._speak()
            yield from rest
        if self._phase is Phase.SPEAKING:
            self._phase = Phase.OPEN
            yield SpeechClosed(self.response_id)

    def close(self, *, interrupted: bool) -> Out:
        """The answer is over. Nothing comes out any more."""
        yield from self.end_speech(complete=False)
        if self._phase is Phase.OPEN:
            yield ResponseClosed(self.response_id, interrupted)
        self._phase = Phase.OVER

    def _speak(self) -> Out:
        yield from self.open()
        if self._phase is Phase.OPEN:
            self._phase, self._spoken = Phase.SPEAKING, True
            yield SpeechOpened(self.response_id, self.audio_format)
