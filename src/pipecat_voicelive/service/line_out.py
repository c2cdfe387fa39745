"""What becomes of the connection, as events, messages to the transport's client, and one error at the end.

A loss is an error of the pipeline's only when it is final: until then the service goes on taking frames, and
what they say reaches the next session. What was being measured when the connection went is not reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, assert_never

from loguru import logger

from pipecat_voicelive.client import ConnectionInterrupted, ConnectionLost, Reconnected, SessionExpiring
from pipecat_voicelive.protocol.names import wire_id
from pipecat_voicelive.service.avatar import AvatarOut

if TYPE_CHECKING:
    from pipecat_voicelive.service.service import VoiceLiveLLMService

ON_LOST = "on_connection_lost"
ON_RECONNECTED = "on_reconnected"
ON_EXPIRING = "on_session_expiring"
EVENTS = (ON_LOST, ON_RECONNECTED, ON_EXPIRING)

LineSignal: TypeAlias = ConnectionInterrupted | Reconnected | SessionExpiring | ConnectionLost

_ENDS_WITHIN_S = 1.0
"""How long after a fatal `error` its session may end, for both to be told as one."""


class LineOut:
    """Delivers signals about the connection of one conversation.

    Args:
        service: Pushes, and calls the handlers.
        avatar: Each session has an avatar of its own, which must be connected to anew.

    Attributes:
        session_id: The session that is there, or that was there last.
    """

    def __init__(self, service: VoiceLiveLLMService, avatar: AvatarOut) -> None:
        self._service = service
        self._avatar = avatar
        self._away = False
        self._connected = False
        self._dropped_ms = 0.0
        self._unless_over: set[asyncio.Task[None]] = set()
        self.session_id: str | None = None

    def ready(self, session_id: str | None) -> None:
        """A session hears the caller."""
        self.session_id = session_id or self.session_id
        self._connected = True
        self._tell_dropped()

    def dropped(self, duration_ms: float) -> None:
        """So much of what the caller said reaches no session. Told in one sum, when that is known."""
        self._dropped_ms += duration_ms
        if self._connected:
            self._tell_dropped()

    def tell_unless_over(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Tell this if the connection does not end within a moment: else its end says the same."""
        waiting = asyncio.create_task(self._later(tell))
        self._unless_over.add(waiting)
        waiting.add_done_callback(self._unless_over.discard)

    def close(self) -> None:
        """Nothing is told any more."""
        for waiting in self._unless_over:
            waiting.cancel()

    async def deliver(self, signal: LineSignal) -> None:
        """Tell whoever listens."""
        service = self._service
        match signal:
            case SessionExpiring(expires_in_s):
                logger.info(f"{service}: the session ends in {expires_in_s:.0f} s")
                await service.tell(ON_EXPIRING, expires_in_s)
            case ConnectionInterrupted(error):
                self._away, self._connected = True, False
                logger.warning(f"{service}: {error} Another connection is being opened")
                await service.cancel_metrics()
                await self._avatar.interrupted()
                await service.tell_client("connection-lost")
                await service.tell(ON_LOST, error)
            case Reconnected(session, planned):
                self._away = False
                self.ready(session.id)
                how = "as planned" if planned else f"after {signal.away_s:.1f} s"
                logger.info(f"{service}: session {wire_id(session.id)} goes on, {how}")
                await self._avatar.interrupted()
                await self._avatar.session(session)
                if not planned:
                    await service.tell_client("reconnected")
                await service.tell(ON_RECONNECTED, signal)
            case ConnectionLost(error):
                self.close()
                self._tell_dropped()
                await service.cancel_metrics()
                session = f" Session: {wire_id(error.session_id)}." if error.session_id else ""
                await service.push_error(f"{error}{session}", exception=error, force_treat_as_permanent=True)
                if not self._away:
                    await service.tell(ON_LOST, error)
            case _:
                assert_never(signal)

    async def _later(self, tell: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(_ENDS_WITHIN_S)
        await tell()

    def _tell_dropped(self) -> None:
        if self._dropped_ms:
            logger.warning(
                f"{self._service}: {self._dropped_ms / 1000:.1f} s of the caller's audio reached no session"
            )
        self._dropped_ms = 0.0
