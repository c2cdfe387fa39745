"""Scenarios from YAML: every mistake is named with its place and what was expected there.

text ──▶ nodes (places) ──▶ members ──▶ classes of `scenario` (pydantic) ──▶ `scenario_checks`
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.scenario import Scenario
from pipecat_voicelive.simulator.scenario_checks import mistakes_in
from pipecat_voicelive.simulator.scenario_schema import Where, adapter, described, members_at, schema_at
from pipecat_voicelive.simulator.suggestions import close_to

_MOST_TOLD = 10


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a scenario: {error}") from None
    try:
        node = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
        places = dict(_places(node, ())) if node is not None else {}
        members = cast("object", yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigurationError(f"{path}{place}: bad YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigurationError(f"{path}: bad YAML: {error}") from None
    return _read(members, str(path), places)


def scenario_from(members: Mapping[str, Any]) -> Scenario:
    """Read a scenario from plain members; raises ConfigurationError."""
    return _read(members, "scenario", {})


def _read(members: object, source: str, places: Mapping[Where, str]) -> Scenario:
    try:
        scenario = adapter().validate_python(members)
    except ValidationError as error:
        told = [_explained(cast("Mapping[str, Any]", problem), members) for problem in error.errors()]
        raise _complaint(told, source, places) from None
    mistakes = list(mistakes_in(scenario))
    if mistakes:
        raise _complaint([(where, False, problem) for where, problem in mistakes], source, places)
    return scenario


def _places(node: yaml.Node, where: Where) -> Iterator[tuple[Where, str]]:
    """Where everything stands: values by their path, the names of members by their path and an empty step."""
    yield where, f":{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    match node:
        case yaml.MappingNode():
            names: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in names:
                    raise yaml.MarkedYAMLError(
                        problem=f"'{name}' stands here for the second time", problem_mark=key.start_mark
                    )
                names.add(name)
                yield from _places(value, (*where, name))
                yield (*where, name, ""), f":{key.start_mark.line + 1}:{key.start_mark.column + 1}"
        case yaml.SequenceNode():
            for index, value in enumerate(node.value):
                yield from _places(value, (*where, index))
        case _:
            pass


def _explained(problem: Mapping[str, Any], members: object) -> tuple[Where, bool, str]:
    """Where a mistake is, whether it is the name of a member there, and what is wrong."""
    where, value = _way(problem["loc"], members)
    match problem["type"]:
        case "unexpected_keyword_argument":
            *parent, name = where
            return where, True, f"is unknown; {close_to(str(name), members_at(parent, members))}"
        case "missing":
            name = str(problem["loc"][-1])
            meaning = members_at(where, members)[name].get("description", "")
            return where, False, f"needs '{name}': {meaning[:1].lower()}{meaning[1:].rstrip('.')}"
        case "value_error":
            return where, False, str(problem["ctx"]["error"])
        case "string_too_short":
            return where, False, "must not be empty"
        case "invalid_key":
            return where, True, "is no name; put it into quotes"
        case _ if problem["loc"][-1:] == ("[key]",):
            return where, True, "is no name; put it into quotes"
        case _:
            expected = described(schema_at(where, members))
            if expected.startswith("one of ") and isinstance(value, str):
                close = difflib.get_close_matches(value, expected[7:].split(", "), n=1)
                meant = f"; did you mean '{close[0]}'?" if close else ""
                return where, False, f"must be {expected}{meant}"
            found = value if _is_number(value) and expected.startswith("a number") else _kind(value)
            return where, False, f"must be {expected}, not {found}"


def _way(location: Sequence[str | int], members: object) -> tuple[Where, object]:
    """The steps of a location that lead somewhere in the members, and what is there.

    Others name a kind of value, where there is a choice of them, or a member that is missing.
    """
    way: list[str | int] = []
    value = members
    for step in location:
        if isinstance(value, Mapping) and step in value:
            value = cast("Mapping[str | int, object]", value)[step]
            way.append(str(step))
        elif isinstance(value, list | tuple) and isinstance(step, int):
            value = cast("Sequence[object]", value)[step]
            way.append(step)
    return tuple(way), cast("object", value)


def _complaint(
    mistakes: Sequence[tuple[Where, bool, str]], source: str, places: Mapping[Where, str]
) -> ConfigurationError:
    lines = [
        f"{source}{_place((*where, '') if of_name else where, places)}: {path_of(where)} {problem}"
        for where, of_name, problem in mistakes[:_MOST_TOLD]
    ]
    more = len(mistakes) - _MOST_TOLD
    return ConfigurationError("\n".join([*lines, f"... and {more} more"] if more > 0 else lines))


def _place(where: Where, places: Mapping[Where, str]) -> str:
    """The line and the column of a place, or of what it is in."""
    while where and where not in places:
        where = where[:-1]
    return places.get(where, "")


def path_of(where: Where) -> str:
    """A place as people write it, e.g. "turns[0].say"."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return path.lstrip(".") or "the scenario"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return f"a {type(value).__name__}"
