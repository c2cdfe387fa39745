"""Calls with whole bots: however a bot is written, it is spoken to, typed to and interrupted."""

import asyncio
import os

import pytest
from pipecat.frames.frames import InterruptionFrame, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive import VoiceLiveLLMService
from pipecat_voicelive.errors import ConfigurationError

WEATHER = {
    "greeting": "Hello!",
    "turns": [
        {
            "user": "What is the weather in Lisbon?",
            "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
            "then": "It is {result.degrees} degrees.",
        }
    ],
}
STORY = {
    "turns": [
        {
            "user": "Tell me a story.",
            "say": "Once upon a time there was a kettle that sang all day and all night.",
        },
        {"user": "Stop.", "say": "All right."},
    ]
}


async def get_weather(params: FunctionCallParams, city: str):
    """Get the weather.

    Args:
        city: The city.
    """
    await params.result_callback({"degrees": 21})


def service_of(voice_live):
    return VoiceLiveLLMService(endpoint=voice_live.endpoint, api_key=voice_live.api_key)


async def test_a_service_is_spoken_to_and_hears_of_its_tools(simulate):
    voice_live = simulate(WEATHER, speed=20)
    async with voice_live.call(service_of(voice_live), tools=[get_weather]) as call:
        await call.begin()
        await call.says("What is the weather in Lisbon?")
    voice_live.expect.conversation(
        "bot: Hello!",
        "caller: What is the weather in Lisbon?",
        'bot calls: get_weather(city="Lisbon")',
        "bot: It is 21 degrees.",
    )
    voice_live.expect.context(call.context)
    voice_live.expect.manners()


async def test_an_interruption_leaves_in_the_context_what_was_heard(simulate):
    voice_live = simulate(STORY, speed=20)
    async with voice_live.call(service_of(voice_live)) as call:
        await call.says("Tell me a story.", wait=False)
        await call.interrupts("Stop.", after_s=1.0)
    voice_live.expect.said("all night")
    voice_live.expect.heard("once upon")
    with pytest.raises(AssertionError):
        voice_live.expect.heard("all night")
    voice_live.expect.context(call.context)
    voice_live.expect.manners()


async def test_a_typed_conversation_with_a_silent_bot_needs_no_sound(simulate):
    voice_live = simulate({"turns": [{"user": "Hello", "say": "Good day."}]})
    async with voice_live.call(service_of(voice_live), silent=True) as call:
        await call.types("Hello")
    voice_live.expect.conversation("caller: Hello", "bot: Good day.")
    assert not call.transport.recording.bot.end_s


def pipeline(transport, voice_live, *steps):
    user, assistant = LLMContextAggregatorPair(LLMContext())
    llm = service_of(voice_live)
    return Pipeline([transport.input(), user, llm, *steps, transport.output(), assistant])


async def test_a_bot_may_be_a_function_that_builds_a_pipeline_or_a_worker(simulate):
    voice_live = simulate({"turns": [{"user": "Hello", "say": "Good day."}]})

    async def build(transport):
        return pipeline(transport, voice_live)

    for bot in (
        build,
        lambda transport: pipeline(transport, voice_live),
        lambda transport: PipelineWorker(pipeline(transport, voice_live)),
    ):
        async with voice_live.call(bot, silent=True) as call:
            await call.types("Hello")
    assert voice_live.conversation == ["caller: Hello", "bot: Good day."] * 3


async def test_a_bot_may_run_itself_greet_by_itself_and_end_when_its_caller_goes(simulate):
    voice_live = simulate(WEATHER)
    ended = asyncio.Event()

    async def run_bot(transport, runner_args):
        assert runner_args.body == {"language": "en"}
        worker = PipelineWorker(pipeline(transport, voice_live))

        @transport.event_handler("on_client_connected")
        async def greet(transport, client):
            await worker.queue_frame(LLMRunFrame())

        @transport.event_handler("on_client_disconnected")
        async def end(transport, client):
            await worker.cancel()

        runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
        await runner.add_workers(worker)
        await runner.run()
        ended.set()

    async with voice_live.call(run_bot, silent=True, body={"language": "en"}) as call:
        await call.answered()
        await call.types("Hi")
    assert ended.is_set()
    assert voice_live.conversation[0] == "bot: Hello!"


async def test_a_bot_that_runs_itself_and_listens_to_nobody_is_ended_in_order(simulate):
    voice_live = simulate(WEATHER)

    async def run_bot(transport):
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(PipelineWorker(pipeline(transport, voice_live)))
        await runner.run()

    async with voice_live.call(run_bot, silent=True) as call:
        await call.types("Hi")
    await voice_live.do(voice_live.session.wait_closed())
    assert voice_live.session.close_code == 1000


async def test_a_bot_that_fails_to_start_shows_its_own_error(simulate):
    voice_live = simulate()

    async def run_bot(transport):
        return os.environ["NOT_THERE"]

    with pytest.raises(KeyError, match="NOT_THERE"):
        async with voice_live.call(run_bot):
            pass


async def test_what_is_no_bot_is_refused(simulate):
    voice_live = simulate()
    with pytest.raises(
        ConfigurationError, match="a bot is an LLMService or a function of a transport, not str"
    ):
        voice_live.call("bot")
    with pytest.raises(ConfigurationError, match="it gave NoneType"):
        async with voice_live.call(lambda transport: None):
            pass


class Deaf(FrameProcessor):
    """Does not let the caller interrupt."""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if not isinstance(frame, InterruptionFrame):
            await self.push_frame(frame, direction)


async def test_a_bot_that_does_not_stop_playing_is_found_out(simulate):
    voice_live = simulate(STORY, speed=20)
    async with voice_live.call(lambda transport: pipeline(transport, voice_live, Deaf())) as call:
        await call.says("Tell me a story.", wait=False)
        await call.interrupts("Stop.", after_s=0.6)
    with pytest.raises(AssertionError) as failure:
        voice_live.expect.no_audio_after_interruption()
    assert "after the caller began to speak" in str(failure.value)
    assert "(the bot is heard)" in str(failure.value)
