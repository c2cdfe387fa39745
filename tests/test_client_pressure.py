"""A client whose application is slow, and whose service is fast, large or deaf; over real sockets."""

import asyncio
import base64
import contextlib
import json
import socket

import pytest
from websockets.asyncio.server import serve

from pipecat_voicelive import VoiceLiveClient
from pipecat_voicelive.client import ConnectionLost, Reconnected
from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.connection.recovery import NEVER, RecoveryOptions
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.signals import AnswerCut

MIB = 2**20
SPEECH_STARTED = '{"type":"input_audio_buffer.speech_started","item_id":"u1","audio_start_ms":0}'


def delta(audio, response_id="r1"):
    content = base64.b64encode(audio).decode()
    return json.dumps(
        {"type": "response.audio.delta", "response_id": response_id, "item_id": "i1", "delta": content}
    )


def of_response(kind, response_id="r1"):
    return json.dumps({"type": kind, "response": {"id": response_id, "status": "completed"}})


async def until(client, kind):
    """The signals, up to the first of a kind."""
    async for signal in client:
        yield signal
        if isinstance(signal, kind):
            return


@contextlib.asynccontextmanager
async def talking_to(say, *, recovery=NEVER, through=None, **options):
    """A client in session with a service that says what `say` does."""

    async def serve_session(websocket):
        await websocket.send('{"type":"session.created","session":{"id":"s"}}')
        await websocket.recv()
        await websocket.send('{"type":"session.updated","session":{"id":"s"}}')
        await say(websocket)
        await websocket.wait_closed()

    async with (
        contextlib.AsyncExitStack() as lines,
        serve(serve_session, "127.0.0.1", 0, max_size=None, close_timeout=0.1, ping_interval=None) as server,
    ):
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        if through:
            url = await lines.enter_async_context(slow_line(url, through))
        client = VoiceLiveClient(
            endpoint=url,
            api_key="key",
            model="gpt-4.1",
            options=ConnectionOptions(**options),
            recovery=recovery,
        )
        client.configure({"instructions": "x"})
        try:
            async with client:
                yield client
        finally:
            server.close(close_connections=False)


@pytest.mark.quiet
async def test_a_client_that_is_not_read_stays_connected_and_small():
    sent = asyncio.Event()

    async def speak(websocket):
        await websocket.send(of_response("response.created"))
        for _ in range(400):
            await websocket.send(delta(bytes(48_000)))
        await websocket.send(of_response("response.done"))
        await websocket.send(SPEECH_STARTED)
        sent.set()

    options = {"ping_interval_s": 0.3, "max_waiting_bytes": 2 * MIB}
    async with talking_to(speak, **options) as client:
        async with asyncio.timeout(10):
            await sent.wait()
        await asyncio.sleep(1.0)  # longer than two pings may stay unanswered
        assert client.is_open
        signals = [signal async for signal in until(client, fx.UserSpeechStarted)]
    heard_bytes = sum(len(signal.audio) for signal in signals if isinstance(signal, fx.Audio))
    assert MIB < heard_bytes <= 2 * MIB + 48_000
    assert sum(isinstance(signal, AnswerCut) for signal in signals) == 1
    assert sum(isinstance(signal, fx.ResponseClosed) for signal in signals) == 1


async def test_messages_of_31_mib_pass_in_both_directions():
    received = asyncio.get_running_loop().create_future()
    size = 23 * MIB  # 31 MiB in base64

    async def echo(websocket):
        await websocket.send(of_response("response.created"))
        await websocket.send(delta(bytes(size)))
        await asyncio.sleep(0.1)  # what is sent meanwhile waits
        received.set_result([len(await websocket.recv()) for _ in range(2)])

    async with talking_to(echo) as client:
        async for signal in client:
            if isinstance(signal, fx.Audio):
                assert len(signal.audio) == size
                break
        client.send_audio(bytes(size))
        client.send_audio(bytes(960))
        async with asyncio.timeout(20):
            large, small = await received
        assert large > 30 * MIB > small


