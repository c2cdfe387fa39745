"""Bots that do not stop for the caller: told not to, vetoed, muted, paused. Nothing is cancelled or cut."""

import asyncio

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    LLMRunFrame,
    ProposedUserStartedSpeakingFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    UserMuteStartedFrame,
    UserStartedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_mute import (
    AlwaysUserMuteStrategy,
    BaseUserMuteStrategy,
    MuteUntilFirstBotCompleteUserMuteStrategy,
)
from pipecat.turns.user_start import ExternalUserTurnStartStrategy
from pipecat.turns.user_stop import ExternalUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from pipecat_voicelive import SessionProperties, TurnDetection, VoiceLiveLLMSettings

from .harness import calling

CUTS = ("response.cancel", "conversation.item.truncate", "conversation.item.delete")
TALE = "Once upon a time there was a lighthouse keeper who counted ships."


def cuts(call):
    return [event for kind in CUTS for event in call.session.received(kind)]


def detecting(**options):
    detection = TurnDetection(type="server_vad", **options)
    return VoiceLiveLLMSettings(session_properties=SessionProperties(turn_detection=detection))


def heard_text(call):
    return "".join(frame.text for frame in call.heard(TTSTextFrame))


@pytest.mark.parametrize("speed", [1.2, 20.0], ids=["while it is made", "while it is played"])
async def test_a_turn_during_an_answer_that_must_not_be_interrupted_is_answered_after_it(speaker, speed):
    """As the service cannot answer while it answers, it refuses itself; or it has long been done."""
    scenario = {"greeting": TALE, "turns": [{"user": "What is his name?", "say": "Tom."}]}
    settings = detecting(interrupt_response=False)
    async with calling(scenario, speaker, settings=settings, speed=speed) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        await call.say("What is his name?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Tom.")], "for the answer")
        assert heard_text(call) == TALE + "Tom."
        assert sorted(call.said) == sorted(  # Pipecat writes both when the tale is over
            [("assistant", TALE), ("user", "What is his name?"), ("assistant", "Tom.")]
        )
        assert [item.words for item in call.session.conversation] == [TALE, "What is his name?", "Tom."]
        assert cuts(call) == []
        assert len(call.session.sent("response.created")) == 2
    assert not call.seen(InterruptionFrame)
    assert not call.seen(ErrorFrame)


class OnlyWhenAllowed(ExternalUserTurnStartStrategy):
    """Opens a turn where the service proposes one, unless it is told not to."""

    allowed = False

    async def process_frame(self, frame):
        if isinstance(frame, ProposedUserStartedSpeakingFrame) and not self.allowed:
            return ProcessFrameResult.CONTINUE
        return await super().process_frame(frame)


async def test_an_interruption_that_is_vetoed_cuts_nothing_and_what_was_sent_is_heard(speaker):
    veto = OnlyWhenAllowed()
    turns = UserTurnStrategies(start=[veto], stop=[ExternalUserTurnStopStrategy()])
    params = LLMUserAggregatorParams(user_turn_strategies=turns)
    scenario = {
        "greeting": TALE,
        "turns": [
            {"user": "Mm-hmm.", "say": "There were many ships."},
            {"user": "Stop, that is enough.", "say": "As you like."},
        ],
    }
    async with calling(scenario, speaker, user_params=params) as call:
        await call.session.wait_for_sent("response.done")
        await call.say("Mm-hmm.")
        await call.bot_has_spoken()
        assert heard_text(call).startswith(TALE)  # the service had sent all of it before
        assert cuts(call) == []
        assert not call.seen(InterruptionFrame, UserStartedSpeakingFrame)
        await call.until(lambda: heard_text(call) == TALE + "There were many ships.", "for its answer")
        veto.allowed = True
        await call.say("Stop, that is enough.")
        await call.until(lambda: call.said[-1:] == [("assistant", "As you like.")], "for the last answer")
    assert not call.seen(ErrorFrame)


async def test_a_muted_caller_is_not_heard_by_the_service_and_is_heard_again_afterwards(speaker):
    params = LLMUserAggregatorParams(user_mute_strategies=[AlwaysUserMuteStrategy()])
    scenario = {"greeting": TALE, "turns": [{"user": "How are you today?", "say": "Fine."}]}
    async with calling(scenario, speaker, user_params=params) as call:
        await call.until(lambda: call.seen(UserMuteStartedFrame), "to be muted")
        await call.say("Stop, that is enough.")
        await call.bot_has_spoken()
        assert heard_text(call) == TALE
        assert not call.session.sent("input_audio_buffer.speech_started")
        await call.say("How are you today?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Fine.")], "for the answer")
        assert call.said[1] == ("user", "How are you today?")
        assert cuts(call) == []
        assert len(call.session.sent("input_audio_buffer.speech_started")) == 1
    assert not call.seen(ErrorFrame)


class Button(BaseUserMuteStrategy):
    """Mutes while it is pressed."""

    pressed = False

    async def process_frame(self, frame):
        return self.pressed


@pytest.mark.parametrize("means", ["muted", "paused"])
async def test_a_turn_in_which_the_microphone_goes_off_for_good_ends_and_is_answered(speaker, means):
    """The service has heard the beginning of a turn, and would wait for its end for ever."""
    button = Button()
    params = LLMUserAggregatorParams(user_mute_strategies=[button])
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine."}]}
    async with calling(scenario, speaker, user_params=params, greet=False) as call:
        speaking = asyncio.create_task(call.say("How are you today? And how were you yesterday?"))
        await call.session.wait_for_sent("input_audio_buffer.speech_started")
        if means == "muted":
            button.pressed = True
        else:
            call.service.set_audio_input_paused(True)
        await speaking
        await call.until(lambda: call.said[-1:] == [("assistant", "Fine.")], "for the answer")
        assert len(call.session.sent("input_audio_buffer.committed")) == 1
        assert cuts(call) == []
    assert not call.seen(ErrorFrame)


async def test_a_caller_who_is_muted_until_the_greeting_is_over_is_heard_then(speaker):
    params = LLMUserAggregatorParams(user_mute_strategies=[MuteUntilFirstBotCompleteUserMuteStrategy()])
    scenario = {"greeting": "Hello.", "turns": [{"user": "How are you today?", "say": "Fine."}]}
    async with calling(scenario, speaker, user_params=params, greet=False) as call:
        await call.say("Nobody hears me.")
        before = call.session.received("input_audio_buffer.append")
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("How are you today?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Fine.")], "for the answer")
        assert before == []
        assert call.said[0] == ("assistant", "Hello.")
        assert cuts(call) == []
