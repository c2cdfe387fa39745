"""Items of a response that the service runs itself: MCP calls, searches, calls of other agents.

An MCP call only ends its arguments here: it is run when the response is over, see `mcp_tools`. Searches and
agents run within the response; cut short, they never say that they are complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

from msgspec import UNSET
from msgspec.structs import replace

from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.protocol.server_events import (
    KnownServerEvent,
    ResponseFileSearchCallCompleted,
    ResponseFileSearchCallInProgress,
    ResponseFileSearchCallSearching,
    ResponseFoundryAgentCallArgumentsDelta,
    ResponseFoundryAgentCallArgumentsDone,
    ResponseFoundryAgentCallCompleted,
    ResponseFoundryAgentCallFailed,
    ResponseFoundryAgentCallInProgress,
    ResponseMcpCallArgumentsDelta,
    ResponseMcpCallArgumentsDone,
    ResponseWebSearchCallCompleted,
    ResponseWebSearchCallInProgress,
    ResponseWebSearchCallSearching,
)
from pipecat_voicelive.simulator.effects import McpServer
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.outputs import ARGUMENTS_DELTA_MS, Place, Step, pieces_of_arguments
from pipecat_voicelive.simulator.scenario import AgentCall, Search

WORK_MS = 200
"""How long a search or an agent is at each of its stages."""


@dataclass(slots=True)
class McpCallOutput:
    """A call of an MCP server's tool; `arguments` is the JSON text that the model writes."""

    place: Place
    server: McpServer
    name: str
    arguments: str
    _written: list[str] = field(default_factory=list[str])

    def opening(self) -> list[KnownServerEvent]:
        """Nothing: a call has no parts."""
        return []

    def steps(self) -> list[Step]:
        """The arguments piece by piece."""
        return [
            Step(index * ARGUMENTS_DELTA_MS, ResponseMcpCallArgumentsDelta(**self.place.output, delta=piece))
            for index, piece in enumerate(pieces_of_arguments(self.arguments))
        ]

    def note(self, event: KnownServerEvent) -> None:
        """Remember what has been sent."""
        if isinstance(event, ResponseMcpCallArgumentsDelta):
            self._written.append(event.delta)

    def closing(self) -> list[KnownServerEvent]:
        """The event that ends the arguments."""
        return [ResponseMcpCallArgumentsDone(**self.place.output, arguments=self.text_so_far)]

    def added_item(self, _status: str) -> ConversationItem:
        """The item as it begins."""
        return self._item("")

    def item(self, _status: str) -> ConversationItem:
        """The item as it is now."""
        return self._item(self.text_so_far)

    def _item(self, arguments: str) -> ConversationItem:
        return ConversationItem(
            type="mcp_call",
            id=self.place.item_id,
            object="realtime.item",
            server_label=self.server.label,
            name=self.name,
            arguments=arguments,
        )

    @property
    def text_so_far(self) -> str:
        """What has been written."""
        return "".join(self._written)


@dataclass(slots=True)
class SearchOutput:
    """A search of the web or of files; `with_results` is whether the session asks for what files hold."""

    place: Place
    search: Search
    with_results: bool
    text_so_far: str = ""
    _completed: bool = False

    def opening(self) -> list[KnownServerEvent]:
        """It begins."""
        begins = ResponseFileSearchCallInProgress if self._files else ResponseWebSearchCallInProgress
        return [begins(**self.place.output, sequence_number=0)]

    def steps(self) -> list[Step]:
        """It goes on."""
        goes_on = ResponseFileSearchCallSearching if self._files else ResponseWebSearchCallSearching
        ends = ResponseFileSearchCallCompleted if self._files else ResponseWebSearchCallCompleted
        steps = [Step(WORK_MS, goes_on(**self.place.output, sequence_number=1))]
        if not self.search.fails:
            steps.append(Step(2 * WORK_MS, ends(**self.place.output, sequence_number=2)))
        return steps

    def note(self, event: KnownServerEvent) -> None:
        """Remember what has been sent."""
        if isinstance(event, ResponseWebSearchCallCompleted | ResponseFileSearchCallCompleted):
            self._completed = True

    def closing(self) -> list[KnownServerEvent]:
        """Nothing: the item says how it ended."""
        return []

    def added_item(self, _status: str) -> ConversationItem:
        """The item as it begins."""
        return self._item("in_progress")

    def item(self, status: str) -> ConversationItem:
        """The item as it is now."""
        failed = "failed" if status == "completed" else "incomplete"
        return self._item("completed" if self._completed else failed)

    def _item(self, status: str) -> ConversationItem:
        item = ConversationItem(
            type=f"{self.search.kind}_search_call",
            id=self.place.item_id,
            object="realtime.item",
            status=status,
        )
        if not self._files:
            return item
        results: list[Any] = [dict(result) for result in self.search.results]
        return replace(
            item,
            queries=list(self.search.queries),
            results=results if self.with_results and self._completed else UNSET,
        )

    @property
    def _files(self) -> bool:
        return self.search.kind == "file"