@contextlib.asynccontextmanager
async def slow_line(endpoint, bytes_per_s):
    """A line to an endpoint that takes so many bytes a second, either way, and holds hardly any."""
    port, piece, lines = int(endpoint.rsplit(":", 1)[1]), bytes_per_s // 50, set()

    async def forward(reader, writer):
        while data := await reader.read(piece):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(len(data) / bytes_per_s)

    async def joined(reader, writer):
        lines.add(asyncio.current_task())
        there = socket.socket()
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        there.setblocking(False)
        await asyncio.get_running_loop().sock_connect(there, ("127.0.0.1", port))
        far_reader, far_writer = await asyncio.open_connection(sock=there, limit=piece)
        try:
            await asyncio.gather(forward(reader, far_writer), forward(far_reader, writer))
        finally:
            writer.close()
            far_writer.close()

    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    server = await asyncio.start_server(joined, sock=listening, limit=piece)
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.close()
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)


@pytest.mark.parametrize("direction", ["to the service", "from the service"])
@pytest.mark.quiet
async def test_a_large_message_on_a_slow_line_is_no_silence(direction):
    received = asyncio.get_running_loop().create_future()

    async def say(websocket):
        if direction == "from the service":
            await websocket.send(delta(bytes(9 * MIB)))
        else:
            received.set_result(len(await websocket.recv()))
        await websocket.send(SPEECH_STARTED)

    options = {"ping_interval_s": 0.4, "stall_timeout_s": 1.0}
    async with talking_to(say, through=6 * MIB, **options) as client, asyncio.timeout(20):
        assert [signal async for signal in until(client, fx.SessionReady)]
        if direction == "to the service":
            client.send_audio(bytes(9 * MIB))
        signals = [signal async for signal in until(client, fx.UserSpeechStarted | ConnectionLost)]
    assert isinstance(signals[-1], fx.UserSpeechStarted), signals[-1]


SOON = RecoveryOptions(budget_s=0.6, first_delay_s=0.05, longest_delay_s=0.1)


async def test_after_a_message_larger_than_the_limit_the_conversation_goes_on():
    connections = 0

    async def shout_at_first(websocket):
        nonlocal connections
        connections += 1
        await websocket.send(delta(bytes(MIB)) if connections == 1 else SPEECH_STARTED)

    async with talking_to(shout_at_first, recovery=SOON, max_message_bytes=MIB) as client:
        _, interrupted, reconnected, _ = [signal async for signal in until(client, fx.UserSpeechStarted)]
    assert "max_message_bytes" in str(interrupted.error)
    assert isinstance(reconnected, Reconnected)


async def test_messages_that_are_always_larger_than_the_limit_end_with_one_error_that_names_the_option():
    async def shout(websocket):
        await websocket.send(delta(bytes(MIB)))

    async with talking_to(shout, recovery=SOON, max_message_bytes=MIB) as client:
        signals = [signal async for signal in client]
    (lost,) = [signal for signal in signals if isinstance(signal, ConnectionLost)]
    assert "max_message_bytes" in str(lost.error)


@pytest.mark.quiet
async def test_a_peer_that_reads_nothing_costs_no_time_and_no_more_memory_than_is_allowed():
    deaf, over = asyncio.Event(), asyncio.Event()

    async def stop_reading(websocket):
        websocket.transport.pause_reading()
        deaf.set()
        await over.wait()
        websocket.transport.abort()

    async with talking_to(stop_reading, max_unsent_bytes=4 * MIB, close_timeout_s=0.5) as client:
        await deaf.wait()
        loop = asyncio.get_running_loop()
        longest_s, sent = 0.0, 0
        while client.is_open and sent < 100:
            begun_s = loop.time()
            client.send_audio(bytes(640_000))
            client.interrupt()
            longest_s = max(longest_s, loop.time() - begun_s)
            sent += 1
            await asyncio.sleep(0)
        assert longest_s < 0.1
        assert sent < 20
        begun_s = loop.time()
        await client.close()
        assert loop.time() - begun_s < 2
        over.set()
