"""Audio that comes in: formats, turns, commits, transcripts."""

import base64
from itertools import pairwise

import numpy as np
import pytest
from voice_live_client import SPOKEN, silence, spoken_text, tone

from pipecat_voicelive.simulator import g711

HEARD = "conversation.item.input_audio_transcription."
TRANSCRIBED = {"input_audio_transcription": {"model": "azure-speech"}}
WEATHER = {"turns": [{"user": "How is the weather?", "say": "It rains."}]}


@pytest.mark.parametrize("piece_ms", [None, 20, 7])
async def test_a_turn_is_found_whatever_the_pieces_it_comes_in(client, piece_ms):
    audio = silence(1000) + SPOKEN
    await client.append(audio, piece_bytes=piece_ms and piece_ms * 48)
    started = await client.until("input_audio_buffer.speech_started")
    stopped = await client.until("input_audio_buffer.speech_stopped")
    # The tone stands at 1000 to 1800 ms, padding is 400, silence 500, and a frame 16.
    assert started["audio_start_ms"] == 592
    assert stopped["audio_end_ms"] == 2320
    assert stopped["item_id"] == started["item_id"]


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 44100])
async def test_every_pcm_rate_is_heard(client, rate_hz):
    await client.configure(input_audio_sampling_rate=rate_hz)
    await client.append(tone(800, rate_hz=rate_hz) + silence(700, rate_hz=rate_hz))
    assert (await client.until("input_audio_buffer.speech_stopped"))["audio_end_ms"] in (1296, 1312)


@pytest.mark.parametrize("law", ["g711_ulaw", "g711_alaw"])
async def test_g711_is_heard(client, law):
    session = await client.configure(input_audio_format=law)
    assert session["input_audio_sampling_rate"] == 8000
    samples = np.frombuffer(tone(800, rate_hz=8000) + silence(700, rate_hz=8000), dtype="<i2")
    await client.append(g711.encode(samples.astype(np.int16), law))
    await client.until("input_audio_buffer.speech_stopped")


async def test_only_the_microphone_of_two_channels_is_heard(client):
    echo = {"type": "server_echo_cancellation", "reference_source": "client", "channels": 2}
    await client.configure(input_audio_echo_cancellation=echo)
    played = np.random.default_rng(1).normal(0, 6000, 36000).astype("<i2")  # nothing like the tone
    spoken = np.frombuffer(tone(500) + silence(1000), dtype="<i2")
    await client.append(np.stack([np.zeros_like(played), played], axis=1).tobytes())
    await client.append(np.stack([spoken, played], axis=1).tobytes())
    started = await client.until("input_audio_buffer.speech_started")
    assert started["audio_start_ms"] >= 1000


@pytest.mark.parametrize("audio", ["not base64!", base64.b64encode(b"odd").decode()])
async def test_audio_that_is_none_is_refused(client, audio):
    await client.send("input_audio_buffer.append", audio=audio, event_id="a1")
    error = await client.refused()
    assert (error.type, error.code, error.event_id) == ("invalid_request_error", "invalid_value", "a1")


async def test_fifteen_mebibytes_are_taken_in_one_event(client):
    await client.configure(turn_detection=None)
    await client.append(bytes(15 * 1024 * 1024))
    await client.send("input_audio_buffer.clear")
    assert (await client.next())["type"] == "input_audio_buffer.cleared"


async def test_an_empty_commit_is_refused(client):
    await client.send("input_audio_buffer.commit", event_id="c1")
    error = await client.refused()
    assert (error.code, error.event_id) == ("input_audio_buffer_commit_empty", "c1")


async def test_cleared_audio_cannot_be_committed(client):
    await client.configure(turn_detection=None)
    await client.append(tone(500))
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    await client.send("input_audio_buffer.commit")
    assert (await client.refused()).code == "input_audio_buffer_commit_empty"


async def test_a_manual_turn_is_answered_only_when_asked(start, join):
    client = await join(await start(WEATHER), session={"turn_detection": None, **TRANSCRIBED})
    await client.append(SPOKEN)
    await client.send("input_audio_buffer.commit")
    await client.until(f"{HEARD}completed", transcript="How is the weather?")
    await client.send("response.create")
    done = await client.until("response.done")
    assert spoken_text(done["response"]) == "It rains."
    assert client.types()[2:6] == [
        "input_audio_buffer.committed",
        "conversation.item.created",
        f"{HEARD}delta",
        f"{HEARD}completed",
    ]
    assert "input_audio_buffer.speech_started" not in client.types()


async def test_no_response_comes_unless_it_is_to_be_created(client):
    await client.configure(turn_detection={"type": "server_vad", "create_response": False})
    await client.append(SPOKEN)
    await client.until("conversation.item.done")
    await client.send("input_audio_buffer.clear")
    assert (await client.next())["type"] == "input_audio_buffer.cleared"


