"""Recordings of the live service, played over a socket to a whole bot."""

import asyncio
import contextlib
import json
import os
from pathlib import Path

import pytest
from pipecat.frames.frames import EndFrame, InputAudioRawFrame, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.llm_service import FunctionCallParams
from pipecat.turns.user_start import ExternalUserTurnStartStrategy
from pipecat.turns.user_stop import ExternalUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive import VoiceLiveLLMService
from pipecat_voicelive.simulator import VoiceLiveSimulator

from .harness import Watcher

TAPES = Path(os.environ.get("VOICELIVE_TAPES", "/nowhere"))

pytestmark = pytest.mark.skipif(not TAPES.is_dir(), reason="VOICELIVE_TAPES names no folder of tapes")


async def get_weather(params: FunctionCallParams, city: str):
    """Get the weather in a city.

    Args:
        city: The city.
    """
    await params.result_callback(f"It is foggy and 12 degrees in {city}.")


@contextlib.asynccontextmanager
async def bot_on(name, messages, tools=()):
    """A bot whose service is a tape."""
    async with VoiceLiveSimulator.replaying(TAPES / f"{name}.jsonl") as replay:
        service = VoiceLiveLLMService(endpoint=replay.endpoint, api_key="key")
        context = LLMContext(messages, **({"tools": list(tools)} if tools else {}))
        # A tape without times plays the caller and the answer in one breath: an interruption would find both.
        turns = UserTurnStrategies(
            start=[ExternalUserTurnStartStrategy()],
            stop=[ExternalUserTurnStopStrategy()],
        )
        user, assistant = LLMContextAggregatorPair(
            context, user_params=LLMUserAggregatorParams(user_turn_strategies=turns)
        )
        watcher = Watcher()
        worker = PipelineWorker(
            Pipeline([user, service, assistant]),
            params=PipelineParams(audio_in_sample_rate=24000, audio_out_sample_rate=24000),
            observers=[watcher],
            idle_timeout_secs=None,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        try:
            session = await replay.wait_for_session()
            yield context, worker, watcher, session
            await worker.queue_frame(EndFrame())
            async with asyncio.timeout(10):
                await running
        finally:
            if not running.done():
                await worker.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def until(condition, watcher):
    async with asyncio.timeout(10):
        while not condition():
            watcher.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await watcher.changed.wait()


def said(name):
    """What the service said last on a tape."""
    events = [json.loads(line)["event"] for line in (TAPES / f"{name}.jsonl").read_text().splitlines()]
    done = [event for event in events if event["type"].endswith(("audio_transcript.done", "text.done"))]
    return done[-1].get("transcript") or done[-1]["text"]


def answered(context, name):
    return lambda: any(
        message["role"] == "assistant" and message.get("content") == said(name)
        for message in context.get_messages()
    )


def strays(session):
    """Departures in kind or order; a bot's options and words are its own."""
    return [str(departure) for departure in session.departures if not departure.differences]


async def test_a_typed_turn_is_answered_as_recorded():
    name = "native-text-in-audio-out"
    messages = [{"role": "user", "content": "Say a short greeting."}]
    async with bot_on(name, messages) as (context, worker, watcher, session):
        await worker.queue_frame(LLMRunFrame())
        await until(answered(context, name), watcher)
        assert session.is_over
        assert strays(session) == []


async def test_a_tool_is_called_as_recorded_and_its_result_spoken_of():
    name = "native-tool-call"
    messages = [{"role": "user", "content": "What is the weather in London?"}]
    async with bot_on(name, messages, [get_weather]) as (context, worker, watcher, session):
        await worker.queue_frame(LLMRunFrame())
        await until(answered(context, name), watcher)
        assert session.is_over
        # The recorded client had its tools from the beginning; a bot has them with its context.
        assert [stray.rpartition("got ")[2] for stray in strays(session)] == ["session.update"]
        assert "It is foggy and 12 degrees in London." in str(context.get_messages())


async def test_a_spoken_turn_is_heard_and_answered_as_recorded():
    name = "native-voice-turn"
    async with bot_on(name, []) as (context, worker, watcher, session):
        for _ in range(10):
            await worker.queue_frame(InputAudioRawFrame(audio=bytes(960), sample_rate=24000, num_channels=1))
        await until(answered(context, name), watcher)
        assert session.is_over
        assert strays(session) == []
