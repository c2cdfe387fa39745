"""Interim responses in a whole call: said once, heard once, and never in place of the answer."""

import pytest
from pipecat.frames.frames import ErrorFrame, LLMFullResponseEndFrame, LLMFullResponseStartFrame

from pipecat_voicelive import (
    LlmInterimResponse,
    ResponseProperties,
    SessionProperties,
    StaticInterimResponse,
    VoiceLiveLLMSettings,
    VoiceLiveRespondFrame,
)

from .harness import calling
from .test_tools import get_weather, outputs

SCENARIO = {
    "greeting": "Hello!",
    "interim": "Let me think.",
    "turns": [
        {"user": "How far is the moon?", "say": "Far.", "delay_ms": 800},
        {
            "user": "What is the weather in Lisbon?",
            "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
            "then": "It is {result.temperature} degrees.",
        },
    ],
}


def settings(interim, model="gpt-4.1"):
    return VoiceLiveLLMSettings(model=model, session_properties=SessionProperties(interim_response=interim))


@pytest.mark.proves(
    "feature.interim-response",
    "session.interim_response",
    "session.interim_response.triggers",
    "session.interim_response.latency_threshold_ms",
    "session.interim_response.texts",
    "interim_response=static_interim_response",
)
async def test_a_slow_answer_is_bridged_and_both_are_in_the_context_once(speaker):
    interim = StaticInterimResponse(triggers=["latency"], latency_threshold_ms=200, texts=["One moment."])
    async with calling(SCENARIO, speaker, settings=settings(interim)) as call:
        await call.bot_has_spoken()
        await call.say("How far is the moon?")
        await call.until(lambda: "Far." in str(call.said[-1][1]), "for the answer")
        assert call.said[-1] == ("assistant", "One moment. Far.")
        started = call.pushed_by_service(LLMFullResponseStartFrame)
        assert len(started) == len(call.pushed_by_service(LLMFullResponseEndFrame)) == 2


@pytest.mark.proves(
    "interim_response=llm_interim_response",
    "session.interim_response.model",
    "session.interim_response.instructions",
    "session.interim_response.max_completion_tokens",
)
async def test_a_tool_is_bridged_and_its_result_spoken_of_once(speaker):
    interim = LlmInterimResponse(
        triggers=["tool"], model="gpt-4.1-mini", instructions="Be short.", max_completion_tokens=20
    )
    async with calling(SCENARIO, speaker, settings=settings(interim), tools=[get_weather]) as call:
        await call.bot_has_spoken()
        await call.say("How far is the moon?")
        await call.bot_has_spoken(2)
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: "21 degrees" in str(call.said[-1][1]), "for the answer")
        assert [text for role, text in call.said if role == "assistant" and "Let me" in str(text)] == [
            "Let me think."
        ]
        assert len(outputs(call)) == 1
        asked = call.session.received("session.update")[-1].session["interim_response"]
        assert asked == interim.model_dump(exclude_unset=True)


@pytest.mark.proves("response.create.interim_response")
async def test_one_response_alone_may_be_bridged(speaker):
    async with calling({"greeting": "Hello!"}, speaker, greet=False) as call:
        interim = StaticInterimResponse(texts=["Wait."])
        await call.queue(VoiceLiveRespondFrame(ResponseProperties(interim_response=interim)))
        await call.bot_has_spoken()
        (asked,) = call.session.received("response.create")
        assert asked.response.interim_response == {"type": "static_interim_response", "texts": ["Wait."]}


async def test_a_native_model_refuses_it_and_the_application_is_told(speaker):
    refused = settings(StaticInterimResponse(texts=["Wait."]), model="gpt-realtime")
    async with calling(SCENARIO, speaker, settings=refused, greet=False, await_ready=False) as call:
        await call.until(lambda: call.seen(ErrorFrame), "for an error")
        assert "interim_response" in call.seen(ErrorFrame)[0].error
