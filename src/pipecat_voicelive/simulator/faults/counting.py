"""When faults happen: each counts the events that it is told of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from pipecat_voicelive.simulator.faults.fault import Fault


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0


class Counting:
    """The faults that wait for their event.

    Args:
        dice: Decides about those that happen by chance.
    """

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._armed: list[_Armed] = []

    def arm(self, fault: Fault) -> None:
        """Let a fault count from now on."""
        self._armed.append(_Armed(fault))

    def disarm(self, fault: Fault) -> None:
        """Forget a fault, if it still waits."""
        self._armed = [armed for armed in self._armed if armed.fault is not fault]

    def due(self, event_type: str, *, sent: bool) -> list[Fault]:
        """The faults that happen at an event, in the order in which they were armed."""
        happening: list[Fault] = []
        for armed in list(self._armed):
            fault = armed.fault
            if not fault.concerns(event_type, sent=sent):
                continue
            armed.seen += 1
            every = fault.every or not fault.at
            if armed.seen % fault.nth if every else armed.seen != fault.nth:
                continue
            if not every:
                self._armed.remove(armed)
            if fault.chance == 1.0 or self._dice.random() < fault.chance:
                happening.append(fault)
        return happening
