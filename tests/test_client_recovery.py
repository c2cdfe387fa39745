"""A connection that is lost is opened again, and the conversation goes on: over real sockets."""

import asyncio
import contextlib
import time

import pytest

from pipecat_voicelive import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ConnectionOptions,
    Failover,
    RecoveryOptions,
    VoiceLiveClient,
)
from pipecat_voicelive.client import ConnectionInterrupted, ConnectionLost, Reconnected
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.simulator import VoiceLiveSimulator
from recovering import fast, open_sessions, talking

HELLO = {"greeting": "Hello, this is a greeting that takes a while to be said."}


def items_of(session):
    return [event.item for event in session.received("conversation.item.create")]


@pytest.mark.parametrize("at", ["session.created", "session.update", "session.updated"])
async def test_a_loss_before_the_session_is_ready_is_tried_again_and_nobody_is_told(at):
    async with (
        VoiceLiveSimulator(HELLO, faults=[f"drop at {at} in session 1"]) as simulator,
        talking(simulator, ready=False) as talk,
    ):
        talk.client.respond()
        finished = await talk.until(fx.ResponseFinished)
        assert finished.response.status == "completed"
        if at != "session.updated":
            assert talk.line == ["SessionReady"]
        assert len(simulator.sessions) == 2


async def test_a_loss_in_the_middle_of_an_answer_closes_it_once_and_the_next_one_comes_from_another_session():
    async with (
        VoiceLiveSimulator(HELLO, faults=["drop at response.audio.delta 3 in session 1"]) as simulator,
        talking(simulator) as talk,
    ):
        talk.client.respond()
        again = await talk.until(Reconnected)
        assert talk.line == ["SessionReady", "ConnectionInterrupted", "Reconnected"]
        assert [closed.interrupted for closed in talk.told(fx.ResponseClosed)] == [True]
        assert again.attempts == 1
        assert not again.planned
        assert again.session.id == talk.client.session_info.id
        (finished,) = talk.told(fx.ResponseFinished)
        assert (finished.response.status, finished.response.status_reason) == ("cancelled", fx.CUT_SHORT)
        assert not talk.client.answer_pending
        talk.client.send_text("Go on.")
        await talk.until(fx.ResponseFinished, 2)
        assert open_sessions(simulator) == [simulator.sessions[-1]]


async def test_a_connection_that_is_reset_is_a_loss_like_any_other():
    async with (
        VoiceLiveSimulator(HELLO, faults=["reset at response.created in session 1"]) as simulator,
        talking(simulator) as talk,
    ):
        talk.client.respond()
        assert (await talk.until(ConnectionInterrupted)).error.code == 1006
        await talk.until(fx.ResponseFinished)


async def test_a_loss_says_which_session_was_lost_and_how():
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator) as talk:
        session_id = talk.client.session_info.id
        await simulator.sessions[0].close(1011, "Internal error")
        interrupted = await talk.until(ConnectionInterrupted)
        error = interrupted.error
        assert (error.code, error.reason, error.session_id) == (1011, "Internal error", session_id)
        assert not error.permanent


async def test_what_is_said_while_there_is_no_connection_reaches_the_next_session():
    async with (
        VoiceLiveSimulator(HELLO) as simulator,
        talking(simulator, recovery=fast(first_delay_s=0.1)) as talk,
    ):
        await simulator.sessions[0].drop()
        await talk.until(ConnectionInterrupted)
        assert not talk.client.is_open
        assert not talk.client.is_ready
        talk.client.send_text("Said into the void.")
        await talk.until(fx.ResponseFinished)
        (item,) = items_of(simulator.sessions[1])
        assert item.content[0].text == "Said into the void."


async def test_several_losses_in_a_row_are_one_interruption_each_time_a_session_was_there():
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator) as talk:
        for count in range(1, 4):
            await simulator.sessions[-1].drop()
            await talk.until(Reconnected, count)
        assert talk.line == ["SessionReady", *["ConnectionInterrupted", "Reconnected"] * 3]
        assert len(open_sessions(simulator)) == 1


