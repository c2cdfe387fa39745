"""The line to the service: one owner of the connection, from the first attempt to the last.

    connect ──▶ live ──lost──▶ waiting ──▶ opening ──▶ live ...          (one leg at a time)
                 │                └── the budget is used up, or nothing can help: lost for good
                 └── its end is near: a second leg is opened beside it, and at a pause it becomes the live one

There are two sockets only in that last case, and none is opened after `close`. The conversation on this side
(`Side`) is told of events, losses and switches, each in one step without an await.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Protocol

from loguru import logger

from pipecat_voicelive.connection.backoff import Backoff
from pipecat_voicelive.connection.connection import ConnectionOptions, open_connection
from pipecat_voicelive.connection.failures import Failure, final
from pipecat_voicelive.connection.leg import Leg, Listener
from pipecat_voicelive.connection.lifetime import begin_before_end_s, lasts_s, leave_before_end_s
from pipecat_voicelive.connection.recovery import RecoveryOptions
from pipecat_voicelive.connection.route import Route
from pipecat_voicelive.errors import AuthenticationError, ConnectionFailedError
from pipecat_voicelive.protocol.client_events import ClientEvent
from pipecat_voicelive.protocol.codec import Dialect, RawEvent


class Side(Listener, Protocol):
    """The conversation on this side of the line."""

    @property
    def at_boundary(self) -> bool:
        """Whether this is a good moment to leave the live connection for another."""
        ...

    def parameters(self) -> Mapping[str, str]:
        """Parameters of the URL with which the conversation is gone on with."""
        ...

    def interrupted(self, error: Failure, arrived_bytes: int) -> None:
        """The connection is gone; another is going to be opened, and will be written to.

        Args:
            error: Why.
            arrived_bytes: How much of the caller's audio is known to have arrived.
        """
        ...

    def lost(self, error: Failure) -> None:
        """The connection is gone for good."""
        ...

    def expiring(self, expires_in_s: float) -> None:
        """The session ends in so many seconds."""
        ...

    def prepare(self, second: Leg) -> Listener:
        """Begin a session on a second leg. Nothing but options goes out."""
        ...

    def switch(self, to: Listener, arrived_bytes: int | None) -> None:
        """Go on with the session that was prepared. What is sent goes to its connection already.

        Args:
            to: What `prepare` gave.
            arrived_bytes: How much of the caller's audio has arrived over the other one, None for all.
        """
        ...


class Line:
    """Owns the connection.

    Args:
        side: The conversation.
        route: Where to connect.
        options: How to connect.
        recovery: What to do about losses.
        dialect: How events are written, if not as the dated API versions have them.
        clock: Seconds that never go back.
        draw: Numbers from 0 to 1, by chance.
    """

    def __init__(
        self,
        side: Side,
        route: Route,
        options: ConnectionOptions,
        recovery: RecoveryOptions,
        dialect: Dialect | None,
        *,
        clock: Callable[[], float],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._side = side
        self._route = route
        self._options = options
        self._recovery = recovery
        self._dialect = dialect
        self._clock = clock
        self._draw = draw
        self._backoff = self._new_backoff(recovery.budget_s)
        self._live: Leg | None = None
        self._second: Leg | None = None
        self._second_route = route
        self._keeper: asyncio.Task[None] | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._over = False
        self._was_ready = False
        self.waits_for_boundary = False
        self.attempts = 0
        self.away_s = 0.0

    @property
    def has_begun(self) -> bool:
        """Whether there has been a connection."""
        return self._live is not None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._live is not None and self._live.is_open

    def send(self, event: ClientEvent | RawEvent) -> None:
        """Write an event to the live connection; nothing, if there is none."""
        if self._live is not None:
            self._live.send(event)

    def give_up(self, error: ConnectionFailedError) -> None:
        """The live connection is of no use, for this reason."""
        if self._live is not None:
            self._live.give_up(error)

    def moved(self) -> None:
        """The conversation has moved on; it may be at a boundary. Only heard if `waits_for_boundary`."""
        self._moved.set()

    async def open(self) -> None:
        """Open the first connection; tries again what passes, within the budget for it.

        Raises:
            AuthenticationError: The credential was refused, or no token could be had.
            ConnectionFailedError: No connection could be opened.
        """
        self._route.forgive()
        backoff = self._new_backoff(self._recovery.connect_budget_s)
        backoff.lost(self._clock())
        while True:
            try:
                self._live = await self._open(self._route)
            except (ConnectionFailedError, AuthenticationError) as error:
                final = isinstance(error, AuthenticationError)
                delay_s = self._delay_s(error, self._route, backoff, final=final)
                if delay_s is None:
                    raise
            else:
                self._keeper = asyncio.create_task(self._guard(self._keep), name="voicelive-line")
                return
            await asyncio.sleep(delay_s)

    def stop(self) -> None:
        """Open nothing any more, and begin to close what is open. May be called twice."""
        self._over = True
        if self._keeper is not None:
            self._keeper.cancel()
        self._stop_renewal()
        self._drop_second()
        if self._live is not None:
            self._leave(self._live)

    async def close(self) -> None:
        """Close everything, within a bound. May be called twice."""
        self.stop()
        if tasks := {task for task in (self._keeper, self._renewal) if task is not None}:
            await asyncio.wait(tasks)
            self.stop()  # what was just being opened
        await asyncio.gather(*self._leaving)
        await self._route.aclose()

    # --- losses ------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while not self._over:
            leg = self._live
            assert leg is not None, "there is a live leg from the first connection on"
            await asyncio.wait({leg.reader})
            if leg is not self._live:
                continue  # it was left for another
            if self._second is not None and self._second.is_ready and self._second.is_open:
                self._stop_renewal()
                self._switch(self._second)
                continue
            try:
                await self._reopen(leg)
            except (ConnectionFailedError, AuthenticationError) as error:
                error.session_id = error.session_id or leg.session_id
                since_s = self._backoff.lost_at_s
                away_s = self._clock() - since_s if since_s is not None else 0.0
                self._side.lost(final(error, self.attempts, away_s))

    async def _reopen(self, lost: Leg) -> None:
        """Put another leg in the place of a lost one; raises if that cannot be."""
        error: Failure = lost.error()
        lost.cut()
        stable = self._backoff.lost(self._clock())
        if stable:
            self._route.forgive()
        if lost.is_ready:
            self.attempts = 0
        if stable and not error.permanent:  # no fault of the endpoint's: it is tried first
            delay_s = self._backoff.delay_s(self._clock())
        else:
            delay_s = self._delay_s(error, self._route, self._backoff)
        if delay_s is None:
            raise error
        self._side.interrupted(error, lost.arrived_audio_bytes)
        await self._renewal_stopped()
        while True:
            await asyncio.sleep(delay_s)
            self.attempts += 1
            try:
                self._live = await self._open(self._route)
                return
            except (ConnectionFailedError, AuthenticationError) as failed:
                delay_s = self._delay_s(failed, self._route, self._backoff)
                if delay_s is None:
                    raise

    async def _open(self, route: Route) -> Leg:
        url = route.target.url(self._side.parameters())
        connection = await open_connection(url, route.target.auth, self._options, self._dialect)
        return Leg(
            connection,
            self._side,
            answer_timeout_s=self._recovery.answer_timeout_s,
            ready=self._ready,
            follows=self._was_ready,
        )

    def _delay_s(
        self, error: Failure, route: Route, backoff: Backoff, *, final: bool = False
    ) -> float | None:
        """How long to wait after a failed attempt, None if there is to be no other."""
        target = route.target
        if not route.failed(permanent=error.permanent or final):
            return None
        asked_s = error.retry_after_s if isinstance(error, ConnectionFailedError) else None
        return backoff.delay_s(self._clock(), asked_s if route.target is target else None)

    def _ready(self, leg: Leg) -> None:
        if leg is not self._live or self._over:
            return
        self._was_ready = True
        now_s = self._clock()
        self.away_s = now_s - self._backoff.lost_at_s if self._backoff.lost_at_s is not None else 0.0
        self._backoff.held(now_s)
        self._plan_renewal(leg)

    async def _guard(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Let a mistake of ours end the call with an error, not hang it, if it cannot go on."""
        leg = self._live
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody must be told
            name = type(error).__name__
            if leg is self._live and self.is_open:  # the session that lives goes on to its end
                logger.warning(f"Voice Live: nothing has come of another session: {name}")
                return
            self._side.lost(ConnectionFailedError(f"{name} while another session began.", permanent=True))

    def _new_backoff(self, budget_s: float) -> Backoff:
        recovery = self._recovery
        return Backoff(
            budget_s,
            recovery.first_delay_s,
            recovery.longest_delay_s,
            recovery.stable_after_s,
            self._draw,
        )

    # --- renewal -----------------------------------------------------------------------------------

    def _plan_renewal(self, leg: Leg) -> None:
        lasts = lasts_s(leg.expires_at, leg.clocks_s(), self._recovery.max_session_age_s)
        end_s = asyncio.get_running_loop().time() + lasts
        self._renewal = asyncio.create_task(
            self._guard(lambda: self._renew(lasts, end_s)), name="voicelive-renewal"
        )

    async def _renew(self, lasts: float, end_s: float) -> None:
        loop, recovery = asyncio.get_running_loop(), self._recovery
        lead_s = begin_before_end_s(lasts, recovery.renew_before_s)
        await asyncio.sleep(end_s - lead_s - loop.time())
        self._side.expiring(max(end_s - loop.time(), 0.0))
        if not recovery.budget_s:
            return
        backoff = self._new_backoff(lead_s)
        route = self._second_route = self._route.back()
        backoff.lost(self._clock())
        while True:
            try:
                second = await self._bring_up(route)
                await self._boundary(second, end_s - leave_before_end_s(lasts, recovery.force_before_s))
                if second.is_open:
                    self._switch(second)
                    return
                raise second.error()
            except (ConnectionFailedError, AuthenticationError) as error:
                delay_s = self._delay_s(error, route, backoff)
                if delay_s is None and error.permanent:
                    return  # the session that is left ends, and that is a loss like any other
            finally:
                self._drop_second()
            # A session may last longer than it was to be used: then it is tried on.
            await asyncio.sleep(recovery.longest_delay_s if delay_s is None else delay_s)

    async def _bring_up(self, route: Route) -> Leg:
        """A second leg whose session is ready."""
        second = self._second = await self._open(route)
        second.listener = self._side.prepare(second)
        await second.settled.wait()
        if not second.is_ready:
            raise second.error()
        return second

    async def _boundary(self, second: Leg, until_s: float) -> None:
        second.reader.add_done_callback(lambda _: self._moved.set())
        self.waits_for_boundary = True
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until_s):
                    while second.is_open and not self._side.at_boundary:
                        self._moved.clear()
                        await self._moved.wait()
        finally:
            self.waits_for_boundary = False

    def _switch(self, second: Leg) -> None:
        """From the live leg to a second one, in one step."""
        left, self._live, self._second = self._live, second, None
        assert left is not None, "there is a live leg"
        listener, second.listener = second.listener, self._side
        self._side.switch(listener, None if left.is_open else left.arrived_audio_bytes)
        self._backoff.held(self._clock())
        self._route.follow(self._second_route)
        self._leave(left)
        self._plan_renewal(second)

    def _leave(self, leg: Leg) -> None:
        """Close a leg in the background. Nothing that it has still to say is heard."""
        leg.reader.cancel()  # now: it may be due before the closing begins
        task = asyncio.create_task(leg.close(), name="voicelive-leaving")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _drop_second(self) -> None:
        if self._second is not None:
            self._second.cut()
            self._second = None

    def _stop_renewal(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()

    async def _renewal_stopped(self) -> None:
        self._stop_renewal()
        self._drop_second()
        if self._renewal is not None:
            await asyncio.wait({self._renewal})
