"""Every event a client sends, one frozen type each; `ClientEvent` is their union.

`event_id` is optional on all of them. The service quotes it when it refuses the event and nowhere else.
Members left UNSET are not sent; None is sent as null.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import UNSET, UnsetType

from pipecat_voicelive.protocol.discreet import Discreet
from pipecat_voicelive.protocol.items import ConversationItem


class _Event(Discreet, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    event_id: str | UnsetType = UNSET

    @property
    def type(self) -> str:
        """The event's name on the wire."""
        return str(self.__struct_config__.tag)


class SessionUpdateEvent(_Event, frozen=True, kw_only=True, tag="session.update"):
    """Set the session's options. Always the whole session: absent members may fall back to defaults."""

    session: dict[str, Any]


class InputAudioBufferAppendEvent(_Event, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    """Add audio to the input buffer: raw bytes in the session's input format, at most 15 MiB."""

    audio: bytes


class InputAudioBufferCommitEvent(_Event, frozen=True, kw_only=True, tag="input_audio_buffer.commit"):
    """Make a user item of the buffered audio. Asks for no response."""


class InputAudioBufferClearEvent(_Event, frozen=True, kw_only=True, tag="input_audio_buffer.clear"):
    """Throw the buffered audio away."""


class InputTextDeltaEvent(_Event, frozen=True, kw_only=True, tag="input_text.delta"):
    """Add text to an existing user item, piece by piece.

    2026-06-01-preview has no `id`: there the text makes an item of its own.
    """

    id: str | UnsetType = UNSET
    delta: str
    content_index: int | UnsetType = UNSET


class InputTextDoneEvent(_Event, frozen=True, kw_only=True, tag="input_text.done"):
    """No more text for this user item."""

    id: str | UnsetType = UNSET
    content_index: int | UnsetType = UNSET


class ConversationItemCreateEvent(_Event, frozen=True, kw_only=True, tag="conversation.item.create"):
    """Add an item. `previous_item_id`: absent = at the end, "root" = first."""

    item: ConversationItem
    previous_item_id: str | UnsetType | None = UNSET


class ConversationItemRetrieveEvent(_Event, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    """Ask for an item as the service holds it."""

    item_id: str


class ConversationItemTruncateEvent(_Event, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    """Cut an assistant item to what was heard: `audio_end_ms` of its own audio."""

    item_id: str
    content_index: int
    audio_end_ms: int


class ConversationItemDeleteEvent(_Event, frozen=True, kw_only=True, tag="conversation.item.delete"):
    """Take an item out of the conversation."""

    item_id: str


class ResponseProperties(Discreet, frozen=True, kw_only=True, omit_defaults=True):
    """Overrides for one response; what is UNSET is as in the session.

    Attributes:
        modalities: ["text", "audio"], or ["text"] for one that is not spoken. Some models take one only.
        instructions: Instead of the session's.
        voice: A voice class, a dict, or the name of an OpenAI voice.
        output_audio_format: As in the session's options; the audio is played as what it is.
        tools: Instead of the session's: `FunctionTool`, `MCPServer` or dicts.
        tool_choice: "auto", "none", "required", `ToolChoiceFunction`, or {"type": "function", "name": ...}.
        temperature: Sampling temperature.
        max_output_tokens: 1 to 4096, or "inf".
        reasoning_effort: "none", "minimal", "low", "medium", "high" or "xhigh" (reasoning models).
        interim_response: `StaticInterimResponse`, `LlmInterimResponse` or a dict.
        conversation: "auto", or "none" for a response that leaves the conversation alone.
        metadata: At most 15 pairs (64/512 characters); comes back in the response's events.
        pre_generated_assistant_message: An assistant message with one text part, spoken as it is.
        invoke_input: For a hosted agent of the Invocations protocol.
        commit: Whether the response joins the conversation (the default). Schema only.
        cancel_previous: Whether a running response is cancelled for it. Schema only: a request was seen to
            be refused while one runs, so none is sent before it is over.
        append_input_items: Items to look at besides the conversation. Schema only.
        input_items: Items to look at instead of the conversation; [] for nothing. Schema only.
    """

    modalities: list[str] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    voice: Any = UNSET
    output_audio_format: str | UnsetType = UNSET
    tools: list[Any] | UnsetType = UNSET
    tool_choice: Any = UNSET
    temperature: float | UnsetType = UNSET
    max_output_tokens: int | str | UnsetType = UNSET
    reasoning_effort: str | UnsetType = UNSET
    interim_response: Any = UNSET
    conversation: str | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    pre_generated_assistant_message: ConversationItem | UnsetType = UNSET
    invoke_input: dict[str, Any] | UnsetType = UNSET
    commit: bool | UnsetType = UNSET
    cancel_previous: bool | UnsetType = UNSET
    append_input_items: list[ConversationItem] | UnsetType = UNSET
    input_items: list[ConversationItem] | UnsetType = UNSET


class ResponseCreateEvent(_Event, frozen=True, kw_only=True, tag="response.create"):
    """Ask for a response. Refused while one runs."""

    response: ResponseProperties | UnsetType = UNSET
    additional_instructions: str | UnsetType = UNSET


class ResponseCancelEvent(_Event, frozen=True, kw_only=True, tag="response.cancel"):
    """Stop the running response; an error (`response_cancel_not_active`) if there is none."""

    response_id: str | UnsetType = UNSET


class OutputAudioBufferClearEvent(_Event, frozen=True, kw_only=True, tag="output_audio_buffer.clear"):
    """Throw away what the avatar has yet to say."""


class SessionAvatarConnectEvent(_Event, frozen=True, kw_only=True, tag="session.avatar.connect"):
    """Offer a peer connection: base64 of `{"type": "offer", "sdp": ...}`."""

    client_sdp: str


class InputAudioTurnStartEvent(_Event, frozen=True, kw_only=True, tag="input_audio.turn.start"):
    """Begin an explicit audio turn. In the schema only; no documentation describes it."""

    turn_id: str


class InputAudioTurnAppendEvent(_Event, frozen=True, kw_only=True, tag="input_audio.turn.append"):
    """Add audio to an explicit audio turn. In the schema only."""

    turn_id: str
    audio: bytes


class InputAudioTurnEndEvent(_Event, frozen=True, kw_only=True, tag="input_audio.turn.end"):
    """End an explicit audio turn. In the schema only."""

    turn_id: str


class InputAudioTurnCancelEvent(_Event, frozen=True, kw_only=True, tag="input_audio.turn.cancel"):
    """Give up an explicit audio turn. In the schema only."""

    turn_id: str


class InputAudioClearEvent(_Event, frozen=True, kw_only=True, tag="input_audio.clear"):
    """Throw all streamed audio away. In the schema only."""


ClientEvent: TypeAlias = (
    SessionUpdateEvent
    | InputAudioBufferAppendEvent
    | InputAudioBufferCommitEvent
    | InputAudioBufferClearEvent
    | InputTextDeltaEvent
    | InputTextDoneEvent
    | ConversationItemCreateEvent
    | ConversationItemRetrieveEvent
    | ConversationItemTruncateEvent
    | ConversationItemDeleteEvent
    | ResponseCreateEvent
    | ResponseCancelEvent
    | OutputAudioBufferClearEvent
    | SessionAvatarConnectEvent
    | InputAudioTurnStartEvent
    | InputAudioTurnAppendEvent
    | InputAudioTurnEndEvent
    | InputAudioTurnCancelEvent
    | InputAudioClearEvent
)
