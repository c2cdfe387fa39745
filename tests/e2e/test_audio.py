"""What is heard: rates, manual turns, words and visemes in time, and silence where it is asked for."""

import numpy as np
import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    InterruptionFrame,
    LLMConfigureOutputFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from pipecat_voicelive import (
    Animation,
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    VoiceLiveLLMSettings,
    VoiceLiveVisemeFrame,
    VoiceLiveWordFrame,
)

from .harness import calling


def settings(**options):
    return VoiceLiveLLMSettings(
        session_properties=SessionProperties(
            voice=AzureStandardVoice(name="en-US-AvaNeural"),
            input_audio_transcription=InputAudioTranscription(model="azure-speech"),
            **options,
        )
    )


def heard_in_order(call):
    """What left the output transport, in order, with the milliseconds of audio played before it."""
    played_ms, order = 0.0, []
    for frame in call.heard(TTSAudioRawFrame, VoiceLiveWordFrame, VoiceLiveVisemeFrame):
        if isinstance(frame, TTSAudioRawFrame):
            played_ms += frame.num_frames * 1000 / frame.sample_rate
        else:
            order.append((frame, played_ms))
    return order


@pytest.mark.proves(
    "feature.words",
    "feature.visemes",
    "response.audio_timestamp.delta",
    "response.animation_viseme.delta",
    "session.output_audio_timestamp_types",
    "session.animation",
    "session.animation.outputs",
    "output_audio_timestamp_types=word",
    "animation.outputs=viseme_id",
)
async def test_words_and_visemes_leave_the_transport_with_the_audio_they_belong_to(speaker):
    options = settings(output_audio_timestamp_types=["word"], animation=Animation(outputs=["viseme_id"]))
    text = "Seven swans swam slowly past the silver lighthouse."
    async with calling({"greeting": text}, speaker, settings=options) as call:
        await call.bot_has_spoken()
        order = heard_in_order(call)
        words = [(frame, at_ms) for frame, at_ms in order if isinstance(frame, VoiceLiveWordFrame)]
        visemes = [(frame, at_ms) for frame, at_ms in order if isinstance(frame, VoiceLiveVisemeFrame)]
        assert [frame.text for frame, _ in words] == text.rstrip(".").split()
        assert len(visemes) > 20
        assert {frame.response_id for frame, _ in order} == {words[0][0].response_id}
        # One chunk of the transport is 40 ms: a mark leaves with the chunk that its place lies in.
        for frame, at_ms in order:
            assert -1 <= frame.audio_offset_ms - at_ms <= 41
        offsets = [frame.audio_offset_ms for frame, _ in visemes]
        assert offsets == sorted(offsets)


async def test_words_and_visemes_vanish_with_the_audio_on_an_interruption(speaker):
    options = settings(output_audio_timestamp_types=["word"], animation=Animation(outputs=["viseme_id"]))
    text = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."
    async with calling({"greeting": text}, speaker, settings=options, speed=1000) as call:
        await call.until(lambda: len(call.heard(VoiceLiveWordFrame)) >= 3, "for three words")
        pushed = len(call.pushed_by_service(VoiceLiveVisemeFrame))
        await call.queue(InterruptionFrame())
        await call.bot_has_spoken()
        assert len(call.heard(VoiceLiveWordFrame)) < 8
        assert len(call.heard(VoiceLiveVisemeFrame)) < pushed / 2


@pytest.mark.parametrize(("in_hz", "out_hz"), [(8000, 8000), (24000, 16000), (48000, 44100)])
async def test_a_call_works_at_the_pipelines_rates(speaker, in_hz, out_hz):
    scenario = {"turns": [{"user": "How are you today?", "say": "Very well, thank you."}]}
    async with calling(scenario, speaker, greet=False, in_hz=in_hz, out_hz=out_hz) as call:
        await call.say("How are you today?")
        await call.bot_has_spoken()
        frames = call.pushed_by_service(TTSAudioRawFrame)
        assert {(frame.sample_rate, frame.num_channels) for frame in frames} == {(out_hz, 1)}
        seconds = sum(frame.num_frames for frame in frames) / out_hz
        spoken = await speaker.speak("Very well, thank you.")
        assert abs(seconds - spoken.duration_ms / 1000) < 0.01
        (started,) = call.session.sent("input_audio_buffer.speech_started")
        assert started.audio_start_ms < 1500


