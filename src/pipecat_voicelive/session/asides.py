"""Questions to the model out of band: nobody hears the answers, and the conversation does not know of them.

Theory. The service gives one response at a time; whether one that is out of band may run beside another is
not documented. So a question waits for a pause, in which nothing is being answered, asked for or owed and
nobody speaks, and it gives way: its response is cancelled when the pause ends, and asked for in the next.

    Idle ──pause──▶ Asked ──created──▶ Given ──done──▶ Idle
                      │                  └─pause ends, withdrawn─▶ Leaving ──done──▶ Idle, asked again
                      └─refused─▶ Idle, asked again if another response got in first

While it is not Idle, no answer is asked for. Only a response that carries the id of such a request is one:
no other is ever taken for a question's. What comes of it is its text. A service that gives no ids back, as
far as we saw, cannot be asked: when another response has been over for a while, the question is given up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

import msgspec

from pipecat_voicelive.protocol.client_events import (
    ResponseCancelEvent,
    ResponseCreateEvent,
    ResponseProperties,
)
from pipecat_voicelive.protocol.items import ErrorDetails, Response
from pipecat_voicelive.session.effects import AskAnswered, AskDeferred, AskRefused
from pipecat_voicelive.session.response import (
    ACTIVE_RESPONSE,
    ASK_AGAIN_S,
    METADATA_KEY,
    NO_WORD_S,
    with_metadata,
)

_REMEMBERED = 64

NO_IDS = ErrorDetails(
    type="server_error",
    code="no_metadata",
    message="The service gives no metadata back (since 2026-01-01-preview it does), so an answer out of band "
    "cannot be told from others.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; `ask_id` is the asker's own."""

    ask_id: str
    properties: ResponseProperties


