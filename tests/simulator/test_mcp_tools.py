"""The MCP servers of a session, on a clock of our own."""

import pytest
from voice_live_client import SPOKEN

from mcp_servers import mcp_server
from pipecat_voicelive.protocol.client_events import (
    ConversationItemCreateEvent,
    InputAudioBufferAppendEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionUpdateEvent,
)
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator import Scenario
from pipecat_voicelive.simulator.agent_threads import new_thread
from pipecat_voicelive.simulator.effects import CallTool, ListTools, McpFailure, Send
from pipecat_voicelive.simulator.live_session import LiveSession, Received
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.session_config import SessionConfig

SUMS = {
    "type": "mcp",
    "server_label": "sums",
    "server_url": "http://sums.example",
    "require_approval": "never",
}
CALLS = [{"name": "add"}, {"name": "add", "arguments": {"note": "word " * 200}}]
ADD_TWICE = {"turns": [{"user": "Add", "calls": CALLS, "then": "Done."}]}
TOOLS = [{"name": "add", "input_schema": {"type": "object"}}]


@pytest.fixture
def live():
    config = SessionConfig(
        Model("gpt-4.1"), session_id="sess_1", expires_at=0, strict=True, merge_updates=False
    )
    thread = new_thread(Scenario.from_dict(ADD_TWICE))
    return LiveSession(config, thread, speed=1.0, strict=True)


def tell(live, event, now_s=0.0):
    return live.handle(Received(event), now_s)


def configure(live, *tools):
    """Set the tools of a session; what it asks servers for."""
    effects = tell(live, SessionUpdateEvent(session={"modalities": ["text"], "tools": list(tools)}))
    return [effect for effect in effects if isinstance(effect, ListTools)]


def types(effects):
    return [effect.event.type for effect in effects if isinstance(effect, Send)]


@pytest.mark.parametrize(
    "stop", [ResponseCancelEvent(), InputAudioBufferAppendEvent(audio=SPOKEN[: 48 * 300])]
)
def test_a_call_that_is_written_is_made_though_the_response_is_stopped(live, stop):
    (listing,) = configure(live, SUMS)
    live.tools_listed(listing.item_id, TOOLS)
    asked = ConversationItem(
        type="message", role="user", content=[ItemContent(type="input_text", text="Add")]
    )
    tell(live, ConversationItemCreateEvent(item=asked))
    assert "response.mcp_call_arguments.done" in types(tell(live, ResponseCreateEvent()))
    stopped = tell(live, stop, 0.3)
    assert types(stopped)[-2:] == ["response.done", "response.mcp_call.in_progress"]
    (call,) = [effect for effect in stopped if isinstance(effect, CallTool)]
    assert (call.name, call.arguments) == ("add", "{}")


def test_only_the_newest_listing_of_a_server_counts(live):
    (first,) = configure(live, SUMS)
    assert configure(live) == []
    (second,) = configure(live, SUMS)
    assert live.tools_listed(first.item_id, TOOLS) == []
    assert types(live.tools_listed(second.item_id, TOOLS)) == [
        "conversation.item.created",
        "mcp_list_tools.completed",
    ]


def test_a_server_that_failed_is_asked_again_by_the_next_update(live):
    (first,) = configure(live, SUMS)
    assert types(live.tools_listed(first.item_id, McpFailure("gone"))) == ["mcp_list_tools.failed"]
    (second,) = configure(live, SUMS)
    live.tools_listed(second.item_id, TOOLS)
    assert configure(live, SUMS) == []


@pytest.mark.proves("rule.mcp-approval-before-done")
async def test_approval_is_requested_behind_the_arguments_and_before_the_response_is_done(start, join):
    call = {"name": "add", "arguments": {"a": 1, "b": 2}}
    simulator = await start({"turns": [{"user": "Add", "call": call, "then": "{result}"}]})
    async with mcp_server() as server:
        tool = {"type": "mcp", "server_label": "sums", "server_url": server.url, "require_approval": "always"}
        client = await join(simulator, session={"modalities": ["text"], "tools": [tool]})
        await client.until("mcp_list_tools.completed")
        response = await client.ask("Add")
    types = [
        event["item"]["type"] if event["type"] == "conversation.item.created" else event["type"]
        for event in client.raw
    ]
    wanted = ["mcp_call", "response.mcp_call_arguments.done", "mcp_approval_request", "response.done"]
    assert [name for name in types if name in wanted] == wanted
    assert [item["type"] for item in response["output"]] == ["mcp_call"]
