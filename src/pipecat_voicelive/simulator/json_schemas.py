"""JSON schemas of tools: what can be read in them, and whether an argument keeps to one. Pure.

The service does not look into a tool's schema, so anything may stand there. What libraries make is
understood: `$ref` to definitions, `allOf`, alternatives with null. What is odd is passed over.

Whether an argument is allowed says the package jsonschema, which the extra `simulator` brings; without it
every one is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast
from urllib.parse import unquote

try:
    import jsonschema
    import referencing
except ImportError:
    jsonschema = referencing = None

_Members: TypeAlias = dict[str, Any]
_DEEPEST = 10
_MOST_PARTS = 500


def readable(schema: object) -> _Members:
    """A schema with nothing in it but what a reader can rely on.

    Returns:
        Each only if it is there: `type`, `description`, `format` and `pattern` as texts, `minimum` and
        `maximum` as numbers, `enum` as a list of scalars, not empty, `required` as a list of names, `items`
        as a schema of this kind; and always `properties`, of this kind too. Of alternatives it is the first
        that is not null. What holds itself, or nests or branches without end, is cut off.
    """
    return _Reading(schema).of(schema, 0, frozenset()) or {"properties": {}}


def accepts(schema: Mapping[str, Any], name: str, value: object) -> bool:
    """Whether a tool's schema allows an argument. One that cannot be judged forbids nothing."""
    if jsonschema is None or referencing is None:
        return True
    # With the registry of its own, jsonschema would fetch a `$ref` from the network.
    registry = cast("Any", referencing).Registry()
    try:
        judge: Any = jsonschema.Draft202012Validator(schema, registry=registry)
        return not any(list(error.path)[:1] == [name] for error in judge.iter_errors({name: value}))
    except Exception:  # noqa: BLE001 - there is no end to what stands in schemas
        return True


class _Reading:
    """The reading of one schema, `root`."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._parts_left = _MOST_PARTS

    def of(self, schema: object, depth: int, within: frozenset[str]) -> _Members | None:
        """A part of it, within what these `$ref` name; None if that is cut off."""
        refs = set(within)
        merged = self._merged(schema, depth, refs)
        if merged is None:
            return None
        types = [merged.get("type"), *_list(merged.get("type"))]
        enum = [merged["const"]] if "const" in merged else merged.get("enum")
        found: _Members = {
            **merged,
            "type": next((one for one in types if isinstance(one, str) and one != "null"), None),
            "enum": [one for one in _list(enum) if isinstance(one, str | int | float)],
            "required": [one for one in _list(merged.get("required")) if isinstance(one, str)],
        }
        kept = {
            name: found[name]
            for name, kinds in _KEPT.items()
            if isinstance(found.get(name), kinds) and found[name] != []
        }
        inside = {
            name: self.of(one, depth + 1, frozenset(refs)) for name, one in merged["properties"].items()
        }
        kept["properties"] = {name: one for name, one in inside.items() if one is not None}
        if "items" in merged and (items := self.of(merged["items"], depth + 1, frozenset(refs))):
            kept["items"] = items
        return kept

    def _merged(self, schema: object, depth: int, refs: set[str]) -> _Members | None:
        """What its `$ref` (added to `refs`), `allOf`, first alternative, and last it itself say of it."""
        self._parts_left -= 1
        own = _mapping(schema)
        named = [ref] if isinstance(ref := own.get("$ref"), str) else []
        if depth > _DEEPEST or self._parts_left < 0 or not refs.isdisjoint(named):
            return None
        refs.update(named)
        parts = [*map(self._named, named), *_list(own.get("allOf")), *_alternatives(own)[:1]]
        merged: _Members = {"properties": {}}
        for part in [*(self._merged(part, depth + 1, refs) for part in parts), own]:
            if part is None:
                return None
            properties = merged["properties"] | _mapping(part.get("properties"))
            required = _list(merged.get("required")) + _list(part.get("required"))
            merged |= {**part, "properties": properties, "required": required}
        return merged

    def _named(self, ref: str) -> object:
        """What a `$ref` within the schema names, e.g. `#/$defs/Unit`; None if there is no such thing."""
        found = self._root if ref.startswith("#") else None
        for name in ref.split("/")[1:]:
            found = _mapping(found).get(unquote(name).replace("~1", "/").replace("~0", "~"))
        return found


_KEPT: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("type", "description", "format", "pattern"), str),
    **dict.fromkeys(("minimum", "maximum"), (int, float)),
    **dict.fromkeys(("enum", "required"), list),
}


def _alternatives(schema: _Members) -> list[Any]:
    """What may be there instead of null."""
    given = _list(schema.get("anyOf")) + _list(schema.get("oneOf"))
    return [one for one in given if _mapping(one).get("type") != "null"]


def _mapping(value: object) -> _Members:
    return cast("_Members", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
