"""Which tool the model calls: one that it has to, any that it likes, or none.

python examples/tool_choice.py
"""

import asyncio

from pipecat.frames.frames import LLMSetToolChoiceFrame
from pipecat.services.llm_service import FunctionCallParams

from offline import Unanswered, call, print_conversation, voice_live
from pipecat_voicelive import VoiceLiveLLMService

SCENARIO = {
    "turns": [
        {"user": "What did I order?", "say": "I cannot say yet.", "call": {"name": "find_order"}},
        {"user": "Please look it up.", "call": {"name": "find_order"}, "then": "A {result.ordered}."},
    ]
}


async def find_order(params: FunctionCallParams):
    """Find what the caller ordered."""
    print("(looked up)")
    await params.result_callback({"ordered": "blue kettle"})


async def main() -> None:
    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(**connection, settings=VoiceLiveLLMService.Settings(model="gpt-4.1"))
        must = {"type": "function", "function": {"name": "find_order"}}
        context = await call(
            llm,
            Unanswered(LLMSetToolChoiceFrame(tool_choice="none")),
            "What did I order?",
            Unanswered(LLMSetToolChoiceFrame(tool_choice=must)),
            "Please look it up.",
            tools=[find_order],
        )
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
