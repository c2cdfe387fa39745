"""A caller whom the simulator plays, and transcripts that are told beforehand."""

import asyncio
import base64

import numpy as np
import pytest
from voice_live_client import SPOKEN, silence, spoken_text, tone

from pipecat_voicelive.errors import ConfigurationError, ProtocolError
from pipecat_voicelive.simulator.exchange import Noted
from pipecat_voicelive.simulator.narration import narrated
from pipecat_voicelive.simulator.utterance import SpokenWord, Utterance

HEARD = "conversation.item.input_audio_transcription."
TRANSCRIBED = {"input_audio_transcription": {"model": "azure-speech"}}
TRIPS = {
    "turns": [
        {"user": "How is the weather?", "say": "It rains."},
        {"user": "Book a table for two", "say": "It is booked."},
    ],
    "otherwise": "You said: {user.text}",
}


async def begin(start, join, scenario=TRIPS, *, model="gpt-realtime", session=TRANSCRIBED, **options):
    simulator = await start(scenario, **options)
    client = await join(simulator, model=model, session=session)
    return client, simulator.sessions[0]


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-4.1"])
async def test_the_caller_says_a_line_to_a_client_that_sends_nothing(start, join, model):
    client, session = await begin(start, join, model=model)
    await session.caller_says("Book a table for two")
    assert spoken_text((await client.until("response.done"))["response"]) == "It is booked."
    heard = client.of_type(f"{HEARD}completed")[0]
    assert heard["transcript"] == "Book a table for two"
    (turn,) = session.voice_turns
    assert (turn.item_id, turn.text, turn.source) == (heard["item_id"], "Book a table for two", "caller")


@pytest.mark.quiet
async def test_a_line_takes_as_long_as_speech_does(start, join):
    client, session = await begin(start, join)
    began_s = asyncio.get_running_loop().time()
    await session.caller_says("Good evening to everybody")
    took_s = asyncio.get_running_loop().time() - began_s
    await client.until("input_audio_buffer.speech_stopped")
    assert 1.2 < took_s < 2.5  # tones: four words, 22 letters


async def test_a_line_can_be_heard_at_once(start, join):
    client, session = await begin(start, join)
    await session.caller_says("Good evening to everybody, wherever you are", at_once=True)
    assert session.sent("input_audio_buffer.speech_stopped")
    assert spoken_text((await client.until("response.done"))["response"]).endswith("wherever you are")


async def test_lines_wait_for_each_other_and_for_the_first_session_update(start, join):
    client, session = await begin(start, join, session=None)
    lines = [asyncio.create_task(session.caller_says(text)) for text in ("Good morning", "And good bye")]
    await client.append(SPOKEN)
    await client.refused()
    assert not session.sent("input_audio_buffer.speech_started")
    await client.configure(**TRANSCRIBED)
    await asyncio.gather(*lines)
    await session.wait_for_sent("input_audio_buffer.committed", count=2)
    assert [turn.text for turn in session.voice_turns] == ["Good morning", "And good bye"]


@pytest.mark.quiet
@pytest.mark.parametrize("audio_format", ["pcm16", "g711_ulaw", "g711_alaw"])
async def test_a_line_is_laid_over_what_the_client_sends(start, join, audio_format):
    session_options = {**TRANSCRIBED, "input_audio_format": audio_format}
    client, session = await begin(start, join, session=session_options)
    quiet = (
        silence(20) if audio_format == "pcm16" else bytes([{"g711_ulaw": 0xFF}.get(audio_format, 0xD5)]) * 160
    )

    async def microphone():
        while True:
            await client.send("input_audio_buffer.append", audio=quiet)
            await asyncio.sleep(0.02)

    streaming = asyncio.create_task(microphone())
    await session.caller_says("How is the weather?")
    assert spoken_text((await client.until("response.done"))["response"]) == "It rains."
    streaming.cancel()
    # Nothing was put between what the client sent.
    appended = len(session.received("input_audio_buffer.append")) * 20
    assert client.of_type("input_audio_buffer.speech_stopped")[0]["audio_end_ms"] <= appended


