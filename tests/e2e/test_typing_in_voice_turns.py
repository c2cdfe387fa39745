"""Text that the application adds while the caller speaks: sent once, at its place, and answered once."""

import asyncio

import pytest
from pipecat.frames.frames import ErrorFrame, LLMMessagesAppendFrame, LLMRunFrame

from .harness import calling

SCENARIO = {
    "turns": [
        {"user": "How are you today?", "say": "Very well, thank you."},
        {"user": "What is two plus two?", "say": "Four.", "repeat": True},
    ]
}


def asking(text, *, run, role="user"):
    return LLMMessagesAppendFrame([{"role": role, "content": text}], run_llm=run)


def sent_items(call):
    return [
        (event.item.role, event.item.words) for event in call.session.received("conversation.item.create")
    ]


@pytest.mark.parametrize("run", [True, False])
async def test_a_line_typed_in_a_voice_turn_is_sent_once_and_the_turns_own_answer_speaks_of_it(speaker, run):
    async with calling(SCENARIO, speaker, greet=False) as call:
        speaking = asyncio.create_task(call.say("How are you today?"))
        await call.session.wait_for_sent("input_audio_buffer.speech_started")
        await call.queue(asking("What is two plus two?", run=run))
        if not run:  # nobody says so, and the turn that looks has begun: it goes along with the next
            await speaking
            await call.bot_has_spoken()
            await call.queue(LLMRunFrame())
            await call.bot_has_spoken(2)
        await speaking
        await call.bot_has_spoken()
        await call.until(lambda: len(call.said) >= 3, "for the context")
        assert sent_items(call) == [("user", "What is two plus two?")]
        assert len(call.session.received("response.create")) == (0 if run else 1)
        users = [text for role, text in call.said if role == "user"]
        assert sorted(users) == ["How are you today?", "What is two plus two?"]
    assert not call.seen(ErrorFrame)


async def test_a_line_typed_between_a_transcript_and_its_answer_is_neither_lost_nor_a_second_turn(speaker):
    slow = {**SCENARIO["turns"][0], "delay_ms": 900}
    scenario = {"turns": [slow, SCENARIO["turns"][1]], "otherwise": "Four."}
    async with calling(scenario, speaker, greet=False) as call:
        await call.say("How are you today?")
        await call.session.wait_for_sent("conversation.item.input_audio_transcription.completed")
        await call.queue(asking("What is two plus two?", run=True))
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) >= 4, "for the context")
        assert sent_items(call) == [("user", "What is two plus two?")]
        assert [text for role, text in call.said if role == "assistant"] == ["Very well, thank you.", "Four."]
        assert sorted(text for role, text in call.said if role == "user") == [
            "How are you today?",
            "What is two plus two?",
        ]
        assert len(call.session.received("response.create")) == 1
    assert not call.seen(ErrorFrame)


async def test_two_typed_lines_in_one_frame_and_one_before_without_an_answer_are_all_sent_in_order(speaker):
    async with calling(SCENARIO, speaker, greet=False) as call:
        first = asking("I have three questions.", run=False)
        both = [{"role": "user", "content": "One."}, {"role": "user", "content": "What is two plus two?"}]
        await call.queue(first, LLMMessagesAppendFrame(both, run_llm=True))
        await call.bot_has_spoken()
        assert [words for _, words in sent_items(call)] == [
            "I have three questions.",
            "One.",
            "What is two plus two?",
        ]
        assert len(call.session.received("response.create")) == 1


async def test_running_the_model_while_it_answers_asks_for_no_second_answer(speaker):
    async with calling(SCENARIO, speaker, greet=False, speed=2.0) as call:
        await call.queue(asking("How are you today?", run=True))
        await call.session.wait_for_sent("response.audio.delta")
        await call.queue(LLMRunFrame(), LLMRunFrame())
        await call.bot_has_spoken()
        await call.queue(asking("What is two plus two?", run=True))
        await call.bot_has_spoken(2)
        assert len(call.session.received("response.create")) == 2
        assert len(call.session.sent("response.created")) == 2
