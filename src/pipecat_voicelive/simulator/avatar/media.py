"""Carries out what a session wants of its avatar, beside the session: nothing here holds the events up."""

from __future__ import annotations

import asyncio
import base64
import importlib
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, assert_never

from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.protocol.codec import RawEvent, encode
from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.server_events import (
    Error,
    KnownServerEvent,
    ResponseVideoDelta,
    SessionAvatarConnecting,
)
from pipecat_voicelive.simulator.avatar.options import AvatarOptions
from pipecat_voicelive.simulator.avatar.performance import FRAMES_PER_S, Performance
from pipecat_voicelive.simulator.effects import AvatarEffect, ConnectAvatar, Line, Perform, ShowAvatar
from pipecat_voicelive.simulator.errors_wire import invalid_value
from pipecat_voicelive.simulator.tasks import Tasks

if TYPE_CHECKING:
    from pipecat_voicelive.simulator.avatar.peer import AvatarPeer

_logger = logging.getLogger(__name__)

_HOW_TO_INSTALL = 'pip install "pipecat-voicelive[avatar]"'
_LARGE_EVERY = 10
"""Of so many video messages one is made as large as was asked for."""


class AvatarMedia:
    """The avatar of one session, as far as it is seen and heard.

    Args:
        send: Sends an event to the client.
        large_message_bytes: What every tenth video message is filled up to; 0 for none.
    """

    def __init__(
        self, send: Callable[[KnownServerEvent], Awaitable[None]], *, large_message_bytes: int
    ) -> None:
        self._send = send
        self._large_message_bytes = large_message_bytes
        self._performance: Performance | None = None
        self._lines: tuple[Line, ...] = ()
        self._filming: asyncio.Task[None] | None = None
        self._peer: AvatarPeer | None = None
        self._connecting = asyncio.Lock()
        self._tasks = Tasks("simulator-avatar")
        self._closing: set[asyncio.Task[None]] = set()

    def carry_out(self, effect: AvatarEffect) -> None:
        """Do what the session wants. Returns at once."""
        match effect:
            case ShowAvatar(options):
                self._show(options)
            case ConnectAvatar(offer_sdp, event_id):
                assert self._performance is not None, "an avatar is shown before it is connected"
                self._tasks.start(self._connect(self._performance, offer_sdp, event_id))
            case Perform(lines):
                self._lines = lines
                if self._performance is not None:
                    self._performance.lines = lines
            case _:
                assert_never(effect)

    async def aclose(self) -> None:
        """End all of it."""
        await self._tasks.aclose()
        self._drop_peer()
        if self._closing:
            await asyncio.wait(self._closing)
        # Sessions are remembered; pictures need not be.
        self._performance = None
        self._lines = ()

    def _show(self, options: AvatarOptions | None) -> None:
        if options is None:
            self._performance = None
            if self._filming is not None:
                self._filming.cancel()
                self._filming = None
            self._drop_peer()
        elif self._performance is not None:
            self._performance.options = options
        else:
            self._performance = Performance(options, self._lines)
            if options.background_url is not None:
                _logger.warning(
                    "The simulator fetches no background image: the avatar's background is white."
                )
            if options.over_websocket:
                self._filming = self._tasks.start(self._film(self._performance))

    def _drop_peer(self) -> None:
        """Close the peer, if there is one, in a task that nobody cancels.

        A close of aiortc that is broken off never ends: each later one waits for it.
        """
        if self._peer is not None:
            closing = asyncio.create_task(self._peer.aclose(), name="simulator-avatar-close")
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._peer = None

    async def _connect(self, performance: Performance, offer_sdp: str, event_id: str | None) -> None:
        with suppress(ConnectionClosed):
            if not await self._installed("peer", event_id):
                return
            from pipecat_voicelive.simulator.avatar.peer import AvatarPeer, UnusableOfferError

            async with self._connecting:
                self._drop_peer()
                self._peer = AvatarPeer(performance)
                try:
                    sdp = await self._peer.answer(offer_sdp)
                except UnusableOfferError as error:
                    refused = invalid_value(f"Invalid 'client_sdp': {error}.", "client_sdp")
                    await self._send(refused.event(event_id))
                    return
            answer = encode(RawEvent(members={"type": "answer", "sdp": sdp}))
            await self._send(SessionAvatarConnecting(server_sdp=base64.b64encode(answer).decode()))

    async def _film(self, performance: Performance) -> None:
        with suppress(ConnectionClosed):
            if not await self._installed("movie", None):
                return
            from pipecat_voicelive.simulator.avatar.movie import FRAGMENT_FRAMES, Movie, filled

            began_s = time.monotonic()
            movie = await asyncio.to_thread(Movie, performance, began_s)
            await self._send_video(await asyncio.to_thread(movie.beginning))
            number = 0
            while True:
                number += 1
                over_s = began_s + number * FRAGMENT_FRAMES / FRAMES_PER_S
                await asyncio.sleep(max(over_s - time.monotonic(), 0.0))
                fragment = await asyncio.to_thread(movie.next_fragment)
                if fragment and self._large_message_bytes and number % _LARGE_EVERY == 0:
                    fragment = filled(fragment, self._large_message_bytes)
                await self._send_video(fragment)

    async def _send_video(self, data: bytes) -> None:
        if data:
            delta = base64.b64encode(data).decode()
            await self._send(ResponseVideoDelta(output_index=0, codec="h264", delta=delta))

    async def _installed(self, part: str, event_id: str | None) -> bool:
        """Whether a part and the libraries that it needs can be imported; tells the client if not."""
        try:
            await asyncio.to_thread(importlib.import_module, f"{__package__}.{part}")
        except ImportError as error:
            _logger.warning(
                "The simulator cannot show an avatar: %s. Get it with: %s", error, _HOW_TO_INSTALL
            )
            message = f"This simulator cannot show avatars; it needs: {_HOW_TO_INSTALL}"
            details = ErrorDetails(
                type="server_error", code="avatar_unavailable", message=message, event_id=event_id
            )
            await self._send(Error(error=details))
            return False
        return True
