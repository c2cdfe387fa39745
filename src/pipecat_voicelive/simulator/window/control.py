"""The control channel: a WebSocket on which programs and the page watch sessions and take part in them.

A message is a JSON object. `{"command": ..., "id": ...}` asks; the answer has the id as `reply` and `ok`, and
`error` if that is false. `{"event": ...}` tells what was asked to be told: the sessions (`watch`), and the
entries of a session's trace (`follow`).

What is told is looked up in the sessions some times a second, and the next look waits until the last message
has gone out. So who reads slowly is told later, and of what is forgotten by then, only how much it was;
nothing is queued for anybody, and no session waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeAlias

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.errors import ConfigurationError, ProtocolError, VoiceLiveError
from pipecat_voicelive.protocol.codec import RawEvent, decode_plain, encode
from pipecat_voicelive.simulator.faults.catalogue import catalogue
from pipecat_voicelive.simulator.faults.fault import Fault
from pipecat_voicelive.simulator.scenario import Scenario
from pipecat_voicelive.simulator.simulated_session import SimulatedSession
from pipecat_voicelive.simulator.tasks import Tasks
from pipecat_voicelive.simulator.window.access import Gate

CONTROL_PATH = "/simulator/control"

_COMMANDS = (
    "open simulator sessions watch follow unfollow caller_says expect_transcript inject_fault close".split()  # noqa: SIM905
)
_LOOK_EVERY_S = 0.1
_MAX_ENTRIES = 200
_MAX_MESSAGE_CHARACTERS = 64 * 1024
_MAX_COMMANDS_AT_ONCE = 16
_TIME_FOR_KEY_S = 10.0
_POLICY_VIOLATION = 1008
_logger = logging.getLogger(__name__)

_Answer: TypeAlias = dict[str, Any]


class Watched(Protocol):
    """What is watched: a simulator."""

    @property
    def endpoint(self) -> str:
        """Where clients connect."""
        ...

    @property
    def scenario(self) -> Scenario:
        """What is said."""
        ...

    @property
    def sessions(self) -> list[SimulatedSession]:
        """Its sessions."""
        ...


class ControlConnection:
    """One program, or one page, that watches and takes part.

    Args:
        connection: Its WebSocket.
        simulator: What it watches.
        gate: Says whether it needs a key.
        has_key: Whether it gave the key with its handshake.
    """

    def __init__(
        self, connection: ServerConnection, simulator: Watched, gate: Gate, *, has_key: bool
    ) -> None:
        self._connection = connection
        self._simulator = simulator
        self._gate = gate
        self._is_in = has_key or gate.key is None
        self._watches = False
        self._told_sessions: list[dict[str, Any]] | None = None
        self._followed: dict[int, _Follower] = {}
        self._working = Tasks("simulator-control")

    async def serve(self) -> None:
        """Answer until the connection is closed."""
        try:
            with suppress(ConnectionClosed):
                if not self._is_in and not await self._let_in():
                    return
                self._start(self._tell())
                async for message in self._connection:
                    await self._take(message)
        finally:
            await self._working.aclose()

    async def _let_in(self) -> bool:
        """Wait for the key; whether it was the right one."""
        message = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(_TIME_FOR_KEY_S):
                message = await self._connection.recv()
        asked = decode_plain(message)
        if asked.get("command") != "open" or not self._gate.admits_key(asked.get("key")):
            await self._send(
                _refused(asked.get("id"), "The first message must be 'open' with the right key.")
            )
            await self._connection.close(_POLICY_VIOLATION, "key needed")
            return False
        await self._send({"reply": asked.get("id"), "ok": True})
        return True

    async def _take(self, message: str | bytes) -> None:
        asked = decode_plain(message) if len(message) <= _MAX_MESSAGE_CHARACTERS else {}
        if len(self._working) > _MAX_COMMANDS_AT_ONCE:
            await self._send(_refused(asked.get("id"), "Too many commands at once; wait for the answers."))
            return
        self._start(self._answer(asked))

    async def _answer(self, asked: dict[str, Any]) -> None:
        answer: _Answer = {"reply": asked.get("id"), "ok": True}
        try:
            answer |= await self._carry_out(asked)
        except (VoiceLiveError, ConnectionClosed) as error:
            problem = "the session is over" if isinstance(error, ConnectionClosed) else str(error)
            answer = _refused(asked.get("id"), problem)
        except Exception as error:  # noqa: BLE001 - whoever asked must be told, not wait for ever
            _logger.error("The control channel failed: %s", type(error).__name__)  # noqa: TRY400
            answer = _refused(asked.get("id"), f"the simulator failed: {type(error).__name__}")
        await self._send(answer)

    async def _carry_out(self, asked: dict[str, Any]) -> _Answer:
        command = asked.get("command")
        match command:
            case "open":
                return {}
            case "simulator":
                scenario = self._simulator.scenario
                return {
                    "endpoint": self._simulator.endpoint,
                    "scenario": scenario.name,
                    "turns": len(scenario.turns),
                    "faults": [
                        {"name": kind.name, "example": kind.example, "meaning": kind.meaning}
                        for kind in catalogue()
                        if kind.group != "handshake"
                    ],
                }
            case "sessions":
                return {"sessions": self._sessions()}
            case "watch":
                self._watches, self._told_sessions = True, None
                return {}
            case "follow":
                session = self._session(asked)
                self._followed[session.number] = _Follower(session)
                return {"session": session.number}
            case "unfollow":
                self._followed.pop(self._session(asked).number, None)
                return {}
            case "caller_says":
                session, text = self._open_session(asked), _text(asked, "text")
                session.trace.note(f"the caller is to say: {text}", session.age_s)
                await session.caller_says(text, at_once=asked.get("at_once") is True)
                return {}
            case "expect_transcript":
                session, text = self._open_session(asked), _text(asked, "text")
                session.expect_transcript(text)
                session.trace.note(f"the next turn is to be heard as: {text}", session.age_s)
                return {}
            case "inject_fault":
                session, text = self._open_session(asked), _text(asked, "fault")
                fault = Fault.parse(text)
                session.inject(fault)
                if fault.at or fault.after_s:
                    session.trace.note(f"to go wrong: {fault}", session.age_s)
                return {}
            case "close":
                session = self._open_session(asked)
                code, reason = asked.get("code", 1000), _text(asked, "reason", default="")
                await _close(session, code, reason)
                session.trace.note(f"closed by hand: {code} {reason}".strip(), session.age_s)
                return {}
            case _:
                problem = f"{command!r} is no command" if command else "this is no JSON object with a command"
                raise ConfigurationError(f"{problem}; give one of {', '.join(_COMMANDS)}")

    async def _tell(self) -> None:
        """Tell again and again what is new. Ends with the connection."""
        with suppress(ConnectionClosed):
            while True:
                if self._watches and (sessions := self._sessions()) != self._told_sessions:
                    self._told_sessions = sessions
                    await self._send({"event": "sessions", "sessions": sessions})
                for follower in list(self._followed.values()):
                    for message in follower.news():
                        await self._send(message)
                await asyncio.sleep(_LOOK_EVERY_S)

    def _sessions(self) -> list[dict[str, Any]]:
        return [_described(session) for session in self._simulator.sessions]

    def _session(self, asked: dict[str, Any]) -> SimulatedSession:
        """The session that a command names; the newest if it names none."""
        sessions = self._simulator.sessions
        number = asked.get("session")
        for session in reversed(sessions):
            if number is None or session.number == number:
                return session
        if not sessions:
            raise ConfigurationError("no client has connected yet, so there is no session")
        known = ", ".join(str(session.number) for session in sessions)
        raise ConfigurationError(f"there is no session {number!r}; there are {known}")

    def _open_session(self, asked: dict[str, Any]) -> SimulatedSession:
        session = self._session(asked)
        if session.close_code is not None:
            raise ProtocolError(f"session {session.number} is over")
        return session

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._working.start(_until_closed(work))

    async def _send(self, members: dict[str, Any]) -> None:
        await self._connection.send(encode(RawEvent(members=members)).decode())


class _Follower:
    """How far a session has been told of."""

    def __init__(self, session: SimulatedSession) -> None:
        self._session = session
        self._revision = 0
        self._number = 0

    def news(self) -> Sequence[dict[str, Any]]:
        """Messages with what is new."""
        entries = self._session.trace.since(self._revision)
        if not entries:
            return []
        lost = max(0, entries[0].number - self._number - 1)
        self._revision, self._number = entries[-1].revision, entries[-1].number
        return [
            {
                "event": "entries",
                "session": self._session.number,
                "lost": lost if start == 0 else 0,
                "entries": [entry.plain() for entry in entries[start : start + _MAX_ENTRIES]],
            }
            for start in range(0, len(entries), _MAX_ENTRIES)
        ]


def _described(session: SimulatedSession) -> dict[str, Any]:
    handshake = session.handshake
    agent = handshake.model.agent
    return {
        "number": session.number,
        "model": agent.name if agent else handshake.model.name,
        "api_version": handshake.query.get("api-version", ""),
        "open": session.close_code is None,
        "close_code": session.close_code,
    }


async def _until_closed(work: Coroutine[None, None, None]) -> None:
    with suppress(ConnectionClosed):
        await work


async def _close(session: SimulatedSession, code: object, reason: str) -> None:
    if not isinstance(code, int) or not (code == 1000 or 3000 <= code <= 4999 or 1001 <= code <= 1014):
        raise ConfigurationError("code must be 1000 to 1014 or 3000 to 4999")
    try:
        await session.close(code, reason)
    except Exception as error:  # websockets says what is wrong with a code or a reason in several ways
        if isinstance(error, ConnectionClosed):
            raise
        raise ConfigurationError(f"this close cannot be sent: {error}") from None


def _text(asked: dict[str, Any], name: str, *, default: str | None = None) -> str:
    text = asked.get(name, default)
    if not isinstance(text, str):
        raise ConfigurationError(f"{name} must be given, as a text")
    return text


def _refused(asked_id: object, problem: str) -> _Answer:
    return {"reply": asked_id, "ok": False, "error": problem}
