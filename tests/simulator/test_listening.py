"""Where the words of voice turns come from: recordings that are known again, lines that are recognised."""

import wave

import numpy as np
import pytest
import soxr
from voice_live_client import SPOKEN, silence, spoken_text, tone

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator import Scenario, open_speaker

HEARD = "conversation.item.input_audio_transcription."
TRANSCRIBED = {"input_audio_transcription": {"model": "azure-speech"}}
LINES = {
    "Book a table for two people": "It is booked.",
    "I would like to order 2 pizzas": "They are on their way.",
    "How is the weather in Lisbon?": "It rains.",
}
TURNS = [{"user": user, "say": say} for user, say in LINES.items()]


@pytest.fixture
async def voices():
    """Lines that were spoken, each as samples of 24 kHz."""
    speaker = await open_speaker()
    said = [*LINES, "Where did you put the keys of my car?"]
    spoken = {text: np.frombuffer((await speaker.speak(text)).pcm, "<i2") for text in said}
    await speaker.aclose()
    return spoken


def wav(path, samples, rate_hz=24000):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


async def say(client, samples):
    """Speak; what was transcribed and what was answered."""
    await client.append(silence(300) + samples.astype("<i2").tobytes() + silence(900))
    done = await client.until("response.done")
    return client.of_type(f"{HEARD}completed")[-1]["transcript"], spoken_text(done["response"])


async def test_recordings_are_known_again_in_any_order(start, join, voices, tmp_path):
    for number, text in enumerate(LINES):
        wav(tmp_path / f"{number}.wav", voices[text])
    members = [{"file": f"{number}.wav", "text": text} for number, text in enumerate(LINES)]
    (tmp_path / "scenario.yaml").write_text(str({"turns": TURNS, "recordings": members}))
    simulator = await start(tmp_path / "scenario.yaml")
    client = await join(simulator, session=TRANSCRIBED)
    for text, answer in reversed(LINES.items()):
        softer = voices[text] * 0.3
        assert await say(client, softer) == (text, answer)
    assert {turn.source for turn in simulator.sessions[0].voice_turns} == {"recording"}


async def test_a_recording_is_known_at_another_rate(start, join, voices):
    simulator = await start({"turns": TURNS})
    text = "I would like to order 2 pizzas"
    simulator.register_recording(voices[text].tobytes(), text, rate_hz=24000)
    client = await join(simulator, model="gpt-4.1", session={"input_audio_format": "g711_ulaw"})
    at_8k = soxr.resample(voices[text], 24000, 8000).astype(np.int16)
    from pipecat_voicelive.simulator.g711 import encode

    await client.append(encode(np.pad(at_8k, (2000, 8000)), "g711_ulaw"))
    assert (await client.until(f"{HEARD}completed"))["transcript"] == text


async def test_what_is_no_recording_takes_the_next_line(start, join, voices):
    simulator = await start({"turns": TURNS})
    text = "How is the weather in Lisbon?"
    simulator.register_recording(voices[text].tobytes(), text, rate_hz=24000)
    client = await join(simulator, session=TRANSCRIBED)
    heard, _ = await say(client, voices["Where did you put the keys of my car?"])
    assert heard == "Book a table for two people"
    (turn,) = simulator.sessions[0].voice_turns
    assert turn.source == "scenario"
    assert turn.tried.startswith("recordings: best ")


async def test_events_wait_until_it_is_known_what_was_said(start, join, voices):
    simulator = await start({"turns": TURNS})
    text = "How is the weather in Lisbon?"
    simulator.register_recording(voices[text].tobytes(), text, rate_hz=24000)
    client = await join(simulator, session={"turn_detection": None, **TRANSCRIBED})
    await client.append(voices[text].tobytes())
    await client.send("input_audio_buffer.commit")
    await client.send("response.create")
    assert spoken_text((await client.until("response.done"))["response"]) == "It rains."
    types = client.types()
    assert types.index("input_audio_buffer.committed") < types.index("response.created")


