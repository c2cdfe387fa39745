"""How long a connection may take to open."""

from __future__ import annotations

from typing import Any

from websockets.asyncio.server import ServerConnection

_REQUEST_WITHIN_S = 10


class PatientConnection(ServerConnection):
    """Waits ten seconds for a request, and without end for its answer, which may be slow on purpose."""

    async def handshake(self, *arguments: Any, **named: Any) -> None:
        """Perform the opening handshake."""
        timer = self.loop.call_later(_REQUEST_WITHIN_S, self._lose_patience)
        try:
            await super().handshake(*arguments, **named)
        finally:
            timer.cancel()

    def _lose_patience(self) -> None:
        if self.request is None:
            self.transport.abort()
