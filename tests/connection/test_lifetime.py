"""When a session ends, by clocks that may be wrong."""

import pytest

from pipecat_voicelive.connection.lifetime import lasts_s

HOUR = 3600.0
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("expires_at", "clocks_s", "max_age_s", "lasts"),
    [
        (NOW + HOUR, (NOW, NOW), None, HOUR),
        (NOW + HOUR, (NOW, NOW + 9 * HOUR), None, HOUR),  # our clock is wrong, the service told its own
        (NOW + HOUR, (None, NOW), None, HOUR),
        (NOW + HOUR, (None, NOW + 9 * HOUR), None, 29 * 60),  # it is wrong, and nobody told better
        (NOW + HOUR, (None, NOW - 9 * HOUR), None, 29 * 60),
        (NOW + HOUR, (NOW - 9 * HOUR, NOW), None, HOUR),  # a proxy's clock is wrong
        (0, (NOW, NOW), None, 29 * 60),
        (-1, (NOW, NOW), None, 29 * 60),
        ((NOW + HOUR) * 1000, (NOW, NOW), None, 29 * 60),  # milliseconds
        (float("nan"), (NOW, NOW), None, 29 * 60),
        (None, (NOW, NOW), None, 29 * 60),
        (None, (NOW, NOW), 600.0, 600.0),
        (NOW + HOUR, (NOW, NOW), 600.0, 600.0),
        (NOW + 60, (NOW, NOW), 600.0, 60.0),
        (None, (NOW, NOW), HOUR, HOUR),
    ],
)
def test_how_long_a_session_lasts(expires_at, clocks_s, max_age_s, lasts):
    assert lasts_s(expires_at, clocks_s, max_age_s) == lasts
