"""Events that cannot be read: each type is told of once, by its name, and not without end.

A name is the server's, so it is told only as far as it looks like one: letters, digits, dots, and no more
than the longest names have. A server that invents a name for every event is told of so many times and not
more, and no more is kept of it; that there are more is told once, and how many there were at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipecat_voicelive.session.effects import Unreadable

_MOST = 100
"""How many types are told of."""

_FURTHER = "(further types)"
"""What stands for the name of those that are not told of."""

_LONGEST_NAME = 80
_LONGEST_PROBLEM = 300
_NO_PART_OF_A_NAME = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(slots=True, repr=False)
class UnreadableEvents:
    """The types told of so far."""

    _told: set[str] = field(default_factory=set[str])
    _untold: int = 0

    def resume(self, unreadable: UnreadableEvents) -> None:
        """These were told of over another connection."""
        self._told |= unreadable._told
        self._untold += unreadable._untold

    def tell(self, name: str, problem: str) -> Iterator[Unreadable]:
        """What to tell of an event of this type."""
        name = _as_name(name)
        if name in self._told:
            return
        if len(self._told) < _MOST:
            self._told.add(name)
            yield Unreadable(name, problem[:_LONGEST_PROBLEM])
            return
        if not self._untold:
            yield Unreadable(_FURTHER, f"after {_MOST} types, no more are told of")
        self._untold += 1

    def over(self) -> Iterator[Unreadable]:
        """The session is over: how many were not told of."""
        untold, self._untold = self._untold, 0
        if untold:
            yield Unreadable(_FURTHER, f"{untold} events were passed over by the end")


def _as_name(name: str) -> str:
    clipped = name[:_LONGEST_NAME] + ("..." if len(name) > _LONGEST_NAME else "")
    return _NO_PART_OF_A_NAME.sub("?", clipped)
