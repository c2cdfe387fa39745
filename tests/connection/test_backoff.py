"""When it is tried again: delays, their ceiling, the budget, and what a service asks for."""

from hypothesis import given
from hypothesis import strategies as st

from pipecat_voicelive.connection.backoff import Backoff

CHANCE = st.floats(0, 1)
SECONDS = st.floats(0, 100)


def backoff(draw=lambda: 1.0, *, budget_s=60.0, first_s=0.5, longest_s=8.0, stable_s=30.0):
    return Backoff(budget_s, first_s, longest_s, stable_s, draw)


def delays(waiting, count):
    waiting.lost(0.0)
    return [waiting.delay_s(0.0) for _ in range(count)]


def test_delays_double_up_to_the_ceiling():
    assert delays(backoff(), 7) == [0.5, 1, 2, 4, 8, 8, 8]


def test_how_long_a_delay_is_below_its_ceiling_is_left_to_chance():
    chances = iter([0.0, 0.5, 0.25])
    assert delays(backoff(lambda: next(chances)), 3) == [0.0, 0.5, 0.5]


@given(st.lists(st.tuples(CHANCE, SECONDS, st.none() | SECONDS), max_size=60), SECONDS)
def test_whatever_happens_the_attempts_begin_within_the_budget_and_come_to_an_end(steps, budget_s):
    chances = iter([chance for chance, _, _ in steps])
    waiting, now_s = backoff(lambda: next(chances), budget_s=budget_s), 5.0
    waiting.lost(now_s)
    for _, takes_s, retry_after_s in steps:
        delay_s = waiting.delay_s(now_s, retry_after_s)
        if delay_s is None:
            assert waiting.delay_s(now_s) is None
            break
        assert delay_s >= 0
        now_s += delay_s
        assert now_s <= 5.0 + budget_s + 1e-6
        assert delay_s >= min(retry_after_s or 0.0, 5.0 + budget_s - now_s)
        now_s += takes_s


def test_what_the_service_asks_for_is_waited_but_not_beyond_the_budget_and_then_there_is_one_last_attempt():
    waiting = backoff(budget_s=10.0)
    waiting.lost(0.0)
    assert waiting.delay_s(0.0, 3.0) == 3.5
    assert waiting.delay_s(4.0, 3600.0) == 6.0
    assert waiting.delay_s(10.0) is None


def test_a_connection_that_does_not_hold_does_not_make_the_losses_before_it_good():
    waiting = backoff(budget_s=10.0)
    for now_s in (0.0, 20.0, 40.0):  # each time away for four seconds
        waiting.lost(now_s)
        assert waiting.delay_s(now_s) is not None
        waiting.held(now_s + 4.0)
    waiting.lost(60.0)
    assert waiting.delay_s(60.0) is None


def test_a_connection_that_holds_does():
    waiting = backoff(budget_s=10.0)
    for now_s in (0.0, 50.0, 100.0, 150.0):
        waiting.lost(now_s)
        assert waiting.delay_s(now_s) == 0.5
        waiting.held(now_s + 9.0)


def test_without_a_budget_nothing_is_tried_again():
    assert delays(backoff(budget_s=0.0), 1) == [None]


def test_a_renewal_takes_nothing_from_how_long_there_has_been_a_connection():
    waiting = backoff(budget_s=60.0)
    waiting.lost(0.0)
    waiting.held(55.0)
    waiting.held(1755.0)  # another connection in the place of one that lived
    assert waiting.lost(1765.0)
    assert waiting.delay_s(1800.0) is not None


def test_a_renewal_makes_no_loss_good_before_its_time():
    waiting = backoff(budget_s=60.0)
    waiting.lost(0.0)
    waiting.held(55.0)
    waiting.held(57.0)
    assert not waiting.lost(60.0)
