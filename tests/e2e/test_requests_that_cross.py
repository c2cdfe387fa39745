"""Requests that cross on the wire, ours and the service's own, refused, early, late: none lost or doubled."""

import asyncio

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)

from .harness import calling
from .test_races import ONE_ANSWER
from .test_turns import BRACKETS, STORY, names

IN_USE = "conversation_already_has_active_response"


def asking(text, *, run=True):
    return LLMMessagesAppendFrame([{"role": "user", "content": text}], run_llm=run)


def pushed_after(call, stop, *types):
    """What the service pushed behind this frame."""
    pushed = [push.frame for push in call.watcher.pushes if push.source is call.service]
    return [frame for frame in pushed[pushed.index(stop) :] if isinstance(frame, types)]


def received_s(call):
    """How much of what the bot says has arrived, played or not."""
    return sum(frame.num_frames / frame.sample_rate for frame in call.pushed_by_service(TTSAudioRawFrame))


async def test_a_request_that_is_refused_for_a_running_response_is_made_again_and_answered_once(speaker):
    scenario = {"greeting": "Hello.", "turns": [{"user": "What is two plus two?", "say": "Four."}]}
    faults = {"faults": [f"reject {IN_USE} at response.create 2"]}
    async with calling(scenario, speaker, sim_options=faults) as call:
        await call.bot_has_spoken()
        await call.queue(asking("What is two plus two?"))
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said[1:] == [("user", "What is two plus two?"), ("assistant", "Four.")]
        assert [event.error.code for event in call.session.sent("error")] == [IN_USE]
        assert len(call.session.sent("response.created")) == 2
        assert names(call.pushed_by_service(*BRACKETS)) == 2 * ONE_ANSWER
    assert not call.seen(ErrorFrame)


async def test_a_request_that_meets_the_services_own_response_is_made_again_when_that_is_over(speaker):
    """That the service answers is told so late that the client no longer expects it to."""
    scenario = {
        "greeting": "Hello.",
        "turns": [
            {"user": "How are you today?", "say": "Very well.", "delay_ms": 2200},
        ],
        "otherwise": "Four.",
    }
    late = {"faults": ["delay 2500ms at response.created 2"]}
    async with calling(scenario, speaker, sim_options=late) as call:
        await call.bot_has_spoken()
        await call.say("How are you today?")
        await call.session.wait_for_fault()
        await call.queue(asking("What is two plus two?"))
        await call.bot_has_spoken(3)
        await call.until(lambda: len(call.said) == 5, "for the context")
        assert [event.error.code for event in call.session.sent("error")] == [IN_USE]
        answers = [text for role, text in call.said if role == "assistant"]
        assert answers == ["Hello.", "Very well.", "Four."]
        assert names(call.pushed_by_service(*BRACKETS)) == 3 * ONE_ANSWER
    assert not call.seen(ErrorFrame)


async def test_the_services_own_answer_to_a_spoken_turn_stands_for_one_that_was_asked_for_meanwhile(speaker):
    scenario = {
        "turns": [
            {"user": "How are you today?", "say": "Very well."},
            {"user": "Next.", "say": "This was one answer too many."},
        ]
    }
    async with calling(scenario, speaker, greet=False) as call:
        speaking = asyncio.create_task(call.say("How are you today?"))
        await call.session.wait_for_sent("input_audio_buffer.speech_started")
        await call.queue(LLMRunFrame())
        await speaking
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.until(lambda: len(call.said) == 2, "for the context")
        assert call.said == [("user", "How are you today?"), ("assistant", "Very well.")]
        assert not call.session.received("response.create")
        assert len(call.session.sent("response.created")) == 1


async def test_an_answer_that_is_interrupted_before_it_is_known_is_cancelled_and_never_heard(speaker):
    scenario = {"greeting": STORY, "turns": [{"user": "What is two plus two?", "say": "Four."}]}
    late = {"faults": ["delay 1s at response.created 1"]}
    async with calling(scenario, speaker, sim_options=late) as call:
        await call.session.wait_for_received("response.create")
        await call.queue(InterruptionFrame())
        (created,) = await call.session.wait_for_sent("response.created")
        (cancelled,) = await call.session.wait_for_received("response.cancel")
        assert cancelled.response_id == created.response.id
        await call.session.wait_for_sent("response.done")
        assert call.session.sent("response.audio.delta")  # it did come, and was not for anybody
        assert not call.pushed_by_service(TTSAudioRawFrame, *BRACKETS)
        await call.queue(asking("What is two plus two?"))
        await call.bot_has_spoken()
        await call.until(lambda: call.said[-1:] == [("assistant", "Four.")], "for the context")
        assert [text for role, text in call.said if role == "assistant"] == ["Four."]
        assert names(call.pushed_by_service(*BRACKETS)) == ONE_ANSWER
    assert not call.seen(ErrorFrame)


async def test_what_still_comes_of_a_cancelled_answer_is_neither_pushed_nor_played(speaker):
    late = {"faults": ["delay 700ms at response.audio.delta 5"]}
    async with calling({"greeting": STORY}, speaker, sim_options=late, speed=1000.0) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        stop = InterruptionFrame()
        await call.queue(stop)
        await call.until(lambda: stop in call.pushed_by_service(InterruptionFrame), "for the interruption")
        before = len(call.session.sent("response.audio.delta"))
        played_s = call.transport.recording.bot.end_s
        await call.session.wait_for_sent("response.done")
        assert len(call.session.sent("response.audio.delta")) > before + 5
        assert not pushed_after(call, stop, TTSAudioRawFrame, TTSTextFrame, LLMFullResponseStartFrame)
        assert names(call.pushed_by_service(*BRACKETS)) == ONE_ANSWER
        assert call.transport.recording.bot.end_s - played_s < 0.1
    assert not call.seen(ErrorFrame)


@pytest.mark.parametrize("reply", ["Very well, thank you.", "Fine."])
async def test_an_answer_that_comes_together_with_the_news_of_its_turn_is_heard_whole(speaker, reply):
    """A network that stalls brings all at once: that the caller speaks, has spoken, and is answered.

    The turn interrupts what was said before it, and not its own answer.
    """
    scenario = {
        "greeting": STORY,
        "turns": [{"user": "Stop, please.", "say": reply}],
    }
    stall = {"faults": ["delay 2500ms at input_audio_buffer.speech_started"]}
    async with calling(scenario, speaker, sim_options=stall) as call:
        await call.until(lambda: received_s(call) > 5, "for more of the story than is played in the stall")
        await call.say("Stop, please.")
        await call.until(lambda: call.said[-1:] == [("assistant", reply)], "for the answer")
        (_, story), question, _ = call.said
        assert STORY.startswith(story)
        assert len(story) < len(STORY)
        assert question == ("user", "Stop, please.")
        (cut,) = call.session.received("conversation.item.truncate")
        assert call.session.heard_text(cut.item_id) != reply
        assert not call.session.received("conversation.item.delete")
        assert call.session.conversation[-1].words == reply
        assert not call.session.received("response.cancel")
        assert names(call.pushed_by_service(*BRACKETS)) == 2 * ONE_ANSWER
        assert "".join(frame.text for frame in call.heard(TTSTextFrame)).endswith(reply)
    assert not call.seen(ErrorFrame)
