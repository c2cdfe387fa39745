"""Out of band: questions that the call neither hears nor knows of, and the summaries made with them."""

import asyncio
import base64
import io

import pytest
from PIL import Image
from pipecat.frames.frames import EndFrame, LLMSummarizeContextFrame, MetricsFrame, TTSTextFrame
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregatorParams
from pipecat.utils.context.llm_context_summarization import (
    LLMAutoContextSummarizationConfig,
    LLMContextSummaryConfig,
)
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive import (
    ConfigurationError,
    ConnectionFailedError,
    ServiceError,
    VoiceLiveClient,
    VoiceLiveLLMService,
)
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session.effects import ResponseFinished, SessionReady, TextDelta
from pipecat_voicelive.session.tools import message_item
from pipecat_voicelive.simulator import VoiceLiveSimulator

from .harness import calling

SCENARIO = {
    "greeting": "Hello!",
    "turns": [
        {"user": "My train is late.", "say": "That is annoying."},
        {"user": "It is very late.", "say": "How late is it, then?"},
    ],
    "asides": [
        {"about": "mood", "say": "annoyed"},
        {"about": "slowly", "say": "at last", "delay_ms": 60_000},
        {"about": "summar", "say": "The caller's train is late."},
    ],
}


@pytest.fixture
async def simulator(speaker):
    async with VoiceLiveSimulator(SCENARIO, speech=speaker, speed=20.0) as simulator:
        yield simulator


def client_of(simulator):
    return VoiceLiveClient(endpoint=simulator.endpoint, api_key="key", model="gpt-4.1")


async def test_a_question_that_cannot_be_put_is_refused_and_the_call_goes_on(simulator):
    async with client_of(simulator) as client:
        item = ConversationItem(type="function_call", call_id="c", name="look", arguments={"a": 1})
        with pytest.raises(ConfigurationError, match="arguments"):
            await client.ask("What is the caller's mood?", items=[item])
        assert await client.ask("What is the caller's mood?") == "annoyed"


async def test_no_tool_is_called_for_a_question_unless_it_says_so(simulator):
    async with client_of(simulator) as client:
        await client.ask("What is the mood?", properties=ResponseProperties(temperature=0.7))
        await client.ask("And the mood now?", properties=ResponseProperties(tool_choice="auto"))
        requests = simulator.sessions[-1].received("response.create")
        assert [request.response.tool_choice for request in requests] == ["none", "auto"]


@pytest.mark.proves(
    "feature.out-of-band-responses",
    "response.create.conversation",
    "response.create.conversation=none",
    "response.create.instructions",
    "response.create.modalities",
    "response.create.metadata",
)
async def test_a_question_is_answered_and_the_conversation_does_not_know(simulator):
    async with client_of(simulator) as client:
        client.send_text("My train is late.")
        answer = await client.ask("What is the caller's mood?")
        session = simulator.sessions[-1]
        assert answer == "annoyed"
        assert [item.words for item in session.conversation] == [
            "My train is late.",
            "That is annoying.",
        ]
        texts = []
        client.send_text("Bye")
        async for signal in client:
            if isinstance(signal, TextDelta):
                texts.append(signal.delta)
            if isinstance(signal, ResponseFinished) and len(texts) > 5:
                break
        assert "annoyed" not in "".join(texts)


@pytest.mark.proves("response.create.input_items", "response.create.max_output_tokens")
async def test_a_question_about_other_items_and_with_further_overrides(simulator):
    async with client_of(simulator) as client:
        answer = await client.ask(
            "Look.",
            items=[message_item("user", "In a good mood")],
            properties=ResponseProperties(max_output_tokens=20),
        )
        (asked,) = simulator.sessions[-1].received("response.create")
        assert answer == "annoyed"
        assert asked.response.max_output_tokens == 20
        assert asked.response.modalities == ["text"]


async def test_a_question_the_service_refuses_raises_what_the_service_says(simulator):
    async with client_of(simulator) as client:
        with pytest.raises(ServiceError) as raised:
            await client.ask("mood", properties=ResponseProperties(max_output_tokens=0))
        assert raised.value.code == "integer_below_min_value"
        assert await client.ask("mood") == "annoyed"


async def test_a_question_whose_patience_ends_is_withdrawn_and_the_next_answered(simulator):
    async with client_of(simulator) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.ask("slowly")
        assert await client.ask("mood") == "annoyed"
        assert simulator.sessions[-1].received("response.cancel")


