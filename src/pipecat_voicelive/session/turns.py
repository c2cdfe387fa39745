"""Whose turn it is.

    Quiet ──speech_started / StartTurn──▶ Speaking ──speech_stopped / CommitTurn──▶ Answering ──▶ Quiet

Answering ends when a response begins, or when none has begun within `GRACE_S`: a cough brings no answer,
and neither does a turn detection that was told not to (`create_response: false`). Speaking ends after
`LONGEST_TURN_S` at the latest: its end may never be told, and what is owed must not wait for ever.

While an answer follows of itself nothing else is asked for; when a turn has brought none, what is owed is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from pipecat_voicelive.protocol.client_events import InputAudioBufferAppendEvent
from pipecat_voicelive.session.calls import Calls
from pipecat_voicelive.session.outbox import Outbox
from pipecat_voicelive.session.response import Responses, Wish

GRACE_S = 2.0
"""How long after the caller's turn the service's own answer is waited for."""

LONGEST_TURN_S = 90.0
"""How long a turn lasts whose end is never told: nobody else gets the floor until then."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody has the floor."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """The caller speaks.

    Attributes:
        until_s: When the turn counts as over though nobody said so.
        heard_by_service: Who noticed: its turn detection, or ours (manual turns).
        stopped: The response that ran when the service noticed, and that it therefore stops itself.
    """

    until_s: float
    heard_by_service: bool
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Answering:
    """The caller has finished; the service may answer of its own accord until then."""

    until_s: float


Turn: TypeAlias = Quiet | Speaking | Answering


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What the service's turn detection does, as far as it matters here.

    Attributes:
        creates_response: Whether the end of a turn brings a response.
        interrupts_response: Whether speech cancels a running response.
        truncates: Whether it cuts the interrupted item itself.
    """

    creates_response: bool = True
    interrupts_response: bool = True
    truncates: bool = False

    @classmethod
    def of(cls, turn_detection: dict[str, Any] | None) -> TurnRules:
        """The rules in an effective session; null means that there is no turn detection."""
        if turn_detection is None:
            return cls(creates_response=False, interrupts_response=False)
        return cls(
            creates_response=turn_detection.get("create_response") is not False,
            interrupts_response=turn_detection.get("interrupt_response") is not False,
            truncates=turn_detection.get("auto_truncate") is True,
        )


class Turns:
    """The turns of one conversation.

    Attributes:
        rules: What the turn detection in effect does.
    """

    def __init__(self, out: Outbox, responses: Responses, calls: Calls) -> None:
        self.rules = TurnRules()
        self._out = out
        self._responses = responses
        self._calls = calls
        self._turn: Turn = Quiet()

    @property
    def quiet(self) -> bool:
        """Whether nobody has the floor."""
        return isinstance(self._turn, Quiet)

    @property
    def answer_due(self) -> bool:
        """Whether the service may answer of its own accord."""
        return isinstance(self._turn, Answering)

    @property
    def silencing(self) -> bool:
        """Whether the service hears the caller and falls silent for it."""
        heard = isinstance(self._turn, Speaking) and self._turn.heard_by_service
        return heard and self.rules.interrupts_response

    @property
    def stopped(self) -> str | None:
        """The response that the service stops itself because the caller speaks."""
        return self._turn.stopped if isinstance(self._turn, Speaking) else None

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has something to do."""
        return None if isinstance(self._turn, Quiet) else self._turn.until_s

    # --- turns that are made here ------------------------------------------------------------------

    def audio(self, audio: bytes) -> None:
        """The caller's audio."""
        self._out.unconfirmed.heard(len(audio))
        self._out.send(InputAudioBufferAppendEvent(audio=audio))

    def start(self, now_s: float) -> None:
        """The caller begins to speak."""
        self._turn = Speaking(now_s + LONGEST_TURN_S, heard_by_service=False)
        self._responses.hold()

    def commit(self) -> None:
        """The caller has finished, and wants an answer to what was said."""
        self._turn = Quiet()
        if commit := self._out.unconfirmed.commit():
            self._out.send(commit)
            self._out.send(self._responses.want(Wish(items=self._out.unconfirmed.ids)))
        self._out.send(self._responses.release())

    # --- turns that the service tells of -----------------------------------------------------------

    def speech_started(self, now_s: float) -> None:
        """The service hears the caller."""
        stopped = self._responses.active_id if self.rules.interrupts_response else None
        self._turn = Speaking(now_s + LONGEST_TURN_S, heard_by_service=True, stopped=stopped)
        if self.rules.creates_response:
            self._responses.hold()

    def speech_stopped(self, now_s: float) -> None:
        """The service has heard the caller finish."""
        if self.rules.creates_response:
            self._turn = Answering(now_s + GRACE_S)
            self._responses.hold()
        else:
            self._over()

    def cleared(self) -> None:
        """The service has thrown away what it heard."""
        if isinstance(self._turn, Speaking) and self._turn.heard_by_service:
            self._over()

    def answered(self) -> None:
        """An answer begins."""
        if isinstance(self._turn, Answering):
            self._turn = Quiet()
            self._responses.held = False

    def tick(self, now_s: float) -> None:
        """Time has passed."""
        if not isinstance(self._turn, Quiet) and now_s >= self._turn.until_s:
            self._over()

    def lost(self) -> None:
        """The connection is gone: nobody is heard."""
        self._turn = Quiet()

    def _over(self) -> None:
        """The caller's turn brings no answer of itself: ask for what is owed."""
        self._turn = Quiet()
        self._out.send(self._responses.release())
        self._calls.want_results_spoken_of()
