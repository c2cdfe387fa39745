"""Turns by a model of voices: where they are, whatever the batch, and that other sounds are none."""

import asyncio

import numpy as np
import pytest
from spoken_lines import FORMATS, LINES, laid, spoken_lines
from test_hearing_accuracy import PADDING_MS, SILENCE_MS, errors_ms
from voice_live_client import silence

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.audio import input_format
from pipecat_voicelive.simulator import VoiceLiveSimulator, g711
from pipecat_voicelive.simulator.caller_audio import CallerAudio
from pipecat_voicelive.simulator.caller_voice import CallerVoice
from pipecat_voicelive.simulator.input_audio import InputFormat
from pipecat_voicelive.simulator.silero import Silero, SileroStream
from pipecat_voicelive.simulator.turn_detection import TurnSettings

TOLERANCE_MS = 50


@pytest.fixture
async def silero():
    model = await Silero.open()
    yield model
    await model.aclose()


async def heard(model, place, *, rate_hz, law=None, piece_ms=None):
    """The turns found in audio that comes in pieces, each judged before the next."""
    settings = TurnSettings(
        threshold=0.5,
        prefix_padding_ms=PADDING_MS,
        silence_duration_ms=SILENCE_MS,
        speech_duration_ms=200,
    )
    audio_format = InputFormat(input_format(law or "pcm16", rate_hz))
    voice = CallerVoice(audio_format, lambda: 0)
    caller = CallerAudio(audio_format, settings, lambda: 0, voice, asks_model=True)
    stream = SileroStream(rate_hz)
    data = g711.encode(place.samples, law) if law else place.samples.astype("<i2").tobytes()
    size = int(piece_ms * rate_hz / 1000) * (1 if law else 2) if piece_ms else len(data)
    found = []
    for start in range(0, len(data), size):
        found += caller.append(data[start : start + size])
        question = caller.question()
        probabilities = await model.judge(stream, question.samples)
        found += caller.judged(question.stream, probabilities)
    return found


def positions(found):
    return [getattr(turn, "audio_start_ms", None) or turn.audio_end_ms for turn in found]


@pytest.mark.parametrize(("rate_hz", "law"), FORMATS)
async def test_turns_by_the_model_begin_and_end_where_the_synthesiser_put_them(silero, places, rate_hz, law):
    laid_out = [laid(line, rate_hz=rate_hz, law=law, loudness_db=-12) for line in places]
    turns = await asyncio.gather(*(heard(silero, place, rate_hz=rate_hz, law=law) for place in laid_out))
    for (_, _, text), place, found in zip(LINES, laid_out, turns, strict=True):
        assert np.abs(errors_ms(place, found)).max() <= TOLERANCE_MS, text


async def test_turns_are_the_same_alone_in_company_and_in_any_pieces(silero, places):
    laid_out = [laid(line, rate_hz=24000, noise_db=-55) for line in places]
    alone = [positions(await heard(silero, place, rate_hz=24000)) for place in laid_out]
    together = await asyncio.gather(
        *(heard(silero, place, rate_hz=24000, piece_ms=100) for place in laid_out[:8]),
        *(heard(silero, place, rate_hz=24000, piece_ms=33.3) for place in laid_out[8:]),
    )
    assert [positions(found) for found in together] == alone


async def test_a_voice_is_heard_among_other_sounds_where_loudness_hears_all(start, join, places):
    times = np.arange(48000) / 24000
    keypad = 4000 * (np.sin(2 * np.pi * 770 * times) + np.sin(2 * np.pi * 1336 * times))
    line = laid(places[0], rate_hz=24000, lead_ms=1000).samples.astype("<i2").tobytes()
    audio = silence(800) + keypad.astype("<i2").tobytes() + silence(800) + line
    begins_ms = {}
    for detector in ("energy", "silero"):
        client = await join(await start(turn_detector=detector))
        await client.append(audio, piece_bytes=4800)
        begins_ms[detector] = (await client.until("input_audio_buffer.speech_started"))["audio_start_ms"]
    assert begins_ms["energy"] < 800
    assert begins_ms["silero"] > 2600


async def test_what_follows_audio_is_handled_when_the_audio_has_been_judged(start, join, places):
    client = await join(await start(turn_detector="silero"))
    line = laid(places[0], rate_hz=24000).samples.astype("<i2").tobytes()
    await client.append(line, piece_bytes=4800)
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    types = client.types()
    assert types.index("input_audio_buffer.speech_stopped") < types.index("input_audio_buffer.cleared")


async def test_other_options_in_mid_stream_begin_a_new_stream(start, join, places):
    client = await join(await start(turn_detector="silero"))
    await client.append(silence(1000))
    await client.configure(input_audio_sampling_rate=8000)
    await client.append(laid(places[0], rate_hz=8000).samples.astype("<i2").tobytes(), piece_bytes=321 * 2)
    started = await client.until("input_audio_buffer.speech_started")
    assert started["audio_start_ms"] > 1000
    await client.until("response.done")


async def test_the_simulated_caller_is_heard_by_the_model(start, join):
    from pipecat_voicelive.simulator import open_speaker

    speaker = await open_speaker()
    try:
        simulator = await start(turn_detector="silero", speech=speaker)
        client = await join(simulator)
        session = await simulator.wait_for_session()
        await session.caller_says("How is the weather in Lisbon?", at_once=True)
        await client.until("response.done")
    finally:
        await speaker.aclose()


def test_another_detector_is_refused():
    with pytest.raises(ConfigurationError, match="'energy' or 'silero'"):
        VoiceLiveSimulator(turn_detector="webrtc")


@pytest.fixture(scope="module")
def places():
    """The lines, synthesised before any event loop runs."""
    return spoken_lines()