async def test_a_loss_while_the_connection_is_being_reopened_is_the_same_interruption():
    faults = ["drop at session.created in session 2", "drop at session.update in session 3"]
    async with VoiceLiveSimulator(HELLO, faults=faults) as simulator, talking(simulator) as talk:
        talk.client.send_text("Remember this.", respond=False)
        await simulator.sessions[0].wait_for_received("conversation.item.create")
        await simulator.sessions[0].drop()
        again = await talk.until(Reconnected)
        assert again.attempts == 3
        assert talk.line == ["SessionReady", "ConnectionInterrupted", "Reconnected"]
        last = simulator.sessions[-1]
        await last.wait_for_received("conversation.item.create")
        assert [item.content[0].text for item in items_of(last)] == ["Remember this."]


@pytest.mark.parametrize(
    ("fault", "attempts"),
    [
        ("refuse 503 at connect 2", 2),
        ("refuse 500 at connect 2", 2),
        ("refuse 429 at connect 2", 2),
        ("hang-up at connect 2", 2),
        ("silent-handshake at connect 2", 2),
        ("slow-handshake 100ms at connect 2", 1),
        ("close 1012 at session.created in session 2", 2),
        ("close 1001 at session.created in session 2", 2),
        ("expire at session.created in session 2", 2),
        ("close 1011 at session.created in session 2", 2),
        ("close 1014 at session.created in session 2", 2),
    ],
)
async def test_what_passes_is_tried_again(fault, attempts):
    async with (
        VoiceLiveSimulator(HELLO, faults=[fault]) as simulator,
        talking(simulator, options=ConnectionOptions(open_timeout_s=0.5)) as talk,
    ):
        await simulator.sessions[0].drop()
        again = await talk.until(Reconnected)
        assert again.attempts == attempts


@pytest.mark.parametrize(
    ("fault", "error_type", "status", "code"),
    [
        ("refuse 401 at connect 2", AuthenticationError, 401, None),
        ("refuse 403 at connect 2", AuthenticationError, 403, None),
        ("refuse 404 at connect 2", ConnectionFailedError, 404, None),
        ("refuse 400 at connect 2", ConnectionFailedError, 400, None),
        ("redirect 307 ws://127.0.0.1:9/ at connect 2", ConnectionFailedError, 307, None),
        ('close 1008 "No." at session.created in session 2', ConnectionFailedError, None, 1008),
        ("close 1000 at session.created in session 2", ConnectionFailedError, None, 1000),
        ("close 3000 at session.updated in session 2", ConnectionFailedError, None, 3000),
    ],
)
async def test_what_does_not_pass_ends_the_call_at_once(fault, error_type, status, code):
    async with VoiceLiveSimulator(HELLO, faults=[fault]) as simulator, talking(simulator) as talk:
        session_id = talk.client.session_info.id
        await simulator.sessions[0].drop()
        lost = await talk.end()
        assert isinstance(lost, ConnectionLost)
        assert isinstance(lost.error, error_type)
        assert lost.error.permanent
        assert lost.error.status == status if status else lost.error.code == code
        assert lost.error.session_id
        if status:
            assert lost.error.session_id == session_id
        assert talk.line.count("ConnectionLost") == 1
        assert not open_sessions(simulator)


async def test_an_error_after_which_another_session_would_be_told_the_same_is_final():
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator) as talk:
        error = {"type": "error", "error": {"type": "server_error", "code": "insufficient_quota"}}
        await simulator.sessions[0].send_event(error)
        await simulator.sessions[0].close(1011)
        lost = await talk.end()
        assert isinstance(lost, ConnectionLost)
        assert (lost.error.reason, lost.error.code) == ("insufficient_quota", 1011)
        assert lost.error.permanent
        assert len(simulator.sessions) == 1


