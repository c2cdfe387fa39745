"""What comes too early or too late: speech and text before the session is ready, cancels after the end."""

import asyncio

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    MetricsFrame,
    TTSTextFrame,
)
from pipecat.metrics.metrics import TTFBMetricsData

from .harness import calling
from .test_races import ONE_ANSWER
from .test_turns import BRACKETS, STORY, names

SUM = {"role": "user", "content": "What is two plus two?"}


def kinds(call):
    return [event.type for event in call.session.client_events]


async def test_what_is_said_before_the_session_is_ready_is_heard_whole_and_only_then(speaker):
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine."}]}
    slow = {"faults": ["delay 1500ms at session.updated"]}
    async with calling(scenario, speaker, greet=False, sim_options=slow, await_ready=False) as call:
        await call.transport.caller.started.wait()
        await call.say("How are you today?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Fine.")], "for the answer")
        assert call.said[0] == ("user", "How are you today?")
        track = call.transport.recording.caller
        sent = b"".join(event.audio for event in call.session.received("input_audio_buffer.append"))
        assert track.samples(track.end_s, 16000).tobytes().startswith(sent)
        updated_s = next(e.at_s for e in call.session.events if e.event.type == "session.updated")
        early = [e for e in call.session.events if e.at_s < updated_s]
        assert {e.event.type for e in early if e.event in call.session.client_events} == {"session.update"}
    assert not call.seen(ErrorFrame)


async def test_a_context_that_comes_before_the_session_is_ready_is_told_once(speaker):
    history = [
        {"role": "user", "content": "My name is Ann."},
        {"role": "assistant", "content": "Hello, Ann."},
    ]
    slow = {"faults": ["delay 500ms at session.updated"]}
    scenario = {"turns": [{"user": SUM["content"], "say": "Four."}]}
    async with calling(
        scenario, speaker, messages=history, greet=False, sim_options=slow, await_ready=False
    ) as call:
        await call.queue(LLMMessagesAppendFrame([SUM], run_llm=True), LLMRunFrame())
        await call.until(lambda: call.said[-1:] == [("assistant", "Four.")], "for the answer")
        told = [event.item.words for event in call.session.received("conversation.item.create")]
        assert told == ["My name is Ann.", "Hello, Ann.", SUM["content"]]
        assert kinds(call)[0] == "session.update"
        assert kinds(call).count("response.create") == 1


async def test_a_cancel_that_meets_the_end_of_its_response_is_an_ordinary_thing(speaker):
    late = {"faults": ["delay 1s at response.done 1"]}
    scenario = {"greeting": STORY, "otherwise": "Four."}
    async with calling(scenario, speaker, sim_options=late, speed=100.0) as call:
        await call.session.wait_for_fault()
        await call.until(lambda: call.heard(TTSTextFrame), "for some words")
        await call.queue(InterruptionFrame(), LLMMessagesAppendFrame([SUM], run_llm=True))
        await call.until(lambda: call.said[-1:] == [("assistant", "Four.")], "for the answer")
        assert [event.error.code for event in call.session.sent("error")] == ["response_cancel_not_active"]
        assert len(call.session.received("conversation.item.truncate")) == 1
        assert names(call.pushed_by_service(*BRACKETS)) == 2 * ONE_ANSWER
        assert call.service.is_usable
    assert not call.seen(ErrorFrame)


async def test_an_answer_that_was_interrupted_before_its_first_sound_is_not_measured(speaker):
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine.", "delay_ms": 5000}]}
    async with calling(scenario, speaker, greet=False) as call:
        await call.say("How are you today?")
        await call.session.wait_for_sent("response.created")
        await call.queue(InterruptionFrame())
        await call.session.wait_for_received("response.cancel")
        await call.session.wait_for_sent("response.done")
        data = [item for frame in call.pushed_by_service(MetricsFrame) for item in frame.data]
        assert [item.value for item in data if isinstance(item, TTFBMetricsData) and item.value] == []


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
async def test_an_answer_that_is_cut_short_by_the_service_stands_as_far_as_it_came(speaker, reason):
    scenario = {
        "turns": [{"user": "How are you today?", "say": "Once upon a time there", "incomplete": reason}],
        "otherwise": "Four.",
    }
    async with calling(scenario, speaker, greet=False) as call:
        await call.say("How are you today?")
        await call.bot_has_spoken()
        await call.queue(LLMMessagesAppendFrame([SUM], run_llm=True))
        await call.until(lambda: call.said[-1:] == [("assistant", "Four.")], "for the answer")
        assert call.said[:2] == [("user", "How are you today?"), ("assistant", "Once upon a time there")]
        assert names(call.pushed_by_service(*BRACKETS)) == 2 * ONE_ANSWER
    assert not call.seen(ErrorFrame)


async def test_after_an_answer_that_failed_the_next_is_given_and_one_error_is_told(speaker):
    fails = {"faults": ["fail-response server_error at response 1"]}
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine.", "repeat": True}]}
    async with calling(scenario, speaker, greet=False, sim_options=fails) as call:
        await call.say("How are you today?")
        await call.until(lambda: call.seen(ErrorFrame), "for the error")
        await call.queue(LLMRunFrame())
        await call.until(lambda: [role for role, _ in call.said] == ["user", "assistant"], "for the answer")
        assert len(call.seen(ErrorFrame)) == 1
        assert call.service.is_usable


async def test_a_session_that_falls_silent_for_a_while_brings_all_in_order_afterwards(speaker):
    """Nothing is lost of two turns that were spoken into the silence."""
    stall = {"faults": ["go-silent for 4s at input_audio_buffer.speech_stopped 1"]}
    scenario = {
        "turns": [{"user": "How are you today?", "say": "Fine."}, {"user": "And tomorrow?", "say": "Better."}]
    }
    async with calling(scenario, speaker, greet=False, sim_options=stall) as call:
        await call.say("How are you today?")
        await asyncio.sleep(0.8)
        await call.say("And tomorrow?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Better.")], "for the answer")
        words = " ".join(text for role, text in call.said if role == "user")
        assert words == "How are you today? And tomorrow?"
        assert not call.session.received("response.create")
    assert not call.seen(ErrorFrame)