async def test_the_audio_of_a_line_is_the_item_s(start, join):
    client, session = await begin(start, join)
    await session.caller_says("How is the weather?", at_once=True)
    item_id = (await client.until("input_audio_buffer.committed"))["item_id"]
    await client.until("response.done")
    await client.send("conversation.item.retrieve", item_id=item_id)
    part = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
    samples = np.frombuffer(base64.b64decode(part["audio"]), "<i2")
    assert np.abs(samples).max() > 5000


class _Halting:
    """Speaks two words with a second of silence between them."""

    async def speak(self, text, **options):
        pcm = tone(600) + silence(1000) + tone(600)
        return Utterance(pcm, (SpokenWord("Wait", 0.0, 600.0), SpokenWord("there", 1600.0, 600.0)), ())

    async def aclose(self):
        pass


async def test_a_line_that_is_cut_into_turns_is_known_by_its_parts(start, join):
    client, session = await begin(start, join, speech=_Halting())
    await session.caller_says("Wait, there!", at_once=True)
    await client.until(f"{HEARD}completed", transcript="Wait,")
    await client.until(f"{HEARD}completed", transcript="there!")
    assert [turn.text for turn in session.voice_turns] == ["Wait,", "there!"]


async def test_the_client_commits_a_line_where_it_makes_the_turns(start, join):
    client, session = await begin(start, join, session={"turn_detection": None, **TRANSCRIBED})
    await session.caller_says("Book a table for two", at_once=True)
    await client.send("input_audio_buffer.commit")
    await client.until(f"{HEARD}completed", transcript="Book a table for two")


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-4.1"])
async def test_the_next_turn_says_what_was_told(start, join, model):
    client, session = await begin(start, join, model=model)
    session.expect_transcript("Book a table for 2")
    await client.append(SPOKEN)
    assert spoken_text((await client.until("response.done"))["response"]) == "It is booked."
    assert client.of_type(f"{HEARD}completed")[0]["transcript"] == "Book a table for 2"
    await client.append(SPOKEN)
    assert spoken_text((await client.until("response.done"))["response"]) == "It rains."
    assert [turn.source for turn in session.voice_turns] == ["told", "scenario"]


async def test_what_fits_no_line_is_answered_by_otherwise(start, join):
    client, session = await begin(start, join)
    session.expect_transcript("Sing me a song")
    await client.append(SPOKEN)
    assert spoken_text((await client.until("response.done"))["response"]) == "You said: Sing me a song"


async def test_nobody_knows_a_turn_beyond_the_scenario(start, join):
    client, session = await begin(start, join, scenario=None)
    await client.append(SPOKEN)
    await client.until("response.done")
    (turn,) = session.voice_turns
    assert (turn.text, turn.source) == (None, "unknown")


async def test_a_caller_has_something_to_say(start, join):
    _, session = await begin(start, join)
    with pytest.raises(ConfigurationError, match="no word"):
        await session.caller_says(" ... ")
    with pytest.raises(ConfigurationError, match="no word"):
        session.expect_transcript("")


async def test_nobody_hears_the_caller_when_the_session_is_over(start, join):
    client, session = await begin(start, join)
    line = asyncio.create_task(session.caller_says("A very long line that nobody hears to its end"))
    await client.until("input_audio_buffer.speech_started")
    await client.socket.close()
    with pytest.raises(ProtocolError, match="over"):
        await line
    with pytest.raises(ProtocolError, match="over"):
        await session.caller_says("Hello?")


async def test_the_record_of_a_session_tells_what_was_heard_and_how_that_is_known(start, join):
    client, session = await begin(start, join, session={})
    session.expect_transcript("Book a table for two")
    await client.append(SPOKEN)
    await client.until("response.done")
    notes = [narrated(entry) for entry in session.events if isinstance(entry, Noted)]
    assert '(heard "Book a table for two", as was told beforehand)' in notes
    assert not any("transcription" in sent for sent in client.types())
    assert "simulator.note" not in client.types()