async def test_an_error_that_is_fatal_before_the_session_is_ready_ends_it_though_the_connection_stays_open():
    told = '{"type": "error", "error": {"code": "model_not_supported", "message": "Not here."}}'
    faults = ["lose at session.created", f"send {told} in session 1"]
    async with VoiceLiveSimulator(faults=faults) as simulator, talking(simulator, ready=False) as talk:
        lost = await talk.end()
        assert lost.error.reason == "model_not_supported"
        assert len(simulator.sessions) == 1


async def test_the_budget_ends_with_one_loss():
    async with (
        VoiceLiveSimulator(HELLO, faults=["refuse 503 at every connect 2"]) as simulator,
        talking(simulator, recovery=fast(budget_s=0.3)) as talk,
    ):
        simulator.faults.add("refuse 503 at every connect")
        begun = time.monotonic()
        await simulator.sessions[0].drop()
        lost = await talk.end()
        assert time.monotonic() - begun < 2
        assert lost.error.status == 503
        assert talk.line == ["SessionReady", "ConnectionInterrupted", "ConnectionLost"]


async def test_a_service_that_accepts_and_drops_for_ever_is_given_up():
    async with (
        VoiceLiveSimulator(HELLO, faults=["drop at session.updated"]) as simulator,
        talking(simulator, recovery=fast(budget_s=0.5), ready=False) as talk,
    ):
        lost = await talk.end()
        assert isinstance(lost, ConnectionLost)
        assert not open_sessions(simulator)


async def test_without_a_budget_a_loss_is_final():
    async with (
        VoiceLiveSimulator(HELLO) as simulator,
        talking(simulator, recovery=fast(budget_s=0)) as talk,
    ):
        await simulator.sessions[0].drop()
        await talk.end()
        assert talk.line == ["SessionReady", "ConnectionLost"]


async def test_connecting_tries_again_what_passes_and_takes_a_fresh_token_each_time():
    tokens = iter(["one", "two", "three"])
    faults = ["refuse 503 at connect 1", "hang-up at connect 2"]
    async with (
        VoiceLiveSimulator(HELLO, faults=faults) as simulator,
        talking(simulator, api_key=None, token_provider=lambda: next(tokens)),
    ):
        assert next(tokens, None) is None


@pytest.mark.parametrize(("fault", "status"), [("refuse 401", 401), ("refuse 404", 404)])
async def test_connecting_does_not_try_again_what_stays(fault, status):
    async with VoiceLiveSimulator(faults=[f"{fault} at connect 1"]) as simulator:
        client = VoiceLiveClient(endpoint=simulator.endpoint, api_key="k", model="m", recovery=fast())
        with pytest.raises((ConnectionFailedError, AuthenticationError)) as caught:
            await client.connect()
        assert caught.value.status == status
        assert len(simulator.faults.fired) == 1
        await client.close()


async def test_connecting_gives_up_at_the_end_of_its_budget_and_may_be_called_again():
    faults = ["refuse 503 at every connect"]
    async with VoiceLiveSimulator(faults=faults) as simulator:
        client = VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="k", model="gpt-4.1", recovery=fast(connect_budget_s=0.2)
        )
        with pytest.raises(ConnectionFailedError, match="503"):
            await client.connect()
        assert len(simulator.faults.fired) > 1
        simulator.faults.clear()
        await client.connect()
        assert client.is_open
        await client.close()


@pytest.mark.quiet
async def test_what_the_service_asks_to_wait_is_waited():
    faults = ["refuse 429 retry-after 1s at connect 2"]
    async with VoiceLiveSimulator(HELLO, faults=faults) as simulator, talking(simulator) as talk:
        await simulator.sessions[0].drop()
        again = await talk.until(Reconnected)
        assert 1.0 <= again.away_s < 2.0


