"""An avatar's video over the WebSocket, without Pipecat: the pieces, one after the other, are an MP4.

python examples/avatar_websocket.py        needs the extra `avatar`: pip install ".[avatar]"

The simulator draws with it, and the film is looked at with it.

A browser plays them as they come: `sourceBuffer.appendBuffer(piece)` of a MediaSource with the type
video/mp4; codecs="avc1.42E01E, mp4a.40.2".
"""

import asyncio
import sys
import tempfile
from pathlib import Path

try:
    import av
except ModuleNotFoundError:
    sys.exit('This example needs the extra "avatar": pip install ".[avatar]"')

from offline import voice_live
from pipecat_voicelive import VoiceLiveClient
from pipecat_voicelive.session import effects

SCENARIO = {"turns": [{"user": "Who are you?", "say": "I am a film, made while you watch."}]}
SESSION = {
    "voice": {"type": "azure-standard", "name": "en-US-AvaNeural"},
    "avatar": {
        "character": "lisa",
        "style": "casual-sitting",
        "output_protocol": "websocket",
        "video": {"resolution": {"width": 640, "height": 360}},
    },
}


async def main() -> None:
    path = Path(tempfile.mkdtemp(prefix="avatar-")) / "avatar.mp4"
    async with (
        voice_live(SCENARIO) as connection,
        VoiceLiveClient(**connection, model="gpt-4.1", session=SESSION) as client,
    ):
        client.send_text("Who are you?")
        with path.open("wb") as file:
            async for signal in client:
                match signal:
                    case effects.AvatarVideo(data=data):
                        file.write(data)
                    case effects.AvatarSpeaking():
                        print("it speaks")
                    case effects.ResponseClosed():
                        print("it has spoken")
                        break
    with av.open(path) as movie:
        for stream in movie.streams:
            frames = sum(1 for _ in stream.container.decode(stream))
            movie.seek(0)
            print(f"{stream.type}: {stream.codec_context.name}, {frames} frames")
    print(path)


if __name__ == "__main__":
    asyncio.run(main())
