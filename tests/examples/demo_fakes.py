"""A bot of a few lines, to put between the two halves of the transport."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
from pipecat.frames.frames import Frame, TTSAudioRawFrame, TTSStartedFrame, TTSStoppedFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive.testing.calls.transport import LocalCallTransport


def tone(duration_s: float, rate_hz: int) -> bytes:
    """A loud 440 Hz, int16 mono."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (12000 * np.cos(2 * np.pi * 440 * t)).astype(np.int16).tobytes()


class Script(FrameProcessor):
    """Passes everything on; the test makes it speak."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.seen.append(frame)
        await self.push_frame(frame, direction)

    async def speak(self, duration_s: float, *, with_audio: Sequence[Frame] = ()) -> None:
        """Speak a tone, cut into as many pieces as there are frames, each frame ahead of its piece."""
        await self.push_frame(TTSStartedFrame())
        pieces = max(1, len(with_audio))
        for index in range(pieces):
            if with_audio:
                await self.push_frame(with_audio[index])
            await self.push_frame(TTSAudioRawFrame(tone(duration_s / pieces, 24000), 24000, 1))
        await self.push_frame(TTSStoppedFrame())


async def call(
    transport: LocalCallTransport,
    bot: FrameProcessor,
    script: Callable[[PipelineWorker], Awaitable[None]],
    observers: Sequence[BaseObserver] = (),
) -> None:
    """Run a call until `script` returns and the pipeline has played everything."""
    worker = PipelineWorker(
        Pipeline([transport.input(), bot, transport.output()]),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
        observers=list(observers),
        params=PipelineParams(audio_in_sample_rate=16000, audio_out_sample_rate=24000),
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    async def conduct() -> None:
        try:
            await asyncio.wait_for(transport.caller.started.wait(), 5)
            await script(worker)
            await worker.stop_when_done()
        except BaseException:
            await worker.cancel()
            raise

    await asyncio.gather(runner.run(), conduct())
