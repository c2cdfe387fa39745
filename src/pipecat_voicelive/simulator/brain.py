"""Which reply: the scenario's turns, matched against what stands in the conversation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from msgspec.structs import replace as changed

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator.argument_filling import as_type
from pipecat_voicelive.simulator.following import CallNext, Waiting, following
from pipecat_voicelive.simulator.known_words import KnownWords
from pipecat_voicelive.simulator.matching import Fit, fit, sayable
from pipecat_voicelive.simulator.outcomes import outcome_of
from pipecat_voicelive.simulator.pictures import facts, image_urls
from pipecat_voicelive.simulator.replies import Call, Part, Reply, Say, ToolRules, saying
from pipecat_voicelive.simulator.scenario import Scenario, Step, ToolCall, Turn, calls_of
from pipecat_voicelive.simulator.templates import filled, filled_within, in_words
from pipecat_voicelive.simulator.tool_choice import ToolChoice
from pipecat_voicelive.simulator.tool_picker import Tool

_ASKS_MODEL = Reply((), asks_model=True)
_CALLS = ("function_call", "mcp_call")


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A voice turn, the line it took, None for none, and what it says, None if nobody knows.

    `captured` has what stands in the gaps of the line.
    """

    turn: Turn | None
    duration_ms: float
    words: KnownWords | None
    captured: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class _TypedTurn:
    turn: Turn | None
    captured: Mapping[str, str] = field(default_factory=dict[str, str])


_Understood: TypeAlias = SpokenTurn | _TypedTurn
_NOTHING = _TypedTurn(None)


