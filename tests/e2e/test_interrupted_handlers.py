"""Pipecat cancels what a processor is doing when the caller interrupts: nothing is left half done."""

import asyncio

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    FunctionCallInProgressFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMMessagesAppendFrame,
    LLMMessagesUpdateFrame,
    LLMRunFrame,
)
from pipecat.services.llm_service import FunctionCallParams

from .harness import calling
from .test_tools import WEATHER
from .test_turns import STORY

SUM = {"role": "user", "content": "What is two plus two?"}
SCENARIO = {"greeting": "Hello.", "otherwise": "Four."}


def told(call):
    return [event.item.words for event in call.session.received("conversation.item.create")]


def hold_back(service, event):
    """Hold the next context frame where `event` is told; returns what says that it is there."""
    there = asyncio.Event()

    async def hold(_service, frame):
        if isinstance(frame, LLMContextFrame) and not there.is_set():
            there.set()
            await asyncio.Event().wait()  # until Pipecat cancels it

    service.add_event_handler(event, hold)
    return there


@pytest.mark.parametrize("event", ["on_before_process_frame", "on_before_push_frame"])
async def test_what_was_typed_is_told_once_though_an_interruption_cancels_the_telling(speaker, event):
    async with calling(SCENARIO, speaker) as call:
        await call.bot_has_spoken()
        there = hold_back(call.service, event)
        await call.queue(LLMMessagesAppendFrame([SUM], run_llm=True))
        await there.wait()
        await call.queue(InterruptionFrame())
        await call.until(lambda: call.heard(InterruptionFrame), "for the interruption")
        await call.queue(LLMRunFrame())
        await call.until(lambda: call.said[-1:] == [("assistant", "Four.")], "for the answer")
        assert told(call) == [SUM["content"]]
        texts = [text for role, text in call.said if role == "assistant"]
        assert texts.count("Four.") == 1
    assert not call.seen(ErrorFrame)


async def test_what_was_typed_is_known_in_the_next_turn_though_its_telling_was_dropped(speaker):
    scenario = {**SCENARIO, "turns": [{"user": "How are you today?", "say": "Fine."}]}
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        there = hold_back(call.service, "on_before_process_frame")
        await call.queue(LLMMessagesAppendFrame([SUM], run_llm=False), LLMRunFrame())
        await there.wait()
        await call.queue(InterruptionFrame())
        await call.until(lambda: call.heard(InterruptionFrame), "for the interruption")
        await call.say("How are you today?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Fine.")], "for the answer")
        assert told(call) == [SUM["content"]]
        words = [item.words for item in call.session.conversation]
        assert words.index(SUM["content"]) < words.index("How are you today?")


async def test_interruptions_in_quick_succession_leave_one_answer_to_what_was_asked_last(speaker):
    scenario = {"turns": [{"user": "Tell me a story.", "say": STORY, "repeat": True}], "otherwise": "Four."}
    story = {"role": "user", "content": "Tell me a story."}
    async with calling(scenario, speaker, greet=False, speed=2.0) as call:
        for _ in range(3):
            await call.queue(LLMMessagesAppendFrame([story], run_llm=True), InterruptionFrame())
        await call.queue(LLMMessagesAppendFrame([SUM], run_llm=True))
        await call.until(lambda: call.said[-1:] == [("assistant", "Four.")], "for the answer")
        assert told(call).count(SUM["content"]) == 1
        assert told(call).count("Tell me a story.") <= 3
        assert [event.response.status for event in call.session.sent("response.done")].count("completed") == 1
    assert not call.seen(ErrorFrame)


async def test_a_context_that_is_replaced_while_a_tool_runs_is_told_and_the_result_comes_as_a_message(
    speaker,
):
    finish = asyncio.Event()

    async def get_weather(params: FunctionCallParams, city: str):
        """Get the weather in a city.

        Args:
            city: The city.
        """
        await finish.wait()
        await params.result_callback({"temperature": 21})

    scenario = {**WEATHER, "otherwise": "I see."}
    async with calling(scenario, speaker, tools=[get_weather]) as call:
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.until(lambda: ("user", "What is the weather in Lisbon?") in call.said, "for the context")
        new = [{"role": "user", "content": "Forget the weather."}]
        await call.queue(LLMMessagesUpdateFrame(new, run_llm=True))
        await call.until(lambda: len(call.sim.sessions) == 2, "for a new session")
        await call.bot_has_spoken(2)
        finish.set()
        await call.until(lambda: any("21" in words for words in told(call)), "for the result")
        kinds = [event.item.type for event in call.session.received("conversation.item.create")]
        assert "function_call_output" not in kinds
        assert told(call)[0] == "Forget the weather."
        assert not call.session.sent("error")
    assert not call.seen(ErrorFrame)


async def test_a_context_that_is_replaced_while_the_caller_speaks_is_told_and_the_caller_is_still_heard(
    speaker,
):
    scenario = {
        "greeting": "Hello.",
        "turns": [{"user": "How are you today?", "say": "Fine.", "repeat": True}],
    }
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        speaking = asyncio.create_task(call.say("How are you today?"))
        await call.session.wait_for_sent("input_audio_buffer.speech_started")
        new = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "We know each other."}]
        await call.queue(LLMMessagesUpdateFrame(new, run_llm=False))
        await speaking
        await call.until(lambda: ("assistant", "Fine.") in call.said, "for the answer")
        await call.say("How are you today?")
        await call.until(lambda: len(call.sim.sessions) == 2, "for a new session")
        await call.until(lambda: told(call), "for the new context")
        assert told(call)[0] == "We know each other."
        assert call.session.received("session.update")[-1].session["instructions"] == "Be brief."
        await call.until(lambda: call.session.sent("response.audio.delta"), "for an answer there")
    assert not call.seen(ErrorFrame)
