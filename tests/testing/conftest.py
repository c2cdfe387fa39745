"""Simulated services as the plugin makes them, and raw clients that do what they are told."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect

from pipecat_voicelive.testing.backstage import Backstage
from pipecat_voicelive.testing.voice_live import VoiceLive
from simulator.voice_live_client import QUERY, Client


@pytest.fixture(scope="module")
def backstage():
    backstage = Backstage()
    yield backstage
    backstage.close()


@pytest.fixture
def simulate(backstage):
    """Start simulated services; they answer at once."""
    services = []

    def simulate(scenario=None, **options):
        service = VoiceLive(backstage, scenario, **{"speed": float("inf"), **options})
        service.open()
        services.append(service)
        return service

    yield simulate
    for service in services:
        service.close()


@pytest.fixture
async def join():
    """Connect raw clients; unless `session` is None they are configured, for text."""
    async with AsyncExitStack() as cleanup:

        async def join(service, *, model="gpt-4.1", session=(("modalities", ["text"]),)):
            url = f"{service.endpoint}{QUERY}{model}"
            headers = {"api-key": service.api_key}
            socket = await cleanup.enter_async_context(
                connect(url, additional_headers=headers, max_queue=None)
            )
            client = Client(socket)
            await client.until("session.created")
            if session is not None:
                await client.configure(**dict(session))
            return client

        yield join


async def answer_tool(client, call_id, output):
    """Answer a function call."""
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    await client.send("conversation.item.create", item=item)


async def settled(service):
    """What was sent has arrived: the record has not changed for a moment."""
    count = -1
    while count != len(service.record.entries):
        count = len(service.record.entries)
        await asyncio.sleep(0.05)
