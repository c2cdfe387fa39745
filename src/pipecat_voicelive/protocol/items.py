"""What a conversation consists of: items and their parts, responses, usage, errors.

The same shapes travel in both directions. An item is one flat struct whatever its `type`, because the
service adds item types between releases and an unknown one must not cost us the event that carries it.
Members that a type does not have are UNSET and never sent.

Shapes: https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from pipecat_voicelive.protocol.discreet import Discreet


class ItemContent(Discreet, frozen=True, omit_defaults=True, kw_only=True):
    """One part of a message.

    Attributes:
        type: "input_text", "input_audio" or "input_image" (user, system); "text" or "audio" (assistant).
        text: The text of a text part.
        transcript: What is said in an audio part; null until it is known.
        audio: Base64 audio of an audio part; the service leaves it out of most events.
        image_url: URL or data URI of an image part.
        url: Its name before 2026-06-01-preview; give `image_url`, and older versions are sent this.
        detail: "auto", "low" or "high", for an image part.
    """

    type: str
    text: str | UnsetType | None = UNSET
    transcript: str | UnsetType | None = UNSET
    audio: str | UnsetType | None = UNSET
    image_url: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET
    detail: str | UnsetType | None = UNSET

    @property
    def spoken_or_written(self) -> str:
        """The words of this part: its text or its transcript, "" if it has neither yet."""
        return (self.text or self.transcript or "") if self.type != "input_image" else ""


class ConversationItem(Discreet, frozen=True, omit_defaults=True, kw_only=True):
    """One item of the conversation: a message, a function call, its output, or a tool item.

    Attributes:
        type: "message", "function_call", "function_call_output", "mcp_call", "mcp_list_tools",
            "mcp_approval_request", "mcp_approval_response", "web_search_call", "file_search_call", ...
        id: Given by the client (kept as it is) or by the service.
        object: "realtime.item", from the service only.
        status: "in_progress", "completed" or "incomplete".
        role: "user", "system" or "assistant", for a message.
        content: Parts of a message.
        call_id: Ties a function call to its output.
        name: Function or tool name of a call.
        arguments: JSON text of a call's arguments, as the model wrote it.
        output: Result of a call, as text.
        server_label: MCP server of an MCP item.
        tools: Tools of an `mcp_list_tools` item.
        approval_request_id: The MCP approval request that is answered, or that allowed the call.
        approve: Answer to an MCP approval request.
        reason: Why an MCP approval was given or refused.
        error: What went wrong in an MCP call.
        queries: Queries of a file search.
        results: Results of a file search.
        agent_response_id: The answer of another agent that was called.
        action: What a web search does: searches, opens a page, finds something on it.
    """

    type: str
    id: str | UnsetType | None = UNSET
    object: str | UnsetType | None = UNSET
    status: str | UnsetType | None = UNSET
    role: str | UnsetType | None = UNSET
    content: list[ItemContent] | UnsetType | None = UNSET
    call_id: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    arguments: str | UnsetType | None = UNSET
    output: str | UnsetType | None = UNSET
    server_label: str | UnsetType | None = UNSET
    tools: list[Any] | UnsetType | None = UNSET
    approval_request_id: str | UnsetType | None = UNSET
    approve: bool | UnsetType | None = UNSET
    reason: str | UnsetType | None = UNSET
    error: Any = UNSET
    queries: list[str] | UnsetType | None = UNSET
    results: list[Any] | UnsetType | None = UNSET
    agent_response_id: str | UnsetType | None = UNSET
    action: dict[str, Any] | UnsetType | None = UNSET

    def __getitem__(self, member: str) -> Any:
        """Read a member as from a dict, the form Pipecat's built-in service hands to its listeners."""
        value = getattr(self, member, UNSET)
        if value is UNSET:
            raise KeyError(member)
        return value

    def get(self, member: str, default: Any = None) -> Any:
        """Read a member as from a dict; `default` if this item does not have it."""
        value = getattr(self, member, UNSET)
        return default if value is UNSET else value

    @property
    def words(self) -> str:
        """All the words of a message, its parts joined by a blank; "" for every other item."""
        parts = self.content or []
        return " ".join(filter(None, (part.spoken_or_written for part in parts)))


