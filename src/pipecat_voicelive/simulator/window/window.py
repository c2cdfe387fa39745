"""What the simulator's port serves besides Voice Live: the page and the control channel."""

from __future__ import annotations

import socket
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from pipecat_voicelive.simulator.handshake import Refusal
from pipecat_voicelive.simulator.window.access import Gate
from pipecat_voicelive.simulator.window.control import CONTROL_PATH, ControlConnection, Watched
from pipecat_voicelive.simulator.window.page import page_response


class Window:
    """The page and the control channel of a simulator.

    Args:
        simulator: What is seen.
        host: What it listens on.
        api_key: The only api-key that it takes, None for any.
    """

    def __init__(self, simulator: Watched, *, host: str, api_key: str | None) -> None:
        self._simulator = simulator
        self._gate = Gate(host, api_key, names=(socket.gethostname(),))

    @property
    def address(self) -> str:
        """Where a browser finds the page, with the key behind "#" if one is needed."""
        scheme, _, place = self._simulator.endpoint.partition("://")
        key = f"#key={self._gate.key}" if self._gate.key else ""
        place = place.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:")
        return f"{'https' if scheme == 'wss' else 'http'}://{place}/{key}"

    @property
    def key(self) -> str | None:
        """What the control channel wants to be told, None for nothing."""
        return self._gate.key

    def is_control(self, request: Request) -> bool:
        """Whether a connection is for the control channel."""
        return urlsplit(request.path).path == CONTROL_PATH

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a request for the page or for the control channel.

        None lets the handshake go on, either because the control channel is open to this client, or because
        the request is for something else.
        """
        path = urlsplit(request.path).path
        if path == CONTROL_PATH:
            refusal = self._judge(request)
            return connection.respond(refusal.status, refusal.text) if refusal else None
        page = None if "Upgrade" in request.headers else page_response(path)
        if page is not None and not self._gate.admits_host(request.headers.get("Host")):
            return connection.respond(HTTPStatus.MISDIRECTED_REQUEST, "Ask for it by its address.\n")
        return page

    async def serve(self, connection: ServerConnection) -> None:
        """Serve a control connection that was let in."""
        assert connection.request is not None, "the handshake is over"
        key = connection.request.headers.get("api-key")
        has_key = key is not None and self._gate.admits_key(key)
        await ControlConnection(connection, self._simulator, self._gate, has_key=has_key).serve()

    def _judge(self, request: Request) -> Refusal | None:
        headers = request.headers
        refusal = self._gate.refusal(headers.get("Host"), headers.get_all("Origin"))
        if refusal is not None:
            return refusal
        if "Upgrade" not in headers:
            return Refusal(HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket.\n")
        if "api-key" in headers and not self._gate.admits_key(headers["api-key"]):
            return Refusal(HTTPStatus.UNAUTHORIZED, "The api-key is wrong.\n")
        return None
