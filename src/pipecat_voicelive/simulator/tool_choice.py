"""What is answered by a tool that the picker finds, where the scenario has no line. Pure.

    words ──▶ best tool ──▶ all arguments there: call it
                       └──▶ some missing: ask ──▶ next words ──▶ call it

Words that nobody knows lead to no call: nothing is guessed from audio.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipecat_voicelive.simulator.replies import Call, Reply, ToolRules, saying
from pipecat_voicelive.simulator.tool_picker import (
    THRESHOLD,
    Pick,
    Tool,
    answered,
    arguments_for,
    ranked,
)

_MOST_READ = 600
"""Characters of a turn that are looked at: longer ones would hold up all sessions."""


@dataclass(frozen=True, slots=True)
class _AskedBack:
    """A tool is wanted, and the caller was asked for what is missing."""

    item_id: str
    pick: Pick
    said: str


class ToolChoice:
    """One conversation's choice of tools.

    Args:
        hints: What people say who mean a tool, by its name.
    """

    def __init__(self, hints: Mapping[str, tuple[str, ...]]) -> None:
        self._hints = hints
        self._asked_back: _AskedBack | None = None

    def reply(self, item_id: str, said: str, rules: ToolRules) -> Reply | None:
        """What a tool has to do with what was said; None if nothing.

        Args:
            item_id: The item that holds it.
            said: What was said.
            rules: What may be called.
        """
        said = said[:_MOST_READ]
        tools = self._on_offer(rules)
        if not said or not tools:
            return None
        picks = ranked(tools, said)
        best = picks[0]
        asked_back = self._asked_back
        if asked_back is not None and asked_back.item_id != item_id:
            completed = _completed(asked_back, said)
            if completed is not None and (best.score < THRESHOLD or best.tool.name == completed.tool.name):
                return self._made(item_id, completed, f"{asked_back.said}. {said}", "told what was missing")
        why = ", ".join(f"{pick.tool.name} {pick.score:g}" for pick in picks[:3])
        if best.score < THRESHOLD:
            return None
        return self._made(item_id, best, said, f"scores: {why}; {THRESHOLD:g} is needed")

    def forced(self, said: str, rules: ToolRules) -> Call:
        """The call that must be made, with the arguments that were said."""
        said = said[:_MOST_READ]
        name = str(rules.must_call)
        tools = self._on_offer(rules)
        if rules.only is None and tools and said:
            best = ranked(tools, said)[0]
            if best.score > 0:
                return _call(best)
        tool = next((tool for tool in tools if tool.name == name), Tool(name))
        return _call(Pick(tool, 0.0, arguments_for(tool, said)))

    def _on_offer(self, rules: ToolRules) -> list[Tool]:
        return [
            replace(tool, hints=tool.hints + self._hints.get(tool.name, ()))
            for tool in rules.tools
            if rules.only in (None, tool.name)
        ]

    def _made(self, item_id: str, pick: Pick, said: str, why: str) -> Reply:
        """The call, or the question for what it lacks."""
        if pick.missing:
            self._asked_back = _AskedBack(item_id, pick, said)
            asked_for = " and ".join(f"the {name.replace('_', ' ')}" for name in pick.missing)
            be = "is" if len(pick.missing) == 1 else "are"
            return replace(saying(f"What {be} {asked_for}?"), why=f"{pick.tool.name} is meant ({why})")
        return Reply((_call(pick),), why=f"{pick.tool.name} is called ({why})")


def _completed(asked_back: _AskedBack, said: str) -> Pick | None:
    """The tool that was asked back for, with what the answer adds; None if it adds nothing."""
    pick = asked_back.pick
    added = arguments_for(pick.tool, said)
    found = {**added, **arguments_for(pick.tool, f"{asked_back.said}. {said}"), **pick.arguments}
    if len(found) == len(pick.arguments) and len(pick.missing) == 1:
        found |= answered(pick.tool, pick.missing[0], said)
    return replace(pick, arguments=found) if len(found) > len(pick.arguments) else None


def _call(pick: Pick) -> Call:
    ordered = {name: pick.arguments[name] for name in pick.tool.properties if name in pick.arguments}
    return Call(pick.tool.name, json.dumps(ordered, ensure_ascii=False))
