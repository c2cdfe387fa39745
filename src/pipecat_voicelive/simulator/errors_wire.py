"""Refusals: what is wrong with an event or a value, with the code and the words of the service.

Codes and texts are the documented or observed ones. The documentation says that Voice Live uses the events of
the Azure OpenAI Realtime API unless it notes otherwise; where nothing is noted or observed, codes and texts
are that API's. Where none is known there either, the code is a plain `invalid_value` and the text is ours.

What is wrong with the conversation (items, responses, audio) stands in `conversation_errors`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from pipecat_voicelive.protocol.codec import CLIENT_EVENT_TYPES
from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.server_events import Error
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import (
    API_REFERENCE,
    OPENAI_REALTIME,
    OUR_CHOICE,
    PIPECAT,
    PROBES,
    SPECIFICATION,
)

INVALID_REQUEST = "invalid_request_error"


class RefusedError(Exception):
    """A client event that cannot be accepted; becomes an `error` event. Nothing was changed.

    Attributes:
        details: What the `error` event will say, still without the client's `event_id`.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.details = ErrorDetails(type=INVALID_REQUEST, code=code, message=message, param=param)

    @rule(
        "error-quotes-event-id",
        "An `error` quotes the `event_id` of the client event that it refuses, null if that had none; the "
        "session goes on.",
        API_REFERENCE.at("error"),
        topic=Topic.EVENTS,
    )
    def event(self, event_id: str | None) -> Error:
        """The `error` event; `event_id` names the client event that is refused, if it had an id."""
        return Error(error=replace(self.details, event_id=event_id))


def invalid_value(message: str, param: str | None = None) -> RefusedError:
    """A member has the right type and a value that will not do."""
    return RefusedError("invalid_value", message, param)


@rule(
    "unsupported-value",
    "A value that is none of those that a member can have is refused with `invalid_value`; the text lists "
    "them, `param` names the member.",
    OPENAI_REALTIME.at("Invalid value: ... Supported values are: ..."),
    topic=Topic.EVENTS,
)
def unsupported_value(value: object, supported: Sequence[object], param: str) -> RefusedError:
    """A member has none of the values that it can have."""
    *others, last = (f"'{choice}'" for choice in supported)
    listed = f"{', '.join(others)}{',' if len(others) > 1 else ''} and {last}" if others else last
    return invalid_value(f"Invalid value: '{value}'. Supported values are: {listed}.", param)


@rule(
    "wrong-type",
    "A member of the wrong JSON type is refused with `invalid_type`, which names what was expected and what "
    "came; `param` is its path.",
    OPENAI_REALTIME.at("Invalid type for ..."),
    topic=Topic.EVENTS,
)
def invalid_type(param: str, expected: str, value: object) -> RefusedError:
    """A member has the wrong type."""
    return RefusedError(
        "invalid_type",
        f"Invalid type for '{param}': expected {expected}, but got {_kind_of(value)} instead.",
        param,
    )


@rule(
    "unknown-member",
    "A member that the session or the version does not have is refused with `unknown_parameter`; what nobody "
    "knows in a response is passed over.",
    PROBES.at("unknown fields of session.update are refused"),
    OPENAI_REALTIME.at("Unknown parameter: ..."),
    topic=Topic.EVENTS,
    conflict="the live tests of the SDK send a member inside `turn_detection` that no document has, it is "
    "taken; so members inside objects of the session pass. The API reference limits a response by "
    "`max_response_output_tokens`, the schema and a recording by `max_output_tokens`: only this one counts.",
)
def unknown_parameter(param: str) -> RefusedError:
    """A member nobody knows."""
    return RefusedError("unknown_parameter", f"Unknown parameter: '{param}'.", param)


@rule(
    "missing-member",
    "A member that is required and absent is refused with `missing_required_parameter`.",
    OPENAI_REALTIME.at("Missing required parameter: ..."),
    topic=Topic.EVENTS,
)
def missing_parameter(param: str) -> RefusedError:
    """A member that must be there is not."""
    return RefusedError("missing_required_parameter", f"Missing required parameter: '{param}'.", param)


_out_of_range = rule(
    "number-out-of-range",
    "A number out of its range is refused with `integer_below_min_value`, `integer_above_max_value`, "
    "`decimal_below_min_value` or `decimal_above_max_value`; the text names the bound.",
    OPENAI_REALTIME.at("Invalid ...: decimal below minimum value"),
    topic=Topic.EVENTS,
)


@_out_of_range
def too_small(param: str, value: float, least: float, kind: str) -> RefusedError:
    """A number below its range; `kind` is "integer" or "decimal"."""
    return RefusedError(
        f"{kind}_below_min_value",
        f"Invalid '{param}': {kind} below minimum value. Expected a value >= {least:g}, "
        f"but got {value} instead.",
        param,
    )


@_out_of_range
def too_large(param: str, value: float, most: float, kind: str) -> RefusedError:
    """A number above its range; `kind` is "integer" or "decimal"."""
    return RefusedError(
        f"{kind}_above_max_value",
        f"Invalid '{param}': {kind} above maximum value. Expected a value <= {most:g}, "
        f"but got {value} instead.",
        param,
    )


