"""A bot with tools that the service runs: approval by the application, what a browser sees, one answer."""

import asyncio

import pytest
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    ExternalFunctionCallCancelFrame,
    ExternalFunctionCallInProgressFrame,
    ExternalFunctionCallResultFrame,
    ExternalFunctionCallsStartedFrame,
    LLMMessagesAppendFrame,
    OutputTransportMessageUrgentFrame,
    TTSTextFrame,
)
from pipecat.processors.frameworks.rtvi import RTVIObserverParams
from pipecat.processors.frameworks.rtvi.observer import RTVIFunctionCallReportLevel

from mcp_servers import mcp_server
from pipecat_voicelive import (
    AzureStandardVoice,
    InputAudioTranscription,
    MCPServer,
    SessionProperties,
    TurnDetection,
    VoiceLiveAnnotationFrame,
    VoiceLiveLLMService,
)
from pipecat_voicelive.service import ending

from .harness import calling
from .test_mcp_client import SCENARIO, SEARCHES
from .test_tools import get_weather

CALL_FRAMES = (
    ExternalFunctionCallsStartedFrame,
    ExternalFunctionCallInProgressFrame,
    ExternalFunctionCallResultFrame,
    ExternalFunctionCallCancelFrame,
)


@pytest.fixture
async def sums():
    async with mcp_server() as server:
        yield server


def with_tools(*tools):
    properties = SessionProperties(
        turn_detection=TurnDetection(type="server_vad"),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        voice=AzureStandardVoice(name="en-US-Ava:DragonHDLatestNeural"),
        tools=list(tools),
    )
    return VoiceLiveLLMService.Settings(model="gpt-4.1", session_properties=properties)


def server(running, **options):
    return MCPServer(server_label="sums", server_url=running.url, **options)


def typed(text):
    return LLMMessagesAppendFrame(messages=[{"role": "user", "content": text}], run_llm=True)


async def listed(call):
    await call.until(lambda: call.session.sent("mcp_list_tools.completed"), "for the tools")


def answers(call):
    return [text for role, text in call.said if role == "assistant" and isinstance(text, str)]


@pytest.mark.proves("rule.mcp-approval", "rule.mcp-call", "rule.mcp-listing")
@pytest.mark.proves("feature.mcp-approval")
async def test_the_application_approves_a_call_and_its_result_is_spoken(sums):
    async with calling(SCENARIO, None, settings=with_tools(server(sums)), greet=False) as call:
        requests = []

        @call.service.event_handler("on_mcp_approval_request")
        async def on_mcp_approval_request(service, request):
            requests.append((request.server_label, request.name, request.arguments))
            request.approve()
            request.deny("too late")

        await listed(call)
        await call.queue(typed("What is one and two?"))
        await call.until(lambda: answers(call) == ["It is 3."], "for the answer")
        assert requests == [("sums", "add", {"a": 1, "b": 2})]
        started, running, result = call.pushed_by_service(*CALL_FRAMES)
        assert [(c.function_name, c.tool_call_id) for c in started.function_calls] == [
            ("add", running.tool_call_id)
        ]
        assert (running.arguments, result.result) == ({"a": 1, "b": 2}, 3)
        assert result.tool_call_id == running.tool_call_id
        assert len(call.session.received("response.create")) == 2
    assert not call.seen(ErrorFrame)
    assert sums.calls == [("add", 1, 2)]


@pytest.mark.proves("rule.mcp-denial")
async def test_the_application_denies_a_call_and_the_model_speaks_of_it(sums):
    async with calling(SCENARIO, None, settings=with_tools(server(sums)), greet=False) as call:

        @call.service.event_handler("on_mcp_approval_request")
        def on_mcp_approval_request(service, request):
            request.deny("not today")

        await listed(call)
        await call.queue(typed("What is one and two?"))
        await call.until(lambda: answers(call) == ["I may not use add: not today."], "for the answer")
        assert [type(frame) for frame in call.pushed_by_service(*CALL_FRAMES)] == [
            ExternalFunctionCallsStartedFrame,
            ExternalFunctionCallCancelFrame,
        ]
    assert sums.calls == []


