"""The MCP servers of a session: which tools they offer, and the calls that wait or run. Pure.

    session.update ──▶ in_progress, ListTools ──▶ item, completed | failed
    response done  ──▶ [waits for approval] ──▶ in_progress, CallTool ──▶ completed | failed, output_item.done

The servers are real ones; whoever drives the session asks them (`mcp_client`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from pipecat_voicelive.protocol.items import ConversationItem, ErrorDetails
from pipecat_voicelive.protocol.server_events import (
    ConversationItemCreated,
    Error,
    McpListToolsCompleted,
    McpListToolsFailed,
    McpListToolsInProgress,
    ResponseMcpCallCompleted,
    ResponseMcpCallFailed,
    ResponseMcpCallInProgress,
    ResponseOutputItemDone,
)
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.effects import CallTool, Effect, ListTools, McpFailure, McpServer, Send
from pipecat_voicelive.simulator.errors_wire import RefusedError, invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.sources import (
    API_REFERENCE,
    MCP_SAMPLE,
    OTHER_LIVE_TESTS,
    OUR_CHOICE,
    SDK,
)
from pipecat_voicelive.simulator.tool_picker import Tool


@dataclass(frozen=True, slots=True)
class McpCall:
    """A call that the model wrote whole; its item names the request for approval, if it needs one."""

    server: McpServer
    item: ConversationItem
    response_id: str
    output_index: int


@dataclass(slots=True)
class McpTools:
    """The state described above.

    Args:
        conversation: Where the items go.
    """

    _conversation: Conversation
    _servers: dict[str, McpServer] = field(default_factory=dict[str, McpServer])
    _listings: dict[str, McpServer] = field(default_factory=dict[str, McpServer])
    _tools: dict[str, tuple[Tool, ...]] = field(default_factory=dict[str, "tuple[Tool, ...]"])
    _waiting: dict[str, McpCall] = field(default_factory=dict[str, McpCall])
    _running: dict[str, McpCall] = field(default_factory=dict[str, McpCall])

    def offered(self, labels: frozenset[str]) -> dict[str, McpServer]:
        """The tools of the servers of these labels, as far as they are listed; of two alike the first."""
        offered: dict[str, McpServer] = {}
        for label, tools in self._tools.items():
            if label in labels and label in self._servers:
                for tool in tools:
                    offered.setdefault(tool.name, self._servers[label])
        return offered

    def described(self, labels: frozenset[str]) -> tuple[Tool, ...]:
        """What is known of the tools of the servers of these labels."""
        return tuple(tool for label in labels for tool in self._tools.get(label, ()))

    def configure(self, tools: Sequence[Mapping[str, Any]]) -> list[Effect]:
        """The session's tools as they are now: servers that are new or changed are asked for theirs."""
        servers = {server.label: server for server in map(_server, tools) if server is not None}
        news = [server for label, server in servers.items() if self._servers.get(label) != server]
        self._servers = servers
        # Only the newest listing of a server counts.
        self._listings = {
            item_id: server
            for item_id, server in self._listings.items()
            if servers.get(server.label) == server
        }
        self._tools = {
            label: listed for label, listed in self._tools.items() if servers.get(label) not in [None, *news]
        }
        effects: list[Effect] = []
        for server in news:
            item_id = new_id("mcpl_", 21)
            self._listings[item_id] = server
            effects += [Send(McpListToolsInProgress(item_id=item_id)), ListTools(item_id, server)]
        return effects

    @rule(
        "mcp-listing",
        "Each MCP server that is new to the session is told by in_progress, then by an item with its tools "
        "and completed, or by failed.",
        MCP_SAMPLE,
        SDK.at("ServerEventMcpListToolsInProgress"),
        topic=Topic.TOOLS,
    )
    def listed(self, item_id: str, result: list[dict[str, Any]] | McpFailure) -> list[Effect]:
        """A server's tools, or why they cannot be had. Unwanted by now, if the session dropped it."""
        server = self._listings.pop(item_id, None)
        if server is None:
            return []
        if isinstance(result, McpFailure):
            del self._servers[server.label]  # the next update asks it again
            effects: list[Effect] = [Send(McpListToolsFailed(item_id=item_id))]
            if result.code is not None:
                error = ErrorDetails(type="server_error", code=result.code, message=result.message)
                effects.append(Send(Error(error=error)))
            return effects
        allowed = server.allowed_tools
        tools = [tool for tool in result if allowed is None or tool["name"] in allowed]
        self._tools[server.label] = tuple(
            Tool.from_definition(tool["name"], tool.get("description"), tool.get("input_schema"))
            for tool in tools
        )
        item = ConversationItem(
            type="mcp_list_tools",
            id=item_id,
            object="realtime.item",
            server_label=server.label,
            tools=tools,
        )
        previous_item_id = self._conversation.append(item)
        return [
            Send(ConversationItemCreated(previous_item_id=previous_item_id, item=item)),
            Send(McpListToolsCompleted(item_id=item_id)),
        ]

    @rule(
        "mcp-call",
        "A call runs when its response is over, and after its approval if it needs one: in_progress, "
        "completed or failed, then the item with `output` or `error`. The service does not speak of the "
        "result unasked.",
        MCP_SAMPLE,
        SDK.at("ResponseMCPCallItem"),
        topic=Topic.TOOLS,
    )
    def made(self, calls: Sequence[McpCall]) -> list[Effect]:
        """The calls of a response that is over: each runs now, or waits for approval."""
        effects: list[Effect] = []
        for call in calls:
            if isinstance(call.item.approval_request_id, str):
                self._waiting[call.item.approval_request_id] = call
            else:
                effects += self._run(call)
        return effects

    def check_answer(self, answer: ConversationItem) -> None:
        """Refuse an answer to a request that was never made or has been answered.

        Raises:
            RefusedError: It is one.
        """
        if answer.approval_request_id not in self._waiting:
            raise unknown_request(str(answer.approval_request_id))

    @rule(
        "mcp-denial",
        "A call that is denied does not run, and no event tells of it.",
        OUR_CHOICE,
        topic=Topic.TOOLS,
    )
    def answered(self, answer: ConversationItem) -> list[Effect]:
        """A request for approval is answered. No event tells of a call that was denied."""
        call = self._waiting.pop(str(answer.approval_request_id))
        return self._run(call) if answer.approve else []

    def called(self, item_id: str, result: str | McpFailure) -> list[Effect]:
        """What came of a call."""
        call = self._running.pop(item_id)
        if isinstance(result, McpFailure):
            item = replace(call.item, error={"type": "mcp_error", "message": result.message})
            ended: ResponseMcpCallFailed | ResponseMcpCallCompleted = ResponseMcpCallFailed(
                item_id=item_id, output_index=call.output_index
            )
        else:
            item = replace(call.item, output=result)
            ended = ResponseMcpCallCompleted(item_id=item_id, output_index=call.output_index)
        self._conversation.update(item)
        done = ResponseOutputItemDone(response_id=call.response_id, output_index=call.output_index, item=item)
        return [Send(ended), Send(done)]

    def _run(self, call: McpCall) -> list[Effect]:
        item_id = str(call.item.id)
        self._running[item_id] = call
        return [
            Send(ResponseMcpCallInProgress(item_id=item_id, output_index=call.output_index)),
            CallTool(item_id, call.server, str(call.item.name), call.item.arguments or "{}"),
        ]


