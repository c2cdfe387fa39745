"""Pipecat's built-in service in a call with the simulator, over TLS since it takes nothing else."""

import json
import os

import pytest
from pipecat.frames.frames import BotStartedSpeakingFrame, ErrorFrame, TTSAudioRawFrame
from pipecat.services.azure.voice_live.llm import AzureVoiceLiveLLMService
from pipecat.services.llm_service import FunctionCallParams

from e2e.harness import calling
from pipecat_voicelive.simulator.certificate import self_signed
from pipecat_voicelive.simulator.speech import open_speaker

FULL = os.environ.get("CONFORMANCE") == "full"

SCENARIO = {
    "greeting": "Hello, this is the weather line.",
    "turns": [
        {
            "user": "What is the weather in Lisbon?",
            "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
            "then": "It is {result.temperature} degrees in {result.city}.",
        },
        {"user": "Tell me a story.", "say": "Once upon a time, " + "there was a house by the sea, " * 20},
        {"user": "Stop, please.", "say": "All right."},
    ],
}


async def get_weather(params: FunctionCallParams, city: str):
    """Get the weather in a city.

    Args:
        city: The city.
    """
    await params.result_callback({"temperature": 21, "city": city})


@pytest.fixture
async def speaker():
    speaker = await open_speaker()
    yield speaker
    await speaker.aclose()


@pytest.fixture
def over_tls(tmp_path, monkeypatch):
    """What a simulator needs to talk TLS; clients of this process trust it as the how-to says."""
    files = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))
    return {"tls": files}


def words(call, role):
    return [text for who, text in call.said if who == role and isinstance(text, str)]


@pytest.mark.parametrize(
    "model",
    ["gpt-realtime", pytest.param("gpt-4.1", marks=pytest.mark.skipif(not FULL, reason="make conformance"))],
)
async def test_the_built_in_service_holds_a_conversation(speaker, over_tls, model):
    settings = AzureVoiceLiveLLMService.Settings(model=model)
    async with calling(
        SCENARIO,
        speaker,
        service_type=AzureVoiceLiveLLMService,
        sim_options=over_tls,
        settings=settings,
        tools=[get_weather],
        await_ready=False,
    ) as call:
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: "It is 21 degrees in Lisbon." in words(call, "assistant"), "for the answer")
        outputs = [
            event.item.output
            for event in call.session.received("conversation.item.create")
            if event.item.type == "function_call_output"
        ]
        assert [json.loads(output) for output in outputs] == [{"temperature": 21, "city": "Lisbon"}]
        assert words(call, "user") == ["What is the weather in Lisbon?"]

        begun = len(call.heard(BotStartedSpeakingFrame))
        await call.say("Tell me a story.")
        await call.until(lambda: len(call.heard(BotStartedSpeakingFrame)) > begun, "for the story")
        await call.say("Stop, please.")
        await call.until(lambda: words(call, "assistant")[-1:] == ["All right."], "for the next answer")
        assert len(call.session.received("conversation.item.truncate")) == 1
        assert call.session.sent("error") == []
        assert call.pushed_by_service(TTSAudioRawFrame)
    assert not call.seen(ErrorFrame)


async def test_without_trust_the_built_in_service_says_what_is_wrong(speaker, tmp_path):
    options = {"tls": self_signed(tmp_path, "127.0.0.1")}
    async with calling(
        SCENARIO, speaker, service_type=AzureVoiceLiveLLMService, sim_options=options, await_ready=False
    ) as call:
        await call.until(lambda: call.seen(ErrorFrame), "for an error")
        assert "CERTIFICATE_VERIFY_FAILED" in call.seen(ErrorFrame)[0].error
