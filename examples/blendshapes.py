"""The face that goes with the speech: sixty times a second how far 55 parts of it have moved.

python examples/blendshapes.py

Each frame comes out of the output transport when its audio is heard. Hand `frames` to your renderer, one row
every sixtieth of a second; here the jaw is drawn.
"""

import asyncio

from pipecat.frames.frames import Frame

from offline import call, voice_live
from pipecat_voicelive import (
    Animation,
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    VoiceLiveBlendshapesFrame,
    VoiceLiveLLMService,
    VoiceLiveWordFrame,
)
from pipecat_voicelive.protocol.blendshapes import BLENDSHAPES

SCENARIO = {"turns": [{"user": "What do you see?", "say": "A yellow boat on blue water."}]}
JAW_OPEN = BLENDSHAPES.index("jawOpen")


def draw(frame: Frame) -> None:
    match frame:
        case VoiceLiveWordFrame():
            print(f"{frame.audio_offset_ms:5.0f} ms  {frame.text}")
        case VoiceLiveBlendshapesFrame():
            for jaw in frame.frames[::3, JAW_OPEN]:
                print(" " * 10, "#" * round(40 * float(jaw)))


async def main() -> None:
    options = SessionProperties(
        voice=AzureStandardVoice(name="en-US-AvaNeural"),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        output_audio_timestamp_types=["word"],
        animation=Animation(outputs=["viseme_id", "blendshapes"]),
    )
    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(
            **connection,
            settings=VoiceLiveLLMService.Settings(model="gpt-4.1", session_properties=options),
            send_speech_marks=True,  # also to a browser, as RTVI server messages
        )
        await call(llm, "What do you see?", on_frame=draw)


if __name__ == "__main__":
    asyncio.run(main())
