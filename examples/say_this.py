"""Words of your own in the bot's own voice: a greeting, a remark while a tool runs, a goodbye.

`TTSSpeakFrame` is said word for word, behind what the bot is saying already, with word times and mouth
shapes like every answer. What is said is in the context once, unless it is to be kept from it.

python examples/say_this.py
"""

import asyncio

from pipecat.frames.frames import TTSSpeakFrame
from pipecat.services.llm_service import FunctionCallParams

from offline import call, print_conversation, voice_live
from pipecat_voicelive import VoiceLiveLLMService

SCENARIO = {
    "turns": [
        {
            "user": "Is the museum open today?",
            "call": {"name": "opening_hours", "arguments": {}},
            "then": "Yes, until {result.closes}.",
        }
    ]
}


async def opening_hours(params: FunctionCallParams) -> None:
    """Today's opening hours."""
    # Said at once, while the result is being fetched; not worth remembering.
    await params.llm.push_frame(TTSSpeakFrame("Let me look that up.", append_to_context=False))
    await params.result_callback({"closes": "six o'clock"})


def print_words(frame: object) -> None:
    if type(frame).__name__ == "TTSTextFrame":
        print(frame.text, end="", flush=True)
    elif type(frame).__name__ == "TTSStoppedFrame":
        print(" /", end=" ", flush=True)


async def main() -> None:
    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(**connection, settings=VoiceLiveLLMService.Settings(model="gpt-4.1"))
        context = await call(
            llm,
            TTSSpeakFrame("Welcome to the city museum."),
            "Is the museum open today?",
            TTSSpeakFrame("Goodbye."),
            tools=[opening_hours],
            on_frame=print_words,
        )
    print()
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
