"""What a session wants done: client events to send, and signals about the conversation.

Signals of one answer come bracketed and in this order; brackets close in any case:

    ResponseOpened
      SpeechOpened
        SpeechItem · SpokenText · Word · Viseme · Blendshapes · Audio    each at its place in the audio
      SpeechClosed
      TextDelta · Annotation                               as it comes, ahead of the audio
    ResponseClosed
    ResponseFinished · ToolCalls

Those about tools that the service runs itself are in `remote_effects`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.blendshapes import BlendshapeFrames
from pipecat_voicelive.protocol.client_events import ClientEvent
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem, ErrorDetails, Response, SessionInfo
from pipecat_voicelive.protocol.server_events import InputAudioTranscriptionCompleted
from pipecat_voicelive.session.inputs import Speak
from pipecat_voicelive.session.remote_effects import Annotation, RemoteSignal


@dataclass(frozen=True, slots=True)
class Send:
    """Write this event to the connection."""

    event: ClientEvent | RawEvent


@dataclass(frozen=True, slots=True)
class SummaryWanted:
    """Have this function summarise these items, and answer with `inputs.Summary`."""

    summary_id: str
    items: tuple[ConversationItem, ...] = field(repr=False)
    summarize: Callable[[Sequence[ConversationItem]], Awaitable[str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionReady:
    """The service took the options for the first time; audio and answers flow from here on."""

    session: SessionInfo


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The service took changed options."""

    session: SessionInfo


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """The service refused the options. Without any that it took, the session cannot be used.

    Attributes:
        fatal: No options were ever taken.
    """

    error: ErrorDetails
    fatal: bool


@dataclass(frozen=True, slots=True)
class UserSpeechStarted:
    """The service hears the caller; `audio_start_ms` counts the audio sent."""

    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class UserSpeechStopped:
    """The caller's turn is over; `audio_end_ms` counts the audio sent."""

    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class UserTranscriptPartial:
    """What the caller has said so far in this item; grows."""

    item_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserTranscript:
    """What the caller said in this item: once each, never empty, in the order it was said."""

    item_id: str
    text: str = field(repr=False)
    event: InputAudioTranscriptionCompleted


@dataclass(frozen=True, slots=True)
class UserTranscriptFailed:
    """What the caller said in this item will not be known."""

    item_id: str
    error: ErrorDetails | None


@dataclass(frozen=True, slots=True)
class ResponseOpened:
    """An answer begins.

    Attributes:
        speech: The intent, if it is what a `Speak` asked for; None for the model's own.
    """

    response_id: str
    speech: Speak | None = None


@dataclass(frozen=True, slots=True)
class SpeechOpened:
    """The answer begins to speak, in the session's output format or one of its own."""

    response_id: str
    audio_format: AudioFormat


@dataclass(frozen=True, slots=True)
class SpeechItem:
    """The audio that follows belongs to this item."""

    response_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio in the format that `SpeechOpened` names."""

    response_id: str
    item_id: str
    audio: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpokenText:
    """Text of the audio around it: exact with word timestamps, estimated from the length without."""

    response_id: str
    item_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A word begins here."""

    response_id: str
    item_id: str
    text: str = field(repr=False)
    audio_offset_ms: int
    audio_duration_ms: int


@dataclass(frozen=True, slots=True)
class Viseme:
    """The mouth takes this shape here."""

    response_id: str
    item_id: str
    viseme_id: int
    audio_offset_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Blendshapes:
    """The face moves like this from here on.

    Attributes:
        frames: One row a frame, its columns named by `protocol.blendshapes.BLENDSHAPES`.
        first_frame_index: How many frames of the response came before.
        audio_offset_ms: Where the first of them belongs in the response's audio.
    """

    response_id: str
    item_id: str
    frames: BlendshapeFrames = field(repr=False)
    first_frame_index: int
    audio_offset_ms: float


