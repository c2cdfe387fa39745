"""When to try again: delays as numbers, and a budget that ends.

    Full jitter     each delay is drawn between nothing and a ceiling, which doubles up to a limit
    Budget          time without a connection, summed over the losses of one outage
    Outage          ends when a connection has held for a while; one that is lost sooner goes on with it,
                    so that a service which accepts and drops for ever is given up

What the service asks to wait is waited, and a little more by chance, but never beyond the budget: at its end
there is one last attempt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """The attempts of one outage. Pure: time and chance are given.

    Args:
        budget_s: How long there may be no connection, in all.
        first_delay_s: The ceiling of the first delay.
        longest_delay_s: The ceiling that no delay passes, unless the service asks for it.
        stable_after_s: How long a connection must hold to end the outage.
        draw: A number from 0 to 1, by chance.
    """

    budget_s: float
    first_delay_s: float
    longest_delay_s: float
    stable_after_s: float
    draw: Callable[[], float]
    attempts: int = field(default=0, init=False)
    _spent_s: float = field(default=0.0, init=False)
    _lost_at_s: float | None = field(default=None, init=False)
    _held_since_s: float | None = field(default=None, init=False)
    _last: bool = field(default=False, init=False)

    @property
    def lost_at_s(self) -> float | None:
        """Since when there is no connection; None if there is one."""
        return self._lost_at_s

    def lost(self, now_s: float) -> bool:
        """There is no connection from now on. Returns whether there had been one for long enough."""
        if self._lost_at_s is not None:
            return False
        stable = self._held_since_s is not None and now_s - self._held_since_s >= self.stable_after_s
        if stable:
            self.attempts, self._spent_s = 0, 0.0
        self._lost_at_s, self._last = now_s, False
        return stable

    def held(self, now_s: float) -> None:
        """There is a connection, and it can be used; if there was one until now, it goes on holding."""
        if self._lost_at_s is not None:
            self._spent_s += now_s - self._lost_at_s
        elif self._held_since_s is not None:
            return
        self._lost_at_s, self._held_since_s = None, now_s

    def delay_s(self, now_s: float, retry_after_s: float | None = None) -> float | None:
        """How long to wait before the next attempt, None if there is to be none."""
        away_s = 0.0 if self._lost_at_s is None else now_s - self._lost_at_s
        left_s = self.budget_s - self._spent_s - away_s
        if left_s <= 0 or self._last:
            return None
        ceiling_s = min(self.longest_delay_s, self.first_delay_s * 2.0 ** min(self.attempts, 64))
        delay_s = (retry_after_s or 0.0) + ceiling_s * self.draw()
        self.attempts += 1
        self._last = delay_s >= left_s
        return min(delay_s, left_s)
