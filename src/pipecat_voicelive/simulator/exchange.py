"""The record of a session: every event in both directions, in wire order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pipecat_voicelive.protocol.client_events import ClientEvent
from pipecat_voicelive.protocol.server_events import MalformedEvent, ServerEvent, UnknownEvent
from pipecat_voicelive.simulator.faults.fault import Fault

FAULT_EVENT = "simulator.fault"
NOTE_EVENT = "simulator.note"

ReceivedEvent: TypeAlias = ClientEvent | UnknownEvent | MalformedEvent


@dataclass(frozen=True, slots=True)
class ClientSent:
    """An event of the client, `at_s` seconds after the session was opened."""

    at_s: float
    event: ReceivedEvent


@dataclass(frozen=True, slots=True)
class ServiceSent:
    """An event of the service, `at_s` seconds after the session was opened."""

    at_s: float
    event: ServerEvent


@dataclass(frozen=True, slots=True)
class FaultFired:
    """A fault that happened, `at_s` seconds after the session was opened, for the how manieth time in it."""

    at_s: float
    fault: Fault
    times: int = 1

    @property
    def event(self) -> UnknownEvent:
        """The fault as an event, so that every entry of a record has one; it was never on the wire."""
        return UnknownEvent(type=FAULT_EVENT, members={"type": FAULT_EVENT, "fault": str(self.fault)})


@dataclass(frozen=True, slots=True)
class Noted:
    """How the simulator came to do something, `at_s` seconds after the session was opened."""

    at_s: float
    text: str

    @property
    def event(self) -> UnknownEvent:
        """The note as an event, so that every entry of a record has one; it was never on the wire."""
        return UnknownEvent(type=NOTE_EVENT, members={"type": NOTE_EVENT, "text": self.text})


Exchanged: TypeAlias = ClientSent | ServiceSent | FaultFired | Noted


class Exchange:
    """Keeps the last `keep_events` events (all for None) and lets others wait for further ones."""

    def __init__(self, *, keep_events: int | None) -> None:
        self._events: deque[Exchanged] = deque(maxlen=keep_events)
        self._changed: asyncio.Event | None = None  # only while somebody waits
        self._closed = False

    @property
    def events(self) -> tuple[Exchanged, ...]:
        """What was exchanged, in wire order."""
        return tuple(self._events)

    def add(self, exchanged: Exchanged) -> None:
        """Note an event."""
        self._events.append(exchanged)
        self._wake()

    def close(self) -> None:
        """Nothing more will come: those who wait are told."""
        self._closed = True
        self._wake()

    async def wait_for(self, enough: Callable[[], bool], *, what: str, timeout_s: float) -> None:
        """Wait until `enough()`, which is asked again after every event.

        Raises:
            TimeoutError: It does not come true in time, or cannot any more because the session is over.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not enough() and not self._closed:
                    if self._changed is None:
                        self._changed = asyncio.Event()
                    await self._changed.wait()
        if not enough():
            ended = "the session ended" if self._closed else f"{timeout_s} s passed"
            raise TimeoutError(f"{ended} without {what}")

    def _wake(self) -> None:
        # Who waits holds the old event; a fresh one serves the next wait.
        if self._changed is not None:
            self._changed.set()
            self._changed = None
