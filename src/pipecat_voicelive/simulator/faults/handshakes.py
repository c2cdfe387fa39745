"""Handshakes that go wrong: refused, redirected, late, never answered."""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import suppress
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Response

from pipecat_voicelive.simulator.faults.kinds import (
    HangUp,
    Redirect,
    Refuse,
    SilentHandshake,
    SlowHandshake,
)
from pipecat_voicelive.simulator.faults.plan import FaultPlan

_logger = logging.getLogger(__name__)

_TEXTS = {
    401: "Access is denied: the key or the token is not valid here.",
    403: "The credential has no right to use this resource.",
    404: "There is no such resource.",
    429: "Too many requests. Try again later.",
    503: "The service is not available now. Try again later.",
}


class FaultyHandshakes:
    """Lets handshakes go wrong as planned."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._over = asyncio.Event()

    async def meet(self, connection: ServerConnection) -> Response | None:
        """What a handshake is answered with instead of what it should be; None to let it go on."""
        for fault in self._plan.for_handshake():
            self._plan.note(fault)
            _logger.warning("Fault at a handshake: %s", fault)
            match fault.what:
                case Refuse(status, text, retry_after_s):
                    headers: dict[str, str] = {}
                    if retry_after_s is not None:
                        headers["Retry-After"] = str(math.ceil(retry_after_s))
                    return _answer(status, text or _TEXTS.get(status, "The connection is refused."), headers)
                case Redirect(status, location):
                    return _answer(status, "Look elsewhere.", {"Location": location})
                case SlowHandshake(by_s):
                    await self._wait(connection, by_s)
                case SilentHandshake():
                    await self._wait(connection, None)
                    connection.transport.abort()
                case HangUp():
                    connection.transport.close()
                    await connection.wait_closed()
                case _:
                    raise AssertionError("is for sessions")
        return None

    def lift(self) -> None:
        """Keep nobody waiting any more."""
        self._over.set()

    async def _wait(self, connection: ServerConnection, for_s: float | None) -> None:
        ends = [
            asyncio.create_task(self._over.wait(), name="simulator-faults"),
            asyncio.create_task(connection.wait_closed(), name="simulator-faults"),
        ]
        try:
            await asyncio.wait(ends, timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()


def _answer(status: int, text: str, more: dict[str, str]) -> Response:
    body = f"{text}\n".encode()
    phrase = "Status"
    with suppress(ValueError):
        phrase = HTTPStatus(status).phrase
    headers = Headers(
        {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), "Connection": "close"}
    )
    headers.update(more)
    return Response(status, phrase, headers, body)
