"""Options that change in a running call: the whole session once, what may not change kept and said."""

import asyncio
import math

import pytest
from pipecat.frames.frames import ErrorFrame, LLMRunFrame, LLMUpdateSettingsFrame

from pipecat_voicelive import (
    AzureStandardVoice,
    InputAudioEchoCancellation,
    InputAudioTranscription,
    OpenAIVoice,
    SessionProperties,
    TurnDetection,
    VoiceLiveClient,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker

from .harness import calling

SCENARIO = {"greeting": "Hello.", "turns": [{"user": "How are you?", "say": "Fine.", "repeat": True}]}
START = VoiceLiveLLMSettings(
    model="gpt-realtime",
    system_instruction="Be brief.",
    session_properties=SessionProperties(
        voice=OpenAIVoice(name="alloy"),
        turn_detection=TurnDetection(type="server_vad", threshold=0.4),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        metadata={"call": "7"},
    ),
)


def updates(call):
    return [event.session for event in call.session.received("session.update")]


async def change(call, **options):
    """Change options, and let the bot say something more, so that whatever is sent has been."""
    answers = len(call.session.sent("response.done"))
    delta = VoiceLiveLLMSettings(session_properties=SessionProperties(**options))
    await call.queue(LLMUpdateSettingsFrame(delta=delta, service=call.service))
    await call.queue(LLMRunFrame())
    await call.until(lambda: len(call.session.sent("response.done")) > answers, "for an answer")


@pytest.mark.proves("feature.change-options", "feature.runtime-settings")
async def test_what_may_change_is_sent_and_what_may_not_is_kept_and_named(speaker, caplog_loguru):
    async with calling(SCENARIO, speaker, settings=START) as call:
        await call.bot_has_spoken()
        (before,) = updates(call)
        await change(
            call,
            temperature=0.7,
            tool_choice="none",
            voice=OpenAIVoice(name="verse"),
            turn_detection=TurnDetection(type="azure_semantic_vad"),
            input_audio_format="g711_ulaw",
            output_audio_format="pcm16_16000hz",
        )
        assert updates(call) == [before, {**before, "temperature": 0.7, "tool_choice": "none"}]
        assert not call.session.sent("error")
        told = [line for line in caplog_loguru if "is not sent" in line]
        options = ("voice", "turn_detection.type", "input_audio_format", "output_audio_format")
        for option in options:
            (line,) = [line for line in told if f"session.{option} is not sent" in line]
            assert line.startswith("WARNING")
            assert "stays as it is" in line
        assert len(told) == len(options)

        # Nothing is said or sent twice when something else changes.
        await change(call, temperature=0.8)
        assert updates(call)[2:] == [{**before, "temperature": 0.8, "tool_choice": "none"}]
        assert len([line for line in caplog_loguru if "is not sent" in line]) == len(options)


async def test_what_was_kept_takes_effect_with_the_next_session(speaker):
    async with calling(SCENARIO, speaker, settings=START) as call:
        await call.bot_has_spoken()
        await change(
            call,
            voice=OpenAIVoice(name="verse"),
            turn_detection=TurnDetection(type="azure_semantic_vad"),
            output_audio_format="pcm16_16000hz",
        )
        await call.service.reset_conversation()
        await call.until(lambda: len(call.sim.sessions) == 2 and updates(call), "for the next session")
        session = updates(call)[-1]
        assert session["voice"] == {"type": "openai", "name": "verse"}
        assert session["turn_detection"] == {"type": "azure_semantic_vad"}
        assert session["output_audio_format"] == "pcm16_16000hz"
        await call.say("How are you?")
        await call.bot_has_spoken(2)


async def test_another_model_is_named_by_the_next_session_and_said_so(speaker, caplog_loguru):
    query = {"custom": "1"}
    async with calling(
        SCENARIO, speaker, settings=START, service_options={"api_key": "key", "query": query}
    ) as call:
        query["custom"] = "2"  # an object of ours that the service has a copy of
        await call.bot_has_spoken()
        delta = VoiceLiveLLMSettings(model="gpt-realtime-mini", temperature=0.5)
        await call.queue(LLMUpdateSettingsFrame(delta=delta, service=call.service))
        await call.until(lambda: len(updates(call)) == 2, "for the update")
        (line,) = [line for line in caplog_loguru if "model is not sent" in line]
        assert "reset_conversation" in line
        assert not any("not currently supported" in line for line in caplog_loguru)
        await call.service.reset_conversation()
        await call.until(lambda: len(call.sim.sessions) == 2, "for the next session")
        assert call.session.handshake.query["model"] == "gpt-realtime-mini"
        assert call.session.handshake.query["custom"] == "1"


async def test_a_change_in_the_middle_of_an_answer_is_sent_at_once_and_the_answer_goes_on(speaker):
    async with calling(SCENARIO, speaker, settings=START) as call:
        await call.until(lambda: call.session.sent("response.audio.delta"), "for the bot to speak")
        delta = VoiceLiveLLMSettings(session_properties=SessionProperties(temperature=0.9))
        await call.queue(LLMUpdateSettingsFrame(delta=delta, service=call.service))
        await call.until(lambda: len(updates(call)) == 2, "for the update")
        await call.bot_has_spoken()
        assert updates(call)[1]["temperature"] == 0.9


async def test_a_client_is_told_what_it_cannot_change_by_a_signal():
    session = SessionProperties(
        voice=AzureStandardVoice(name="en-US-AvaNeural"), turn_detection=TurnDetection(type="server_vad")
    )
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="k", model="gpt-realtime", session=session
        ) as client,
    ):
        signals = aiter(client)

        async def next_of(kind):
            async with asyncio.timeout(5):
                while not isinstance(signal := await anext(signals), kind):
                    pass
            return signal

        await next_of(effects.SessionReady)
        delta = SessionProperties(
            turn_detection=TurnDetection(type="semantic_vad"),
            voice=AzureStandardVoice(name="en-US-AndrewNeural"),
        )
        client.configure(session.merged_with(delta))
        withheld = await next_of(effects.OptionWithheld)
        assert withheld.option == "session.turn_detection.type"
        changed = await next_of(effects.SessionChanged | effects.SessionRefused)
        assert changed.session.turn_detection["type"] == "server_vad"
        assert changed.session.voice["name"] == "en-US-AndrewNeural"


