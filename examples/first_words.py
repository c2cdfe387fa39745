"""The smallest call: type a line, hear the answer, read the conversation.

python examples/first_words.py
"""

import asyncio

from offline import Aloud, call, print_conversation, voice_live
from pipecat_voicelive import VoiceLiveLLMService

SCENARIO = {
    "turns": [
        {"user": "What is the capital of Portugal?", "say": "Lisbon, on the river Tagus."},
        {"user": "And of Norway?", "say": "Oslo."},
    ]
}


async def main() -> None:
    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(**connection, settings=VoiceLiveLLMService.Settings(model="gpt-4.1"))
        context = await call(llm, "What is the capital of Portugal?", Aloud("And of Norway?"))
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
