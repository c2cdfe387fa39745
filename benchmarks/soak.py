"""Two thousand sessions, one after the other and several at once, in one process: nothing may stay behind.

Each session is a whole bot: pipeline, aggregators, service, and a text conversation with a tool call over a
real socket to the simulator. Tasks, file descriptors, threads and memory are measured along the way; the run
fails if any of them grows.

    python benchmarks/soak.py [--sessions 2000] [--at-once 10]
"""

import argparse
import asyncio
import gc
import math
import os
import sys
import threading
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

from loguru import logger
from pipecat.frames.frames import EndFrame, LLMMessagesAppendFrame, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.llm_service import FunctionCallParams
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive import SessionProperties, VoiceLiveLLMService
from pipecat_voicelive.simulator import VoiceLiveSimulator

SCENARIO = {
    "greeting": "Hello.",
    "turns": [
        {
            "user": "What is the weather in Lisbon?",
            "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
            "then": "It is {result.temperature} degrees.",
        }
    ],
}
ANSWER = "It is 21 degrees."


async def get_weather(params: FunctionCallParams, city: str):  # noqa: ARG001 - part of the tool
    """Get the weather in a city.

    Args:
        city: The city.
    """
    await params.result_callback({"temperature": 21})


async def session(endpoint: str) -> None:
    """One bot, one conversation."""
    service = VoiceLiveLLMService(
        endpoint=endpoint,
        api_key="key",
        settings=VoiceLiveLLMService.Settings(
            session_properties=SessionProperties(modalities=["text"], input_audio_transcription=None)
        ),
    )
    context = LLMContext(tools=[get_weather])
    # Strategies are given so that no turn analyser is loaded for each bot: it is not ours to measure.
    user, assistant = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())
    )
    worker = PipelineWorker(Pipeline([user, service, assistant]), enable_rtvi=False, idle_timeout_secs=None)
    answered = asyncio.Event()

    @assistant.event_handler("on_assistant_turn_stopped")
    async def on_turn(_aggregator, message):
        if message.content == "Hello.":
            question = {"role": "user", "content": SCENARIO["turns"][0]["user"]}
            await worker.queue_frame(LLMMessagesAppendFrame([question], run_llm=True))
        elif message.content == ANSWER:
            answered.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await worker.queue_frame(LLMRunFrame())
    async with asyncio.timeout(30):
        await answered.wait()
        await worker.queue_frame(EndFrame())
        await running


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure() -> dict[str, float]:
    gc.collect()
    return {
        "tasks": len(asyncio.all_tasks()),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "objects": len(gc.get_objects()),
        "MiB": round(resident_mib(), 1),
    }


async def main(sessions: int, at_once: int) -> int:
    logger.remove()
    points: list[dict[str, float]] = []
    started = time.monotonic()
    async with VoiceLiveSimulator(SCENARIO, speed=math.inf, keep_sessions=0) as simulator:
        step = max(sessions // 10, at_once)
        done = 0
        while done < sessions:
            gate = asyncio.Semaphore(at_once)

            async def one(gate: asyncio.Semaphore = gate) -> None:
                async with gate:
                    await session(simulator.endpoint)

            async with asyncio.TaskGroup() as group:
                for _ in range(min(step, sessions - done)):
                    group.create_task(one())
            done += min(step, sessions - done)
            points.append({"sessions": done, **measure()})
            print("  ".join(f"{name} {value:g}" for name, value in points[-1].items()), flush=True)
    took_s = time.monotonic() - started
    first, last = points[len(points) // 3], points[-1]
    per_session = (last["MiB"] - first["MiB"]) * 1024 / max(last["sessions"] - first["sessions"], 1)
    print(f"{sessions} sessions in {took_s:.0f} s; memory {per_session:+.2f} KiB a session, warm-up apart")
    grown = [
        name
        for name, room in (("tasks", 0), ("files", 2), ("threads", 2), ("objects", 2000))
        if last[name] > first[name] + room
    ]
    if per_session > 1:
        grown.append("memory")
    print("FAILED: these grow: " + ", ".join(grown) if grown else "nothing stayed behind")
    return bool(grown)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=10)
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.sessions, options.at_once)))