@pytest.mark.parametrize(
    "fault",
    [
        "refuse 503 at every connect",
        "silent-handshake at connect 2",
        "slow-handshake 2s at connect 2",
        "lose at session.created in session 2",
        "lose at session.updated in session 2",
    ],
)
async def test_a_close_while_the_connection_is_being_reopened_ends_it_at_once(fault):
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator) as talk:
        simulator.faults.add(fault)
        await simulator.sessions[0].drop()
        await talk.until(ConnectionInterrupted)
        with contextlib.suppress(TimeoutError):
            await simulator.faults.wait_fired(timeout_s=1.0)
        before = time.monotonic()
        await talk.client.close()
        assert time.monotonic() - before < 1.5
        await talk.end()
        opened = len(simulator.sessions)
        for session in simulator.sessions:
            await session.wait_closed()
        assert len(simulator.sessions) == opened
        assert "ConnectionLost" not in talk.line


async def test_a_drop_while_closing_opens_nothing():
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator) as talk:
        closing = asyncio.create_task(talk.client.close())
        await simulator.sessions[0].drop()
        await closing
        await talk.end()
        assert talk.line == ["SessionReady"]
        assert len(simulator.sessions) == 1


async def test_when_the_first_endpoint_is_gone_the_other_takes_over_with_its_own_key_and_model():
    async with (
        VoiceLiveSimulator(HELLO, api_key="first") as first,
        VoiceLiveSimulator(HELLO, api_key="other") as other,
        talking(
            first,
            api_key="first",
            recovery=fast(stable_after_s=0),
            failover=Failover(endpoint=other.endpoint, api_key="other", model="gpt-4.1"),
        ) as talk,
    ):
        first.faults.add("refuse 503 at every connect")
        await first.sessions[0].drop()
        again = await talk.until(Reconnected)
        assert again.attempts == 3
        assert other.sessions[0].handshake.query["model"] == "gpt-4.1"
        talk.client.respond()
        await talk.until(fx.ResponseFinished)
        assert not open_sessions(first)


async def test_an_endpoint_that_refuses_for_good_is_left_at_once_when_connecting_too():
    async with (
        VoiceLiveSimulator(HELLO, faults=["refuse 401 at every connect"]) as first,
        VoiceLiveSimulator(HELLO) as other,
        talking(first, failover=Failover(endpoint=other.endpoint)),
    ):
        assert len(first.faults.fired) == 1
        assert len(other.sessions) == 1


async def test_when_both_refuse_for_good_that_is_the_end():
    async with (
        VoiceLiveSimulator(HELLO, faults=["refuse 401 at every connect"]) as first,
        VoiceLiveSimulator(HELLO, faults=["refuse 404 at every connect"]) as other,
    ):
        client = VoiceLiveClient(
            endpoint=first.endpoint,
            api_key="k",
            model="m",
            recovery=fast(),
            failover=Failover(endpoint=other.endpoint),
        )
        with pytest.raises(ConnectionFailedError, match="404"):
            await client.connect()
        await client.close()
        assert (len(first.faults.fired), len(other.faults.fired)) == (1, 1)


async def test_an_endpoint_whose_sessions_do_not_last_is_left_for_the_other():
    async with (
        VoiceLiveSimulator(HELLO, faults=["drop after 50ms"]) as first,
        VoiceLiveSimulator(HELLO) as other,
        talking(first, failover=Failover(endpoint=other.endpoint)) as talk,
    ):
        await other.wait_for_session()
        await talk.until(Reconnected, 2)
        assert len(first.sessions) == 2


async def test_a_later_session_that_takes_no_options_is_final_and_the_other_endpoint_is_asked_first():
    faults = ["reject invalid_value at session.update in session 2"]
    async with VoiceLiveSimulator(HELLO, faults=faults) as simulator, talking(simulator) as talk:
        await simulator.sessions[0].drop()
        lost = await talk.end()
        assert isinstance(lost, ConnectionLost)
        assert (lost.error.reason, lost.error.permanent) == ("invalid_value", True)
        assert not talk.told(fx.SessionRefused)
    async with (
        VoiceLiveSimulator(HELLO, faults=faults) as first,
        VoiceLiveSimulator(HELLO) as other,
        talking(first, failover=Failover(endpoint=other.endpoint)) as talk,
    ):
        await first.sessions[0].drop()
        await talk.until(Reconnected)
        assert len(other.sessions) == 1