@rule(
    "text-too-long",
    "A text that is longer than a limit is refused with `string_above_max_length`.",
    OPENAI_REALTIME.at("Invalid ...: string too long"),
    topic=Topic.EVENTS,
)
def text_too_long(param: str, length: int, most: int) -> RefusedError:
    """A text, or the name of a pair, has too many characters."""
    return RefusedError(
        "string_above_max_length",
        f"Invalid '{param}': string too long. Expected a string with maximum length {most}, "
        f"but got a string with length {length} instead.",
        param,
    )


def array_too_long(param: str, length: int, most: int) -> RefusedError:
    """An array has too many elements."""
    return RefusedError(
        "array_above_max_length",
        f"Invalid '{param}': array too long. Expected an array with maximum length {most}, "
        f"but got an array with length {length} instead.",
        param,
    )


def too_many_pairs(param: str, count: int, most: int) -> RefusedError:
    """A map has too many pairs."""
    return RefusedError(
        "object_above_max_properties",
        f"Invalid '{param}': too many properties. Expected an object with at most {most} properties, "
        f"but got an object with {count} properties instead.",
        param,
    )


@rule(
    "no-json",
    "A message that is no JSON object is refused with `invalid_json`; the session goes on.",
    OUR_CHOICE,
    topic=Topic.EVENTS,
)
def not_json() -> RefusedError:
    """A message that is no JSON object."""
    return RefusedError("invalid_json", "The message is not a JSON object.")


@rule(
    "unknown-event-type",
    "An event of a type that clients do not send is refused with `invalid_value`; `param` is `type`.",
    OPENAI_REALTIME.at("Invalid value: ... Supported values are: ..."),
    topic=Topic.EVENTS,
)
def unknown_event_type(event_type: str) -> RefusedError:
    """An event of a type that clients do not send."""
    return unsupported_value(event_type, sorted(CLIENT_EVENT_TYPES), "type")


_MISSING = re.compile(r"missing required field `([^`]+)`")
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_PLACE = re.compile(r"at `\$\.?([^`]*)`")
_JSON_TYPES = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def malformed_event(event_type: str, problem: str) -> RefusedError:
    """A known event whose members do not fit; `problem` is what the decoder says of them."""
    place = _PLACE.search(problem)
    path = place.group(1).replace("[...]", "[]") if place else ""
    if missing := _MISSING.search(problem):
        return missing_parameter(f"{path}.{missing.group(1)}" if path else missing.group(1))
    if wrong := _EXPECTED.search(problem):
        expected, got = (_named(part) for part in wrong.groups())
        return RefusedError(
            "invalid_type",
            f"Invalid type for '{path}': expected {expected}, but got {got} instead.",
            path or None,
        )
    if "base64" in problem:
        return not_audio(path, "an invalid value")
    return invalid_value(f"Invalid '{event_type or 'message'}' event: {problem}.", path or None)


@rule(
    "append-bad-base64",
    "Audio that is no base64, is empty, or ends in the middle of a sample is refused with `invalid_value`; "
    "`param` is `audio`.",
    API_REFERENCE.at("input_audio_buffer.append"),
    OPENAI_REALTIME.at("Invalid 'audio'. Expected base64-encoded audio bytes ... but got empty bytes"),
    topic=Topic.INPUT_AUDIO,
)
def not_audio(param: str, got: str) -> RefusedError:
    """What stands where audio should be is none."""
    return invalid_value(
        f"Invalid '{param}'. Expected base64-encoded audio bytes in the session's input format "
        f"but got {got}.",
        param,
    )


@rule(
    "update-comes-first",
    "Every event that comes before the first accepted `session.update` is refused.",
    PROBES.at("an event before a valid session.update is refused"),
    topic=Topic.SESSION,
    conflict="no document says so; `strict=False` lets them pass.",
)
def session_update_comes_first(event_type: str) -> RefusedError:
    """Something was sent before the first accepted `session.update`."""
    return RefusedError(
        "session_not_configured", f"Send a 'session.update' before '{event_type}'.", param="type"
    )


@rule(
    "model-in-update",
    "`session.update` that names a `model` is refused: the URL names it, for the life of the session.",
    PIPECAT.at("_send_session_update"),
    API_REFERENCE.at("session.update"),
    topic=Topic.SESSION,
    conflict="the specification has the member in the session that is requested.",
)
def model_is_fixed() -> RefusedError:
    """The session names a model; the URL does that."""
    return RefusedError(
        "invalid_value", "The model is named by the URL and cannot be changed.", "session.model"
    )


@rule(
    "audio-turn-events",
    "`input_audio.turn.*` and `input_audio.clear` are refused. They stand in the specification without a "
    "word of what answers them or how they go with turn detection, and `v1` has dropped them: there is "
    "nothing to simulate.",
    SPECIFICATION.at("ClientEventInputAudioTurnStart"),
    topic=Topic.EVENTS,
)
def not_simulated(event_type: str) -> RefusedError:
    """An event that the simulator has no answer to."""
    return RefusedError("unsupported", f"This session does not support '{event_type}'.", "type")


def simulator_failed(event_id: str | None) -> Error:
    """A mistake of the simulator, met when it handled an event."""
    message = "The simulator could not handle this event; its log says where it failed."
    details = ErrorDetails(type="server_error", code="internal_error", message=message, event_id=event_id)
    return Error(error=details)


def _named(types: str) -> str:
    """Types as the decoder names them, in words: "int | null" is an integer."""
    known = [_JSON_TYPES.get(part, part) for part in types.split(" | ") if types == "null" or part != "null"]
    return " or ".join(known)


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case list():
            return "an array"
        case _:
            return "an object"
