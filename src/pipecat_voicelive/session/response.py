"""Who is answering: the life of responses, ours and the service's.

Theory. The service runs one response at a time. It begins them itself when its turn detection sees the
caller's turn end, and when asked with `response.create`, which it refuses while one runs. We see neither
moment, only events some time later, so two things are tracked side by side:

    active    Silent ──created──▶ Running ──done──▶ Silent
                                     └─interrupt─▶ Draining ──done──▶ Silent

    request   NotAsked ──ask──▶ Asked ──created (ours) / refused──▶ NotAsked
                                  └─interrupt, rule 3─▶ AskedInVain ──created (ours): Draining──▶ NotAsked

and what is still wanted after them, `owed`. Rules:

1. Ask only when Silent and NotAsked. What is wanted otherwise is owed, and asked for when that holds again.
2. Every request carries an id in its metadata that the service gives back: a response without it is the
   service's own. Should none ever have been given back, and a response without one be over for a while with
   still no word about the request, then this service gives none back: that response was ours, and from then
   on the first one that begins while a request is under way is.
3. A response of the service's own that begins when all items of a wish are already in the conversation
   answers that wish. A request for it that is under way by then is made in vain. An `interim` response, one
   that bridges the time until the answer comes, answers nothing.
4. A refused request is owed again if another response got in first; refused for its content, it is gone.
5. Nothing is asked for before the session is ready. While the caller has the floor and an answer follows of
   itself (the turn detection's, or the one to `CommitTurn`), and until that answer should have begun, nothing
   is asked for. Nor while the service is `occupied` with a response out of band (`asides`), which gives way
   as soon as something is owed.
6. After an interruption nothing of that response comes out: it is drained until `response.done`.
7. A response begins once: being told of it again, even when it is over, changes nothing.
8. A wish to say given words (`speaking`) is no wish for an answer, and what it brings is none.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import msgspec
from msgspec import UNSET

from pipecat_voicelive.protocol.audio import AudioFormat, output_format
from pipecat_voicelive.protocol.client_events import ResponseCreateEvent, ResponseProperties
from pipecat_voicelive.protocol.items import Response
from pipecat_voicelive.session.inputs import Speak

METADATA_KEY = "pipecat_voicelive_request"
"""Member of a response's metadata that holds our request id."""

ACTIVE_RESPONSE = "conversation_already_has_active_response"
ASK_AGAIN_S = 0.3
"""After a refusal for a response that we do not know of, this long passes before the next request."""

NO_WORD_S = 3.0
"""A service that gave no id back in this time, another response being over, will not."""

_REMEMBERED = 64