@rule(
    "mcp-approval-before-done",
    "The request for approval of an MCP call is an item of its own, created behind the call's arguments and "
    "before the response is done.",
    OTHER_LIVE_TESTS.at("MCP approval"),
    topic=Topic.TOOLS,
    conflict="the Python sample async_mcp_sample.py passes over requests that come before `response.done`.",
)
@rule(
    "mcp-approval",
    "A call needs approval unless `require_approval` says never, or lists its tool under never: an item "
    "mcp_approval_request asks for it.",
    API_REFERENCE.at("require_approval"),
    MCP_SAMPLE,
    topic=Topic.TOOLS,
)
def approval_request(server: McpServer, call: ConversationItem) -> ConversationItem | None:
    """The item that asks whether a call may run, None if it need not ask."""
    if not server.needs_approval(str(call.name)):
        return None
    return ConversationItem(
        type="mcp_approval_request",
        id=new_id("mcpr_", 21),
        object="realtime.item",
        server_label=server.label,
        name=call.name,
        arguments=call.arguments,
    )


def unknown_request(approval_request_id: str) -> RefusedError:
    """An answer that nobody waits for."""
    return invalid_value(
        f"Approval request '{approval_request_id}' does not exist or was answered.",
        "item.approval_request_id",
    )


def _server(tool: Mapping[str, Any]) -> McpServer | None:
    if tool.get("type") != "mcp":
        return None
    allowed: list[str] | None = tool.get("allowed_tools")
    headers: dict[str, str] = tool.get("headers") or {}
    approval: str | dict[str, list[str]] = tool.get("require_approval") or "always"
    unapproved = approval.get("never") or [] if isinstance(approval, dict) else []
    return McpServer(
        label=str(tool["server_label"]),
        url=str(tool["server_url"]),
        authorization=tool.get("authorization"),
        headers=tuple(headers.items()),
        allowed_tools=None if allowed is None else frozenset(allowed),
        unapproved_tools=frozenset(unapproved),
        approves_all=approval == "never",
    )
