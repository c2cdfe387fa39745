"""The `v1` contract, in the codec: what it calls and nests otherwise than the dated versions.

Pure mappings of plain members, in both directions and for both ends. The dated contract is what everything
else here speaks; `to_v1` is applied last before the wire and `from_v1` first behind it:

    session     flat                                      type "realtime", `audio.input`, `audio.output`
    formats     "pcm16" and a rate                        {"type": "audio/pcm", "rate": 24000}
    voice       an object                                 a name, `voice_type`, and flat members
    modalities  ["text", "audio"] or ["text"]             `output_modalities` ["audio"] or ["text"]
    content     "text", "audio"                           "output_text", "output_audio"
    events      conversation.item.created                 conversation.item.added
                response.text.*, .audio.*,                response.output_text.*, .output_audio.*,
                .audio_transcript.*                       .output_audio_transcript.*

Members that are not named here are the same in both. What v1 has no place for, `versions.for_version` has
left out before.

https://github.com/Azure/azure-rest-api-specs/tree/main/specification/ai/data-plane/VoiceLive/v1
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import ClientEvent
from pipecat_voicelive.protocol.codec import (
    RawEvent,
    decode_client_event,
    decode_plain,
    decode_server_event,
    encode,
    to_plain,
)
from pipecat_voicelive.protocol.server_events import (
    KnownServerEvent,
    MalformedEvent,
    ServerEvent,
    UnknownEvent,
)
from pipecat_voicelive.protocol.versions import DEFAULT_API_VERSION, V1, speed_of

Members: TypeAlias = dict[str, Any]

_EVENTS = {
    "conversation.item.created": "conversation.item.added",
    **{
        f"response.{ours}.{end}": f"response.output_{ours}.{end}"
        for ours in ("text", "audio", "audio_transcript")
        for end in ("delta", "done")
    },
}
_CONTENT = {"text": "output_text", "audio": "output_audio"}
_ENCODINGS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
_AUDIO_IN = {
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
    "input_audio_echo_cancellation": "echo_cancellation",
}
_VOICE = {
    "type": "voice_type",
    "name": "voice",
    "temperature": "voice_temperature",
    "endpoint_id": "custom_voice_endpoint_id",
    "model": "personal_voice_model",
    **{
        name: name
        for name in (
            "custom_lexicon_url",
            "custom_text_normalization_url",
            "prefer_locales",
            "locale",
            "style",
            "pitch",
            "volume",
        )
    },
}
_EVENTS_BACK = {v1: dated for dated, v1 in _EVENTS.items()}
_CONTENT_BACK = {v1: dated for dated, v1 in _CONTENT.items()}
_ENCODINGS_BACK = {v1: dated for dated, v1 in _ENCODINGS.items()}
_AUDIO_IN_BACK = {v1: dated for dated, v1 in _AUDIO_IN.items()}
_VOICE_BACK = {v1: dated for dated, v1 in _VOICE.items()}
_ECHO_TYPE = "server_echo_cancellation"
_CREDENTIALS = frozenset({"api-key", "authorization", "access_token", "agent-access-token"})


class V1Dialect:
    """The rolling `v1` contract of the service in place of a dated API version. Experimental.

    Its published description is a draft, and nobody has recorded it yet: it may change, and this with it.
    Give it together with the label: `VoiceLiveClient(..., api_version="v1", dialect=V1Dialect())`, or the
    same two to the service. Options, events and signals stay those of the dated versions; what v1 has no
    place for is left out and told. Credentials travel in headers only. Events that are given as plain
    members are sent as they are.
    """

    def encode(self, event: ClientEvent | RawEvent | KnownServerEvent) -> bytes:
        """The message that carries an event.

        Raises:
            TypeError: A `RawEvent` holds something JSON cannot say.
        """
        return encode(event if isinstance(event, RawEvent) else RawEvent(members=to_v1(to_plain(event))))

    def decode(self, message: str | bytes) -> ServerEvent:
        """The event in a message from the service. Never raises."""
        members = decode_plain(message)
        return decode_server_event(encode(RawEvent(members=from_v1(members))) if members else message)

    def decode_client(self, message: str | bytes) -> ClientEvent | UnknownEvent | MalformedEvent:
        """The event in a message from a client. Never raises."""
        members = decode_plain(message)
        return decode_client_event(encode(RawEvent(members=from_v1(members))) if members else message)


def check_dialect(api_version: str, dialect: V1Dialect | None, query: Mapping[str, str]) -> None:
    """Refuse a label without its dialect, a dialect without its label, and credentials in the URL.

    Raises:
        ConfigurationError: One of these; the text says what to give.
    """
    if api_version == V1 and dialect is None:
        raise ConfigurationError(
            'api_version "v1" is another dialect of the protocol, and experimental. Ask for it with '
            f'dialect=V1Dialect(), or name a dated version, such as "{DEFAULT_API_VERSION}".'
        )
    if api_version != V1 and dialect is not None:
        raise ConfigurationError(f'V1Dialect goes with api_version="v1", not "{api_version}".')
    if dialect is not None and (given := [name for name in query if name.lower() in _CREDENTIALS]):
        raise ConfigurationError(
            f"v1 takes credentials in headers only, not {given[0]!r} in the URL. Give an api_key, a "
            "`credential` or a `token_provider`."
        )


def to_v1(event: Members) -> Members:
    """An event of either end as v1 has it; the event itself is not changed."""
    v1 = _renamed_type(event, _EVENTS)
    _change(v1, "session", _session_to_v1)
    _change(v1, "item", _item_to_v1)
    _change(v1, "part", lambda part: _renamed_type(part, _CONTENT))
    if "additional_instructions" in v1:
        instructions = v1.pop("additional_instructions")
        v1["response"] = {**_members(v1.get("response")), "additional_instructions": instructions}
    _change(v1, "response", _response_to_v1)
    return v1


def from_v1(event: Members) -> Members:
    """An event of v1 as the dated versions have it; the event itself is not changed."""
    dated = _renamed_type(event, _EVENTS_BACK)
    _change(dated, "session", _session_from_v1)
    _change(dated, "item", _item_from_v1)
    _change(dated, "part", lambda part: _renamed_type(part, _CONTENT_BACK))
    _change(dated, "response", _response_from_v1)
    response = _members(dated.get("response"))
    if "additional_instructions" in response:
        dated["additional_instructions"] = response.pop("additional_instructions")
    return dated


def _session_to_v1(session: Members) -> Members:
    v1 = {"type": "realtime", **_nested(session)}
    _move(v1, "max_response_output_tokens", "max_output_tokens")
    return v1


def _session_from_v1(v1: Members) -> Members:
    session = _flat({name: value for name, value in v1.items() if name != "type"})
    _move(session, "max_output_tokens", "max_response_output_tokens")
    return session


def _response_to_v1(response: Members) -> Members:
    v1 = _nested(response)
    _change_each(v1, "output", _item_to_v1)
    _change_each(v1, "input_items", _item_to_v1)
    _move(v1, "input_items", "input")
    return v1


def _response_from_v1(v1: Members) -> Members:
    response = _flat(v1)
    _change_each(response, "output", _item_from_v1)
    _change_each(response, "input", _item_from_v1)
    _move(response, "input", "input_items")
    return response


def _nested(session: Members) -> Members:
    """A session as v1 nests it, or a response, which has some of the same members."""
    v1: Members = {}
    heard: Members = {}
    said: Members = {}
    for name, value in session.items():
        match name:
            case "modalities" if isinstance(value, list):
                v1["output_modalities"] = ["audio"] if "audio" in value else ["text"]
            case "input_audio_format" | "input_audio_sampling_rate":
                rate_hz = session.get("input_audio_sampling_rate")
                heard["format"] = _format_to_v1(session.get("input_audio_format"), rate_hz)
            case "output_audio_format":
                said["format"] = _format_to_v1(value, None)
            case "output_audio_timestamp_types":
                said[name] = value
            case "voice":
                said |= _voice_to_v1(value)
            case "input_audio_echo_cancellation" if value is not None:
                echo = _members(value)
                heard["echo_cancellation"] = {key: echo[key] for key in echo if key != "type"}
            case _ if name in _AUDIO_IN:
                heard[_AUDIO_IN[name]] = value
            case _:
                v1[name] = value
    audio = {end: members for end, members in (("input", heard), ("output", said)) if members}
    return {**v1, "audio": audio} if audio else v1


def _flat(v1: Members) -> Members:
    session: Members = {}
    for name, value in v1.items():
        match name:
            case "output_modalities" if isinstance(value, list):
                session["modalities"] = ["text", "audio"] if "audio" in value else ["text"]
            case "audio" if isinstance(value, dict):
                audio = _members(cast("object", value))
                session |= _heard_from_v1(audio.get("input")) | _said_from_v1(audio.get("output"))
            case _:
                session[name] = value
    return session


def _heard_from_v1(audio: object) -> Members:
    session: Members = {}
    for name, value in _members(audio).items():
        match name:
            case "format":
                encoding, rate_hz = _format_from_v1(value)
                session["input_audio_format"] = encoding
                if rate_hz is not None:
                    session["input_audio_sampling_rate"] = rate_hz
            case "echo_cancellation" if value is not None:
                session["input_audio_echo_cancellation"] = {"type": _ECHO_TYPE, **_members(value)}
            case _:
                session[_AUDIO_IN_BACK.get(name, name)] = value
    return session


def _said_from_v1(audio: object) -> Members:
    session: Members = {}
    voice: Members = {}
    for name, value in _members(audio).items():
        match name:
            case "format":
                encoding, rate_hz = _format_from_v1(value)
                other_rate = encoding == "pcm16" and rate_hz not in (None, 24000)
                session["output_audio_format"] = f"pcm16_{rate_hz}hz" if other_rate else encoding
            case "speed":
                voice["rate"] = f"{value:g}" if isinstance(value, int | float) else value
            case _ if name in _VOICE_BACK:
                voice[_VOICE_BACK[name]] = value
            case _:
                session[name] = value
    if voice:
        session["voice"] = voice if "type" in voice else voice.get("name")
    return session


def _voice_to_v1(voice: object) -> Members:
    if not (given := _members(voice)):
        return {"voice": voice}
    v1: Members = {}
    for name, value in given.items():
        if name == "rate":
            v1["speed"] = speed_of(value)
        else:
            v1[_VOICE.get(name, name)] = value
    return v1


def _format_to_v1(encoding: object, rate_hz: object) -> Members | None:
    if encoding is None and rate_hz is None:
        return None
    name = str(encoding or "pcm16").replace("-", "_")
    if name.startswith("pcm16_"):
        digits = name.removeprefix("pcm16_").removesuffix("hz")
        name, rate_hz = "pcm16", int(digits) if digits.isdecimal() else None
    v1: Members = {"type": _ENCODINGS.get(name, name)}
    return {**v1, "rate": rate_hz or 24000} if name == "pcm16" else v1


def _format_from_v1(v1: object) -> tuple[str | None, int | None]:
    """Encoding and rate; the rate is None where it goes without saying."""
    kind, rate_hz = _members(v1).get("type"), _members(v1).get("rate")
    encoding = _ENCODINGS_BACK.get(kind, kind) if isinstance(kind, str) else None
    return encoding, rate_hz if isinstance(rate_hz, int) and encoding == "pcm16" else None


def _item_to_v1(item: Members) -> Members:
    """Only what an assistant said has content of other types."""
    return _item(item, _CONTENT) if item.get("role") == "assistant" else item


def _item_from_v1(item: Members) -> Members:
    return _item(item, _CONTENT_BACK)


def _item(item: Members, types: Mapping[str, str]) -> Members:
    changed = dict(item)
    _change_each(changed, "content", lambda part: _renamed_type(part, types))
    return changed


def _renamed_type(members: Members, types: Mapping[str, str]) -> Members:
    """A copy whose type has its other name."""
    kind = members.get("type")
    return {**members, "type": types.get(kind, kind)} if isinstance(kind, str) else dict(members)


def _move(members: Members, name: str, to: str) -> None:
    if name in members:
        members[to] = members.pop(name)


def _change(members: Members, name: str, change: Callable[[Members], Members]) -> None:
    """Change the object that stands under a name, if one does."""
    value: object = members.get(name)
    if isinstance(value, dict):
        members[name] = change(_members(cast("object", value)))


def _change_each(members: Members, name: str, change: Callable[[Members], Members]) -> None:
    """Change the objects in the list that stands under a name, if one does."""
    value: object = members.get(name)
    if isinstance(value, list):
        members[name] = [
            change(cast("Members", element)) if isinstance(element, dict) else element
            for element in cast("list[object]", value)
        ]


def _members(value: object) -> Members:
    return cast("Members", value) if isinstance(value, dict) else {}
