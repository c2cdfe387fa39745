"""Tools that the service runs, without Pipecat: the client, a simulator, and a real MCP server."""

import asyncio
import contextlib
import sys

import pytest

from mcp_servers import mcp_server
from pipecat_voicelive import FunctionTool, MCPServer, SessionProperties, VoiceLiveClient
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session import remote_effects as rx
from pipecat_voicelive.simulator import VoiceLiveSimulator

ADD = {"name": "add", "arguments": {"a": 1, "b": 2}}
SCENARIO = {
    "turns": [
        {"user": "What is one and two?", "call": ADD, "then": "It is {result}."},
        {
            "user": "Greet Ada and add.",
            "calls": [ADD, {"name": "greet", "arguments": {"name": "Ada"}}],
            "then": "{results.greet}, {results.add}.",
        },
        {"user": "Fail, please.", "call": {"name": "fail"}, "then": "Never."},
        {
            "user": "Look and add.",
            "calls": [ADD, {"name": "look", "arguments": {}}],
            "then": "{results.look}, {results.add}.",
        },
        {"user": "Are you there?", "say": "I am."},
    ]
}


class Talk:
    """A client with all that it was told."""

    def __init__(self, client, sim):
        self.client, self.sim, self.told = client, sim, []
        self.changed = asyncio.Event()

    @property
    def session(self):
        return self.sim.sessions[-1]

    @property
    def said(self):
        return [signal.delta for signal in self.of(fx.TextDelta)]

    def of(self, *kinds):
        return [signal for signal in self.told if isinstance(signal, kinds)]

    async def listen(self):
        async for signal in self.client:
            self.told.append(signal)
            self.changed.set()

    async def until(self, condition):
        async with asyncio.timeout(15):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def first(self, kind, count=1):
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    async def hears(self, text, count=1):
        """Wait until this was said, and nothing more is to come."""
        await self.until(lambda: "".join(self.said).count(text) >= count and not self.client.answer_pending)

    def types(self, *wanted):
        """The types of the service's events, those that are wanted."""
        return [event.type for event in self.session.server_events if event.type in wanted]


@contextlib.asynccontextmanager
async def talking(*tools, session=None, scenario=SCENARIO, **options):
    properties = SessionProperties(
        modalities=["text"], turn_detection=None, tools=list(tools), **(session or {})
    )
    async with VoiceLiveSimulator(scenario, speed=20) as sim:
        async with VoiceLiveClient(
            endpoint=sim.endpoint, api_key="k", model="gpt-4.1", session=properties, **options
        ) as client:
            talk = Talk(client, sim)
            listening = asyncio.create_task(talk.listen())
            await talk.first(fx.SessionReady)
            yield talk
        await listening


@pytest.fixture
async def sums():
    async with mcp_server() as server:
        yield server


def server(running, **options):
    return MCPServer(server_label="sums", server_url=running.url, **options)


@pytest.mark.proves(
    "feature.mcp", "tool=mcp", "require_approval=never", "item=mcp_list_tools", "item=mcp_call"
)
async def test_a_tool_that_needs_no_approval_is_listed_called_and_spoken_of(sums):
    async with talking(server(sums, require_approval="never")) as talk:
        listed = await talk.first(rx.ToolsListed)
        assert (listed.server_label, [tool["name"] for tool in listed.tools]) == (
            "sums",
            ["add", "greet", "fail"],
        )
        assert listed.tools[0]["input_schema"]["required"] == ["a", "b"]
        talk.client.send_text("What is one and two?")
        await talk.hears("It is 3.")
        (ended,) = talk.of(rx.RemoteCallEnded)
        assert (ended.call.name, ended.outcome, ended.output) == ("add", "completed", "3")
        assert len(talk.session.received("response.create")) == 2
        wanted = (
            "response.mcp_call_arguments.done",
            "response.done",
            "response.mcp_call.in_progress",
            "response.mcp_call.completed",
        )
        assert talk.types(*wanted) == [*wanted, "response.done"]
        assert not talk.session.sent("error")
    assert sums.calls == [("add", 1, 2)]


@pytest.mark.proves(
    "feature.mcp-approval",
    "require_approval=always",
    "item=mcp_approval_request",
    "item=mcp_approval_response",
)
async def test_an_approved_call_runs(sums):
    async with talking(server(sums)) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.send_text("What is one and two?")
        asked = await talk.first(rx.ApprovalRequested)
        assert (asked.call.name, asked.call.arguments) == ("add", '{"a": 1, "b": 2}')
        await talk.session.wait_for_sent("response.done")
        assert sums.calls == []
        talk.client.answer_approval(asked.approval_request_id, approve=True)
        await talk.hears("It is 3.")
        (item,) = [item for item in talk.session.conversation if item.type == "mcp_call"]
        assert (item.output, item.approval_request_id) == ("3", asked.approval_request_id)


