"""What becomes of the connection, as events, messages to the transport's client, and one error at the end.

A loss is an error of the pipeline's only when it is final: until then the service goes on taking frames, and
what they say reaches the next session. What was being measured when the connection went is not reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, assert_never

from loguru import logger

from pipecat_voicelive.client import ConnectionInterrupted, ConnectionLost, Reconnected, SessionExpiring
from pipecat_voicelive.service.avatar import AvatarOut

if TYPE_CHECKING:
    from pipecat_voicelive.service.service import VoiceLiveLLMService

ON_LOST = "on_connection_lost"
ON_RECONNECTED = "on_reconnected"
ON_EXPIRING = "on_session_expiring"
EVENTS = (ON_LOST, ON_RECONNECTED, ON_EXPIRING)

LineSignal: TypeAlias = ConnectionInterrupted | Reconnected | SessionExpiring | ConnectionLost


class LineOut:
    """Delivers signals about the connection of one conversation.

    Args:
        service: Pushes, and calls the handlers.
        avatar: Each session has an avatar of its own, which must be connected to anew.
    """

    def __init__(self, service: VoiceLiveLLMService, avatar: AvatarOut) -> None:
        self._service = service
        self._avatar = avatar
        self._away = False

    async def deliver(self, signal: LineSignal) -> None:
        """Tell whoever listens."""
        service = self._service
        match signal:
            case SessionExpiring(expires_in_s):
                logger.info(f"{service}: the session ends in {expires_in_s:.0f} s; another is being opened")
                await service.tell(ON_EXPIRING, expires_in_s)
            case ConnectionInterrupted(error):
                self._away = True
                logger.warning(f"{service}: {error} Another connection is being opened")
                await service.cancel_metrics()
                await self._avatar.interrupted()
                await service.tell_client("connection-lost")
                await service.tell(ON_LOST, error)
            case Reconnected(session, planned):
                self._away = False
                how = "as planned" if planned else f"after {signal.away_s:.1f} s"
                logger.info(f"{service}: session {session.id} goes on, {how}")
                await self._avatar.interrupted()
                await self._avatar.session(session)
                if not planned:
                    await service.tell_client("reconnected")
                await service.tell(ON_RECONNECTED, signal)
            case ConnectionLost(error):
                await service.cancel_metrics()
                await service.push_error(str(error), exception=error, force_treat_as_permanent=True)
                if not self._away:
                    await service.tell(ON_LOST, error)
            case _:
                assert_never(signal)
