"""Answers of a model behind an OpenAI-compatible endpoint, over real HTTP and a real socket."""

import asyncio
import json

import pytest
from model_endpoint import call, chunk, model_endpoint, words
from voice_live_client import SPOKEN, spoken_text

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator import Call, OpenAIBrain, Question, Reply, Say

TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SECRET = "sk-very-secret"


@pytest.fixture
async def endpoint():
    async with model_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def think(endpoint, start, join):
    """A client of a simulator whose answers come from the endpoint."""

    async def think(scenario=None, *, timeout_s=5.0, session=(), model="gpt-realtime"):
        brain = OpenAIBrain("llama", url=endpoint.url, api_key=SECRET, timeout_s=timeout_s)
        simulator = await start(scenario, brain=brain)
        return await join(simulator, model=model, session={"modalities": ["text"], **dict(session)})

    return think


async def test_the_model_is_asked_with_instructions_and_items_and_its_words_are_the_answer(endpoint, think):
    endpoint.says(words("Good ", "morning", "."), words("Yes."))
    client = await think(session={"instructions": "Be kind."})
    assert spoken_text(await client.ask("Hello")) == "Good morning."
    assert spoken_text(await client.ask("Really?")) == "Yes."
    assert endpoint.requests[1] == {
        "model": "llama",
        "stream": True,
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Good morning."},
            {"role": "user", "content": "Really?"},
        ],
    }
    assert endpoint.keys == [f"Bearer {SECRET}"] * 2


async def test_the_model_calls_tools_and_is_told_what_they_put_out(endpoint, think):
    calls = [*call("get_weather", '{"city": ', '"Oslo"}'), *call("get_weather", "{}", index=1, call_id="c2")]
    endpoint.says([chunk(content="A moment."), *calls, chunk(finish="tool_calls")], words("Cold."))
    client = await think(session={"tools": [TOOL]})
    said, *made = (await client.ask("Weather?"))["output"]
    assert said["content"][0]["text"] == "A moment."
    assert [json.loads(item["arguments"]) for item in made] == [{"city": "Oslo"}, {}]
    output = {"type": "function_call_output", "call_id": made[0]["call_id"], "output": "4 degrees"}
    await client.send("conversation.item.create", item=output)
    await client.send("response.create")
    assert spoken_text((await client.until("response.done"))["response"]) == "Cold."
    (tool,), request = endpoint.requests[0]["tools"], endpoint.requests[1]
    assert tool["function"]["name"] == "get_weather"
    assert request["tool_choice"] == "auto"
    assert [message["content"] for message in request["messages"] if message["role"] == "tool"] == [
        "4 degrees",
        "(no output)",
    ]


async def test_calls_that_share_an_index_are_told_apart_by_their_ids(endpoint):
    calls = [*call("a", "{}", call_id="x"), *call("b", '{"n": 1}', call_id="y")]
    endpoint.says([*calls, chunk(finish="tool_calls")])
    reply = await OpenAIBrain("m", url=endpoint.url).think(Question(instructions="", items=()))
    assert reply.parts == (Call("a", "{}"), Call("b", '{"n": 1}'))


async def test_lines_of_the_scenario_come_first(endpoint, think):
    client = await think({"turns": [{"user": "Hello", "say": "From the file."}]})
    assert spoken_text(await client.ask("Hello")) == "From the file."
    assert endpoint.requests == []


async def test_the_model_greets_and_answers_out_of_band(endpoint, think):
    endpoint.says(words("Welcome."), words("A summary."))
    client = await think()
    await client.send("response.create")
    assert spoken_text((await client.until("response.done"))["response"]) == "Welcome."
    await client.send("response.create", response={"conversation": "none", "instructions": "Summarise."})
    assert spoken_text((await client.until("response.done"))["response"]) == "A summary."
    assert endpoint.requests[1]["messages"][0] == {"role": "system", "content": "Summarise."}


async def test_a_model_is_not_asked_about_words_that_nobody_knows(endpoint, think):
    client = await think({"turns": [], "unheard": "Pardon?"})
    await client.append(SPOKEN)
    assert spoken_text((await client.until("response.done"))["response"]) == "Pardon?"
    assert endpoint.requests == []


async def test_told_words_reach_the_model(endpoint, start, join):
    endpoint.says(words("Noted."))
    simulator = await start(brain=OpenAIBrain("m", url=endpoint.url))
    client = await join(simulator, session={"modalities": ["text"]})
    simulator.sessions[0].expect_transcript("Remember the milk.")
    await client.append(SPOKEN)
    assert spoken_text((await client.until("response.done"))["response"]) == "Noted."
    assert endpoint.requests[0]["messages"][-1] == {"role": "user", "content": "Remember the milk."}


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        ((401, {"error": {"message": f"Bad key {SECRET}"}}), "model_refused", "HTTP 401"),
        ((404, {"error": {"message": "no model llama"}}), "model_refused", "no model llama"),
        ((500, {}), "model_refused", "HTTP 500"),
        ([chunk(content="Well"), "cut"], "model_unreachable", "has gone away"),
        ([b"{not json"], "model_failed", "broke off"),
        ([chunk(finish="stop")], "model_failed", "said nothing"),
        ((200, {"choices": []}), "model_failed", "does not stream, it sent application/json"),
    ],
)
async def test_an_endpoint_that_fails_fails_the_response_and_nothing_else(
    endpoint, think, answer, code, message, caplog
):
    endpoint.says(answer, words("Again."))
    client = await think()
    response = await client.ask("Hello")
    error = response["status_details"]["error"]
    assert (response["status"], error["code"]) == ("failed", code)
    assert message in error["message"]
    assert SECRET not in error["message"] + caplog.text
    assert spoken_text(await client.ask("Hello?")) == "Again."


