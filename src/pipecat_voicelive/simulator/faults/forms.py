"""How the values of faults are written, in text and in files, and what they may be.

The metadata of a field says how its value is written (`Form`) and after which word it stands, "" for one
that is told by its place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import Field, field, fields
from enum import Enum
from typing import Any, cast

from pipecat_voicelive.errors import ConfigurationError

_MAX_COUNT = 1000
_MAX_S = 86_400


class Form(Enum):
    """How the value of a field is written."""

    SECONDS = "seconds, e.g. 200ms or 2.5s"
    COUNT = "a whole number"
    TEXT = 'text, in "quotes" if it has spaces'
    OBJECT = "a JSON object"
    HEX = "bytes in hexadecimal, e.g. 00ff"


def part(form: Form, default: Any = None, *, word: str = "") -> Any:
    """A field; without a default it must be given."""
    metadata = {"form": form, "word": word}
    return field(metadata=metadata) if default is None else field(default=default, metadata=metadata)


def optional_part(form: Form, *, word: str) -> Any:
    """A field that is None unless it is given."""
    return field(default=None, metadata={"form": form, "word": word})


def parts_of(kind: type[Any]) -> tuple[Field[Any], ...]:
    """The fields of a kind, those that are told by their place first."""
    return tuple(sorted(fields(kind), key=word_of))


def form_of(part: Field[Any]) -> Form:
    """How a field is written."""
    return part.metadata["form"]


def word_of(part: Field[Any]) -> str:
    """The word before a field's value, "" for none."""
    return part.metadata["word"]


def check_value(form: Form, value: object, name: str) -> None:
    """Refuse what a field cannot hold.

    Raises:
        ConfigurationError: It has the wrong type or is out of range.
    """
    match form:
        case Form.SECONDS:
            good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            if good and isinstance(value, int | float) and value > _MAX_S:
                raise ConfigurationError(f"'{name}' must be at most {_MAX_S} seconds, a day")
        case Form.COUNT:
            good = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if good and name in ("times", "count") and int(str(value)) > _MAX_COUNT:
                raise ConfigurationError(f"'{name}' must be at most {_MAX_COUNT}")
        case Form.TEXT:
            good = isinstance(value, str)
        case Form.OBJECT:
            good = isinstance(value, Mapping) and _is_json(cast("Mapping[str, object]", value))
        case Form.HEX:
            good = isinstance(value, str) and _is_hex(value)
    if not good:
        raise ConfigurationError(f"'{name}' must be {form.value}")


def _is_json(value: Mapping[str, object]) -> bool:
    try:
        return bool(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return False


def _is_hex(text: str) -> bool:
    try:
        return bool(bytes.fromhex(text))
    except ValueError:
        return False
