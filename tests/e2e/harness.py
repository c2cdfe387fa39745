"""A bot in a call: the real pipeline, aggregators and service, over a real socket to a simulator.

The caller speaks real audio (espeak-ng through the simulator's own mouth) and the bot is played in real time.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from pipecat.frames.frames import BotStoppedSpeakingFrame, EndFrame, ErrorFrame, LLMRunFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregatorParams,
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive import VoiceLiveLLMService
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.testing.calls.transport import LocalCallTransport
from pipecat_voicelive.testing.calls.voice import spoken

PATIENCE_S = 15


@dataclass
class Push:
    """A frame on its way: who pushed it, to whom, and when."""

    frame: object
    source: object
    destination: object
    direction: FrameDirection
    at_s: float


@dataclass(eq=False)
class Watcher(BaseObserver):
    """Sees every push, and wakes whoever waits."""

    pushes: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.changed = asyncio.Event()

    async def on_push_frame(self, data):
        self.pushes.append(Push(data.frame, data.source, data.destination, data.direction, time.monotonic()))
        self.changed.set()


class Call:
    """A running call."""

    def __init__(self, sim, service, context, user, transport, worker, watcher, speaker):
        self.sim, self.service, self.context, self.user = sim, service, context, user
        self.transport, self.worker, self.watcher, self.speaker = transport, worker, watcher, speaker

    @property
    def session(self):
        """The newest session on the simulator."""
        return self.sim.sessions[-1]

    def pushed_by_service(self, *types, direction=FrameDirection.DOWNSTREAM):
        """The frames of these types that the service itself pushed, in order."""
        return [
            push.frame
            for push in self.watcher.pushes
            if push.source is self.service and push.direction is direction and isinstance(push.frame, types)
        ]

    def heard(self, *types):
        """The frames of these types that left the output transport, in order."""
        return [
            push.frame
            for push in self.watcher.pushes
            if isinstance(push.source, BaseOutputTransport)
            and push.direction is FrameDirection.DOWNSTREAM
            and isinstance(push.frame, types)
        ]

    def seen(self, *types):
        """Every frame of these types, once each, in order of first push."""
        frames = {id(push.frame): push.frame for push in self.watcher.pushes if isinstance(push.frame, types)}
        return list(frames.values())

    @property
    def said(self):
        """The context's messages as (role, text), tool calls and results included."""
        return [
            (m["role"], m.get("content") or [c["function"]["name"] for c in m.get("tool_calls", [])])
            for m in self.context.get_messages()
        ]

    async def until(self, condition, what=""):
        """Wait until a condition holds; fails with what was going on if it does not in time."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self.watcher.changed.clear()
            try:
                async with asyncio.timeout(min(0.05, max(deadline - time.monotonic(), 0.001))):
                    await self.watcher.changed.wait()
            except TimeoutError:
                if time.monotonic() > deadline:
                    errors = [error.error for error in self.seen(ErrorFrame)]
                    raise AssertionError(
                        f"waited in vain {what}; context: {self.said}; errors: {errors}"
                    ) from None

    async def bot_has_spoken(self, times=1):
        """Wait until the bot has finished speaking that often."""
        await self.until(lambda: len(self.heard(BotStoppedSpeakingFrame)) >= times, f"for {times} answers")

    async def queue(self, *frames):
        """Put frames in at the top of the pipeline."""
        for frame in frames:
            await self.worker.queue_frame(frame)

    async def say(self, text):
        """The caller says this, in real time; returns when it is said."""
        pcm = await spoken(self.speaker, text, self.transport.caller.sample_rate, rate=1.4)
        return await self.transport.caller.say(pcm, text)


@contextlib.asynccontextmanager
async def calling(
    scenario,
    speaker,
    *,
    tools=None,
    messages=(),
    settings=None,
    greet=True,
    in_hz=16000,
    out_hz=24000,
    user_params=None,
    assistant_params=None,
    speed=20.0,
    service_options=None,
    handlers=None,
    sim_options=None,
    enable_rtvi=False,
    rtvi_observer_params=None,
    observers=(),
    await_ready=True,
    microphone=None,
    downstream=(),
    service_type=VoiceLiveLLMService,
):
    """A call with a bot; ends with it, checking that nothing stays behind."""
    before = asyncio.all_tasks()
    async with VoiceLiveSimulator(scenario, speech=speaker, speed=speed, **(sim_options or {})) as sim:
        service = service_type(
            endpoint=sim.endpoint, settings=settings, **(service_options or {"api_key": "key"})
        )
        for name, handler in (handlers or {}).items():
            service.register_function(name, handler)
        context = LLMContext(list(messages), **({"tools": tools} if tools is not None else {}))
        user, assistant = LLMContextAggregatorPair(
            context,
            user_params=user_params or LLMUserAggregatorParams(),
            assistant_params=assistant_params or LLMAssistantAggregatorParams(),
        )
        transport = LocalCallTransport(input_rate_hz=in_hz, output_rate_hz=out_hz)
        heard_by = [microphone(transport)] if microphone else []
        watcher = Watcher()
        worker = PipelineWorker(
            Pipeline(
                [transport.input(), *heard_by, user, service, *downstream, transport.output(), assistant]
            ),
            params=PipelineParams(
                audio_in_sample_rate=in_hz,
                audio_out_sample_rate=out_hz,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
            observers=[watcher, *observers],
            enable_rtvi=enable_rtvi,
            rtvi_observer_params=rtvi_observer_params,
            idle_timeout_secs=None,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        call = Call(sim, service, context, user, transport, worker, watcher, speaker)
        try:
            if await_ready:
                await call.until(
                    lambda: sim.sessions and sim.sessions[-1].sent("session.updated"), "to be ready"
                )
            if greet:
                await call.queue(LLMRunFrame())
            yield call
            if not running.done():
                await call.queue(EndFrame())
                async with asyncio.timeout(PATIENCE_S):
                    await running
        finally:
            if not running.done():
                await worker.cancel()
                running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    leaked = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert not leaked, f"tasks left behind: {leaked}"
