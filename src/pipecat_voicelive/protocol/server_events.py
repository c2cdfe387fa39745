"""Every event the service sends, one frozen type each.

`ServerEvent` is the union of all of them and of the two that stand for what could not be read:
`UnknownEvent` (a type this package has never heard of) and `MalformedEvent` (a known type with members
that do not fit, or no event at all). Reading never raises; see `codec.decode`.

Names are the wire's, in the order of the reference:
https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

from typing import Any, TypeAlias

from pipecat_voicelive.protocol.discreet import Discreet
from pipecat_voicelive.protocol.items import (
    ConversationItem,
    ErrorDetails,
    ItemContent,
    LogProbability,
    Response,
    SessionInfo,
    TranscriptionPhrase,
)


class _Event(Discreet, frozen=True, kw_only=True, tag_field="type"):
    event_id: str | None = None

    @property
    def type(self) -> str:
        """The event's name on the wire."""
        return str(self.__struct_config__.tag)


class _OfItem(_Event, frozen=True, kw_only=True):
    item_id: str


class _OfOutput(_OfItem, frozen=True, kw_only=True):
    response_id: str
    output_index: int = 0


class _OfContent(_OfOutput, frozen=True, kw_only=True):
    content_index: int = 0


# --- session -----------------------------------------------------------------------------------------


class SessionCreated(_Event, frozen=True, kw_only=True, tag="session.created"):
    """First event of a connection; the upstream model's defaults, not yet Voice Live's."""

    session: SessionInfo


class SessionUpdated(_Event, frozen=True, kw_only=True, tag="session.updated"):
    """A `session.update` was accepted; the whole effective session. Avatars may cause further ones."""

    session: SessionInfo


class Error(_Event, frozen=True, kw_only=True, tag="error"):
    """A request was refused, or the session failed (then the socket closes too)."""

    error: ErrorDetails


class WarningDetails(Discreet, frozen=True, kw_only=True):
    """What a `warning` event says."""

    message: str | None = None
    code: str | None = None
    param: str | None = None


class Warning(_Event, frozen=True, kw_only=True, tag="warning"):  # noqa: A001 - the wire's name
    """Something is not as asked for; the session goes on."""

    warning: WarningDetails


class RateLimitsUpdated(_Event, frozen=True, kw_only=True, tag="rate_limits.updated"):
    """What is left of the rate limits. Documented; in no recording so far."""

    rate_limits: list[dict[str, Any]] | None = None


# --- what was heard ----------------------------------------------------------------------------------


class InputAudioBufferSpeechStarted(
    _OfItem, frozen=True, kw_only=True, tag="input_audio_buffer.speech_started"
):
    """The service's turn detection heard speech.

    Attributes:
        audio_start_ms: Where it began, in ms of appended audio, prefix padding included.
        item_id: The user item that will hold it.
    """

    audio_start_ms: int = 0


class InputAudioBufferSpeechStopped(
    _OfItem, frozen=True, kw_only=True, tag="input_audio_buffer.speech_stopped"
):
    """The turn is over; `audio_end_ms` counts appended audio, trailing silence included."""

    audio_end_ms: int = 0


class InputAudioBufferCommitted(_OfItem, frozen=True, kw_only=True, tag="input_audio_buffer.committed"):
    """The buffered audio became an item, by turn detection or by a commit."""

    previous_item_id: str | None = None


class InputAudioBufferCleared(_Event, frozen=True, kw_only=True, tag="input_audio_buffer.cleared"):
    """The buffered audio was thrown away, as asked."""


class InputAudioTranscriptionDelta(
    _OfItem,
    frozen=True,
    kw_only=True,
    tag="conversation.item.input_audio_transcription.delta",
):
    """A further piece of the transcript of one user item."""

    content_index: int | None = 0
    delta: str | None = None
    logprobs: list[LogProbability] | None = None


class InputAudioTranscriptionCompleted(
    _OfItem,
    frozen=True,
    kw_only=True,
    tag="conversation.item.input_audio_transcription.completed",
):
    """The transcript of one user item.

    Cascaded models send it before the item exists, native ones after the answer has begun. It may come
    twice, the second time empty.
    """

    content_index: int | None = 0
    transcript: str = ""
    language: str | None = None
    logprobs: list[LogProbability] | None = None
    phrases: list[TranscriptionPhrase] | None = None


class InputAudioTranscriptionFailed(
    _OfItem,
    frozen=True,
    kw_only=True,
    tag="conversation.item.input_audio_transcription.failed",
):
    """There will be no transcript of this user item."""

    content_index: int | None = 0
    error: ErrorDetails | None = None


# --- the conversation --------------------------------------------------------------------------------


