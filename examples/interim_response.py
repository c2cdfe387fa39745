"""Something is said while the answer takes long or a tool runs, so that the caller is not left in silence.

python examples/interim_response.py
"""

import asyncio

from pipecat.services.llm_service import FunctionCallParams

from offline import call, print_conversation, voice_live
from pipecat_voicelive import (
    InputAudioTranscription,
    SessionProperties,
    StaticInterimResponse,
    VoiceLiveLLMService,
)

SCENARIO = {
    "turns": [
        {"user": "How many bones has a giraffe?", "say": "About as many as you.", "delay_ms": 900},
        {
            "user": "When does my train leave?",
            "call": {"name": "find_train", "arguments": {}},
            "then": "At {result.time}.",
        },
    ]
}


async def find_train(params: FunctionCallParams):
    """Find the caller's train."""
    await params.result_callback({"time": "ten past nine"})


async def main() -> None:
    properties = SessionProperties(
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        interim_response=StaticInterimResponse(
            triggers=["latency", "tool"],  # any of them is enough
            latency_threshold_ms=300,
            texts=["One moment."],
        ),
    )
    async with voice_live(SCENARIO) as connection:
        settings = VoiceLiveLLMService.Settings(model="gpt-4.1", session_properties=properties)
        llm = VoiceLiveLLMService(**connection, settings=settings)
        context = await call(
            llm, "How many bones has a giraffe?", "When does my train leave?", tools=[find_train]
        )
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
