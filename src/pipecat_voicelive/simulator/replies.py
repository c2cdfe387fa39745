"""What a response consists of, as whoever thought of it says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.scenario import AgentCall, Citation, Failure, Incomplete, Search
from pipecat_voicelive.simulator.sources import SDK
from pipecat_voicelive.simulator.tool_picker import Tool


@dataclass(frozen=True, slots=True)
class Say:
    """A message, with what it cites."""

    text: str
    citations: tuple[Citation, ...] = ()

    def __post_init__(self) -> None:
        # Half a character, from a model or a file, cannot be sent.
        object.__setattr__(self, "text", self.text.encode(errors="replace").decode())


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool with its arguments as JSON text."""

    name: str
    arguments: str


Part: TypeAlias = Say | Call | Search | AgentCall


@dataclass(frozen=True, slots=True)
class Ending:
    """How a response ends: its status, and what is said about it."""

    status: str
    details: dict[str, Any] | None

    @property
    def last_item(self) -> str:
        """The status of its last item."""
        return "incomplete" if self.status == "incomplete" else "completed"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a response consists of.

    Attributes:
        parts: Its messages, calls and searches, in order.
        delay_ms: How long to think first.
        events: What a hosted agent sends beside it.
        fails: What it fails with once the parts are out, None if it does not.
        incomplete: Why it ends before its end, None if it does not.
        asks_model: Whether somebody else thinks of its parts.
        why: How it came about, for those who watch the simulator; "" if the scenario says it.
    """

    parts: tuple[Part, ...]
    delay_ms: float = 0.0
    events: tuple[Mapping[str, Any], ...] = ()
    fails: Failure | None = None
    incomplete: Incomplete | None = None
    why: str = ""
    asks_model: bool = False

    @property
    def ending(self) -> Ending:
        """How the response ends once its parts are out."""
        if self.fails is not None:
            return failed(self.fails)
        return Ending("completed", None) if self.incomplete is None else incomplete(self.incomplete)


@rule(
    "response-failed",
    "A response that fails ends with the status `failed`; `status_details` has the error's type, code and "
    "message.",
    SDK.at("ResponseFailedDetails"),
    topic=Topic.FAULTS,
)
def failed(failure: Failure) -> Ending:
    """The end of a response that fails."""
    error = {"type": failure.type, "code": failure.code, "message": failure.message}
    return Ending("failed", {"type": "failed", "error": error})


@rule(
    "response-incomplete",
    "A response that is cut off, by the limit of tokens or the content filter, ends with the status "
    "`incomplete` and the reason in `status_details`; its last item is incomplete too.",
    SDK.at("ResponseIncompleteDetails"),
    topic=Topic.FAULTS,
)
def incomplete(reason: Incomplete) -> Ending:
    """The end of a response that is cut off."""
    return Ending("incomplete", {"type": "incomplete", "reason": reason})


def saying(text: str) -> Reply:
    """A reply that is one message."""
    return Reply((Say(text),))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRules:
    """What may be called in a response.

    Attributes:
        offered: Names of the functions on offer, in order.
        must_call: A function that is called if nothing else is, once in a turn of the caller; or None.
        only: The one function that may be called, None for any, "" for none.
        in_parallel: Whether several calls may come in one response.
        tools: What is known of what is on offer, functions and MCP servers' tools.
    """

    offered: tuple[str, ...] = ()
    must_call: str | None = None
    only: str | None = None
    in_parallel: bool = True
    tools: tuple[Tool, ...] = ()

    @property
    def choice(self) -> str:
        """The rules as a `tool_choice`: "auto", "none", "required", or a tool's name."""
        if self.only is not None:
            return self.only or "none"
        return "auto" if self.must_call is None else "required"
