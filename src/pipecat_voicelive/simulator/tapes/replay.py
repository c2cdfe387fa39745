"""A server that plays a tape to every client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.codec import (
    RawEvent,
    decode_client_event,
    decode_plain,
    decode_server_event,
    encode,
)
from pipecat_voicelive.simulator.certificate import TlsFiles
from pipecat_voicelive.simulator.exchange import ClientSent, Exchanged, ServiceSent
from pipecat_voicelive.simulator.listener import Listener
from pipecat_voicelive.simulator.tapes.playback import Departure, Playback
from pipecat_voicelive.simulator.tapes.tape import Tape


class ReplayedSession:
    """A client that is played a tape."""

    def __init__(
        self,
        connection: ServerConnection,
        playback: Playback,
        *,
        number: int,
        listener: Callable[[ReplayedSession, Exchanged | Departure], None] | None,
    ) -> None:
        self.number = number
        """Its place in the order of sessions, from 1."""
        self._connection = connection
        self._playback = playback
        self._listener = listener
        self._told = 0
        self._began_s = time.monotonic()

    @property
    def departures(self) -> tuple[Departure, ...]:
        """Where the client departed from the tape."""
        return tuple(self._playback.departures)

    @property
    def is_over(self) -> bool:
        """Whether the whole tape was played."""
        return self._playback.is_over

    @property
    def left(self) -> int:
        """How many messages of the service have not been played."""
        return self._playback.left

    @property
    def close_code(self) -> int | None:
        """The WebSocket close code; None while it is open."""
        return self._connection.close_code

    async def wait_closed(self) -> None:
        """Wait until the connection is closed."""
        await self._connection.wait_closed()

    async def serve(self) -> None:
        """Play the tape. The server calls it."""
        with suppress(ConnectionClosed):
            await self._send(self._playback.start(time.monotonic()))
            while True:
                message = await self._next()
                if message is None:
                    await self._send(self._playback.advance(time.monotonic()))
                    continue
                self._tell(ClientSent(self._age_s, decode_client_event(message)))
                due = self._playback.take(decode_plain(message), time.monotonic())
                self._tell_departures()
                await self._send(due)
        self._playback.end()
        self._tell_departures()

    async def _next(self) -> str | bytes | None:
        """What the client sends next, None if something is due before."""
        deadline_s = self._playback.deadline_s
        if deadline_s is None:
            return await self._connection.recv()
        try:
            async with asyncio.timeout(max(deadline_s - time.monotonic(), 0.0)):
                return await self._connection.recv()
        except TimeoutError:
            return None

    async def _send(self, events: list[dict[str, Any]]) -> None:
        for members in events:
            if not members.get("type"):
                continue  # it was no event when it was recorded
            message = encode(RawEvent(members=members)).decode()
            self._tell(ServiceSent(self._age_s, decode_server_event(message)))
            await self._connection.send(message)

    @property
    def _age_s(self) -> float:
        return time.monotonic() - self._began_s

    def _tell(self, what: Exchanged | Departure) -> None:
        if self._listener is not None:
            self._listener(self, what)

    def _tell_departures(self) -> None:
        for departure in self._playback.departures[self._told :]:
            self._tell(departure)
        self._told = len(self._playback.departures)


class TapeReplay:
    """A server that plays a tape to every client, each from its beginning.

        async with VoiceLiveSimulator.replaying("call.jsonl") as replay:
            ...  # connect to replay.endpoint
            session = await replay.wait_for_session()
            assert not session.departures

    When the tape is over the connection stays open, until the client closes it.

    Args:
        tape: The tape, or its file.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        api_key: The only api-key that is taken; None takes any that is not empty.
        tls: The certificate to talk TLS with; None for none.
        real_time: Send by the recorded times, whatever the client does; else when the client has sent what
            came before.
        listener: Is called with every event, and wherever a client departs from the tape; must not block.

    Raises:
        ConfigurationError: The tape cannot be used.
    """

    def __init__(
        self,
        tape: Tape | str | Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        tls: TlsFiles | None = None,
        real_time: bool = False,
        listener: Callable[[ReplayedSession, Exchanged | Departure], None] | None = None,
    ) -> None:
        self.tape = tape if isinstance(tape, Tape) else Tape.load(tape)
        """What is played."""
        if real_time and not self.tape.has_times:
            raise ConfigurationError("This tape has no times; it can only be played without real_time.")
        self._listener = Listener("replay", host, port, tls=tls or False, api_key=api_key)
        self._real_time = real_time
        self._told = listener
        self._arrival = asyncio.Condition()
        self.sessions: list[ReplayedSession] = []
        """The sessions, the newest last."""

    @property
    def endpoint(self) -> str:
        """Where clients connect, e.g. "ws://127.0.0.1:54321".

        Raises:
            ProtocolError: It is not running.
        """
        return self._listener.endpoint

    @property
    def certificate(self) -> Path | None:
        """The file that clients must trust; None without TLS."""
        return self._listener.certificate

    async def wait_for_session(self, count: int = 1, *, timeout_s: float = 5.0) -> ReplayedSession:
        """Wait until `count` sessions have been opened and return the newest.

        Raises:
            TimeoutError: They are not within `timeout_s`.
        """
        async with asyncio.timeout(timeout_s), self._arrival:
            await self._arrival.wait_for(lambda: len(self.sessions) >= count)
        return self.sessions[-1]

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._listener.open(self._serve_connection, self._listener.refuse)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every session (1001) and stop listening."""
        await self._listener.aclose()

    async def _serve_connection(self, connection: ServerConnection) -> None:
        playback = Playback(self.tape, real_time=self._real_time)
        session = ReplayedSession(connection, playback, number=len(self.sessions) + 1, listener=self._told)
        self.sessions.append(session)
        async with self._arrival:
            self._arrival.notify_all()
        await session.serve()