async def test_a_denied_call_never_reaches_the_server_and_is_spoken_of(sums):
    async with talking(server(sums)) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.send_text("What is one and two?")
        asked = await talk.first(rx.ApprovalRequested)
        talk.client.answer_approval(asked.approval_request_id, approve=False, reason="not today")
        await talk.hears("I may not use add: not today.")
        assert len(talk.session.received("response.create")) == 2
    assert sums.calls == []


async def test_a_request_that_nobody_answers_is_denied_in_time(sums):
    async with talking(server(sums), mcp_approval_timeout_s=0.3) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.send_text("What is one and two?")
        answered = await talk.first(rx.ApprovalAnswered)
        assert (answered.approve, answered.timed_out) == (False, True)
        await talk.hears("I may not use add.")
        talk.client.answer_approval(answered.approval_request_id, approve=True)  # too late
        talk.client.send_text("Are you there?")
        await talk.hears("I am.")
        assert not talk.session.sent("error")
    assert sums.calls == []


@pytest.mark.proves("session.tools.require_approval")
async def test_approval_may_be_asked_for_some_tools_only(sums):
    async with talking(server(sums, require_approval={"never": ["greet"]})) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.send_text("Greet Ada and add.")
        asked = await talk.first(rx.ApprovalRequested)
        assert asked.call.name == "add"
        greeted = await talk.first(rx.RemoteCallEnded)
        assert greeted.call.name == "greet"
        assert len(talk.session.received("response.create")) == 1
        talk.client.answer_approval(asked.approval_request_id, approve=True)
        await talk.hears("Hello Ada, 3.")
        assert len(talk.session.received("response.create")) == 2


async def test_two_calls_of_one_response_bring_one_answer(sums):
    async with talking(server(sums, require_approval="never")) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.send_text("Greet Ada and add.")
        await talk.hears("Hello Ada, 3.")
        assert len(talk.session.received("response.create")) == 2
    assert sorted(sums.calls) == [("add", 1, 2), ("greet", "Ada")]


async def test_a_function_beside_an_mcp_call_is_waited_for(sums):
    look = FunctionTool(name="look")
    async with talking(server(sums, require_approval="never"), look) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.send_text("Look and add.")
        calls = await talk.first(fx.ToolCalls)
        await talk.first(rx.RemoteCallEnded)
        assert len(talk.session.received("response.create")) == 1
        talk.client.answer_tool(calls.calls[0].call_id, "blue")
        talk.client.respond_to_results()
        await talk.hears("blue, 3.")
        assert len(talk.session.received("response.create")) == 2


async def test_a_tool_that_fails_is_told_and_spoken_of(sums):
    async with talking(server(sums, require_approval="never")) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.send_text("Fail, please.")
        ended = await talk.first(rx.RemoteCallEnded)
        assert ended.outcome == "failed"
        assert "Error executing tool fail" in ended.error["message"]
        await talk.hears("fail failed: Error executing tool fail.")
        assert talk.types("response.mcp_call.failed") == ["response.mcp_call.failed"]


async def test_a_server_that_is_not_there_is_told_and_the_rest_goes_on(sums):
    dead = MCPServer(server_label="dead", server_url="http://127.0.0.1:1/mcp")
    async with talking(dead, server(sums, require_approval="never")) as talk:
        await talk.first(rx.ToolsListingFailed)
        await talk.first(rx.ToolsListed)
        talk.client.send_text("What is one and two?")
        await talk.hears("It is 3.")


async def test_the_caller_may_go_on_while_approval_is_pending(sums):
    async with talking(server(sums)) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.send_text("What is one and two?")
        asked = await talk.first(rx.ApprovalRequested)
        talk.client.interrupt()
        talk.client.send_text("Are you there?")
        await talk.until(lambda: "".join(talk.said) == "I am.")
        talk.client.answer_approval(asked.approval_request_id, approve=True)
        await talk.hears("It is 3.")
        assert "".join(talk.said) == "I am.It is 3."


@pytest.mark.proves("session.tools.allowed_tools", "session.tools.headers", "session.tools.authorization")
async def test_the_server_is_asked_with_its_headers_for_the_allowed_tools_only(sums):
    options = {"allowed_tools": ["add"], "headers": {"X-Team": "blue"}, "authorization": "Bearer t"}
    async with talking(server(sums, **options)) as talk:
        listed = await talk.first(rx.ToolsListed)
        assert [tool["name"] for tool in listed.tools] == ["add"]
        talk.client.send_text("Fail, please.")
        await talk.hears("this session offers no such tool.")
    assert {(seen["x-team"], seen["authorization"]) for seen in sums.headers} == {("blue", "Bearer t")}