class _AgentCallMembers(TypedDict):
    item_id: str
    output_index: int
    agent_response_id: str


@dataclass(slots=True)
class AgentCallOutput:
    """A call of another Foundry agent."""

    place: Place
    call: AgentCall
    arguments: str
    _written: list[str] = field(default_factory=list[str])
    _ended: bool = False
    _call_id: str = field(default_factory=lambda: new_id("call_", 16))
    _agent_response_id: str = field(default_factory=lambda: new_id("resp_", 21))

    def opening(self) -> list[KnownServerEvent]:
        """Nothing: a call has no parts."""
        return []

    def steps(self) -> list[Step]:
        """The arguments piece by piece, then the agent's work."""
        place = self.place.output
        pieces = pieces_of_arguments(self.arguments)
        steps = [
            Step(index * ARGUMENTS_DELTA_MS, ResponseFoundryAgentCallArgumentsDelta(**place, delta=piece))
            for index, piece in enumerate(pieces)
        ]
        written_ms = len(pieces) * ARGUMENTS_DELTA_MS
        ends = ResponseFoundryAgentCallFailed if self.call.error else ResponseFoundryAgentCallCompleted
        return [
            *steps,
            Step(written_ms, ResponseFoundryAgentCallArgumentsDone(**place, arguments=self.arguments)),
            Step(written_ms, ResponseFoundryAgentCallInProgress(**self._members)),
            Step(written_ms + WORK_MS, ends(**self._members)),
        ]

    def note(self, event: KnownServerEvent) -> None:
        """Remember what has been sent."""
        match event:
            case ResponseFoundryAgentCallArgumentsDelta(delta=delta):
                self._written.append(delta)
            case ResponseFoundryAgentCallCompleted() | ResponseFoundryAgentCallFailed():
                self._ended = True
            case _:
                pass

    def closing(self) -> list[KnownServerEvent]:
        """Nothing: the item says what came of it."""
        return []

    def added_item(self, status: str) -> ConversationItem:
        """The item as it begins."""
        return self._item(status, "")

    def item(self, status: str) -> ConversationItem:
        """The item as it is now."""
        return self._item(status, self.text_so_far)

    @property
    def _members(self) -> _AgentCallMembers:
        return {
            "item_id": self.place.item_id,
            "output_index": self.place.output_index,
            "agent_response_id": self._agent_response_id,
        }

    def _item(self, status: str, arguments: str) -> ConversationItem:
        error = {"type": "agent_error", "message": self.call.error}
        return ConversationItem(
            type="foundry_agent_call",
            id=self.place.item_id,
            object="realtime.item",
            status=status,
            name=self.call.name,
            call_id=self._call_id,
            arguments=arguments,
            output=self.call.output if self._ended and not self.call.error else UNSET,
            error=error if self._ended and self.call.error else UNSET,
            agent_response_id=self._agent_response_id if self._ended else UNSET,
        )

    @property
    def text_so_far(self) -> str:
        """What has been written."""
        return "".join(self._written)