class ConversationItemCreated(_Event, frozen=True, kw_only=True, tag="conversation.item.created"):
    """An item entered the conversation, whoever made it. No previous item: null or ""."""

    item: ConversationItem
    previous_item_id: str | None = None


class ConversationItemDone(_Event, frozen=True, kw_only=True, tag="conversation.item.done"):
    """A user audio item is complete. Recorded with native models only, right after its created event."""

    item: ConversationItem
    previous_item_id: str | None = None


class ConversationItemRetrieved(_Event, frozen=True, kw_only=True, tag="conversation.item.retrieved"):
    """The answer to `conversation.item.retrieve`; audio parts may carry their audio."""

    item: ConversationItem


class ConversationItemTruncated(_OfItem, frozen=True, kw_only=True, tag="conversation.item.truncated"):
    """An assistant item was cut, by request or by the service (`auto_truncate`)."""

    content_index: int = 0
    audio_end_ms: int = 0


class ConversationItemDeleted(_OfItem, frozen=True, kw_only=True, tag="conversation.item.deleted"):
    """An item left the conversation, as asked."""


# --- responses ---------------------------------------------------------------------------------------


class ResponseCreated(_Event, frozen=True, kw_only=True, tag="response.created"):
    """A response begins: one we asked for (its metadata says so) or one of the turn detection's."""

    response: Response


class ResponseDone(_Event, frozen=True, kw_only=True, tag="response.done"):
    """A response is over, whatever its status. Always its last event."""

    response: Response


class ResponseOutputItemAdded(_Event, frozen=True, kw_only=True, tag="response.output_item.added"):
    """A response begins an item, still empty."""

    response_id: str
    item: ConversationItem
    output_index: int = 0


