"""Summaries of what will not be told again: asked for in good time, while the session lives.

    Idle ──much was said, a response is over──▶ Asked ──summary──▶ Idle, the oldest turns stand summarised
                                                  └─refused, failed, empty──▶ Idle, once more has been said

The model itself is asked out of band, in a pause, like any other question; or, if the client's user has a
function for it, that is asked with the items and answers when it likes. Either sees all that was summarised
before, so one summary stands for everything. Where questions cannot be asked out of band the oldest turns are
dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.session.asides import Asides, Question
from pipecat_voicelive.session.effects import AskAnswered, AskRefused, SummaryWanted
from pipecat_voicelive.session.history import History

_FULL = 0.75
"""How full the budget is when a summary is asked for."""

_KEPT = 0.4
"""How much of the budget the newest turns take that are not summarised."""

_LONGEST = 0.1
"""The longest summary, as a part of the budget."""

_INSTRUCTIONS = (
    "Summarise this conversation for yourself, so that you could go on with it from the summary alone: who "
    "the user is and wants, facts, numbers and names, what was agreed, done and found out with tools, what "
    "is still open. Write in the language of the conversation, in plain sentences, no more than {words} "
    "words. Say nothing else."
)


@dataclass(slots=True, repr=False)
class Summaries:
    """The summaries of one session.

    Args:
        asides: Asks the model.
        id_prefix: Begins the names of the questions.
    """

    asides: Asides
    id_prefix: str
    _asked: int = 0
    _running: str | None = None
    _upto: str = ""
    _next_chars: int = field(default=0)

    def consider(self, history: History) -> SummaryWanted | None:
        """Ask for one if it is time. Returns what the client's user is to be asked, if he is."""
        memory = history.memory
        if memory.oldest != "summarize" or self._running is not None:
            return None
        size_chars = history.size_chars
        if size_chars < max(memory.budget_chars * _FULL, self._next_chars):
            return None
        self._next_chars = size_chars + memory.budget_chars // 8
        upto = history.oldest(int(memory.budget_chars * _KEPT))
        if not upto:
            return None
        self._asked += 1
        self._running, self._upto = f"{self.id_prefix}_summary_{self._asked}", upto
        if memory.summarize is not None:
            return SummaryWanted(self._running, tuple(history.until(upto)), memory.summarize)
        words = int(memory.budget_chars * _LONGEST) // 6
        self.asides.want(
            Question(
                self._running,
                ResponseProperties(
                    instructions=_INSTRUCTIONS.format(words=words), modalities=["text"], tool_choice="none"
                ),
            )
        )
        return None

    def is_ours(self, question: Question) -> bool:
        """Whether this question is one for a summary, which another session asks for anew."""
        return question.ask_id.startswith(f"{self.id_prefix}_summary_")

    def came(self, outcome: AskAnswered | AskRefused, history: History) -> bool:
        """A question was answered or refused. Returns whether it was one of these."""
        if not outcome.ask_id or outcome.ask_id != self._running:
            return False
        text = outcome.text if isinstance(outcome, AskAnswered) else ""
        self.given(outcome.ask_id, text, history)
        return True

    def given(self, summary_id: str, text: str, history: History) -> None:
        """Here it is; "" if it could not be made."""
        if summary_id != self._running:
            return
        self._running = None
        most_chars = int(2 * history.memory.budget_chars * _LONGEST)
        if text.strip():
            history.summarised(self._upto, text.strip()[:most_chars])
            self._next_chars = 0
