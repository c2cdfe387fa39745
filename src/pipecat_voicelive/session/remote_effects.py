"""Signals about the tools that the service runs itself: MCP servers, searches, other agents, citations.

A call is told of like this, whatever its kind:

    RemoteCallStarted
      [ApprovalRequested ──▶ ApprovalAnswered]     MCP only
      RemoteCallRunning
    RemoteCallEnded
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

RemoteCallKind: TypeAlias = Literal["mcp_call", "web_search_call", "file_search_call", "foundry_agent_call"]
"""The type of the call's item."""

Outcome: TypeAlias = Literal["completed", "failed", "denied", "cancelled", "overdue", "lost"]
"""How a call ended.

completed, failed   it ran
denied              it was not allowed to run
cancelled           its response was stopped before it ran
overdue             it is not waited for any more; if it ends after all, that is told too
lost                the connection is gone
"""


@dataclass(frozen=True, slots=True)
class RemoteCall:
    """A call that the service runs.

    Attributes:
        call_id: Names it in all signals: the id of its item, or of the request to approve it if that came
            first.
        kind: The type of its item.
        name: The tool or the agent; "web_search" or "file_search".
        server_label: The MCP server, "" for other kinds.
        arguments: JSON text, as far as it is known.
        response_id: The response that makes it, None if that is not known.
        queries: What a file search is for.
    """

    call_id: str
    kind: RemoteCallKind
    name: str
    server_label: str = ""
    arguments: str = field(default="", repr=False)
    response_id: str | None = None
    queries: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class RemoteCallStarted:
    """The model makes a call; its arguments are still to come."""

    call: RemoteCall


@dataclass(frozen=True, slots=True)
class RemoteCallRunning:
    """The service runs the call.

    Attributes:
        status: "in_progress", or "searching" for a search that has gone that far.
    """

    call: RemoteCall
    status: str = "in_progress"


@dataclass(frozen=True, slots=True)
class RemoteCallEnded:
    """The call is over. What it brought is in the conversation already.

    Attributes:
        outcome: How it ended.
        output: What came of it, text as the tool gave it; for a file search its list of results, if the
            session's `include` asks for them. None if nothing did.
        error: What went wrong, as the service says it, or None.
    """

    call: RemoteCall
    outcome: Outcome
    output: Any = field(default=None, repr=False)
    error: Any = field(default=None, repr=False)

    @property
    def is_to_be_spoken_of(self) -> bool:
        """Whether the model learnt something from it that the service does not have it speak of."""
        return self.call.kind == "mcp_call" and self.outcome in {"completed", "failed", "denied"}


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """An MCP call waits for leave to run: answer with `AnswerApproval`. In time, or it is denied.

    Attributes:
        approval_request_id: Names the request.
        call: What is to be run, with its arguments.
    """

    approval_request_id: str
    call: RemoteCall


@dataclass(frozen=True, slots=True)
class ApprovalAnswered:
    """The request is settled, and answers to it come too late.

    Attributes:
        approve: Whether the call may run.
        timed_out: Whether nobody answered in time, which denies it.
    """

    approval_request_id: str
    call: RemoteCall
    approve: bool
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class ToolsListing:
    """The service asks an MCP server for its tools; `server_label` is "" if it does not say which."""

    server_label: str


@dataclass(frozen=True, slots=True)
class ToolsListed:
    """An MCP server's tools, which the model has from now on.

    Attributes:
        tools: As the service reports them: `name`, `description`, `input_schema`, `annotations`.
    """

    server_label: str
    tools: tuple[dict[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolsListingFailed:
    """An MCP server could not be asked for its tools; `server_label` is "" if it is not said which."""

    server_label: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A citation for what is being said.

    Attributes:
        annotation_index: Its number within the content part.
        annotation: As the service wrote it, e.g. a `url_citation` with `url` and `title`.
        text_offset: How many characters of the item's transcript had come before it.
    """

    response_id: str
    item_id: str
    content_index: int
    annotation_index: int
    annotation: Any = field(repr=False)
    text_offset: int


CallSignal: TypeAlias = (
    RemoteCallStarted | RemoteCallRunning | RemoteCallEnded | ApprovalRequested | ApprovalAnswered
)
ListingSignal: TypeAlias = ToolsListing | ToolsListed | ToolsListingFailed
RemoteSignal: TypeAlias = CallSignal | ListingSignal
