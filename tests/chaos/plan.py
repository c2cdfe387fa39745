"""What happens in a call: who says what, and what goes wrong. All of it follows from a seed and a number.

A turn is one step of the caller or of the application. Its answer has a length of its own; where the caller
talks into it, the next turn begins in the middle. Every line and every answer occurs once in a call, so what
stands in a context or in a conversation can be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from chaos.faults import planned_faults
from chaos.words import LINES, answer

Kind = Literal["spoken", "typed", "speak", "run", "settings", "image"]
TurnsBy = Literal["service", "manual", "uninterrupted"]
Tool = Literal["", "fast", "slow", "failing", "pair", "lasting"]

MOST_TURNS = 7


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of a call.

    Attributes:
        kind: "spoken" and "typed" lines of the caller, a line with an "image", words to "speak" as they are
            (`TTSSpeakFrame`), an answer that is asked for without a line ("run", an `LLMRunFrame`), or a
            change of "settings".
        number: Its place in the call, from 1.
        line: What the caller says.
        words: How many words the answer has.
        tool: What is called before the answer; "pair" is two tools at once.
        cut_s: The next turn begins when the answer has been heard for so long; None if it is heard out.
        gap_s: How long the caller waits before the turn.
    """

    kind: Kind
    number: int
    line: str = ""
    words: int = 0
    tool: Tool = ""
    cut_s: float | None = None
    gap_s: float = 0.3

    @property
    def answer(self) -> str:
        """The name of the answer that it must get, "" for none."""
        match self.kind:
            case "settings":
                return ""
            case "run":
                return "o0"
            case "speak":
                return f"s{self.number}"
            case _:
                return f"a{self.number}"

    @property
    def text(self) -> str:
        """The words of that answer."""
        return answer(self.answer[0], int(self.answer[1:]), self.words) if self.answer else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A call.

    Attributes:
        seed: The seed of the run.
        number: The number of the call.
        audio: Whether the bot speaks; else it writes.
        turns_by: Whose turns they are: the service's, the application's, or the service's without
            interruptions.
        speed: How fast the simulator speaks.
        turns: What happens.
        faults: What goes wrong, as the simulator takes it.
        restarts: When the simulator is shut down, and for how long, in seconds since the call began.
        damaged: Whether messages are lost or changed on their way, so that words may be missing: then what
            was said is not compared.
    """

    seed: int
    number: int
    audio: bool
    turns_by: TurnsBy
    speed: float
    turns: tuple[Turn, ...]
    faults: tuple[str, ...]
    restarts: tuple[tuple[float, float], ...]
    damaged: bool

    @property
    def scenario(self) -> dict[str, Any]:
        """What the simulator answers."""
        return {
            "greeting": answer("g", 0, 5),
            "otherwise": answer("o", 0, 4),
            "unheard": answer("u", 0, 4),
            "turns": [_line(turn) for turn in self.turns if turn.line],
        }

    @property
    def in_words(self) -> list[str]:
        """The plan, for people."""
        head = f"{'speaks' if self.audio else 'writes'}, turns by {self.turns_by}, speed {self.speed:g}"
        return [
            head,
            *(f"turn {turn.number}: {_told(turn)}" for turn in self.turns),
            *(f"fault: {fault}" for fault in self.faults),
            *(f"restart after {at_s:.1f} s, down for {down_s:.1f} s" for at_s, down_s in self.restarts),
        ]


def make_plan(seed: int, number: int, *, recovery: bool = True, faults: bool = True) -> Plan:
    """The call with this number.

    Args:
        seed: The seed of the run.
        number: The number of the call.
        recovery: Whether connections are lost.
        faults: Whether anything goes wrong.
    """
    dice = Random(f"{seed} call {number}")
    audio = dice.random() < 0.7
    turns_by = dice.choices(("service", "manual", "uninterrupted"), (7, 2, 1))[0] if audio else "service"
    turns = _turns(dice, audio=audio, cuts=turns_by != "uninterrupted")
    speed = dice.choice((1.5, 4.0, 20.0))
    fault_dice = Random(f"{seed} faults {number}")
    lines, restarts, damaged = (
        planned_faults(fault_dice, audio=audio, recovery=recovery) if faults else ((), (), False)
    )
    return Plan(seed, number, audio, turns_by, speed, turns, lines, restarts, damaged)


def _turns(dice: Random, *, audio: bool, cuts: bool) -> tuple[Turn, ...]:
    lines = dice.sample(LINES, MOST_TURNS)
    kinds: tuple[Kind, ...] = ("spoken", "typed", "speak", "run", "settings", "image")
    weights = (9, 4, 2, 1, 1, 1) if audio else (0, 9, 0, 2, 1, 1)
    turns: list[Turn] = []
    for number in range(1, dice.randint(4, MOST_TURNS) + 1):
        kind = dice.choices(kinds, weights)[0]
        if kind == "run" and not _may_run(turns):
            kind = "settings"
        has_line = kind in ("spoken", "typed", "image")
        words = 4 if kind == "run" else dice.randint(3, 12)
        tool = ""
        if kind in ("spoken", "typed"):
            tools = ("", "fast", "slow", "failing", "pair", "lasting")
            tool = dice.choices(tools, (10, 2, 2, 1, 2, 1))[0]
        cut_s = (
            round(dice.uniform(0.3, 1.5), 2) if audio and cuts and words > 5 and dice.random() < 0.4 else None
        )
        turns.append(
            Turn(
                kind,
                number,
                lines[number - 1] if has_line else "",
                words,
                tool,
                cut_s if kind in ("spoken", "typed", "image") else None,
                round(dice.uniform(0.1, 1.2), 2),
            )
        )
    return tuple(turns)


def _may_run(before: list[Turn]) -> bool:
    """Whether an `LLMRunFrame` brings an answer of its own here.

    After tools the simulator would speak of their results once more. While an answer is being given a context
    that says nothing new asks for none.
    """
    lines = [turn for turn in before if turn.line]
    return not (lines and lines[-1].tool) and not (before and before[-1].cut_s)


def _line(turn: Turn) -> dict[str, Any]:
    said: dict[str, Any] = {"user": turn.line, "match": "exact"}
    calls = calls_of(turn)
    if not calls:
        return {**said, "say": turn.text}
    return {**said, "calls": calls, "then": turn.text}


def calls_of(turn: Turn) -> list[dict[str, Any]]:
    """The calls of a turn, as the model makes them."""
    names = {"": (), "pair": ("fast", "slow")}.get(turn.tool, (turn.tool,))
    return [{"name": name, "arguments": {"key": f"t{turn.number}"}} for name in names]


def _told(turn: Turn) -> str:
    told = [f"{turn.gap_s:g} s later {turn.kind}"]
    if turn.line:
        told.append(f"{turn.line!r}")
    if turn.tool:
        told.append(f"tool {turn.tool}")
    if turn.answer:
        told.append(f"answer {turn.answer} of {turn.words} words")
    if turn.cut_s is not None:
        told.append(f"cut after {turn.cut_s:g} s")
    return ", ".join(told)
