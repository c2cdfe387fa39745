"""An avatar in a browser: the page connects to it itself, and the bot only carries the messages in between.

python examples/avatar_browser        then open the address that it prints

Needs the extra `avatar`, with which the simulator draws: pip install ".[avatar]"
"""

import asyncio
import json
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

try:
    import aiortc  # noqa: F401 - the simulator draws the avatar with it
except ModuleNotFoundError:
    sys.exit('This example needs the extra "avatar": pip install ".[avatar]"')

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    InputTransportMessageFrame,
    LLMRunFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.workers.runner import WorkerRunner

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from offline import voice_live  # noqa: E402
from pipecat_voicelive import (  # noqa: E402
    AvatarConfig,
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    VideoParams,
    VideoResolution,
    VoiceLiveLLMService,
)

SCENARIO = {
    "greeting": "Good morning! I am your avatar. What would you like to know?",
    "turns": [{"user": "What is the capital of Portugal?", "say": "It is Lisbon, on the river Tagus."}],
    "otherwise": "I am only an example. Ask me for the capital of Portugal.",
}
OPTIONS = SessionProperties(
    voice=AzureStandardVoice(name="en-US-AvaNeural"),
    input_audio_transcription=InputAudioTranscription(model="azure-speech"),
    output_audio_timestamp_types=["word"],
    avatar=AvatarConfig(
        character="lisa",
        style="casual-sitting",
        video=VideoParams(resolution=VideoResolution(width=640, height=360)),
    ),
)


class Messages(FrameSerializer):
    """RTVI messages as JSON; no audio: the avatar's own connection carries that."""

    async def serialize(self, frame: Frame) -> str | None:
        if isinstance(frame, OutputTransportMessageFrame | OutputTransportMessageUrgentFrame):
            return json.dumps(frame.message)
        return None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        return InputTransportMessageFrame(message=json.loads(data))


class Pages(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


async def main(page_port: int = 7860, socket_port: int = 7861) -> None:
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    pages = ThreadingHTTPServer(("127.0.0.1", page_port), partial(Pages, directory=str(HERE)))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    page = f"http://127.0.0.1:{page_port}"
    async with voice_live(SCENARIO, speed=20) as connection:
        llm = VoiceLiveLLMService(
            **connection,
            settings=VoiceLiveLLMService.Settings(model="gpt-4.1", session_properties=OPTIONS),
        )
        transport = SingleClientWebsocketServerTransport(
            SingleClientWebsocketServerParams(serializer=Messages(), allowed_origins=[page]),
            host="127.0.0.1",
            port=socket_port,
        )
        user, assistant = LLMContextAggregatorPair(LLMContext())
        worker = PipelineWorker(Pipeline([transport.input(), user, llm, transport.output(), assistant]))

        @worker.rtvi.event_handler("on_client_message")
        async def on_client_message(_rtvi, message) -> None:
            if message.type == "greet":  # the page sees the avatar now
                await worker.queue_frame(LLMRunFrame())

        @transport.event_handler("on_client_disconnected")
        async def on_client_disconnected(_transport, _client) -> None:
            await worker.cancel()

        @transport.event_handler("on_websocket_ready")
        async def on_websocket_ready(_transport) -> None:
            print(f"Open {page}/?socket={socket_port}", flush=True)

        runner = WorkerRunner()
        await runner.add_workers(worker)
        await runner.run()
    pages.shutdown()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