async def test_half_a_character_of_a_model_is_told_by_a_question_mark(endpoint, think):
    endpoint.says([b'{"choices":[{"delta":{"content":"Hi \\ud800"}}]}'])
    client = await think()
    assert spoken_text(await client.ask("Hello")) == "Hi ?"


async def test_an_endpoint_that_is_not_there_fails_the_response(start, join, unused_tcp_port):
    brain = OpenAIBrain("m", url=f"http://127.0.0.1:{unused_tcp_port}/v1")
    client = await join(await start(brain=brain), session={"modalities": ["text"]})
    error = (await client.ask("Hello"))["status_details"]["error"]
    assert error["code"] == "model_unreachable"
    assert "cannot be reached" in error["message"]


async def test_an_answer_that_takes_too_long_fails_the_response(endpoint, think):
    endpoint.says([chunk(content="Well"), "silence"])
    client = await think(timeout_s=0.2)
    error = (await client.ask("Hello"))["status_details"]["error"]
    assert (error["code"], "within 0.2 s" in error["message"]) == ("model_timeout", True)


async def test_a_cancelled_response_stops_the_request(endpoint, think):
    endpoint.says([chunk(content="Well"), "silence"], words("Again."))
    client = await think()
    await client.type("Hello")
    await client.send("response.create")
    await client.until("response.created")
    await asyncio.wait_for(endpoint.asked.wait(), 5)
    await client.send("response.cancel")
    assert (await client.until("response.done"))["response"]["status"] == "cancelled"
    await asyncio.wait_for(endpoint.left.wait(), 5)
    assert spoken_text(await client.ask("Hello?")) == "Again."


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter",) * 2])
async def test_an_answer_that_is_cut_off_is_incomplete(endpoint, think, finish, reason):
    endpoint.says(words("Once upon", finish=finish))
    client = await think(session={"max_response_output_tokens": 5})
    response = await client.ask("A story")
    assert (response["status"], response["status_details"]["reason"]) == ("incomplete", reason)
    assert endpoint.requests[0]["max_completion_tokens"] == 5


@pytest.mark.parametrize(
    ("choice", "asked"),
    [
        ("required", "required"),
        (
            {"type": "function", "name": "get_weather"},
            {"type": "function", "function": {"name": "get_weather"}},
        ),
    ],
)
async def test_the_choice_of_a_tool_is_passed_on(endpoint, think, choice, asked):
    endpoint.says([*call("get_weather", "{}"), chunk(finish="tool_calls")])
    client = await think(session={"tools": [TOOL], "tool_choice": choice})
    await client.ask("Weather?")
    assert endpoint.requests[0]["tool_choice"] == asked


async def test_something_is_said_while_the_model_thinks(endpoint, think):
    endpoint.says([chunk(content="Well"), "silence"])
    interim = {
        "type": "static_interim_response",
        "texts": ["Let me see."],
        "triggers": ["latency"],
        "latency_threshold_ms": 50,
    }
    client = await think(session={"interim_response": interim}, model="gpt-4.1", timeout_s=1.0)
    response = await client.ask("Hello")
    assert (response["status"], spoken_text(response)) == ("failed", "Let me see.")


async def test_any_object_that_thinks_is_a_brain(start, join):
    class Parrot:
        async def think(self, question):
            return Reply((Say(question.items[-1].words.upper()),))

    client = await join(await start(brain=Parrot()), session={"modalities": ["text"]})
    assert spoken_text(await client.ask("hello")) == "HELLO"


async def test_a_brain_that_breaks_fails_the_response(start, join):
    class Broken:
        async def think(self, question):
            raise LookupError("private")

    client = await join(await start(brain=Broken()), session={"modalities": ["text"]})
    error = (await client.ask("hello"))["status_details"]["error"]
    assert error["message"] == "The brain failed: LookupError."


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"model": ""}, "name of its model"),
        ({"model": "m", "url": "localhost:1"}, "must begin with http://"),
        ({"model": "m", "url": "http://x", "timeout_s": 0}, "timeout_s must be positive"),
        ({"model": "m"}, "set OPENAI_API_KEY"),
    ],
)
def test_a_brain_that_cannot_work_says_what_to_give(arguments, problem, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match=problem):
        OpenAIBrain(**arguments)


def test_a_password_in_the_address_is_never_shown():
    assert repr(OpenAIBrain("m", url=f"http://me:{SECRET}@localhost:1/v1")) == (
        "OpenAIBrain('m', url='http://localhost:1/v1')"
    )


def test_a_key_is_never_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert SECRET not in repr(OpenAIBrain("m"))
