"""The members that recordings of the service have, and events that lack some of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

Kind = tuple[str, ...]
"""What two events must have in common to be compared: the type, and those of what is in them."""

_BY_CHANCE = {"event_id"}


@cache
def recorded(folder: Path) -> Mapping[Kind, frozenset[str]]:
    """The paths of the members that every recorded event of a kind has."""
    found: dict[Kind, frozenset[str]] = {}
    for tape in sorted(folder.glob("*.jsonl")):
        for line in tape.read_text().splitlines():
            entry = json.loads(line)
            if entry["from"] == "server":
                event = entry["event"]
                paths = frozenset(_paths(event, ""))
                found[kind_of(event)] = found.get(kind_of(event), paths) & paths
    return found


def lacking(event: Mapping[str, Any], folder: Path) -> list[str]:
    """The members that every recorded event of this kind has and this one has not."""
    wanted = recorded(folder).get(kind_of(event), frozenset())
    missing = wanted - set(_paths(event, "")) - _BY_CHANCE
    # What is null has no members.
    empty = tuple(f"{path}." for path in _nulls(event, ""))
    return sorted(path for path in missing if not path.startswith(empty))


def kind_of(event: Mapping[str, Any]) -> Kind:
    """What an event is to be compared with."""
    inside = [event.get("item"), event.get("part"), event.get("response")]
    types = [
        str(member.get(name, ""))
        for member in inside
        if isinstance(member, Mapping)
        for name in ("type", "role", "status")
    ]
    outputs = [str(item["type"]) for item in _members(event.get("response")).get("output") or []]
    return (str(event["type"]), *types, *outputs)


def _nulls(value: object, path: str) -> Iterator[str]:
    for name, member in _members(value).items():
        inner = f"{path}.{name}" if path else name
        if member is None:
            yield inner
        yield from _nulls(member, inner)


def _members(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _paths(value: object, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in cast("Mapping[str, object]", value).items():
            inner = f"{path}.{name}" if path else name
            yield inner
            yield from _paths(member, inner)
    elif isinstance(value, list):
        for element in cast("list[object]", value):
            yield from _paths(element, f"{path}[]")
