"""What the examples share: where they connect to, and a call in which somebody types or speaks.

They connect to a simulator that they start themselves, with a scenario of their own. To run one against
Azure, name your resource:

    export AZURE_VOICE_LIVE_ENDPOINT=https://<resource>.services.ai.azure.com
    export AZURE_VOICE_LIVE_API_KEY=...
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    ErrorFrame,
    ExternalFunctionCallCancelFrame,
    ExternalFunctionCallResultFrame,
    ExternalFunctionCallsStartedFrame,
    Frame,
    FunctionCallsStartedFrame,
    LLMFullResponseEndFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive.simulator import VoiceLiveSimulator, open_speaker
from pipecat_voicelive.testing.calls.transport import LocalCallTransport
from pipecat_voicelive.testing.calls.voice import spoken

PATIENCE_S = 30
"""How long a call waits for an answer."""


@contextlib.asynccontextmanager
async def voice_live(scenario: Any = None, **simulator_options: Any) -> AsyncIterator[dict[str, str]]:
    """The `endpoint` and `api_key` to connect with."""
    if endpoint := os.environ.get("AZURE_VOICE_LIVE_ENDPOINT"):
        yield {"endpoint": endpoint, "api_key": os.environ["AZURE_VOICE_LIVE_API_KEY"]}
        return
    async with VoiceLiveSimulator(scenario, **simulator_options) as simulator:
        if simulator.certificate:
            os.environ["SSL_CERT_FILE"] = str(simulator.certificate)
        yield {"endpoint": simulator.endpoint, "api_key": "anything"}


@dataclass(frozen=True)
class Aloud:
    """A line that the caller speaks, in real time, instead of typing it."""

    text: str


@dataclass(frozen=True)
class Unanswered:
    """A frame that brings no answer: the next line follows at once, or so many seconds later."""

    frame: Frame
    then_s: float = 0.0


class _Listener(BaseObserver):
    """Sees every frame once: those that are heard as they leave the output transport, all others at once."""

    def __init__(self, on_frame: Callable[[Frame], None] | None) -> None:
        super().__init__()
        self._on_frame = on_frame
        self._seen: set[int] = set()
        self._speaking = self._ended = False
        self._running: set[str] = set()
        self.answered = asyncio.Event()

    def await_answer(self) -> None:
        """From now on `answered` means the next answer."""
        self._ended = False
        self.answered.clear()

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        if isinstance(data.source, BaseOutputTransport) and data.direction is FrameDirection.DOWNSTREAM:
            match frame:
                case BotStartedSpeakingFrame():
                    self._speaking = True
                case BotStoppedSpeakingFrame():
                    self._speaking = False
                case LLMFullResponseEndFrame():
                    self._ended = True
            if self._ended and not self._speaking and not self._running:
                self.answered.set()
        if frame.id in self._seen:
            return
        self._seen.add(frame.id)
        match frame:
            case FunctionCallsStartedFrame():
                self.await_answer()
            case ExternalFunctionCallsStartedFrame():
                self._running |= {call.tool_call_id for call in frame.function_calls}
            case ExternalFunctionCallResultFrame() | ExternalFunctionCallCancelFrame():
                self._running.discard(frame.tool_call_id)
                self.await_answer()
        if isinstance(frame, ErrorFrame):
            print(f"  error: {frame.error}", file=sys.stderr)
            self.answered.set()
        if self._on_frame is not None:
            self._on_frame(frame)


async def call(
    llm: LLMService,
    *lines: str | Aloud | Unanswered | Frame | None,
    tools: Sequence[Any] = (),
    on_frame: Callable[[Frame], None] | None = None,
    in_hz: int = 16000,
    out_hz: int = 24000,
    microphone: Callable[[LocalCallTransport], FrameProcessor] | None = None,
) -> LLMContext:
    """A whole call: one line after the other, each answered before the next, then an orderly end.

    Args:
        llm: The service.
        lines: Typed text, text to be spoken (`Aloud`), frames to put into the pipeline as they are, or None
            for nothing: the bot begins.
        tools: Functions that the model may call.
        on_frame: Told of every frame, once.
        in_hz: Rate of the caller's audio.
        out_hz: Rate of the bot's audio.
        microphone: Makes what stands between the caller and the pipeline.

    Returns:
        The context, whose messages are what was said.
    """
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    context = LLMContext(tools=list(tools))
    user, assistant = LLMContextAggregatorPair(context)
    transport = LocalCallTransport(input_rate_hz=in_hz, output_rate_hz=out_hz)
    heard_by = [microphone(transport)] if microphone else []
    listener = _Listener(on_frame)
    worker = PipelineWorker(
        Pipeline([transport.input(), *heard_by, user, llm, transport.output(), assistant]),
        params=PipelineParams(audio_in_sample_rate=in_hz, audio_out_sample_rate=out_hz),
        observers=[listener],
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    for line in lines:
        listener.await_answer()
        match line:
            case Unanswered(frame, then_s):
                await worker.queue_frame(frame)
                await asyncio.sleep(then_s)
                continue
            case Aloud(text):
                await _speak(transport, text)
                listener.await_answer()
            case str(text):
                message = {"role": "user", "content": text}
                await worker.queue_frame(LLMMessagesAppendFrame(messages=[message], run_llm=True))
            case None:
                await worker.queue_frame(LLMRunFrame())
            case frame:
                await worker.queue_frame(frame)
        async with asyncio.timeout(PATIENCE_S):
            await listener.answered.wait()
            await asyncio.sleep(0.1)  # was it all, or does a tool run now?
            await listener.answered.wait()
    await worker.queue_frame(EndFrame())
    await running
    return context


async def _speak(transport: LocalCallTransport, text: str) -> None:
    speaker = await open_speaker()
    try:
        pcm = await spoken(speaker, text, transport.caller.sample_rate)
    finally:
        await speaker.aclose()
    await transport.caller.say(pcm, text)


def print_conversation(context: LLMContext) -> None:
    """Print who said what."""
    for message in context.get_messages():
        if isinstance(message, dict) and isinstance(message.get("content"), str):
            print(f"{message['role']:>9}: {message['content']}")
