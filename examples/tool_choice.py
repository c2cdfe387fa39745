"""Which tool the model calls: one that it has to, any that it likes, or none.

python examples/tool_choice.py
"""

import asyncio

from pipecat.frames.frames import LLMSetToolChoiceFrame
from pipecat.services.llm_service import FunctionCallParams

from offline import Unanswered, call, print_conversation, voice_live
from pipecat_voicelive import SessionProperties, VoiceLiveLLMService

SCENARIO = {
    "turns": [
        {"user": "Do you know me?", "say": "Not yet.", "call": {"name": "look_up_caller"}},
        {"user": "My name is Alva.", "say": "Hello Alva."},
    ]
}


async def look_up_caller(params: FunctionCallParams):
    """Look up who calls."""
    print("(looked up)")
    await params.result_callback({"name": "Alva Lind"})


async def main() -> None:
    properties = SessionProperties(turn_detection=None, input_audio_transcription=None)
    async with voice_live(SCENARIO) as connection:
        settings = VoiceLiveLLMService.Settings(model="gpt-4.1", session_properties=properties)
        llm = VoiceLiveLLMService(**connection, settings=settings)
        must = {"type": "function", "function": {"name": "look_up_caller"}}
        context = await call(
            llm,
            Unanswered(LLMSetToolChoiceFrame(tool_choice="none")),
            "Do you know me?",
            Unanswered(LLMSetToolChoiceFrame(tool_choice=must)),
            "My name is Alva.",
            tools=[look_up_caller],
        )
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
