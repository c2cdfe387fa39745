"""The faults of a simulator: what is to go wrong in sessions and at handshakes to come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

from pipecat_voicelive.simulator.faults.counting import Counting
from pipecat_voicelive.simulator.faults.fault import CONNECT, Fault

_REMEMBERED = 1000


class FaultPlan:
    """Faults of every session that is opened from now on, and of every handshake; iterate for them.

        simulator.faults.add("drop at response.audio.delta 3")

    For a session that runs, there is `SimulatedSession.inject`.

    Args:
        faults: What is planned from the beginning.
        dice: Decides about faults of handshakes that happen by chance.
    """

    def __init__(self, faults: Iterable[Fault | str | Mapping[str, Any]] = (), *, dice: Random) -> None:
        self._faults: list[Fault] = []
        self._handshakes = Counting(dice)
        self._fired: deque[Fault] = deque(maxlen=_REMEMBERED)
        self._count = 0
        self._changed = asyncio.Event()
        for fault in faults:
            self.add(fault)

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults))

    def __len__(self) -> int:
        return len(self._faults)

    @property
    def fired(self) -> tuple[Fault, ...]:
        """The faults that happened, at handshakes and in sessions, in order; the last 1000."""
        return tuple(self._fired)

    def add(self, fault: Fault | str | Mapping[str, Any]) -> Fault:
        """Plan a fault, a value, a line of text or plain members.

        Handshakes are counted from now on, events from the beginning of each session.

        Raises:
            ConfigurationError: It cannot be read; says what to write.
        """
        read = Fault.read(fault)
        self._faults.append(read)
        if read.at_handshakes:
            self._handshakes.arm(read)
        return read

    def remove(self, fault: Fault) -> None:
        """Plan a fault no more; sessions that have it keep it.

        Raises:
            ValueError: It is not planned.
        """
        self._faults.remove(fault)
        self._handshakes.disarm(fault)

    def clear(self) -> None:
        """Plan nothing any more; sessions keep the faults that they have."""
        for fault in list(self._faults):
            self.remove(fault)

    def for_session(self, number: int) -> tuple[Fault, ...]:
        """The faults of the session with this number."""
        return tuple(
            fault for fault in self._faults if not fault.at_handshakes and fault.session in {None, number}
        )

    def for_handshake(self) -> list[Fault]:
        """The faults of the handshake that is going on now; each call is one."""
        return self._handshakes.due(CONNECT, sent=False)

    async def wait_fired(self, count: int = 1, *, timeout_s: float = 5.0) -> Fault:
        """Wait until `count` faults have happened, at handshakes or in sessions, and return the newest.

        Raises:
            TimeoutError: They do not within `timeout_s`.
        """
        async with asyncio.timeout(timeout_s):
            while self._count < count:
                await self._changed.wait()
        return self._fired[-1]

    def note(self, fault: Fault) -> None:
        """A fault has happened."""
        self._fired.append(fault)
        self._count += 1
        # Who waits holds the old event; a fresh one serves the next wait.
        self._changed.set()
        self._changed = asyncio.Event()
