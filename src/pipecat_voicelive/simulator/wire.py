"""Server events as messages, with exactly the members that the service has been recorded to send."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pipecat_voicelive.protocol.codec import RawEvent, decode_server_event, encode, to_plain
from pipecat_voicelive.protocol.server_events import (
    InputAudioTranscriptionCompleted,
    InputAudioTranscriptionDelta,
    KnownServerEvent,
    ResponseDone,
    ServerEvent,
)
from pipecat_voicelive.simulator.ids import new_event_id


def stamped(event: KnownServerEvent | RawEvent) -> KnownServerEvent | RawEvent:
    """The event with an id of its own, unless it has one."""
    if isinstance(event, RawEvent):
        return RawEvent(members={"event_id": new_event_id(), **event.members})
    return event if event.event_id else replace(event, event_id=new_event_id())


def to_message(event: KnownServerEvent | RawEvent, *, native: bool) -> str:
    """The text of the WebSocket message that carries an event."""
    match event:
        case InputAudioTranscriptionDelta() | InputAudioTranscriptionCompleted():
            # What is unknown is left out here, not null.
            members = {name: value for name, value in to_plain(event).items() if value is not None}
            return encode(RawEvent(members=members)).decode()
        case ResponseDone() if native:
            return encode(RawEvent(members=_without_cache_writes(to_plain(event)))).decode()
        case _:
            return encode(event).decode()


def typed(event: KnownServerEvent | RawEvent) -> ServerEvent:
    """The event as a client would read it."""
    return decode_server_event(encode(event)) if isinstance(event, RawEvent) else event


def _without_cache_writes(members: dict[str, Any]) -> dict[str, Any]:
    """A `response.done` without `cache_write_tokens`, which only the cascaded pipeline counts."""
    usage: dict[str, Any] | None = members["response"]["usage"]
    if usage is not None:
        usage["input_token_details"].pop("cache_write_tokens", None)
    return members
