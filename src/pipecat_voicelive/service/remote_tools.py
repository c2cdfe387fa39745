"""Tools that the service runs itself, as frames and events of the pipeline.

Calls come out as Pipecat's frames for function calls that run elsewhere (`ExternalFunctionCall*Frame`): RTVI
clients see them like all others, and the aggregators leave them alone, since the conversation has their
results already. An MCP call that needs approval is put to the application, which has until the time limit
of the session; nobody there to ask means no.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, assert_never

from loguru import logger
from pipecat.frames.frames import (
    ExternalFunctionCall,
    ExternalFunctionCallCancelFrame,
    ExternalFunctionCallInProgressFrame,
    ExternalFunctionCallResultFrame,
    ExternalFunctionCallsStartedFrame,
)

from pipecat_voicelive.protocol.codec import parse_arguments
from pipecat_voicelive.session import remote_effects as rx

if TYPE_CHECKING:
    from pipecat_voicelive.service.service import VoiceLiveLLMService

ON_APPROVAL_REQUEST = "on_mcp_approval_request"
ON_TOOLS_LISTED = "on_mcp_tools_listed"
ON_TOOLS_FAILED = "on_mcp_tools_failed"
EVENTS = (ON_APPROVAL_REQUEST, ON_TOOLS_LISTED, ON_TOOLS_FAILED)


class McpApprovalRequest:
    """An MCP call that waits for leave to run. The first answer counts; late ones change nothing.

    Attributes:
        approval_request_id: Names the request.
        server_label: The MCP server, by the name you gave it.
        name: The tool.
        arguments: What it would be called with; empty if the model wrote no JSON object.
    """

    def __init__(
        self, request: rx.ApprovalRequested, answer: Callable[[str, bool, str | None], None]
    ) -> None:
        self.approval_request_id = request.approval_request_id
        self.server_label = request.call.server_label
        self.name = request.call.name
        self.arguments: dict[str, Any] = parse_arguments(request.call.arguments) or {}
        self._answer = answer

    def approve(self) -> None:
        """Let it run."""
        self._answer(self.approval_request_id, True, None)

    def deny(self, reason: str | None = None) -> None:
        """Do not let it run; the model is told, with the reason if you give one."""
        self._answer(self.approval_request_id, False, reason)

    def __repr__(self) -> str:
        return f"McpApprovalRequest({self.name!r} of {self.server_label!r})"


class RemoteToolsOut:
    """Delivers signals about such tools for one service."""

    def __init__(self, service: VoiceLiveLLMService) -> None:
        self._service = service
        self._told_of_nobody = False

    async def deliver(self, signal: rx.RemoteSignal) -> None:
        """Push the frames and call the handlers that say this."""
        service = self._service
        match signal:
            case rx.RemoteCallStarted(call):
                calls = [ExternalFunctionCall(call.name, call.call_id)]
                await service.push_frame(ExternalFunctionCallsStartedFrame(calls))
            case rx.RemoteCallRunning(status="searching"):
                pass  # it is in progress already
            case rx.RemoteCallRunning(call):
                await service.push_frame(
                    ExternalFunctionCallInProgressFrame(call.name, call.call_id, _arguments(call))
                )
            case rx.RemoteCallEnded():
                await self._ended(signal)
            case rx.ApprovalRequested():
                await self._ask(signal)
            case rx.ApprovalAnswered(call=call, timed_out=True):
                logger.warning(
                    f"{service}: nobody approved the call of {_named(call)} in time, so it was denied"
                )
            case rx.ApprovalAnswered(call=call, approve=approve):
                logger.debug(f"{service}: {_named(call)} was {'approved' if approve else 'denied'}")
            case rx.ToolsListing(server_label):
                logger.debug(f"{service}: Voice Live asks {_server(server_label)} for its tools")
            case rx.ToolsListed(server_label, tools):
                logger.debug(f"{service}: MCP server {server_label!r} offers {len(tools)} tools")
                await service.tell(ON_TOOLS_LISTED, server_label, list(tools))
            case rx.ToolsListingFailed(server_label):
                logger.warning(
                    f"{service}: Voice Live could not list the tools of {_server(server_label)}: the model "
                    f"does not have them"
                )
                await service.tell(ON_TOOLS_FAILED, server_label)
            case _:
                assert_never(signal)

    async def _ended(self, ended: rx.RemoteCallEnded) -> None:
        call = ended.call
        if ended.outcome not in {"completed", "failed"}:
            if ended.outcome == "overdue":
                logger.warning(f"{self._service}: {_named(call)} takes long and is not waited for any more")
            await self._service.push_frame(ExternalFunctionCallCancelFrame(call.name, call.call_id))
            return
        result: Any = ended.output if ended.output is not None else ""
        if ended.outcome == "failed":
            logger.warning(f"{self._service}: {_named(call)} failed")
            result = {"error": ended.error or result or "failed"}
        elif isinstance(result, str):
            result = _parsed(result)
        await self._service.push_frame(
            ExternalFunctionCallResultFrame(call.name, call.call_id, _arguments(call), result)
        )

    async def _ask(self, asked: rx.ApprovalRequested) -> None:
        request = McpApprovalRequest(asked, self._service.answer_approval)
        if self._service.has_listeners(ON_APPROVAL_REQUEST):
            await self._service.tell(ON_APPROVAL_REQUEST, request)
            return
        if not self._told_of_nobody:
            self._told_of_nobody = True
            logger.warning(
                f"{self._service}: {_named(asked.call)} needs approval and nobody is there to give it, so "
                f'such calls are denied. Add a handler for "{ON_APPROVAL_REQUEST}", or give the MCPServer '
                f'require_approval="never".'
            )
        request.deny("No approval could be had.")


def _arguments(call: rx.RemoteCall) -> dict[str, Any]:
    if call.kind == "file_search_call":
        return {"queries": list(call.queries)}
    return parse_arguments(call.arguments) or {}


def _named(call: rx.RemoteCall) -> str:
    return f"{call.name!r} of {call.server_label!r}" if call.server_label else repr(call.name)


def _server(label: str) -> str:
    return f"MCP server {label!r}" if label else "an MCP server"


def _parsed(output: str) -> Any:
    """The JSON in a result, or the text itself."""
    try:
        return json.loads(output)
    except (ValueError, RecursionError):
        return output
