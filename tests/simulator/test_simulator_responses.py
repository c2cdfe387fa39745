"""Responses: their events, formats, cancelling, tools."""

import asyncio
import base64
import math

import pytest
from voice_live_client import spoken_text

from pipecat_voicelive.protocol.audio import output_format

LONG = "This is a long story about a fox, a goose, a bag of beans and the man who had to cross a river."
TOOLS = [{"type": "function", "name": name} for name in ("get_weather", "get_time")]
AZURE = {"type": "azure-standard", "name": "en-US-AvaNeural"}
STORY = {"turns": [{"user": "Tell me a story", "say": LONG, "repeat": True}]}
BOTH = {
    "turns": [
        {
            "user": "Weather and time?",
            "say": "Let me see.",
            "calls": [
                {"name": "get_weather", "arguments": {"city": "Lisbon"}},
                {"name": "get_time", "arguments": {}},
            ],
            "then": "{result.temperature} degrees at {results.get_time.time}, {result.wind} wind.",
        }
    ]
}


async def answer(client, call, output):
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
    await client.send("conversation.item.create", item=item)


async def test_the_transcript_is_told_piece_by_piece_and_ahead_of_the_audio(start, join):
    client = await join(await start(STORY))
    done = await client.ask("Tell me a story")
    pieces = [event["delta"] for event in client.of_type("response.audio_transcript.delta")]
    assert "".join(pieces) == LONG == spoken_text(done)
    types = client.types()
    last_piece = len(types) - types[::-1].index("response.audio_transcript.delta")
    assert last_piece < len(types) - types[::-1].index("response.audio.delta")


@pytest.mark.parametrize(
    "name", ["pcm16", "pcm16_16000hz", "pcm16_8000hz", "pcm16_44100hz", "g711_ulaw", "g711_alaw"]
)
async def test_audio_comes_in_every_output_format_in_chunks(start, join, name):
    client = await join(await start(), session={"output_audio_format": name})
    await client.ask("Hello there")
    chunks = [base64.b64decode(event["delta"]) for event in client.of_type("response.audio.delta")]
    audio = output_format(name)
    assert {len(chunk) for chunk in chunks[:-1]} == {audio.size_bytes(150)}
    assert 1500 < audio.duration_ms(sum(map(len, chunks))) < 3000


async def test_audio_comes_no_faster_than_was_asked_for(start, join):
    simulator = await start(STORY, speed=20)
    client = await join(simulator)
    await client.ask("Tell me a story")
    chunks = [e for e in simulator.sessions[0].events if e.event.type == "response.audio.delta"]
    took_s = chunks[-1].at_s - chunks[0].at_s
    assert took_s > (len(chunks) - 1) * 0.15 / 20 * 0.9


async def test_a_written_response_has_no_audio(start, join):
    client = await join(await start(STORY), session={"modalities": ["text"]})
    done = await client.ask("Tell me a story")
    assert spoken_text(done) == LONG
    assert client.of_type("response.text.done")[0]["text"] == LONG
    for event_type in ("response.content_part.added", "response.content_part.done"):
        assert client.of_type(event_type)[0]["part"] == {"type": "text", "text": ""}
    assert "response.audio.delta" not in client.types()
    assert done["usage"]["output_token_details"]["audio_tokens"] == 0


async def test_one_response_can_be_written_in_a_spoken_session(client):
    await client.type("Hello")
    await client.send("response.create", response={"modalities": ["text"]})
    assert (await client.until("response.done"))["response"]["modalities"] == ["text"]
    assert "response.audio.delta" not in client.types()


async def test_metadata_comes_back(client):
    await client.send("response.create", response={"metadata": {"mine": "7"}})
    assert (await client.until("response.created"))["response"]["metadata"] == {"mine": "7"}
    assert (await client.until("response.done"))["response"]["metadata"] == {"mine": "7"}


async def test_a_pre_generated_message_is_spoken_as_it_is(client):
    message = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Welcome!"}]}
    await client.send("response.create", response={"pre_generated_assistant_message": message})
    assert spoken_text((await client.until("response.done"))["response"]) == "Welcome!"


async def test_a_pre_generated_message_has_one_text(client):
    message = {"type": "message", "role": "assistant", "content": []}
    await client.send("response.create", response={"pre_generated_assistant_message": message})
    assert (await client.refused()).param == "response.pre_generated_assistant_message"


async def test_an_out_of_band_response_leaves_the_conversation_alone(start, join):
    simulator = await start()
    client = await join(simulator)
    await client.send("response.create", response={"conversation": "none"})
    done = (await client.until("response.done"))["response"]
    assert done["conversation_id"] is None
    assert spoken_text(done)
    assert simulator.sessions[0].conversation == ()
    assert "conversation.item.created" not in client.types()


