"""A WebSocket that writes at once or says why not.

websockets' own `send` is a coroutine that may wait for the peer. Here a message goes into the socket's
buffer in the same step in which it was decided on, so that nothing can come between; what the peer does
not read piles up in that buffer, up to a bound. The bound lies well above what is ever sent in one go (a few
images, 3 MiB), which must not make the next piece of audio find a stalled peer. Writing takes no longer
for what waits already (4 microseconds a piece of audio, with nothing waiting and with 9 MiB).
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.protocol import State


class BufferFull(Exception):  # noqa: N818 - a condition, turned into an error by the connection
    """The peer has stopped reading: the socket's buffer is at its bound."""


class NotOpen(Exception):  # noqa: N818 - a condition, turned into an error by the connection
    """The connection is closing or closed."""


_SYSTEM_HOLDS_BYTES = 256 * 1024
"""Enough for 20 Mbit/s over a line that takes 100 ms."""

_MORE_THAN_PINGS_BYTES = 1024
"""As much at once is no ping, which has up to 125 bytes."""


class WriteNow(ClientConnection):
    """A client connection with a synchronous write.

    Attributes:
        heard_s: When the peer last gave a sign of life.
        audio_bytes: How much of the caller's audio was written; whoever writes it counts.
        arrived_audio_bytes: How much of it the peer had read when it last answered a ping.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.heard_s = self.loop.time()
        self.audio_bytes = self.arrived_audio_bytes = 0
        self._written_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open. What the system holds of it is little: whether bytes go is to be seen here."""
        if (connected := transport.get_extra_info("socket")) is not None:
            with suppress(OSError):
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SYSTEM_HOLDS_BYTES)
        super().connection_made(transport)

    def write_text(self, message: bytes, limit_bytes: int) -> None:
        """Write UTF-8 text as one message.

        Args:
            message: The text.
            limit_bytes: How much may wait in the socket's buffer before this refuses.

        Raises:
            BufferFull: That much is waiting already; nothing was written.
            NotOpen: The connection is not open; nothing was written.
        """
        if not self.is_live:
            raise NotOpen
        if self.transport.get_write_buffer_size() > limit_bytes:
            raise BufferFull
        # A fragmented message is only ever begun by `send`, which this package does not call.
        self.protocol.send_text(message)
        self.send_data()
        self._written_bytes += len(message)

    def ping_now(self) -> None:
        """Send a ping without waiting for anything; its answer shows in `heard_s`.

        It says how much audio was written before it, so its answer says how much of that has arrived.
        """
        if self.is_live:
            self.protocol.send_ping(b"%d" % self.audio_bytes)
            self.send_data()

    def data_received(self, data: bytes) -> None:
        """Bytes have come; many are part of a message that may take its time."""
        if len(data) >= _MORE_THAN_PINGS_BYTES:
            self.heard()
        super().data_received(data)

    def acknowledge_pings(self, data: bytes) -> None:
        """A pong has come."""
        self.heard()
        if data.isdigit():
            self.arrived_audio_bytes = max(self.arrived_audio_bytes, min(int(data), self.audio_bytes))
        super().acknowledge_pings(data)

    def heard(self) -> None:
        """There is a sign of life. Pings are none: who does not read may still send them."""
        self.heard_s = self.loop.time()

    @property
    def is_live(self) -> bool:
        """Whether messages can be written. A transport that failed closes before its protocol hears of it."""
        return self.protocol.state is State.OPEN and not self.transport.is_closing()

    @property
    def reads(self) -> bool:
        """Whether we read what comes; not while too much waits to be taken."""
        return self.transport.is_reading()

    @property
    def progress(self) -> tuple[int, int]:
        """How many bytes of messages have gone, roughly, and how many wait."""
        waiting_bytes = self.transport.get_write_buffer_size()
        return self._written_bytes - waiting_bytes, waiting_bytes


class ConnectWithoutRedirect(connect):
    """`connect` that follows no redirect, so that credentials go to the host they were meant for."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Refuse."""
        return exc

    def __init__(self, uri: str, **kwargs: Any) -> None:
        super().__init__(uri, create_connection=WriteNow, **kwargs)
