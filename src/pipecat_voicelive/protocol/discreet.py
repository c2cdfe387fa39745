"""Structs that may be printed: a repr ends in logs and tracebacks, and what is said belongs in neither."""

from __future__ import annotations

from typing import Any, cast

from msgspec import UNSET, Struct

from pipecat_voicelive.protocol.names import wire_id, wire_name

SHOWN = frozenset(
    {
        "approval_request_id",
        "call_id",
        "code",
        "conversation_id",
        "event_id",
        "id",
        "item_id",
        "object",
        "param",
        "previous_item_id",
        "problem",
        "response_id",
        "role",
        "status",
        "turn_id",
        "type",
    }
)
"""Members whose text is shown: they say which and what kind, and hold nothing that anybody said."""

_NAMES = frozenset({"code", "param", "status", "type"})
_OURS = frozenset({"problem"})
"""Words of this package; in the others the service may repeat anything."""


class Discreet(Struct, frozen=True):
    """A struct whose repr has ids, types and sizes, and no content."""

    def __repr__(self) -> str:
        """`ResponseTextDelta(item_id='i', response_id='r', delta=<5>)`."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        shown = (
            f"{name}={_brief(name, value)}"
            for name, value in given.items()
            if value is not None and value is not UNSET
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def _is_shown(name: str, text: str) -> bool:
    if name not in SHOWN:
        return False
    return name in _OURS or not text or (wire_name if name in _NAMES else wire_id)(text) == text


def _brief(name: str, value: object) -> str:
    """A value if it is harmless, else its size in characters, bytes or elements."""
    if isinstance(value, int | float | Struct) or (isinstance(value, str) and _is_shown(name, value)):
        return repr(value)
    if isinstance(value, str | bytes | list | dict):
        return f"<{len(cast('list[Any]', value))}>"
    return f"<{type(value).__name__}>"
