"""What one response may have otherwise, and the session's options that say how answers are made."""

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    LLMMessagesAppendFrame,
    LLMSetToolChoiceFrame,
    MetricsFrame,
    TTSAudioRawFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData

from pipecat_voicelive import (
    AzureStandardVoice,
    ConfigurationError,
    FunctionTool,
    ResponseProperties,
    SessionProperties,
    ToolChoiceFunction,
    VoiceLiveClient,
    VoiceLiveLLMSettings,
    VoiceLiveRespondFrame,
)
from pipecat_voicelive.session.effects import (
    Audio,
    ResponseFinished,
    SessionReady,
    SpeechOpened,
    TextDelta,
    ToolCalls,
)
from pipecat_voicelive.session.tools import message_item
from pipecat_voicelive.simulator import VoiceLiveSimulator

from .harness import calling
from .test_tools import get_weather

LISBON = {"name": "get_weather", "arguments": {"city": "Lisbon"}}
OSLO = {"name": "get_weather", "arguments": {"city": "Oslo"}}
SCENARIO = {
    "greeting": "Hello!",
    "turns": [
        {"user": "Weather?", "calls": [LISBON, OSLO], "then": "Fine."},
        {"user": "Hi", "say": "Hi there."},
    ],
}
TOOL = FunctionTool(name="get_weather", parameters={"type": "object", "properties": {}})


@pytest.fixture
async def simulator(speaker):
    async with VoiceLiveSimulator(SCENARIO, speech=speaker, speed=50.0) as simulator:
        yield simulator


def client_of(simulator, **session):
    return VoiceLiveClient(
        endpoint=simulator.endpoint, api_key="key", model="gpt-4.1", session=SessionProperties(**session)
    )


async def answer(client):
    """The signals until a response is finished."""
    signals = []
    async for signal in client:
        signals.append(signal)
        if isinstance(signal, ToolCalls) or (
            isinstance(signal, ResponseFinished)
            and not any(item.type == "function_call" for item in signal.response.output)
        ):
            return signals
    raise AssertionError("the connection ended")


def calls_in(signals):
    return [call.arguments for signal in signals if isinstance(signal, ToolCalls) for call in signal.calls]


@pytest.mark.proves(
    "response.create.voice",
    "response.create.output_audio_format",
    "response.create.temperature",
    "response.create.tools",
    "response.create.reasoning_effort",
    "response.create.commit",
    "response.create.cancel_previous",
    "response.create.additional_instructions",
    "feature.response-overrides",
)
async def test_one_response_is_otherwise_and_the_next_is_as_before(simulator):
    async with client_of(simulator) as client:
        voice = AzureStandardVoice(name="en-GB-RyanNeural")
        overrides = ResponseProperties(
            voice=voice,
            output_audio_format="pcm16_8000hz",
            temperature=0.7,
            tools=[TOOL],
            reasoning_effort="low",
            commit=True,
            cancel_previous=False,
            metadata={"mine": "yes"},
        )
        client.respond(overrides, additional_instructions="Be brief.")
        signals = await answer(client)
        (opened,) = [signal for signal in signals if isinstance(signal, SpeechOpened)]
        heard = b"".join(signal.audio for signal in signals if isinstance(signal, Audio))
        response = signals[-1].response
        session = simulator.sessions[-1]
        (asked,) = session.received("response.create")
        item = session.sent("response.output_item.added")[0].item
        assert opened.audio_format.rate_hz == 8000
        assert response.voice == {"type": "azure-standard", "name": "en-GB-RyanNeural"}
        assert response.metadata["mine"] == "yes"
        assert response.usage.output_token_details.reasoning_tokens > 0
        assert asked.additional_instructions == "Be brief."
        assert asked.response.tools == [TOOL.model_dump(exclude_unset=True)]
        assert (asked.response.commit, asked.response.cancel_previous) == (True, False)
        slow = len(heard) / 16  # milliseconds, at 8 kHz
        client.send_text("Hi")
        signals = await answer(client)
        assert [s.audio_format.rate_hz for s in signals if isinstance(s, SpeechOpened)] == [24000]
        assert 200 < slow < 3000
        assert item.role == "assistant"
        assert voice.model_fields_set == {"type", "name"}


@pytest.mark.proves("response.create.append_input_items", "response.create.max_output_tokens")
async def test_one_response_looks_at_further_items(simulator):
    async with client_of(simulator, modalities=["text"]) as client:
        client.respond(
            ResponseProperties(append_input_items=[message_item("user", "Hi")], max_output_tokens="inf")
        )
        text = "".join(s.delta for s in await answer(client) if isinstance(s, TextDelta))
        assert text == "Hi there."
        assert [item.role for item in simulator.sessions[-1].conversation] == ["assistant"]


