"""Which endpoint is tried: the first, and the other when it fails."""

import pytest

from pipecat_voicelive import ConfigurationError, Failover
from pipecat_voicelive.connection.auth import choose_auth
from pipecat_voicelive.connection.route import Route, Target

FIRST = Target("ws://127.0.0.1:1", "gpt-4.1", "2026-07-15", {"a": "b"}, choose_auth(api_key="FIRST-KEY"))


def route(failover_after=2, other="ws://127.0.0.1:2"):
    return Route([FIRST, Failover(endpoint=other).target(FIRST)], failover_after)


def port(route):
    return route.target.endpoint[-1]


def test_one_that_fails_for_good_is_left_at_once_and_both_leave_nothing_to_try():
    going = route()
    assert going.failed(permanent=True)
    assert port(going) == "2"
    assert going.failed(permanent=False)
    assert going.failed(permanent=False)
    assert port(going) == "2"  # the other is of no use
    assert not going.failed(permanent=True)


def test_one_that_fails_some_times_is_left_for_the_other_and_they_take_turns():
    going, tried = route(failover_after=2), []
    for _ in range(6):
        tried.append(port(going))
        assert going.failed(permanent=False)
    assert tried == ["1", "1", "2", "2", "1", "1"]


def test_failures_that_are_forgiven_do_not_count():
    going = route()
    going.failed(permanent=True)
    going.forgive()
    assert going.failed(permanent=True)
    assert port(going) == "1"


def test_alone_an_endpoint_is_tried_again_and_again_until_it_fails_for_good():
    alone = Route([FIRST], 1)
    assert all(alone.failed(permanent=False) for _ in range(5))
    assert not alone.failed(permanent=True)


def test_what_a_failover_does_not_say_is_as_with_the_first():
    other = Failover(endpoint="ws://127.0.0.1:2", query={"c": "d"}).target(FIRST)
    assert other.url() == "ws://127.0.0.1:2/voice-live/realtime?api-version=2026-07-15&model=gpt-4.1&a=b&c=d"
    assert other.auth is FIRST.auth


async def test_a_failover_has_a_model_and_a_key_of_its_own():
    given = Failover(endpoint="ws://127.0.0.1:2", model="gpt-5", api_key="OTHER-KEY")
    other = given.target(FIRST)
    assert "model=gpt-5" in other.url()
    assert await other.auth.headers() == {"api-key": "OTHER-KEY"}
    assert "KEY" not in repr(given) + repr(other) + repr(FIRST)


def test_a_key_goes_to_no_other_host():
    first = Target("https://one.example", "m", "2026-07-15", {}, choose_auth(api_key="KEY"))
    with pytest.raises(ConfigurationError, match="would go to another host"):
        Failover(endpoint="https://other.example").target(first)
    assert Failover(endpoint="https://one.example/gateway").target(first).auth is first.auth
    token = Target("https://one.example", "m", "2026-07-15", {}, choose_auth(token_provider=lambda: "T"))
    assert Failover(endpoint="https://other.example").target(token).auth is token.auth
    with pytest.raises(ConfigurationError, match="unencrypted"):
        Failover(endpoint="http://other.example", api_key="OTHER").target(first)
    with pytest.raises(ConfigurationError, match="holds a credential"):
        Failover(endpoint="https://other.example", api_key="OTHER", query={"api-key": "OTHER"}).target(first)
