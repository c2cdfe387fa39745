"""What a member of an object may look like: pieces that checks are made of.

Null has been dealt with before. Unknown members of an object pass, because the service is known to accept
some that no document lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from pipecat_voicelive.simulator.errors_wire import (
    array_too_long,
    invalid_type,
    missing_parameter,
    text_too_long,
    too_large,
    too_many_pairs,
    too_small,
    unsupported_value,
)
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import API_REFERENCE, SDK

Check = Callable[[object, str], None]
"""Refuses a value that stands at a path."""


def text(value: object, path: str) -> None:
    """Refuse what is no string."""
    if not isinstance(value, str):
        raise invalid_type(path, "a string", value)


def filled_text(value: object, path: str) -> None:
    """Refuse what is no string, or an empty one."""
    text(value, path)
    if not str(value).strip():
        raise missing_parameter(path)


def boolean(value: object, path: str) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise invalid_type(path, "a boolean", value)


def integer(low: int, high: int | None = None) -> Check:
    """Refuses what is no integer in a range."""

    def check(value: object, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise invalid_type(path, "an integer", value)
        _in_range(value, path, low, high, "integer")

    return check


count = integer(0)
"""Refuses what is no integer of at least 0."""


def number(low: float, high: float) -> Check:
    """Refuses what is no number in a range."""

    def check(value: object, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid_type(path, "a number", value)
        _in_range(value, path, low, high, "decimal")

    return check


def _in_range(value: float, path: str, low: float, high: float | None, kind: str) -> None:
    if value < low:
        raise too_small(path, value, low, kind)
    if high is not None and value > high:
        raise too_large(path, value, high, kind)


def one_of(*allowed: str | int) -> Check:
    """Refuses every other value."""
    kind = "a string" if isinstance(allowed[0], str) else "an integer"

    def check(value: object, path: str) -> None:
        if type(value) is not type(allowed[0]):
            raise invalid_type(path, kind, value)
        if value not in allowed:
            raise unsupported_value(value, allowed, path)

    return check


def list_of(check_one: Check, *, most: int | None = None) -> Check:
    """Refuses what is no array of at most so many such elements."""

    def check(value: object, path: str) -> None:
        if not isinstance(value, list):
            raise invalid_type(path, "an array", value)
        elements = cast("list[object]", value)
        if most is not None and len(elements) > most:
            raise array_too_long(path, len(elements), most)
        for index, element in enumerate(elements):
            check_one(element, f"{path}[{index}]")

    return check


def object_of(members: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    """Refuses what is no object with such members."""

    def check(value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise invalid_type(path, "an object", value)
        given = cast("dict[str, object]", value)
        for name in required:
            if given.get(name) is None:
                raise missing_parameter(f"{path}.{name}")
        for name, member in given.items():
            if member is not None and name in members:
                members[name](member, f"{path}.{name}")

    return check


_MOST_PAIRS = 16
_LONGEST_KEY = 64
_LONGEST_VALUE = 512


@rule(
    "metadata-limits",
    "Metadata of a session or a response has at most 16 pairs, keys of at most 64 and values of at most 512 "
    "characters.",
    API_REFERENCE.at("metadata"),
    SDK.at("ResponseCreateParams"),
    topic=Topic.SESSION,
)
def metadata(value: object, path: str) -> None:
    """Refuse metadata that is no map of at most 16 strings (keys to 64, values to 512 characters)."""
    object_of({})(value, path)
    pairs = cast("dict[str, object]", value)
    if len(pairs) > _MOST_PAIRS:
        raise too_many_pairs(path, len(pairs), _MOST_PAIRS)
    for key, value in pairs.items():
        text(value, f"{path}.{key}")
        for given, most in ((key, _LONGEST_KEY), (str(value), _LONGEST_VALUE)):
            if len(given) > most:
                raise text_too_long(f"{path}.{key}", len(given), most)