@pytest.mark.proves("session.parallel_tool_calls")
async def test_calls_come_one_after_the_other_if_they_must_not_come_together(simulator):
    async with client_of(simulator, modalities=["text"], tools=[TOOL], parallel_tool_calls=False) as client:
        client.send_text("Weather?")
        cities = []
        for _ in range(2):
            signals = await answer(client)
            cities.append(calls_in(signals))
            (calls,) = [signal for signal in signals if isinstance(signal, ToolCalls)]
            client.answer_tool(calls.calls[0].call_id, "{}")
            client.respond_to_results()
        text = "".join(s.delta for s in await answer(client) if isinstance(s, TextDelta))
        assert cities == [[{"city": "Lisbon"}], [{"city": "Oslo"}]]
        assert text == "Fine."


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        pytest.param("none", 0, marks=pytest.mark.proves("tool_choice=none", "session.tool_choice")),
        pytest.param("required", 1, marks=pytest.mark.proves("tool_choice=required")),
        pytest.param("auto", 0, marks=pytest.mark.proves("tool_choice=auto")),
        pytest.param(
            ToolChoiceFunction(name="get_weather"), 1, marks=pytest.mark.proves("tool_choice=function")
        ),
        ({"type": "function", "function": {"name": "get_weather"}}, 1),
    ],
    ids=["none", "required", "auto", "function", "openai-form"],
)
async def test_a_choice_of_tool_is_honoured(simulator, choice, called):
    async with client_of(simulator, modalities=["text"], tools=[TOOL], tool_choice=choice) as client:
        client.send_text("Hi")
        assert len(calls_in(await answer(client))) == called


@pytest.mark.proves("response.create.tool_choice")
async def test_one_response_has_a_choice_of_tool_of_its_own(simulator):
    async with client_of(simulator, modalities=["text"], tools=[TOOL]) as client:
        client.add_item(message_item("user", "Hi"))
        client.respond(ResponseProperties(tool_choice=ToolChoiceFunction(name="get_weather")))
        assert len(calls_in(await answer(client))) == 1
        (asked,) = simulator.sessions[-1].received("response.create")
        assert asked.response.tool_choice == {"type": "function", "name": "get_weather"}


@pytest.mark.proves("session.reasoning_effort", "session.metadata", "session.include")
async def test_effort_metadata_and_include_reach_the_session(simulator):
    include = ["item.input_audio_transcription.logprobs"]
    options = {"reasoning_effort": "high", "metadata": {"call": "7"}, "include": include}
    async with client_of(simulator, modalities=["text"], **options) as client:
        client.send_text("Hi")
        signals = await answer(client)
        (session,) = [signal.session for signal in signals if isinstance(signal, SessionReady)]
        assert (session.reasoning_effort, session.metadata, session.include) == (
            "high",
            {"call": "7"},
            include,
        )
        assert signals[-1].response.usage.output_token_details.reasoning_tokens == 128


@pytest.mark.parametrize(
    "metadata", [{str(n): "x" for n in range(17)}, {"k" * 65: "x"}, {"k": "x" * 513}, {"k": 5}]
)
async def test_metadata_that_the_service_would_refuse_is_refused_early(simulator, metadata):
    given = {"metadata": metadata}
    with pytest.raises(ConfigurationError, match="metadata"):
        VoiceLiveClient(endpoint=simulator.endpoint, api_key="key", model="gpt-4.1", session=given)
    with pytest.raises(ConfigurationError, match="metadata"):
        VoiceLiveRespondFrame(ResponseProperties(**given))


def test_a_response_has_room_for_fifteen_pairs_of_metadata():
    VoiceLiveRespondFrame(ResponseProperties(metadata={str(n): "x" for n in range(15)}))
    with pytest.raises(ConfigurationError, match="15 pairs"):
        VoiceLiveRespondFrame(ResponseProperties(metadata={str(n): "x" for n in range(16)}))


async def test_a_whole_call_plays_one_answer_in_another_format_at_its_own_speed(speaker):
    async with calling({"greeting": "Hello, hello, hello!"}, speaker, greet=False) as call:
        for audio_format in ("g711_ulaw", None, "pcm16_16000hz"):
            frame = VoiceLiveRespondFrame(
                ResponseProperties(output_audio_format=audio_format) if audio_format else None
            )
            spoken = len(call.heard(BotStoppedSpeakingFrame))
            before = len(call.pushed_by_service(TTSAudioRawFrame))
            await call.queue(frame)
            await call.bot_has_spoken(spoken + 1)
            frames = call.pushed_by_service(TTSAudioRawFrame)[before:]
            duration_s = sum(len(frame.audio) for frame in frames) / 2 / 24000
            assert {frame.sample_rate for frame in frames} == {24000}
            assert 0.5 < duration_s < 4


@pytest.mark.proves("feature.forced-tool-choice")
async def test_a_choice_of_tool_in_the_context_is_the_sessions(speaker):
    must = {"type": "function", "function": {"name": "get_weather"}}
    async with calling({"greeting": "Hello!"}, speaker, tools=[get_weather]) as call:
        await call.bot_has_spoken()
        ask = LLMMessagesAppendFrame([{"role": "user", "content": "Hi"}], run_llm=True)
        await call.queue(LLMSetToolChoiceFrame(must), ask)
        await call.until(lambda: any(role == "tool" for role, _ in call.said), "for the call")
        last = call.session.received("session.update")[-1].session
        assert last["tool_choice"] == {"type": "function", "name": "get_weather"}
        await call.until(lambda: call.said[-1][0] == "assistant" and len(call.said) > 3, "for the answer")


async def test_the_effort_of_thinking_is_in_the_metrics(speaker):
    thinking = VoiceLiveLLMSettings(session_properties=SessionProperties(reasoning_effort="medium"))
    async with calling({"greeting": "Hello!"}, speaker, settings=thinking) as call:
        await call.bot_has_spoken()
        usage = [
            data.value.reasoning_tokens
            for frame in call.seen(MetricsFrame)
            for data in frame.data
            if isinstance(data, LLMUsageMetricsData)
        ]
        assert usage == [64]
