"""Server events as messages, with exactly the members that the service has been recorded to send."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace

from pipecat_voicelive.protocol.codec import RawEvent, decode_plain, decode_server_event, encode, to_plain
from pipecat_voicelive.protocol.dialect_v1 import to_v1
from pipecat_voicelive.protocol.server_events import (
    InputAudioTranscriptionCompleted,
    InputAudioTranscriptionDelta,
    KnownServerEvent,
    ResponseAnimationBlendshapesDelta,
    ResponseDone,
    ServerEvent,
)
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.ids import new_event_id
from pipecat_voicelive.simulator.sources import CASCADED_TAPES, VOICE_TURN


@dataclass(frozen=True, slots=True, kw_only=True)
class WireForm:
    """Which of several forms messages have.

    Attributes:
        native: Whether the session's pipeline is native.
        blendshapes_as_text: Whether frames are sent as base64 of 32 bit little-endian floats, row by row;
            else as arrays of numbers.
        v1: Whether messages are in the `v1` dialect.
        large_message_bytes: What every tenth message of an avatar's video is filled up to; 0 for none.
    """

    native: bool
    blendshapes_as_text: bool = False
    v1: bool = False
    large_message_bytes: int = 0


def stamped(event: KnownServerEvent | RawEvent) -> KnownServerEvent | RawEvent:
    """The event with an id of its own, unless it has one."""
    if isinstance(event, RawEvent):
        return RawEvent(members={"event_id": new_event_id(), **event.members})
    return event if event.event_id else replace(event, event_id=new_event_id())


def to_message(event: KnownServerEvent | RawEvent, form: WireForm) -> str:
    """The text of the WebSocket message that carries an event."""
    message = _message(event, form)
    return encode(RawEvent(members=to_v1(decode_plain(message)))).decode() if form.v1 else message


def _message(event: KnownServerEvent | RawEvent, form: WireForm) -> str:
    match event:
        case InputAudioTranscriptionDelta() | InputAudioTranscriptionCompleted():
            # What is unknown is left out here, not null.
            members = {name: value for name, value in to_plain(event).items() if value is not None}
            return encode(RawEvent(members=members)).decode()
        case ResponseAnimationBlendshapesDelta(frames=list(frames)) if form.blendshapes_as_text:
            text = base64.b64encode(np.array(frames, "<f4").tobytes()).decode()
            return encode(replace(event, frames=text)).decode()
        case ResponseDone() if form.native:
            return encode(RawEvent(members=_without_cache_writes(to_plain(event)))).decode()
        case _:
            return encode(event).decode()


def typed(event: KnownServerEvent | RawEvent) -> ServerEvent:
    """The event as a client would read it."""
    return decode_server_event(encode(event)) if isinstance(event, RawEvent) else event


@rule(
    "cache-writes-cascaded",
    "The usage counts `cache_write_tokens` in cascaded sessions only.",
    CASCADED_TAPES.at("response.done"),
    VOICE_TURN.at("response.done"),
    topic=Topic.RESPONSES,
)
def _without_cache_writes(members: dict[str, Any]) -> dict[str, Any]:
    """A `response.done` without `cache_write_tokens`, which only the cascaded pipeline counts."""
    usage: dict[str, Any] | None = members["response"]["usage"]
    if usage is not None:
        usage["input_token_details"].pop("cache_write_tokens", None)
    return members
