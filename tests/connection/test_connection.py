"""Opening, reading, writing and losing a connection, over real sockets."""

import asyncio
import contextlib
import logging
import socket

import pytest
from loguru import logger
from websockets.asyncio.server import serve

from pipecat_voicelive.connection.auth import choose_auth
from pipecat_voicelive.connection.connection import ConnectionOptions, open_connection
from pipecat_voicelive.errors import AuthenticationError, ConnectionFailedError, VoiceLiveError
from pipecat_voicelive.protocol.client_events import InputAudioBufferAppendEvent, ResponseCreateEvent
from pipecat_voicelive.protocol.server_events import SessionCreated, UnknownEvent

AUTH = choose_auth(api_key="SECRET-KEY")


@contextlib.asynccontextmanager
async def server(handler, **options):
    async with serve(handler, "127.0.0.1", 0, **options) as running:
        yield f"ws://127.0.0.1:{running.sockets[0].getsockname()[1]}"


@contextlib.asynccontextmanager
async def connected(handler, options=None, **server_options):
    async with server(handler, **server_options) as url:
        connection = await open_connection(url, AUTH, options or ConnectionOptions())
        try:
            yield connection
        finally:
            await connection.close()


def answering(status, **headers):
    def respond(connection, _request):
        response = connection.respond(status, "")
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    return respond


async def nothing(websocket):
    await websocket.wait_closed()


async def test_events_come_out_typed_and_in_order():
    async def speak(websocket):
        await websocket.send('{"type":"session.created","session":{"id":"sess_1"}}')
        await websocket.send('{"type":"something.new","x":1}')

    async with connected(speak) as connection:
        events = [event async for event in connection]
    assert [type(event) for event in events] == [SessionCreated, UnknownEvent]


async def test_what_is_sent_arrives_whole_and_in_order_without_waiting():
    received = asyncio.Queue()

    async def listen(websocket):
        async for message in websocket:
            received.put_nowait(message)

    async with connected(listen) as connection:
        connection.send(ResponseCreateEvent(event_id="e1"))
        connection.send(InputAudioBufferAppendEvent(audio=b"\x01\x02\x03"))
        assert await received.get() == '{"type":"response.create","event_id":"e1"}'
        assert await received.get() == '{"type":"input_audio_buffer.append","audio":"AQID"}'


async def test_a_close_tells_code_and_reason():
    async def leave(websocket):
        await websocket.close(1001, "session expired")

    async with connected(leave) as connection:
        assert [event async for event in connection] == []
        error = connection.lost_error()
    assert (error.code, error.reason) == (1001, "session expired")
    with pytest.raises(ConnectionFailedError, match="session expired"):
        connection.send(ResponseCreateEvent())


async def test_what_is_written_to_a_broken_connection_is_refused_once_that_is_known(caplog):
    peers = asyncio.Queue()

    def send_often(connection):
        for _ in range(20):
            connection.send(ResponseCreateEvent())

    async def stay(websocket):
        peers.put_nowait(websocket)
        await websocket.wait_closed()

    async with connected(stay) as connection:
        peer = await peers.get()
        peer.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        with pytest.raises(ConnectionFailedError):
            send_often(connection)  # in one step: nobody was told yet
        assert [event async for event in connection] == []
    assert "exception" not in caplog.text  # of asyncio, which counts what is written to nobody


async def test_a_peer_that_stops_reading_is_noticed_and_not_waited_for():
    release = asyncio.Event()

    async def deaf(websocket):
        websocket.transport.pause_reading()
        await release.wait()

    options = ConnectionOptions(max_unsent_bytes=1_000_000)

    def send_much(connection):
        for _ in range(1000):
            connection.send(InputAudioBufferAppendEvent(audio=bytes(100_000)))

    async with connected(deaf, options, max_size=None, close_timeout=0.1) as connection:
        with pytest.raises(ConnectionFailedError, match="stopped reading"):
            send_much(connection)
        assert [event async for event in connection] == []
        assert "stopped reading" in str(connection.lost_error())
        release.set()


async def test_audio_has_arrived_when_a_ping_after_it_is_answered():
    reads, done = asyncio.Event(), asyncio.Event()

    async def deaf_at_first(websocket):
        websocket.transport.pause_reading()
        await reads.wait()
        websocket.transport.resume_reading()
        await done.wait()

    quick = ConnectionOptions(ping_interval_s=0.2)
    async with connected(deaf_at_first, quick) as connection:
        connection.send(InputAudioBufferAppendEvent(audio=bytes(100)))
        assert connection.arrived_audio_bytes == 0
        reads.set()
        async with asyncio.timeout(5):
            while connection.arrived_audio_bytes < 100:  # noqa: ASYNC110 - nobody tells of a pong
                await asyncio.sleep(0.01)
        connection.send(InputAudioBufferAppendEvent(audio=bytes(50)))
        assert connection.arrived_audio_bytes == 100
        done.set()


