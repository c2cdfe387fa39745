"""What faults make of messages. Pure, but for the dice they are given."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from msgspec.structs import fields

from pipecat_voicelive.protocol.codec import SERVER_EVENT_TYPES
from pipecat_voicelive.protocol.server_events import KnownServerEvent

_PRINTABLE = range(0x20, 0x7F)
_NEVER_IN_UTF8 = range(0xF5, 0x100)
_WRONG = (7, True, "?", ["?"], {"?": 7})
_EVENTS: dict[str, Any] = {str(event.__struct_config__.tag): event for event in KnownServerEvent.__args__}


def corrupted(message: str | bytes, count: int, dice: Random) -> str | bytes:
    """The message with `count` of its characters, or bytes, replaced by others that can be read."""
    if isinstance(message, bytes):
        return corrupted_bytes(message, count, dice)
    characters = list(message)
    for place in _places(len(characters), count, dice):
        others = [code for code in _PRINTABLE if chr(code) != characters[place]]
        characters[place] = chr(dice.choice(others))
    return "".join(characters)


def corrupted_bytes(message: str | bytes, count: int, dice: Random) -> bytes:
    """The message with `count` of its bytes replaced by such as no UTF-8 text holds."""
    damaged = bytearray(message.encode() if isinstance(message, str) else message)
    for place in _places(len(damaged), count, dice):
        damaged[place] = dice.choice(_NEVER_IN_UTF8)
    return bytes(damaged)


def shuffled(count: int, dice: Random) -> list[int]:
    """The numbers below `count`, in another order than theirs."""
    order = list(range(count))
    while count > 1 and order == list(range(count)):
        dice.shuffle(order)
    return order


def unknown_event(dice: Random) -> dict[str, Any]:
    """An event of a type that nobody knows."""
    return {"type": f"response.novelty_{dice.randrange(1000):03}.delta", "delta": "?", "novelty": True}


def malformed_event(event_type: str, dice: Random) -> dict[str, Any]:
    """An event of a known type, a random one for "", each member of it of a type that it cannot have."""
    event_type = event_type or dice.choice(sorted(SERVER_EVENT_TYPES))
    known = fields(_EVENTS[event_type]) if event_type in _EVENTS else ()
    members = {field.encode_name: _wrong_for(field.type, dice) for field in known}
    return {"type": event_type, "event_id": 7, **members}


def _wrong_for(kind: Any, dice: Random) -> object:
    for value in dice.sample(_WRONG, len(_WRONG)):
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            return value
    return 7


def _places(length: int, count: int, dice: Random) -> list[int]:
    return sorted(dice.sample(range(length), min(count, length)))
