"""What a scenario must keep to besides the shape of its members. Pure.

Each check tells where a mistake is and what was expected there. A check that concerns one member alone
belongs to its kind, in `scenario_types`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.matching import fit, gap_names, sayable
from pipecat_voicelive.simulator.scenario import Scenario, Step, Then, Turn, calls_of, cases_of
from pipecat_voicelive.simulator.suggestions import close_to
from pipecat_voicelive.simulator.templates import gaps_in

_Where: TypeAlias = tuple[str | int, ...]
Mistake: TypeAlias = tuple[_Where, str]

_USER = ("user.text", "user.seconds")
_IMAGE = ("image.color", "image.width", "image.height", "image.format", "image.count")
_TAKEN = ("user", "image", "result", "results", "error")
"""What no gap of a line may be called."""


def mistakes_in(scenario: Scenario) -> Iterator[Mistake]:
    """Every mistake in a scenario: its place, and what is wrong."""
    yield from _gaps(scenario.greeting, ("greeting",), ())
    yield from _gaps(scenario.interim, ("interim",), ())
    yield from _gaps(scenario.otherwise, ("otherwise",), _USER)
    yield from _gaps(scenario.unheard, ("unheard",), _USER)
    yield from _gaps(scenario.unrecognised, ("unrecognised",), _USER[1:])
    for index, aside in enumerate(scenario.asides):
        yield from _gaps(aside.say, ("asides", index, "say"), _USER[:1])
    for index, turn in enumerate(scenario.turns):
        where: _Where = ("turns", index)
        mistakes = list(_line(turn, where))
        yield from mistakes
        if not mistakes:  # else the names of its gaps are not known
            yield from _step(turn, where, (*_USER, *_IMAGE, *gap_names(turn)))
            says = scenario.caller == "simulated" and turn.match != "any" and sayable(turn) is None
            if says or (turn.barge_in and not sayable(turn)):
                yield where, "needs 'spoken': plain words that the simulated caller says"


def with_simulated_caller(scenario: Scenario) -> Scenario:
    """The scenario with its lines spoken by the simulated caller.

    Raises:
        ConfigurationError: There is no line, or one that cannot be spoken.
    """
    if not scenario.turns:
        raise ConfigurationError("a simulated caller needs lines: give a scenario with turns")
    scenario = replace(scenario, caller="simulated")
    for where, problem in mistakes_in(scenario):
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
        raise ConfigurationError(f"{path.lstrip('.')} {problem}")
    return scenario


def _line(turn: Turn, where: _Where) -> Iterator[Mistake]:
    """What is wrong with what the caller says."""
    if not turn.user.strip() and not turn.image and turn.match != "any":
        yield where, "needs 'user': what the caller says"
    if turn.barge_in is not None and bool(turn.barge_in.after) == (turn.barge_in.after_ms is not None):
        yield (*where, "barge_in"), "needs 'after' (words of the answer) or 'after_ms', one of the two"
    if turn.match == "pattern":
        try:
            re.compile(turn.user)
        except (re.error, OverflowError, RecursionError) as error:
            yield (*where, "user"), f"is no regular expression: {error}"
            return
    if turn.match != "fuzzy" and turn.min != Turn().min:
        yield (*where, "min"), "is for 'match: fuzzy' only"
    names = gap_names(turn)
    for name in dict.fromkeys(names):
        if not name.isidentifier() or name in _TAKEN:
            others = ", ".join(_TAKEN)
            yield (*where, "user"), f"has a gap {{{name}}}; name it with one word, other than {others}"
        elif names.count(name) > 1:
            yield (*where, "user"), f"has two gaps {{{name}}}; give each its own name"
    if names and turn.spoken and fit(turn, turn.spoken) is None:
        yield (*where, "spoken"), "does not fit 'user'"
    for index, citation in enumerate(turn.annotations):
        if citation.after not in turn.say:
            yield (*where, "annotations", index, "after"), "must be words of 'say' that it is for"


def _step(step: Step, where: _Where, known: tuple[str, ...]) -> Iterator[Mistake]:
    """What is wrong with an answer; `known` is what can be filled in."""
    calls = calls_of(step)
    if step.call is not None and step.calls:
        yield (*where, "calls"), "stands beside 'call'; put all calls into 'calls'"
    if step.fails is not None and step.incomplete is not None:
        yield (*where, "incomplete"), "stands beside 'fails'; a response ends in one way"
    if not calls and not step.say and step.fails is None and step.incomplete is None:
        yield where, "needs 'say' (an answer), 'call' (a tool) or 'calls' (several)"
    if cases_of(step) and not calls:
        yield (*where, "then"), "answers a tool call; without 'call' use 'say'"
    yield from _gaps(step.say, (*where, "say"), known)
    for index, call in enumerate(step.calls):
        yield from _gaps_within(call.arguments, (*where, "calls", index, "arguments"), known)
    if step.call is not None:
        yield from _gaps_within(step.call.arguments, (*where, "call", "arguments"), known)
    results = tuple(f"results.{call.name}" for call in calls)
    yield from _cases(step, (*where, "then"), (*known, "result", "results", *results))


def _cases(step: Step, where: _Where, known: tuple[str, ...]) -> Iterator[Mistake]:
    match step.then:
        case str(text):
            yield from _gaps(text, where, known)
        case Then() as only:
            yield from _case(only, where, known)
        case cases:
            for index, case in enumerate(cases):
                yield from _case(case, (*where, index), known)
                if not case.when and not case.on_error and any(not c.on_error for c in cases[index + 1 :]):
                    yield (*where, index), "needs 'when': it always fits, and others come after it"


def _case(case: Then, where: _Where, known: tuple[str, ...]) -> Iterator[Mistake]:
    if case.on_error:
        known = (*known, "error")
    for path in case.when:
        if not _is_known(path, known):
            yield (*where, "when", path), f"is unknown; {close_to(path, known)}"
    yield from _step(case, where, known)


def _gaps_within(value: object, where: _Where, known: Sequence[str]) -> Iterator[Mistake]:
    match value:
        case str():
            yield from _gaps(value, where, known)
        case Mapping():
            for name, member in cast("Mapping[str, object]", value).items():
                yield from _gaps_within(member, (*where, name), known)
        case list() | tuple():
            for index, element in enumerate(cast("Sequence[object]", value)):
                yield from _gaps_within(element, (*where, index), known)
        case _:
            pass


def _gaps(template: str, where: _Where, known: Sequence[str]) -> Iterator[Mistake]:
    for path in gaps_in(template):
        if not _is_known(path, known):
            plain = f"write {{{{{path}}}}} for plain braces"
            if known:
                yield where, f"knows no {{{path}}}; {close_to(path, known, '{{{}}}')}; {plain}"
            else:
                yield where, f"knows no {{{path}}}; nothing can be filled in here; {plain}"


def _is_known(path: str, known: Sequence[str]) -> bool:
    """Whether something fills a gap. What is inside of outputs is not known before they are there."""
    root, *inside = path.split(".")
    if root == "results" and inside:
        return f"results.{inside[0]}" in known
    return path in known or (root == "result" and root in known)
