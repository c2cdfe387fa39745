"""A tape played as a server."""

import base64
import json
import os
import time
from pathlib import Path

import pytest
from voice_live_client import QUERY, SPOKEN, Client, tone
from websockets.asyncio.client import connect

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.simulator import VoiceLiveSimulator

TAPES = Path(os.environ.get("VOICELIVE_TAPES", "/nowhere"))
needs_tapes = pytest.mark.skipif(not TAPES.is_dir(), reason="VOICELIVE_TAPES names no folder of tapes")
NAMES = ["native-text-in-audio-out", "native-tool-call", "native-voice-turn"]
TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
SCENARIO = {
    "turns": [
        {"user": "Hello", "say": "Good morning"},
        {"user": "Weather?", "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}}, "then": "Sun"},
    ]
}


def joined(replay, model="gpt-realtime"):
    return connect(
        f"{replay.endpoint}{QUERY}{model}", additional_headers={"api-key": "k"}, max_size=None, max_queue=None
    )


@pytest.fixture
async def taped(start, join, tmp_path):
    """Record a conversation that is held with a simulator."""

    async def taped(talk, **options):
        simulator = await start(SCENARIO, record=tmp_path / "call.jsonl", **options)
        client = await join(simulator, session=None)
        await talk(client)
        await simulator.aclose()
        return simulator.tapes[-1], client.raw

    return taped


async def typed_talk(client):
    await client.configure(modalities=["text"], tools=[TOOL])
    await client.ask("Hello")
    await client.type("Weather?")
    await client.send("response.create")
    call = (await client.until("response.function_call_arguments.done"))["call_id"]
    await client.until("response.done")
    output = {"type": "function_call_output", "call_id": call, "output": "sunny"}
    await client.send("conversation.item.create", item=output)
    await client.send("response.create")
    await client.until("response.done")


async def spoken_talk(client):
    await client.configure(input_audio_transcription={"model": "whisper-1"})
    await client.append(SPOKEN, piece_bytes=960)
    await client.until("response.done")


async def test_a_client_that_does_the_same_hears_the_same(taped):
    tape, heard = await taped(typed_talk)
    async with VoiceLiveSimulator.replaying(tape) as replay, joined(replay) as socket:
        client = Client(socket)
        await typed_talk(client)
        session = await replay.wait_for_session()
        assert client.raw == heard
        assert session.is_over
        assert session.departures == ()


async def test_speech_of_another_piece_size_brings_the_same_answer_of_the_same_length(taped):
    tape, heard = await taped(spoken_talk)
    async with VoiceLiveSimulator.replaying(tape) as replay, joined(replay) as socket:
        client = Client(socket)
        await client.configure(input_audio_transcription={"model": "whisper-1"})
        await client.append(tone(400))
        assert client.types() == ["session.created", "session.updated"]
        await client.append(SPOKEN, piece_bytes=2400)
        await client.until("response.done")
    assert client.types() == [event["type"] for event in heard]
    assert [len(event["delta"]) for event in client.of_type("response.audio.delta")] == [
        len(event["delta"]) for event in heard if event["type"] == "response.audio.delta"
    ]
    assert set(client.of_type("response.audio.delta")[0]["delta"].rstrip("=")) == {"A"}


async def test_ids_and_metadata_are_the_clients_own(taped):
    tape, _ = await taped(typed_talk)
    async with VoiceLiveSimulator.replaying(tape) as replay, joined(replay) as socket:
        client = Client(socket)
        await client.configure(modalities=["text"], tools=[TOOL])
        await client.type("Hello", id="item_mine")
        await client.send("response.create", response={"metadata": {"mine": "1"}})
        created = await client.until("conversation.item.created")
        assert created["item"]["id"] == "item_mine"
        assert (await client.until("response.created"))["response"]["metadata"] == {"mine": "1"}
        answer = await client.until("conversation.item.created")
        assert answer["previous_item_id"] == "item_mine"
        assert (await client.until("response.done"))["response"]["metadata"] == {"mine": "1"}


async def test_where_a_client_departs_is_told_with_the_line(taped):
    tape, _ = await taped(typed_talk)
    told = []
    replay = VoiceLiveSimulator.replaying(tape, listener=lambda session, what: told.append(str(what)))
    async with replay, joined(replay) as socket:
        client = Client(socket)
        await client.configure(modalities=["text"], tools=[TOOL])
        await client.type("Good evening")
        await client.send("input_audio_buffer.clear")
        await client.send("response.create")
        await client.until("response.done")
        await socket.close()
        await replay.sessions[0].wait_closed()
    differs, unexpected, missing = replay.sessions[0].departures
    assert str(differs) == (
        "line 4: conversation.item.create (message) differs\n"
        "    item.content[0].text: expected 'Hello', got 'Good evening'"
    )
    assert str(unexpected).endswith("expected response.create, got input_audio_buffer.clear")
    assert str(missing).endswith("expected conversation.item.create (message), got nothing")
    assert str(missing) in told


async def test_a_message_that_comes_too_early_ends_the_waiting_for_those_before(taped):
    tape, _ = await taped(typed_talk)
    async with VoiceLiveSimulator.replaying(tape) as replay, joined(replay) as socket:
        client = Client(socket)
        await client.configure(modalities=["text"], tools=[TOOL])
        await client.send("response.create")
        await client.until("response.done")
        assert str(replay.sessions[0].departures[0]) == (
            "line 4: expected conversation.item.create (message), got response.create"
        )


async def test_by_time_all_comes_whatever_the_client_does(taped):
    tape, heard = await taped(typed_talk)
    lines = [json.loads(line) for line in tape.read_text().splitlines()]
    for number, line in enumerate(lines):
        line["at_s"] = number * 0.01
    tape.write_text("\n".join(map(json.dumps, lines)))
    async with VoiceLiveSimulator.replaying(tape, real_time=True) as replay, joined(replay) as socket:
        client = Client(socket)
        began_s = time.monotonic()
        for _ in heard:
            await client.next()
        assert time.monotonic() - began_s > (len(lines) - 2) * 0.01 - 0.05
    assert client.raw == heard


@needs_tapes
def test_a_tape_without_times_cannot_be_played_by_time():
    with pytest.raises(ConfigurationError, match="has no times"):
        VoiceLiveSimulator.replaying(TAPES / f"{NAMES[0]}.jsonl", real_time=True)


async def test_who_has_no_key_hears_nothing(taped):
    tape, _ = await taped(typed_talk)
    async with VoiceLiveSimulator.replaying(tape, api_key="other") as replay:
        with pytest.raises(Exception, match="401"):
            await joined(replay)


def wants(name):
    """What the recorded client wanted, for a client of this package."""
    lines = [json.loads(line) for line in (TAPES / f"{name}.jsonl").read_text().splitlines()]
    events = [line["event"] for line in lines if line["from"] == "client"]
    return lines, events


@needs_tapes
@pytest.mark.parametrize("name", NAMES)
async def test_recordings_of_the_service_play_to_our_client(name):
    lines, events = wants(name)
    told = []
    async with VoiceLiveSimulator.replaying(TAPES / f"{name}.jsonl") as replay:
        async with VoiceLiveClient(endpoint=replay.endpoint, model="gpt-realtime", api_key="key") as client:
            client.configure(events[0]["session"])
            talk_as_recorded(client, events)
            async for signal in client:
                told.append(signal)
                if isinstance(signal, fx.ToolCalls):
                    output = next(event["item"]["output"] for event in events if is_output(event))
                    client.answer_tool(signal.calls[0].call_id, output)
                    client.respond_to_results()
                if replay.sessions[0].is_over and isinstance(signal, fx.ResponseFinished):
                    break
        session = replay.sessions[0]
    assert session.left == 0
    assert [departure for departure in session.departures if not departure.differences] == []
    said = "".join(signal.delta for signal in told if isinstance(signal, fx.TextDelta))
    deltas = ("response.audio_transcript.delta", "response.text.delta")
    assert said == "".join(line["event"]["delta"] for line in lines if line["event"]["type"] in deltas)


def talk_as_recorded(client, events):
    for event in events:
        if event["type"] == "input_audio_buffer.append":
            client.send_audio(base64.b64decode(event["audio"]))
        elif event.get("item", {}).get("role") == "user":
            client.send_text(event["item"]["content"][0]["text"])


def is_output(event):
    return event.get("item", {}).get("type") == "function_call_output"
