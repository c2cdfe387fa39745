"""Scenarios from YAML: every mistake is named with its place and what was expected there.

text ──▶ nodes (places) ──▶ members ──▶ classes of `scenario` (pydantic) ──▶ `scenario_checks`
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml
from pydantic import ValidationError
from yaml.constructor import SafeConstructor

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.scenario import Scenario
from pipecat_voicelive.simulator.scenario_checks import mistakes_in
from pipecat_voicelive.simulator.scenario_schema import Where, adapter, described, members_at, schema_at
from pipecat_voicelive.simulator.suggestions import close_to

_Mistake: TypeAlias = tuple[Where, bool, str]
"""Where it is, whether it is the name of a member there, and what is wrong."""
_Place: TypeAlias = tuple[int, ...]
"""A line and a column, nothing if there are none."""
_STAND_IN = {"match": "any", "say": "x"}
"""A turn with no mistake, in the place of one that cannot be read."""


def load_scenario(path: Path, given: Mapping[str, object] | None = None) -> Scenario:
    """Read a scenario file, with members that are `given` instead of its own; raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a scenario: {error}") from None
    try:
        node = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
        places = dict(_places(node, ())) if node is not None else {}
        members = cast("object", SafeConstructor().construct_document(node)) if node is not None else None  # pyright: ignore[reportUnknownMemberType]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _of(mark) if mark else ()
        raise ConfigurationError(
            f"{path}{_shown(place)}: bad YAML: {error.problem or error.context}"
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigurationError(f"{path}: bad YAML: {error}") from None
    if isinstance(members, dict):
        members = {**cast("dict[str, object]", members), **(given or {})}
    return _read(members, str(path), places, path.parent)


def scenario_from(members: Mapping[str, Any]) -> Scenario:
    """Read a scenario from plain members; raises ConfigurationError."""
    return _read(members, "scenario", {})


def _read(
    members: object, source: str, places: Mapping[Where, _Place], folder: Path | None = None
) -> Scenario:
    told: list[_Mistake] = []
    try:
        scenario = adapter().validate_python(members)
    except ValidationError as error:
        told = [_explained(cast("Mapping[str, Any]", problem), members) for problem in error.errors()]
        scenario = adapter().validate_python(_without(members, [where for where, *_ in told]))
    told += [(where, False, problem) for where, problem in mistakes_in(scenario)]
    if folder is not None:
        files = tuple(
            replace(recording, file=str(folder / recording.file)) for recording in scenario.recordings
        )
        scenario = replace(scenario, recordings=files)
        for index, recording in enumerate(files):
            if not Path(recording.file).is_file():
                told.append((("recordings", index, "file"), False, f"is no file: {recording.file}"))
    if told:
        raise _complaint(told, source, places)
    return scenario


def _without(members: object, wrong: Sequence[Where]) -> Mapping[str, object]:
    """The members that can be read, so that they can be checked further."""
    if not isinstance(members, Mapping) or () in wrong:
        return {}
    kept = {str(name): member for name, member in cast("Mapping[object, object]", members).items()}
    for name, *inner in wrong:
        if name == "turns" and inner:
            turns = list(cast("Sequence[object]", kept["turns"]))
            turns[int(inner[0])] = _STAND_IN
            kept["turns"] = turns
        else:
            kept.pop(str(name), None)
    return kept


def _places(node: yaml.Node, where: Where) -> Iterator[tuple[Where, _Place]]:
    """Where everything stands: values by their path, the names of members by their path and an empty step."""
    yield where, _of(node.start_mark)
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
                yield (*where, name, ""), _of(key.start_mark)
        case yaml.SequenceNode():
            for index, value in enumerate(node.value):
                yield from _places(value, (*where, index))
        case _:
            pass


def _explained(problem: Mapping[str, Any], members: object) -> _Mistake:
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
    mistakes: Sequence[_Mistake], source: str, places: Mapping[Where, _Place]
) -> ConfigurationError:
    lines = [
        (_place((*where, "") if of_name else where, places), f"{path_of(where)} {problem}")
        for where, of_name, problem in mistakes
    ]
    lines.sort(key=lambda line: line[0])
    return ConfigurationError("\n".join(f"{source}{_shown(place)}: {problem}" for place, problem in lines))


def _place(where: Where, places: Mapping[Where, _Place]) -> _Place:
    """Where something stands, or what it is in."""
    while where and where not in places:
        where = where[:-1]
    return places.get(where, ())


def _of(mark: yaml.Mark) -> _Place:
    return mark.line + 1, mark.column + 1


def _shown(place: _Place) -> str:
    return "".join(f":{number}" for number in place)


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
