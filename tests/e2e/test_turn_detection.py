"""Whose turn it is: every kind of turn detection with every option, and what the options do."""

import math

import numpy as np
import pytest
from pipecat.frames.frames import InterruptionFrame

from pipecat_voicelive import (
    AzureStandardVoice,
    EndOfUtteranceDetection,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
    VoiceLiveClient,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker

from .harness import calling

END = EndOfUtteranceDetection(model="semantic_detection_v1", threshold_level="medium", timeout_ms=800)
BY_LOUDNESS = {
    "threshold": 0.4,
    "prefix_padding_ms": 320,
    "silence_duration_ms": 480,
    "speech_duration_ms": 96,
    "end_of_utterance_detection": END,
    "create_response": True,
    "interrupt_response": True,
    "auto_truncate": False,
}
BY_LOUDNESS_ALONE = {name: value for name, value in BY_LOUDNESS.items() if value is not END}
BY_WORDS = {"remove_filler_words": True, "appended_text_after_truncation": "(interrupted)"}


def sound(*parts_ms):
    """Tones (positive) and silences (negative), in milliseconds, at 24 kHz."""
    pieces = []
    for part_ms in parts_ms:
        times = np.arange(abs(part_ms) * 24)
        pieces.append((8000 * np.sin(times * 2 * np.pi * 220 / 24000) * (part_ms > 0)).astype(np.int16))
    return np.concatenate(pieces).tobytes()


async def heard(detection, *parts_ms, line="Hello.", model="gpt-4.1"):
    """What the client is told of a sound: the session, then where turns begin and end."""
    scenario = {"turns": [{"user": line, "say": "Yes."}] * 3}
    session = SessionProperties(turn_detection=detection)
    async with (
        VoiceLiveSimulator(scenario, speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(endpoint=simulator.endpoint, api_key="k", model=model, session=session) as client,
    ):
        client.send_audio(sound(*parts_ms))
        found, info = [], None
        async for signal in client:
            match signal:
                case effects.SessionReady(info):
                    client.send_event({"type": "conversation.item.delete", "item_id": "no such item"})
                case effects.UserSpeechStarted(_, at_ms) | effects.UserSpeechStopped(_, at_ms):
                    found.append(at_ms)
                case effects.SessionRefused(error):
                    return error.param, []
                case effects.RequestRefused():  # the answer to what was sent after the audio
                    break
        return info, found


@pytest.mark.proves(
    "session.turn_detection",
    "session.turn_detection.type",
    "session.turn_detection.threshold",
    "session.turn_detection.prefix_padding_ms",
    "session.turn_detection.silence_duration_ms",
    "session.turn_detection.speech_duration_ms",
    "session.turn_detection.create_response",
    "session.turn_detection.interrupt_response",
    "session.turn_detection.auto_truncate",
    "session.turn_detection.appended_text_after_truncation",
    "session.turn_detection.languages",
    "session.turn_detection.eagerness",
    "session.turn_detection.end_of_utterance_detection",
    "session.turn_detection.end_of_utterance_detection.model",
    "session.turn_detection.end_of_utterance_detection.threshold_level",
    "turn_detection=server_vad",
    "turn_detection=semantic_vad",
    "turn_detection=azure_semantic_vad",
    "turn_detection=azure_semantic_vad_en",
    "turn_detection=azure_semantic_vad_multilingual",
    "feature.turn-detection",
)
@pytest.mark.parametrize(
    ("kind", "options", "model"),
    [
        ("server_vad", BY_LOUDNESS, "gpt-4.1"),
        ("server_vad", BY_LOUDNESS_ALONE, "gpt-realtime"),
        ("semantic_vad", {"eagerness": "high", "create_response": True}, "gpt-realtime"),
        ("azure_semantic_vad", {**BY_LOUDNESS, **BY_WORDS, "languages": ["en"]}, "gpt-4.1"),
        ("azure_semantic_vad_en", {**BY_LOUDNESS, **BY_WORDS}, "gpt-4.1"),
        (
            "azure_semantic_vad_multilingual",
            {**BY_LOUDNESS, **BY_WORDS, "languages": ["en", "de"]},
            "gpt-4.1",
        ),
    ],
)
async def test_every_kind_takes_its_options_and_finds_turns(kind, options, model):
    detection = TurnDetection(type=kind, **options)
    info, found = await heard(detection, -1000, 800, -900, model=model)
    asked = detection.model_dump(exclude_unset=True)
    end = asked.pop("end_of_utterance_detection", None)
    assert asked.items() <= info.turn_detection.items()
    if end is not None:
        assert end.items() <= info.turn_detection["end_of_utterance_detection"].items()
    started_ms, stopped_ms = found
    padding_ms = options.get("prefix_padding_ms", 400)
    assert abs(started_ms - (1000 - padding_ms)) <= 16
    assert abs(stopped_ms - (1800 + options.get("silence_duration_ms", 500))) <= 32


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("server_vad", {"remove_filler_words": True}),
        ("server_vad", {"eagerness": "low"}),
        ("semantic_vad", {"threshold": 0.5}),
        ("azure_semantic_vad_en", {"languages": ["en"]}),
        ("azure_semantic_vad", {"eagerness": "low"}),
    ],
)
async def test_options_of_another_kind_are_refused(kind, options):
    param, _ = await heard(TurnDetection(type=kind, **options), 800, -600, model="gpt-realtime")
    assert param == f"session.turn_detection.{next(iter(options))}"


