"""A typed conversation is the same each time if there is a seed, to the last id; it takes milliseconds."""

import statistics
import time

import pytest

from pipecat_voicelive.protocol.codec import decode_plain, encode
from testing.conftest import answer_tool
from testing.test_manners import TEXT, WEATHER

TIMES = ("expires_at",)
"""Members that are moments."""


async def talk(service, join, model):
    """A conversation with a tool, one thing after the other; returns what passed the wire, but for times."""
    client = await join(service, model=model, session=TEXT)

    async def ask(text):
        await client.type(text)
        await client.until("conversation.item.created")
        await client.send("response.create")
        return (await client.until("response.done"))["response"]

    called = await ask("What is the weather in Lisbon?")
    await answer_tool(client, called["output"][-1]["call_id"], '{"degrees": 21}')
    await client.until("conversation.item.created", previous_item_id=called["output"][-1]["id"])
    await client.send("response.create")
    await client.until("response.done")
    await ask("Thank you")
    return [(entry.sender, timeless(decode_plain(encode(entry.event)))) for entry in service.record.wire]


def timeless(value):
    match value:
        case dict():
            return {name: timeless(member) for name, member in value.items() if name not in TIMES}
        case list():
            return [timeless(member) for member in value]
        case _:
            return value


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-4.1"])
async def test_the_same_seed_and_the_same_words_give_the_same_events_with_the_same_ids(simulate, join, model):
    first, second = [await talk(simulate(WEATHER, seed=7), join, model) for _ in range(2)]
    assert first == second
    assert len(first) > 30
    assert await talk(simulate(WEATHER, seed=8), join, model) != first


@pytest.mark.quiet
async def test_a_typed_turn_takes_milliseconds(simulate, join):
    service = simulate({"otherwise": "You said: {user.text}. It is good to hear that from you."})
    client = await join(service)
    took_ms = []
    for turn in range(50):
        began_s = time.perf_counter()
        await client.ask(f"Line {turn}")
        took_ms.append((time.perf_counter() - began_s) * 1000)
    print(f"a typed turn: median {statistics.median(took_ms):.1f} ms, longest {max(took_ms):.1f} ms")
    assert statistics.median(took_ms) < 50