async def test_a_greeting_is_said_when_nobody_has_spoken(start, join):
    client = await join(await start({"greeting": "Good morning!"}))
    system = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Greet."}]}
    await client.send("conversation.item.create", item=system)
    await client.send("response.create")
    assert spoken_text((await client.until("response.done"))["response"]) == "Good morning!"


@pytest.mark.proves("rule.response-while-one-runs")
async def test_a_second_create_is_refused(start, join):
    client = await join(await start(STORY, speed=1))
    await client.type("Tell me a story")
    await client.send("response.create")
    created = await client.until("response.created")
    await client.send("response.create", event_id="second")
    error = await client.refused()
    assert (error.code, error.event_id) == ("conversation_already_has_active_response", "second")
    assert created["response"]["id"] in error.message


async def test_a_cancelled_response_closes_what_it_began(start, join):
    client = await join(await start(STORY, speed=1))
    await client.type("Tell me a story")
    await client.send("response.create")
    await client.until("response.audio.delta")
    await client.send("response.cancel")
    done = (await client.until("response.done"))["response"]
    assert done["status"] == "cancelled"
    assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert [item["status"] for item in done["output"]] == ["incomplete"]
    assert client.types()[-5:] == [
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert LONG.startswith(spoken_text(done))
    assert spoken_text(done) != LONG


@pytest.mark.proves("rule.cancel-without-response")
@pytest.mark.parametrize("members", [{}, {"response_id": "resp_other"}])
async def test_there_must_be_something_to_cancel(client, members):
    await client.send("response.cancel", event_id="x", **members)
    error = await client.refused()
    assert (error.code, error.event_id) == ("response_cancel_not_active", "x")
    assert error.message == "Cancellation failed: no active response found"


async def test_a_thinking_response_can_be_cancelled(start, join):
    client = await join(await start({"turns": [{"user": "Think", "say": "Done", "delay_ms": 60000}]}))
    await client.type("Think")
    await client.send("response.create")
    await client.until("response.created")
    await client.send("response.cancel")
    assert (await client.next())["response"]["output"] == []


async def test_parallel_calls_come_in_one_response_behind_the_message(start, join):
    client = await join(await start(BOTH), session={"tools": TOOLS})
    done = await client.ask("Weather and time?")
    assert [item["type"] for item in done["output"]] == ["message", "function_call", "function_call"]
    added = client.of_type("response.output_item.added")
    assert [event["output_index"] for event in added] == [0, 1, 2]
    calls = client.of_type("response.function_call_arguments.done")
    assert [(call["name"], call["arguments"]) for call in calls] == [
        ("get_weather", '{"city": "Lisbon"}'),
        ("get_time", "{}"),
    ]
    pieces = [
        event["delta"]
        for event in client.of_type("response.function_call_arguments.delta")
        if event["call_id"] == calls[0]["call_id"]
    ]
    assert "".join(pieces) == calls[0]["arguments"]


async def test_the_outputs_of_calls_are_put_into_the_answer(start, join):
    client = await join(await start(BOTH), session={"tools": TOOLS})
    weather, time = (await client.ask("Weather and time?"))["output"][1:]
    await answer(client, time, '{"time": "noon"}')
    await client.send("response.create")
    waiting = (await client.until("response.done"))["response"]
    assert spoken_text(waiting) == "I am still waiting for get_weather."
    await answer(client, weather, '{"temperature": 21}')
    await client.send("response.create")
    said = spoken_text((await client.until("response.done"))["response"])
    assert said == "21 degrees at noon, (no result.wind) wind."


async def test_no_tool_is_called_if_none_is_to_be(start, join):
    client = await join(await start(BOTH), session={"tools": TOOLS, "tool_choice": "none"})
    done = await client.ask("Weather and time?")
    assert spoken_text(done) == "Let me see."


async def test_a_tool_that_is_not_offered_is_not_called(start, join):
    client = await join(await start(BOTH))
    done = await client.ask("Weather and time?")
    assert "get_weather, get_time" in spoken_text(done)
    assert [item["type"] for item in done["output"]] == ["message", "message"]


async def test_azure_voices_tell_words_and_mouth_shapes(start, join):
    session = {
        "voice": AZURE,
        "output_audio_timestamp_types": ["word"],
        "animation": {"outputs": ["viseme_id"]},
    }
    client = await join(await start({"turns": [{"user": "Hi", "say": "Hello, you there."}]}), session=session)
    await client.ask("Hi")
    words = client.of_type("response.audio_timestamp.delta")
    assert [event["text"] for event in words] == ["Hello", "you", "there"]
    offsets = [event["audio_offset_ms"] for event in words]
    assert offsets == sorted(offsets)
    shapes = client.of_type("response.animation_viseme.delta")
    assert [shapes[0]["viseme_id"], shapes[-1]["viseme_id"]] == [0, 0]
    types = client.types()
    ends = ["response.audio_timestamp.done", "response.animation_viseme.done", "response.audio.done"]
    assert sorted(ends, key=types.index) == ends


@pytest.mark.parametrize("voice", ["alloy", None])
async def test_openai_voices_tell_neither(start, join, voice):
    session = {"output_audio_timestamp_types": ["word"], "animation": {"outputs": ["viseme_id"]}}
    client = await join(await start(), session={**session, "voice": voice})
    await client.ask("Hi")
    assert not {"response.audio_timestamp.delta", "response.animation_viseme.delta"} & set(client.types())


async def test_usage_adds_up(client):
    usage = (await client.ask("Hello there, how are you?"))["usage"]
    given, made = usage["input_token_details"], usage["output_token_details"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["input_tokens"] == given["text_tokens"] + given["audio_tokens"]
    assert usage["output_tokens"] == made["text_tokens"] + made["audio_tokens"]
    chunks = [base64.b64decode(event["delta"]) for event in client.of_type("response.audio.delta")]
    assert made["audio_tokens"] == math.ceil(sum(map(len, chunks)) / 48000 * 20)


async def test_speech_that_fails_fails_the_response(start, join):
    class Mute:
        async def speak(self, text, *, locale="en-US", voice=None, rate=1.0, pitch=1.0):
            from pipecat_voicelive.simulator.speech import SpeechError

            raise SpeechError("no voice")

        async def aclose(self):
            await asyncio.sleep(0)

    client = await join(await start(speech=Mute()))
    done = await client.ask("Hello")
    assert done["status"] == "failed"
    assert done["status_details"]["error"]["message"] == "no voice"
    assert (await client.ask("Hello"))["status"] == "failed"


async def test_a_refused_response_cancels_nothing(start, join):
    client = await join(await start(STORY, speed=1))
    await client.type("Tell me a story")
    await client.send("response.create")
    await client.until("response.created")
    spoken = {"type": "message", "role": "user", "content": []}
    asked = {"cancel_previous": True, "pre_generated_assistant_message": spoken}
    await client.send("response.create", response=asked)
    assert "pre_generated_assistant_message" in (await client.refused()).message
    await client.send("response.cancel")
    assert (await client.until("response.done"))["response"]["status"] == "cancelled"


@pytest.mark.parametrize("pitch", ["+20000st", "-20000st"])
async def test_a_pitch_out_of_all_bounds_is_the_highest_or_lowest(start, join, pitch):
    client = await join(await start(), session={"voice": {**AZURE, "pitch": pitch}})
    assert (await client.ask("Hello"))["status"] == "completed"


@pytest.mark.proves("rule.response-failed")
async def test_a_response_fails_after_what_it_says(start, join):
    turn = {"user": "Hi", "say": "Well", "fails": {"code": "rate_limit_exceeded", "message": "Slow down."}}
    client = await join(await start({"turns": [turn]}), session={"modalities": ["text"]})
    response = await client.ask("Hi")
    assert response["status"] == "failed"
    error = {"type": "server_error", "code": "rate_limit_exceeded", "message": "Slow down."}
    assert response["status_details"] == {"type": "failed", "error": error}
    assert [item["status"] for item in response["output"]] == ["completed"]


async def test_a_response_may_fail_without_a_word(start, join):
    client = await join(await start({"turns": [{"user": "Hi", "fails": {"code": "overloaded"}}]}))
    response = await client.ask("Hi")
    assert (response["status"], response["output"]) == ("failed", [])


@pytest.mark.proves("rule.response-incomplete")
@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
@pytest.mark.parametrize("modalities", [["text"], ["text", "audio"]])
async def test_a_response_that_is_cut_off_is_incomplete_and_so_is_its_item(start, join, reason, modalities):
    turn = {"user": "Hi", "say": "Once upon a", "incomplete": reason}
    client = await join(await start({"turns": [turn]}), session={"modalities": modalities})
    response = await client.ask("Hi")
    assert response["status"] == "incomplete"
    assert response["status_details"] == {"type": "incomplete", "reason": reason}
    assert [item["status"] for item in response["output"]] == ["incomplete"]
    assert spoken_text(response) == "Once upon a"
    assert client.types().count("response.output_item.done") == 1