async def test_a_sound_shorter_than_the_speech_duration_is_no_turn():
    patient = TurnDetection(type="azure_semantic_vad", speech_duration_ms=300)
    _, found = await heard(patient, -500, 200, -1000)
    assert found == []
    quick = TurnDetection(type="azure_semantic_vad", speech_duration_ms=80)
    _, found = await heard(quick, -500, 200, -1000)
    assert len(found) == 2


@pytest.mark.proves(
    "session.turn_detection.end_of_utterance_detection.timeout_ms", "feature.end-of-utterance"
)
@pytest.mark.parametrize(
    ("line", "wait_ms"), [("I would like to", 800), ("I would like to go.", 0), ("I would like that", 0)]
)
async def test_a_turn_that_looks_unfinished_waits_for_the_timeout(line, wait_ms):
    detection = TurnDetection(
        type="azure_semantic_vad", silence_duration_ms=480, end_of_utterance_detection=END
    )
    _, (_, stopped_ms) = await heard(detection, -500, 500, -2000, line=line)
    if line.endswith("that"):
        wait_ms = 800  # it may be the beginning of "that one"
    assert abs(stopped_ms - (1000 + 480 + wait_ms)) <= 32


async def test_a_pause_for_thought_does_not_end_a_turn_that_looks_unfinished():
    detection = TurnDetection(type="azure_semantic_vad", end_of_utterance_detection=END)
    _, found = await heard(detection, -500, 500, -900, 500, -2000, line="To Lisbon, and then to,")
    assert len(found) == 2
    _, found = await heard(
        TurnDetection(type="azure_semantic_vad"), -500, 500, -900, 500, -2000, line="To Lisbon, and then to,"
    )
    assert len(found) == 4


@pytest.mark.proves("rule.fillers")
@pytest.mark.proves("session.turn_detection.remove_filler_words", "feature.fillers-do-not-interrupt")
@pytest.mark.parametrize("removed", [True, False])
async def test_humming_does_not_interrupt_where_fillers_are_removed(speaker, removed):
    story = "Once upon a time there was a king who had three sons, and each wanted to be a baker."
    scenario = {
        "greeting": story,
        "turns": [{"user": "Mm-hmm.", "say": "Sorry?"}, {"user": "Stop it.", "say": "As you wish."}],
    }
    settings = VoiceLiveLLMSettings(
        session_properties=SessionProperties(
            voice=AzureStandardVoice(name="en-US-AvaNeural"),
            turn_detection=TurnDetection(type="azure_semantic_vad", remove_filler_words=removed),
            input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        )
    )
    async with calling(scenario, speaker, settings=settings) as call:
        await call.until(lambda: call.session.sent("response.audio.delta"), "for the story")
        await call.say("Mm-hmm.")
        if not removed:
            await call.until(lambda: call.seen(InterruptionFrame), "for an interruption")
            return
        await call.until(lambda: call.said == [("assistant", story)], "for the whole story")
        assert not call.seen(InterruptionFrame)
        assert not call.session.sent("input_audio_buffer.speech_started")
        # Words are a turn, and take the line after the hum.
        await call.say("Stop it.")
        await call.until(lambda: call.said[1:] == [("user", "Stop it."), ("assistant", "As you wish.")])
