"""Callers who say nothing: Pipecat's idle handling, counted from the end of what was played."""

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    EndFrame,
    ErrorFrame,
    LLMMessagesAppendFrame,
    TTSSpeakFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams

from .harness import calling

IDLE_S = 0.5
ASK = "The caller is silent. Ask whether anybody is there."
SCENARIO = {"greeting": "Hello.", "turns": [{"user": ASK, "say": "Are you there?", "repeat": True}]}


def prompts(call, act):
    """Has `act` done whenever the caller was idle; returns when that was, on the call's clock."""
    times_s = []

    async def idle(aggregator):
        times_s.append(call.transport.clock.now_s())
        await act(aggregator, len(times_s))

    call.user.add_event_handler("on_user_turn_idle", idle)
    return times_s


def idling():
    return LLMUserAggregatorParams(user_idle_timeout=IDLE_S)


@pytest.mark.parametrize("role", ["user", "developer", "system"])
async def test_an_idle_caller_is_asked_once_for_each_silence_and_a_caller_who_speaks_is_not(speaker, role):
    async def ask(aggregator, _times):
        message = {"role": role, "content": ASK}
        await aggregator.push_frame(LLMMessagesAppendFrame([message], run_llm=True))

    scenario = {
        "greeting": "Hello.",
        "turns": [{"user": "I am here, wait.", "say": "Of course."}],
        "otherwise": "Are you there?",
    }
    async with calling(scenario, speaker, user_params=idling()) as call:
        times_s = prompts(call, ask)
        await call.bot_has_spoken(3)
        asked = len(times_s)
        items = [event.item for event in call.session.received("conversation.item.create")]
        assert 2 <= asked <= 3
        assert {item.role for item in items} == {"user" if role == "user" else "system"}
        assert len(call.session.received("response.create")) == len(items) + 1
        await call.say("I am here, wait.")
        await call.until(lambda: ("assistant", "Of course.") in call.said, "for the answer")
        assert call.said.count(("user", "I am here, wait.")) == 1
    assert not call.seen(ErrorFrame)


@pytest.mark.quiet
async def test_the_silence_begins_when_the_caller_has_heard_the_bot_out(speaker):
    story = "This is a long greeting that is received much sooner than it is heard by anybody."

    async def nothing(*_):
        pass

    async with calling({"greeting": story}, speaker, user_params=idling()) as call:
        times_s = prompts(call, nothing)
        await call.until(lambda: times_s, "for the silence")
        heard_out_s = call.transport.recording.bot.end_s
        assert heard_out_s > 3
        assert abs(times_s[0] - heard_out_s - IDLE_S) < 0.2
        assert len(call.session.sent("response.done")) == 1


async def test_after_some_silences_the_bot_says_goodbye_and_ends_the_call(speaker):
    async def give_up(aggregator, times):
        if times == 1:
            await aggregator.push_frame(TTSSpeakFrame("Are you there?"))
        else:
            await aggregator.push_frame(TTSSpeakFrame("Goodbye, then."))
            await call.queue(EndFrame())

    async with calling({"greeting": "Hello."}, speaker, user_params=idling()) as call:
        times_s = prompts(call, give_up)
        await call.until(call.worker.has_finished, "for the end")
        assert len(times_s) == 2
        assert [text for _, text in call.said] == ["Hello.", "Are you there?", "Goodbye, then."]
        assert len(call.heard(BotStoppedSpeakingFrame)) == 3
