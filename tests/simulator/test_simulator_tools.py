"""Tools without a scenario, over a socket: the tool is called, its result told, and watchers told why."""

import asyncio
import json

import pytest
from voice_live_client import spoken_text

from pipecat_voicelive.simulator import Noted
from pipecat_voicelive.simulator.narration import narrated

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a city",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "City name"}},
        "required": ["location"],
    },
}


async def test_a_bot_with_tools_sees_its_tool_called_and_its_result_told(start, join):
    simulator = await start()
    client = await join(simulator, session={"modalities": ["text"], "tools": [WEATHER]})
    response = await client.ask("What is the weather in Lisbon?")
    (call,) = response["output"]
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"location": "Lisbon"})
    output = {"temperature": 21, "conditions": "sunny"}
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": json.dumps(output)}
    await client.send("conversation.item.create", item=item)
    await client.send("response.create")
    told = (await client.until("response.done"))["response"]
    assert spoken_text(told) == "The answer is: temperature 21, conditions sunny."
    (note,) = [entry for entry in simulator.sessions[0].events if isinstance(entry, Noted)]
    assert narrated(note).startswith("(get_weather is called (scores: get_weather ")


@pytest.mark.parametrize(
    "output",
    ["[" * 480 + "]" * 480, '{"a":' * 900 + "1" + "}" * 900, '"\\ud800"', "1e999", "NaN", "9" * 5000],
)
@pytest.mark.parametrize("then", ["", "It is {result}."])
async def test_an_odd_output_is_told_in_some_way(start, join, output, then):
    turn = {"user": "Look", "call": {"name": "get_weather"}, "then": then}
    client = await join(await start({"turns": [turn]}), session={"modalities": ["text"], "tools": [WEATHER]})
    (call,) = (await client.ask("Look"))["output"]
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
    await client.send("conversation.item.create", item=item)
    await client.send("response.create")
    event = await client.until("response.done")
    assert spoken_text(event["response"]).startswith("It is " if then else "The answer is: ")


async def test_a_caller_whose_words_are_known_has_the_tool_called(start, join):
    simulator = await start()
    client = await join(simulator, session={"modalities": ["text"], "tools": [WEATHER]})
    caller = asyncio.create_task(simulator.sessions[0].caller_says("What is the weather in Rome?"))
    done = await client.until("response.function_call_arguments.done")
    assert json.loads(done["arguments"]) == {"location": "Rome"}
    await caller


async def test_those_who_watch_are_told_why_a_response_failed(start, join):
    simulator = await start({"turns": [{"user": "Hi", "fails": {"code": "no_luck", "message": "Sorry."}}]})
    client = await join(simulator)
    await client.ask("Hi")
    lines = [narrated(entry) for entry in simulator.sessions[0].events]
    assert "(response failed no_luck: Sorry.)" in lines
