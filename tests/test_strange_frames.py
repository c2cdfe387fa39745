"""WebSocket frames that no server should send: the conversation goes on, or ends with one clear error."""

import asyncio
import contextlib

import pytest

from pipecat_voicelive.client import ConnectionLost
from pipecat_voicelive.session import effects as fx
from test_client_pressure import SPEECH_STARTED, talking_to, until

TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA


def frame(opcode, payload=b"", *, final=True, reserved=0, mask=False):
    head = bytes([(0x80 if final else 0) | reserved | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([size | (0x80 if mask else 0)])
    else:
        head += bytes([126 | (0x80 if mask else 0)]) + size.to_bytes(2, "big")
    return head + (bytes(4) if mask else b"") + payload


EVENT = SPEECH_STARTED.encode()
HARMLESS = {
    "a flood of pings": frame(PING, b"x") * 5000,
    "pongs that nobody asked for": frame(PONG, b"x") * 5000,
    "a message in pieces of a byte": b"".join(
        frame(CONTINUED if at else TEXT, EVENT[at : at + 1], final=False) for at in range(len(EVENT))
    )
    + frame(CONTINUED),
    "pings within a message": frame(TEXT, EVENT[:9], final=False)
    + frame(PING) * 100
    + frame(CONTINUED, EVENT[9:]),
    "empty messages": frame(TEXT) * 1000 + frame(BINARY) * 1000,
    "an event in a binary message": frame(BINARY, EVENT),
}
FATAL = {
    "a masked frame": frame(TEXT, b"ocelot", mask=True),
    "a compressed frame": frame(TEXT, b"ocelot", reserved=0x40),
    "a reserved opcode": frame(0x5, b"ocelot"),
    "a continuation of nothing": frame(CONTINUED, b"ocelot"),
    "a second message within the first": frame(TEXT, b"ocelot", final=False) + frame(TEXT, b"ocelot"),
    "a ping in pieces": frame(PING, b"ocelot", final=False),
    "a ping that is too long": frame(PING, b"ocelot" * 40),
    "a close with half a code": frame(CLOSE, b"\x03"),
    "a close with a code that is none": frame(CLOSE, (5).to_bytes(2, "big") + b"ocelot"),
    "a close with a reason that is no text": frame(CLOSE, (1000).to_bytes(2, "big") + b"\xff"),
    "text that is no UTF-8": frame(TEXT, b"ocelot \xff"),
    "text cut off within a character": frame(TEXT, "ocelot é".encode()[:-1]),
    "pieces without end": frame(TEXT, final=False) + frame(CONTINUED, final=False) * 10_000,
    "no frame at all": b"HTTP/1.1 500 ocelot\r\n\r\n" * 9,
}


@pytest.mark.parametrize("kind", HARMLESS)
async def test_frames_that_are_merely_odd_change_nothing(kind):
    async def say(websocket):
        websocket.transport.write(HARMLESS[kind])
        await websocket.send(SPEECH_STARTED)

    async with talking_to(say) as client, asyncio.timeout(10):
        signals = [signal async for signal in until(client, fx.UserSpeechStarted)]
        assert client.is_open
    assert isinstance(signals[-1], fx.UserSpeechStarted)


@pytest.mark.parametrize("kind", FATAL)
async def test_frames_that_break_the_protocol_end_it_with_one_error_without_content(kind, caplog):
    async def say(websocket):
        websocket.transport.write(FATAL[kind])
        with contextlib.suppress(Exception):
            await websocket.wait_closed()

    async with talking_to(say) as client, asyncio.timeout(10):
        signals = [signal async for signal in client]
    (lost,) = [signal for signal in signals if isinstance(signal, ConnectionLost)]
    assert signals[-1] is lost
    assert "connection to Voice Live was lost (code 100" in str(lost.error)
    assert "ocelot" not in repr(lost) + str(lost.error)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pipecat_voicelive")]
    assert "ocelot" not in "".join(ours)
