"""The faults of one session, between its runner and its socket.

    runner ──▶ outgoing lane ──▶ socket
    runner ◀── incoming lane ◀── socket

What befalls a message happens before it enters its lane; what is told of an event of the service happens in
the lane, just after the event went. What is told of an event of the client, or of a time, happens at once,
however much is held back; only what is to be sent takes its place in the lane.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Protocol, assert_never

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.protocol.codec import RawEvent, decode_plain
from pipecat_voicelive.protocol.server_events import KnownServerEvent, ServerEvent
from pipecat_voicelive.simulator.errors_wire import RefusedError
from pipecat_voicelive.simulator.faults.counting import Counting
from pipecat_voicelive.simulator.faults.damage import (
    corrupted,
    corrupted_bytes,
    malformed_event,
    unknown_event,
)
from pipecat_voicelive.simulator.faults.expiry import EXPIRED_CODE, SESSION_LIMIT_S, session_expired
from pipecat_voicelive.simulator.faults.fault import Fault
from pipecat_voicelive.simulator.faults.kinds import (
    AnswerLate,
    BadArguments,
    Close,
    Corrupt,
    CorruptBytes,
    Delay,
    Drop,
    Duplicate,
    Expire,
    FailResponse,
    GoSilent,
    HangUp,
    Jitter,
    Lose,
    RateLimit,
    Redirect,
    Refuse,
    Reject,
    Reorder,
    Reset,
    SendBinary,
    SendEvent,
    SendMalformed,
    SendText,
    SendUnknown,
    SilentHandshake,
    SlowHandshake,
    StopReading,
    Transcribe,
    TranscribeLate,
)
from pipecat_voicelive.simulator.faults.lane import Lane, Step
from pipecat_voicelive.simulator.faults.troubles import Troubles
from pipecat_voicelive.simulator.tasks import Tasks


class Socket(Protocol):
    """What the faults of a session need of its runner."""

    async def write(self, message: str | bytes, event: ServerEvent | None, *, text: bool | None) -> None:
        """Write a message and record it, as `event` if given; `text` forces a text or a binary frame."""
        ...

    async def take(self, message: str | bytes) -> None:
        """Take a message of the client, as if it had just come."""
        ...

    def message_of(self, event: KnownServerEvent | RawEvent) -> tuple[str, ServerEvent]:
        """The message that carries an event, and the event as it is recorded."""
        ...

    def type_of(self, message: str | bytes) -> str:
        """The type of the event in a client's message, "" if it has none."""
        ...


@dataclass(slots=True)
class _Damage:
    """A message and what its faults have made of it."""

    message: str | bytes
    copies: int = 1
    delay_s: float = 0.0
    reorder: int = 0
    as_text: bool | None = None
    changed: bool = False


