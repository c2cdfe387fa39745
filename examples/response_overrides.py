"""One response that is otherwise than the rest: in another voice, shorter, with further instructions.

python examples/response_overrides.py
"""

import asyncio

from offline import call, print_conversation, voice_live
from pipecat_voicelive import (
    AzureStandardVoice,
    ResponseProperties,
    VoiceLiveLLMService,
    VoiceLiveRespondFrame,
)

SCENARIO = {
    "greeting": "Ahoy! I am the captain of this ship.",
    "turns": [{"user": "Where do we sail?", "say": "To Madeira."}],
}


async def main() -> None:
    captain = VoiceLiveRespondFrame(
        ResponseProperties(
            voice=AzureStandardVoice(name="en-GB-RyanNeural"),
            output_audio_format="pcm16_16000hz",
            max_output_tokens=50,
            temperature=0.7,
            metadata={"part": "greeting"},
        ),
        additional_instructions="Greet the caller as a sea captain would.",
    )
    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(**connection, settings=VoiceLiveLLMService.Settings(model="gpt-4.1"))
        context = await call(llm, captain, "Where do we sail?")
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
