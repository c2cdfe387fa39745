"""Frames that Pipecat has no class for: words, mouth shapes and face of the bot's speech; an agent's events.

Words, mouth shapes and blendshapes travel in the output transport's audio queue, between the pieces of audio
they belong to: they leave it when that audio is heard, and vanish with it when the bot is interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import DataFrame

from pipecat_voicelive.protocol.blendshapes import BlendshapeFrames
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.requests import response_properties


@dataclass
class VoiceLiveRespondFrame(DataFrame):
    """Have the model answer, with something otherwise in this one response.

    Queued like any other frame: what was said to the context before it is known to the answer.

    Attributes:
        properties: The overrides, or None for the session's options.
        additional_instructions: Said to the model after its instructions.

    Raises:
        ConfigurationError: The service would refuse the properties.
    """

    properties: ResponseProperties | None = None
    additional_instructions: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.properties is not None:
            self.properties = response_properties(self.properties)


@dataclass
class VoiceLiveWordFrame(DataFrame):
    """A word of the bot's speech, pushed where it begins.

    Attributes:
        text: The word, without spaces around it.
        audio_offset_ms: Where it begins, in milliseconds within the response's audio.
        audio_duration_ms: How long it lasts, in milliseconds.
        response_id: The response that speaks it.
        item_id: The assistant message it belongs to.
    """

    text: str = field(repr=False)
    audio_offset_ms: float
    audio_duration_ms: float
    response_id: str
    item_id: str


@dataclass
class VoiceLiveVisemeFrame(DataFrame):
    """A shape of the mouth, held until the next one.

    Attributes:
        viseme_id: 0 (silence) to 21, see `pipecat_voicelive.protocol.visemes`.
        audio_offset_ms: Where it begins, in milliseconds within the response's audio.
        response_id: The response that shows it.
        item_id: The assistant message it belongs to.
    """

    viseme_id: int
    audio_offset_ms: float
    response_id: str
    item_id: str


@dataclass
class VoiceLiveAnnotationFrame(DataFrame):
    """A citation for what the bot says, pushed where it comes in the text.

    Attributes:
        annotation: As the service wrote it, e.g. {"type": "url_citation", "url": ..., "title": ...}.
        text_offset: How many characters of the item's text had come before it.
        annotation_index: Its number within the content part, from 0.
        content_index: The content part.
        response_id: The response that cites.
        item_id: The assistant message it belongs to.
    """

    annotation: Any = field(repr=False)
    text_offset: int
    annotation_index: int
    content_index: int
    response_id: str
    item_id: str


@dataclass
class VoiceLiveVideoFrame(DataFrame):
    """The next piece of an avatar's video over the WebSocket; all pieces together are one fragmented MP4.

    Pieces must not be lost, so an interruption does not drop them.

    Attributes:
        data: The bytes, picture and sound; may be several MiB. The first begin the file (`ftyp`, `moov`).
        codec: As the service names it, e.g. "h264".
    """

    data: bytes = field(repr=False)
    codec: str
    interruptible: bool = field(default=False, init=False)

    def __str__(self) -> str:
        return f"{self.name}(codec: {self.codec}, size: {len(self.data)})"


@dataclass
class VoiceLiveAuditAudioFrame(DataFrame):
    """Audio of an answer that an avatar speaks (`output_audit_audio`): to be kept, not to be played.

    Attributes:
        audio: 16 bit PCM, mono, at the pipeline's output rate.
        sample_rate: That rate.
        response_id: The response.
        item_id: The assistant message it belongs to.
    """

    audio: bytes = field(repr=False)
    sample_rate: int
    response_id: str
    item_id: str


@dataclass
class VoiceLiveAgentEventFrame(DataFrame):
    """An event of a hosted agent that is not speech. An interruption does not drop it.

    Attributes:
        event: The JSON object, as the agent wrote it.
    """

    event: dict[str, Any] = field(repr=False)
    interruptible: bool = field(default=False, init=False)


@dataclass
class VoiceLiveBlendshapesFrame(DataFrame):
    """How the face moves for a tenth of a second or less.

    Attributes:
        frames: float32, read-only, of shape (n, 55): one row a frame, its columns named by
            `pipecat_voicelive.protocol.blendshapes.BLENDSHAPES`.
        first_frame_index: How many frames of the response came before.
        frame_rate_hz: Frames a second.
        audio_offset_ms: Where the first frame belongs, in milliseconds within the response's audio.
        response_id: The response that shows it.
        item_id: The assistant message it belongs to.
    """

    frames: BlendshapeFrames = field(repr=False)
    first_frame_index: int
    frame_rate_hz: float
    audio_offset_ms: float
    response_id: str
    item_id: str

    def __str__(self) -> str:
        return f"{self.name}(frames: {len(self.frames)}, offset: {self.audio_offset_ms:.0f} ms)"
