"""Handshakes that go wrong, as a client sees them."""

import asyncio
import time

import pytest
from voice_live_client import QUERY
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus


def connecting(simulator, **options):
    url = f"{simulator.endpoint}{QUERY}gpt-realtime"
    return connect(url, additional_headers={"api-key": "k"}, **options)


async def refused(simulator):
    with pytest.raises(InvalidStatus) as error:
        async with connecting(simulator):
            pass
    return error.value.response


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 599])
async def test_a_handshake_is_refused_with_any_status(start, status):
    response = await refused(await start(faults=[f"refuse {status}"]))
    assert response.status_code == status
    assert "retry-after" not in response.headers


async def test_a_refusal_may_say_when_to_try_again_and_why(start):
    simulator = await start(faults=['refuse 429 "Slow down." retry-after 2s at connect 1'])
    response = await refused(simulator)
    assert response.headers["retry-after"] == "2"
    assert response.body == b"Slow down.\n"
    async with connecting(simulator):
        pass


async def test_a_redirect_says_where_to_go(start):
    where = "wss://elsewhere.example/voice-live/realtime"
    for status in (301, 302, 307, 308):
        simulator = await start(faults=[f"redirect {status} {where}"])
        host, port = simulator.endpoint.removeprefix("ws://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET {QUERY}m HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        answer = (await reader.read()).decode()
        writer.close()
        assert answer.startswith(f"HTTP/1.1 {status}")
        assert f"Location: {where}" in answer


async def test_a_handshake_may_be_slow(start):
    simulator = await start(faults=["slow-handshake 200ms at connect 1"])
    began = time.monotonic()
    async with connecting(simulator):
        assert time.monotonic() - began > 0.19


async def test_a_handshake_may_be_silent_and_does_not_hold_up_the_end(start):
    simulator = await start(faults=["silent-handshake"])
    with pytest.raises(TimeoutError):
        async with connecting(simulator, open_timeout=0.2):
            pass
    waiting = asyncio.create_task(connecting(simulator, open_timeout=5).__aenter__())
    await simulator.faults.wait_fired(2)
    await asyncio.wait_for(simulator.aclose(), 5)
    with pytest.raises((InvalidHandshake, OSError, EOFError)):
        await waiting


async def test_a_connection_may_be_accepted_and_then_closed(start):
    simulator = await start(faults=["hang-up at connect 1"])
    with pytest.raises((InvalidHandshake, OSError, EOFError)):
        async with connecting(simulator):
            pass
    async with connecting(simulator):
        pass


async def test_faults_are_planned_and_dropped_while_the_simulator_runs(start):
    simulator = await start()
    fault = simulator.faults.add("refuse 503")
    assert (await refused(simulator)).status_code == 503
    assert list(simulator.faults) == [fault]
    simulator.faults.clear()
    async with connecting(simulator):
        pass
    assert simulator.faults.fired == (fault,)
    assert len(simulator.faults) == 0


async def test_a_simulator_that_is_used_again_has_its_slow_handshakes_again(start):
    simulator = await start(faults=["slow-handshake 200ms"])
    await simulator.aclose()
    async with simulator:
        began_s = time.monotonic()
        async with connecting(simulator):
            assert time.monotonic() - began_s > 0.19