@dataclass(frozen=True, slots=True)
class AuditAudio:
    """Audio of an answer that an avatar speaks, in the session's output format: to be kept, not played."""

    response_id: str
    item_id: str
    audio: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpeechClosed:
    """All audio of the answer has come, or no more will."""

    response_id: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text of the answer as the model writes it.

    Attributes:
        spoken: Whether it is also spoken (then `SpokenText` repeats it in time with the audio).
    """

    response_id: str
    item_id: str
    delta: str = field(repr=False)
    spoken: bool


@dataclass(frozen=True, slots=True)
class ResponseClosed:
    """The answer is over."""

    response_id: str
    interrupted: bool


CUT_SHORT: Final = "cut_short"
"""The reason of a response whose end the service did not tell."""


@dataclass(frozen=True, slots=True)
class ResponseFinished:
    """A response is over: the service's last word on it, with status, items and usage.

    Comes once for each that was opened, interrupted ones too. If the connection is gone before the service
    says it, or another response takes its place, `response` has nothing but the id, the status "cancelled"
    and the `status_reason` `CUT_SHORT`.
    """

    response: Response


@dataclass(frozen=True, slots=True)
class AskAnswered:
    """A question out of band was answered; `response.status` says how well."""

    ask_id: str
    text: str = field(repr=False)
    response: Response


@dataclass(frozen=True, slots=True)
class AskDeferred:
    """A response out of band was cut short: it is asked for again in a pause, if anybody waits for it."""

    ask_id: str
    response: Response


@dataclass(frozen=True, slots=True)
class AskRefused:
    """The service refused a question; `ask_id` is "" if it is asked again, or nobody waits for it."""

    ask_id: str
    error: ErrorDetails


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a function; `arguments` is the JSON object that the model wrote."""

    call_id: str
    name: str
    arguments: dict[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """All calls of one response, to be run and each answered with `AnswerTool`."""

    response_id: str
    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """An event of a hosted agent that is not speech, as the agent wrote it."""

    delta: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemCreated:
    """An item entered the conversation."""

    item: ConversationItem


@dataclass(frozen=True, slots=True)
class ItemUpdated:
    """An item changed: it was transcribed (then `item` is None) or its response is done."""

    item_id: str
    item: ConversationItem | None


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """The service refused one request; the session goes on.

    Attributes:
        expected: Refusals that belong to ordinary turn taking, such as cancelling what has just ended.
    """

    error: ErrorDetails
    expected: bool


@dataclass(frozen=True, slots=True)
class AudioDropped:
    """Caller's audio was thrown away: more than a session may hold before it is ready, or a lost one kept."""

    duration_ms: float


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event that is not known or does not fit; told once for each type, of a hundred types at most.

    Attributes:
        type: The event's name, cut short if it is long, with "?" for what no name has; "" for none.
        problem: What does not fit, and where. It quotes nothing.
    """

    type: str
    problem: str


@dataclass(frozen=True, slots=True)
class OptionWithheld:
    """An option that was set is not sent, so that the service takes the rest. Told once for each.

    Attributes:
        option: Its path, such as "session.reasoning_effort", or that and a value.
        reason: Why, and what to do; for people and logs: it quotes no value that is not in a table.
    """

    option: str
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceWarning:
    """Something is not as asked for."""

    message: str = field(repr=False)
    code: str | None


@dataclass(frozen=True, slots=True)
class AvatarAnswer:
    """The avatar takes the peer connection that was offered: its answer, as plain SDP."""

    sdp: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AvatarSpeaking:
    """The avatar begins to speak. `turn_id` is the service's, if it says one."""

    turn_id: str | None


@dataclass(frozen=True, slots=True)
class AvatarIdle:
    """The avatar has stopped speaking."""

    turn_id: str | None


@dataclass(frozen=True, slots=True)
class AvatarVideo:
    """A piece of the avatar's video over the WebSocket: put together, all pieces are one fragmented MP4.

    Attributes:
        codec: As the service names it, e.g. "h264".
        data: The next bytes of the file, picture and sound; may be several MiB.
        output_index: The service's number of the output.
        base64: The same bytes as the text that came, for whoever hands them on as text.
    """

    codec: str
    data: bytes = field(repr=False)
    output_index: int
    base64: str = field(repr=False)


AnswerPart: TypeAlias = (
    SpeechItem | Audio | SpokenText | Word | Viseme | Blendshapes | AuditAudio | TextDelta | Annotation
)
"""Signals that an interruption makes void while they are undelivered."""

Signal: TypeAlias = (
    SessionReady
    | SessionChanged
    | SessionRefused
    | UserSpeechStarted
    | UserSpeechStopped
    | UserTranscriptPartial
    | UserTranscript
    | UserTranscriptFailed
    | ResponseOpened
    | SpeechOpened
    | AnswerPart
    | SpeechClosed
    | ResponseClosed
    | ResponseFinished
    | AskAnswered
    | AskDeferred
    | AskRefused
    | ToolCalls
    | AgentEvent
    | RemoteSignal
    | ItemCreated
    | ItemUpdated
    | AvatarAnswer
    | AvatarSpeaking
    | AvatarIdle
    | AvatarVideo
    | RequestRefused
    | AudioDropped
    | Unreadable
    | OptionWithheld
    | ServiceWarning
)
Effect: TypeAlias = Send | SummaryWanted | Signal
