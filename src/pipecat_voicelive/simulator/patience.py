"""How long a connection may take to open.

    connected ──▶ waiting for its request ──▶ answered, however slowly
                        │
                        └──▶ cut: too late, or the server ends

Its answer may be slow on purpose. A connection without a request is cut when the server ends, too: browsers
keep such ones in store.
"""

from __future__ import annotations

import logging
from typing import Any

from websockets.asyncio.server import ServerConnection

_TLS_HANDSHAKE = b"\x16"
_logger = logging.getLogger(__name__)


class Patience:
    """The connections of one server that have asked for nothing yet.

    Args:
        request_within_s: How long each may take.
    """

    def __init__(self, request_within_s: float = 10.0) -> None:
        self.request_within_s = request_within_s
        self._waiting: set[PatientConnection] = set()
        self._over = False

    def begin(self, connection: PatientConnection) -> None:
        """Wait for its request from now on."""
        self._waiting.add(connection)
        if self._over:
            connection.cut_idle()

    def forget(self, connection: PatientConnection) -> None:
        """It is open, or gone."""
        self._waiting.discard(connection)

    def end(self) -> None:
        """Wait for none any more."""
        self._over = True
        for connection in list(self._waiting):
            connection.cut_idle()


class PatientConnection(ServerConnection):
    """A connection that may take so long to ask for something, and is answered as late as it takes."""

    def __init__(self, *arguments: Any, patience: Patience, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._patience = patience

    def data_received(self, data: bytes) -> None:
        """Take in what came; a client that talks TLS here would wait for an answer in vain."""
        if self.request is None and data[:1] == _TLS_HANDSHAKE:
            _logger.warning(
                "Turned a connection away: it talks TLS. Start with --tls (tls=True), or give the client ws://."
            )
            self.transport.abort()
            return
        super().data_received(data)

    async def handshake(self, *arguments: Any, **named: Any) -> None:
        """Perform the opening handshake."""
        timer = self.loop.call_later(self._patience.request_within_s, self.cut_idle)
        self._patience.begin(self)
        try:
            await super().handshake(*arguments, **named)
        finally:
            timer.cancel()
            self._patience.forget(self)

    def cut_idle(self) -> None:
        """Cut it if it has asked for nothing."""
        if self.request is None:
            self.transport.abort()
