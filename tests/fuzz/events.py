"""Every server event there is, whole and then damaged, as bytes on the wire."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Sequence
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from pipecat_voicelive.protocol.codec import encode
from pipecat_voicelive.protocol.dialect_v1 import V1Dialect
from pipecat_voicelive.protocol.server_events import KnownServerEvent

from .choices import Choices

IDS = ("r1", "r2", "i1", "i2", "c1", "c2", "", "x_respond_1", "x_respond_2", "x_session_1", "create_i1")
MEANINGS = (
    "function_call",
    "message",
    "mcp_call",
    "mcp_approval_request",
    "completed",
    "cancelled",
    "in_progress",
    "assistant",
    "g711_ulaw",
    "server_vad",
    "conversation_already_has_active_response",
    "{}",
)
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    1,
    -1,
    20,
    2**31,
    2**63,
    10**400,
    0.5,
    -1e308,
    math.nan,
    math.inf,
    "",
    " ",
    "@@",
    "AAAA",
    "\ud800",
    "a\x00b\x1b[31m\n",
    "İ",
    "x" * 5000,
    [],
    [None],
    [[]],
    {},
    {"": None},
    {"type": None},
    {"type": 7, "id": [], "name": {}},
)
"""What may stand anywhere in place of what belongs there."""


def example(kind: Any, name: str = "") -> Any:
    """JSON of this type that fits."""
    if kind is str:
        return {"response_id": "r1", "item_id": "i1", "call_id": "c1"}.get(name, "word")
    if kind is int:
        return 1
    if kind is float:
        return 0.5
    if kind is bool:
        return True
    if kind is bytes:
        return "AAAAAAAA"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return members(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return example(next(one for one in arguments if one not in (type(None), msgspec.UnsetType)), name)
    if origin is list:
        return [example(arguments[0], name)]
    if origin is dict:
        return {"a": example(arguments[1])}
    return None


@cache
def members(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    own = {
        wire: "r1" if (kind.__name__, wire) == ("Response", "id") else example(hints[field], wire)
        for field, wire in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    }
    tag = kind.__struct_config__.tag
    return {"type": tag, **own} if tag else own


EVENTS: tuple[dict[str, Any], ...] = tuple(members(kind) for kind in KnownServerEvent.__args__)
"""One of each."""
IN_V1 = tuple(json.loads(V1Dialect().encode(msgspec.convert(event, KnownServerEvent))) for event in EVENTS)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a piece of JSON."""
    found = [path] if path else []
    inside: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, part in inside:
        found += places(part, (*path, key))
    return found


def changed(value: Any, path: tuple[Any, ...], into: Any) -> Any:
    """The JSON with something else in one place."""
    if not path:
        return into
    copy = value.copy()
    copy[path[0]] = changed(copy[path[0]], path[1:], into)
    return copy


def answer(response_id: str, request: str | None) -> list[dict[str, Any]]:
    """What the service says of one answer that speaks, shows and calls a function, in order."""
    item, call = f"{response_id}_i", f"{response_id}_c"
    of = {"response_id": response_id, "item_id": item}
    audio = {"type": "response.audio.delta", "delta": "AAAAAAAAAAAAAAAA" * 40, **of}
    calling = {"id": f"{response_id}_f", "type": "function_call", "call_id": call, "name": "look"}
    done = {**calling, "arguments": "{}", "status": "completed"}
    metadata = {"metadata": {"pipecat_voicelive_request": request}} if request else {}
    return [
        {"type": "response.created", "response": {"id": response_id, **metadata}},
        {
            "type": "response.output_item.added",
            "response_id": response_id,
            "item": {"id": item, "type": "message"},
        },
        {"type": "response.audio_transcript.delta", "delta": "One two.", **of},
        audio,
        {
            "type": "response.audio_timestamp.delta",
            "text": "two",
            "audio_offset_ms": 9,
            "audio_duration_ms": 4,
            **of,
        },
        {"type": "response.animation_viseme.delta", "viseme_id": 4, "audio_offset_ms": 5, **of},
        audio,
        {"type": "response.output_item.added", "response_id": response_id, "item": calling},
        {"type": "response.function_call_arguments.done", "arguments": "{}", "call_id": call, **of},
        {"type": "response.output_item.done", "response_id": response_id, "item": done},
        {"type": "response.done", "response": {"id": response_id, "status": "completed", "output": [done]}},
    ]


def turn(item_id: str) -> list[dict[str, Any]]:
    """What the service says of a turn of the caller."""
    return [
        {"type": "input_audio_buffer.speech_started", "item_id": item_id, "audio_start_ms": 10},
        {"type": "input_audio_buffer.speech_stopped", "item_id": item_id, "audio_end_ms": 900},
        {"type": "input_audio_buffer.committed", "item_id": item_id},
        {
            "type": "conversation.item.input_audio_transcription.completed",
            "item_id": item_id,
            "transcript": "Hello.",
        },
    ]


def message(choices: Choices, events: Sequence[dict[str, Any]] = EVENTS) -> bytes:
    """An event as these choices have it: whole, damaged, or no event at all."""
    damage = choices.number(8)
    if damage == 7:
        return choices.take(choices.number(64))
    return _damaged(choices, choices.pick(events), damage)


def mostly(choices: Choices, event: dict[str, Any]) -> bytes | None:
    """This event: whole as a rule, sometimes damaged, sometimes not there."""
    fate = choices.number(16)
    return None if fate == 15 else _damaged(choices, event, max(fate - 8, 0))


def _damaged(choices: Choices, event: dict[str, Any], damage: int) -> bytes:
    for _ in range(max(damage - 3, 0)):
        event = changed(event, choices.pick(places(event)), other(choices))
    for name, ids in (("response_id", IDS), ("item_id", IDS), ("call_id", IDS)):
        if name in event and choices.number(4) == 3:
            event = {**event, name: choices.pick(ids)}
    text = json.dumps(event).encode()
    if damage == 6:
        at, length = choices.number(len(text) or 1), choices.number(16)
        text = text[:at] + choices.take(length) + text[at + choices.number(16) :]
    return text


def other(choices: Choices) -> Any:
    kind = choices.number(4)
    return choices.pick(ODD if kind < 2 else IDS if kind == 2 else MEANINGS)


def seeds() -> list[bytes]:
    """Where the search begins: each event as it is on the wire, in both wordings."""
    whole = [encode(msgspec.convert(event, KnownServerEvent)) for event in EVENTS]
    return [*whole, *(json.dumps(event).encode() for event in IN_V1)]
