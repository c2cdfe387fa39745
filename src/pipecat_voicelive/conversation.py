"""One conversation over one connection after another: the session, the line, and what is told of both.

A session lasts as long as its connection. When that is lost, or is left for another, the session gives back
what outlives it, and the next one is told before anything else. From then on everything goes to the next
one; what it is told before it is ready, it keeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.connection.failures import Failure
from pipecat_voicelive.connection.leg import Leg, Listener
from pipecat_voicelive.connection.line import Line
from pipecat_voicelive.connection.recovery import RecoveryOptions
from pipecat_voicelive.connection.route import Route
from pipecat_voicelive.errors import VoiceLiveError
from pipecat_voicelive.protocol.codec import Dialect
from pipecat_voicelive.protocol.items import SessionInfo
from pipecat_voicelive.protocol.refusals import service_error
from pipecat_voicelive.protocol.server_events import ServerEvent
from pipecat_voicelive.questions import Questions
from pipecat_voicelive.renewal import Candidate, options_refused
from pipecat_voicelive.session import Session, effects, inputs
from pipecat_voicelive.session.carried import Carried
from pipecat_voicelive.session.unreadable import UnreadableEvents
from pipecat_voicelive.signals import (
    ConnectionInterrupted,
    ConnectionLost,
    EventReceived,
    Reconnected,
    SessionExpiring,
    SignalQueue,
)


class Conversation:
    """What a client consists of.

    Args:
        make_session: Makes a session for a connection.
        route: Where to connect.
        options: How to connect.
        recovery: What to do about losses.
        dialect: How events are written, if not as the dated API versions have them.
        of_agent: Whether it is held with an agent, which remembers it.
        conversation_id: The agent's name for it, if it goes on with an earlier one.
        every_event: Whether every server event is told too.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        make_session: Callable[[], Session],
        route: Route,
        options: ConnectionOptions,
        recovery: RecoveryOptions,
        dialect: Dialect | None,
        *,
        of_agent: bool,
        conversation_id: str | None,
        every_event: bool,
        clock: Callable[[], float],
    ) -> None:
        self.signals = SignalQueue(options.max_waiting_bytes)
        self.questions = Questions()
        self.line = Line(self, route, options, recovery, dialect, clock=clock)
        self.session = make_session()
        self.over = False
        self._make_session = make_session
        self._of_agent = of_agent
        self._conversation_id = conversation_id
        self._every_event = every_event
        self._most_waiting_bytes = options.max_waiting_bytes
        self._clock = clock
        self._options: dict[str, Any] = {}
        self._info: SessionInfo | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s: float | None = None
        self._mistakes = UnreadableEvents()

    @property
    def info(self) -> SessionInfo | None:
        """The session as the service reported it last, this one or the one before."""
        return self.session.info or self._info

    @property
    def conversation_id(self) -> str | None:
        """With an agent: what it calls this conversation."""
        agent = self.info.agent if self.info else None
        thread_id: object = agent.get("thread_id") if agent else None
        return thread_id if isinstance(thread_id, str) and thread_id else self._conversation_id

    def handle(self, event: inputs.Input) -> None:
        """Tell the session something, and do at once what it wants done. Nothing, if it is over."""
        if self.over:
            return
        match event:
            case inputs.Interrupt(for_turn=for_turn):
                self.signals.drop_answer(self.session.turn_answer_ids if for_turn else frozenset())
            case inputs.Configure(session):
                self._options = session
            case _:
                pass
        self._perform(self.session.handle(event, self._clock()))
        self._set_timer()
        if self.line.waits_for_boundary:
            self.line.moved()

    def end(self, error: VoiceLiveError) -> None:
        """Nothing is told or heard any more, for this reason."""
        self.handle(inputs.Lost())
        self._end(error)

    # --- what the line tells -----------------------------------------------------------------------

    def take(self, event: ServerEvent) -> None:
        """An event has come on the live connection."""
        if self._every_event and not self.over:
            self.signals.put(EventReceived(event))
        try:
            self.handle(event)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end a call
            for told in self._mistakes.tell(event.type, f"{type(error).__name__} while handling it"):
                self.signals.put(told)

    @property
    def crowded(self) -> bool:
        """Whether so many signals wait that no event should be read."""
        return self.signals.crowded and not self.over

    async def room(self) -> None:
        """Wait until they do not."""
        await self.signals.room()

    @property
    def at_boundary(self) -> bool:
        """Whether this is a good moment for another session to go on."""
        return self.session.at_boundary

    def parameters(self) -> Mapping[str, str]:
        """How the URL names what the next session is to go on with."""
        return {"conversation-id": self.conversation_id} if self._of_agent and self.conversation_id else {}

    def interrupted(self, error: Failure, arrived_bytes: int) -> None:
        """The connection is gone: from here on everything goes to the session that is to come."""
        if self.over:
            return
        first, carried = self.session.info is not None, self._leave(arrived_bytes)
        if first:  # else nobody has heard of a session, or has heard already that it is gone
            self.signals.put(ConnectionInterrupted(error))
        self.session = self._make_session()
        self._perform(self.session.handle(inputs.Configure(self._options), self._clock()))
        self._resume(carried)

    def lost(self, error: Failure) -> None:
        """There will be no other connection."""
        if self.over:
            return
        self.handle(inputs.Lost())
        self.signals.put(ConnectionLost(error))
        self._end(error)

    def expiring(self, expires_in_s: float) -> None:
        """The session is about to end."""
        self.signals.put(SessionExpiring(expires_in_s))

    def prepare(self, second: Leg) -> Listener:
        """Begin a session on a second connection."""
        return Candidate(
            self._make_session(),
            second,
            self._options,
            every_event=self._every_event,
            most_bytes=self._most_waiting_bytes,
            clock=self._clock,
        )

    def switch(self, to: Listener, arrived_bytes: int | None) -> None:
        """Go on with the session on the second connection."""
        assert isinstance(to, Candidate), "it was prepared here"
        carried = self._leave(arrived_bytes)
        self.session = to.session
        self._info = self.session.info
        if self._info is not None:
            self.signals.put(Reconnected(self._info, planned=True, attempts=1, away_s=0.0))
        while (signal := to.signals.take()) is not None:
            self.signals.put(signal)
        self._perform(self.session.handle(inputs.Configure(self._options), self._clock()))
        self._resume(carried)

    # --- inside ------------------------------------------------------------------------------------

    def _leave(self, arrived_bytes: int | None) -> Carried:
        """Leave the session: what it would still send has nobody to read it."""
        self._info = self.info
        left, carried = self.session.leave(self._clock(), arrived_bytes)
        self._perform(effect for effect in left if not isinstance(effect, effects.Send))
        return carried.without_history() if self.parameters() else carried

    def _resume(self, carried: Carried) -> None:
        self._perform(self.session.handle(inputs.Resume(carried), self._clock()))
        self._set_timer()

    def _perform(self, to_do: Iterable[effects.Effect]) -> None:
        for effect in to_do:
            match effect:
                case effects.Send(event):
                    self.line.send(event)
                case effects.SummaryWanted():
                    self.questions.summarize(effect, self.handle)
                case effects.SessionReady(session) if self._info is not None:
                    self.signals.put(
                        Reconnected(
                            session, planned=False, attempts=self.line.attempts, away_s=self.line.away_s
                        )
                    )
                case effects.SessionRefused(error, True) if self._info is not None:
                    self.line.give_up(options_refused(error))
                case effects.SessionRefused(error, True):
                    self.signals.put(effect)
                    self._end(service_error(error))
                case effects.AskAnswered() | effects.AskRefused():
                    self.signals.put(effect)
                    self.questions.settle(effect)
                case _:
                    self.signals.put(effect)

    def _end(self, error: VoiceLiveError) -> None:
        self.over = True
        self.questions.end(error)
        self._set_timer()
        self.signals.release()
        self.line.stop()

    def _set_timer(self) -> None:
        due_s = self.session.deadline_s if self.line.has_begun and not self.over else None
        if due_s == self._timer_due_s:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_due_s = due_s
        if due_s is not None:
            delay_s = max(due_s - self._clock(), 0)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._timer = self._timer_due_s = None
        self.handle(inputs.Tick())
