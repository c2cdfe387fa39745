"""What follows calls: which step a turn has come to, which case of it the outputs choose. Pure.

    turn ── calls ──▶ outputs ──▶ first case that fits ── calls ──▶ outputs ──▶ ...

Nothing is kept: the calls that stand in the conversation say how far a turn has come, so a response that was
cut short is made again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.simulator.outcomes import Outcome, outcome_of
from pipecat_voicelive.simulator.replies import ToolRules
from pipecat_voicelive.simulator.scenario import Step, Then, ToolCall, calls_of, cases_of
from pipecat_voicelive.simulator.templates import found_at, parsed_output


@dataclass(frozen=True, slots=True)
class Waiting:
    """Some calls have no outcome yet."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallNext:
    """One of several calls is still to be made, where only one may come in a response."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Follow:
    """Every outcome is there.

    Attributes:
        step: What follows; None if nothing was said about that.
        values: What fills gaps.
        problems: Why calls have no output, in sentences.
    """

    step: Then | None
    values: Mapping[str, object]
    problems: tuple[str, ...]


def following(
    step: Step | None,
    calls: Sequence[ConversationItem],
    items: Sequence[ConversationItem],
    tools: ToolRules,
    given: Mapping[str, object],
) -> Waiting | CallNext | Follow:
    """What follows the calls that were made for a turn.

    Args:
        step: The turn, None if no line was taken.
        calls: The calls that were made since, in order.
        items: The conversation.
        tools: What may be called.
        given: What fills gaps besides results.
    """
    results: dict[str, object] = {}
    while True:
        mine, calls = _of_step(step, calls)
        outcomes = [(str(call.name), outcome_of(call, items)) for call in mine]
        waiting = tuple(name for name, outcome in outcomes if outcome is None)
        if waiting:
            return Waiting(waiting)
        planned = calls_of(step) if step else ()
        there = [(name, outcome) for name, outcome in outcomes if outcome is not None]
        results |= {name: parsed_output(outcome.output) for name, outcome in there if not outcome.problem}
        left = planned[len(mine) :]
        if left and not calls and not tools.in_parallel and left[0].name in tools.offered:
            return CallNext(left[0])
        found = _followed(step, there, {**given, "results": results})
        if not calls or found.step is None or not calls_of(found.step):
            return found
        step = found.step


def _of_step(
    step: Step | None, calls: Sequence[ConversationItem]
) -> tuple[Sequence[ConversationItem], Sequence[ConversationItem]]:
    """The calls that belong to a step, and the others. Calls that nobody planned belong to it."""
    planned = Counter(call.name for call in calls_of(step)) if step else Counter[str]()
    count = 0
    while count < len(calls) and planned[str(calls[count].name)] > 0:
        planned[str(calls[count].name)] -= 1
        count += 1
    count = count or len(calls)
    return calls[:count], calls[count:]


def _followed(
    step: Step | None, outcomes: Sequence[tuple[str, Outcome]], given: Mapping[str, object]
) -> Follow:
    results = cast("Mapping[str, object]", given["results"])
    problems = tuple(outcome.problem for _, outcome in outcomes if outcome.problem)
    errors = [*problems, *filter(None, (_error_in(results.get(name)) for name, _ in outcomes))]
    values = dict(given)
    if outcomes and not outcomes[0][1].problem:
        values["result"] = parsed_output(outcomes[0][1].output)
    if errors:
        values["error"] = errors[0]
    cases = cases_of(step) if step else ()
    wants_error = bool(errors) and any(case.on_error for case in cases)
    for case in cases:
        if case.on_error == wants_error and (wants_error or not problems) and _holds(case.when, values):
            return Follow(case, values, problems)
    return Follow(None, values, problems)


def _error_in(output: object) -> str:
    """What went wrong according to an output, "" if nothing did."""
    error = cast("Mapping[str, object]", output).get("error") if isinstance(output, Mapping) else None
    if isinstance(error, Mapping):
        error = cast("Mapping[str, object]", error).get("message") or "it failed"
    return str(error) if error else ""


def _holds(when: Mapping[str, object], values: Mapping[str, object]) -> bool:
    return all(_is_one_of(found_at(path, values)[1], wanted) for path, wanted in when.items())


def _is_one_of(found: object, wanted: object) -> bool:
    choices = cast("list[object]", wanted) if isinstance(wanted, list) else [wanted]
    return any(_same(found, choice) for choice in choices)


def _same(found: object, wanted: object) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return found.strip().casefold() == wanted.strip().casefold()
    if isinstance(wanted, date):
        wanted = str(wanted)  # YAML's own, e.g. 2026-11-21, which JSON has as a text
    # In JSON true is not 1.
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
