"""Simulators and clients that are closed again."""

import math
from contextlib import AsyncExitStack

import pytest
from voice_live_client import QUERY, Client
from websockets.asyncio.client import connect

from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker


@pytest.fixture
async def start():
    """Start simulators; they speak in tones and make audio at once unless told otherwise."""
    async with AsyncExitStack() as cleanup:

        async def start(scenario=None, **options):
            options = {"speech": ToneSpeaker(), "speed": math.inf, **options}
            return await cleanup.enter_async_context(VoiceLiveSimulator(scenario, **options))

        yield start


@pytest.fixture
async def join():
    """Connect clients to a simulator; unless `session` is None they are configured."""
    async with AsyncExitStack() as cleanup:

        async def join(simulator, *, model="gpt-realtime", session=(), api_version="2026-07-15"):
            url = f"{simulator.endpoint}{QUERY}{model}".replace("2026-07-15", api_version)
            socket = await cleanup.enter_async_context(
                connect(
                    url, additional_headers={"api-key": "k"}, compression=None, max_size=None, max_queue=None
                )
            )
            client = Client(socket)
            await client.until("session.created")
            if session is not None:
                await client.configure(**dict(session))
            return client

        yield join


@pytest.fixture
async def client(start, join):
    """A configured client of a simulator that answers anything."""
    return await join(await start())
