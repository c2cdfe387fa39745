"""What came of a call that the model made: of a client's function, or of an MCP server's tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from pipecat_voicelive.protocol.items import ConversationItem


@dataclass(frozen=True, slots=True)
class Outcome:
    """Its output, or `problem`, a sentence that says why there is none."""

    output: str = ""
    problem: str = ""


def outcome_of(call: ConversationItem, items: Sequence[ConversationItem]) -> Outcome | None:
    """The outcome of a call among the items of its conversation, None if it is still to come."""
    if call.type == "function_call":
        outputs = (
            item.output or ""
            for item in items
            if item.type == "function_call_output" and item.call_id == call.call_id
        )
        return next((Outcome(output) for output in outputs), None)
    if call.error:
        error = cast("dict[str, object]", call.error)
        return Outcome(problem=f"{call.name} failed: {error.get('message')}.")
    if isinstance(call.output, str):
        return Outcome(call.output)
    denials = (
        item
        for item in items
        if item.type == "mcp_approval_response"
        and item.approval_request_id == call.approval_request_id
        and not item.approve
    )
    denial = next(denials, None)
    if denial is None:
        return None
    reason = f": {denial.reason}" if denial.reason else ""
    return Outcome(problem=f"I may not use {call.name}{reason}.")