AVA, ANDREW = (AzureStandardVoice(name=f"en-US-{name}Neural") for name in ("Ava", "Andrew"))
AS_AVA = VoiceLiveLLMSettings(
    model="gpt-4.1",
    session_properties=SessionProperties(
        voice=AVA, input_audio_transcription=InputAudioTranscription(model="azure-speech")
    ),
)


async def test_a_service_that_takes_it_speaks_on_with_another_azure_voice(speaker):
    async with calling(SCENARIO, speaker, settings=AS_AVA, sim_options={"strict": False}) as call:
        await call.bot_has_spoken()
        await change(call, voice=ANDREW)
        assert call.session.sent("response.done")[-1].response.voice["name"] == ANDREW.name


async def test_the_call_goes_on_when_the_service_refuses_another_azure_voice(speaker):
    async with calling(SCENARIO, speaker, settings=AS_AVA) as call:
        await call.bot_has_spoken()
        await change(call, voice=ANDREW)
        assert any("cannot_update_voice" in frame.error for frame in call.seen(ErrorFrame))
        await change(call, temperature=0.7)
        assert call.session.sent("session.updated")[-1].session.temperature == 0.7
        assert call.session.sent("response.done")[-1].response.voice["name"] == AVA.name


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {
                "input_audio_echo_cancellation": InputAudioEchoCancellation(
                    reference_source="client", channels=1
                )
            },
            "channels=2",
        ),
        ({"metadata": {f"key{n}": "value" for n in range(17)}}, "16"),
    ],
    ids=["echo", "metadata"],
)
async def test_options_that_cannot_be_sent_change_nothing_and_the_call_goes_on(options, told):
    async with calling(SCENARIO, ToneSpeaker(), settings=START, greet=False) as call:
        await change(call, **options)
        (error,) = call.seen(ErrorFrame)
        assert told in error.error
        await change(call, instructions="Be long.")
        assert updates(call)[-1]["instructions"] == "Be long."
        assert updates(call)[-1]["metadata"] == {"call": "7"}
        assert "input_audio_echo_cancellation" not in updates(call)[-1]
