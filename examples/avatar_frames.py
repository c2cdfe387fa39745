"""An avatar received in the pipeline: its pictures and its sound are frames like any others.

python examples/avatar_frames.py        needs the extra `avatar`: pip install ".[avatar]"

What the pipeline does with them is its own affair: a video call through any transport with
`video_out_enabled`, a recording, a picture now and then. Here three pictures are kept.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

try:
    import aiortc  # noqa: F401 - the service receives the avatar with it
except ModuleNotFoundError:
    sys.exit('This example needs the extra "avatar": pip install ".[avatar]"')

from PIL import Image
from pipecat.frames.frames import Frame, OutputImageRawFrame, TTSAudioRawFrame

from offline import call, voice_live
from pipecat_voicelive import (
    AvatarConfig,
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    VideoParams,
    VideoResolution,
    VoiceLiveLLMService,
)

SCENARIO = {"turns": [{"user": "Who are you?", "say": "I am the face of this conversation."}]}
OPTIONS = SessionProperties(
    voice=AzureStandardVoice(name="en-US-AvaNeural"),
    input_audio_transcription=InputAudioTranscription(model="azure-speech"),
    avatar=AvatarConfig(
        character="lisa",
        style="casual-sitting",
        video=VideoParams(resolution=VideoResolution(width=640, height=360)),
        # output_protocol="websocket" brings the same frames without a peer connection.
    ),
)


async def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="avatar-"))
    speaking: list[OutputImageRawFrame] = []
    sound_s = 0.0

    def watch(frame: Frame) -> None:
        nonlocal sound_s
        match frame:
            case TTSAudioRawFrame():
                sound_s += frame.num_frames / frame.sample_rate
            case OutputImageRawFrame() if sound_s:
                speaking.append(frame)

    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(
            **connection,
            settings=VoiceLiveLLMService.Settings(model="gpt-4.1", session_properties=OPTIONS),
            avatar_media="pipeline",
        )
        await call(llm, "Who are you?", on_frame=watch)
    width, height = speaking[0].size
    print(f"heard {sound_s:.1f} s, saw {len(speaking)} pictures of {width} x {height}")
    for number, picture in enumerate(speaking[5:50:15]):
        path = folder / f"{number}.png"
        Image.frombytes(picture.format, picture.size, picture.image).save(path)
        print(path)


if __name__ == "__main__":
    asyncio.run(main())
