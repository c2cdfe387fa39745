"""One connection while it is used: read by a task, watched for silence, over for a reason."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from pipecat_voicelive.connection.connection import Connection
from pipecat_voicelive.connection.failures import EXPIRED, after_error, before_ready, cut, is_fatal
from pipecat_voicelive.errors import ConnectionFailedError
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.client_events import (
    ClientEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionUpdateEvent,
)
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.names import wire_id

_THINKS_FOR = 4
"""An answer that has begun may bring nothing for so many times as long as it may pause later."""

_TELLS_WHY_S = 5.0
"""An `error` explains an end that comes within this time."""


class Listener(Protocol):
    """Who hears what the service says."""

    def take(self, event: se.ServerEvent) -> None:
        """An event has come. Raises nothing."""
        ...

    @property
    def crowded(self) -> bool:
        """Whether so much waits to be taken that nothing more should be read."""
        ...

    async def room(self) -> None:
        """Wait until it does not."""
        ...


class Leg:
    """An open connection and its reader.

    Args:
        connection: The connection.
        listener: Hears the events; may be exchanged.
        answer_timeout_s: How long the service may say nothing when it is its turn.
        ready: Is told when the session has taken options for the first time, before the event is heard.
        follows: Whether a session was ready before, on another connection.
    """

    def __init__(
        self,
        connection: Connection,
        listener: Listener,
        *,
        answer_timeout_s: float,
        ready: Callable[[Leg], None],
        follows: bool = False,
    ) -> None:
        self.listener = listener
        self.is_ready = False
        self.session_id: str | None = None
        self.expires_at: float | None = None
        self.settled = asyncio.Event()
        self._connection = connection
        self._answer_timeout_s = answer_timeout_s
        self._ready = ready
        self._follows = follows
        self._loop = asyncio.get_running_loop()
        self._opened_s = self._loop.time()
        self._blocked = False
        self._fatal: tuple[ErrorDetails, float] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._expect_word()
        self._last: se.ServerEvent | None = None
        self._looked_at: se.ServerEvent | None = None
        self._same = 0
        self._watch = self._loop.call_later(answer_timeout_s, self._look)
        self.reader = asyncio.create_task(self._read(), name="voicelive-reader")
        self.reader.add_done_callback(self._over)

    @property
    def is_open(self) -> bool:
        """Whether events can be sent, and their answers heard."""
        return self._connection.is_open and not self.reader.done()

    @property
    def arrived_audio_bytes(self) -> int:
        """How much of the caller's audio is known to have arrived."""
        return self._connection.arrived_audio_bytes

    def send(self, event: ClientEvent | RawEvent) -> None:
        """Write an event. A connection that cannot be written to is over; its reader notices."""
        try:
            self._connection.send(event)
        except ConnectionFailedError:
            return
        if isinstance(event, SessionUpdateEvent | ResponseCreateEvent | ResponseCancelEvent):
            self._expect_word()

    def clocks_s(self) -> tuple[float | None, float]:
        """The time it is now in Unix seconds, by the service's clock if it told, and by ours."""
        told_s = self._connection.server_time_s
        return (told_s + self._loop.time() - self._opened_s if told_s else None, time.time())

    def error(self) -> ConnectionFailedError:
        """Why it is over."""
        error = self._connection.lost_error()
        if self._fatal is not None and self._loop.time() - self._fatal[1] < _TELLS_WHY_S:
            error = after_error(error, self._fatal[0])
        elif not self.is_ready:
            error = before_ready(error, follows=self._follows)
        error.session_id = error.session_id or self.session_id
        return error

    def give_up(self, error: ConnectionFailedError) -> None:
        """It is of no use, for this reason; the reader ends."""
        self._connection.give_up(error)

    def cut(self) -> None:
        """End it at once."""
        self.reader.cancel()
        self._connection.give_up(cut())

    async def close(self) -> None:
        """Close it, within a bound."""
        self.reader.cancel()
        await self._connection.close()

    async def _read(self) -> None:
        async for event in self._connection:
            if self._patience is not None:
                self._heard()
            self._last = event
            if isinstance(event, se.SessionCreated | se.SessionUpdated | se.Error):
                self._note(event)
            self.listener.take(event)
            while self.listener.crowded:
                self._blocked = True
                await self.listener.room()
            self._blocked = False

    def _over(self, _reader: asyncio.Task[None]) -> None:
        self._heard()
        self._watch.cancel()
        self.settled.set()

    def _note(self, event: se.SessionCreated | se.SessionUpdated | se.Error) -> None:
        match event:
            case se.Error(error=error) if error.code == EXPIRED:
                self._connection.give_up(
                    ConnectionFailedError(
                        "The session reached its longest duration.", code=1001, reason=EXPIRED
                    )
                )
            case se.Error(error=error) if is_fatal(error):
                self._fatal = (error, self._loop.time())
                if not self.is_ready:
                    self._connection.give_up(cut())
            case se.Error():
                pass
            case se.SessionCreated(session=session) | se.SessionUpdated(session=session):
                self.session_id = wire_id(session.id) or self.session_id
                self.expires_at = session.expires_at or self.expires_at
                if isinstance(event, se.SessionUpdated) and not self.is_ready:
                    self.is_ready = True
                    self.settled.set()
                    self._ready(self)

    def _expect_word(self) -> None:
        if self._patience is None:
            self._patience = self._loop.call_later(self._answer_timeout_s, self._no_word)

    def _heard(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _no_word(self) -> None:
        self._patience = None
        if self._blocked or not self._connection.reads:
            self._expect_word()  # it may have answered, and nobody has looked
            return
        self._fall_silent()

    def _look(self) -> None:
        """An answer that is being given goes on: its newest event is another one at each look."""
        waits = not self._blocked and self._connection.reads
        self._same = self._same + 1 if waits and self._last is self._looked_at else 0
        patience = _patience(self._last)
        if patience is not None and self._same >= patience:
            self._fall_silent()
            return
        self._looked_at = self._last
        self._watch = self._loop.call_later(self._answer_timeout_s, self._look)

    def _fall_silent(self) -> None:
        self._connection.give_up(
            ConnectionFailedError(
                f"Voice Live says nothing for {self._answer_timeout_s:g} s, though the connection is open."
            )
        )


def _patience(last: se.ServerEvent | None) -> int | None:
    """At how many looks this may still be the newest event; None, if nothing has to follow it."""
    match last:
        case (
            se.ResponseAudioDelta()
            | se.ResponseAudioTranscriptDelta()
            | se.ResponseAudioTimestampDelta()
            | se.ResponseAnimationVisemeDelta()
            | se.ResponseTextDelta()
        ):
            return 1
        case se.ResponseCreated() | se.ResponseContentPartAdded():
            return _THINKS_FOR
        case se.ResponseOutputItemAdded(item=item) | se.ConversationItemCreated(item=item):
            return _THINKS_FOR if item.role == "assistant" else None
        case _:
            return None