async def test_a_client_that_goes_on_sending_meanwhile_has_to_wait(start, join, voices):
    simulator = await start({"turns": TURNS, "listen": "recognise"})
    client = await join(simulator, session={"turn_detection": None})
    await client.append(voices["How is the weather in Lisbon?"].tobytes())
    await client.send("input_audio_buffer.commit")
    for _ in range(1500):
        await client.send("input_audio_buffer.clear")
    for _ in range(1500):
        await client.until("input_audio_buffer.cleared")
    session = simulator.sessions[-1]
    types = [entry.event.type for entry in session.events]
    told = types.index("input_audio_buffer.committed")
    assert 256 <= types[:told].count("input_audio_buffer.clear") < 512
    assert types.count("input_audio_buffer.cleared") == 1500, "and nothing is lost"


async def test_lines_are_recognised_and_what_is_none_is_not(start, join, voices):
    simulator = await start({"turns": TURNS, "listen": "recognise", "unrecognised": ""})
    client = await join(simulator, session=TRANSCRIBED)
    session = simulator.sessions[0]
    text = "I would like to order 2 pizzas"
    await client.append(voices[text].tobytes() + silence(900))
    await session.wait_for_sent("response.done", timeout_s=25)
    assert spoken_text((await client.until("response.done"))["response"]) == LINES[text]
    await client.append(voices["Where did you put the keys of my car?"].tobytes() + silence(900))
    (failed,) = await session.wait_for_sent(f"{HEARD}failed", timeout_s=25)
    assert failed.error.code == "transcription_failed"
    known, unknown = session.voice_turns
    assert (known.text, known.source) == (text, "grammar")
    assert (unknown.text, unknown.source) == (None, "unknown")
    assert "75 needed" in unknown.tried


async def test_only_english_is_recognised(start, join):
    simulator = await start({"turns": TURNS, "listen": "recognise"})
    german = {"input_audio_transcription": {"model": "azure-speech", "language": "de-DE"}}
    client = await join(simulator, session=german)
    await client.append(SPOKEN)
    assert (await client.until(f"{HEARD}completed"))["transcript"] == "[1.3 seconds of audio]"
    assert "not de-DE" in simulator.sessions[0].voice_turns[0].tried


async def test_the_placeholder_can_be_chosen(start, join):
    client = await join(await start({"unrecognised": "(unintelligible)"}), session=TRANSCRIBED)
    await client.append(SPOKEN)
    assert (await client.until(f"{HEARD}completed"))["transcript"] == "(unintelligible)"


async def test_a_line_with_an_unknown_word_is_told(start, caplog):
    turns = [*TURNS, {"user": "My name is Xyzzyx", "say": "Hello."}]
    await start({"turns": turns, "listen": "recognise"})
    assert "'My name is Xyzzyx' cannot be recognised" in caplog.text
    with pytest.raises(ConfigurationError, match="English words"):
        await start({"turns": turns[-1:], "listen": "recognise"})


def test_there_must_be_something_to_recognise():
    from pipecat_voicelive.simulator import VoiceLiveSimulator

    with pytest.raises(ConfigurationError, match="plain words"):
        VoiceLiveSimulator({"listen": "recognise"})


async def test_what_is_no_recording_is_refused(start, tmp_path):
    simulator = await start()
    (tmp_path / "no.wav").write_bytes(b"no")
    with pytest.raises(ConfigurationError, match=r"no\.wav"):
        simulator.register_recording(tmp_path / "no.wav", "No")
    with pytest.raises(ConfigurationError, match="rate_hz"):
        simulator.register_recording(tone(500), "No")
    with pytest.raises(ConfigurationError, match="nothing can be heard"):
        simulator.register_recording(silence(500), "No", rate_hz=24000)
    with pytest.raises(ConfigurationError, match="give what it says"):
        simulator.register_recording(tone(500), " ", rate_hz=24000)
    recording = {"file": str(tmp_path / "lost.wav"), "text": "No"}
    with pytest.raises(ConfigurationError, match=r"lost\.wav"):
        await start(Scenario.from_dict({"recordings": [recording]}))
