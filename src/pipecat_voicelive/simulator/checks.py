"""What a member of an object may look like: pieces that checks are made of.

Null has been dealt with before. Unknown members of an object pass, because the service is known to accept
some that no document lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from pipecat_voicelive.simulator.errors_wire import RefusedError, invalid_type, invalid_value

Check = Callable[[object, str], None]
"""Refuses a value that stands at a path."""


def text(value: object, path: str) -> None:
    """Refuse what is no string."""
    if not isinstance(value, str):
        raise invalid_type(path, "a string")


def boolean(value: object, path: str) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise invalid_type(path, "a boolean")


def count(value: object, path: str) -> None:
    """Refuse what is no integer of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_type(path, "an integer")
    if value < 0:
        raise invalid_value(f"Invalid value for '{path}': must not be negative.", path)


def number(low: float, high: float) -> Check:
    """Refuses what is no number in a range."""

    def check(value: object, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid_type(path, "a number")
        if not low <= value <= high:
            raise invalid_value(f"Invalid value for '{path}': must be {low:g} to {high:g}.", path)

    return check


def one_of(*allowed: str | int) -> Check:
    """Refuses every other value."""
    kind = "a string" if isinstance(allowed[0], str) else "an integer"

    def check(value: object, path: str) -> None:
        if type(value) is not type(allowed[0]):
            raise invalid_type(path, kind)
        if value not in allowed:
            listed = ", ".join(repr(choice) for choice in allowed)
            raise invalid_value(f"Invalid value for '{path}': supported values are {listed}.", path)

    return check


def list_of(check_one: Check) -> Check:
    """Refuses what is no array of such elements."""

    def check(value: object, path: str) -> None:
        if not isinstance(value, list):
            raise invalid_type(path, "an array")
        for index, element in enumerate(cast("list[object]", value)):
            check_one(element, f"{path}[{index}]")

    return check


def object_of(members: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    """Refuses what is no object with such members."""

    def check(value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise invalid_type(path, "an object")
        given = cast("dict[str, object]", value)
        for name in required:
            if given.get(name) is None:
                raise RefusedError(
                    "missing_required_parameter",
                    f"Missing required parameter: '{path}.{name}'.",
                    f"{path}.{name}",
                )
        for name, member in given.items():
            if member is not None and name in members:
                members[name](member, f"{path}.{name}")

    return check


def metadata(value: object, path: str) -> None:
    """Refuse metadata that is no map of at most 16 strings (keys to 64, values to 512 characters)."""
    object_of({})(value, path)
    pairs = cast("dict[str, object]", value)
    if len(pairs) > 16:
        raise invalid_value(f"Invalid value for '{path}': at most 16 pairs.", path)
    for key, value in pairs.items():
        text(value, f"{path}.{key}")
        if len(key) > 64 or len(str(value)) > 512:
            raise invalid_value(f"Invalid value for '{path}.{key}': too long.", f"{path}.{key}")
