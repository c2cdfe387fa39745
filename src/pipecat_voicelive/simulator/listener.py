"""Where clients connect: the port, its certificate, and who is let in."""

from __future__ import annotations

import logging
import socket
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from pipecat_voicelive.errors import ConfigurationError, ProtocolError
from pipecat_voicelive.simulator.certificate import TlsFiles, self_signed
from pipecat_voicelive.simulator.handshake import Handshake, Refusal, answer_handshake, select_subprotocol
from pipecat_voicelive.simulator.names import OwnNames
from pipecat_voicelive.simulator.patience import Patience, PatientConnection

_MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""Room for 15 MiB of audio in base64."""
_logger = logging.getLogger(__name__)


class _WithoutDebug(logging.LoggerAdapter[logging.Logger]):
    """At DEBUG, websockets logs headers and messages: keys and speech. This never does, whatever is set."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as logging has it
        return level > logging.DEBUG and super().isEnabledFor(level)


class Listener:
    """The port of a server that talks Voice Live.

    Args:
        what: Who listens, for errors.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        tls: Talk TLS: with a certificate made here, for as long as it listens, or with that of these files.
        api_key: The only api-key that is taken; None takes any that is not empty.

    Raises:
        ConfigurationError: `api_key` is empty.
    """

    def __init__(self, what: str, host: str, port: int, *, tls: bool | TlsFiles, api_key: str | None) -> None:
        if api_key == "":
            raise ConfigurationError("api_key must not be empty; give None to accept any")
        self._what = what
        self._host = host
        self._port = port
        self._tls = tls
        self._api_key = api_key
        self._names = OwnNames(host, (socket.gethostname(),))
        self._tls_files: TlsFiles | None = None
        self._patience = Patience()
        self._server: Server | None = None
        self._cleanup = AsyncExitStack()

    @property
    def endpoint(self) -> str:
        """Where clients connect, e.g. "ws://127.0.0.1:54321".

        Raises:
            ProtocolError: Nobody listens.
        """
        if self._server is None:
            raise ProtocolError(f"The {self._what} is not running: use it in 'async with'")
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        scheme = "wss" if self._tls_files else "ws"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    @property
    def certificate(self) -> Path | None:
        """The file that clients must trust; None without TLS or when nobody listens."""
        return self._tls_files and self._tls_files.certificate

    async def open(
        self,
        serve_connection: Callable[[ServerConnection], Awaitable[None]],
        answer: Callable[[ServerConnection, Request], Awaitable[Response | None] | Response | None],
        connection: type[PatientConnection] = PatientConnection,
    ) -> None:
        """Listen.

        Args:
            serve_connection: Serves a connection that was let in, to its end.
            answer: The answer to a request that is not let in; None lets it in.
            connection: What connections are made of.
        """
        async with AsyncExitStack() as cleanup:
            self._tls_files = self._find_certificate(cleanup)
            self._patience = Patience()
            self._server = await serve(
                serve_connection,
                self._host,
                self._port,
                ssl=self._tls_files.server_context() if self._tls_files else None,
                process_request=answer,
                select_subprotocol=select_subprotocol,
                # Any callable will do.
                create_connection=partial(connection, patience=self._patience),  # pyright: ignore[reportArgumentType]
                open_timeout=None,
                compression=None,
                logger=_WithoutDebug(logging.getLogger("pipecat_voicelive.simulator.websocket")),
                max_size=_MAX_MESSAGE_BYTES,
            )
            self._cleanup = cleanup.pop_all()

    async def aclose(self) -> None:
        """Close every connection (1001) and stop listening; safe to call twice."""
        server, self._server = self._server, None
        self._tls_files = None
        if server is not None:
            server.close()
            self._patience.end()
            await server.wait_closed()
        await self._cleanup.aclose()

    def handshake_of(self, request: Request) -> Handshake | Refusal:
        """What a client says as it connects, or why it is not let in."""
        return answer_handshake(request.path, request.headers.raw_items(), api_key=self._api_key)

    def refuse_page(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a web page of another place; None if the client is none."""
        host = request.headers.get("Host")
        for origin in request.headers.get_all("Origin"):
            if not self._names.admit_page(origin, host):
                text = (
                    f"A page of {origin!r:.200} may not open a session here. "
                    "Serve it from localhost, or from the host of the simulator.\n"
                )
                return self._turned_away(connection, Refusal(HTTPStatus.FORBIDDEN, text))
        return None

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to whoever is not let in; None lets the client in."""
        page = self.refuse_page(connection, request)
        if page is not None:
            return page
        answer = self.handshake_of(request)
        return self._turned_away(connection, answer) if isinstance(answer, Refusal) else None

    def _turned_away(self, connection: ServerConnection, refusal: Refusal) -> Response:
        _logger.warning("Turned a connection away: HTTP %s, %s", int(refusal.status), refusal.text.strip())
        return connection.respond(refusal.status, refusal.text)

    def _find_certificate(self, cleanup: AsyncExitStack) -> TlsFiles | None:
        if not isinstance(self._tls, bool):
            return self._tls
        if not self._tls:
            return None
        folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="voicelive-"))
        return self_signed(Path(folder), self._host)
