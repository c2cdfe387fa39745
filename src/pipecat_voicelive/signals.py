"""What a client's user is told: the session's signals, and those about the connection; and how they wait.

The socket is read on whatever the application does: else pings would stay unanswered and the connection would
be lost, and an interruption would come behind an hour of speech. So what waits is bounded here. From so many
bytes on, the rest of the answer that is being given is dropped, and an `AnswerCut` stands where it would
begin. An answer is cut once and not patched, since a piece missing in the middle would put all that follows
in the wrong place. Everything else is kept; only when that is as much again, the socket is left unread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, is_dataclass
from typing import Any, TypeAlias, cast

import msgspec

from pipecat_voicelive.errors import AuthenticationError, ConnectionFailedError
from pipecat_voicelive.protocol.items import SessionInfo
from pipecat_voicelive.protocol.server_events import ServerEvent
from pipecat_voicelive.session import effects


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection is gone for good, and with it the conversation. The last signal there is."""

    error: ConnectionFailedError | AuthenticationError


@dataclass(frozen=True, slots=True)
class ConnectionInterrupted:
    """The connection is gone, another is being opened: `Reconnected` follows, or `ConnectionLost`."""

    error: ConnectionFailedError | AuthenticationError


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The conversation goes on with a new session, which knows what the one before knew.

    Attributes:
        session: The new session.
        planned: Whether it had been opened before the one before ended.
        attempts: How many attempts it took; 1 if the first succeeded.
        away_s: How long there was no session; 0 if planned.
    """

    session: SessionInfo
    planned: bool
    attempts: int
    away_s: float


@dataclass(frozen=True, slots=True)
class SessionExpiring:
    """The session ends in so many seconds; another is opened beside it now, unless losses are final."""

    expires_in_s: float


@dataclass(frozen=True, slots=True)
class EventReceived:
    """An event as it came from the service, before what it means; only with `every_event`."""

    event: ServerEvent


@dataclass(frozen=True, slots=True)
class AnswerCut:
    """The rest of this answer is dropped, since too much waits to be taken. Its brackets are closed.

    Attributes:
        response_id: The answer.
        waiting_bytes: How much waits, in the client and downstream of it.
    """

    response_id: str
    waiting_bytes: int


ClientSignal: TypeAlias = (
    effects.Signal
    | EventReceived
    | AnswerCut
    | ConnectionInterrupted
    | Reconnected
    | SessionExpiring
    | ConnectionLost
)

_SIGNAL_BYTES = 300
"""About what a signal takes beside what it says."""


class SignalQueue:
    """Signals on their way to one consumer.

    Args:
        most_bytes: How much may wait before an answer is cut.

    Attributes:
        downstream_bytes: How much waits behind the consumer; it counts too.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._waiting: deque[tuple[ClientSignal, int]] = deque()
        self._waiting_bytes = 0
        self._endings = 0
        self._cut: str | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self.downstream_bytes: Callable[[], int] = _nothing

    @property
    def crowded(self) -> bool:
        """Whether so much waits that nothing more should be made."""
        return self._waiting_bytes >= 2 * self._most_bytes

    @property
    def ends_an_answer(self) -> bool:
        """Whether a signal waits that ends an answer, or hands tool calls over."""
        return self._endings > 0

    def put(self, signal: ClientSignal) -> None:
        """Give the consumer one more, or cut the answer it belongs to."""
        if not isinstance(signal, effects.AnswerPart):
            self._append(signal)
        elif signal.response_id != self._cut:
            waiting_bytes = self._waiting_bytes + self.downstream_bytes()
            if waiting_bytes < self._most_bytes:
                self._append(signal)
            else:
                self._cut = signal.response_id
                self._append(AnswerCut(signal.response_id, waiting_bytes))

    def take(self) -> ClientSignal | None:
        """The oldest, None if there is none."""
        if not self._waiting:
            return None
        signal, size_bytes = self._waiting.popleft()
        self._waiting_bytes -= size_bytes
        self._endings -= _ends(signal)
        if not self.crowded:
            self._room.set()
        return signal

    def drop_answer(self, going_on: frozenset[str]) -> None:
        """Forget what an answer consists of: it was interrupted. These responses go on."""
        kept = [one for one in self._waiting if _is_wanted(one[0], going_on)]
        self._waiting = deque(kept)
        self._waiting_bytes = sum(size_bytes for _, size_bytes in kept)
        self._room.set()

    async def news(self) -> None:
        """Wait until something was put in, or `release` says that nothing will be."""
        self._news.clear()
        await self._news.wait()

    async def room(self) -> None:
        """Wait until the consumer has caught up."""
        self._room.clear()
        await self._room.wait()

    def release(self) -> None:
        """Keep nobody waiting."""
        self._news.set()
        self._room.set()

    def _append(self, signal: ClientSignal) -> None:
        size_bytes = size_bytes_of(signal)
        self._waiting.append((signal, size_bytes))
        self._waiting_bytes += size_bytes
        self._endings += _ends(signal)
        self._news.set()


def _nothing() -> int:
    return 0


def _ends(signal: object) -> bool:
    return isinstance(signal, effects.ResponseClosed | effects.ToolCalls)


def size_bytes_of(signal: object) -> int:
    """About what a signal takes while it waits."""
    if isinstance(signal, effects.Audio):  # by far the most
        return _SIGNAL_BYTES + len(signal.audio)
    return _SIGNAL_BYTES + _content_bytes(signal)


def _content_bytes(content: object) -> int:
    """About what the texts and bytes in something take, however deep they lie."""
    size_bytes, parts = 0, [content]
    while parts:
        part = parts.pop()
        if part is None or isinstance(part, int | float):
            continue
        if isinstance(part, str | bytes):
            size_bytes += len(part)
        elif isinstance(part, dict):
            members = cast("dict[Any, Any]", part)
            size_bytes += 50 * len(members)
            parts += members.keys()
            parts += members.values()
        elif isinstance(part, list | tuple):
            items = cast("list[Any]", part)
            size_bytes += 50 * len(items)
            parts += items
        elif isinstance(part, msgspec.Struct):
            parts += [getattr(part, name) for name in part.__struct_fields__]
        elif is_dataclass(part):
            parts += [getattr(part, name) for name in part.__dataclass_fields__]
        else:
            size_bytes += int(getattr(part, "nbytes", 0))
    return size_bytes


def still_wanted(signals: Iterable[ClientSignal], going_on: frozenset[str]) -> Iterator[ClientSignal]:
    """What is left of signals after an interruption: no parts of answers, except of those that go on."""
    return (signal for signal in signals if _is_wanted(signal, going_on))


def _is_wanted(signal: ClientSignal, going_on: frozenset[str]) -> bool:
    return not isinstance(signal, effects.AnswerPart) or signal.response_id in going_on