class Brain:
    """One session's way through a scenario.

    Args:
        scenario: What is said.
        has_model: Whether a model answers what the scenario does not.
    """

    def __init__(self, scenario: Scenario, *, has_model: bool = False) -> None:
        self._scenario = scenario
        self._has_model = has_model
        self._used: set[int] = set()
        self._understood: dict[str, _Understood] = {}
        self._spoken_of: set[str] = set()
        self._tool_choice = ToolChoice(scenario.hints)

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

        What was typed `earlier` takes its lines first. A line that nobody can say, because it is a pattern or
        has gaps, is passed over. Where lines are to be recognised, a turn that was not takes none.
        """
        self._read(earlier)
        if words is not None:
            matched = self._best_match(words.text, sees=bool(image_urls(earlier)))
            heard = SpokenTurn(matched.turn, duration_ms, words, matched.captured)
        elif self._scenario.listen == "recognise":
            heard = SpokenTurn(None, duration_ms, None)
        else:
            heard = self._next_line(duration_ms)
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

    def expected_words(self, earlier: Sequence[ConversationItem]) -> str:
        """What the next voice turn says if nobody knows better, "" if nobody can say.

        What was typed `earlier` takes its lines first.
        """
        self._read(earlier)
        if self._scenario.listen == "recognise":
            return ""
        free = (turn for index, turn in enumerate(self._scenario.turns) if index not in self._used)
        return next((line for turn in free if (line := sayable(turn)) is not None), "")

    def reply(self, items: Sequence[ConversationItem], tools: ToolRules) -> Reply:
        """What to answer to a conversation."""
        self._read(items)
        users = [index for index, item in enumerate(items) if item.type == "message" and item.role == "user"]
        if not users:
            silent = not any(item.role == "assistant" for item in items)
            if self._has_model:
                return _ASKS_MODEL
            return saying(filled(self._scenario.greeting, {}) if silent else self._otherwise(None, _NOTHING))
        place = self._asked_last(items, users)
        asked, after = items[place], items[place + 1 :]
        understood = self._understood.get(str(asked.id), _NOTHING)
        calls = [item for item in after if item.type in _CALLS]
        answered = any(item.role == "assistant" for item in after)
        spoken_of = all(str(call.id) in self._spoken_of for call in calls)
        if answered and spoken_of and (late := self._late_results(items[:place], items)):
            return late
        if self._has_model and understood.turn is None and not _is_unknown(understood):
            self._spoken_of |= {str(call.id) for call in calls}
            return _ASKS_MODEL
        if calls:
            return self._after_calls(asked, calls, items, tools)
        if (understood.turn is None or answered) and tools.must_call is None:
            picked = None if answered else self._picked(asked, understood, tools)
            return picked or saying(self._otherwise(asked, understood))
        return self._first_answer(understood, asked, tools, items)

    def reply_aside(self, instructions: str, items: Sequence[ConversationItem]) -> Reply:
        """What to answer out of band; no line of the scenario is used up."""
        asked = next((item for item in reversed(items) if item.role == "user"), None)
        texts = (f"{item.words}{item.output or ''}" for item in items)
        matter = "\n".join([instructions, *texts])
        for aside in self._scenario.asides:
            if re.search(aside.about, matter, re.IGNORECASE):
                user = {"text": asked.words if asked else ""}
                return Reply((Say(filled(aside.say, {"user": user})),), aside.delay_ms)
        return _ASKS_MODEL if self._has_model else saying(self._otherwise(asked, _NOTHING))

    def in_words(self, items: Sequence[ConversationItem]) -> list[ConversationItem]:
        """The items, with the words of voice turns in them, where they are known."""
        return [self._in_words(item) for item in items]

    def _in_words(self, item: ConversationItem) -> ConversationItem:
        understood = self._understood.get(str(item.id))
        if not isinstance(understood, SpokenTurn) or item.words:
            return item
        seconds = understood.duration_ms / 1000
        words = understood.words.text if understood.words else f"[{seconds:.1f} seconds of audio]"
        return changed(item, content=[ItemContent(type="input_audio", transcript=words)])

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
        self,
        understood: _Understood,
        asked: ConversationItem,
        tools: ToolRules,
        items: Sequence[ConversationItem],
    ) -> Reply:
        turn = understood.turn or Turn(user=asked.words)
        says = tools.must_call is None or bool(calls_of(turn))
        reply = self._performed(turn, self._values(asked, items), tools, says=says)
        if not reply.parts and turn.fails is None and turn.incomplete is None:
            return saying(self._otherwise(asked, understood))
        return reply

    def _picked(self, asked: ConversationItem, understood: _Understood, tools: ToolRules) -> Reply | None:
        if not self._scenario.picks_tools:
            return None
        return self._tool_choice.reply(str(asked.id), _words(asked, understood), tools)

    def _performed(
        self, step: Step, values: Mapping[str, object], tools: ToolRules, *, says: bool = True
    ) -> Reply:
        """A step of the scenario as a reply."""
        parts: list[Part] = []
        calls = [call for call in calls_of(step) if tools.only in (None, call.name)]
        said = Say(filled(step.say, values)) if says and step.say else None
        events: tuple[Mapping[str, object], ...] = ()
        if isinstance(step, Turn):
            parts += [part for part in (step.search, step.agent) if part is not None]
            said = Say(said.text, step.annotations) if said else None
            events = step.events
        if said:
            parts.append(said)
        missing = [call.name for call in calls if call.name not in tools.offered]
        if missing:
            names = ", ".join(missing)
            parts.append(Say(f"I would call {names} now, but this session offers no such tool."))
        else:
            made = [_call(call, values, tools) for call in calls]
            if not made and isinstance(step, Turn) and tools.must_call is not None:
                made = [self._tool_choice.forced(str(filled("{user.text}", values)), tools)]
            parts += made if tools.in_parallel else made[:1]
        return Reply(tuple(parts), step.delay_ms, events, step.fails, step.incomplete)

    def _after_calls(
        self,
        asked: ConversationItem | None,
        calls: Sequence[ConversationItem],
        items: Sequence[ConversationItem],
        tools: ToolRules,
    ) -> Reply:
        turn = self._understood.get(str(asked.id), _NOTHING).turn if asked else None
        values = self._values(asked, items)
        match following(turn, calls, items, tools, values):
            case Waiting(names):
                return saying(f"I am still waiting for {', '.join(names)}.")
            case CallNext(call):
                return Reply((_call(call, values, tools),))
            case follows:
                pass
        self._spoken_of |= {str(call.id) for call in calls}
        if follows.step is not None:
            return self._performed(follows.step, follows.values, _freely(tools))
        if follows.problems:
            return saying(" ".join(follows.problems))
        if "error" in follows.values:
            return saying(f"That failed: {follows.values['error']}.")
        return saying(f"The answer is: {in_words(follows.values['result'])}.")

    def _late_results(
        self, earlier: Sequence[ConversationItem], items: Sequence[ConversationItem]
    ) -> Reply | None:
        """What is said of an MCP call whose outcome came when its turn was over; None if there is none."""
        asked: ConversationItem | None = None
        for item in earlier:
            if item.type == "message" and item.role == "user":
                asked = item
            elif item.type == "mcp_call" and item.id not in self._spoken_of and outcome_of(item, items):
                return self._after_calls(asked, [item], items, ToolRules())
        return None

    def _values(self, asked: ConversationItem | None, items: Sequence[ConversationItem]) -> dict[str, object]:
        """What fills gaps, besides results."""
        understood = self._understood.get(str(asked.id), _NOTHING) if asked else _NOTHING
        return {"user": _user(asked, understood), "image": facts(items), **understood.captured}

    def _otherwise(self, asked: ConversationItem | None, understood: _Understood) -> str:
        template = (self._scenario.unheard if _is_unknown(understood) else "") or self._scenario.otherwise
        return filled(template, {"user": _user(asked, understood)})

    def _read(self, items: Sequence[ConversationItem]) -> None:
        """Let typed turns that are new take their lines, so that a replayed history uses its lines up."""
        for place, item in enumerate(items):
            if item.type == "message" and item.role == "user" and str(item.id) not in self._understood:
                sees = bool(image_urls(items[: place + 1]))
                self._understood[str(item.id)] = self._best_match(item.words, sees=sees)

    def _best_match(self, text: str, *, sees: bool) -> _TypedTurn:
        fits = [
            (found.score, -index, found.values)
            for index, turn in enumerate(self._scenario.turns)
            if (turn.repeat or index not in self._used)
            and (sees or not turn.image)
            and (found := fit(turn, text))
        ]
        if not fits:
            return _NOTHING
        _, index, captured = max(fits, key=lambda found: found[:2])
        return _TypedTurn(self._use(-index), captured)

    def _next_line(self, duration_ms: float) -> SpokenTurn:
        """The next line that can be said. When all are used up, `any` answers, whatever the words were."""
        free = [(index, turn) for index, turn in enumerate(self._scenario.turns) if index not in self._used]
        for index, turn in free:
            if (line := sayable(turn)) is not None:
                found = fit(turn, line) or Fit(0.0)
                return SpokenTurn(self._use(index), duration_ms, KnownWords(line, "scenario"), found.values)
        for index, turn in enumerate(self._scenario.turns):
            if turn.match == "any" and (turn.repeat or index not in self._used):
                return SpokenTurn(self._use(index), duration_ms, None)
        return SpokenTurn(None, duration_ms, None)

    def _use(self, index: int) -> Turn:
        self._used.add(index)
        return self._scenario.turns[index]


def _is_unknown(understood: _Understood) -> bool:
    """Whether nobody knows what was said."""
    return isinstance(understood, SpokenTurn) and understood.words is None


def _call(call: ToolCall, values: Mapping[str, object], tools: ToolRules) -> Call:
    """A call as a model would write it: what the caller said becomes the number that the tool wants."""
    named = next((tool for tool in tools.tools if tool.name == call.name), Tool(call.name))
    arguments = {
        name: as_type(value, named.properties.get(name, {})) if value != call.arguments[name] else value
        for name, value in filled_within(call.arguments, values).items()
    }
    return Call(call.name, json.dumps(arguments, ensure_ascii=False, default=str))


def _freely(tools: ToolRules) -> ToolRules:
    """The rules once a call was made: nothing need be called any more."""
    return replace(tools, must_call=None)


def _words(asked: ConversationItem, understood: _Understood) -> str:
    """What the caller said, "" if nobody knows."""
    return str(_user(asked, understood)["text"])


def _user(asked: ConversationItem | None, understood: _Understood) -> dict[str, object]:
    """What is known of what the caller said."""
    user: dict[str, object] = {"text": asked.words if asked else ""}
    if isinstance(understood, SpokenTurn):
        user["seconds"] = round(understood.duration_ms / 1000, 1)
        if understood.words is not None:
            user["text"] = understood.words.text
    return user
