"""Show the model a picture: in the context, so that it is remembered, or on its own.

python examples/show_an_image.py
"""

import asyncio

from PIL import Image
from pipecat.frames.frames import LLMMessagesAppendFrame, UserImageRawFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from offline import call, voice_live
from pipecat_voicelive import ImageInput, VoiceLiveLLMService

SCENARIO = {
    "turns": [
        {
            "user": "Which colour is this?",
            "image": True,
            "say": "This is {image.color}; I see {image.width} by {image.height} pixels.",
        },
        {"user": "And this?", "image": True, "say": "This one is {image.color}."},
    ]
}


async def main() -> None:
    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(
            **connection,
            image_input=ImageInput(detail="low"),  # costs the fewest tokens
            settings=VoiceLiveLLMService.Settings(model="gpt-realtime"),
        )
        wall = Image.new("RGB", (3200, 1600), "orange")
        message = await LLMContext.create_image_message(
            format=wall.mode, size=wall.size, image=wall.tobytes(), text="Which colour is this?"
        )
        door = Image.new("RGB", (1600, 3200), "blue")
        context = await call(
            llm,
            LLMMessagesAppendFrame(messages=[message], run_llm=True),
            UserImageRawFrame(image=door.tobytes(), size=door.size, format=door.mode, text="And this?"),
        )
    for said in context.get_messages():
        content = said["content"]
        words = content if isinstance(content, str) else f"{content[0]['text']} (with a picture)"
        print(f"{said['role']:>9}: {words}")


if __name__ == "__main__":
    asyncio.run(main())
