"""A fault: what goes wrong, and when.

    at      the event it is told of, by its type ("*" stands for any part of it), whichever way it goes;
            "sent" and "received" are any message of the service and of the client, "connect" a handshake,
            "turn" a voice turn, "response" a response
    nth     the how manieth of these; with `every`, each nth
    after   seconds to wait before the counting begins
    session only in this one

Counting begins with the session, for a fault that is injected when that is done. Without `at`, what befalls
messages, voice turns, responses or handshakes befalls every one (every message of the service); everything
else happens at once.
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.codec import CLIENT_EVENT_TYPES, SERVER_EVENT_TYPES
from pipecat_voicelive.simulator.faults.forms import check_value, form_of, parts_of
from pipecat_voicelive.simulator.faults.kinds import (
    HandshakeFault,
    Kind,
    MessageFault,
    Reject,
    ResponseFault,
    TurnFault,
)

SENT, RECEIVED, CONNECT, TURN, RESPONSE = "sent", "received", "connect", "turn", "response"
_UNTYPED = ("conversation.item.done", "rate_limits.updated")
"""Event types of the service without a type of their own in the protocol package."""

_MESSAGE = get_args(MessageFault)
_COUNTED = {
    CONNECT: get_args(HandshakeFault),
    TURN: get_args(TurnFault),
    RESPONSE: get_args(ResponseFault),
}
_SERVER_EVENTS = SERVER_EVENT_TYPES | frozenset(_UNTYPED)
_EVENTS = sorted(CLIENT_EVENT_TYPES | _SERVER_EVENTS)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

        Fault(Close(1011, "Overloaded."), at="response.created", nth=2)
        Fault.parse('close 1011 "Overloaded." at response.created 2')

    Args:
        what: What goes wrong.
        at: The type of the event that it is told of, with "*" for any part; "sent", "received", "connect",
            "turn" or "response"; "" for none.
        nth: The how manieth of these, from 1.
        every: Whether it happens at each nth.
        after_s: Seconds to wait before the counting begins, or, without `at`, before it happens.
        chance: How likely it happens when it is due, above 0 up to 1.
        session: The only session that it is for, from 1; None for all.

    Raises:
        ConfigurationError: It makes no sense; the text says what to write.
    """

    what: Kind
    at: str = ""
    nth: int = 1
    every: bool = False
    after_s: float = 0.0
    chance: float = 1.0
    session: int | None = None

    def __post_init__(self) -> None:
        for part in parts_of(type(self.what)):
            value = getattr(self.what, part.name)
            if value is not None:
                check_value(form_of(part), value, part.name.removesuffix("_s"))
        self._check_when()
        self._check_at()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a fault from one line, as `str()` writes it.

        Raises:
            ConfigurationError: It cannot be read; says what to write.
        """
        from pipecat_voicelive.simulator.faults.text import members_in

        try:
            return cls.from_dict(members_in(text))
        except ConfigurationError as error:
            raise ConfigurationError(f"fault {text.strip()!r}: {error}") from None

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """Read a fault from plain members, as a YAML file has them and `to_dict` makes them.

        Raises:
            ConfigurationError: A member is unknown, missing or wrong; says which and what was expected.
        """
        from pipecat_voicelive.simulator.faults.members import arguments_in

        return cls(**arguments_in(members))

    @classmethod
    def read(cls, given: Fault | str | Mapping[str, Any]) -> Fault:
        """A fault from any of its forms.

        Raises:
            ConfigurationError: It cannot be read; says what to write.
        """
        match given:
            case Fault():
                return given
            case str():
                return cls.parse(given)
            case Mapping():
                return cls.from_dict(given)
            case _:
                raise ConfigurationError("must be a line such as 'drop', or a mapping of 'fault' and others")

    def to_dict(self) -> dict[str, Any]:
        """Its plain members, without those that are as they are anyway."""
        from pipecat_voicelive.simulator.faults.members import members_of

        return members_of(self)

    def __str__(self) -> str:
        from pipecat_voicelive.simulator.faults.text import line_of

        return line_of(self.to_dict())

    @property
    def counts(self) -> str:
        """What it counts if not events: "connect", "turn" or "response"; else ""."""
        return next((counted for counted, kinds in _COUNTED.items() if isinstance(self.what, kinds)), "")

    @property
    def at_handshakes(self) -> bool:
        """Whether it is about handshakes."""
        return self.counts == CONNECT

    @property
    def befalls_messages(self) -> bool:
        """Whether it changes the message that it is told of."""
        return isinstance(self.what, (*_MESSAGE, Reject))

    def concerns(self, event_type: str, *, sent: bool) -> bool:
        """Whether it is told of an event of this type, sent by the service or received from the client."""
        if self.counts or event_type in _COUNTED:
            return event_type == self.counts
        if self.at in {SENT, RECEIVED}:
            return sent is (self.at == SENT)
        if not self.at:
            return sent and isinstance(self.what, _MESSAGE)
        return fnmatch.fnmatchcase(event_type, self.at)

    def _check_when(self) -> None:
        check = {"after": self.after_s >= 0, "nth": self.nth >= 1, "session": (self.session or 1) >= 1}
        for name, good in check.items():
            if not good:
                raise ConfigurationError(f"'{name}' must not be below {0 if name == 'after' else 1}")
        if not 0 < self.chance <= 1:
            raise ConfigurationError("'chance' must be above 0, at most 1")
        if not self.at and (self.nth, self.every) != (1, False):
            raise ConfigurationError("'nth' and 'every' need 'at': the event that is counted")

    def _check_at(self) -> None:
        if self.at_handshakes:
            if self.at not in {"", CONNECT} or self.after_s or self.session:
                raise ConfigurationError(
                    f"'{self.what.name}' is about handshakes: write nothing more, or 'at connect 2' for the "
                    "second attempt to connect"
                )
            return
        if self.counts:
            if self.at not in {"", self.counts}:
                raise ConfigurationError(
                    f"'{self.what.name}' counts {self.counts}s: write 'at {self.counts} 2', "
                    f"'at every {self.counts} 2', or neither for every {self.counts}"
                )
            return
        if self.at == CONNECT:
            raise ConfigurationError(
                f"'{self.what.name}' happens in sessions; without 'at' it happens when one opens"
            )
        if isinstance(self.what, Reject):
            matching = fnmatch.filter(CLIENT_EVENT_TYPES, self.at)
            if not matching and self.at != RECEIVED:
                raise ConfigurationError("'reject' needs an event of the client, e.g. 'at response.create'")
        elif self.at not in {"", SENT, RECEIVED} and not fnmatch.filter(_EVENTS, self.at):
            known = [*_EVENTS, SENT, RECEIVED, CONNECT]
            close = difflib.get_close_matches(self.at, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else "give an event type, 'sent' or 'received'"
            raise ConfigurationError(f"nobody sends '{self.at}'; {hint}")
