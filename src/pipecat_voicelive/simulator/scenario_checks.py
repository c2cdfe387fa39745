"""What a scenario must keep to besides the shape of its members. Pure.

Each check tells where a mistake is and what was expected there. A check that concerns one member alone
belongs to its kind, in `scenario_types`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.scenario import Scenario, Turn
from pipecat_voicelive.simulator.templates import gaps_in

_Where: TypeAlias = tuple[str | int, ...]
Mistake: TypeAlias = tuple[_Where, str]

_USER = ("user.text", "user.seconds")
_IMAGE = ("image.color", "image.width", "image.height", "image.format", "image.count")


def mistakes_in(scenario: Scenario) -> Iterator[Mistake]:
    """Every mistake in a scenario: its place, and what is wrong."""
    yield from _gaps(scenario.greeting, ("greeting",), ())
    yield from _gaps(scenario.interim, ("interim",), ())
    yield from _gaps(scenario.otherwise, ("otherwise",), _USER)
    yield from _gaps(scenario.unheard, ("unheard",), _USER)
    for index, aside in enumerate(scenario.asides):
        yield from _gaps(aside.say, ("asides", index, "say"), _USER[:1])
    for index, turn in enumerate(scenario.turns):
        yield from _turn(turn, ("turns", index))
        if scenario.caller == "simulated" and turn.match == "pattern":
            yield ("turns", index, "user"), "must be plain words: the simulated caller says them"


def with_simulated_caller(scenario: Scenario) -> Scenario:
    """The scenario with its lines spoken by the simulated caller.

    Raises:
        ConfigurationError: There is no line, or one that cannot be spoken.
    """
    if not scenario.turns:
        raise ConfigurationError("a simulated caller needs lines: give a scenario with turns")
    scenario = replace(scenario, caller="simulated")
    for where, problem in mistakes_in(scenario):
        raise ConfigurationError(f"{'.'.join(map(str, where))} {problem}")
    return scenario


def _turn(turn: Turn, where: _Where) -> Iterator[Mistake]:
    if not turn.user.strip() and not turn.image:
        yield where, "needs 'user': what the caller says"
    if turn.call is not None and turn.calls:
        yield (*where, "calls"), "stands beside 'call'; put all calls into 'calls'"
    if not turn.to_call and not turn.say:
        yield where, "needs 'say' (an answer), 'call' (a tool) or 'calls' (several)"
    if turn.then and not turn.to_call:
        yield (*where, "then"), "answers a tool call; without 'call' use 'say'"
    if turn.barge_in is not None:
        if bool(turn.barge_in.after) == (turn.barge_in.after_ms is not None):
            yield (*where, "barge_in"), "needs 'after' (words of the answer) or 'after_ms', one of the two"
        if turn.match == "pattern" or not turn.user.strip():
            yield (*where, "user"), "must be plain words: the simulated caller says them"
    if turn.match == "pattern":
        try:
            re.compile(turn.user)
        except re.error as error:
            yield (*where, "user"), f"is no regular expression: {error}"
    for index, citation in enumerate(turn.annotations):
        if citation.after not in turn.say:
            yield (*where, "annotations", index, "after"), "must be words of 'say' that it is for"
    yield from _gaps(turn.say, (*where, "say"), (*_USER, *_IMAGE))
    yield from _gaps(turn.then, (*where, "then"), (*_USER, *_IMAGE, *_results(turn)))


def _results(turn: Turn) -> Iterator[str]:
    yield "result"
    yield "results"
    for call in turn.to_call:
        yield f"results.{call.name}"


def _gaps(template: str, where: _Where, known: Sequence[str]) -> Iterator[Mistake]:
    """The gaps that nothing fills. What is inside of results is not known before they are there."""
    for path in gaps_in(template):
        root, _, rest = path.partition(".")
        name = f"results.{rest.partition('.')[0]}" if root == "results" and rest else path
        if root == "result" and root in known:
            continue
        if name not in known:
            yield where, f"knows no {{{path}}}; {_suggested(name, known)}"


def _suggested(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {{{close[0]}}}?"
    choices = ", ".join(f"{{{path}}}" for path in known)
    plain = f"write {{{{{name}}}}} for plain braces"
    return f"{plain}, or use {choices}" if known else f"nothing can be filled in here; {plain}"
