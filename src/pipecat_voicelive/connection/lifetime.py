"""When a session ends, from what the service says, and from clocks that may be wrong.

`expires_at` is a time of the service's clock. The service told that clock's time at the handshake, mostly;
else ours stands in. What comes out as no time that a session can last is not believed: then there is the age
at which sessions are renewed that say nothing.
"""

from __future__ import annotations

from pipecat_voicelive.connection.recovery import LONGEST_AGE_S

LONGEST_S = 2 * 60 * 60.0
"""The service's quota is an hour."""


def lasts_s(
    expires_at: float | None, clocks_s: tuple[float | None, ...], max_session_age_s: float | None
) -> float:
    """How long a session that begins now may be used, in seconds.

    Args:
        expires_at: When the service ends it, in Unix seconds, if it says so.
        clocks_s: The time it is now, in Unix seconds, by each clock, the best one first.
        max_session_age_s: The age that is wanted at most, if any.
    """
    told_s = None
    if expires_at is not None:
        left_s = (expires_at - now_s for now_s in clocks_s if now_s is not None)
        told_s = next((left for left in left_s if 0 < left <= LONGEST_S), None)
    if told_s is None:
        return max_session_age_s or LONGEST_AGE_S
    return min(told_s, max_session_age_s or LONGEST_S)


def begin_before_end_s(lasts: float, renew_before_s: float) -> float:
    """How long before its end the next session is opened."""
    return min(renew_before_s, lasts / 2)


def leave_before_end_s(lasts: float, force_before_s: float) -> float:
    """How long before its end a session is left whatever goes on."""
    return min(force_before_s, lasts / 10)