async def test_without_a_handler_calls_are_denied_with_one_warning(sums, caplog_loguru):
    async with calling(SCENARIO, None, settings=with_tools(server(sums)), greet=False) as call:
        await listed(call)
        await call.queue(typed("What is one and two?"))
        await call.until(lambda: len(answers(call)) == 1, "for the answer")
        await call.queue(typed("Greet Ada and add."))
        await call.until(lambda: len(answers(call)) == 2, "for the answer")
        warnings = [line for line in caplog_loguru if "nobody is there to give it" in line]
        assert len(warnings) == 1
        assert 'Add a handler for "on_mcp_approval_request"' in warnings[0]
        assert len(call.session.received("response.create")) == 4
    assert sums.calls == []


async def test_a_handler_that_does_not_answer_is_a_no_in_time(sums, caplog_loguru):
    options = {"api_key": "k", "mcp_approval_timeout_s": 0.3}
    settings = with_tools(server(sums))
    async with calling(SCENARIO, None, settings=settings, greet=False, service_options=options) as call:
        asked = asyncio.Event()
        call.service.add_event_handler("on_mcp_approval_request", lambda service, request: asked.set())
        await listed(call)
        await call.queue(typed("What is one and two?"))
        await call.until(lambda: answers(call) == ["I may not use add."], "for the answer")
        assert asked.is_set()
    assert len([line for line in caplog_loguru if "in time, so it was denied" in line]) == 1
    assert sums.calls == []


@pytest.mark.proves("feature.mcp-progress")
async def test_a_browser_sees_the_call_as_any_other(sums):
    level = {"*": RTVIFunctionCallReportLevel.FULL}
    async with calling(
        SCENARIO,
        None,
        settings=with_tools(server(sums, require_approval="never")),
        greet=False,
        enable_rtvi=True,
        rtvi_observer_params=RTVIObserverParams(function_call_report_level=level),
    ) as call:
        await listed(call)
        await call.queue(typed("What is one and two?"))
        await call.until(lambda: answers(call) == ["It is 3."], "for the answer")
        messages = [frame.message for frame in call.seen(OutputTransportMessageUrgentFrame)]
        told = [m for m in messages if m["type"].startswith("llm-function-call")]
        assert [(m["type"], m["data"]["function_name"]) for m in told] == [
            ("llm-function-call-started", "add"),
            ("llm-function-call-in-progress", "add"),
            ("llm-function-call-stopped", "add"),
        ]
        assert told[1]["data"]["arguments"] == {"a": 1, "b": 2}
        assert (told[2]["data"]["result"], told[2]["data"]["cancelled"]) == (3, False)


async def test_tools_that_fail_or_cannot_be_listed_are_told(sums, caplog_loguru):
    dead = MCPServer(server_label="dead", server_url="http://127.0.0.1:1/mcp", authorization="secret")
    settings = with_tools(dead, server(sums, require_approval="never"))
    async with calling(SCENARIO, None, settings=settings, greet=False, await_ready=False) as call:
        told = []
        for event in ("on_mcp_tools_listed", "on_mcp_tools_failed"):
            call.service.add_event_handler(
                event, lambda service, *arguments, event=event: told.append((event, *arguments))
            )
        await call.until(lambda: len(told) == 2, "for both servers")
        failed, (_, label, tools) = sorted(told)
        assert failed == ("on_mcp_tools_failed", "")
        assert (label, [tool["name"] for tool in tools]) == ("sums", ["add", "greet", "fail"])
        await call.queue(typed("Fail, please."))
        await call.until(lambda: answers(call), "for the answer")
        (result,) = call.pushed_by_service(ExternalFunctionCallResultFrame)
        assert "Error executing tool fail" in result.result["error"]["message"]
    lines = "".join(caplog_loguru)
    assert "could not list the tools of an MCP server" in lines
    assert "'fail' of 'sums' failed" in lines
    assert "secret" not in lines


