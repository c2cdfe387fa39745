"""Which reply: the scenario's turns, matched against what stands in the conversation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, TypeAlias

from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.simulator.known_words import KnownWords
from pipecat_voicelive.simulator.outcomes import outcome_of
from pipecat_voicelive.simulator.pictures import facts, image_urls
from pipecat_voicelive.simulator.scenario import AgentCall, Citation, Scenario, Search, ToolCall, Turn
from pipecat_voicelive.simulator.templates import filled, parsed_output

_CALLS = ("function_call", "mcp_call")

_ALIKE = 0.7
"""How much alike a typed turn and a line must be, 1 being equal."""


@dataclass(frozen=True, slots=True)
class Say:
    """A message, with what it cites."""

    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool with its arguments as JSON text."""

    name: str
    arguments: str


Part: TypeAlias = Say | Call | Search | AgentCall


@dataclass(frozen=True, slots=True)
class Reply:
    """What a response consists of, how long to think first, and what a hosted agent sends beside it."""

    parts: tuple[Part, ...]
    delay_ms: float = 0.0
    events: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRules:
    """What may be called in a response.

    Attributes:
        offered: Names of the functions on offer, in order.
        must_call: A function that is called if nothing else is, once in a turn of the caller; or None.
        only: The one function that may be called, None for any, "" for none.
        in_parallel: Whether several calls may come in one response.
    """

    offered: tuple[str, ...] = ()
    must_call: str | None = None
    only: str | None = None
    in_parallel: bool = True


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A voice turn, the line it took, None for none, and what it says, None if nobody knows."""

    turn: Turn | None
    duration_ms: float
    words: KnownWords | None


@dataclass(frozen=True, slots=True)
class _TypedTurn:
    turn: Turn | None


_Understood: TypeAlias = SpokenTurn | _TypedTurn


class Brain:
    """One session's way through a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._used: set[int] = set()
        self._understood: dict[str, _Understood] = {}
        self._spoken_of: set[str] = set()

    @property
    def interim(self) -> str:
        """What a model makes up while the caller waits."""
        return filled(self._scenario.interim, {})

    def hear(
        self,
        item_id: str,
        duration_ms: float,
        earlier: Sequence[ConversationItem],
        words: KnownWords | None = None,
    ) -> SpokenTurn:
        """Take a line for a voice turn: the one most like its words, or the next one if they are not known.

        What was typed `earlier` takes its lines first.
        """
        self._read(earlier)
        if words is not None:
            turn = self._best_match(words.text, sees=bool(image_urls(earlier)))
        else:
            free = (index for index in range(len(self._scenario.turns)) if index not in self._used)
            index = next(free, None)
            turn = None if index is None else self._use(index)
            words = KnownWords(turn.user, "scenario") if turn else None
        heard = SpokenTurn(turn, duration_ms, words)
        self._understood[item_id] = heard
        return heard

    @property
    def scenario(self) -> Scenario:
        """What it goes through."""
        return self._scenario

    def left(self, earlier: Sequence[ConversationItem]) -> list[Turn]:
        """The lines that nobody has said yet. What was typed `earlier` takes its lines first."""
        self._read(earlier)
        return [turn for index, turn in enumerate(self._scenario.turns) if index not in self._used]

    def expected(self, earlier: Sequence[ConversationItem]) -> Turn | None:
        """The line that the next voice turn takes. What was typed `earlier` takes its lines first."""
        self._read(earlier)
        free = (turn for index, turn in enumerate(self._scenario.turns) if index not in self._used)
        return next(free, None)

    def reply(self, items: Sequence[ConversationItem], tools: ToolRules) -> Reply:
        """What to answer to a conversation."""
        self._read(items)
        users = [index for index, item in enumerate(items) if item.type == "message" and item.role == "user"]
        if not users:
            silent = not any(item.role == "assistant" for item in items)
            return _saying(filled(self._scenario.greeting, {}) if silent else self._otherwise(None, None))
        place = self._asked_last(items, users)
        asked, after = items[place], items[place + 1 :]
        understood = self._understood.get(str(asked.id))
        turn = understood.turn if understood else None
        calls = [item for item in after if item.type in _CALLS]
        answered = any(item.role == "assistant" for item in after)
        spoken_of = all(str(call.id) in self._spoken_of for call in calls)
        if answered and spoken_of and (late := self._late_results(items[:place], items)):
            return late
        if calls:
            return self._after_calls(turn, calls, items, tools)
        if (turn is None or answered) and tools.must_call is None:
            return _saying(self._otherwise(asked, understood))
        return self._first_answer(turn, asked, tools, facts(items))

    def reply_aside(self, instructions: str, items: Sequence[ConversationItem]) -> Reply:
        """What to answer out of band; no line of the scenario is used up."""
        asked = next((item for item in reversed(items) if item.role == "user"), None)
        texts = (f"{item.words}{item.output or ''}" for item in items)
        matter = "\n".join([instructions, *texts])
        for aside in self._scenario.asides:
            if re.search(aside.about, matter, re.IGNORECASE):
                user = {"text": asked.words if asked else ""}
                return Reply((Say(filled(aside.say, {"user": user})),), aside.delay_ms)
        return _saying(self._otherwise(asked, None))

    def _asked_last(self, items: Sequence[ConversationItem], users: Sequence[int]) -> int:
        """The place of the newest user message; one without a word, such as video, only if alone."""
        last_answer = max((i for i, item in enumerate(items) if item.role == "assistant"), default=-1)
        worded = [
            index
            for index in users
            if index > last_answer
            and (items[index].words or isinstance(self._understood.get(str(items[index].id)), SpokenTurn))
        ]
        return worded[-1] if worded else users[-1]

    def _first_answer(
        self, turn: Turn | None, asked: ConversationItem, tools: ToolRules, seen: Mapping[str, object]
    ) -> Reply:
        turn = turn or Turn(user=asked.words)
        parts: list[Part] = [part for part in (turn.search, turn.agent) if part is not None]
        if turn.say and (tools.must_call is None or turn.to_call):
            said = filled(turn.say, {"user": {"text": asked.words}, "image": seen})
            parts.append(Say(said, turn.annotations))
        calls = [call for call in turn.to_call if tools.only in (None, call.name)]
        if not calls and tools.must_call is not None:
            calls = [ToolCall(tools.must_call)]
        missing = [call.name for call in calls if call.name not in tools.offered]
        if missing:
            names = ", ".join(missing)
            parts.append(Say(f"I would call {names} now, but this session offers no such tool."))
        else:
            parts += map(_call, calls if tools.in_parallel else calls[:1])
        if not parts:
            parts.append(Say(self._otherwise(asked, None)))
        return Reply(tuple(parts), turn.delay_ms, turn.events)

    def _after_calls(
        self,
        turn: Turn | None,
        calls: Sequence[ConversationItem],
        items: Sequence[ConversationItem],
        tools: ToolRules,
    ) -> Reply:
        outcomes = [(str(call.name), outcome_of(call, items)) for call in calls]
        waiting = [name for name, outcome in outcomes if outcome is None]
        if waiting:
            return _saying(f"I am still waiting for {', '.join(waiting)}.")
        still_to_call = turn.to_call[len(calls) :] if turn and not tools.in_parallel else ()
        if still_to_call and still_to_call[0].name in tools.offered:
            return Reply((_call(still_to_call[0]),))
        self._spoken_of |= {str(call.id) for call in calls}
        there = [(name, outcome) for name, outcome in outcomes if outcome is not None]
        problems = [outcome.problem for _, outcome in there if outcome.problem]
        if problems:
            return _saying(" ".join(problems))
        results = {name: parsed_output(outcome.output) for name, outcome in there}
        first = parsed_output(there[0][1].output)
        template = (turn.then if turn else "") or "The answer is: {result}"
        return _saying(filled(template, {"result": first, "results": results, "user": {}}))

    def _late_results(
        self, earlier: Sequence[ConversationItem], items: Sequence[ConversationItem]
    ) -> Reply | None:
        """What is said of an MCP call whose outcome came when its turn was over; None if there is none."""
        asked: ConversationItem | None = None
        for item in earlier:
            if item.type == "message" and item.role == "user":
                asked = item
            elif item.type == "mcp_call" and item.id not in self._spoken_of and outcome_of(item, items):
                understood = self._understood.get(str(asked.id)) if asked else None
                return self._after_calls(understood.turn if understood else None, [item], items, ToolRules())
        return None

    def _otherwise(self, asked: ConversationItem | None, understood: _Understood | None) -> str:
        user: dict[str, object] = {"text": asked.words if asked else ""}
        if isinstance(understood, SpokenTurn) and understood.words is not None:
            user["text"] = understood.words.text
        elif isinstance(understood, SpokenTurn):
            user["seconds"] = round(understood.duration_ms / 1000, 1)
            return filled(self._scenario.unheard or self._scenario.otherwise, {"user": user})
        return filled(self._scenario.otherwise, {"user": user})

    def _read(self, items: Sequence[ConversationItem]) -> None:
        """Let typed turns that are new take their lines, so that a replayed history uses its lines up."""
        for place, item in enumerate(items):
            if item.type == "message" and item.role == "user" and str(item.id) not in self._understood:
                sees = bool(image_urls(items[: place + 1]))
                self._understood[str(item.id)] = _TypedTurn(self._best_match(item.words, sees=sees))

    def _best_match(self, text: str, *, sees: bool) -> Turn | None:
        scored = [
            (_likeness(turn, text), -index)
            for index, turn in enumerate(self._scenario.turns)
            if (turn.repeat or index not in self._used) and (sees or not turn.image)
        ]
        score, index = max(scored, default=(0.0, 0))
        return self._use(-index) if score > 0.0 else None

    def _use(self, index: int) -> Turn:
        self._used.add(index)
        return self._scenario.turns[index]


def _call(call: ToolCall) -> Call:
    return Call(call.name, json.dumps(call.arguments, ensure_ascii=False, default=str))


def _saying(text: str) -> Reply:
    return Reply((Say(text),))


def _likeness(turn: Turn, text: str) -> float:
    """How well a text fits a turn: 0 not at all, 1 word for word."""
    if not text or not turn.user:
        return float(not text and not turn.user)
    match turn.match:
        case "pattern":
            return float(re.search(turn.user, text, re.IGNORECASE) is not None)
        case "exact":
            return float(_plain(turn.user) == _plain(text))
        case "fuzzy":
            ratio = SequenceMatcher(None, _plain(turn.user), _plain(text), autojunk=False).ratio()
            return ratio if ratio >= _ALIKE else 0.0


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
