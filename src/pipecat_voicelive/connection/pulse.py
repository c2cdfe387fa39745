"""Whether a peer still lives and reads, found out by a timer and by nothing on the way of the audio.

Silent: we ping every so often; if no pong and no message comes for as long again, the peer is dead. So it is
noticed after one to two intervals. While we do not read ourselves, nothing is concluded, nor while a large
message is on its way: pings and their answers wait behind it.

Deaf: bytes wait to be sent, and not one has gone for a while, whatever was added meanwhile. websockets' own
keep-alive would wait for such a peer before it sends its ping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipecat_voicelive.connection.transport import WriteNow
from pipecat_voicelive.errors import ConnectionFailedError

_LOOKS_PER_SPAN = 4
"""How often the shorter of the two times is looked at, and hence how exact it is."""


class Pulse:
    """Watches one connection until it is stopped.

    Args:
        websocket: The connection.
        ping_interval_s: How often to ping, and how long to wait for a sign of life then; None never does.
        stall_timeout_s: How long bytes may wait without one of them going.
        dead: Is told why the connection is given up, once.
    """

    def __init__(
        self,
        websocket: WriteNow,
        *,
        ping_interval_s: float | None,
        stall_timeout_s: float,
        dead: Callable[[ConnectionFailedError], None],
    ) -> None:
        self._websocket = websocket
        self._ping_interval_s = ping_interval_s
        self._stall_timeout_s = stall_timeout_s
        self._dead = dead
        self._loop = asyncio.get_running_loop()
        self._every_s = min(ping_interval_s or stall_timeout_s, stall_timeout_s) / _LOOKS_PER_SPAN
        self._pinged_s = self._progress_s = self._loop.time()
        self._asked = False
        self._gone_bytes = 0
        self._timer = self._loop.call_later(self._every_s, self._look)

    def stop(self) -> None:
        """Watch no more."""
        self._timer.cancel()

    def _look(self) -> None:
        if not self._websocket.is_live:
            # It is closing: a peer that never ends it is not waited for.
            self._timer = self._loop.call_later(self._stall_timeout_s, self._websocket.transport.abort)
            return
        now_s = self._loop.time()
        error = self._deaf(now_s) or self._silent(now_s)
        if error is not None:
            self._dead(error)
            return
        self._timer = self._loop.call_later(self._every_s, self._look)

    def _deaf(self, now_s: float) -> ConnectionFailedError | None:
        gone_bytes, waiting_bytes = self._websocket.progress
        if waiting_bytes and gone_bytes > self._gone_bytes:
            self._websocket.heard()  # it reads: the answer to a ping may be long in coming
        if not waiting_bytes or gone_bytes > self._gone_bytes:
            self._gone_bytes, self._progress_s = gone_bytes, now_s
        if now_s - self._progress_s < self._stall_timeout_s:
            return None
        return ConnectionFailedError(
            f"The service has stopped reading: {waiting_bytes} bytes wait to be sent, and none went in "
            f"{self._stall_timeout_s:g} s."
        )

    def _silent(self, now_s: float) -> ConnectionFailedError | None:
        interval_s = self._ping_interval_s
        if interval_s is None:
            return None
        if not self._websocket.reads or self._websocket.heard_s >= self._pinged_s:
            self._asked = False
        if self._asked and now_s - self._pinged_s >= interval_s:
            return ConnectionFailedError(
                f"Nothing came from the service for {now_s - self._websocket.heard_s:.0f} s, not even the "
                "answer to a ping. Check the network."
            )
        if not self._asked and now_s - self._pinged_s >= interval_s:
            self._pinged_s, self._asked = now_s, True
            self._websocket.ping_now()
        return None
