"""The wire of one session: events in the form they have there, the record of what passed, and its faults.

    session ──▶ (faults) ──▶ socket
    session ◀── (faults) ◀── socket

As long as nothing goes wrong, nothing stands between the two.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from random import Random

from msgspec.structs import replace
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.protocol.codec import RawEvent, decode_client_event, decode_plain, decode_server_event
from pipecat_voicelive.protocol.dialect_v1 import V1Dialect
from pipecat_voicelive.protocol.server_events import (
    KnownServerEvent,
    MalformedEvent,
    ResponseVideoDelta,
    ServerEvent,
    UnknownEvent,
)
from pipecat_voicelive.simulator.exchange import (
    ClientSent,
    Exchanged,
    FaultFired,
    Noted,
    ReceivedEvent,
    ServiceSent,
)
from pipecat_voicelive.simulator.faults.expiry import SESSION_LIMIT_S
from pipecat_voicelive.simulator.faults.fault import Fault
from pipecat_voicelive.simulator.faults.kinds import Expire
from pipecat_voicelive.simulator.faults.session_faults import SessionFaults
from pipecat_voicelive.simulator.faults.troubles import Troubles
from pipecat_voicelive.simulator.live_session import Received
from pipecat_voicelive.simulator.v1_contract import dated_member
from pipecat_voicelive.simulator.wire import WireForm, stamped, to_message, typed


class SessionWire:
    """What a session sends and receives through.

    Args:
        connection: The accepted connection.
        form: The exact form of messages.
        record: Is told everything that passes.
        planned: What goes wrong from the beginning.
        troubles: Those of the session's core.
        dice: The random choices of faults.
    """

    def __init__(
        self,
        connection: ServerConnection,
        *,
        form: WireForm,
        record: Callable[[Exchanged], None],
        planned: Sequence[Fault],
        troubles: Troubles,
        dice: Random,
    ) -> None:
        self.form = form
        self._connection = connection
        self._record = record
        self._planned = planned
        self._troubles = troubles
        self._dice = dice
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._began_s = time.monotonic()
        self._take: Callable[[Received], Awaitable[None]] | None = None
        self._faults: SessionFaults | None = None
        self._fired: dict[int, tuple[Fault, int]] = {}
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def age_s(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._began_s

    async def open(self) -> None:
        """Let what goes wrong from the beginning begin, and the session's time run."""
        self._expiry = self._loop.call_later(SESSION_LIMIT_S, self.inject, Fault(Expire()))
        for fault in self._planned:
            await self._with_faults().begin(fault)

    async def read(self, take: Callable[[Received], Awaitable[None]]) -> None:
        """Hand every event of the client to `take`. Returns when the connection is closed."""
        self._take = take
        with suppress(ConnectionClosed):
            async for message in self._connection:
                await (self.take(message) if self._faults is None else self._faults.receive(message))

    async def send(self, event: KnownServerEvent | RawEvent) -> None:
        """Send an event and record it.

        Raises:
            ConnectionClosed: The connection is closed.
        """
        message, recorded = self.message_of(event)
        if self._faults is None:
            await self.write(message, recorded)
        else:
            await self._faults.send(message, recorded)

    def note(self, text: str) -> None:
        """Record a remark for people; it is not sent."""
        self._record(Noted(self.age_s, text))

    def inject(self, fault: Fault) -> None:
        """Let something go wrong from now on. May be called in any thread."""
        if threading.get_ident() == self._thread:
            self._with_faults().inject(fault)
        else:
            self._loop.call_soon_threadsafe(self.inject, fault)

    def lift_faults(self) -> None:
        """Let the connection be closed, whatever its faults hold back."""
        if self._faults is not None:
            self._faults.lift()

    async def close(self, code: int, reason: str) -> None:
        """Close the connection with a code and a reason."""
        await self._connection.close(code, reason)

    async def aclose(self) -> None:
        """End everything that was begun."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self._faults is not None:
            await self._faults.aclose()

    def message_of(self, event: KnownServerEvent | RawEvent) -> tuple[str, ServerEvent]:
        """The message that carries an event, and the event as it is recorded."""
        event = stamped(event)
        return to_message(event, self.form), _without_video(typed(event))

    async def write(
        self, message: str | bytes, event: ServerEvent | None = None, *, text: bool | None = None
    ) -> None:
        """Write a message and record it, as `event` if given; `text` forces a text or a binary frame.

        Raises:
            ConnectionClosed: The connection is closed.
        """
        # Recorded first: waiting for the socket must not let a later event overtake it in the record.
        self._record(ServiceSent(self.age_s, event or decode_server_event(message)))
        await self._connection.send(message, text=text)

    async def take(self, message: str | bytes) -> None:
        """Take a message of the client, as it comes out of the faults."""
        event = self._decoded(message)
        self._record(ClientSent(self.age_s, event))
        assert self._take is not None, "somebody reads"
        foreign = dated_member(decode_plain(message) or {}) if self.form.v1 else None
        await self._take(Received(event, _event_id(event, message), foreign))

    def type_of(self, message: str | bytes) -> str:
        """The type of the event in a client's message, "" if it has none."""
        return self._decoded(message).type

    def _decoded(self, message: str | bytes) -> ReceivedEvent:
        if isinstance(message, bytes) and not _is_text(message):
            return MalformedEvent(type="", problem="JSON is malformed: no UTF-8")
        return V1Dialect().decode_client(message) if self.form.v1 else decode_client_event(message)

    def _with_faults(self) -> SessionFaults:
        if self._faults is None:
            self._faults = SessionFaults(
                self._connection, self, troubles=self._troubles, dice=self._dice, note=self._note_fault
            )
        return self._faults

    def _note_fault(self, fault: Fault) -> None:
        # Kept with its count, so that no other fault gets its id.
        times = self._fired.get(id(fault), (fault, 0))[1] + 1
        self._fired[id(fault)] = (fault, times)
        self._record(FaultFired(self.age_s, fault, times))


def _is_text(message: bytes) -> bool:
    # The decoder looks only at the texts that it needs.
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


def _event_id(event: ReceivedEvent, message: str | bytes) -> str | None:
    """The event's id, read from the message only if the event could not be read."""
    if isinstance(event, UnknownEvent | MalformedEvent):
        event_id = decode_plain(message).get("event_id")
    else:
        event_id = event.event_id
    return event_id if isinstance(event_id, str) else None


def _without_video(event: ServerEvent) -> ServerEvent:
    """The event as it is remembered: of video, of which there are megabytes, only how much it was."""
    if isinstance(event, ResponseVideoDelta):
        return replace(event, delta=f"({len(event.delta)} characters of base64)")
    return event
