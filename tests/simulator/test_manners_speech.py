"""What is heard and said: where turns stand, what comes with transcripts and with speech, who may connect."""

import pytest
from voice_live_client import Client, silence, tone
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

AZURE = {"type": "azure-standard", "name": "en-US-AvaNeural"}
HEARD = "conversation.item.input_audio_transcription."
STORY = {"turns": [{"user": "Tell me a story", "say": "Once upon a time.", "repeat": True}]}
TRANSCRIBED = {"input_audio_transcription": {"model": "azure-speech"}}


@pytest.mark.proves("rule.turn-positions")
async def test_turns_stand_where_the_audio_has_them_whatever_came_before(client):
    await client.append(tone(800) + silence(1200) + tone(800) + silence(1200), piece_bytes=4800)
    first, second = [
        (
            (await client.until("input_audio_buffer.speech_started"))["audio_start_ms"],
            (await client.until("input_audio_buffer.speech_stopped"))["audio_end_ms"],
        )
        for _ in range(2)
    ]
    assert first[0] == 0  # the padding ends at the beginning
    assert abs(first[1] - (800 + 500)) <= 50
    assert abs(second[0] - (2000 - 400)) <= 50
    assert abs(second[1] - (2800 + 500)) <= 50
    assert {position % 16 for position in (*first, *second)} == {0}


@pytest.mark.proves("rule.speech-duration")
@pytest.mark.parametrize(("enough_ms", "turns"), [(100, 2), (400, 1)])
async def test_a_short_sound_starts_a_turn_only_if_short_is_enough(client, enough_ms, turns):
    await client.configure(turn_detection={"type": "server_vad", "speech_duration_ms": enough_ms})
    await client.append(tone(250) + silence(1200) + tone(900) + silence(1200))
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    assert len(client.of_type("input_audio_buffer.speech_started")) == turns


@pytest.mark.proves("rule.transcript-events")
@pytest.mark.parametrize(
    ("model", "deltas", "language"), [("gpt-realtime", ["Tell me a story"], None), ("gpt-4.1", [], "en-US")]
)
async def test_a_transcript_comes_as_its_pipeline_tells_it(start, join, model, deltas, language):
    client = await join(await start(STORY), model=model, session=TRANSCRIBED)
    await client.append(tone(800) + silence(700))
    completed = await client.until(f"{HEARD}completed")
    assert [event["delta"] for event in client.of_type(f"{HEARD}delta")] == deltas
    assert (completed["transcript"], completed.get("language")) == ("Tell me a story", language)


@pytest.mark.proves("rule.transcript-events")
async def test_a_transcript_that_fails_is_told_in_place_of_one(start, join):
    turn = {"user": "Tell me a story", "say": "Once.", "transcript": "fail"}
    client = await join(await start({"turns": [turn]}), session=TRANSCRIBED)
    await client.append(tone(800) + silence(700))
    assert (await client.until(f"{HEARD}failed"))["error"]["message"]
    await client.until("response.done")
    assert not client.of_type(f"{HEARD}completed")


@pytest.mark.proves("rule.transcript-includes")
@pytest.mark.parametrize("name", ["logprobs", "phrases"])
async def test_what_comes_with_a_transcript_has_to_be_asked_for(start, join, name):
    asked = {**TRANSCRIBED, "include": [f"item.input_audio_transcription.{name}"]}
    for session, there in ((TRANSCRIBED, False), (asked, True)):
        client = await join(await start(STORY), model="gpt-4.1", session=session)
        await client.append(tone(800) + silence(700))
        completed = await client.until(f"{HEARD}completed")
        assert bool(completed.get(name)) == there


@pytest.mark.proves("rule.words-and-visemes")
@pytest.mark.parametrize("voice", [AZURE, "alloy"])
async def test_words_and_visemes_come_with_the_speech_of_azure_voices(start, join, voice):
    marks = {"output_audio_timestamp_types": ["word"], "animation": {"outputs": ["viseme_id"]}}
    client = await join(await start(STORY), session={"voice": voice, **marks})
    await client.ask("Tell me a story")
    words = client.of_type("response.audio_timestamp.delta")
    visemes = client.of_type("response.animation_viseme.delta")
    if voice == "alloy":
        assert not words
        assert not visemes
        return
    assert [word["text"] for word in words] == ["Once", "upon", "a", "time"]
    for marks in (words, visemes):
        offsets_ms = [mark["audio_offset_ms"] for mark in marks]
        assert offsets_ms == sorted(offsets_ms)
    types = client.types()
    for done in ("response.audio_timestamp.done", "response.animation_viseme.done"):
        begun = types.index(done.replace("done", "delta"))
        assert types.index("response.content_part.added") < begun < types.index(done)
        assert types.index(done) < types.index("response.content_part.done")


@pytest.mark.proves("rule.handshake-v1-headers")
async def test_v1_takes_a_key_in_a_header_only(start):
    simulator = await start()
    url = f"{simulator.endpoint}/voice-live/realtime?api-version=v1&model=gpt-realtime"
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{url}&api-key=k").__aenter__()
    assert refused.value.response.status_code == 401
    async with connect(url, additional_headers={"api-key": "k"}) as socket:
        await Client(socket).until("session.created")


@pytest.mark.proves("rule.agent-thread")
async def test_an_agent_goes_on_with_its_own_conversation_only(start):
    simulator = await start(STORY)
    url = f"{simulator.endpoint}/voice-live/realtime?api-version=2026-07-15&agent-project-name=p"

    async def thread_of(agent, conversation_id=""):
        target = f"{url}&agent-name={agent}&conversation-id={conversation_id}"
        async with connect(target, additional_headers={"Authorization": "Bearer t"}) as socket:
            client = Client(socket)
            thread_id = (await client.until("session.created"))["session"]["agent"]["thread_id"]
            await client.configure()
            await client.ask("Tell me a story")
            return thread_id, len(simulator.sessions[-1].conversation)

    clerk, _ = await thread_of("clerk")
    assert await thread_of("clerk", clerk) == (clerk, 4)
    other, items = await thread_of("waiter", clerk)
    assert (other != clerk, items) == (True, 2)