@dataclass(frozen=True, slots=True)
class Idle:
    """No response out of band runs or is asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """It is asked for; None: nobody waits for it any more."""

    event_id: str
    question: Question | None


@dataclass(frozen=True, slots=True)
class Given:
    """It is being given."""

    response_id: str
    question: Question | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """It was cancelled, to be asked for again if there is a question."""

    response_id: str
    question: Question | None


Phase: TypeAlias = Idle | Asked | Given | Leaving


@dataclass(slots=True, repr=False)
class Asides:
    """The questions of one conversation."""

    id_prefix: str
    ask_again_at_s: float | None = None
    give_up_at_s: float | None = None
    _phase: Phase = field(default_factory=Idle)
    _waiting: deque[Question] = field(default_factory=deque[Question])
    _text: list[str] = field(default_factory=list[str])
    _asked: int = 0
    _begun: deque[str] = field(default_factory=lambda: deque[str](maxlen=_REMEMBERED))

    @property
    def occupies(self) -> bool:
        """Whether the service is busy with one, as far as we know."""
        return not isinstance(self._phase, Idle)

    @property
    def waiting(self) -> bool:
        """Whether there is something to ask, to await or to cancel."""
        return self.occupies or bool(self._waiting)

    @property
    def active_id(self) -> str | None:
        """The response that is being given."""
        return self._phase.response_id if isinstance(self._phase, Given | Leaving) else None

    def gave(self, response_id: str | None) -> bool:
        """Whether this response is or was one of these: the tools that it calls are nobody's business."""
        return response_id in self._begun

    def want(self, question: Question) -> None:
        """Ask this, after what is to be asked already."""
        self._waiting.append(question)

    def withdraw(self, ask_id: str) -> None:
        """Nobody waits for the answer to this any more."""
        self._waiting = deque(question for question in self._waiting if question.ask_id != ask_id)
        match self._phase:
            case Asked(_, question) | Given(_, question) | Leaving(_, question):
                if question is not None and question.ask_id == ask_id:
                    self._phase = replace(self._phase, question=None)
            case Idle():
                pass
            case _:
                assert_never(self._phase)

    def proceed(self, *, pause: bool) -> ResponseCreateEvent | ResponseCancelEvent | None:
        """What to send now, given whether the conversation pauses."""
        match self._phase:
            case Idle() if pause and self._waiting and self.ask_again_at_s is None:
                return self._ask(self._waiting.popleft())
            case Given(response_id, question) if question is None or not pause:
                self._phase = Leaving(response_id, question)
                return ResponseCancelEvent(response_id=response_id)
            case _:
                return None

    def tick(self, now_s: float) -> Iterator[AskRefused]:
        """Ask again if it is time, or give up."""
        if self.ask_again_at_s is not None and now_s >= self.ask_again_at_s:
            self.ask_again_at_s = None
        if self.give_up_at_s is not None and now_s >= self.give_up_at_s:
            self.give_up_at_s = None
            if isinstance(self._phase, Asked):
                question, self._phase = self._phase.question, Idle()
                yield AskRefused("" if question is None else question.ask_id, NO_IDS)

    def created(self, response: Response) -> bool:
        """Whether this response that begins is one of these."""
        request_id = (response.metadata or {}).get(METADATA_KEY, "")
        match self._phase:
            case Asked(event_id, question) if event_id == request_id:
                self._phase = Given(response.id, question)
                self._text.clear()
                self.give_up_at_s = None
            case _:
                pass
        ours = request_id.startswith(self._event_id_prefix)
        if ours:
            self._begun.append(response.id)
        return ours

    def text(self, response_id: str, delta: str) -> None:
        """Text of some response."""
        if response_id == self.active_id:
            self._text.append(delta)

    def done(self, response: Response) -> AskAnswered | AskDeferred | None:
        """What the end of this response means; None if it is none of these, or nobody waits for it."""
        if not isinstance(self._phase, Given | Leaving) or self._phase.response_id != response.id:
            return None
        question, self._phase = self._phase.question, Idle()
        if question is None:
            return AskDeferred("", response)
        if response.status == "cancelled":
            self._waiting.appendleft(question)
            return AskDeferred(question.ask_id, response)
        text = "".join(self._text) or " ".join(filter(None, (item.words for item in response.output or ())))
        return AskAnswered(question.ask_id, text, response)

    def doubt(self, now_s: float) -> None:
        """Another response is over, and the service has never given an id back."""
        if isinstance(self._phase, Asked):
            self.give_up_at_s = now_s + NO_WORD_S

    def refused(self, error: ErrorDetails, now_s: float) -> AskRefused | None:
        """What a refusal means; None if it is about none of these."""
        match self._phase:
            case Asked(event_id, question) if event_id == error.event_id:
                self._phase, self.give_up_at_s = Idle(), None
                if question is not None and error.code == ACTIVE_RESPONSE:
                    # A response we were not told of yet. Do not hammer.
                    self._waiting.appendleft(question)
                    self.ask_again_at_s = now_s + ASK_AGAIN_S
                    question = None
                return AskRefused("" if question is None else question.ask_id, error)
            case _:
                return None

    def leave(self) -> tuple[Question, ...]:
        """The connection is left. Returns what is still to be asked."""
        running = None if isinstance(self._phase, Idle) else self._phase.question
        waiting = (running, *self._waiting)
        self.lost()
        return tuple(question for question in waiting if question is not None)

    def lost(self) -> None:
        """The connection is gone, and with it whoever could answer."""
        self._waiting.clear()
        self._phase, self.ask_again_at_s, self.give_up_at_s = Idle(), None, None

    @property
    def _event_id_prefix(self) -> str:
        return f"{self.id_prefix}_ask_"

    def _ask(self, question: Question) -> ResponseCreateEvent:
        self._asked += 1
        event_id = f"{self._event_id_prefix}{self._asked}"
        self._phase = Asked(event_id, question)
        properties = msgspec.structs.replace(question.properties, conversation="none")
        return ResponseCreateEvent(event_id=event_id, response=with_metadata(properties, event_id))