class CachedTokenDetails(Discreet, frozen=True, kw_only=True):
    """How the cached part of the input divides, in tokens."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0


class InputTokenDetails(Discreet, frozen=True, kw_only=True):
    """How the input of a response divides, in tokens."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0
    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens_details: CachedTokenDetails | None = None


class OutputTokenDetails(Discreet, frozen=True, kw_only=True):
    """How the output of a response divides, in tokens."""

    text_tokens: int = 0
    audio_tokens: int = 0
    reasoning_tokens: int | None = 0


class TokenUsage(Discreet, frozen=True, kw_only=True):
    """What a response cost, in tokens."""

    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: InputTokenDetails | None = None
    output_token_details: OutputTokenDetails | None = None


class Response(Discreet, frozen=True, kw_only=True):
    """A response as the service reports it when it is created and when it is done.

    Attributes:
        id: `resp_...`.
        object: "realtime.response".
        status: "in_progress", "completed", "cancelled", "incomplete" or "failed".
        status_details: Why it was cancelled (`reason`: turn_detected, client_cancelled), is incomplete
            (max_output_tokens, content_filter) or failed (`error`); null when completed.
        output: The items, without their audio.
        usage: Tokens; null until it is done.
        conversation_id: `conv_...`; "" in the cascaded pipeline.
        metadata: What the client gave with `response.create`: the one sure way to know its own response.
    """

    id: str
    object: str | None = None
    status: str | None = None
    status_details: Any = None
    output: list[ConversationItem] | None = None
    usage: TokenUsage | None = None
    conversation_id: str | None = None
    modalities: list[str] | None = None
    voice: Any = None
    output_audio_format: str | None = None
    temperature: float | None = None
    max_output_tokens: int | str | None = None
    metadata: dict[str, str] | None = None

    @property
    def status_reason(self) -> str:
        """The reason in `status_details`, or ""."""
        details = self.status_details
        reason: object = details.get("reason") if isinstance(details, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return reason if isinstance(reason, str) else ""


class SessionInfo(Discreet, frozen=True, kw_only=True):
    """The effective session, as the service reports it.

    Attributes:
        id: `sess_...`, constant while the connection lives.
        model: The resolved model, e.g. "gpt-realtime-global-standard" for "gpt-realtime".
        expires_at: Unix time in seconds at which the service ends the session, or None.
    """

    id: str | None = None
    object: str | None = None
    model: str | None = None
    expires_at: float | None = None
    modalities: list[str] | None = None
    instructions: str | None = None
    voice: Any = None
    input_audio_format: str | None = None
    input_audio_sampling_rate: int | None = None
    output_audio_format: str | None = None
    turn_detection: dict[str, Any] | None = None
    input_audio_transcription: dict[str, Any] | None = None
    input_audio_noise_reduction: dict[str, Any] | None = None
    input_audio_echo_cancellation: dict[str, Any] | None = None
    output_audio_timestamp_types: list[str] | None = None
    animation: dict[str, Any] | None = None
    avatar: dict[str, Any] | None = None
    agent: dict[str, Any] | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    temperature: float | None = None
    max_response_output_tokens: int | str | None = None
    reasoning_effort: str | None = None
    interim_response: dict[str, Any] | None = None
    include: list[str] | None = None
    metadata: dict[str, str] | None = None


class ErrorDetails(Discreet, frozen=True, kw_only=True):
    """What an `error` event says. Every member may be null.

    Attributes:
        message: For people; may quote what the client sent, so it is not for logs.
        type: "invalid_request_error" or "server_error".
        code: E.g. "response_cancel_not_active".
        param: The member of the request that is wrong.
        event_id: The client event that was refused, if it had an id.
    """

    message: str | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    event_id: str | None = None


class LogProbability(Discreet, frozen=True, kw_only=True):
    """How sure the transcription is of one token."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class TranscriptionWord(Discreet, frozen=True, kw_only=True):
    """A word of a transcription, with its place in the audio in milliseconds."""

    text: str
    offset_milliseconds: int = 0
    duration_milliseconds: int = 0


class TranscriptionPhrase(Discreet, frozen=True, kw_only=True):
    """A phrase of a transcription, with its place in the audio in milliseconds."""

    text: str
    offset_milliseconds: int = 0
    duration_milliseconds: int = 0
    words: list[TranscriptionWord] | None = None
    locale: str | None = None
    confidence: float | None = None