async def test_without_pings_all_that_was_sent_counts_as_arrived():
    async with connected(nothing, ConnectionOptions(ping_interval_s=None)) as connection:
        connection.send(InputAudioBufferAppendEvent(audio=bytes(100)))
        assert connection.arrived_audio_bytes == 100


async def test_a_message_of_many_megabytes_is_taken():
    async def shout(websocket):
        await websocket.send('{"type":"response.video.delta","delta":"' + "A" * 20_000_000 + '"}')

    async with connected(shout) as connection:
        (event,) = [event async for event in connection]
    assert len(event.delta) == 20_000_000


@pytest.mark.parametrize(
    ("status", "error_type", "hint", "permanent"),
    [
        (400, ConnectionFailedError, "the api_version", True),
        (401, AuthenticationError, "key was refused", None),
        (403, AuthenticationError, "Networking", None),
        (404, ConnectionFailedError, "Check the endpoint", True),
        (429, ConnectionFailedError, "quota", False),
        (503, ConnectionFailedError, "not available", False),
        (500, ConnectionFailedError, "HTTP 500", False),
    ],
)
async def test_a_refused_handshake_says_who_must_do_what(status, error_type, hint, permanent):
    async with server(nothing, process_request=answering(status, Retry_After="7")) as url:
        with pytest.raises(error_type, match=hint) as caught:
            await open_connection(url, AUTH, ConnectionOptions())
    assert caught.value.status == status
    if permanent is not None:
        assert caught.value.permanent is permanent
        assert caught.value.retry_after_s == 7
    assert "SECRET" not in repr(caught.value)


@pytest.mark.parametrize("status", [307, 401, 429])
async def test_not_even_a_traceback_with_its_variables_holds_the_key(status):
    lines = []
    sink = logger.add(lines.append, backtrace=True, diagnose=True)
    async with server(nothing, process_request=answering(status)) as url:
        try:
            await open_connection(url, AUTH, ConnectionOptions())
        except VoiceLiveError as error:
            logger.opt(exception=error).error("refused")
    logger.remove(sink)
    assert lines
    assert "SECRET" not in "".join(lines)


def test_options_keep_headers_and_proxies_to_themselves():
    options = ConnectionOptions(headers={"x-token": "SECRET"}, proxy="http://me:SECRET@proxy")
    assert "SECRET" not in repr(options)


@pytest.mark.proves("feature.redirects")
async def test_a_redirect_is_not_followed_so_that_the_key_stays_here():
    seen = []

    def remember(_connection, request):
        seen.append(request.headers.get("api-key"))

    async with (
        server(nothing, process_request=remember) as elsewhere,
        server(nothing, process_request=answering(307, Location=elsewhere)) as url,
    ):
        with pytest.raises(ConnectionFailedError, match="redirects") as caught:
            await open_connection(url, AUTH, ConnectionOptions())
    assert caught.value.permanent
    assert seen == []


async def test_a_server_that_accepts_and_says_nothing_times_out():
    async def silent(_reader, writer):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    with pytest.raises(ConnectionFailedError, match=r"did not answer within 0\.05 s"):
        await open_connection(url, AUTH, ConnectionOptions(open_timeout_s=0.05))
    listener.close()


async def test_no_server_at_all_is_a_connection_that_failed():
    with pytest.raises(ConnectionFailedError, match=r"Nothing listens at 127\.0\.0\.1:9\."):
        await open_connection("ws://127.0.0.1:9", AUTH, ConnectionOptions())


async def test_no_log_at_any_level_holds_the_key_or_what_was_said(caplog):
    async def speak(websocket):
        await websocket.send('{"type":"response.text.delta","delta":"TRANSCRIPT"}')
        await websocket.recv()

    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets").setLevel(logging.DEBUG)
    async with connected(speak, process_request=lambda *_: None) as connection:
        connection.send(InputAudioBufferAppendEvent(audio=b"AUDIO"))
        assert [event async for event in connection]
    ours = [record for record in caplog.records if not record.name.startswith("websockets.server")]
    assert not [r for r in ours if any(s in r.getMessage() for s in ("SECRET-KEY", "TRANSCRIPT", "QVVESU8"))]
