"""Tool calls: however they are registered, each is answered once and a group is spoken about once."""

import asyncio
import json

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndWorkerFrame,
    ErrorFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    LLMConfigureOutputFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    LLMSetToolChoiceFrame,
    LLMSetToolsFrame,
)
from pipecat.services.llm_service import FunctionCallParams

from pipecat_voicelive import SessionProperties, VoiceLiveLLMSettings

from .harness import calling


async def get_weather(params: FunctionCallParams, city: str):
    """Get the weather in a city.

    Args:
        city: The city.
    """
    await params.result_callback({"temperature": 21, "city": city})


def outputs(call):
    """The function call outputs on the wire: call id and output."""
    items = [event.item for event in call.session.received("conversation.item.create")]
    return [(item.call_id, item.output) for item in items if item.type == "function_call_output"]


WEATHER = {
    "turns": [
        {
            "user": "What is the weather in Lisbon?",
            "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
            "then": "It is {result.temperature} degrees in {result.city}.",
        }
    ]
}


async def test_a_silent_bot_writes_what_came_of_its_tool_too(speaker):
    async with calling(WEATHER, speaker, tools=[get_weather], greet=False) as call:
        await call.queue(LLMConfigureOutputFrame(skip_tts=True), LLMRunFrame())
        await call.until(lambda: call.said, "for the greeting")
        question = {"role": "user", "content": "What is the weather in Lisbon?"}
        await call.queue(LLMMessagesAppendFrame([question], run_llm=True))
        answer = ("assistant", "It is 21 degrees in Lisbon.")
        await call.until(lambda: call.said[-1] == answer, "for the answer")
        requests = call.session.received("response.create")
        assert [request.response.modalities for request in requests] == [["text"]] * 3
        assert not call.session.sent("response.audio.delta")


async def ask_for_the_weather(call):
    await call.queue(LLMRunFrame())
    await call.bot_has_spoken()
    await call.say("What is the weather in Lisbon?")
    await call.bot_has_spoken(2)
    await call.until(
        lambda: call.said[-1][0] == "assistant" and "21" in str(call.said[-1][1]), "for the answer"
    )


@pytest.mark.proves(
    "session.tools",
    "tool=function",
    "response.function_call_arguments.done",
    "item=function_call",
    "item=function_call_output",
)
async def test_a_direct_function_is_called_and_spoken_about_in_the_right_order(speaker):
    async with calling(WEATHER, speaker, tools=[get_weather], greet=False) as call:
        await ask_for_the_weather(call)
        assert call.said[1:] == [
            ("user", "What is the weather in Lisbon?"),
            ("assistant", ["get_weather"]),
            ("tool", '{"temperature": 21, "city": "Lisbon"}'),
            ("assistant", "It is 21 degrees in Lisbon."),
        ]
        ((_, output),) = outputs(call)
        assert json.loads(output) == {"temperature": 21, "city": "Lisbon"}
        assert len(call.session.received("response.create")) == 2  # the greeting, and the answer to the tool
    assert not call.seen(ErrorFrame)