async def test_without_the_package_the_simulator_says_what_to_install(sums, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp", None)
    async with talking(server(sums)) as talk:
        await talk.first(rx.ToolsListingFailed)
        refused = await talk.first(fx.RequestRefused)
        assert "pip install 'pipecat-voicelive[mcp]'" in refused.error.message


async def test_a_server_that_is_dropped_takes_its_tools_along(sums):
    async with talking(server(sums, require_approval="never")) as talk:
        await talk.first(rx.ToolsListed)
        talk.client.configure({"modalities": ["text"], "turn_detection": None})
        await talk.first(fx.SessionChanged)
        talk.client.send_text("What is one and two?")
        await talk.hears("this session offers no such tool.")


async def test_an_answer_to_no_request_is_refused(sums):
    async with talking(server(sums)) as talk:
        item = {"type": "mcp_approval_response", "approval_request_id": "x", "approve": True}
        talk.client.send_event({"type": "conversation.item.create", "item": item})
        refused = await talk.first(fx.RequestRefused)
        assert refused.error.param == "item.approval_request_id"


# --- searches, agents, citations ---------------------------------------------------------------------------

FOUND = {"file_id": "f1", "filename": "hats.md", "score": 0.9, "text": "Hats are 9 euros."}
SEARCHES = {
    "turns": [
        {
            "user": "What is new in Lisbon?",
            "search": {"kind": "web"},
            "say": "The tram runs again.",
            "annotations": [
                {"after": "The tram", "annotation": {"type": "url_citation", "url": "https://example.com"}}
            ],
        },
        {
            "user": "What does a hat cost?",
            "search": {"kind": "file", "queries": ["hat price"], "results": [FOUND]},
            "say": "Nine euros.",
        },
        {"user": "Search in vain.", "search": {"fails": True}, "say": "I found nothing."},
        {
            "user": "Ask the travel agent.",
            "agent": {"name": "travel", "arguments": {"to": "Oslo"}, "output": "Take the train."},
            "say": "Take the train.",
        },
        {"user": "Ask the lost one.", "agent": {"name": "lost", "error": "gone"}, "say": "It is gone."},
    ]
}


async def searched(talk, text, answer):
    talk.client.send_text(text)
    await talk.hears(answer)
    return talk.of(rx.RemoteCallEnded)[-1]


@pytest.mark.proves(
    "session.include",
    "include=file_search_call.results",
    "feature.searches",
    "item=web_search_call",
    "item=file_search_call",
)
@pytest.mark.parametrize("with_results", [True, False])
async def test_searches_are_told_with_what_they_were_for_and_found(with_results):
    include = ["file_search_call.results"] if with_results else []
    async with talking(session={"include": include}, scenario=SEARCHES) as talk:
        web = await searched(talk, "What is new in Lisbon?", "The tram runs again.")
        assert (web.call.name, web.outcome, web.output) == ("web_search", "completed", None)
        files = await searched(talk, "What does a hat cost?", "Nine euros.")
        assert (files.call.name, files.call.queries) == ("file_search", ("hat price",))
        assert files.output == ([FOUND] if with_results else None)
        vain = await searched(talk, "Search in vain.", "I found nothing.")
        assert (vain.call.name, vain.outcome) == ("web_search", "failed")
        assert [told.status for told in talk.of(rx.RemoteCallRunning)] == 3 * ["in_progress", "searching"]
        assert len(talk.session.received("response.create")) == 3


@pytest.mark.proves("feature.foundry-agent-calls")
async def test_calls_of_other_agents_are_told():
    async with talking(scenario=SEARCHES) as talk:
        good = await searched(talk, "Ask the travel agent.", "Take the train.")
        assert (good.call.name, good.call.arguments) == ("travel", '{"to": "Oslo"}')
        assert (good.outcome, good.output) == ("completed", "Take the train.")
        bad = await searched(talk, "Ask the lost one.", "It is gone.")
        assert (bad.outcome, bad.error["message"]) == ("failed", "gone")
        assert talk.types("response.foundry_agent_call.completed", "response.foundry_agent_call.failed") == [
            "response.foundry_agent_call.completed",
            "response.foundry_agent_call.failed",
        ]


@pytest.mark.proves("response.audio_transcript.annotation.added", "feature.annotations")
async def test_a_citation_stands_at_its_place_in_the_text():
    async with talking(scenario=SEARCHES) as talk:
        talk.client.configure({"turn_detection": None})
        await talk.first(fx.SessionChanged)
        talk.client.send_text("What is new in Lisbon?")
        await talk.hears("The tram runs again.")
        (cited,) = talk.of(rx.Annotation)
        assert (cited.annotation["url"], cited.text_offset) == ("https://example.com", len("The tram"))
