"""Every audio format of the wire, both ways, over a real socket."""

import math
from base64 import b64encode

import numpy as np
import pytest
from pipecat.frames.frames import TTSAudioRawFrame

from pipecat_voicelive import (
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    VoiceLiveClient,
    VoiceLiveLLMSettings,
    VoiceLiveRespondFrame,
)
from pipecat_voicelive.protocol.audio import input_format, output_format
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.service.audio import OutputAudio
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator, g711
from pipecat_voicelive.simulator.tone import ToneSpeaker

from .harness import calling

SCENARIO = {"turns": [{"user": "How are you?", "say": "Very well, thank you."}]}
AZURE_VOICE = AzureStandardVoice(name="en-US-AvaNeural")


def tone(wire, duration_ms):
    """A tone that counts as speech, in an input format of the wire."""
    times = np.arange(round(duration_ms * wire.rate_hz / 1000)) / wire.rate_hz
    samples = (8000 * np.sin(2 * np.pi * 220 * times)).astype(np.int16)
    return samples.tobytes() if wire.encoding == "pcm16" else g711.encode(samples, wire.encoding)


def silence(wire, duration_ms):
    quiet = b"\0" if wire.encoding == "pcm16" else g711.encode(np.zeros(1, np.int16), wire.encoding)
    return quiet * wire.size_bytes(duration_ms)


