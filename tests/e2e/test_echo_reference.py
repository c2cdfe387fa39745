"""Two channels: what the microphone hears, and what was played meanwhile."""

import numpy as np
import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import InterruptionFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from demo.speakerphone import SpeakerPhone
from pipecat_voicelive import (
    AzureStandardVoice,
    InputAudioEchoCancellation,
    InputAudioTranscription,
    SessionProperties,
    VoiceLiveLLMSettings,
)

from .harness import calling

pytestmark = pytest.mark.quiet
"""What is played and what is heard are compared by the clock."""

REFERENCE = InputAudioEchoCancellation(reference_source="client", channels=2)
STORY = "Once upon a time there was a king who had three sons, and each of them wanted to be a baker."


def settings(echo=REFERENCE, **options):
    return VoiceLiveLLMSettings(
        session_properties=SessionProperties(
            voice=AzureStandardVoice(name="en-US-AvaNeural"),
            input_audio_transcription=InputAudioTranscription(model="azure-speech"),
            input_audio_echo_cancellation=echo,
            **options,
        )
    )


def channels_sent(call):
    """The microphone and the reference, as the service got them."""
    pieces = [event.audio for event in call.session.received("input_audio_buffer.append")]
    assert all(len(piece) % 4 == 0 for piece in pieces)
    both = np.frombuffer(b"".join(pieces), np.int16)
    return both[0::2].astype(float), both[1::2].astype(float)


def lag(earlier, later):
    """By how many samples `later` lies behind `earlier`, where they are most alike."""
    size = 1 << (len(earlier) + len(later)).bit_length()
    alike = np.fft.irfft(np.fft.rfft(later, size) * np.conj(np.fft.rfft(earlier, size)), size)
    place = int(np.argmax(alike))
    return place if place < size // 2 else place - size


@pytest.mark.proves(
    "session.input_audio_echo_cancellation",
    "session.input_audio_echo_cancellation.type",
    "session.input_audio_echo_cancellation.reference_source",
    "session.input_audio_echo_cancellation.channels",
    "query.features",
    "feature.echo-reference",
)
@pytest.mark.parametrize(("in_hz", "out_hz"), [(16000, 24000), (24000, 24000), (8000, 8000), (48000, 16000)])
async def test_the_reference_lies_under_the_microphone_as_it_was_played(speaker, in_hz, out_hz):
    scenario = {"greeting": STORY, "turns": [{"user": "Thank you.", "say": "My pleasure."}]}
    async with calling(
        scenario, speaker, settings=settings(), greet=False, in_hz=in_hz, out_hz=out_hz
    ) as call:
        await call.say("Thank you.")
        await call.bot_has_spoken()
        await call.until(lambda: np.any(channels_sent(call)[1]), "for the reference")
        heard, played = channels_sent(call)
        assert call.session.handshake.query["features"] == "client_ec_reference:true"
        rate_hz = call.session.sent("session.updated")[-1].session.input_audio_sampling_rate
        seconds = call.transport.clock.now_s()
        said = call.transport.recording.caller.samples(seconds, rate_hz).astype(float)
        bot = call.transport.recording.bot.samples(seconds, rate_hz).astype(float)
        misplaced_ms = (lag(bot, played) - lag(said, heard)) * 1000 / rate_hz
        assert abs(misplaced_ms) <= 40
        # Nothing but the bot is in it, and silence where it was silent.
        answered = np.argmax(np.abs(bot) > 100) + lag(said, heard)
        assert np.abs(played[: answered - rate_hz // 10]).max() < 100


@pytest.mark.proves("feature.speakerphone")
@pytest.mark.parametrize("with_reference", [True, False])
async def test_a_bot_on_a_speakerphone_does_not_interrupt_itself_if_its_reference_is_sent(
    speaker, with_reference
):
    scenario = {"greeting": STORY, "turns": [{"user": "Stop.", "say": "As you wish."}] * 2}
    options = settings(REFERENCE if with_reference else InputAudioEchoCancellation())
    async with calling(
        scenario, speaker, settings=options, in_hz=16000, out_hz=16000, microphone=SpeakerPhone
    ) as call:
        if not with_reference:
            await call.until(lambda: call.seen(InterruptionFrame), "for the bot to interrupt itself")
            return
        await call.bot_has_spoken()
        heard, played = channels_sent(call)
        np.savez("/tmp/echo/dump.npz", heard=heard, played=played)
        assert not call.seen(InterruptionFrame)
        assert not call.session.sent("input_audio_buffer.speech_started")
        # The caller is heard all the same.
        await call.say("Stop it.")
        await call.until(lambda: ("assistant", "As you wish.") in call.said, "for the answer")


async def test_the_caller_is_heard_over_the_bot(speaker):
    scenario = {"greeting": STORY, "turns": [{"user": "Stop.", "say": "As you wish."}]}
    async with calling(
        scenario, speaker, settings=settings(), in_hz=16000, out_hz=16000, microphone=SpeakerPhone
    ) as call:
        await call.until(lambda: call.session.sent("response.audio.delta"), "for the story")
        await call.say("Stop it now, please.")
        await call.until(lambda: call.seen(InterruptionFrame), "for the interruption")


async def test_manual_turns_and_pauses_keep_the_channels_together(speaker):
    turns = UserTurnStrategies(
        start=[VADUserTurnStartStrategy()],
        stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.3)],
    )
    params = LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(params=VADParams(start_secs=0.2, stop_secs=0.2)),
        user_turn_strategies=turns,
    )
    scenario = {"greeting": STORY, "turns": [{"user": "Stop it now, please.", "say": "As you wish."}]}
    options = settings(turn_detection=None)
    async with calling(scenario, speaker, settings=options, user_params=params) as call:
        await call.until(lambda: call.session.sent("response.audio.delta"), "for the story")
        call.service.set_audio_input_paused(True)
        call.service.set_audio_input_paused(False)
        await call.say("Stop it now, please.")
        await call.until(lambda: ("assistant", "As you wish.") in call.said, "for the answer")
        heard, played = channels_sent(call)
        said_ms = np.ptp(np.flatnonzero(np.abs(heard) > 200)) / 16
        assert said_ms > 600
        assert np.any(played)  # the bot was speaking when the turn began
        assert not call.session.sent("error")
