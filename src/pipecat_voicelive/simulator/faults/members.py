"""Faults as plain members: `{fault: close, code: 1011, at: response.created, nth: 2}`."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, cast

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.faults.forms import Form, check_value, form_of, parts_of
from pipecat_voicelive.simulator.faults.kinds import KINDS, Kind

if TYPE_CHECKING:
    from pipecat_voicelive.simulator.faults.fault import Fault

_WHEN = ("at", "nth", "every", "after_s", "chance", "session")

_WHEN_SCHEMA = {
    "at": {"type": "string", "description": "The type of the event; 'sent', 'received' or 'connect'."},
    "nth": {"type": "integer", "minimum": 1, "description": "The how manieth of these."},
    "every": {"type": "boolean", "description": "Whether it happens at each nth."},
    "after_s": {"type": "number", "minimum": 0, "description": "Seconds to wait before."},
    "chance": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "How likely it is."},
    "session": {"type": "integer", "minimum": 1, "description": "The only session that it is for."},
}
_JSON_TYPES = {
    Form.SECONDS: "number",
    Form.COUNT: "integer",
    Form.TEXT: "string",
    Form.OBJECT: "object",
    Form.HEX: "string",
}


def arguments_in(members: Mapping[str, Any]) -> dict[str, Any]:
    """What to make a `Fault` of."""
    rest = dict(members)
    kind = _kind(rest.pop("fault", None))
    when = {name: rest.pop(name) for name in _WHEN if name in rest}
    for name, value in when.items():
        _check_when(name, value)
    parts = {part.name: part for part in parts_of(kind)}
    for name, value in rest.items():
        if name not in parts:
            known = [*parts, *_WHEN]
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}"
            raise ConfigurationError(f"'{name}' is unknown to '{kind.name}'; {hint}")
        if value is not None:
            check_value(form_of(parts[name]), value, name.removesuffix("_s"))
    for name, part in parts.items():
        if part.default is MISSING and name not in rest:
            needed = f"'{kind.name}' needs '{name}', {form_of(part).value}; e.g. '{kind.example}'"
            raise ConfigurationError(needed)
    return {"what": kind(**rest), **when}


def members_of(fault: Fault) -> dict[str, Any]:
    """The plain members of a fault, without those that are as they are anyway."""
    members: dict[str, Any] = {"fault": fault.what.name}
    for part in parts_of(type(fault.what)):
        value = getattr(fault.what, part.name)
        if value != part.default:
            members[part.name] = value
    for part in fields(fault):
        if part.name in _WHEN and getattr(fault, part.name) != part.default:
            members[part.name] = getattr(fault, part.name)
    return members


def fault_schema() -> dict[str, Any]:
    """What a fault in a file may be, as JSON schema."""
    members: dict[str, Any] = {
        "fault": {"enum": list(KINDS), "description": "What goes wrong."},
        **_WHEN_SCHEMA,
    }
    for kind in KINDS.values():
        for part in parts_of(kind):
            member = members.setdefault(part.name, {"type": []})
            if (wanted := _JSON_TYPES[form_of(part)]) not in member["type"]:
                member["type"].append(wanted)
    mapping = {"type": "object", "properties": members, "required": ["fault"], "additionalProperties": False}
    return {"anyOf": [{"type": "string", "description": "One line."}, mapping]}


def _kind(name: object) -> type[Kind]:
    if isinstance(name, str) and name in KINDS:
        return KINDS[name]
    known = ", ".join(KINDS)
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f"needs 'fault': what goes wrong, one of {known}")
    close = difflib.get_close_matches(name, KINDS, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"known are {known}"
    raise ConfigurationError(f"there is no fault '{name}'; {hint}")


def _check_when(name: str, value: object) -> None:
    number = cast("float", value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    match name:
        case "at":
            good, expected = isinstance(value, str), "an event type, 'sent', 'received' or 'connect'"
        case "every":
            good, expected = isinstance(value, bool), "true or false"
        case "nth" | "session":
            good, expected = isinstance(number, int), "a whole number from 1"
        case _:
            good, expected = number is not None and math.isfinite(number), "a number"
    if not good and not (name == "session" and value is None):
        raise ConfigurationError(f"'{name}' must be {expected}")