@pytest.mark.proves("feature.manual-turns", "input_audio_buffer.commit")
async def test_turns_of_pipecats_own_vad_are_sent_whole_from_their_first_sound(speaker):
    options = settings(turn_detection=None)
    turns = UserTurnStrategies(
        start=[VADUserTurnStartStrategy()],
        stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.3)],
    )
    params = LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(params=VADParams(start_secs=0.2, stop_secs=0.2)),
        user_turn_strategies=turns,
    )
    scenario = {
        "greeting": "Hello.",
        "turns": [
            {"user": "How are you today?", "say": "Very well."},
            {"user": "And what is your name?", "say": "I have none."},
        ],
    }
    async with calling(scenario, speaker, settings=options, user_params=params) as call:
        await call.bot_has_spoken()
        assert not call.session.received("input_audio_buffer.append")  # nobody has spoken yet
        first = await call.say("How are you today?")
        await call.bot_has_spoken(2)
        await call.say("And what is your name?")
        await call.bot_has_spoken(3)
        await call.until(lambda: len(call.said) == 5, "for the context")
        assert call.said[1:] == [
            ("user", "How are you today?"),
            ("assistant", "Very well."),
            ("user", "And what is your name?"),
            ("assistant", "I have none."),
        ]
        assert len(call.session.received("input_audio_buffer.commit")) == 2
        assert not call.session.received("input_audio_buffer.clear")
        assert not call.session.sent("error")

        # The first turn's audio holds the speech from its very first sample, each sample once.
        sent, commits = b"", 0
        for event in call.session.client_events:
            commits += event.type == "input_audio_buffer.commit"
            if event.type == "input_audio_buffer.append" and commits == 0:
                sent += event.audio
        samples = np.frombuffer(sent, np.int16)
        audible = np.flatnonzero(np.abs(samples.astype(int)) > 200)
        assert audible[0] > 0  # silence before it was sent too
        assert abs((audible[-1] - audible[0]) / 16000 - (first.end_s - first.start_s)) < 0.02


async def test_the_service_hears_nothing_of_the_bot_in_a_silent_answer(speaker):
    scenario = {"turns": [{"user": "Say something.", "say": "Something silent."}]}
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        audio = len(call.pushed_by_service(TTSAudioRawFrame))
        await call.queue(LLMConfigureOutputFrame(skip_tts=True))
        message = {"role": "user", "content": "Say something."}
        await call.queue(LLMMessagesAppendFrame([message], run_llm=True))
        await call.until(lambda: ("assistant", "Something silent.") in call.said, "for the text")
        assert len(call.pushed_by_service(TTSAudioRawFrame)) == audio
        assert len(call.pushed_by_service(TTSStartedFrame)) == 1


@pytest.mark.proves("session.modalities", "modalities=text", "response.text.delta", "content=text")
async def test_a_text_session_writes_and_does_not_speak(speaker):
    options = VoiceLiveLLMSettings(
        session_properties=SessionProperties(modalities=["text"], input_audio_transcription=None)
    )
    async with calling({"greeting": "Only written."}, speaker, settings=options, greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.until(lambda: call.said == [("assistant", "Only written.")], "for the text")
        assert "".join(f.text for f in call.pushed_by_service(LLMTextFrame)) == "Only written."
        assert len(call.pushed_by_service(LLMFullResponseStartFrame)) == 1
        assert not call.pushed_by_service(TTSAudioRawFrame, TTSStartedFrame, TTSTextFrame)
