"""Turns whose start the pipeline decides late, by its words: when the service may have begun to answer."""

import pytest
from pipecat.frames.frames import (
    FunctionCallCancelFrame,
    InterruptionFrame,
    LLMRunFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_start import MinWordsUserTurnStartStrategy
from pipecat.turns.user_stop import ExternalUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from pipecat_voicelive import VoiceLiveWordFrame

from .harness import calling
from .test_bots_that_go_on import TALE
from .test_tools import WEATHER, get_weather
from .test_turns import STORY

ANSWER = "All the boats are back in the harbour by now."


def by_words(count):
    """The caller's turn starts with its transcript, if it has so many words while the bot speaks."""
    start = MinWordsUserTurnStartStrategy(min_words=count, use_interim=False)
    strategies = UserTurnStrategies(start=[start], stop=[ExternalUserTurnStopStrategy()])
    return LLMUserAggregatorParams(user_turn_strategies=strategies)


def text_heard(call):
    return "".join(frame.text for frame in call.heard(TTSTextFrame))


async def test_the_answer_to_a_turn_that_starts_late_is_heard_whole(speaker):
    scenario = {
        "turns": [{"user": "Where are the boats?", "say": ANSWER}],
        "faults": ["transcribe-late 500ms at every turn"],
    }
    async with calling(scenario, speaker, greet=False, user_params=by_words(3)) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("Where are the boats?")
        await call.until(lambda: call.seen(InterruptionFrame), "for the turn to start")
        assert call.session.sent("response.audio.delta"), "the answer had begun by then"
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said[1:] == [("user", "Where are the boats?"), ("assistant", ANSWER)]
        assert text_heard(call).endswith(ANSWER)
        assert text_heard(call).count("boats") == 1
        for cut in ("response.cancel", "conversation.item.truncate", "conversation.item.delete"):
            assert not call.session.received(cut)


@pytest.mark.quiet
async def test_a_barge_in_that_is_decided_late_stops_what_was_said_before_it_and_not_its_answer(speaker):
    scenario = {
        "greeting": STORY,
        "turns": [{"user": "Stop, where are the boats?", "say": ANSWER}],
        "faults": ["transcribe-late 500ms at every turn"],
    }
    async with calling(scenario, speaker, user_params=by_words(3)) as call:
        await call.until(lambda: len(call.heard(VoiceLiveWordFrame)) > 6, "for some words")
        await call.say("Stop, where are the boats?")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        (_, heard), *rest = call.said
        assert STORY.startswith(heard)
        assert len(heard.split()) < len(STORY.split()) - 3
        assert rest == [("user", "Stop, where are the boats?"), ("assistant", ANSWER)]
        assert text_heard(call).endswith(ANSWER)
        (cut,) = call.session.received("conversation.item.truncate")
        assert abs(len(call.session.heard_text(cut.item_id).split()) - len(heard.split())) <= 2
        assert not call.session.received("conversation.item.delete")


async def test_words_that_are_no_turn_interrupt_nothing_and_their_answer_comes_behind(speaker):
    scenario = {"greeting": TALE, "turns": [{"user": "Right.", "say": ANSWER}]}
    async with calling(scenario, speaker, user_params=by_words(3)) as call:
        await call.until(lambda: call.session.sent("response.done"), "for the whole story to be there")
        await call.say("Right.")
        await call.until(lambda: text_heard(call).endswith(ANSWER), "for the answer")
        assert text_heard(call).startswith(TALE)
        assert not call.seen(InterruptionFrame, UserStartedSpeakingFrame)


async def test_a_tool_that_the_answer_calls_is_not_cancelled_by_the_turn_it_answers(speaker):
    scenario = {**WEATHER, "faults": ["transcribe-late 500ms at every turn"]}
    async with calling(scenario, speaker, tools=[get_weather], greet=False, user_params=by_words(3)) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.bot_has_spoken(2)
        assert call.seen(InterruptionFrame)
        assert not call.seen(FunctionCallCancelFrame)


async def test_the_application_can_stop_an_answer_whose_turn_started_late(speaker):
    scenario = {
        "turns": [{"user": "Where are the boats?", "say": STORY}],
        "faults": ["transcribe-late 500ms at every turn"],
    }
    async with calling(scenario, speaker, greet=False, user_params=by_words(3)) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("Where are the boats?")
        await call.until(lambda: "lighthouse" in text_heard(call), "for some words of the answer")
        await call.queue(InterruptionFrame())
        await call.bot_has_spoken(2)
        await call.until(lambda: call.session.received("conversation.item.truncate"), "for the cut")
        assert not text_heard(call).endswith(STORY)
