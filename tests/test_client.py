"""The client's life: connecting, closing, and both at once, over real sockets."""

import asyncio
import contextlib
import json
import math

import pytest
from websockets.asyncio.server import serve

from pipecat_voicelive import RecoveryOptions, VoiceLiveClient
from pipecat_voicelive.client import ConnectionLost
from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.errors import ConfigurationError, ConnectionFailedError, ProtocolError
from pipecat_voicelive.protocol.session_options import InputAudioEchoCancellation
from pipecat_voicelive.session.effects import ResponseFinished, SessionRefused
from pipecat_voicelive.simulator import VoiceLiveSimulator


@contextlib.asynccontextmanager
async def serving(handler, **options):
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def client_of(url, **options):
    return VoiceLiveClient(
        endpoint=url,
        api_key="key",
        model="gpt-4.1",
        options=ConnectionOptions(**options),
        recovery=RecoveryOptions(budget_s=0, connect_budget_s=0),
    )


class SlowHandshake:
    """A server's handshake that waits."""

    def __init__(self):
        self.begun, self.go_on, self.connections = asyncio.Event(), asyncio.Event(), []

    async def process_request(self, connection, _request):
        self.connections.append(connection)
        self.begun.set()
        await self.go_on.wait()

    async def all_closed(self):
        async with asyncio.timeout(2):
            for connection in self.connections:
                await connection.wait_closed()


async def silent(websocket):
    await websocket.wait_closed()


async def test_a_close_while_connecting_ends_the_connecting_and_the_iterator():
    slow = SlowHandshake()
    async with serving(silent, process_request=slow.process_request) as url:
        client = client_of(url)
        connecting = asyncio.create_task(client.connect())
        await slow.begun.wait()
        await client.close()
        for _ in range(5):  # again, at every step of the unwinding
            await client.close()
            await asyncio.sleep(0)
        async with asyncio.timeout(1):
            await connecting
        assert [signal async for signal in client] == []
        await slow.all_closed()
        slow.go_on.set()


async def test_a_close_just_when_the_connection_opens_leaves_nothing_open():
    slow = SlowHandshake()
    async with serving(silent, process_request=slow.process_request) as url:
        for ticks in range(12):
            slow.begun.clear()
            before = asyncio.all_tasks()
            client = client_of(url)
            connecting = asyncio.create_task(client.connect())
            await slow.begun.wait()
            slow.go_on.set()
            for _ in range(ticks):
                await asyncio.sleep(0)
            await client.close()
            await connecting
            assert not client.is_open
            assert not [
                task for task in asyncio.all_tasks() - before if task.get_name() == "voicelive-reader"
            ]
            await slow.all_closed()
            slow.go_on.clear()


async def test_cancelling_a_connect_leaves_nothing_open_and_it_may_be_tried_again():
    slow = SlowHandshake()
    async with serving(silent, process_request=slow.process_request) as url:
        client = client_of(url)
        connecting = asyncio.create_task(client.connect())
        await slow.begun.wait()
        with pytest.raises(ProtocolError):
            await client.connect()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await slow.all_closed()
        slow.go_on.set()
        await client.connect()
        assert client.is_open
        await client.close()
        await slow.all_closed()


async def test_what_is_said_to_a_closed_client_leaves_nothing_behind():
    client = client_of("ws://127.0.0.1:9")
    with pytest.raises(ConnectionFailedError):
        await client.connect()
    await client.close()
    for _ in range(600):
        client.send_audio(bytes(960))  # far more than is held for a session that comes
    assert [signal async for signal in client] == []
    assert not client.answer_pending


async def test_a_peer_that_does_not_answer_the_close_is_not_waited_for_long():
    release = asyncio.Event()

    async def deaf(websocket):
        websocket.transport.pause_reading()
        await release.wait()

    async with serving(deaf, close_timeout=0.01) as url:
        client = client_of(url, close_timeout_s=0.05)
        await client.connect()
        async with asyncio.timeout(1):
            await asyncio.gather(client.close(), client.close())
        release.set()


async def test_a_message_that_is_too_large_says_which_bound_it_passed():
    async def shout(websocket):
        await websocket.send(json.dumps({"type": "response.text.delta", "delta": "x" * 2000}))
        await websocket.wait_closed()

    async with serving(shout) as url:
        client = client_of(url, max_message_bytes=1000)
        await client.connect()
        (lost,) = [signal async for signal in client]
    assert isinstance(lost, ConnectionLost)
    assert "max_message_bytes" in str(lost.error)
    await client.close()


async def test_a_client_without_options_of_its_own_asks_for_the_services_defaults():
    async with VoiceLiveSimulator({"greeting": "Hello."}, speed=math.inf) as simulator:
        async with client_of(simulator.endpoint) as client:
            client.respond()
            async with asyncio.timeout(5):
                async for signal in client:
                    if isinstance(signal, ResponseFinished):
                        break
        assert simulator.sessions[0].received("session.update")[0].session == {}


async def test_options_that_are_refused_end_the_iterator():
    async with VoiceLiveSimulator() as simulator:
        client = VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="key", model="gpt-4.1", session={"no_such_option": 1}
        )
        async with client, asyncio.timeout(5):
            signals = [signal async for signal in client]
            assert isinstance(signals[-1], SessionRefused)
            assert not client.is_open
            await simulator.sessions[0].wait_closed()


async def test_video_that_nobody_takes_stops_the_reading_before_much_of_it_waits():
    pieces, all_sent = 128, asyncio.Event()

    async def film(websocket):
        for _ in range(pieces):
            await websocket.send('{"type": "response.video.delta", "delta": "' + "A" * 2**19 + '"}')
        all_sent.set()
        await websocket.wait_closed()

    async with serving(film) as url, client_of(url) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(all_sent.wait(), 1)
        signals = aiter(client)
        async with asyncio.timeout(10):
            taken = [await anext(signals) for _ in range(pieces)]
    assert {len(video.data) for video in taken} == {2**19 * 3 // 4}


@pytest.mark.parametrize("echo", [dict, InputAudioEchoCancellation])
def test_an_echo_reference_is_refused_when_it_is_configured_later_too(echo):
    client = VoiceLiveClient(endpoint="ws://127.0.0.1:9", api_key="k", model="m", api_version="2025-10-01")
    with pytest.raises(ConfigurationError, match="2026-06-01-preview"):
        client.configure({"input_audio_echo_cancellation": echo(reference_source="client", channels=2)})
