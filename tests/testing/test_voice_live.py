"""A simulated service as a test holds it: its caller, its faults and the wire, from another thread."""

import asyncio
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.errors import ConfigurationError
from simulator.voice_live_client import QUERY
from testing.conftest import settled


async def test_the_simulated_caller_speaks_to_whatever_client_there_is(simulate, join):
    service = simulate({"turns": [{"user": "How are you?", "say": "Very well."}]}, speed=20)
    await join(service, session={"turn_detection": {"type": "server_vad"}})
    await service.ready()
    await service.do(service.session.caller_says("How are you?"))
    await service.answered()
    service.expect.conversation("caller: How are you?", "bot: Very well.")
    service.expect.manners()


async def test_each_wait_for_an_answer_is_for_the_next(simulate, join):
    service = simulate({"turns": [{"user": "One", "say": "First."}, {"user": "Two", "say": "Second."}]})
    client = await join(service)
    await client.ask("One")
    await service.answered()
    with pytest.raises(AssertionError, match="in vain for an answer"):
        await service.answered(timeout_s=0.1)
    await client.ask("Two")
    await service.answered()


def test_a_plain_test_waits_without_an_event_loop(simulate):
    service = simulate()
    with pytest.raises(AssertionError, match=r"waited 0.05 s in vain for a session to be configured"):
        service.wait_ready(timeout_s=0.05)
    with pytest.raises(AssertionError, match=r"for an answer\n\nThe conversation:\n\(nothing happened"):
        service.wait_answered(timeout_s=0.05)
    with pytest.raises(AssertionError, match=r"no client has connected to ws://127"):
        _ = service.session


async def test_faults_come_with_the_options_and_what_they_break_is_seen(simulate, join):
    service = simulate(faults=["drop at response.created"])
    client = await join(service)
    with pytest.raises(ConnectionClosed):
        await client.ask("Hello")
    await settled(service)
    service.expect.sent("response.create", times=1)
    service.expect.not_said("You said")
    assert "(fault: drop at response.created)" in service.transcript


async def test_the_connection_is_cut_from_the_tests_own_thread(simulate, join):
    service = simulate()
    client = await join(service)
    await service.do(service.session.drop())
    with pytest.raises(ConnectionClosed):
        await client.ask("Hello")


async def inject(service, fault):
    service.session.inject(fault)


async def inject_from_a_thread(service, fault):
    await asyncio.to_thread(service.session.inject, fault)


@pytest.mark.parametrize("from_here", [inject, inject_from_a_thread])
async def test_something_goes_wrong_when_a_test_says_so(simulate, join, from_here):
    service = simulate()
    client = await join(service)
    await from_here(service, "go-silent for 10ms")
    await from_here(service, "drop after 20ms")
    with pytest.raises(ConnectionClosed):
        await client.until("never")


def test_a_client_that_does_not_answer_holds_up_the_end_of_a_test_for_a_second_only(simulate):
    service = simulate()
    with socket.create_connection(service.endpoint.removeprefix("ws://").split(":")) as silent:
        silent.sendall(
            f"GET {QUERY}gpt-4.1 HTTP/1.1\r\nHost: localhost\r\napi-key: {service.api_key}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
        )
        service.wait_until(lambda: service.record.wire, "the session to begin")
        began_s = time.monotonic()
        service.close()
    assert time.monotonic() - began_s < 5
    assert service.session.close_code == 1006


def test_an_option_that_the_simulator_does_not_have_is_refused(simulate):
    with pytest.raises(
        ConfigurationError, match="'sped' is no option of the simulator; did you mean 'speed'"
    ):
        simulate(sped=1)
    with pytest.raises(ConfigurationError, match="speed must be positive"):
        simulate(speed=0)
