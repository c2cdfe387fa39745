"""Tool results that no answer has spoken of yet.

A result goes to the service at once, but an answer that speaks of it waits until it is asked for and every
call that was handed over together with it has its result too. An answer that begins with the result in the
conversation speaks of it, whoever asked for that one.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from pipecat_voicelive.protocol.client_events import ResponseProperties


@dataclass(slots=True, repr=False)
class Results:
    """The results of one conversation that wait for an answer, by the item that holds each."""

    _groups: dict[str, str | None] = field(
        default_factory=dict[str, str | None]
    )  # item id: group of its call
    _wanted: bool = False
    properties: ResponseProperties | None = None
    """Overrides for the answer that speaks of them."""

    @property
    def waiting(self) -> bool:
        """Whether there are any."""
        return bool(self._groups)

    def given(self, item_id: str, group: str | None) -> None:
        """A result was given that is to be spoken of."""
        self._groups[item_id] = group

    def want(self, properties: ResponseProperties | None = None) -> None:
        """They are to be spoken of, if there are any; without properties as they were wanted before."""
        self._wanted, self.properties = self.waiting, properties or self.properties

    def answered(self, unconfirmed: AbstractSet[str]) -> None:
        """An answer begins; results among the `unconfirmed` items came too late for it."""
        for item_id in self._groups.keys() - unconfirmed:
            del self._groups[item_id]
        if not self.waiting:
            self.clear()

    def clear(self) -> None:
        """All of them are being spoken of, or nobody will."""
        self._groups.clear()
        self._wanted, self.properties = False, None

    def resume(self, results: Results) -> None:
        """These wait from another connection."""
        self._groups, self._wanted, self.properties = results._groups, results._wanted, results.properties

    def due(self, in_hand: Callable[[str], bool]) -> bool:
        """Whether to ask for an answer now; `in_hand` says whether a group has calls without a result."""
        return (
            self._wanted
            and self.waiting
            and not any(in_hand(group) for group in self._groups.values() if group is not None)
        )
