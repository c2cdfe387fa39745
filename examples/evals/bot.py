"""A bot as Pipecat's runner starts it; evals reach it at ws://localhost:7860/ws."""

import os

from pipecat.evals.transport import EvalTransportParams
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive import VoiceLiveLLMService


async def get_weather(params: FunctionCallParams, city: str) -> None:
    """Get the present weather in a city.

    Args:
        city: The city, in English.
    """
    await params.result_callback({"city": city, "degrees": 21})


async def bot(runner_args: RunnerArguments) -> None:
    transport = await create_transport(
        runner_args, {"eval": lambda: EvalTransportParams(audio_in_enabled=True, audio_out_enabled=True)}
    )
    llm = VoiceLiveLLMService(
        endpoint=os.environ["AZURE_VOICE_LIVE_ENDPOINT"], api_key=os.environ["AZURE_VOICE_LIVE_API_KEY"]
    )
    user, assistant = LLMContextAggregatorPair(LLMContext(tools=[get_weather]))
    worker = PipelineWorker(Pipeline([transport.input(), user, llm, transport.output(), assistant]))

    @transport.event_handler("on_client_connected")
    async def greet(_transport, _client):
        await worker.queue_frame(LLMRunFrame())

    @transport.event_handler("on_client_disconnected")
    async def end(_transport, _client):
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