async def test_a_token_that_cannot_be_had_in_the_middle_of_a_call_is_asked_for_again():
    tokens = iter(["one", "", "", "two"])
    async with (
        VoiceLiveSimulator(HELLO) as simulator,
        talking(simulator, api_key=None, token_provider=lambda: next(tokens)) as talk,
    ):
        await simulator.sessions[0].drop()
        assert (await talk.until(Reconnected)).attempts == 3


async def test_a_network_that_is_gone_for_a_while_is_survived():
    simulator = VoiceLiveSimulator(HELLO)
    async with simulator:
        port = int(simulator.endpoint.rsplit(":", 1)[1])
        async with talking(simulator) as talk:
            await simulator.aclose()  # nobody listens there any more
            await talk.until(ConnectionInterrupted)
            async with VoiceLiveSimulator(HELLO, port=port) as again:
                await talk.until(Reconnected)
                talk.client.respond()
                await talk.until(fx.ResponseFinished)
                assert len(again.sessions) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget_s": -1},
        {"first_delay_s": "1"},
        {"longest_delay_s": float("nan")},
        {"answer_timeout_s": 0},
        {"max_session_age_s": 0},
        {"failover_after": 0},
        {"first_delay_s": 3, "longest_delay_s": 1},
        {"budget_s": None},
        {"stable_after_s": True},
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(wrong):
    with pytest.raises(ConfigurationError, match=next(reversed(wrong))):
        RecoveryOptions(**wrong)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"endpoint": "ftp://x"}, "scheme"),
        ({"endpoint": "https://r.services.ai.azure.com", "api_key": "k", "token_provider": str}, "one way"),
        ({"endpoint": "https://r.services.ai.azure.com", "api_key": ""}, "api_key is empty"),
    ],
)
def test_a_failover_that_cannot_work_is_refused_at_once(wrong, told):
    with pytest.raises(ConfigurationError, match=told):
        VoiceLiveClient(endpoint="ws://127.0.0.1:9", api_key="k", model="m", failover=Failover(**wrong))


async def test_a_token_that_takes_too_long_is_not_blamed_on_the_network():
    async def slow():
        await asyncio.sleep(60)

    async with VoiceLiveSimulator(HELLO) as simulator:
        client = VoiceLiveClient(
            endpoint=simulator.endpoint,
            model="gpt-realtime",
            token_provider=slow,
            recovery=fast(connect_budget_s=0.0),
            options=ConnectionOptions(open_timeout_s=0.2),
        )
        with pytest.raises(ConnectionFailedError, match=r"The token did not come within 0\.2 s"):
            await client.connect()
        await client.close()


async def test_what_the_caller_says_while_no_session_becomes_ready_comes_to_the_one_that_does():
    async with (
        VoiceLiveSimulator(HELLO, faults=["close 1012 at session.created in session 2"]) as simulator,
        talking(simulator) as talk,
    ):
        await simulator.sessions[0].drop()
        await talk.until(ConnectionInterrupted)
        for second in range(12):
            talk.client.send_audio(bytes([second]) * 48_000)
        await talk.until(Reconnected)
        third = simulator.sessions[2]

        def heard():
            return b"".join(event.audio for event in third.received("input_audio_buffer.append"))

        async with asyncio.timeout(3):
            while len(heard()) < 12 * 48_000:  # noqa: ASYNC110 - so many events, nobody knows how many
                await asyncio.sleep(0.02)
        assert heard() == b"".join(bytes([second]) * 48_000 for second in range(12))
