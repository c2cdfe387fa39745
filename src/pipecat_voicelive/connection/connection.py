"""One connection to the service: opened once, read to its end, written to without waiting, closed in time."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import urlsplit

from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
)
from websockets.frames import CloseCode

from pipecat_voicelive.connection.auth import Auth
from pipecat_voicelive.connection.headers import Discreet, checked_headers
from pipecat_voicelive.connection.proxies import (
    Proxy,
    ProxyChoice,
    check_proxy,
    choose_proxy,
    proxy_failed,
    proxy_refused,
)
from pipecat_voicelive.connection.tls import (
    CaFile,
    check_ca_file,
    check_context,
    client_context,
    tls_error,
)
from pipecat_voicelive.connection.transport import BufferFull, ConnectWithoutRedirect, NotOpen, WriteNow
from pipecat_voicelive.errors import AuthenticationError, ConfigurationError, ConnectionFailedError
from pipecat_voicelive.protocol.client_events import ClientEvent
from pipecat_voicelive.protocol.codec import Dialect, RawEvent, decode_server_event, encode
from pipecat_voicelive.protocol.server_events import ServerEvent


class _WithoutDebug(logging.LoggerAdapter[logging.Logger]):
    """At DEBUG, websockets logs headers and messages: keys and speech. This never does, whatever is set."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as logging has it
        return level > logging.DEBUG and super().isEnabledFor(level)


_logger = _WithoutDebug(logging.getLogger("pipecat_voicelive.websocket"))

