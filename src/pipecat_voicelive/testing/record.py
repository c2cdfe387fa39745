"""What happened in a test, on one clock: the wire as the service saw it, and what the caller said and heard.

The simulator runs in a thread of its own, a bot in the test's, so the record may be written and read from
anywhere, and anybody may wait for it to change.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pipecat_voicelive.protocol.server_events import ServerEvent
from pipecat_voicelive.simulator.exchange import (
    ClientSent,
    Exchanged,
    ReceivedEvent,
    ServiceSent,
)


@dataclass(frozen=True, slots=True)
class OnWire:
    """An event that passed the simulator's socket, or what the simulator notes beside them, as a fault.

    Attributes:
        at_s: When, in seconds since the record began.
        session: The session's number, from 1.
        exchanged: What it was.
    """

    at_s: float
    session: int
    exchanged: Exchanged

    @property
    def event(self) -> ReceivedEvent | ServerEvent:
        """The event; of what was never on the wire one of a type such as "simulator.fault"."""
        return self.exchanged.event

    @property
    def sender(self) -> Literal["client", "service", "simulator"]:
        """Who sent it; "simulator" for what was never on the wire."""
        match self.exchanged:
            case ClientSent():
                return "client"
            case ServiceSent():
                return "service"
            case _:
                return "simulator"


@dataclass(frozen=True, slots=True)
class Played:
    """A piece of the bot's audio left the transport: it was heard from `at_s` on for `duration_s`."""

    at_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class CallerSpoke:
    """The caller began to say `text` at `at_s`, and was done at `end_s`."""

    at_s: float
    end_s: float
    text: str


Entry: TypeAlias = OnWire | Played | CallerSpoke


class Record:
    """Everything that happened, in the order in which it was noted."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._entries: list[Entry] = []
        self._changed = threading.Condition()
        self._watchers: set[Callable[[], None]] = set()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What happened so far."""
        with self._changed:
            return tuple(self._entries)

    @property
    def wire(self) -> tuple[OnWire, ...]:
        """The events on the wire so far."""
        return tuple(entry for entry in self.entries if isinstance(entry, OnWire))

    def now_s(self) -> float:
        """Seconds since the record began."""
        return time.monotonic() - self._began_s

    def add(self, entry: Entry) -> None:
        """Note what happened and wake all who wait."""
        with self._changed:
            self._entries.append(entry)
            self._changed.notify_all()
            watchers = list(self._watchers)
        for wake in watchers:
            wake()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until a condition holds; False if it does not in time. Asked again after each entry."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return False
            with self._changed:
                # An entry may have come since the condition was asked, so this never waits for long.
                self._changed.wait(min(left_s, _LOOK_AGAIN_S))
        return True

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until a condition holds; False if it does not in time. Asked again after each entry."""
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(changed.set)

        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            self._watchers.add(wake)
        try:
            while not condition():
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    return False
                try:
                    # Conditions may look at more than the record.
                    async with asyncio.timeout(min(left_s, _LOOK_AGAIN_S)):
                        await changed.wait()
                except TimeoutError:
                    continue
                changed.clear()
            return True
        finally:
            with self._changed:
                self._watchers.discard(wake)


_LOOK_AGAIN_S = 0.05
