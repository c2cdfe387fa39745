"""Let the model see the caller's camera: a frame now and then, the newest few of which stay.

python examples/video_frames.py
"""

import asyncio

from PIL import Image
from pipecat.frames.frames import InputImageRawFrame

from offline import Aloud, Unanswered, call, print_conversation, voice_live
from pipecat_voicelive import ImageInput, VoiceLiveLLMService

SCENARIO = {
    "turns": [
        {
            "user": "What am I holding up?",
            "say": "Something {image.color}. I have {image.count} pictures of it.",
        }
    ]
}


def camera(color: str, frames: int) -> list[Unanswered]:
    """What a transport with `video_in_enabled` puts into the pipeline, here ten times a second."""
    image = Image.new("RGB", (640, 360), color)
    return [
        Unanswered(InputImageRawFrame(image=image.tobytes(), size=image.size, format="RGB"), then_s=0.1)
        for _ in range(frames)
    ]


async def main() -> None:
    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(
            **connection,
            image_input=ImageInput(video_fps=2, video_frames_kept=3, detail="low"),
            settings=VoiceLiveLLMService.Settings(model="gpt-realtime"),
        )

        @llm.event_handler("on_conversation_item_created")
        async def created(_llm, item_id, item):
            if any(part.type == "input_image" for part in item.content or ()):
                print(f"shown: {item_id}")

        context = await call(llm, *camera("red", 10), *camera("yellow", 16), Aloud("What am I holding up?"))
        # llm.set_video_input_paused(True) closes its eyes.
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