@pytest.mark.proves("session.tools.name", "session.tools.description", "session.tools.parameters")
async def test_a_function_schema_with_a_handler_is_called(speaker):
    async def handler(params):
        await params.result_callback({"temperature": 21, "city": params.arguments["city"]})

    schema = FunctionSchema(
        "get_weather", "The weather in a city.", {"city": {"type": "string"}}, ["city"], handler=handler
    )
    async with calling(WEATHER, speaker, tools=ToolsSchema([schema]), greet=False) as call:
        await ask_for_the_weather(call)
        (tool,) = call.session.received("session.update")[-1].session["tools"]
        assert tool == {
            "type": "function",
            "name": "get_weather",
            "description": "The weather in a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        }


async def test_a_registered_handler_is_called_for_tools_of_the_services_own_settings(speaker):
    async def handler(params):
        await params.result_callback("21 degrees in " + params.arguments["city"])

    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    settings = VoiceLiveLLMSettings(
        session_properties=SessionProperties(tools=[tool], input_audio_transcription=None)
    )
    scenario = {"turns": [{**WEATHER["turns"][0], "then": "{result}"}]}
    async with calling(
        scenario, speaker, settings=settings, handlers={"get_weather": handler}, greet=False
    ) as call:
        await ask_for_the_weather(call)
        ((_, output),) = outputs(call)
        assert output == "21 degrees in Lisbon"  # text as it is, not quoted once more


@pytest.mark.proves("feature.parallel-tools", "response.output_item.added")
async def test_parallel_calls_are_each_answered_and_spoken_about_once(speaker):
    slow = asyncio.Event()

    async def get_time(params: FunctionCallParams, city: str):
        """Get the time in a city.

        Args:
            city: The city.
        """
        await slow.wait()
        await params.result_callback({"time": "noon"})

    scenario = {
        "turns": [
            {
                "user": "What are the weather and the time in Lisbon?",
                "calls": [
                    {"name": "get_weather", "arguments": {"city": "Lisbon"}},
                    {"name": "get_time", "arguments": {"city": "Lisbon"}},
                ],
                "then": "It is {results.get_weather.temperature} degrees and {results.get_time.time}.",
            }
        ]
    }
    async with calling(scenario, speaker, tools=[get_weather, get_time], greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("What are the weather and the time in Lisbon?")
        await call.until(lambda: len(outputs(call)) == 1, "for the quick one")
        creates = len(call.session.received("response.create"))
        slow.set()
        await call.bot_has_spoken(2)
        await call.until(
            lambda: call.said[-1] == ("assistant", "It is 21 degrees and noon."), "for the answer"
        )
        assert len(outputs(call)) == 2
        assert len(call.session.received("response.create")) == creates + 1
        # On the wire the outputs stand before the one request that speaks of them.
        order = [
            event.type for event in call.session.client_events if event.type != "input_audio_buffer.append"
        ]
        assert order[-3:] == ["conversation.item.create", "conversation.item.create", "response.create"]


async def test_a_handler_that_raises_is_answered_too(speaker):
    async def get_weather(params: FunctionCallParams, city: str):
        """Get the weather in a city.

        Args:
            city: The city.
        """
        raise RuntimeError("no weather today")

    scenario = {"turns": [{**WEATHER["turns"][0], "then": "I could not find out."}]}
    async with calling(scenario, speaker, tools=[get_weather], greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.bot_has_spoken(2)
        assert len(outputs(call)) == 1


async def test_a_result_that_wants_no_answer_gets_none(speaker):
    async def get_weather(params: FunctionCallParams, city: str):
        """Note a city.

        Args:
            city: The city.
        """
        await params.result_callback({"noted": city}, properties=FunctionCallResultProperties(run_llm=False))

    async with calling(WEATHER, speaker, tools=[get_weather], greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: outputs(call), "for the output")
        await call.until(lambda: call.seen(FunctionCallResultFrame), "for the result")
        assert len(call.session.received("response.create")) == 1


async def test_a_call_that_the_caller_talks_over_is_cancelled_and_answered_without_a_word(speaker):
    async def get_weather(params: FunctionCallParams, city: str):
        """Get the weather in a city, slowly.

        Args:
            city: The city.
        """
        await asyncio.Event().wait()

    scenario = {"turns": [*WEATHER["turns"], {"user": "Never mind.", "say": "All right."}]}
    async with calling(scenario, speaker, tools=[get_weather], greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.say("Never mind.")
        await call.bot_has_spoken(2)
        await call.until(lambda: call.said[-1] == ("assistant", "All right."), "for the answer")
        ((_, output),) = outputs(call)
        assert output == "CANCELLED"
        assert len(call.session.received("response.create")) == 1


async def test_a_tool_that_ends_the_call_has_its_goodbye_played_to_the_end(speaker):
    async def end_call(params: FunctionCallParams):
        """End the call."""
        await params.result_callback({"status": "ending"})
        await params.llm.push_frame(EndWorkerFrame())

    scenario = {
        "turns": [
            {"user": "Goodbye.", "call": {"name": "end_call"}, "then": "Goodbye, and thank you for calling."}
        ]
    }
    async with calling(scenario, speaker, tools=[end_call], greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("Goodbye.")
        await call.until(lambda: call.worker.has_finished(), "for the end")
        assert call.said[-1] == ("assistant", "Goodbye, and thank you for calling.")


@pytest.mark.proves("feature.tool-choice", "session.tool_choice", "session.tool_choice.name")
@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        ("required", "required"),
        (
            {"type": "function", "function": {"name": "get_weather"}},
            {"type": "function", "name": "get_weather"},
        ),
        ({"type": "function", "name": "get_weather"}, {"type": "function", "name": "get_weather"}),
    ],
)
async def test_the_contexts_tool_choice_is_the_sessions(speaker, choice, wire):
    async with calling({"greeting": "Hello."}, speaker, tools=[get_weather]) as call:
        await call.bot_has_spoken()
        await call.queue(LLMSetToolChoiceFrame(tool_choice=choice), LLMRunFrame())
        await call.bot_has_spoken(2)
        assert "tool_choice" not in call.session.received("session.update")[0].session
        assert call.session.received("session.update")[-1].session["tool_choice"] == wire
        assert call.session.sent("session.updated")[-1].session.tool_choice == wire


async def test_tools_that_change_are_told_before_the_next_answer(speaker):
    async def get_time(params: FunctionCallParams):
        """Get the time."""
        await params.result_callback({"time": "noon"})

    async with calling({"greeting": "Hello."}, speaker, tools=[get_weather]) as call:
        await call.bot_has_spoken()
        await call.queue(LLMSetToolsFrame(tools=[get_time]), LLMRunFrame())
        await call.bot_has_spoken(2)
        last = call.session.received("session.update")[-1].session
        assert [tool["name"] for tool in last["tools"]] == ["get_time"]
        assert last["turn_detection"] == {"type": "azure_semantic_vad"}  # the whole session, not a part
        order = [
            event.type
            for event in call.session.client_events
            if event.type in ("session.update", "response.create")
        ]
        assert order[-2:] == ["session.update", "response.create"]
