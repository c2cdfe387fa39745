"""The v1 dialect over real sockets: a service that is scripted by hand, and the simulator."""

import asyncio
import base64
import inspect
import json
import math

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import InvalidStatus

from pipecat_voicelive import (
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
    V1Dialect,
    VoiceLiveClient,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker

from .harness import calling

V1 = {"api_version": "v1", "dialect": V1Dialect()}
IDS = {"response_id": "resp_1", "item_id": "item_a", "output_index": 0, "content_index": 0}


def assistant(**members):
    return {"id": "item_a", "type": "message", "role": "assistant", "object": "realtime.item", **members}


ANSWER = [
    {"type": "response.output_item.added", "response_id": "resp_1", "output_index": 0, "item": assistant()},
    {"type": "conversation.item.added", "previous_item_id": "item_u", "item": assistant(content=[])},
    {"type": "response.content_part.added", "part": {"type": "output_audio", "transcript": ""}, **IDS},
    {"type": "response.output_audio_transcript.delta", "delta": "Good day.", **IDS},
    {"type": "response.output_audio.delta", "delta": base64.b64encode(bytes(4800)).decode(), **IDS},
    {"type": "response.output_audio.done", **IDS},
    {"type": "response.output_audio_transcript.done", "transcript": "Good day.", **IDS},
]


class ScriptedService:
    """Says what a v1 service says in one voice turn, each part once it has got what it needs."""

    def __init__(self):
        self.got = []
        self.request = None
        self.asked = asyncio.Event()

    async def __call__(self, socket):
        self.request = socket.request

        async def send(**members):
            await socket.send(json.dumps({"event_id": "e", **members}))

        async def until(event_type):
            async for message in socket:
                self.got.append(json.loads(message))
                if self.got[-1]["type"] == event_type:
                    return self.got[-1]
            raise AssertionError(f"no {event_type} came")

        await send(type="session.created", session={"type": "realtime", "id": "sess_1"})
        session = (await until("session.update"))["session"]
        await send(type="session.updated", session={**session, "id": "sess_1"})
        await until("input_audio_buffer.append")
        await send(type="input_audio_buffer.speech_started", item_id="item_u", audio_start_ms=0)
        await send(type="input_audio_buffer.speech_stopped", item_id="item_u", audio_end_ms=900)
        await send(type="input_audio_buffer.committed", item_id="item_u", previous_item_id=None)
        said = {"type": "input_audio", "transcript": "Hello."}
        user = {"id": "item_u", "type": "message", "role": "user", "content": [said]}
        await send(type="conversation.item.added", item=user, previous_item_id=None)
        await send(type="conversation.item.done", item=user, previous_item_id=None)
        await send(
            type="conversation.item.input_audio_transcription.completed",
            item_id="item_u",
            content_index=0,
            transcript="Hello.",
        )
        response = {"id": "resp_1", "object": "realtime.response", "status": "in_progress", "output": []}
        await send(type="response.created", response={**response, "output_modalities": ["audio"]})
        for event in ANSWER:
            await send(**event)
        part = {"type": "output_audio", "transcript": "Good day."}
        done = assistant(status="completed", content=[part])
        await send(type="response.output_item.done", response_id="resp_1", output_index=0, item=done)
        await send(type="response.done", response={**response, "status": "completed", "output": [done]})
        await until("response.create")
        self.asked.set()
        await socket.wait_closed()


@pytest.mark.proves("feature.v1")
async def test_a_voice_turn_with_a_service_that_speaks_v1():
    service = ScriptedService()
    session = SessionProperties(
        modalities=["text", "audio"],
        instructions="Be brief.",
        voice=AzureStandardVoice(name="en-US-AvaNeural", rate="1.1", style="cheerful"),
        input_audio_format="pcm16",
        input_audio_sampling_rate=16000,
        output_audio_format="g711_ulaw",
        turn_detection=TurnDetection(type="server_vad", threshold=0.4),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        max_response_output_tokens=300,
        temperature=0.5,
    )
    async with serve(service, "127.0.0.1", 0) as server:
        endpoint = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with (
            asyncio.timeout(10),
            VoiceLiveClient(
                endpoint=endpoint, api_key="secret", model="gpt-realtime", session=session, **V1
            ) as client,
        ):
            client.send_audio(bytes(640))
            seen = []
            async for signal in client:
                seen.append(signal)
                if isinstance(signal, effects.ResponseFinished):
                    break
            client.send_text("And now?")
            await service.asked.wait()

    assert service.request.headers["api-key"] == "secret"
    assert "secret" not in service.request.path
    assert "api-version=v1" in service.request.path
    assert service.got[0]["session"] == {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": "Be brief.",
        "max_output_tokens": 300,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 16000},
                "turn_detection": {"type": "server_vad", "threshold": 0.4},
                "transcription": {"model": "azure-speech"},
            },
            "output": {
                "format": {"type": "audio/pcmu"},
                "voice": "en-US-AvaNeural",
                "voice_type": "azure-standard",
                "speed": 1.1,
                "style": "cheerful",
            },
        },
    }
    assert [event["type"] for event in service.got[-3:]] == [
        "input_audio_buffer.append",
        "conversation.item.create",
        "response.create",
    ]
    (withheld,) = [signal for signal in seen if isinstance(signal, effects.OptionWithheld)]
    assert withheld.option == "session.temperature"
    assert [signal.text for signal in seen if isinstance(signal, effects.UserTranscript)] == ["Hello."]
    assert "".join(s.text for s in seen if isinstance(s, effects.SpokenText)) == "Good day."
    assert b"".join(s.audio for s in seen if isinstance(s, effects.Audio)) == bytes(4800)
    assert not [signal for signal in seen if isinstance(signal, effects.Unreadable | effects.RequestRefused)]
    assert seen[-1].response.output[0].words == "Good day."


