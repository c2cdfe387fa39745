"""Events that cannot be read: each type is told of once, and not without end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pipecat_voicelive.session.effects import Unreadable

_MOST = 100
"""How many types are told of."""


@dataclass(slots=True)
class UnreadableEvents:
    """The types told of so far."""

    _told: set[str] = field(default_factory=set[str])

    def tell(self, name: str, problem: str) -> Iterator[Unreadable]:
        """What to tell of an event of this type."""
        if name not in self._told and len(self._told) < _MOST:
            self._told.add(name)
            yield Unreadable(name, problem)