async def test_a_cascaded_turn_is_transcribed_before_its_item_exists(start, join):
    client = await join(await start(WEATHER), model="gpt-4.1")
    await client.append(SPOKEN)
    await client.until("response.done")
    assert client.types()[2:9] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        f"{HEARD}completed",
        "conversation.item.created",
        "response.created",
        "response.output_item.added",
    ]
    assert "conversation.item.done" not in client.types()
    item = client.of_type("conversation.item.created")[0]["item"]
    assert item["content"] == [{"type": "input_audio", "transcript": "How is the weather?"}]
    assert client.of_type(f"{HEARD}completed")[0]["language"] == "en-US"
    response = client.of_type("response.created")[0]["response"]
    assert response["conversation_id"] == ""
    added = client.of_type("response.output_item.added")[0]["item"]
    assert added["status"] == "incomplete"
    assert added["id"].startswith("msg_")


async def test_a_late_cascaded_transcript_holds_the_answer_back(start, join):
    scenario = {"turns": [{"user": "Hm", "say": "Yes?", "transcript_delay_ms": 60}]}
    session = {"turn_detection": None}
    client = await join(await start(scenario), model="gpt-4.1", session=session)
    await client.append(SPOKEN)
    await client.send("input_audio_buffer.commit")
    await client.send("response.create")
    assert spoken_text((await client.until("response.done"))["response"]) == "Yes?"
    types = client.types()
    assert types.index(f"{HEARD}completed") < types.index("response.created")


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-4.1"])
async def test_a_transcription_can_fail(start, join, model):
    scenario = {"turns": [{"user": "Hm", "say": "Yes?", "transcript": "fail"}]}
    client = await join(await start(scenario), model=model, session=TRANSCRIBED)
    await client.append(SPOKEN)
    failed = await client.until(f"{HEARD}failed")
    assert failed["error"]["message"]
    assert f"{HEARD}completed" not in client.types()


async def test_a_transcript_can_be_empty(start, join):
    scenario = {"turns": [{"user": "Hm", "say": "Yes?", "transcript": "empty"}]}
    client = await join(await start(scenario), session=TRANSCRIBED)
    await client.append(SPOKEN)
    assert (await client.until(f"{HEARD}completed"))["transcript"] == ""


async def test_a_voice_turn_without_a_line_is_told_how_long_it_was(client):
    await client.append(SPOKEN)
    done = await client.until("response.done")
    assert spoken_text(done["response"]) == "I heard you for 1.3 seconds."


@pytest.mark.parametrize("piece_ms", [None, 20])
async def test_the_callers_audio_can_be_retrieved(client, piece_ms):
    await client.append(silence(1000) + SPOKEN, piece_bytes=piece_ms and piece_ms * 48)
    item_id = (await client.until("input_audio_buffer.committed"))["item_id"]
    await client.until("response.done")
    await client.send("conversation.item.retrieve", item_id=item_id)
    part = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
    pcm = base64.b64decode(part["audio"])
    assert len(pcm) == (2320 - 592) * 48
    assert pcm[408 * 48 : 1208 * 48] == tone(800)


async def test_a_response_that_waits_for_the_transcript_keeps_its_additional_instructions(start, join):
    scenario = {
        "turns": [{"user": "How is the weather?", "say": "It rains.", "transcript_delay_ms": 100}],
        "asides": [{"about": "Be brief", "say": "Rain."}],
    }
    client = await join(await start(scenario), model="gpt-4.1", session={"turn_detection": None})
    await client.append(SPOKEN)
    await client.send("input_audio_buffer.commit")
    await client.send(
        "response.create", response={"conversation": "none"}, additional_instructions="Be brief."
    )
    done = await client.until("response.done")
    assert spoken_text(done["response"]) == "Rain."


@pytest.mark.proves("rule.partial-transcripts")
@pytest.mark.parametrize(
    ("model", "transcriber", "deltas"),
    [
        ("gpt-realtime", "whisper-1", ["How is the weather?"]),
        ("gpt-realtime", "gpt-4o-transcribe", ["How", " is", " the", " weather", "?"]),
        ("gpt-4.1", "azure-speech", []),
    ],
)
async def test_a_transcript_comes_in_the_deltas_of_its_model(start, join, model, transcriber, deltas):
    session = {"input_audio_transcription": {"model": transcriber}}
    client = await join(await start(WEATHER), model=model, session=session)
    await client.append(SPOKEN)
    await client.until(f"{HEARD}completed")
    assert [event["delta"] for event in client.of_type(f"{HEARD}delta")] == deltas
    types = client.types()
    assert "input_audio_buffer.committed" in types[: types.index(f"{HEARD}completed") - len(deltas)]


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-4.1"])
async def test_the_deltas_of_a_late_transcript_come_one_after_the_other(start, join, model):
    late = {"turns": [{**WEATHER["turns"][0], "transcript_delay_ms": 300}]}
    session = {"input_audio_transcription": {"model": "mai-transcribe-2-streaming"}}
    simulator = await start(late)
    client = await join(simulator, model=model, session=session)
    await client.append(SPOKEN)
    await client.until(f"{HEARD}completed")
    times = [entry.at_s for entry in simulator.sessions[0].events if entry.event.type == f"{HEARD}delta"]
    assert len(times) == 5
    assert all(later - earlier > 0.03 for earlier, later in pairwise(times))
