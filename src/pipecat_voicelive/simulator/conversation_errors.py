"""Refusals that have to do with what has been said: items, responses, audio that is there or not."""

from __future__ import annotations

from pipecat_voicelive.simulator.errors_wire import RefusedError, invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import (
    API_REFERENCE,
    OPENAI_REALTIME,
    PIPECAT,
    PROBES,
    SPECIFICATION,
    TRUNCATION,
)


@rule(
    "voice-after-audio",
    "Once the assistant has spoken, a `session.update` that changes the voice is refused with "
    "`cannot_update_voice`. Azure voices fall back to the default where none is named.",
    API_REFERENCE.at("session.update"),
    OPENAI_REALTIME.at("cannot_update_voice"),
    SPECIFICATION.at("session.update"),
    topic=Topic.VOICES,
    conflict="the specification lets no voice change at any time, the reference names OpenAI voices, a "
    "sample of Microsoft's says that Azure voices may, where verified; `strict=False` lets Azure voices "
    "change.",
)
def cannot_update_voice() -> RefusedError:
    """The voice changes after it has spoken."""
    return RefusedError(
        "cannot_update_voice",
        "Cannot update a conversation's voice if assistant audio is present.",
        "session.voice",
    )


@rule(
    "voice-of-text-only",
    "A `session.update` after the first that names a voice and leaves only the modality text is refused: "
    '"Text to speech synthesizer is not configured". Its code is not known, here it is `invalid_value`.',
    PIPECAT.at("_send_session_update"),
    topic=Topic.VOICES,
)
def no_synthesizer() -> RefusedError:
    """A voice is named again for a session that does not speak."""
    return invalid_value("Text to speech synthesizer is not configured.", "session.voice")


@rule(
    "commit-too-short",
    "`input_audio_buffer.commit` of less than 100 ms of audio, or of none, is refused with "
    "`input_audio_buffer_commit_empty`; the text says how much there is.",
    PROBES.at("transcripts of refused commits"),
    OPENAI_REALTIME.at("input_audio_buffer_commit_empty"),
    topic=Topic.INPUT_AUDIO,
)
def commit_empty(buffered_ms: float) -> RefusedError:
    """There is too little audio to commit."""
    return RefusedError(
        "input_audio_buffer_commit_empty",
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
        f"but buffer only has {buffered_ms:.2f}ms of audio.",
    )


_UNKNOWN_ITEMS = {
    "delete": ("item_delete_invalid_item_id", "Error deleting item: the item with id '{}' does not exist."),
    "retrieve": (
        "item_retrieve_invalid_item_id",
        "Error retrieving item: the item with id '{}' does not exist.",
    ),
    "truncate": ("item_truncate_invalid_item_id", "Item with item_id not found: {}"),
}


@rule(
    "unknown-item",
    "An item that is not there cannot be deleted, retrieved or truncated: `item_delete_invalid_item_id`, "
    "`item_retrieve_invalid_item_id`, `item_truncate_invalid_item_id`; `param` is `item_id`.",
    API_REFERENCE.at("conversation.item.delete"),
    OPENAI_REALTIME.at("item_delete_invalid_item_id"),
    topic=Topic.ITEMS,
)
def unknown_item(item_id: str, action: str) -> RefusedError:
    """An item that is to be deleted, retrieved or truncated (`action`) is not in the conversation."""
    code, message = _UNKNOWN_ITEMS[action]
    return RefusedError(code, message.format(item_id), "item_id")


def no_such_item(item_id: str, param: str) -> RefusedError:
    """A member names an item that is not in the conversation."""
    return invalid_value(f"Item with item_id not found: {item_id}", param)


@rule(
    "duplicate-item",
    "An item whose id is taken is refused with `item_create_duplicate_item_id`, and nothing is inserted.",
    OPENAI_REALTIME.at("item_create_duplicate_item_id"),
    topic=Topic.ITEMS,
)
def duplicate_item(item_id: str) -> RefusedError:
    """An item whose id is taken."""
    return RefusedError(
        "item_create_duplicate_item_id",
        f"Error adding item: an item with id '{item_id}' already exists.",
        "item.id",
    )