@pytest.mark.proves("feature.mcp-follow-up")
async def test_a_function_of_the_pipeline_beside_an_mcp_call_brings_one_answer(sums):
    calls = [
        {"name": "add", "arguments": {"a": 1, "b": 2}},
        {"name": "get_weather", "arguments": {"city": "Lisbon"}},
    ]
    turn = {"user": "Both, please.", "calls": calls, "then": "{results.add} and {results.get_weather}."}
    settings = with_tools(server(sums, require_approval="never"))
    async with calling({"turns": [turn]}, None, tools=[get_weather], settings=settings, greet=False) as call:
        await listed(call)
        await call.queue(typed("Both, please."))
        await call.until(lambda: any(text.startswith("3 and ") for text in answers(call)), "for the answer")
        assert len(call.session.received("response.create")) == 2
    assert len(answers(call)) == 1


async def test_the_end_waits_for_a_running_call_and_its_answer(sums):
    async with calling(SCENARIO, None, settings=with_tools(server(sums)), greet=False) as call:
        requests = []
        call.service.add_event_handler(
            "on_mcp_approval_request", lambda service, request: requests.append(request)
        )
        await listed(call)
        await call.queue(typed("What is one and two?"))
        await call.until(lambda: requests and call.session.sent("response.done"), "for the request")
        await call.queue(EndFrame())
        requests[0].approve()
        await call.until(lambda: "".join(f.text for f in call.heard(TTSTextFrame)) == "It is 3.", "for it")


async def test_the_caller_talks_on_while_approval_is_pending(speaker, sums):
    add = {"name": "add", "arguments": {"a": 1, "b": 2}}
    turns = [
        {"user": "Add one and two.", "call": add, "then": "{result}!"},
        {"user": "Are you there?", "say": "Yes, I am here."},
    ]
    async with calling({"turns": turns}, speaker, settings=with_tools(server(sums)), greet=False) as call:
        requests = []
        call.service.add_event_handler(
            "on_mcp_approval_request", lambda service, request: requests.append(request)
        )
        await listed(call)
        await call.say("Add one and two.")
        await call.until(lambda: requests, "for the request")
        await call.say("Are you there?")
        await call.bot_has_spoken()
        requests[0].approve()
        await call.bot_has_spoken(2)
        await call.until(lambda: len(answers(call)) == 2, "for both answers")
        assert answers(call) == ["Yes, I am here.", "3!"]
        assert len(call.session.received("response.create")) == 1
    assert not call.seen(ErrorFrame)


@pytest.mark.proves("feature.annotations")
async def test_citations_come_with_the_speech_they_are_for():
    async with calling(SEARCHES, None, settings=with_tools(), greet=False) as call:
        await call.queue(typed("What is new in Lisbon?"))
        await call.until(lambda: answers(call) == ["The tram runs again."], "for the answer")
        (cited,) = call.heard(VoiceLiveAnnotationFrame)
        assert (cited.annotation["url"], cited.text_offset) == ("https://example.com", len("The tram"))
        started, running, result = call.pushed_by_service(*CALL_FRAMES)
        assert started.function_calls[0].function_name == running.function_name == "web_search"
        assert result.function_name == "web_search"


async def test_a_handler_that_fails_keeps_the_end_no_longer_than_its_limit(sums, monkeypatch):
    monkeypatch.setattr(ending, "WAIT_S", 0.5)

    async def fails(service, request):
        raise ValueError("nobody is at the desk")

    options = {"api_key": "k", "mcp_approval_timeout_s": 60}
    settings = with_tools(server(sums))
    async with calling(SCENARIO, None, settings=settings, greet=False, service_options=options) as call:
        call.service.add_event_handler("on_mcp_approval_request", fails)
        await listed(call)
        await call.queue(typed("What is one and two?"))
        await call.until(lambda: call.session.sent("response.done"), "for the request")
    assert not answers(call)
    assert sums.calls == []
