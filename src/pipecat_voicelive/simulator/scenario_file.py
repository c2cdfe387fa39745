"""Scenarios from YAML: every mistake is named with its line and what was expected there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import yaml

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.scenario import (
    AgentCall,
    Aside,
    Citation,
    Match,
    Scenario,
    Search,
    ToolCall,
    Transcript,
    Turn,
)

Where = tuple[str | int, ...]
_T = TypeVar("_T")

_SCENARIO_MEMBERS = ("name", "greeting", "turns", "otherwise", "unheard", "asides", "interim")
_TURN_MEMBERS = (
    "user",
    "say",
    "call",
    "calls",
    "search",
    "agent",
    "annotations",
    "then",
    "match",
    "image",
    "repeat",
    "events",
    "delay_ms",
    "transcript",
    "transcript_delay_ms",
    "language",
    "confidence",
)
_ASIDE_MEMBERS = ("about", "say", "delay_ms")
_CALL_MEMBERS = ("name", "arguments")
_TRANSCRIPTS = tuple(choice for choice in get_args(Transcript) if choice != "completed")


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a scenario: {error}") from None
    try:
        node = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
        lines = dict(_lines(node, ())) if node is not None else {}
        members = cast("object", yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path}{line}: bad YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigurationError(f"{path}: bad YAML: {error}") from None
    return _Reader(str(path), lines).scenario(members)


def scenario_from(members: Mapping[str, Any]) -> Scenario:
    """Read a scenario from plain members; raises ConfigurationError."""
    return _Reader("scenario", {}).scenario(members)


def _lines(node: yaml.Node, where: Where) -> Iterator[tuple[Where, int]]:
    """The line, from 1, of every member of a document by its path; a member stands in its place once."""
    yield where, node.start_mark.line + 1
    match node:
        case yaml.MappingNode():
            names: set[str] = set()
            for key, value in node.value:
                if str(key.value) in names:
                    raise yaml.MarkedYAMLError(
                        problem=f"'{key.value}' stands here for the second time", problem_mark=key.start_mark
                    )
                names.add(str(key.value))
                inner = (*where, str(key.value))
                yield from _lines(value, inner)
                # A member stands where its name does, not where its value begins.
                yield inner, key.start_mark.line + 1
        case yaml.SequenceNode():
            for index, value in enumerate(node.value):
                yield from _lines(value, (*where, index))
        case _:
            pass


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads members that stand in `source`, at `lines`, and complains with both."""

    source: str
    lines: Mapping[Where, int]

    def scenario(self, value: object) -> Scenario:
        members = self._members(value, (), _SCENARIO_MEMBERS)
        turns = self._list(members.get("turns", []), ("turns",))
        asides = self._list(members.get("asides", []), ("asides",))
        defaults = Scenario()
        return Scenario(
            name=self._text(members, (), "name", "scenario"),
            greeting=self._text(members, (), "greeting", defaults.greeting),
            turns=tuple(self._turn(turn, ("turns", index)) for index, turn in enumerate(turns)),
            otherwise=self._text(members, (), "otherwise", defaults.otherwise),
            unheard=self._text(members, (), "unheard", ""),
            asides=tuple(self._aside(aside, ("asides", index)) for index, aside in enumerate(asides)),
            interim=self._text(members, (), "interim", defaults.interim),
        )

    def _turn(self, value: object, where: Where) -> Turn:
        members = self._members(value, where, _TURN_MEMBERS)
        user = self._text(members, where, "user", "")
        image = self._of_type(members, where, "image", bool, False, "true or false")
        if not user.strip() and not image:
            raise self._wrong(where, "needs 'user': what the caller says")
        calls = self._calls(members, where)
        say, then = self._text(members, where, "say", ""), self._text(members, where, "then", "")
        if not calls and not say:
            raise self._wrong(where, "needs 'say' (an answer), 'call' (a tool) or 'calls' (several)")
        if then and not calls:
            raise self._wrong((*where, "then"), "answers a tool call; without 'call' use 'say'")
        match = self._choice(members, where, "match", get_args(Match), "fuzzy")
        if match == "pattern":
            self._pattern(user, (*where, "user"))
        delay_ms = self._milliseconds(members, where, "transcript_delay_ms")
        return Turn(
            user=user,
            say=say,
            calls=calls,
            search=self._search(members, where),
            agent=self._agent(members, where),
            annotations=self._annotations(members, where),
            then=then,
            match=cast("Match", match),
            image=image,
            repeat=self._of_type(members, where, "repeat", bool, False, "true or false"),
            events=self._mappings(members, where, "events"),
            delay_ms=self._milliseconds(members, where, "delay_ms") or 0.0,
            transcript=cast(
                "Transcript", self._choice(members, where, "transcript", _TRANSCRIPTS, "completed")
            ),
            transcript_delay_ms=delay_ms,
            language=self._text(members, where, "language", ""),
            confidence=self._confidence(members, where),
        )

    def _search(self, members: Mapping[str, object], where: Where) -> Search | None:
        if "search" not in members:
            return None
        where = (*where, "search")
        search = self._members(members["search"], where, ("kind", "queries", "results", "fails"))
        kind = self._choice(search, where, "kind", ("web", "file"), "web")
        queries = self._list(search.get("queries", []), (*where, "queries"))
        return Search(
            kind="file" if kind == "file" else "web",
            queries=tuple(map(str, queries)),
            results=self._mappings(search, where, "results"),
            fails=self._of_type(search, where, "fails", bool, False, "true or false"),
        )

    def _agent(self, members: Mapping[str, object], where: Where) -> AgentCall | None:
        if "agent" not in members:
            return None
        where = (*where, "agent")
        agent = self._members(members["agent"], where, ("name", "arguments", "output", "error"))
        call = self._call({name: agent[name] for name in _CALL_MEMBERS if name in agent}, where)
        return AgentCall(
            name=call.name,
            arguments=call.arguments,
            output=self._text(agent, where, "output", ""),
            error=self._text(agent, where, "error", ""),
        )

    def _annotations(self, members: Mapping[str, object], where: Where) -> tuple[Citation, ...]:
        citations: list[Citation] = []
        for index, value in enumerate(self._mappings(members, where, "annotations")):
            here = (*where, "annotations", index)
            citation = self._members(value, here, ("after", "annotation"))
            after = self._text(citation, here, "after", "")
            if after not in self._text(members, where, "say", "") or not after:
                raise self._wrong(here, "needs 'after': words of 'say' that it is for")
            if not isinstance(annotation := citation.get("annotation"), dict):
                raise self._wrong(here, "needs 'annotation': a mapping, e.g. of type, url and title")
            citations.append(Citation(after, cast("dict[str, Any]", annotation)))
        return tuple(citations)

    def _mappings(
        self, members: Mapping[str, object], where: Where, name: str
    ) -> tuple[Mapping[str, Any], ...]:
        values = self._list(members.get(name, []), (*where, name))
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise self._wrong((*where, name, index), f"must be a mapping, not {_kind(value)}")
        return tuple(cast("list[dict[str, Any]]", values))

    def _aside(self, value: object, where: Where) -> Aside:
        members = self._members(value, where, _ASIDE_MEMBERS)
        about, say = self._text(members, where, "about", ""), self._text(members, where, "say", "")
        if not about or not say:
            raise self._wrong(where, "needs 'about' (a regular expression) and 'say' (an answer)")
        self._pattern(about, (*where, "about"))
        return Aside(about, say, self._milliseconds(members, where, "delay_ms") or 0.0)

    def _calls(self, members: Mapping[str, object], where: Where) -> tuple[ToolCall, ...]:
        if "call" in members and "calls" in members:
            raise self._wrong((*where, "calls"), "stands beside 'call'; put all calls into 'calls'")
        if "call" in members:
            return (self._call(members["call"], (*where, "call")),)
        calls = self._list(members.get("calls", []), (*where, "calls"))
        return tuple(self._call(call, (*where, "calls", index)) for index, call in enumerate(calls))

    def _call(self, value: object, where: Where) -> ToolCall:
        members = self._members(value, where, _CALL_MEMBERS)
        name = self._text(members, where, "name", "")
        if not name:
            raise self._wrong(where, "needs 'name': the tool to call")
        arguments = members.get("arguments", {})
        if not isinstance(arguments, dict):
            raise self._wrong((*where, "arguments"), f"must be a mapping, not {_kind(arguments)}")
        return ToolCall(name, cast("dict[str, Any]", arguments))

    def _members(self, value: object, where: Where, known: tuple[str, ...]) -> Mapping[str, object]:
        if not isinstance(value, Mapping):
            raise self._wrong(where, f"must be a mapping of {', '.join(known)}, not {_kind(value)}")
        members = cast("Mapping[object, object]", value)
        for name in members:
            if name not in known:
                close = difflib.get_close_matches(str(name), known, n=1)
                hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}"
                raise self._wrong((*where, str(name)), f"is unknown; {hint}")
        return cast("Mapping[str, object]", members)

    def _list(self, value: object, where: Where) -> list[object]:
        if not isinstance(value, list):
            raise self._wrong(where, f"must be a list, not {_kind(value)}")
        return cast("list[object]", value)

    def _text(self, members: Mapping[str, object], where: Where, name: str, default: str) -> str:
        return self._of_type(members, where, name, str, default, "text (in quotes)")

    def _choice(
        self, members: Mapping[str, object], where: Where, name: str, known: tuple[str, ...], default: str
    ) -> str:
        value = members.get(name, default)
        if value != default and value not in known:
            raise self._wrong((*where, name), f"must be one of {', '.join(known)}")
        return str(value)

    def _milliseconds(self, members: Mapping[str, object], where: Where, name: str) -> float | None:
        value = members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 600_000:
            raise self._wrong((*where, name), "must be a number of milliseconds, at most ten minutes")
        return float(value)

    def _confidence(self, members: Mapping[str, object], where: Where) -> float:
        value = members.get("confidence", Turn.__dataclass_fields__["confidence"].default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise self._wrong((*where, "confidence"), "must be a number above 0, at most 1")
        return float(value)

    def _of_type(
        self,
        members: Mapping[str, object],
        where: Where,
        name: str,
        kind: type[_T],
        default: _T,
        expected: str,
    ) -> _T:
        value = members.get(name, default)
        if not isinstance(value, kind):
            raise self._wrong((*where, name), f"must be {expected}, not {_kind(value)}")
        return value

    def _pattern(self, pattern: str, where: Where) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise self._wrong(where, f"is no regular expression: {error}") from None

    def _wrong(self, where: Where, problem: str) -> ConfigurationError:
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")
        line = self.lines.get(where)
        at_line = f", line {line}" if line else ""
        return ConfigurationError(f"{self.source}{at_line}: {path or 'the scenario'} {problem}")


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
        case _:
            return "a list" if isinstance(value, list) else f"a {type(value).__name__}"
