"""One connection to the service: opened once, read to its end, written to without waiting, closed in time."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.connection.auth import Auth
from pipecat_voicelive.connection.content_log import ContentLog
from pipecat_voicelive.connection.failures import closed, cut, handshake_failed, no_token_yet
from pipecat_voicelive.connection.headers import Discreet, checked_headers
from pipecat_voicelive.connection.hints import Asked, date_s
from pipecat_voicelive.connection.proxies import Proxy, ProxyChoice, check_proxy, choose_proxy
from pipecat_voicelive.connection.pulse import Pulse
from pipecat_voicelive.connection.tls import CaFile, check_ca_file, check_context, client_context
from pipecat_voicelive.connection.transport import BufferFull, ConnectWithoutRedirect, NotOpen, WriteNow
from pipecat_voicelive.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    raised_here,
)
from pipecat_voicelive.protocol.client_events import ClientEvent, InputAudioBufferAppendEvent
from pipecat_voicelive.protocol.codec import Dialect, RawEvent, decode_server_event, encode
from pipecat_voicelive.protocol.server_events import ServerEvent


class _WithoutDebug(logging.LoggerAdapter[logging.Logger]):
    """At DEBUG, websockets logs headers and messages: keys and speech. This never does, whatever is set."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as logging has it
        return level > logging.DEBUG and super().isEnabledFor(level)


