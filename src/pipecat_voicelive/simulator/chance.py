"""Random choices: everything that the simulator leaves to chance is asked here.

Each session of a simulator with a seed has dice of its own, so that others do not change what falls. They
come with the context of its tasks; without any, choices are as unforeseeable as the system can make them.
"""

from __future__ import annotations

from contextvars import ContextVar
from random import Random, SystemRandom

_system = SystemRandom()
_dice: ContextVar[Random] = ContextVar("dice", default=_system)


def dice() -> Random:
    """What to ask."""
    return _dice.get()


def choose_by(given: Random) -> None:
    """Ask `given` in this task, and in those that it starts, from now on."""
    _dice.set(given)


def new_seed() -> int:
    """A seed that nobody foresees."""
    return _system.getrandbits(32)
