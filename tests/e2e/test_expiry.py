"""A session ends, and the call goes on in another: before the end if it is known, at a pause."""

import asyncio

import pytest
from pipecat.frames.frames import (
    FunctionCallInProgressFrame,
    LLMFullResponseEndFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)

from pipecat_voicelive.simulator import Fault

from .harness import calling
from .test_avatar import COUNTING
from .test_drops import (
    ONE_ANSWER,
    TALK,
    WEATHER,
    Events,
    bracket_types,
    errors,
    recovering,
    second_is_ready,
    told_again,
    until_back,
)
from .test_tools import get_weather

pytestmark = pytest.mark.quiet  # sessions of a few seconds, in which somebody speaks

PLANNED = ["session_expiring", "reconnected"]


def renewed_with(events):
    return [told for name, told in events.told if name == "reconnected"]


async def test_a_session_whose_end_is_known_is_left_before_it_and_nobody_notices(speaker):
    expiring = {"faults": ["expire after 4s in session 1"]}
    async with calling(TALK, speaker, sim_options=expiring, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await until_back(call, events)
        assert events.names == PLANNED
        ((_, expires_in_s), (_, reconnected)) = events.told
        assert 0 < expires_in_s <= 4
        assert reconnected.planned
        assert reconnected.away_s == 0
        first, second = call.sim.sessions
        await call.until(lambda: first.close_code is not None, "for the first to be closed")
        assert first.close_code == 1000, "closed by us, and not by its end"
        assert told_again(second) == [("assistant", "Hello there.")]
        await call.say("My name is Ada.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said[1:] == [("user", "My name is Ada."), ("assistant", "Nice to meet you, Ada.")]
        assert not errors(call)


async def test_a_session_of_a_given_age_is_renewed(speaker):
    aged = recovering(max_session_age_s=2.0, renew_before_s=1.0)
    async with calling(TALK, speaker, service_options=aged) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await until_back(call, events, 2)
        assert events.names[:4] == PLANNED * 2
        assert all(reconnected.planned for reconnected in renewed_with(events))
        assert told_again(call.session) == [("assistant", "Hello there.")]
        assert not errors(call)


async def test_an_answer_that_is_being_given_is_given_to_its_end_before_the_session_is_left(speaker):
    expiring = {"faults": ["expire after 8s in session 1"]}
    async with calling(
        {"greeting": COUNTING}, speaker, sim_options=expiring, service_options=recovering(), speed=1.0
    ) as call:
        events = Events(call.service)
        await until_back(call, events)
        assert call.pushed_by_service(LLMFullResponseEndFrame), "the answer came first"
        await call.bot_has_spoken()
        await call.until(lambda: call.said, "for the context")
        assert call.said == [("assistant", COUNTING)]
        assert bracket_types(call) == ONE_ANSWER
        assert "".join(frame.text for frame in call.heard(TTSTextFrame)) == COUNTING
        assert told_again(call.session) == call.said


async def test_a_session_is_not_left_in_the_middle_of_a_sentence(speaker):
    sentence = (
        "My name is Ada, and I live in a small house by the sea, with two cats, a dog, a parrot, "
        "and my brother, who comes home in winter."
    )
    talk = {"turns": [{"user": sentence, "say": "Nice to meet you, Ada."}]}
    expiring = {"faults": ["expire after 8s in session 1"]}
    async with calling(
        talk, speaker, greet=False, sim_options=expiring, service_options=recovering()
    ) as call:
        events = Events(call.service)
        saying = asyncio.create_task(call.say(sentence))
        await call.until(lambda: second_is_ready(call), "for the second session")
        assert not saying.done(), "the sentence was too short"
        await saying
        assert events.names == ["session_expiring"], "left in the middle of it"
        await until_back(call, events)
        await call.until(lambda: len(call.said) == 2, "for the context")
        assert call.said == [("user", sentence), ("assistant", "Nice to meet you, Ada.")]
        assert [frame.text for frame in call.seen(TranscriptionFrame)] == [sentence]
        assert events.names == PLANNED
        first, second = call.sim.sessions
        assert first.sent("response.done")
        assert told_again(second) == call.said
        assert not errors(call)


async def test_a_session_is_left_before_its_end_though_a_tool_still_runs(speaker):
    expiring = {"faults": ["expire after 8s in session 1"]}

    async def get_weather(params, city: str):
        """Get the weather in a city.

        Args:
            city: The city.
        """
        await call.until(lambda: events.count("reconnected"), "for the next session")
        await params.result_callback({"temperature": 21, "city": city})

    async with calling(
        WEATHER, speaker, tools=[get_weather], sim_options=expiring, service_options=recovering()
    ) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the tool")
        await call.bot_has_spoken(2)
        assert events.names == PLANNED
        results = [item for item in told_again(call.session) if "Result of the earlier call" in str(item)]
        assert len(results) == 1
        assert not errors(call)


@pytest.mark.parametrize("when", ["idle", "speaking"])
async def test_a_session_that_expires_without_notice_is_a_loss_like_any_other(speaker, when):
    scenario = {**TALK, "greeting": COUNTING} if when == "speaking" else TALK
    async with calling(scenario, speaker, service_options=recovering(), speed=2.0) as call:
        events = Events(call.service)
        if when == "idle":
            await call.bot_has_spoken()
        else:
            await call.until(lambda: len(call.heard(TTSAudioRawFrame)) > 20, "for the bot")
        call.session.inject(Fault.parse("expire"))
        await until_back(call, events)
        assert events.names == ["connection_lost", "reconnected"]
        assert bracket_types(call) == ONE_ANSWER
        await call.bot_has_spoken()
        await call.until(lambda: call.said, "for the context")
        assert told_again(call.session) == call.said
        await call.say("My name is Ada.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said[-1] == ("assistant", "Nice to meet you, Ada.")
        assert not errors(call)


async def test_when_no_second_session_can_be_had_in_time_the_end_is_a_loss(speaker):
    faults = ["expire after 3s in session 1", "refuse 503 at connect 2", "refuse 503 at connect 3"]
    async with calling(
        TALK, speaker, sim_options={"faults": faults}, service_options=recovering(renew_before_s=1.0)
    ) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await until_back(call, events)
        assert events.names[0] == "session_expiring"
        await call.say("My name is Ada.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert not errors(call)


async def test_tools_and_options_are_those_of_the_session_before(speaker):
    expiring = {"faults": ["expire after 4s in session 1"]}
    async with calling(
        TALK, speaker, tools=[get_weather], sim_options=expiring, service_options=recovering()
    ) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await until_back(call, events)
        first, second = call.sim.sessions
        assert second.received("session.update")[-1].session == first.received("session.update")[-1].session
