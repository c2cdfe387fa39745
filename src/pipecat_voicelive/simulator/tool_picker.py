"""Which tool is meant, by rules alone: no model, no network, the same words always give the same tool. Pure.

    score = words that a tool shares with what was said, rare ones counting more
          + how many of its required arguments were said
          - words that are neither

A word of a tool's name counts most, then its choices and hints, its description, and the names of its
parameters. The best tool is called if its score reaches the threshold. `docs/howto/simulator-brain.md` says
how often that is right.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from pipecat_voicelive.simulator.argument_filling import as_type, fill
from pipecat_voicelive.simulator.json_schemas import accepts, readable
from pipecat_voicelive.simulator.matching import Fit, fit
from pipecat_voicelive.simulator.scenario import Turn
from pipecat_voicelive.simulator.tool_words import alike, words_of

THRESHOLD = 1.6
"""The least score of a tool that is called."""
_ALIKE = 0.86
_FOR_ARGUMENTS = 0.8
_FOR_STRANGE_WORD = 0.25
_FOR_HINT = 10.0
_LIKE_A_HINT = 0.75
_SHORT_ANSWER_WORDS = 4
_IF_NOTHING_IS_ASKED = 0.2
_QUESTION = re.compile(
    r"\W*(?:please\s+)?(?:what|who|when|where|how|which|is|are|am|will|would|can|could|do|does|did|should"
    r"|i(?:'d| would) like|i (?:want|need))\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:don['’]?t|do not|not|never|without)\b(?!\s+(?:forget|hesitate|know|sure)\b)", re.IGNORECASE
)
_HINTS = "x-sim-utterances"


@dataclass(frozen=True)
class Tool:
    """A tool on offer.

    Attributes:
        name: What it is called by.
        description: What it does.
        parameters: The JSON schema of its arguments.
        hints: What people say who mean it, e.g. "do I need an umbrella in {city}".
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    hints: tuple[str, ...] = ()

    @classmethod
    def from_definition(cls, name: str, description: object, parameters: object) -> Tool:
        """A tool as a session or an MCP server defines it; its schema may hold hints, `x-sim-utterances`."""
        schema = cast("dict[str, Any]", parameters) if isinstance(parameters, dict) else dict[str, Any]()
        given: object = schema.get(_HINTS)
        hints = tuple(map(str, cast("list[object]", given))) if isinstance(given, list) else ()
        return cls(name, str(description or ""), schema, hints)

    @cached_property
    def readable(self) -> Mapping[str, Any]:
        """What can be read in the schema of its arguments."""
        return readable(self.parameters)

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The schemas of its arguments, as far as they can be read."""
        return self.readable["properties"]

    @property
    def required(self) -> tuple[str, ...]:
        """The arguments that it cannot do without, as far as it says what they are."""
        return tuple(name for name in self.readable.get("required", ()) if name in self.properties)


@dataclass(frozen=True, slots=True)
class Pick:
    """A tool, how well it fits, and its arguments as far as they were said."""

    tool: Tool
    score: float
    arguments: Mapping[str, object]

    @property
    def missing(self) -> tuple[str, ...]:
        """The required arguments that were not said."""
        return tuple(name for name in self.tool.required if name not in self.arguments)


def ranked(tools: Sequence[Tool], said: str) -> list[Pick]:
    """The tools by how well they fit what was said, the best first."""
    bags = [_bag(tool) for tool in tools]
    frequency = Counter(word for bag in bags for word in bag)
    rarity = {word: 1 + math.log((len(tools) + 1) / (count + 0.5)) / 2 for word, count in frequency.items()}
    picks = [_scored(tool, bag, rarity, said) for tool, bag in zip(tools, bags, strict=True)]
    return sorted(picks, key=lambda pick: -pick.score)


def arguments_for(tool: Tool, said: str) -> dict[str, object]:
    """The arguments of a tool that were said, as far as its schema accepts them."""
    return _accepted(tool, fill(tool.readable, said).arguments)


def answered(tool: Tool, asked_for: str, answer: str) -> dict[str, object]:
    """The argument that somebody was asked for, if a short answer is nothing but that."""
    value = answer.strip(" .,?!")
    if not value or len(value.split()) > _SHORT_ANSWER_WORDS:
        return {}
    return _accepted(tool, {asked_for: value})


def _scored(tool: Tool, bag: Mapping[str, float], rarity: Mapping[str, float], said: str) -> Pick:
    filled = fill(tool.readable, said)
    hinted = _hinted(tool, said)
    arguments = _accepted(tool, {**filled.arguments, **(hinted.values if hinted else {})})
    if hinted:
        return Pick(tool, round(_FOR_HINT * hinted.score, 2), arguments)
    refusal = _REFUSAL.search(said)
    if refusal and not any(_is_in(word, bag) for word in words_of(said[: refusal.start()])):
        return Pick(tool, 0.0, arguments)
    score, matched = 0.0, False
    for word in dict.fromkeys(words_of(said)):
        likeness, known = max(((alike(word, known), known) for known in bag), default=(0.0, ""))
        if likeness >= _ALIKE:
            score += bag[known] * rarity[known] * likeness
            matched = True
    if not matched:
        return Pick(tool, 0.0, arguments)
    if tool.required:
        score += _FOR_ARGUMENTS * sum(name in arguments for name in tool.required) / len(tool.required)
    if tool.required and not arguments and not _asks(said, bag):
        score *= _IF_NOTHING_IS_ASKED
    left = [word for word in words_of(_without(said, filled.spans)) if not _is_in(word, bag)]
    return Pick(tool, round(score - _FOR_STRANGE_WORD * len(set(left)), 2), arguments)


def _asks(said: str, bag: Mapping[str, float]) -> bool:
    """Whether something is asked for: by a question, or by a verb of the tool before any other word."""
    first = words_of(said)[:1]
    return _QUESTION.match(said) is not None or any(_is_in(word, bag) for word in first)


def _is_in(word: str, bag: Mapping[str, float]) -> bool:
    return any(alike(word, known) >= _ALIKE for known in bag)


def _without(said: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        said = f"{said[:start]} {said[end:]}"
    return said


def _bag(tool: Tool) -> dict[str, float]:
    """The words that a tool is known by, each with its weight."""
    properties = tool.properties
    choices = [str(choice) for one in properties.values() for choice in _choices_of(one)]
    described = [one.get("description", "") for one in properties.values()]
    weighted = [
        (1.5, [tool.name]),
        (1.3, [*choices, *tool.hints]),
        (1.0, [tool.description]),
        (0.6, list(properties)),
        (0.4, described),
    ]
    bag: dict[str, float] = {}
    for weight, texts in weighted:
        for word in words_of(" ".join(texts)):
            bag.setdefault(word, weight)
    return bag


def _choices_of(schema: Mapping[str, Any]) -> list[object]:
    return schema.get("enum") or schema.get("items", {}).get("enum", [])


def _hinted(tool: Tool, said: str) -> Fit | None:
    fits = [found for hint in tool.hints if (found := fit(Turn(user=hint, min=_LIKE_A_HINT), said))]
    return max(fits, key=lambda found: found.score, default=None)


def _accepted(tool: Tool, arguments: Mapping[str, object]) -> dict[str, object]:
    """The arguments that the tool has and its schema accepts, each for itself."""
    known = tool.properties
    fitting = {name: as_type(value, known[name]) for name, value in arguments.items() if name in known}
    return {name: value for name, value in fitting.items() if accepts(tool.parameters, name, value)}
