"""The bot of the demo: three tools and a pipeline, as anybody would write them."""

from __future__ import annotations

import asyncio

from pipecat.frames.frames import EndWorkerFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import BaseTransport

from pipecat_voicelive import (
    Animation,
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
    VoiceLiveLLMService,
)

WEATHER = {
    "lisbon": {"degrees": 21, "conditions": "sunny with a light breeze"},
    "oslo": {"degrees": 4, "conditions": "raining a little"},
}
CLOCKS = {"lisbon": "quarter past two", "oslo": "quarter past three"}


async def get_weather(params: FunctionCallParams, city: str) -> None:
    """Get the present weather in a city.

    Args:
        city: The city, in English.
    """
    await asyncio.sleep(0.4)  # as long as asking a weather service may take
    await params.result_callback(WEATHER.get(city.lower(), {"error": f"no weather station in {city}"}))


async def get_time(params: FunctionCallParams, city: str) -> None:
    """Get the local time in a city.

    Args:
        city: The city, in English.
    """
    await asyncio.sleep(0.7)
    await params.result_callback({"time": CLOCKS.get(city.lower(), "unknown")})


async def end_call(params: FunctionCallParams) -> None:
    """End the call, once the caller has said goodbye."""
    await params.result_callback({"status": "the call ends after your goodbye"})
    await params.llm.push_frame(EndWorkerFrame())  # waits for that goodbye to be spoken and played


def voice_live(endpoint: str, api_key: str) -> VoiceLiveLLMService:
    """The service, with word timestamps and visemes switched on."""
    return VoiceLiveLLMService(
        endpoint=endpoint,
        api_key=api_key,
        settings=VoiceLiveLLMService.Settings(
            model="gpt-4.1",
            system_instruction="You are the city desk. Answer in a sentence or two.",
            session_properties=SessionProperties(
                voice=AzureStandardVoice(name="en-US-AvaNeural"),
                turn_detection=TurnDetection(type="azure_semantic_vad", silence_duration_ms=500),
                input_audio_transcription=InputAudioTranscription(model="azure-speech", language="en-US"),
                output_audio_timestamp_types=["word"],
                animation=Animation(outputs=["viseme_id"]),
            ),
        ),
    )


def pipeline(transport: BaseTransport, llm: VoiceLiveLLMService) -> Pipeline:
    """Transport in, context, Voice Live, transport out, context."""
    context = LLMContext(tools=[get_weather, get_time, end_call])
    user, assistant = LLMContextAggregatorPair(context)
    return Pipeline([transport.input(), user, llm, transport.output(), assistant])
