"""Events to and from the text of a WebSocket message. The only file that knows the JSON library and base64.

Both ends use it: `decode_server_event` and `encode` are the client's, `decode_client_event` and `encode`
the simulator's. Reading never raises; what cannot be read becomes an event that says so.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, cast

import msgspec
from pydantic import BaseModel

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import ClientEvent
from pipecat_voicelive.protocol.discreet import Discreet
from pipecat_voicelive.protocol.items import Response, SessionInfo
from pipecat_voicelive.protocol.server_events import (
    KnownServerEvent,
    MalformedEvent,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    UnknownEvent,
)

_Sent = TypeVar("_Sent")


class RawEvent(Discreet, frozen=True, kw_only=True):
    """A client event given as plain members, sent as it is: what this package has no type for."""

    members: dict[str, Any]

    @property
    def type(self) -> str:
        """The event's name on the wire, "" if it has none."""
        return str(self.members.get("type", ""))


class _Envelope(msgspec.Struct, frozen=True):
    type: str


# RecursionError: JSON nested thousands deep. UnicodeError: lone surrogates, bytes that are no UTF-8.
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


def plain_option(value: Any) -> Any:
    """An option, or a tool of any pydantic model, as its members that were set. For msgspec's `enc_hook`."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    raise TypeError(f"A {type(value).__name__} cannot be sent. Give a dict or one of the option classes.")


_encoder = msgspec.json.Encoder(enc_hook=plain_option)
_server_decoder = msgspec.json.Decoder(KnownServerEvent)
_client_decoder = msgspec.json.Decoder(ClientEvent)
_envelope_decoder = msgspec.json.Decoder(_Envelope)
_plain_decoder = msgspec.json.Decoder(dict[str, Any])
_any_decoder = msgspec.json.Decoder()

_AWAITED: dict[str, tuple[type[KnownServerEvent], str, type[Response | SessionInfo]]] = {
    "response.created": (ResponseCreated, "response", Response),
    "response.done": (ResponseDone, "response", Response),
    "session.created": (SessionCreated, "session", SessionInfo),
    "session.updated": (SessionUpdated, "session", SessionInfo),
}
"""Events that somebody waits for, and the member of each that holds what it says."""

SERVER_EVENT_TYPES: frozenset[str] = frozenset(
    str(event.__struct_config__.tag) for event in KnownServerEvent.__args__
)
"""Every server event type this package knows."""

CLIENT_EVENT_TYPES: frozenset[str] = frozenset(
    str(event.__struct_config__.tag) for event in ClientEvent.__args__
)
"""Every client event type this package knows."""


def encode(event: ClientEvent | RawEvent | KnownServerEvent) -> bytes:
    """The UTF-8 JSON of an event; `bytes` members become base64, options the members that were set.

    Raises:
        TypeError: A `RawEvent` holds something JSON cannot say.
    """
    return _encoder.encode(event.members if isinstance(event, RawEvent) else event)


def as_sent(value: _Sent) -> _Sent:
    """A value of a declared type as it would come out of its JSON: a copy of its own, of the right types.

    Raises:
        ConfigurationError: It cannot be sent: JSON has no form for something in it, or a member is of
            another type than the wire's.
    """
    try:
        return msgspec.json.decode(_encoder.encode(value), type=type(value))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        # These texts name places, types and single characters; they quote no content.
        raise ConfigurationError(f"This cannot be sent: {error}") from None


class Dialect(Protocol):
    """Another wording of the same protocol, in place of `encode` and `decode_server_event`."""

    def encode(self, event: ClientEvent | RawEvent) -> bytes:
        """The message that carries an event."""
        ...

    def decode(self, message: str | bytes) -> ServerEvent:
        """The event in a message from the service. Never raises."""
        ...


def to_plain(event: ClientEvent | RawEvent | ServerEvent) -> dict[str, Any]:
    """An event as the plain members that its JSON would have."""
    if isinstance(event, RawEvent | UnknownEvent):
        return dict(event.members)
    if isinstance(event, MalformedEvent):
        return {"type": event.type}
    return msgspec.to_builtins(event, enc_hook=plain_option)


def decode_server_event(message: str | bytes) -> ServerEvent:
    """The event in a message from the service. Never raises.

    The beginning and the end of a response, and a session's options, are read without the members that do
    not fit: whoever missed one of these would wait for it for ever.
    """
    try:
        return _server_decoder.decode(message)
    except _UNREADABLE as error:
        event = _unreadable(message, error, SERVER_EVENT_TYPES)
        return _what_fits(message, event.type) or event


def decode_client_event(message: str | bytes) -> ClientEvent | UnknownEvent | MalformedEvent:
    """The event in a message from a client. Never raises."""
    try:
        return _client_decoder.decode(message)
    except _UNREADABLE as error:
        return _unreadable(message, error, CLIENT_EVENT_TYPES)


def decode_plain(message: str | bytes) -> dict[str, Any]:
    """The plain members of a message that holds a JSON object; {} if it holds none. Never raises."""
    try:
        return _plain_decoder.decode(message)
    except _UNREADABLE:
        return {}


def decode_any(text: str) -> object:
    """Whatever JSON a text inside an event holds; None if it holds none. Never raises."""
    try:
        return _any_decoder.decode(text)
    except _UNREADABLE:
        return None


def decode_base64(text: str) -> bytes | None:
    """The bytes of a base64 text inside an event, None if it is no base64. Never raises."""
    try:
        return msgspec.convert(text, bytes)
    except _UNREADABLE:
        return None


def base64_of_json(value: object) -> str:
    """A value as JSON, as base64, for a text inside an event."""
    return str(msgspec.to_builtins(_encoder.encode(value)))


def _unreadable(
    message: str | bytes, error: Exception, known: frozenset[str]
) -> UnknownEvent | MalformedEvent:
    try:
        event_type = _envelope_decoder.decode(message).type
    except _UNREADABLE:
        # msgspec's texts name places and JSON types; they quote no content but the tag, cut off here.
        return MalformedEvent(type="", problem=str(error).split(" '", maxsplit=1)[0])
    if event_type in known:
        return MalformedEvent(type=event_type, problem=str(error))
    return UnknownEvent(type=event_type, members=decode_plain(message))


def _what_fits(message: str | bytes, event_type: str) -> KnownServerEvent | None:
    if event_type not in _AWAITED:
        return None
    event, member, holder = _AWAITED[event_type]
    given: object = decode_plain(message).get(member)
    if not isinstance(given, dict):
        return None
    members = cast("dict[str, Any]", given)
    fitting = {name: value for name, value in members.items() if _fits({"id": "", name: value}, holder)}
    try:
        return msgspec.convert({"type": event_type, member: fitting}, event)
    except msgspec.ValidationError:
        return None


def _fits(members: dict[str, Any], holder: type[Response | SessionInfo]) -> bool:
    try:
        msgspec.convert(members, holder)
    except msgspec.ValidationError:
        return False
    return True


def to_base64(data: bytes) -> str:
    """Bytes as base64."""
    return msgspec.to_builtins(data)


def parse_arguments(arguments: str) -> dict[str, Any] | None:
    """A function call's arguments as a dict ({} for empty text), None if they are no JSON object."""
    if not arguments.strip():
        return {}
    try:
        return _plain_decoder.decode(arguments)
    except _UNREADABLE:
        return None