_HINTS: Final = {
    400: "The service does not understand this. Check the model's name, the api_version and the profile.",
    401: "The key or token was refused. Check that it belongs to this resource and has not expired.",
    403: "The identity may not use this resource. Give it the role Cognitive Services User.",
    404: "There is no Voice Live at this address. Check the endpoint, the api_version and the region.",
    429: "Too many connections or requests. Wait, or raise the quota of the resource.",
    503: "The service is not available at the moment.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """How to connect, beside where and as whom.

    Attributes:
        open_timeout_s: How long the whole handshake may take, name look-up and TLS included.
        close_timeout_s: How long closing may wait for the peer.
        max_message_bytes: Largest message taken from the service.
        max_unsent_bytes: How much may wait to be sent before the connection counts as stalled. A peer that
            does not answer at all is noticed by its pings; this bounds the memory that one costs meanwhile.
        ping_interval_s: How often the peer must show that it lives; None never asks.
        headers: Further headers of the handshake.
        proxy: True takes the proxy from the environment, a string names one, None uses none; see
            `connection.proxies`. This machine is never reached through one.
        ca_file: A PEM file of certificate authorities to trust beside the system's.
        ssl_context: In place of that, a context of your own. It must check certificates and names.

    Raises:
        ConfigurationError: A header, the proxy, the file or the context cannot be used.
    """

    open_timeout_s: float = 10.0
    close_timeout_s: float = 1.0
    max_message_bytes: int = 32 * 1024 * 1024
    max_unsent_bytes: int = 16 * 1024 * 1024
    ping_interval_s: float | None = 20.0
    headers: dict[str, str] | None = field(default=None, repr=False)
    proxy: ProxyChoice = field(default=True, repr=False)
    ca_file: CaFile | None = None
    ssl_context: ssl.SSLContext | None = None

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
        self, websocket: WriteNow, options: ConnectionOptions, dialect: Dialect | None = None
    ) -> None:
        self._encode = dialect.encode if dialect else encode
        self._decode = dialect.decode if dialect else decode_server_event
        self._websocket = websocket
        self._options = options
        self._stalled: ConnectionFailedError | None = None

    def send(self, event: ClientEvent | RawEvent) -> None:
        """Write an event into the socket's buffer, without waiting.

        Raises:
            ConnectionFailedError: The connection is closed, or the peer has stopped reading; then it
                is closed too, since what was to be sent is lost.
        """
        try:
            self._websocket.write_text(self._encode(event), self._options.max_unsent_bytes)
        except NotOpen:
            raise self.lost_error() from None
        except BufferFull:
            self._websocket.transport.abort()
            self._stalled = ConnectionFailedError(
                f"The service has stopped reading: {self._options.max_unsent_bytes} bytes wait to be sent."
            )
            raise self._stalled from None

    async def __aiter__(self) -> AsyncIterator[ServerEvent]:
        """The service's events, until the connection ends, for whatever reason.

        Cancelling loses no event that was not yet given out.
        """
        while True:
            try:
                message = await self._websocket.recv()
            except ConnectionClosed:
                return
            yield self._decode(message)

    @property
    def is_open(self) -> bool:
        """Whether events can be sent."""
        return self._websocket.state.name == "OPEN"

    def lost_error(self) -> ConnectionFailedError:
        """Why the connection is over, as an error."""
        if self._stalled is not None:
            return self._stalled
        protocol = self._websocket.protocol
        close = protocol.close_rcvd or protocol.close_sent  # ours, if the service said nothing or nonsense
        if close is None:
            return ConnectionFailedError(
                "The connection to Voice Live was lost (code 1006).", code=CloseCode.ABNORMAL_CLOSURE
            )
        told = f"code {int(close.code)}{', ' + close.reason if close.reason else ''}"
        hint = ""
        if protocol.close_rcvd is None and close.code == CloseCode.MESSAGE_TOO_BIG:
            hint = " It sent more at once than `max_message_bytes` in ConnectionOptions allows."
        return ConnectionFailedError(
            f"The connection to Voice Live was lost ({told}).{hint}",
            code=int(close.code),
            reason=close.reason,
        )

    async def close(self) -> None:
        """Close, waiting at most `close_timeout_s` for the peer. May be called twice.

        Cancelling leaves the connection to be closed by its transport.
        """
        await self._websocket.close()


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
    host = urlsplit(url).hostname or ""
    proxy = choose_proxy(options.proxy, url)
    # Raised without their cause: its traceback, logged with variables as loguru does, would show the key.
    try:
        async with asyncio.timeout(options.open_timeout_s):
            headers = Discreet({**(options.headers or {}), **await auth.headers()})
            websocket = await _connect(url, headers, proxy, options)
    except InvalidStatus as error:
        raise _refused(error, host) from None
    except TimeoutError:
        raise ConnectionFailedError(
            f"{host} did not answer within {options.open_timeout_s:g} s. Check the network and the firewall."
        ) from None
    except ssl.SSLError as error:
        raise tls_error(error, host) from None
    except InvalidProxyStatus as error:
        raise proxy_refused(error, cast("Proxy", proxy), host) from None
    except InvalidURI:
        raise ConnectionFailedError(f"{host} cannot be connected to.", permanent=True) from None
    except (AuthenticationError, ConnectionFailedError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it may show the key
        raise _not_reached(error, url, proxy) from None
    return Connection(websocket, options, dialect)


def _not_reached(error: Exception, url: str, proxy: Proxy | None) -> ConnectionFailedError:
    host = urlsplit(url).hostname or ""
    if proxy is not None:
        return proxy_failed(error, proxy, host)
    match error:
        case ConnectionRefusedError():
            message = (
                f"Nothing listens at {urlsplit(url).netloc}. Check the endpoint's port, and whether the "
                "service (`voicelive simulator`, for one) is running."
            )
        case ConnectionResetError():
            message = (
                f"{host} hung up. Check the endpoint's port and the firewall; what talks TLS there must talk "
                "1.2 or newer."
            )
        case socket.gaierror():
            message = f"There is no host {host}. Check the endpoint's name and the network."
        case _:
            message = (
                f"No connection to {host}: {type(error).__name__}. Check the endpoint's name and the network."
            )
    return ConnectionFailedError(message)


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
        ping_interval=options.ping_interval_s,
        ping_timeout=options.ping_interval_s,
        max_size=options.max_message_bytes,
        proxy=proxy and proxy.url,
        logger=_logger,
        **tls,
    )
    return cast("WriteNow", await connecting)


def _refused(error: InvalidStatus, host: str) -> AuthenticationError | ConnectionFailedError:
    status = error.response.status_code
    if 300 <= status < 400:
        return ConnectionFailedError(
            f"{host} redirects elsewhere, which is not followed, so that your credentials stay here. "
            "Give the endpoint it redirects to.",
            status=status,
            permanent=True,
        )
    message = f"{host} answered HTTP {status}. {_HINTS.get(status, '')}".rstrip()
    if status in (401, 403):
        return AuthenticationError(message, status=status)
    retry_after = error.response.headers.get("Retry-After", "")
    return ConnectionFailedError(
        message,
        status=status,
        permanent=status in (400, 404),
        retry_after_s=float(retry_after) if retry_after.isdigit() else None,
    )