@rule(
    "output-of-unknown-call",
    "A `function_call_output` for a call that the conversation does not have is refused with "
    "`invalid_tool_call_id`.",
    OPENAI_REALTIME.at("Tool call ID ... not found in conversation."),
    topic=Topic.TOOLS,
)
def unknown_call(call_id: str) -> RefusedError:
    """An output for a call that was never made."""
    return RefusedError(
        "invalid_tool_call_id", f"Tool call ID '{call_id}' not found in conversation.", "item.call_id"
    )


@rule(
    "truncate-other-items",
    "Only an assistant's message with audio can be truncated; a user's item, a call or a written answer is "
    "refused with `unsupported_content_type`.",
    SPECIFICATION.at("ClientEventConversationItemTruncate"),
    OPENAI_REALTIME.at("Only model output audio messages can be truncated"),
    topic=Topic.ITEMS,
)
def not_truncatable() -> RefusedError:
    """An item that holds no assistant audio."""
    return RefusedError(
        "unsupported_content_type", "Only model output audio messages can be truncated", "item_id"
    )


@rule(
    "truncate-content-index",
    "A truncation of a content part that the item does not have is refused with `invalid_value`; `param` is "
    "`content_index`. Answers have one part, 0.",
    SPECIFICATION.at("ClientEventConversationItemTruncate"),
    topic=Topic.ITEMS,
)
def no_such_content(item_id: str, content_index: int) -> RefusedError:
    """A content part that an item does not have."""
    return invalid_value(f"Item '{item_id}' has no content {content_index}.", "content_index")


@rule(
    "truncate-past-audio",
    "A truncation beyond the end of the audio is refused with `invalid_value`; the text says how long the "
    "audio is. While an answer is made, its audio is what has been sent so far.",
    PIPECAT.at("_truncate_current_audio_response"),
    OPENAI_REALTIME.at("Audio content of ...ms is already shorter than ...ms"),
    topic=Topic.ITEMS,
)
def already_shorter(audio_ms: int, asked_ms: int) -> RefusedError:
    """A truncation beyond the end of the audio."""
    return invalid_value(
        f"Audio content of {audio_ms}ms is already shorter than {asked_ms}ms", "audio_end_ms"
    )


@rule(
    "truncate-twice",
    "An item that has been truncated, by the client or by `auto_truncate`, is not truncated again: "
    "`item_already_truncated`.",
    TRUNCATION,
    PIPECAT.at("_EXPECTED_ERROR_CODES"),
    topic=Topic.ITEMS,
)
def already_truncated(item_id: str) -> RefusedError:
    """A second truncation."""
    return RefusedError("item_already_truncated", f"Item '{item_id}' is already truncated.", "item_id")


@rule(
    "response-while-one-runs",
    "`response.create` while a response runs is refused with `conversation_already_has_active_response` and "
    "the id of that response, unless it says `cancel_previous: true`.",
    PIPECAT.at("handling of errors"),
    OPENAI_REALTIME.at("conversation_already_has_active_response"),
    topic=Topic.RESPONSES,
    conflict="the specification has `cancel_previous` be true if left out.",
)
def response_active(response_id: str) -> RefusedError:
    """A response is asked for while one runs."""
    return RefusedError(
        "conversation_already_has_active_response",
        f"Conversation already has an active response in progress: {response_id}. "
        "Wait until the response is finished before creating a new one.",
    )


@rule(
    "cancel-without-response",
    "`response.cancel` while no response runs, or of another than the one that runs, is refused with "
    "`response_cancel_not_active`.",
    PIPECAT.at("handling of errors"),
    OPENAI_REALTIME.at("response_cancel_not_active"),
    topic=Topic.RESPONSES,
)
def nothing_to_cancel() -> RefusedError:
    """No response runs."""
    return RefusedError("response_cancel_not_active", "Cancellation failed: no active response found")
