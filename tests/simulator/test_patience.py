"""Connections that ask for nothing, and those that are answered late."""

import asyncio
import math
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from pipecat_voicelive.simulator.patience import Patience, PatientConnection


@asynccontextmanager
async def serving(patience, answer=None):
    """A server of patient connections; its port."""
    connection = partial(PatientConnection, patience=patience)
    async with serve(
        lambda socket: socket.wait_closed(),
        "127.0.0.1",
        0,
        create_connection=connection,
        process_request=answer,
        open_timeout=None,
    ) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def until_cut(reader):
    """Wait until the other side has cut the connection."""
    try:
        async with asyncio.timeout(5):
            assert await reader.read() == b""
    except ConnectionResetError:
        pass


async def test_a_connection_that_asks_for_nothing_is_cut_in_the_end():
    async with serving(Patience(request_within_s=0.05)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await until_cut(reader)
        writer.close()


async def test_a_request_may_be_answered_later_than_it_may_be_made():
    patience = Patience(request_within_s=0.05)

    async def answer(_connection, _request):
        # Longer than another connection, made now, may take for its request.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await until_cut(reader)
        writer.close()

    async with serving(patience, answer) as port, connect(f"ws://127.0.0.1:{port}") as socket:
        await socket.ping()


@pytest.mark.parametrize("recorded", [False, True])
async def test_a_simulator_ends_at_once_though_somebody_has_asked_for_nothing(start, tmp_path, recorded):
    simulator = await start(speed=math.inf, record=tmp_path / "tape.jsonl" if recorded else None)
    host, port = simulator.endpoint.removeprefix("ws://").split(":")
    async with AsyncExitStack() as cleanup:
        reader, writer = await asyncio.open_connection(host, int(port))
        cleanup.callback(writer.close)
        # Answered after the one that asks for nothing was taken.
        async with asyncio.timeout(5):
            with pytest.raises(Exception, match="401"):
                await connect(f"{simulator.endpoint}/voice-live/realtime?api-version=2026-07-15&model=m")
            await simulator.aclose()
        await until_cut(reader)