async def test_closing_ends_open_questions_with_an_error(simulator):
    client = client_of(simulator)
    await client.connect()
    asking = asyncio.create_task(client.ask("slowly"))
    async for signal in client:
        if isinstance(signal, SessionReady):
            break
    await client.close()
    with pytest.raises(ConnectionFailedError, match="closed"):
        await asking
    with pytest.raises(ConnectionFailedError, match="closed"):
        await client.ask("mood")


async def test_an_answer_that_is_wanted_meanwhile_comes_first(simulator):
    async with client_of(simulator) as client:
        asking = asyncio.create_task(client.ask("slowly"))
        session = await simulator.wait_for_session()
        await session.wait_for_sent("response.created")
        client.send_text("My train is late.")
        async for signal in client:
            if isinstance(signal, ResponseFinished):
                break
        assert [item.words for item in session.conversation][-1] == "That is annoying."
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


@pytest.mark.proves("feature.run-inference")
async def test_inference_beside_a_call_is_not_spoken_and_counts_its_tokens(speaker):
    async with calling(SCENARIO, speaker) as call:
        await call.bot_has_spoken()
        context = LLMContext([{"role": "user", "content": "My train is late."}])
        answer = await call.service.run_inference(
            context, max_tokens=6000, system_instruction="Name the mood in one word."
        )
        assert answer == "annoyed"
        asked = call.session.received("response.create")[-1]
        assert asked.response.max_output_tokens == 4096
        assert asked.response.instructions == "Name the mood in one word."
        assert [item.words for item in asked.response.input_items] == ["My train is late."]
        done = call.session.sent("response.done")[-1].response
        await call.until(lambda: done.usage.total_tokens in tokens(call), "for the usage of the question")
        assert call.said == [("assistant", "Hello!")]
        assert "annoyed" not in "".join(frame.text for frame in call.seen(TTSTextFrame))


def tokens(call):
    return [
        data.value.total_tokens
        for frame in call.seen(MetricsFrame)
        for data in frame.data
        if isinstance(data, LLMUsageMetricsData)
    ]


@pytest.mark.proves("feature.context-summary")
async def test_a_summary_replaces_what_was_said_and_the_call_goes_on_with_it(speaker):
    keep_one = LLMContextSummaryConfig(min_messages_after_summary=1)
    summaries = LLMAssistantAggregatorParams(
        auto_context_summarization_config=LLMAutoContextSummarizationConfig(summary_config=keep_one)
    )
    async with calling(SCENARIO, speaker, assistant_params=summaries) as call:
        await call.bot_has_spoken()
        await call.say("My train is late.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        await call.queue(LLMSummarizeContextFrame())
        await call.until(lambda: "The caller's train is late." in str(call.said[0][1]), "for the summary")
        assert [role for role, _ in call.said] == ["user", "assistant"]
        await call.say("It is very late.")
        await call.bot_has_spoken(3)
        await call.until(lambda: call.said[-1][0] == "assistant" and len(call.said) == 4, "for the answer")
        known = [item.words for item in call.session.conversation]
        assert "The caller's train is late." in known[0]
        assert len(call.sim.sessions) == 2


async def test_inference_that_is_asked_before_the_call_is_answered_when_it_runs(speaker):
    context = LLMContext([{"role": "user", "content": "My train is late."}])
    async with VoiceLiveSimulator(SCENARIO, speech=speaker) as sim:
        service = VoiceLiveLLMService(endpoint=sim.endpoint, api_key="key")
        asking = asyncio.create_task(service.run_inference(context, system_instruction="Name the mood."))
        await asyncio.sleep(0)
        pipeline = PipelineWorker(Pipeline([service]), idle_timeout_secs=None)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(pipeline)
        running = asyncio.create_task(runner.run())
        async with asyncio.timeout(15):
            assert await asking == "annoyed"
        await pipeline.queue_frame(EndFrame())
        await running


async def test_inference_about_many_large_images_is_asked_with_the_newest_and_the_call_goes_on(speaker):
    photo = Image.effect_noise((1000, 900), 90).convert("RGB")
    file = io.BytesIO()
    photo.save(file, format="JPEG", quality=90)
    url = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
    context = LLMContext([LLMContext.create_image_url_message(url=url, text=str(n)) for n in range(8)])
    async with calling(SCENARIO, speaker) as call:
        await call.bot_has_spoken()
        assert await call.service.run_inference(context, system_instruction="Name the mood.") == "annoyed"
        items = call.session.received("response.create")[-1].response.input_items
        shown = [item.words for item in items if item.content[-1].type == "input_image"]
        assert shown == [str(number) for number in range(8 - len(shown), 8)]
        assert 0 < len(shown) * len(url) < 3_200_000
        await call.say("My train is late.")
        await call.bot_has_spoken(2)
