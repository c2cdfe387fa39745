"""What a client's user is told: the session's signals, and those about the connection; and how they wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

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
        planned: Whether it was opened because the one before was about to end; then nothing was interrupted.
        attempts: How many attempts it took; 1 if the first succeeded.
        away_s: How long there was no session; 0 if planned.
    """

    session: SessionInfo
    planned: bool
    attempts: int
    away_s: float


@dataclass(frozen=True, slots=True)
class SessionExpiring:
    """The session ends in so many seconds; another is being opened beside it."""

    expires_in_s: float


@dataclass(frozen=True, slots=True)
class EventReceived:
    """An event as it came from the service, before what it means; only with `every_event`."""

    event: ServerEvent


ClientSignal: TypeAlias = (
    effects.Signal | EventReceived | ConnectionInterrupted | Reconnected | SessionExpiring | ConnectionLost
)

_TOO_MANY = 2000
"""From here on the socket is not read until the consumer has caught up."""

_ENOUGH = 1000

_MUCH_VIDEO_BYTES = 16 * 2**20
"""As much video that was not taken yet stops the reading too."""


class SignalQueue:
    """Signals on their way to one consumer. Iterate over it for those that wait."""

    def __init__(self) -> None:
        self._waiting: deque[ClientSignal] = deque()
        self._video_bytes = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __iter__(self) -> Iterator[ClientSignal]:
        return iter(self._waiting)

    @property
    def crowded(self) -> bool:
        """Whether so much waits that nothing more should be made."""
        return len(self._waiting) >= _TOO_MANY or self._video_bytes >= _MUCH_VIDEO_BYTES

    def put(self, signal: ClientSignal) -> None:
        """Give the consumer one more."""
        self._waiting.append(signal)
        self._video_bytes += _video_bytes(signal)
        self._news.set()

    def take(self) -> ClientSignal | None:
        """The oldest, None if there is none."""
        if not self._waiting:
            return None
        signal = self._waiting.popleft()
        self._video_bytes -= _video_bytes(signal)
        if len(self._waiting) < _ENOUGH and self._video_bytes < _MUCH_VIDEO_BYTES:
            self._room.set()
        return signal

    def drop_answer(self) -> None:
        """Forget what an answer consists of: it was interrupted."""
        self._waiting = deque(
            signal for signal in self._waiting if not isinstance(signal, effects.AnswerPart)
        )
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


def _video_bytes(signal: ClientSignal) -> int:
    return len(signal.data) if isinstance(signal, effects.AvatarVideo) else 0