def with_metadata(properties: ResponseProperties, request_id: str) -> ResponseProperties:
    """The properties of a request that is to be known by this id."""
    metadata = {**(properties.metadata or {}), METADATA_KEY: request_id}
    return msgspec.structs.replace(properties, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Wish:
    """A wanted answer: with these properties, given once all these items are in the conversation.

    Attributes:
        properties: Overrides for this response, or None.
        items: What it is to answer.
        speech: The words that it is to consist of, None for the model's own.
        additional_instructions: What else the model is told; "" for nothing. Goes with properties.
    """

    properties: ResponseProperties | None = None
    items: frozenset[str] = frozenset()
    speech: Speak | None = None
    additional_instructions: str = field(default="", repr=False)

    @classmethod
    def to(cls, properties: ResponseProperties | None, items: frozenset[str], additional: str) -> Wish:
        """A wish for an answer to these items; with additional instructions it is like no other."""
        if additional and properties is None:
            properties = ResponseProperties()
        return cls(properties, items, additional_instructions=additional)

    @property
    def audio_format(self) -> AudioFormat | None:
        """The format of its audio if it is to have one of its own."""
        named = self.properties.output_audio_format if self.properties else UNSET
        return None if named is UNSET else output_format(named)

    @property
    def in_conversation(self) -> bool:
        """Whether what it brings becomes part of the conversation."""
        return self.properties is None or self.properties.conversation != "none"

    @property
    def is_answer(self) -> bool:
        """Whether what it brings is the model's own, and the conversation's."""
        return self.speech is None and self.in_conversation

    def answered_without(self, unconfirmed: frozenset[str]) -> bool:
        """Whether any response answers it that begins while these items are unconfirmed."""
        return self.properties is None and self.items.isdisjoint(unconfirmed)

    def survives_interruption(self, *, answers_do: bool) -> bool:
        """Whether it is still wanted after an interruption, `answers_do` saying whether answers are."""
        return answers_do if self.speech is None else not self.speech.interruptible


@dataclass(frozen=True, slots=True)
class Silent:
    """No response runs, as far as we were told."""


@dataclass(frozen=True, slots=True)
class Running:
    """This response is being given; `speech` holds the words if it was told what to say."""

    response_id: str
    speech: Speak | None = None


@dataclass(frozen=True, slots=True)
class Draining:
    """This response was interrupted; what still comes of it is dropped."""

    response_id: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """No request is under way."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request is under way; `wish` is what a refusal would leave unanswered."""

    event_id: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class AskedInVain:
    """A request is under way whose answer is no longer wanted."""

    event_id: str


Active: TypeAlias = Silent | Running | Draining
Request: TypeAlias = NotAsked | Asked | AskedInVain


@dataclass(slots=True, repr=False)
class Responses:
    """The state described above. Methods return the request to send, if one is due."""

    id_prefix: str
    active: Active = field(default_factory=Silent)
    request: Request = field(default_factory=NotAsked)
    owed: tuple[Wish, ...] = ()
    ask_again_at_s: float | None = None
    ready: bool = False
    held: bool = False
    occupied: bool = False
    conclude_at_s: float | None = None
    echoes: bool | None = None
    _asked: int = 0
    _begun: deque[str] = field(default_factory=lambda: deque[str](maxlen=_REMEMBERED))

    @property
    def pending(self) -> bool:
        """Whether a response is being given, asked for, or owed."""
        return isinstance(self.active, Running) or isinstance(self.request, Asked) or bool(self.owed)

    @property
    def active_id(self) -> str | None:
        """The response that is being given, to be heard or not."""
        return None if isinstance(self.active, Silent) else self.active.response_id

    @property
    def answer_coming(self) -> bool:
        """The same of responses that are the model's own."""
        return (
            (isinstance(self.active, Running) and self.active.speech is None)
            or (isinstance(self.request, Asked) and self.request.wish.speech is None)
            or any(wish.speech is None for wish in self.owed)
        )

    @property
    def speeches(self) -> list[Speak]:
        """What is to be said and has not begun, in order."""
        asked = (self.request.wish,) if isinstance(self.request, Asked) else ()
        return [wish.speech for wish in (*asked, *self.owed) if wish.speech is not None]

    @property
    def at_rest(self) -> bool:
        """Whether the service has nothing to do and nothing is to be asked of it."""
        return (
            isinstance(self.active, Silent)
            and isinstance(self.request, NotAsked)
            and not self.owed
            and not self.held
        )

    def gives(self, response_id: str) -> bool:
        """Whether this response is being given, to be heard or not."""
        return not isinstance(self.active, Silent) and self.active.response_id == response_id

    def has_begun(self, response_id: str) -> bool:
        """Whether we were told of this response before."""
        return response_id in self._begun

    def want(self, wish: Wish) -> ResponseCreateEvent | None:
        """An answer is wanted."""
        self._owe(wish)
        return self.ask()

    def created(
        self, response: Response, unconfirmed: frozenset[str], *, interim: bool = False
    ) -> Wish | None:
        """A response begins.

        Args:
            response: The response.
            unconfirmed: The items of ours that the service has not confirmed yet.
            interim: Whether one of the service's own is an interim response.

        Returns:
            The wish it was asked for with, if it is ours.
        """
        self._begun.append(response.id)
        request = self._request_of(response)
        if isinstance(request, AskedInVain):
            self.active = Draining(response.id)
            return None
        self.active = Running(response.id, request.wish.speech if request is not None else None)
        if request is not None:
            return request.wish
        if not interim:
            self.owed = tuple(wish for wish in self.owed if not wish.answered_without(unconfirmed))
            if isinstance(self.request, Asked) and self.request.wish.answered_without(unconfirmed):
                self.request = AskedInVain(self.request.event_id)
        return None

    def hold(self) -> None:
        """The caller has the floor: ask for nothing."""
        self.held = True

    def release(self) -> ResponseCreateEvent | None:
        """The caller's turn is over or brings no answer: ask for what is owed."""
        self.held = False
        return self.ask()

    def done(self, now_s: float) -> ResponseCreateEvent | None:
        """The response that was given is over."""
        self.active = Silent()
        if self.echoes is None and not isinstance(self.request, NotAsked):
            self.conclude_at_s = now_s + NO_WORD_S
        return self.ask()

    def refused(self, event_id: str, code: str, now_s: float) -> tuple[bool, ResponseCreateEvent | None]:
        """A request was refused. Returns whether it was one of ours, and what to ask instead."""
        request = self._take(event_id)
        if request is None:
            return False, None
        if isinstance(request, Asked) and code == ACTIVE_RESPONSE:
            self._owe_first(request.wish)
            if isinstance(self.active, Silent):
                # A response we were not told of, or one that has just ended. Do not hammer.
                self.ask_again_at_s = now_s + ASK_AGAIN_S
                return True, None
        return True, self.ask()

    def interrupt(self, *, keep_owed: bool) -> str | None:
        """Nothing more of the present answer is wanted. Returns the id of a response to cancel.

        Args:
            keep_owed: Whether owed answers are still wanted, because the caller's turn may not bring one.
                Speeches know themselves whether they are.
        """
        if isinstance(self.request, Asked):
            self._owe_first(self.request.wish)
            self.request = AskedInVain(self.request.event_id)
        self.owed = tuple(wish for wish in self.owed if wish.survives_interruption(answers_do=keep_owed))
        if isinstance(self.active, Running):
            response_id = self.active.response_id
            self.active = Draining(response_id)
            return response_id
        return None

    def lost(self) -> None:
        """The connection is gone, and with it all that was running and asked for."""
        self.active, self.request, self.owed = Silent(), NotAsked(), ()
        self.ask_again_at_s, self.conclude_at_s, self.held = None, None, False

    def leave(self, unheard: Wish | None) -> tuple[Wish, ...]:
        """The connection is left. Returns what is still wanted, for `resume`.

        Args:
            unheard: What brought a response of which nothing came out, None if there is none.
        """
        asked = self.request.wish if isinstance(self.request, Asked) else None
        wanted = [wish for wish in (unheard, asked, *self.owed) if wish is not None]
        self.lost()
        return tuple(wanted)

    def resume(self, owed: tuple[Wish, ...], *, echoes: bool | None) -> None:
        """These are wanted, from another connection, and that service gave ids back or did not."""
        self.echoes = echoes
        for wish in owed:
            self._owe(replace(wish, items=frozenset()))  # all of it is told before anything new

    def tick(self, now_s: float) -> ResponseCreateEvent | None:
        """Ask again if it is time, or conclude that the request was answered."""
        if self.conclude_at_s is not None and now_s >= self.conclude_at_s:
            self.conclude_at_s = None
            if isinstance(self.active, Silent):
                self.request, self.echoes = NotAsked(), False
        if self.ask_again_at_s is not None and now_s >= self.ask_again_at_s:
            self.ask_again_at_s = None
        return self.ask()

    def ask(self) -> ResponseCreateEvent | None:
        """The request for the next owed answer, if one may be made now."""
        if not self.owed or not isinstance(self.active, Silent) or not isinstance(self.request, NotAsked):
            return None
        if not self.ready or self.held or self.ask_again_at_s is not None or self.occupied:
            return None
        wish, *rest = self.owed
        self.owed = tuple(rest)
        self._asked += 1
        event_id = f"{self.id_prefix}_respond_{self._asked}"
        self.request = Asked(event_id, wish)
        return ResponseCreateEvent(
            event_id=event_id,
            response=with_metadata(wish.properties or ResponseProperties(), event_id),
            additional_instructions=wish.additional_instructions or UNSET,
        )

    def _owe(self, wish: Wish) -> None:
        """Add a wish; plain ones are one wish, since one answer speaks to all that was said."""
        plain = self._plain()
        if wish.properties is not None or plain is None:
            self.owed = (*self.owed, wish)
        else:
            merged = Wish(items=plain.items | wish.items)
            self.owed = tuple(merged if owed is plain else owed for owed in self.owed)

    def _owe_first(self, wish: Wish) -> None:
        """Put back a wish that had its turn; a plain one takes along what else is plainly wanted."""
        plain = self._plain()
        if wish.properties is None and plain is not None:
            wish = Wish(items=plain.items | wish.items)
            self.owed = tuple(owed for owed in self.owed if owed is not plain)
        self.owed = (wish, *self.owed)

    def _plain(self) -> Wish | None:
        return next((owed for owed in self.owed if owed.properties is None), None)

    def _request_of(self, response: Response) -> Asked | AskedInVain | None:
        """The request that this response answers, no longer under way then; None: the service's own."""
        echoed = (response.metadata or {}).get(METADATA_KEY)
        if echoed is not None:
            self.echoes = True
            return self._take(echoed)
        if self.echoes is False and not isinstance(self.request, NotAsked):
            return self._take(self.request.event_id)
        return None

    def _take(self, event_id: str) -> Asked | AskedInVain | None:
        """The request with this id, no longer under way then; None if there is none."""
        request = self.request
        if isinstance(request, NotAsked) or request.event_id != event_id:
            return None
        self.request, self.conclude_at_s = NotAsked(), None
        return request
