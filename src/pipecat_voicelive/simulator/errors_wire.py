"""Every refusal the simulator knows, with the code and the words of the service.

Codes and texts are the documented or observed ones. Where none is known, the code is a plain
`invalid_value` and the text is ours.
"""

from __future__ import annotations

from msgspec.structs import replace

from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.server_events import Error
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import OPENAI_REALTIME, PIPECAT

INVALID_REQUEST = "invalid_request_error"


class RefusedError(Exception):
    """A client event that cannot be accepted; becomes an `error` event. Nothing was changed.

    Attributes:
        details: What the `error` event will say, still without the client's `event_id`.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.details = ErrorDetails(type=INVALID_REQUEST, code=code, message=message, param=param)

    def event(self, event_id: str | None) -> Error:
        """The `error` event; `event_id` names the client event that is refused, if it had an id."""
        return Error(error=replace(self.details, event_id=event_id))


def invalid_value(message: str, param: str | None = None) -> RefusedError:
    """A member has the right type and a value that will not do."""
    return RefusedError("invalid_value", message, param)


def invalid_type(param: str, expected: str) -> RefusedError:
    """A member has the wrong type."""
    return RefusedError("invalid_type", f"Invalid type for '{param}': expected {expected}.", param)


def unknown_parameter(param: str) -> RefusedError:
    """A member nobody knows."""
    return RefusedError("unknown_parameter", f"Unknown parameter: '{param}'.", param)


def not_json() -> RefusedError:
    """A message that is no JSON object with a `type`."""
    return RefusedError("invalid_json", "The message is not a JSON object with a 'type'.")


def unknown_event_type(event_type: str) -> RefusedError:
    """An event of a type that clients do not send."""
    return invalid_value(f"Invalid value: '{event_type}' is not a supported client event type.", "type")


def malformed_event(event_type: str, problem: str) -> RefusedError:
    """A known event whose members do not fit."""
    if event_type.endswith(".append") and "audio" in problem:
        return invalid_value(
            "Invalid 'audio'. Expected base64-encoded audio bytes but got an invalid value.", "audio"
        )
    return invalid_value(f"Invalid '{event_type}' event: {problem}.")


def session_update_comes_first(event_type: str) -> RefusedError:
    """Something was sent before the first accepted `session.update`."""
    return RefusedError(
        "session_not_configured", f"Send a 'session.update' before '{event_type}'.", param="type"
    )


def model_is_fixed() -> RefusedError:
    """The session names a model; the URL does that."""
    return RefusedError(
        "invalid_value", "The model is named by the URL and cannot be changed.", "session.model"
    )


def cannot_update_voice() -> RefusedError:
    """The voice of a native OpenAI model changes after it has spoken."""
    return RefusedError(
        "cannot_update_voice",
        "Cannot update a conversation's voice if assistant audio is present.",
        "session.voice",
    )


def uneven_audio(size_bytes: int, multiple: int) -> RefusedError:
    """Appended audio is no whole number of samples."""
    return invalid_value(
        f"Invalid 'audio'. Its {size_bytes} bytes are not a multiple of {multiple}.", "audio"
    )


def commit_empty(buffered_ms: float) -> RefusedError:
    """There is too little audio to commit."""
    return RefusedError(
        "input_audio_buffer_commit_empty",
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
        f"but buffer only has {buffered_ms:.2f}ms of audio.",
    )


def unknown_item(item_id: str, param: str = "item_id") -> RefusedError:
    """An item that is not in the conversation."""
    return invalid_value(f"Item with item_id '{item_id}' does not exist.", param)


def duplicate_item(item_id: str) -> RefusedError:
    """An item whose id is taken."""
    return invalid_value(f"Item with id '{item_id}' already exists.", "item.id")


def unknown_call(call_id: str) -> RefusedError:
    """An output for a call that was never made."""
    return invalid_value(f"Tool call ID '{call_id}' not found in conversation.", "item.call_id")


def not_truncatable(item_id: str) -> RefusedError:
    """An item that holds no assistant audio."""
    return invalid_value(
        f"Only model output audio messages can be truncated, and item '{item_id}' is none.", "item_id"
    )


def already_shorter(audio_ms: int, asked_ms: int) -> RefusedError:
    """A truncation beyond the end of the audio."""
    return invalid_value(
        f"Audio content of {audio_ms}ms is already shorter than {asked_ms}ms", "audio_end_ms"
    )


def already_truncated(item_id: str) -> RefusedError:
    """A second truncation."""
    return RefusedError("item_already_truncated", f"Item '{item_id}' is already truncated.", "item_id")


@rule(
    "response-while-one-runs",
    "`response.create` while a response runs is refused with `conversation_already_has_active_response` and "
    "the id of that response, unless it says `cancel_previous: true`.",
    PIPECAT.at("handling of errors"),
    OPENAI_REALTIME,
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
    "`response.cancel` while no response runs is refused with `response_cancel_not_active`.",
    PIPECAT.at("handling of errors"),
    OPENAI_REALTIME,
    topic=Topic.RESPONSES,
)
def nothing_to_cancel() -> RefusedError:
    """No response runs."""
    return RefusedError("response_cancel_not_active", "Cancellation failed: no active response found")


def not_simulated(event_type: str) -> RefusedError:
    """An event that the simulator has no answer to."""
    return RefusedError("unsupported", f"This session does not support '{event_type}'.", "type")


def simulator_failed(event_id: str | None) -> Error:
    """A mistake of the simulator, met when it handled an event."""
    message = "The simulator could not handle this event; its log says where it failed."
    details = ErrorDetails(type="server_error", code="internal_error", message=message, event_id=event_id)
    return Error(error=details)