class ResponseOutputItemDone(_Event, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item of a response is whole, or cut short (`status`)."""

    response_id: str
    item: ConversationItem
    output_index: int = 0


class ResponseContentPartAdded(_OfContent, frozen=True, kw_only=True, tag="response.content_part.added"):
    """A message item begins a part, still empty."""

    part: ItemContent


class ResponseContentPartDone(_OfContent, frozen=True, kw_only=True, tag="response.content_part.done"):
    """A part is whole. A text part has been recorded with an empty `text` here."""

    part: ItemContent


class ResponseTextDelta(_OfContent, frozen=True, kw_only=True, tag="response.text.delta"):
    """Text of a response that is not spoken."""

    delta: str


class ResponseTextDone(_OfContent, frozen=True, kw_only=True, tag="response.text.done"):
    """The whole text of a part that is not spoken."""

    text: str = ""


class ResponseAudioTranscriptDelta(
    _OfContent, frozen=True, kw_only=True, tag="response.audio_transcript.delta"
):
    """Text of what is spoken; runs ahead of the audio."""

    delta: str


class ResponseAudioTranscriptDone(
    _OfContent, frozen=True, kw_only=True, tag="response.audio_transcript.done"
):
    """The whole text of what is spoken."""

    transcript: str = ""


class ResponseAudioDelta(_OfContent, frozen=True, kw_only=True, tag="response.audio.delta"):
    """Audio, decoded from base64, in the session's output format; faster than real time."""

    delta: bytes


class ResponseAudioDone(_OfContent, frozen=True, kw_only=True, tag="response.audio.done"):
    """All audio of a part was sent."""


class ResponseFunctionCallArgumentsDelta(
    _OfOutput, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"
):
    """A piece of a function call's arguments."""

    call_id: str = ""
    delta: str = ""


class ResponseFunctionCallArgumentsDone(
    _OfOutput, frozen=True, kw_only=True, tag="response.function_call_arguments.done"
):
    """A function call's arguments, as the JSON text that the model wrote."""

    call_id: str
    arguments: str = ""
    name: str | None = None


# --- words, mouth and face ---------------------------------------------------------------------------


class ResponseAudioTimestampDelta(
    _OfContent, frozen=True, kw_only=True, tag="response.audio_timestamp.delta"
):
    """A word's place in the audio, in ms from the start of the response's audio (Azure voices)."""

    audio_offset_ms: int
    audio_duration_ms: int = 0
    text: str = ""
    timestamp_type: str = "word"


class ResponseAudioTimestampDone(_OfContent, frozen=True, kw_only=True, tag="response.audio_timestamp.done"):
    """All words were sent."""


class ResponseAnimationVisemeDelta(
    _OfContent, frozen=True, kw_only=True, tag="response.animation_viseme.delta"
):
    """The mouth takes a shape, in ms from the start of the response's audio; see `visemes`."""

    audio_offset_ms: int
    viseme_id: int


class ResponseAnimationVisemeDone(
    _OfContent, frozen=True, kw_only=True, tag="response.animation_viseme.done"
):
    """All visemes were sent."""


class ResponseAnimationBlendshapesDelta(
    _OfContent, frozen=True, kw_only=True, tag="response.animation_blendshapes.delta"
):
    """A batch of facial frames; `frame_index` counts the frames sent before it."""

    frames: list[list[float]] | str
    frame_index: int = 0


class ResponseAnimationBlendshapesDone(
    _OfOutput, frozen=True, kw_only=True, tag="response.animation_blendshapes.done"
):
    """All facial frames were sent."""


class SessionAvatarConnecting(_Event, frozen=True, kw_only=True, tag="session.avatar.connecting"):
    """The service's SDP answer: base64 of `{"type": "answer", "sdp": ...}`."""

    server_sdp: str


class SessionAvatarSwitchToSpeaking(
    _Event, frozen=True, kw_only=True, tag="session.avatar.switch_to_speaking"
):
    """The avatar begins to speak."""

    turn_id: str | None = None


class SessionAvatarSwitchToIdle(_Event, frozen=True, kw_only=True, tag="session.avatar.switch_to_idle"):
    """The avatar is at rest again."""

    turn_id: str | None = None


class ResponseVideoDelta(_Event, frozen=True, kw_only=True, tag="response.video.delta"):
    """A piece of the avatar's video, base64; may be megabytes."""

    delta: str
    codec: str | None = None
    output_index: int = 0


class OutputAudioBufferCleared(_Event, frozen=True, kw_only=True, tag="output_audio_buffer.cleared"):
    """The avatar's pending audio was thrown away, as asked."""


class OutputAudioBufferStarted(_Event, frozen=True, kw_only=True, tag="output_audio_buffer.started"):
    """The avatar's audio begins to play (preview)."""

    response_id: str | None = None


class OutputAudioBufferStopped(_Event, frozen=True, kw_only=True, tag="output_audio_buffer.stopped"):
    """The avatar's audio has been played (preview)."""

    response_id: str | None = None


# --- tools and agents on the service's side ----------------------------------------------------------


class McpListToolsInProgress(_OfItem, frozen=True, kw_only=True, tag="mcp_list_tools.in_progress"):
    """The service asks an MCP server for its tools."""


class McpListToolsCompleted(_OfItem, frozen=True, kw_only=True, tag="mcp_list_tools.completed"):
    """The tools are in the `mcp_list_tools` item."""


class McpListToolsFailed(_OfItem, frozen=True, kw_only=True, tag="mcp_list_tools.failed"):
    """The MCP server could not be asked."""


class ResponseMcpCallArgumentsDelta(
    _OfOutput, frozen=True, kw_only=True, tag="response.mcp_call_arguments.delta"
):
    """A piece of an MCP call's arguments."""

    delta: str = ""
    obfuscation: str | None = None


class ResponseMcpCallArgumentsDone(
    _OfOutput, frozen=True, kw_only=True, tag="response.mcp_call_arguments.done"
):
    """An MCP call's arguments; the call may still need approval."""

    arguments: str | None = None


class _OfMcpCall(_OfItem, frozen=True, kw_only=True):
    output_index: int = 0


class ResponseMcpCallInProgress(_OfMcpCall, frozen=True, kw_only=True, tag="response.mcp_call.in_progress"):
    """The service runs an MCP call."""


class ResponseMcpCallCompleted(_OfMcpCall, frozen=True, kw_only=True, tag="response.mcp_call.completed"):
    """An MCP call succeeded; its output is in the item."""


class ResponseMcpCallFailed(_OfMcpCall, frozen=True, kw_only=True, tag="response.mcp_call.failed"):
    """An MCP call failed."""


class _OfSearch(_OfOutput, frozen=True, kw_only=True):
    sequence_number: int = 0


class ResponseWebSearchCallInProgress(
    _OfSearch, frozen=True, kw_only=True, tag="response.web_search_call.in_progress"
):
    """An agent's web search begins."""


class ResponseWebSearchCallSearching(
    _OfSearch, frozen=True, kw_only=True, tag="response.web_search_call.searching"
):
    """An agent's web search runs."""


class ResponseWebSearchCallCompleted(
    _OfSearch, frozen=True, kw_only=True, tag="response.web_search_call.completed"
):
    """An agent's web search is over."""


class ResponseFileSearchCallInProgress(
    _OfSearch, frozen=True, kw_only=True, tag="response.file_search_call.in_progress"
):
    """An agent's file search begins."""


class ResponseFileSearchCallSearching(
    _OfSearch, frozen=True, kw_only=True, tag="response.file_search_call.searching"
):
    """An agent's file search runs."""


class ResponseFileSearchCallCompleted(
    _OfSearch, frozen=True, kw_only=True, tag="response.file_search_call.completed"
):
    """An agent's file search is over."""


class ResponseAudioTranscriptAnnotationAdded(
    _OfContent, frozen=True, kw_only=True, tag="response.audio_transcript.annotation.added"
):
    """A citation for what is spoken."""

    annotation_index: int = 0
    annotation: Any = None


class ResponseInvocationDelta(_Event, frozen=True, kw_only=True, tag="response.invocation.delta"):
    """An event of a hosted agent that is not speech."""

    delta: dict[str, Any] | None = None


class ResponseFoundryAgentCallArgumentsDelta(
    _OfOutput, frozen=True, kw_only=True, tag="response.foundry_agent_call_arguments.delta"
):
    """A piece of what another agent is asked."""

    delta: str = ""


class ResponseFoundryAgentCallArgumentsDone(
    _OfOutput, frozen=True, kw_only=True, tag="response.foundry_agent_call_arguments.done"
):
    """What another agent is asked."""

    arguments: str | None = None


class _OfAgentCall(_OfMcpCall, frozen=True, kw_only=True):
    agent_response_id: str | None = None


class ResponseFoundryAgentCallInProgress(
    _OfAgentCall, frozen=True, kw_only=True, tag="response.foundry_agent_call.in_progress"
):
    """Another agent is at work."""


class ResponseFoundryAgentCallCompleted(
    _OfAgentCall, frozen=True, kw_only=True, tag="response.foundry_agent_call.completed"
):
    """Another agent has answered."""


class ResponseFoundryAgentCallFailed(
    _OfAgentCall, frozen=True, kw_only=True, tag="response.foundry_agent_call.failed"
):
    """Another agent could not answer."""


# --- what could not be read --------------------------------------------------------------------------


class UnknownEvent(Discreet, frozen=True, kw_only=True):
    """An event of a type this package does not know. Its content is kept but never logged."""

    type: str
    members: dict[str, Any]


class MalformedEvent(Discreet, frozen=True, kw_only=True):
    """A message that is no event, or a known event with members that do not fit.

    Attributes:
        type: The event's type, or "" if the message has none.
        problem: What does not fit and where, without any content.
    """

    type: str
    problem: str


KnownServerEvent: TypeAlias = (
    SessionCreated
    | SessionUpdated
    | Error
    | Warning
    | RateLimitsUpdated
    | InputAudioBufferSpeechStarted
    | InputAudioBufferSpeechStopped
    | InputAudioBufferCommitted
    | InputAudioBufferCleared
    | InputAudioTranscriptionDelta
    | InputAudioTranscriptionCompleted
    | InputAudioTranscriptionFailed
    | ConversationItemCreated
    | ConversationItemDone
    | ConversationItemRetrieved
    | ConversationItemTruncated
    | ConversationItemDeleted
    | ResponseCreated
    | ResponseDone
    | ResponseOutputItemAdded
    | ResponseOutputItemDone
    | ResponseContentPartAdded
    | ResponseContentPartDone
    | ResponseTextDelta
    | ResponseTextDone
    | ResponseAudioTranscriptDelta
    | ResponseAudioTranscriptDone
    | ResponseAudioDelta
    | ResponseAudioDone
    | ResponseFunctionCallArgumentsDelta
    | ResponseFunctionCallArgumentsDone
    | ResponseAudioTimestampDelta
    | ResponseAudioTimestampDone
    | ResponseAnimationVisemeDelta
    | ResponseAnimationVisemeDone
    | ResponseAnimationBlendshapesDelta
    | ResponseAnimationBlendshapesDone
    | SessionAvatarConnecting
    | SessionAvatarSwitchToSpeaking
    | SessionAvatarSwitchToIdle
    | ResponseVideoDelta
    | OutputAudioBufferCleared
    | OutputAudioBufferStarted
    | OutputAudioBufferStopped
    | McpListToolsInProgress
    | McpListToolsCompleted
    | McpListToolsFailed
    | ResponseMcpCallArgumentsDelta
    | ResponseMcpCallArgumentsDone
    | ResponseMcpCallInProgress
    | ResponseMcpCallCompleted
    | ResponseMcpCallFailed
    | ResponseWebSearchCallInProgress
    | ResponseWebSearchCallSearching
    | ResponseWebSearchCallCompleted
    | ResponseFileSearchCallInProgress
    | ResponseFileSearchCallSearching
    | ResponseFileSearchCallCompleted
    | ResponseAudioTranscriptAnnotationAdded
    | ResponseInvocationDelta
    | ResponseFoundryAgentCallArgumentsDelta
    | ResponseFoundryAgentCallArgumentsDone
    | ResponseFoundryAgentCallInProgress
    | ResponseFoundryAgentCallCompleted
    | ResponseFoundryAgentCallFailed
)
ServerEvent: TypeAlias = KnownServerEvent | UnknownEvent | MalformedEvent