async def heard_turn(session, wire):
    """A client says a tone from 1000 to 1800 ms; what it is told of that, and the audio of the answer."""
    async with (
        VoiceLiveSimulator(SCENARIO, speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(endpoint=simulator.endpoint, api_key="k", model="gpt-4.1", session=session) as client,
    ):
        audio = silence(wire, 1000) + tone(wire, 800) + silence(wire, 900)
        size = wire.size_bytes(20)
        for start in range(0, len(audio), size):
            client.send_audio(audio[start : start + size])
        found, spoken = {}, b""
        async for signal in client:
            match signal:
                case effects.SessionReady(info):
                    found["session"] = info
                case effects.UserSpeechStarted(_, audio_start_ms):
                    found["start_ms"] = audio_start_ms
                case effects.UserSpeechStopped(_, audio_end_ms):
                    found["end_ms"] = audio_end_ms
                case effects.Audio(_, _, audio):
                    spoken += audio
                case effects.ResponseFinished():
                    break
        return found, spoken


@pytest.mark.proves(
    "session.input_audio_format",
    "session.input_audio_sampling_rate",
    "input_audio_format=pcm16",
    "input_audio_format=g711_ulaw",
    "input_audio_format=g711_alaw",
    "input_audio_buffer.append",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "feature.audio-formats",
)
@pytest.mark.parametrize(
    ("name", "rate_hz", "effective_hz"),
    [
        ("pcm16", 8000, 8000),
        ("pcm16", 16000, 16000),
        ("pcm16", 24000, 24000),
        ("pcm16", 44100, 44100),
        ("g711_ulaw", None, 8000),
        ("g711_alaw", 24000, 8000),
    ],
)
async def test_positions_are_the_same_in_every_input_format(name, rate_hz, effective_hz):
    session = SessionProperties(input_audio_format=name, voice=AZURE_VOICE)
    if rate_hz is not None:
        session.input_audio_sampling_rate = rate_hz
    found, _ = await heard_turn(session, input_format(name, rate_hz))
    assert (found["session"].input_audio_format, found["session"].input_audio_sampling_rate) == (
        name,
        effective_hz,
    )
    # Padding is 400 ms, the silence that ends a turn 500; positions are multiples of 16 ms.
    assert abs(found["start_ms"] - 600) <= 16
    assert abs(found["end_ms"] - 2300) <= 32


@pytest.mark.proves(
    "session.output_audio_format",
    "output_audio_format=pcm16",
    "output_audio_format=pcm16_8000hz",
    "output_audio_format=pcm16_16000hz",
    "output_audio_format=pcm16_22050hz",
    "output_audio_format=pcm16_24000hz",
    "output_audio_format=pcm16_44100hz",
    "output_audio_format=pcm16_48000hz",
    "output_audio_format=g711_ulaw",
    "output_audio_format=g711_alaw",
    "response.audio.delta",
)
@pytest.mark.parametrize(
    "name",
    [
        "pcm16",
        "pcm16_8000hz",
        "pcm16_16000hz",
        "pcm16_22050hz",
        "pcm16_24000hz",
        "pcm16_44100hz",
        "pcm16_48000hz",
        "g711_ulaw",
        "g711_alaw",
    ],
)
async def test_an_answer_lasts_as_long_in_every_output_format(name):
    found, spoken = await heard_turn(
        SessionProperties(output_audio_format=name, voice=AZURE_VOICE), input_format("pcm16", 24000)
    )
    assert found["session"].output_audio_format == name
    utterance = await ToneSpeaker().speak("Very well, thank you.", voice=AZURE_VOICE.name)
    assert abs(output_format(name).duration_ms(len(spoken)) - utterance.duration_ms) < 1
    # And it is that sound, not noise: a pipeline of 24 kHz hears the pitch that was spoken.
    back = OutputAudio(output_format(name), 24000)
    heard = np.frombuffer(back.convert(spoken) + back.flush(), np.int16)
    assert abs(loudest_hz(heard) - loudest_hz(np.frombuffer(utterance.pcm, np.int16))) < 5


def loudest_hz(samples, rate_hz=24000):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * rate_hz / len(samples)


@pytest.mark.proves("feature.telephony-audio")
@pytest.mark.parametrize("law", ["g711_ulaw", "g711_alaw"])
async def test_a_telephone_call_needs_no_resampling(speaker, law):
    properties = SessionProperties(
        input_audio_format=law,
        output_audio_format=law,
        voice=AZURE_VOICE,
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
    )
    settings = VoiceLiveLLMSettings(session_properties=properties)
    async with calling(SCENARIO, speaker, settings=settings, greet=False, in_hz=8000, out_hz=8000) as call:
        await call.say("How are you?")
        await call.bot_has_spoken()
        # Sample for sample: what the service sent is what the caller hears.
        deltas = b"".join(event.delta for event in call.session.sent("response.audio.delta"))
        played = b"".join(frame.audio for frame in call.pushed_by_service(TTSAudioRawFrame))
        assert played == g711.decode(deltas, law).astype("<i2").tobytes()
        appended = b"".join(event.audio for event in call.session.received("input_audio_buffer.append"))
        assert len(appended) % 160 == 0  # 20 ms frames, one byte a sample
        (started,) = call.session.sent("input_audio_buffer.speech_started")
        assert started.audio_start_ms < 1500


async def test_a_format_that_the_service_chose_itself_is_played_at_its_own_speed(speaker):
    async with calling(SCENARIO, speaker, greet=False, out_hz=16000) as call:
        (updated,) = call.session.sent("session.updated")
        changed = {"id": updated.session.id, "output_audio_format": "pcm16"}
        await call.session.send_event({"type": "session.updated", "session": changed})
        response = {"id": "resp_1", "status": "in_progress"}
        await call.session.send_event({"type": "response.created", "response": response})
        place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
        second = np.zeros(24000, np.int16).tobytes()
        delta = {"type": "response.audio.delta", "delta": b64encode(second).decode(), **place}
        await call.session.send_event(delta)
        done = {"type": "response.done", "response": {**response, "status": "completed"}}
        await call.session.send_event(done)
        await call.until(lambda: call.pushed_by_service(TTSAudioRawFrame), "for audio")
        await call.bot_has_spoken()
        frames = call.pushed_by_service(TTSAudioRawFrame)
        assert sum(frame.num_frames for frame in frames) == 16000


async def test_an_answer_in_a_format_of_its_own_keeps_it_when_the_session_changes(speaker, caplog_loguru):
    properties = ResponseProperties(output_audio_format="pcm16_8000hz")
    async with calling(SCENARIO, speaker, greet=False, speed=1.0) as call:
        await call.queue(VoiceLiveRespondFrame(properties=properties))
        await call.until(lambda: call.pushed_by_service(TTSAudioRawFrame), "for audio")
        (updated,) = call.session.sent("session.updated")
        await call.session.send_event({"type": "session.updated", "session": to_plain(updated.session)})
        await call.bot_has_spoken()
        sent_bytes = sum(len(event.delta) for event in call.session.sent("response.audio.delta"))
        frames = call.pushed_by_service(TTSAudioRawFrame)
        assert sum(frame.num_frames for frame in frames) == pytest.approx(3 * sent_bytes / 2, abs=100)
    assert not [line for line in caplog_loguru if "not as asked for" in line]
