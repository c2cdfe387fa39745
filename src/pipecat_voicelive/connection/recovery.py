"""How hard a lost call is fought for: as values, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pipecat_voicelive.errors import ConfigurationError

LONGEST_AGE_S = 29 * 60.0
"""A session that does not say when it ends is renewed at this age: some were seen to end after 30 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryOptions:
    """What a client does about connections that are lost, end, or fall silent.

    Attributes:
        budget_s: How long a call may be without a connection, all losses together until one has held for
            `stable_after_s`. An attempt that was begun in time may end later. 0: a lost connection is final.
        connect_budget_s: How long `connect` tries for the first connection. 0: once.
        first_delay_s: The longest wait before the first attempt; it doubles with each, up to
            `longest_delay_s`. How long it really is, is left to chance, so that not all calls come at once.
        longest_delay_s: The longest wait before any attempt, unless the service asks for more.
        stable_after_s: A session that has lasted so long makes what was spent on losses before it good.
        answer_timeout_s: A session that says nothing at all for so long after it was opened, given options or
            asked to begin or to end an answer counts as lost. So does one that stops in the middle of an
            answer for this time to twice as long; before its first word it may take four times as long.
        renew_before_s: How long before a session's end the next one is opened. Half of its time, if that is
            less.
        force_before_s: How long before a session's end it is left even if somebody speaks. A tenth of its
            time, if that is less.
        max_session_age_s: A session is renewed at this age at the latest. None: only one that does not say
            when it ends is, after 29 minutes.
        failover_after: With a second endpoint: how many attempts in a row may fail at one before the other is
            tried. One that fails for good is left at once.

    Raises:
        ConfigurationError: A value makes no sense.
    """

    budget_s: float = 60.0
    connect_budget_s: float = 10.0
    first_delay_s: float = 0.25
    longest_delay_s: float = 8.0
    stable_after_s: float = 30.0
    answer_timeout_s: float = 15.0
    renew_before_s: float = 60.0
    force_before_s: float = 5.0
    max_session_age_s: float | None = None
    failover_after: int = 2

    def __post_init__(self) -> None:
        for field in fields(self):
            value: object = getattr(self, field.name)
            if value is None and field.name == "max_session_age_s":
                continue
            if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
                raise ConfigurationError(f"{field.name} must be a number from 0 up, not {value!r}.")
            if value == 0 and field.name in _POSITIVE:
                raise ConfigurationError(f"{field.name} must be more than 0.")
        if self.failover_after < 1:
            raise ConfigurationError(f"failover_after must be at least 1, not {self.failover_after}.")
        if self.longest_delay_s < self.first_delay_s:
            raise ConfigurationError(
                f"longest_delay_s ({self.longest_delay_s:g}) must not be less than first_delay_s "
                f"({self.first_delay_s:g})."
            )


_POSITIVE = frozenset({"answer_timeout_s", "renew_before_s", "max_session_age_s"})
NEVER = RecoveryOptions(budget_s=0, connect_budget_s=0)
"""A connection that cannot be opened, or is lost, is final."""
