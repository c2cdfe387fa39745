"""When the simulated caller says the lines of a scenario by itself. Pure.

A line with a barge-in point is said while an answer is being played, as soon as it has come that far;
playing is taken to be immediate and in real time. If the answer ends before, the line follows it.

Where the whole scenario is spoken by the simulated caller, each line waits for the answer to the one before:

    nothing was said yet          2 s    the bot may want to greet
    the answer was played         0.6 s
    nothing comes of the line     10 s   then the next one all the same
"""

from __future__ import annotations

from pipecat_voicelive.simulator.caller_voice import CallerVoice
from pipecat_voicelive.simulator.dialogue import Dialogue
from pipecat_voicelive.simulator.effects import CallerSpeak, Effect
from pipecat_voicelive.simulator.matching import sayable
from pipecat_voicelive.simulator.scenario import Scenario, Turn
from pipecat_voicelive.simulator.spoken_words import tokens_of

_GREETING_S = 2.0
_PAUSE_S = 0.6
_PATIENCE_S = 10.0


class CallerScript:
    """The lines that the simulated caller says unasked.

    Args:
        scenario: Has the lines.
        dialogue: What has been said.
        voice: What the simulated caller is saying.
    """

    def __init__(self, scenario: Scenario, dialogue: Dialogue, voice: CallerVoice) -> None:
        self._whole = scenario.caller == "simulated"
        self._on = self._whole or any(turn.barge_in for turn in scenario.turns)
        self._dialogue = dialogue
        self._voice = voice
        self._said: set[int] = set()
        self._situation: object = None
        self._since_s = 0.0
        self.deadline_s: float | None = None
        """When `advance` has something to do next, unless something else happens before."""

    def advance(self, now_s: float, *, caller_speaks: bool) -> list[Effect]:
        """Say the line that is due, if one is; `caller_speaks` tells whether somebody speaks already."""
        self.deadline_s = None
        if not self._on or caller_speaks or self._voice.busy:
            return []
        line = self._next_line()
        if line is None:
            return []
        due_s = self._due_s(line, now_s)
        if due_s is None or now_s < due_s:
            self.deadline_s = due_s
            return []
        self._said.add(id(line))
        return [CallerSpeak(sayable(line) or "", line.language)]

    def _next_line(self) -> Turn | None:
        for line in self._dialogue.lines_left:
            words = sayable(line)
            if id(line) not in self._said and words is not None:
                return line if (self._whole or line.barge_in) and tokens_of(words) else None
        return None

    def _due_s(self, line: Turn, now_s: float) -> float | None:
        playing, point = self._dialogue.playing, line.barge_in
        if point is not None and playing.goes_on(now_s):
            at_s = playing.said_s(point.after) if point.after else playing.at_s(point.after_ms or 0.0)
            # More of an answer that is still made may come in time.
            if at_s is not None and (at_s < playing.ends_s or self._dialogue.busy):
                return at_s
        if self._dialogue.busy:
            self._situation = None
            return None
        situation = [item.id for item in self._dialogue.conversation.items]
        if situation != self._situation:
            self._situation, self._since_s = situation, now_s
        pause_s = self._pause_s()
        return None if pause_s is None else max(self._since_s, playing.ends_s) + pause_s

    def _pause_s(self) -> float | None:
        """How long to wait when nothing goes on; None for ever."""
        items = self._dialogue.conversation.items
        if items and items[-1].role == "assistant":
            return _PAUSE_S
        if not self._whole:
            return None
        return _PATIENCE_S if items else _GREETING_S