class SessionFaults:
    """Carries out the faults of one session.

    Args:
        connection: Its connection.
        socket: How messages are written and taken.
        troubles: Those of its core.
        dice: Every random choice.
        note: Is told each fault that happens.
    """

    def __init__(
        self,
        connection: ServerConnection,
        socket: Socket,
        *,
        troubles: Troubles,
        dice: Random,
        note: Callable[[Fault], None],
    ) -> None:
        self._connection = connection
        self._socket = socket
        self._troubles = troubles
        self._dice = dice
        self._note = note
        troubles.tell(note)
        self._counting = Counting(dice)
        self._outgoing, self._incoming = Lane(dice), Lane(dice)
        self._timers: set[asyncio.TimerHandle] = set()
        self._resuming: asyncio.TimerHandle | None = None
        self._tasks = Tasks("simulator-faults")
        self._tasks.start(self._outgoing.run())
        self._tasks.start(self._incoming.run())
        self._tasks.start(self._end_with_connection())

    async def begin(self, fault: Fault) -> None:
        """Take a fault on: now if nothing is to be waited for, else when it is due."""
        if not self._awaited(fault):
            await self._happen(fault)

    def inject(self, fault: Fault) -> None:
        """Take a fault on while the session runs; what happens at once begins at the next await."""
        if not self._awaited(fault):
            self._tasks.start(self._happen(fault))

    async def send(self, message: str, event: ServerEvent) -> None:
        """Send a message of the service, or what becomes of it.

        Raises:
            ConnectionClosed: The connection is closed.
        """
        if self._connection.close_code is not None:
            await self._connection.send(message)  # says so
        happening = self._counting.due(event.type, sent=True)
        damage = self._damaged(message, happening)

        async def write() -> None:
            whole = None if damage.changed else event
            await self._socket.write(damage.message, whole, text=damage.as_text)

        await self._pass(self._outgoing, write, damage)
        for fault in happening:
            if not fault.befalls_messages:
                await self._outgoing.put(lambda fault=fault: self._carry_out(fault))

    async def receive(self, message: str | bytes) -> None:
        """Take a message of the client, or what becomes of it."""
        happening = self._counting.due(self._socket.type_of(message), sent=False)
        damage = self._damaged(message, happening)
        await self._pass(self._incoming, lambda: self._socket.take(damage.message), damage)
        for fault in happening:
            match fault.what:
                case Reject(code, text):
                    await self._reject(message, code, text)
                case _ if not fault.befalls_messages:
                    await self._carry_out(fault)
                case _:
                    pass
        await self._incoming.opened()

    def lift(self) -> None:
        """Send and take nothing any more, and let the connection be closed."""
        for timer in self._timers:
            timer.cancel()
        self._keep_stopped()
        self._outgoing.end()
        self._incoming.end()
        with suppress(RuntimeError):  # it is closed
            self._connection.transport.resume_reading()

    async def aclose(self) -> None:
        """End everything that was begun."""
        self.lift()
        await self._tasks.aclose()

    async def _end_with_connection(self) -> None:
        await self._connection.wait_closed()
        self.lift()

    def _awaited(self, fault: Fault, *, in_time: bool = False) -> bool:
        """Whether a fault waits now for what it counts, or for its time, unless it is `in_time`."""
        if fault.after_s > 0 and not in_time:
            timer = asyncio.get_running_loop().call_later(fault.after_s, self._on_time, fault)
            self._timers.add(timer)
        elif fault.counts:
            self._troubles.arm(fault)
        elif fault.at or fault.befalls_messages:
            self._counting.arm(fault)
        else:
            return False
        return True

    def _on_time(self, fault: Fault) -> None:
        if not self._awaited(fault, in_time=True):
            self._tasks.start(self._happen(fault))

    async def _happen(self, fault: Fault) -> None:
        if fault.chance == 1.0 or self._dice.random() < fault.chance:
            await self._carry_out(fault)

    def _damaged(self, message: str | bytes, happening: list[Fault]) -> _Damage:
        damage = _Damage(message)
        for fault in happening:
            match fault.what:
                case Lose():
                    damage.copies = 0
                case Reject():
                    damage.copies = 0
                case Duplicate(times):
                    damage.copies *= times
                case Delay(by_s):
                    damage.delay_s += by_s
                case Jitter(up_to_s):
                    damage.delay_s += self._dice.uniform(0.0, up_to_s)
                case Reorder(count):
                    damage.reorder = count
                case Corrupt(count):
                    damage.message = corrupted(damage.message, count, self._dice)
                    damage.changed = True
                case CorruptBytes(count):
                    damage.as_text = isinstance(message, str)
                    damage.message = corrupted_bytes(damage.message, count, self._dice)
                    damage.changed = True
                case _:
                    continue
            self._note(fault)
        return damage

    async def _pass(self, lane: Lane, step: Step, damage: _Damage) -> None:
        """Send a message on its way."""
        if damage.reorder and damage.copies:
            await lane.reorder(damage.reorder)
        for _ in range(damage.copies):
            await lane.put(step, damage.delay_s)

    async def _carry_out(self, fault: Fault) -> None:
        self._note(fault)
        with suppress(ConnectionClosed):
            match fault.what:
                case Drop() | Reset():
                    self._cut(reset=isinstance(fault.what, Reset))
                case Close(code, reason):
                    self._outgoing.end()
                    await self._connection.close(code, reason)
                case StopReading(for_s):
                    self._stop_reading(for_s)
                case GoSilent(for_s):
                    self._outgoing.hold(for_s)
                case Expire():
                    await self._expire(fault)
                case SendEvent(event):
                    await self._send(RawEvent(members=dict(event)))
                case SendUnknown():
                    await self._send(RawEvent(members=unknown_event(self._dice)))
                case SendMalformed(event_type):
                    await self._send(RawEvent(members=malformed_event(event_type, self._dice)))
                case SendText(text):
                    await self._send_raw(text)
                case SendBinary(data):
                    await self._send_raw(bytes.fromhex(data))
                case (
                    Delay()
                    | Jitter()
                    | Duplicate()
                    | Reorder()
                    | Corrupt()
                    | CorruptBytes()
                    | Lose()
                    | Reject()
                ):
                    raise AssertionError("befalls messages")
                case (
                    AnswerLate()
                    | FailResponse()
                    | RateLimit()
                    | BadArguments()
                    | Transcribe()
                    | TranscribeLate()
                ):
                    raise AssertionError("is for the session's core")
                case Refuse() | Redirect() | SlowHandshake() | SilentHandshake() | HangUp():
                    raise AssertionError("is for handshakes")
                case _:
                    assert_never(fault.what)

    def _cut(self, *, reset: bool) -> None:
        self._outgoing.end()
        transport = self._connection.transport
        if reset:  # closed with a time to linger of zero, a socket says RST and not FIN
            at_once = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        transport.abort()

    def _stop_reading(self, for_s: float | None) -> None:
        self._incoming.hold(for_s)
        transport = self._connection.transport
        transport.pause_reading()
        self._keep_stopped()
        if for_s is not None:
            self._resuming = asyncio.get_running_loop().call_later(for_s, transport.resume_reading)

    def _keep_stopped(self) -> None:
        """What was to let the reading go on does not; the newest stop counts."""
        if self._resuming is not None:
            self._resuming.cancel()

    async def _expire(self, fault: Fault) -> None:
        limit_s = SESSION_LIMIT_S if fault.at or not fault.after_s else fault.after_s
        message, event = self._socket.message_of(session_expired(limit_s))
        await self._socket.write(message, event, text=None)
        self._outgoing.end()
        await self._connection.close(EXPIRED_CODE, "session_expired")

    async def _reject(self, message: str | bytes, code: str, text: str) -> None:
        event_id = decode_plain(message).get("event_id")
        refused = RefusedError(code, text or f"This event is refused: {code}.")
        await self._send(refused.event(event_id if isinstance(event_id, str) else None))

    async def _send(self, event: KnownServerEvent | RawEvent) -> None:
        message, recorded = self._socket.message_of(event)
        await self._outgoing.put(lambda: self._socket.write(message, recorded, text=None))

    async def _send_raw(self, message: str | bytes) -> None:
        await self._outgoing.put(lambda: self._socket.write(message, None, text=None))
