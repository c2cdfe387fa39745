"""A spoken message of a response: transcript, audio, word times and movements of the face as timed events.

Times and frames count from the start of the response's audio, over all its messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipecat_voicelive.protocol.audio import output_format
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.protocol.server_events import (
    KnownServerEvent,
    ResponseAnimationBlendshapesDelta,
    ResponseAnimationBlendshapesDone,
    ResponseAnimationVisemeDelta,
    ResponseAnimationVisemeDone,
    ResponseAudioDelta,
    ResponseAudioDone,
    ResponseAudioTimestampDelta,
    ResponseAudioTimestampDone,
    ResponseAudioTranscriptAnnotationAdded,
    ResponseAudioTranscriptDelta,
    ResponseAudioTranscriptDone,
    ResponseContentPartAdded,
    ResponseContentPartDone,
)
from pipecat_voicelive.simulator.blendshapes import FRAMES_PER_S, blendshape_frames
from pipecat_voicelive.simulator.conversation import ItemAudio, SpokenPiece
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.output_audio import encoded
from pipecat_voicelive.simulator.outputs import Place, Step, message_item, pieces_of
from pipecat_voicelive.simulator.scenario import Citation
from pipecat_voicelive.simulator.sources import API_REFERENCE, HOW_TO, LIVE_TESTS, SDK, VISEMES
from pipecat_voicelive.simulator.utterance import Utterance

CHUNK_MS = 150
"""Length of an audio delta."""

TRANSCRIPT_LEAD_MS = 600
"""How far the transcript runs ahead of the audio."""


@rule(
    "words-and-visemes",
    "Word times and visemes come within the answer, with the audio they belong to, and each ends with its "
    "done; they count from the start of the response's audio. Only Azure voices have them.",
    LIVE_TESTS.at("audio timestamps, visemes"),
    API_REFERENCE.at("response.audio_timestamp.delta"),
    HOW_TO.at("Azure voices"),
    topic=Topic.SPEECH_MARKS,
)
@dataclass(slots=True)
class SpokenOutput:
    """A message that is spoken.

    Attributes:
        place: Where it stands.
        text: What is said.
        audio_format: The `output_audio_format` it is sent in.
        with_words: Whether word times are sent.
        with_visemes: Whether mouth shapes are sent.
        with_blendshapes: Whether the movements of the whole face are sent.
        audio_before_ms: How much audio the response had before.
        citations: What it cites.
    """

    place: Place
    text: str
    audio_format: str | None
    with_words: bool
    with_visemes: bool
    with_blendshapes: bool = False
    audio_before_ms: float = 0.0
    citations: tuple[Citation, ...] = ()
    _pieces: tuple[SpokenPiece, ...] = ()
    _said: list[str] = field(default_factory=list[str])
    _audio: bytearray = field(default_factory=bytearray)

    def opening(self) -> list[KnownServerEvent]:
        """What is sent once the item is there."""
        part = ItemContent(type="audio", transcript="")
        return [ResponseContentPartAdded(**self.place.content, part=part)]

    def steps(self, utterance: Utterance) -> list[Step]:
        """The utterance as events; what belongs to a piece of audio stands before it."""
        self._pieces = _spoken_pieces(self.text, utterance)
        place, before_ms = self.place.content, self.audio_before_ms
        steps = list(self._transcript())
        if self.with_visemes:
            steps += [
                Step(
                    _chunk_start_ms(viseme.offset_ms),
                    ResponseAnimationVisemeDelta(
                        **place,
                        audio_offset_ms=round(before_ms + viseme.offset_ms),
                        viseme_id=viseme.viseme_id,
                    ),
                )
                for viseme in utterance.visemes
            ]
        if self.with_words:
            steps += [
                Step(
                    _chunk_start_ms(word.offset_ms),
                    ResponseAudioTimestampDelta(
                        **place,
                        audio_offset_ms=round(before_ms + word.offset_ms),
                        audio_duration_ms=round(word.duration_ms),
                        text=word.text,
                    ),
                )
                for word in utterance.words
            ]
        if self.with_blendshapes:
            steps += self._blendshapes(utterance)
        steps += [
            Step(index * CHUNK_MS, ResponseAudioDelta(**place, delta=chunk))
            for index, chunk in enumerate(encoded(utterance, self.audio_format, chunk_ms=CHUNK_MS))
        ]
        return sorted(steps, key=lambda step: step.at_ms)

    def _transcript(self) -> Iterator[Step]:
        """The text piece by piece, each citation behind the words that it is for."""
        place, said = self.place.content, ""
        for piece in self._pieces:
            at_ms, before = max(piece.offset_ms - TRANSCRIPT_LEAD_MS, 0), len(said)
            said += piece.text
            yield Step(at_ms, ResponseAudioTranscriptDelta(**place, delta=piece.text))
            for index, citation in enumerate(self.citations):
                end = self.text.index(citation.after) + len(citation.after)
                if before < end <= len(said):
                    yield Step(
                        at_ms,
                        ResponseAudioTranscriptAnnotationAdded(
                            **place, annotation_index=index, annotation=dict(citation.annotation)
                        ),
                    )

    @rule(
        "blendshape-frames",
        "Blendshapes come in batches before the audio they belong to, 55 values a frame, 60 frames a second; "
        "`frame_index` counts the frames before. They end with a done without `content_index`.",
        API_REFERENCE.at("response.animation_blendshapes.delta"),
        VISEMES.at("Blend shapes"),
        SDK.at("ServerEventResponseAnimationBlendshapeDelta"),
        topic=Topic.SPEECH_MARKS,
        conflict="the how-to page says that only visemes work.",
    )
    def _blendshapes(self, utterance: Utterance) -> Iterator[Step]:
        """A batch of frames for each piece of audio."""
        frames = blendshape_frames(utterance)
        frames_before = round(self.audio_before_ms * FRAMES_PER_S / 1000)
        size = CHUNK_MS * FRAMES_PER_S // 1000
        for start in range(0, len(frames), size):
            yield Step(
                start * 1000 / FRAMES_PER_S,
                ResponseAnimationBlendshapesDelta(
                    **self.place.content,
                    frames=frames[start : start + size].tolist(),
                    frame_index=frames_before + start,
                ),
            )

    def note(self, event: KnownServerEvent) -> None:
        """Remember what has been sent."""
        match event:
            case ResponseAudioTranscriptDelta(delta=delta):
                self._said.append(delta)
            case ResponseAudioDelta(delta=delta):
                self._audio += delta
            case _:
                pass

    def closing(self) -> list[KnownServerEvent]:
        """The events that end what was begun."""
        place, said = self.place.content, self.text_so_far
        return [
            *([ResponseAudioTimestampDone(**place)] if self.with_words else []),
            *([ResponseAnimationVisemeDone(**place)] if self.with_visemes else []),
            *([ResponseAnimationBlendshapesDone(**self.place.output)] if self.with_blendshapes else []),
            ResponseAudioDone(**place),
            ResponseAudioTranscriptDone(**place, transcript=said),
            ResponseContentPartDone(**place, part=ItemContent(type="audio", transcript=said)),
        ]

    def added_item(self, status: str) -> ConversationItem:
        """The item as it begins."""
        return message_item(self.place, status, None)

    def item(self, status: str) -> ConversationItem:
        """The item as it is now."""
        return message_item(self.place, status, ItemContent(type="audio", transcript=self.text_so_far))

    @property
    def text_so_far(self) -> str:
        """What has been said, in text; it runs ahead of the audio."""
        return "".join(self._said)

    @property
    def sent_ms(self) -> float:
        """How much audio has been sent."""
        return output_format(self.audio_format).duration_ms(len(self._audio))

    def sent_audio(self, *, with_data: bool) -> ItemAudio:
        """The audio that has been sent, for the conversation; its bytes only on request."""
        return ItemAudio(self.sent_ms, bytes(self._audio) if with_data else b"", self._pieces)


def _chunk_start_ms(offset_ms: float) -> float:
    return offset_ms // CHUNK_MS * CHUNK_MS


def _spoken_pieces(text: str, utterance: Utterance) -> tuple[SpokenPiece, ...]:
    """The pieces of a text, each at the place of the word that it belongs to."""
    tokens: list[str] = re.findall(r"\s*\S+", text.rstrip())
    if len(utterance.words) == len(tokens):
        offsets_ms = [word.offset_ms for word in utterance.words]
    else:
        offsets_ms = [utterance.duration_ms * index / len(tokens) for index in range(len(tokens))]
    return tuple(
        SpokenPiece(piece, offset_ms)
        for token, offset_ms in zip(tokens, offsets_ms, strict=True)
        for piece in pieces_of(token)
    )
