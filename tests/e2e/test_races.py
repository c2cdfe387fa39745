"""Things that happen at the same time, or in the middle of others: resets, replaced contexts, silence."""

import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    ErrorFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMConfigureOutputFrame,
    LLMMessagesAppendFrame,
    LLMMessagesUpdateFrame,
    LLMRunFrame,
    LLMUpdateSettingsFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.errors import ErrorCategory

from pipecat_voicelive import RecoveryOptions, SessionProperties, TurnDetection, VoiceLiveLLMSettings

from .harness import calling
from .test_ending import Gate
from .test_turns import BRACKETS, STORY, names

ONE_ANSWER = [
    "LLMFullResponseStartFrame",
    "TTSStartedFrame",
    "TTSStoppedFrame",
    "LLMFullResponseEndFrame",
]


def told(session):
    return [(event.item.role, event.item.words) for event in session.received("conversation.item.create")]


async def test_resets_while_connecting_leave_one_session(speaker):
    gate = Gate()
    options = {"token_provider": gate}
    async with calling({"greeting": "Hello."}, speaker, service_options=options, await_ready=False) as call:
        await gate.asked.wait()
        await call.until(lambda: call.service.context is call.context, "for the context")
        await call.service.reset_conversation()
        await call.service.reset_conversation()
        gate.open()
        await call.until(lambda: call.sim.sessions, "for a session")
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        assert [session for session in call.sim.sessions if session.close_code is None] == [call.session]


async def test_a_reset_after_a_lost_connection_makes_the_service_usable_again(speaker):
    lost_for_good = {"api_key": "key", "recovery": RecoveryOptions(budget_s=0)}
    async with calling({"greeting": "Hello."}, speaker, service_options=lost_for_good) as call:
        await call.bot_has_spoken()
        await call.session.drop()
        await call.until(lambda: not call.service.is_usable, "for the loss")
        await call.service.reset_conversation()
        await call.until(lambda: call.service.is_usable, "for the new session")
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(2)


@pytest.mark.parametrize("run", [True, False])
async def test_a_context_replaced_in_mid_answer_is_told_to_a_new_session(speaker, run):
    scenario = {"greeting": STORY, "turns": [{"user": "How are you today?", "say": "Fine."}]}
    old = [{"role": "user", "content": "Begin."}]
    async with calling(scenario, speaker, speed=1.5, messages=old) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        new = [{"role": "user", "content": "How are you today?"}]
        await call.queue(LLMMessagesUpdateFrame(new, run_llm=run))
        if not run:  # nobody tells the service, so it looks when the caller's next turn begins
            await call.until(lambda: call.context.get_messages() == new, "for the new context")
            await call.say("How are you today?")
        await call.until(lambda: len(call.sim.sessions) == 2, "for a new session")
        await call.bot_has_spoken(2)
        assert names(call.pushed_by_service(*BRACKETS)) == 2 * ONE_ANSWER
        assert told(call.session)[0] == ("user", "How are you today?")
        assert len(call.session.received("response.create")) == run
    assert not call.seen(ErrorFrame)


async def test_text_that_asks_for_a_silent_answer_gets_one_though_speech_is_on_again_by_then(speaker):
    scenario = {"greeting": "Hello.", "turns": [{"user": "Be silent.", "say": "Not a sound."}]}
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        before = len(call.pushed_by_service(TTSAudioRawFrame))
        # As RTVI's send-text with `audio_response: false`.
        await call.queue(
            LLMConfigureOutputFrame(skip_tts=True),
            LLMMessagesAppendFrame([{"role": "user", "content": "Be silent."}], run_llm=True),
            LLMConfigureOutputFrame(skip_tts=False),
        )
        await call.until(lambda: call.said[-1:] == [("assistant", "Not a sound.")], "for the text")
        assert len(call.pushed_by_service(TTSAudioRawFrame)) == before
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(2)


async def test_a_silent_answer_to_a_spoken_turn_was_read_and_stays_in_the_conversation(speaker):
    scenario = {"turns": [{"user": "How are you today?", "say": "Not a sound."}]}
    async with calling(scenario, speaker, greet=False) as call:
        await call.queue(LLMConfigureOutputFrame(skip_tts=True))
        await call.say("How are you today?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Not a sound.")], "for the text")
        await call.queue(InterruptionFrame(), LLMRunFrame())
        await call.until(lambda: call.session.received("response.create"), "for the next answer")
        assert not call.session.received("conversation.item.delete")
        assert not call.session.received("conversation.item.truncate")


async def test_a_result_of_another_services_call_passes_by(speaker):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.bot_has_spoken()
        result = FunctionCallResultFrame(function_name="f", tool_call_id="theirs", arguments={}, result="r")
        await call.queue(result, LLMRunFrame())
        await call.bot_has_spoken(2)
        assert result in call.heard(FunctionCallResultFrame)
        assert not call.session.received("conversation.item.create")


async def test_turns_can_be_taken_from_the_service_and_given_back(speaker):
    turns = UserTurnStrategies(
        start=[VADUserTurnStartStrategy()],
        stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.3)],
    )
    vad = SileroVADAnalyzer(params=VADParams(start_secs=0.2, stop_secs=0.2))
    params = LLMUserAggregatorParams(vad_analyzer=vad, user_turn_strategies=turns)
    turn = {"user": "How are you today?", "say": "Fine.", "repeat": True}
    scenario = {"greeting": "Hello.", "turns": [turn]}

    async def switch(detection):
        count = len(call.session.sent("session.updated"))
        delta = VoiceLiveLLMSettings(session_properties=SessionProperties(turn_detection=detection))
        await call.queue(LLMUpdateSettingsFrame(delta=delta, service=call.service))
        await call.until(lambda: len(call.session.sent("session.updated")) > count, "for the update")

    async with calling(scenario, speaker, user_params=params) as call:
        await call.bot_has_spoken()
        await switch(None)
        await call.say("How are you today?")
        await call.bot_has_spoken(2)
        assert len(call.session.received("input_audio_buffer.commit")) == 1
        await switch(TurnDetection(type="azure_semantic_vad"))
        await call.say("How are you today?")
        await call.bot_has_spoken(3)
        assert len(call.session.received("input_audio_buffer.commit")) == 1
        assert not call.session.sent("error")


async def test_a_failed_answer_says_why_and_not_what_was_said(speaker):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.bot_has_spoken()
        await call.session.send_event({"type": "response.created", "response": {"id": "r"}})
        error = {"code": "content_filter", "message": "We can't say 'SECRET', that's not allowed."}
        response = {"id": "r", "status": "failed", "status_details": {"type": "failed", "error": error}}
        await call.session.send_event({"type": "response.done", "response": response})
        await call.until(lambda: call.seen(ErrorFrame), "for the error")
        (frame,) = call.seen(ErrorFrame)
        assert frame.category is ErrorCategory.SERVER
        assert frame.error == (
            "Voice Live could not answer: (42 characters, which log_content=True logs) "
            "(code content_filter). Azure's content filter stopped it: change what is asked for, "
            "or the filter."
        )