async def test_a_whole_call_of_a_bot_in_v1(speaker, caplog_loguru):
    scenario = {"greeting": "Hello.", "turns": [{"user": "How are you?", "say": "Very well."}]}
    settings = VoiceLiveLLMSettings(
        model="gpt-realtime",
        session_properties=SessionProperties(
            input_audio_transcription=InputAudioTranscription(model="azure-speech"),
            turn_detection=TurnDetection(type="server_vad"),
        ),
    )
    async with calling(
        scenario, speaker, settings=settings, service_options={"api_key": "key", **V1}
    ) as call:
        await call.bot_has_spoken()
        await call.say("How are you?")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said == [
            ("assistant", "Hello."),
            ("user", "How are you?"),
            ("assistant", "Very well."),
        ]
        assert not call.session.sent("error")
    assert not [line for line in caplog_loguru if line.startswith(("WARNING", "ERROR"))]


async def test_tools_are_called_and_answered_in_v1():
    scenario = {
        "turns": [
            {"user": "Weather?", "call": {"name": "weather", "arguments": {"city": "Oslo"}}, "then": "Snow."}
        ]
    }
    tools = [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}]
    async with (
        asyncio.timeout(10),
        VoiceLiveSimulator(scenario, speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="k", model="gpt-4.1", session={"tools": tools}, **V1
        ) as client,
    ):
        client.send_text("Weather?")
        answers = []
        async for signal in client:
            match signal:
                case effects.ToolCalls(_, calls):
                    client.answer_tool(calls[0].call_id, '{"sky": "snow"}')
                    client.respond_to_results()
                case effects.ResponseFinished(response) if response.output and response.output[0].words:
                    answers.append(response.output[0].words)
                    break
        assert answers == ["Snow."]


async def test_text_that_comes_piece_by_piece_is_one_message_in_v1():
    async with (
        asyncio.timeout(10),
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(endpoint=simulator.endpoint, api_key="k", model="gpt-4.1", **V1) as client,
    ):
        with client.begin_text() as text:
            text.write("Hello")
            text.write(" there.")
        async for signal in client:
            if isinstance(signal, effects.ResponseFinished):
                break
            assert not isinstance(signal, effects.OptionWithheld | effects.RequestRefused)
        (created,) = simulator.sessions[-1].received("conversation.item.create")
        assert created.item.words == "Hello there."


async def test_the_simulator_takes_credentials_of_v1_in_headers_only():
    async with VoiceLiveSimulator(speech=ToneSpeaker()) as simulator:
        url = f"{simulator.endpoint}/voice-live/realtime?api-version=v1&model=gpt-realtime&api-key=k"
        with pytest.raises(InvalidStatus):
            await connect(url)


def test_it_says_that_it_is_experimental():
    assert "Experimental." in V1Dialect.__doc__
    assert inspect.signature(VoiceLiveLLMService).parameters["dialect"].default is None