_logger = _WithoutDebug(logging.getLogger("pipecat_voicelive.websocket"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """How to connect, beside where and as whom.

    Attributes:
        open_timeout_s: How long the whole handshake may take, name look-up and TLS included.
        close_timeout_s: How long closing may wait for the peer.
        max_message_bytes: Largest message taken from the service.
        max_unsent_bytes: How much may wait to be sent before the connection counts as stalled. A peer that
            does not answer at all is noticed by its pings; this bounds the memory that one costs meanwhile.
            It must leave room for the largest message that you send.
        max_waiting_bytes: How much of what the service said may wait to be taken, and to be heard, before
            an answer is cut: 11 minutes of speech at 24 kHz.
        ping_interval_s: How often the peer must show that it lives, and how long it may take to; None never
            asks. A peer that is dead is noticed after one to two intervals.
        stall_timeout_s: How long bytes may wait to be sent without one of them going.
        headers: Further headers of the handshake.
        proxy: True takes the proxy from the environment, a string names one, None uses none; see
            `connection.proxies`. This machine is never reached through one.
        ca_file: A PEM file of certificate authorities to trust beside the system's.
        ssl_context: In place of that, a context of your own. It must check certificates and names.
        log_content: Whether each event is logged at level DEBUG, with what was said; see
            `connection.content_log`.

    Raises:
        ConfigurationError: A header, the proxy, the file or the context cannot be used.
    """

    open_timeout_s: float = 10.0
    close_timeout_s: float = 1.0
    max_message_bytes: int = 32 * 1024 * 1024
    max_unsent_bytes: int = 40 * 1024 * 1024
    max_waiting_bytes: int = 32 * 1024 * 1024
    ping_interval_s: float | None = 8.0
    stall_timeout_s: float = 5.0
    headers: dict[str, str] | None = field(default=None, repr=False)
    proxy: ProxyChoice = field(default=True, repr=False)
    ca_file: CaFile | None = None
    ssl_context: ssl.SSLContext | None = None
    log_content: bool = False

    @raised_here
    def __post_init__(self) -> None:
        # Whoever changes their own later changes no call.
        object.__setattr__(self, "headers", checked_headers(self.headers))
        check_proxy(self.proxy)
        if self.ssl_context is not None:
            if self.ca_file is not None:
                raise ConfigurationError("Give a ca_file or an ssl_context that trusts it, not both.")
            check_context(self.ssl_context)
        elif self.ca_file is not None:
            check_ca_file(self.ca_file)


class Connection:
    """An open connection. Made by `open_connection`; iterate over it for the service's events."""

    def __init__(
        self,
        websocket: WriteNow,
        options: ConnectionOptions,
        dialect: Dialect | None = None,
        log: ContentLog | None = None,
    ) -> None:
        self._log = log
        self._encode = dialect.encode if dialect else encode
        self._decode = dialect.decode if dialect else decode_server_event
        self._websocket = websocket
        self._options = options
        self._given_up: ConnectionFailedError | None = None
        self._pulse = Pulse(
            websocket,
            ping_interval_s=options.ping_interval_s,
            stall_timeout_s=options.stall_timeout_s,
            dead=self.give_up,
        )

    def send(self, event: ClientEvent | RawEvent) -> None:
        """Write an event into the socket's buffer, without waiting.

        Raises:
            ConnectionFailedError: The connection is closed, or the peer has stopped reading; then it
                is closed too, since what was to be sent is lost.
        """
        try:
            message = self._encode(event)
            self._websocket.write_text(message, self._options.max_unsent_bytes)
            if isinstance(event, InputAudioBufferAppendEvent):
                self._websocket.audio_bytes += len(event.audio)
            if self._log is not None:
                self._log.sent(message)
        except NotOpen:
            raise self.lost_error() from None
        except BufferFull:
            self.give_up(
                ConnectionFailedError(
                    f"The service has stopped reading: {self._options.max_unsent_bytes} bytes wait."
                )
            )
            raise self.lost_error() from None

    def give_up(self, error: ConnectionFailedError) -> None:
        """Cut the connection at once, for this reason; the first one counts."""
        self._given_up = self._given_up or error
        self._pulse.stop()
        self._websocket.transport.abort()

    async def __aiter__(self) -> AsyncIterator[ServerEvent]:
        """The service's events, until the connection ends, for whatever reason.

        Cancelling loses no event that was not yet given out.
        """
        while True:
            try:
                message = await self._websocket.recv()
            except ConnectionClosed as over:
                if self._log is not None and over.rcvd is not None:
                    self._log.closed(int(over.rcvd.code), over.rcvd.reason)
                return
            self._websocket.heard()
            if self._log is not None:
                self._log.received(message)
            yield self._decode(message)

    @property
    def is_open(self) -> bool:
        """Whether events can be sent."""
        return self._websocket.state.name == "OPEN"

    @property
    def reads(self) -> bool:
        """Whether what comes is read; not while too much of it waits to be taken."""
        return self._websocket.reads

    @property
    def arrived_audio_bytes(self) -> int:
        """How much of the caller's audio is known to have arrived; all that was sent, if nobody can know."""
        closed_by_service = self._websocket.protocol.close_rcvd is not None
        if closed_by_service or self._options.ping_interval_s is None:
            return self._websocket.audio_bytes
        return self._websocket.arrived_audio_bytes

    @property
    def server_time_s(self) -> float | None:
        """What the service's clock showed at the handshake, in Unix seconds, if it told."""
        response = self._websocket.response
        return date_s(response.headers.get("Date", "")) if response is not None else None

    def lost_error(self) -> ConnectionFailedError:
        """Why the connection is over, as an error."""
        if self._given_up is not None:
            return self._given_up
        protocol = self._websocket.protocol
        close = protocol.close_rcvd or protocol.close_sent  # ours, if the service said nothing or nonsense
        if close is None:
            return cut()
        return closed(int(close.code), close.reason, by_service=protocol.close_rcvd is not None)

    async def close(self) -> None:
        """Close, waiting at most `close_timeout_s` for the peer. May be called twice.

        Cancelling leaves the connection to be closed by its transport.
        """
        self._pulse.stop()
        try:
            # websockets waits for the peer to read before it begins to count.
            async with asyncio.timeout(self._options.close_timeout_s):
                await self._websocket.close()
        except TimeoutError:
            self._websocket.transport.abort()
            await self._websocket.wait_closed()


async def open_connection(
    url: str, auth: Auth, options: ConnectionOptions, dialect: Dialect | None = None
) -> Connection:
    """Open a connection.

    Args:
        url: As `endpoint.websocket_url` makes it.
        auth: Asked for its headers once, within the time for the handshake.
        options: How to connect.
        dialect: How events are written, if not as the dated API versions have them.

    Raises:
        AuthenticationError: No token could be had, or the service refused it (401, 403).
        ConnectionFailedError: Anything else; `permanent` says whether trying again can help.
    """
    proxy, asked = choose_proxy(options.proxy, url), Asked.of(url)
    # Raised without their cause: its traceback, logged with variables as loguru does, would show the key.
    headers: dict[str, str] | None = None
    try:
        async with asyncio.timeout(options.open_timeout_s):
            headers = Discreet({**(options.headers or {}), **await auth.headers()})
            asked = Asked.of(url, headers)
            websocket = await _connect(url, headers, proxy, options)
    except (AuthenticationError, ConnectionFailedError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it may show the key
        if headers is None and isinstance(error, TimeoutError):
            raise no_token_yet(options.open_timeout_s) from None
        raise handshake_failed(error, asked, proxy, options.open_timeout_s) from None
    log = ContentLog(frozenset(headers.values())) if options.log_content else None
    return Connection(websocket, options, dialect, log)


async def _connect(
    url: str, headers: dict[str, str], proxy: Proxy | None, options: ConnectionOptions
) -> WriteNow:
    tls: dict[str, ssl.SSLContext] = {}
    if url.startswith("wss:"):
        tls["ssl"] = options.ssl_context or await asyncio.to_thread(client_context, options.ca_file)
        if proxy is not None and proxy.url.startswith("https:"):
            tls["proxy_ssl"] = tls["ssl"]
    connecting = ConnectWithoutRedirect(
        url,
        additional_headers=headers,
        compression=None,
        open_timeout=None,
        close_timeout=options.close_timeout_s,
        ping_interval=None,  # `Pulse` does it
        max_size=options.max_message_bytes,
        proxy=proxy and proxy.url,
        logger=_logger,
        **tls,
    )
    return cast("WriteNow", await connecting)
