"""Calls that the service runs itself: MCP tools, web and file searches, other Foundry agents.

                     approval request          approved
    Written ────────────────▶ AwaitingApproval ────────▶ Written ──in progress──▶ Running
                                     │ denied                                        │ completed, failed
                                     ▼                                               ▼
                                   (over) ◀──────── the item with its output ── Finishing

Theory. What is documented of the order of these events comes from samples, and differs: an MCP call may be
told of by its item before it is approved, or only by the request; run before or after its response is done;
told complete before its output or after, or twice. So every call ends once, on whatever says first that it
is over: its item with an output or an error, or `completed` and then the item, for which little is waited.

The service does not speak of an MCP result by itself, so a call that ended counts as a tool's result that
an answer must speak of (`results`), together with all other calls of its response: as long as one of them
is open, and until their response is done, their `group` is in hand.

Nothing is waited for without end. A request that nobody answers is denied. A call that neither ends nor
begins after its response is done is overdue: nobody waits for it, but if it ends after all, that counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from msgspec import UNSET

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session.inputs import AnswerApproval
from pipecat_voicelive.session.remote_effects import (
    ApprovalAnswered,
    ApprovalRequested,
    CallSignal,
    Outcome,
    RemoteCall,
    RemoteCallEnded,
    RemoteCallKind,
    RemoteCallRunning,
    RemoteCallStarted,
)

APPROVAL_TIMEOUT_S = 30.0
RUN_S = 60.0
"""How long a call may run before nobody waits for it."""

ITEM_S = 1.0
"""How long the item of a call that is over is waited for."""

_REMEMBERED = 256

_NAMES: dict[str, tuple[RemoteCallKind, str]] = {
    "mcp_call": ("mcp_call", ""),
    "web_search_call": ("web_search_call", "web_search"),
    "file_search_call": ("file_search_call", "file_search"),
    "foundry_agent_call": ("foundry_agent_call", ""),
}
CALL_ITEMS = frozenset(_NAMES)
"""Types of items that are calls which the service runs."""


@dataclass(frozen=True, slots=True)
class Written:
    """The model writes it, or it is written (`whole`) and waits for the service to run it."""

    call: RemoteCall
    whole: bool = False
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class AwaitingApproval:
    """It waits for leave to run."""

    call: RemoteCall
    approval_request_id: str
    until_s: float


@dataclass(frozen=True, slots=True)
class Running:
    """The service runs it."""

    call: RemoteCall
    until_s: float


@dataclass(frozen=True, slots=True)
class Finishing:
    """It is over; the item that says what came of it is still to come."""

    call: RemoteCall
    outcome: Outcome
    until_s: float


@dataclass(frozen=True, slots=True)
class Overdue:
    """Nobody waits for it any more."""

    call: RemoteCall
    until_s: None = None


Open: TypeAlias = Written | AwaitingApproval | Running | Finishing | Overdue


CallEvent: TypeAlias = (
    se.ResponseMcpCallArgumentsDelta
    | se.ResponseMcpCallArgumentsDone
    | se.ResponseMcpCallInProgress
    | se.ResponseMcpCallCompleted
    | se.ResponseMcpCallFailed
    | se.ResponseWebSearchCallInProgress
    | se.ResponseWebSearchCallSearching
    | se.ResponseWebSearchCallCompleted
    | se.ResponseFileSearchCallInProgress
    | se.ResponseFileSearchCallSearching
    | se.ResponseFileSearchCallCompleted
    | se.ResponseFoundryAgentCallArgumentsDelta
    | se.ResponseFoundryAgentCallArgumentsDone
    | se.ResponseFoundryAgentCallInProgress
    | se.ResponseFoundryAgentCallCompleted
    | se.ResponseFoundryAgentCallFailed
)


@dataclass(slots=True, repr=False)
class RemoteCalls:
    """The calls of one conversation. Methods return what there is to tell.

    Args:
        approval_timeout_s: How long a request for approval may wait before it is denied.
    """

    approval_timeout_s: float = APPROVAL_TIMEOUT_S
    _calls: dict[str, Open] = field(default_factory=dict[str, "Open"])
    _over: dict[str, None] = field(default_factory=dict[str, None])  # what is told of these changes nothing
    _items: dict[str, str] = field(default_factory=dict[str, str])  # item id: call id, where they differ
    _requests: dict[str, str] = field(default_factory=dict[str, str])  # approval request id: call id
    _in_response: set[str] = field(default_factory=set[str])

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has something to do."""
        return min((call.until_s for call in self._open() if call.until_s is not None), default=None)

    @property
    def pending(self) -> bool:
        """Whether a call is waited for."""
        return any(not isinstance(call, Overdue) for call in self._open())

    def in_hand(self, group: str) -> bool:
        """Whether something of this response is waited for that has such calls."""
        return group in self._in_response or any(
            call.call.response_id == group and not isinstance(call, Overdue) for call in self._open()
        )

    # --- items -------------------------------------------------------------------------------------

    def announced(
        self, item: ConversationItem, response_id: str | None, now_s: float, *, under_way: bool
    ) -> list[CallSignal]:
        """A call's item began. One that is over and belongs to no response is history, and is not told of.

        Args:
            item: The item.
            response_id: The response that it belongs to.
            now_s: The present time in seconds.
            under_way: Whether the end of that response is still to come. Else the call must end in time.
        """
        if not item.id or self._find(item.id) is not None:
            return []
        request = item.approval_request_id
        if isinstance(request, str) and (call_id := self._requests.get(request)) not in {None, item.id}:
            self._items[item.id] = cast("str", call_id)
            return []
        if response_id is None and (isinstance(item.output, str) or item.error):
            return []
        kind, name = _NAMES[item.type]
        call = RemoteCall(
            item.id, kind, name or item.name or "", item.server_label or "", response_id=response_id
        )
        call = _known_from(item, call)
        self._calls[item.id] = Written(call, until_s=None if under_way else now_s + RUN_S)
        if under_way and response_id is not None:
            self._in_response.add(response_id)
        self._forget()
        return [RemoteCallStarted(call)]

    def item_done(self, item: ConversationItem) -> list[CallSignal]:
        """A call's item as it is now: over, if it says what came of the call."""
        call_id, state = self._find(item.id or "") or ("", None)
        if state is None:
            return []
        call = _known_from(item, state.call)
        self._calls[call_id] = replace(state, call=call)
        if item.error is not UNSET and item.error is not None:
            return self._end(call_id, "failed", error=item.error)
        output = item.results if item.type == "file_search_call" else item.output
        if isinstance(output, str) or output:
            return self._end(call_id, "completed", output=output)
        if isinstance(state, Finishing):
            return self._end(call_id, state.outcome)
        if item.type in {"web_search_call", "file_search_call"} and item.status in {"completed", "failed"}:
            return self._end(call_id, "completed" if item.status == "completed" else "failed")
        return []

    def response_done(self, response_id: str, status: str | None, now_s: float) -> list[CallSignal]:
        """A response is over: what it left unwritten is void, the rest is to be run in time."""
        self._in_response.discard(response_id)
        told: list[CallSignal] = []
        for call_id, state in list(self._calls.items()):
            if not isinstance(state, Written) or state.call.response_id != response_id:
                continue
            if status in {"completed", None} and (state.whole or state.call.kind == "mcp_call"):
                if state.until_s is None:
                    self._calls[call_id] = replace(state, until_s=now_s + RUN_S)
            else:
                told += self._end(call_id, "cancelled")
        return told

    # --- approval ----------------------------------------------------------------------------------

    def approval_requested(
        self, item: ConversationItem, response_id: str | None, now_s: float
    ) -> list[CallSignal]:
        """An `mcp_approval_request` item. It does not name its call: the oldest that it fits is meant.

        One outside a response that fits no call of one is history, and is not told of.
        """
        if not item.id or item.id in self._requests:
            return []
        told: list[CallSignal] = []
        label, name, arguments = item.server_label or "", item.name or "", item.arguments or ""
        fitting = [
            state.call
            for state in self._open()
            if isinstance(state, Written)
            and (state.call.kind, state.call.server_label, state.call.name) == ("mcp_call", label, name)
            and state.call.call_id not in self._requests.values()
            and (response_id is not None or state.call.response_id is not None)
        ]
        if response_id is None and not fitting:
            return []
        exact = [call for call in fitting if call.arguments == arguments]
        if fitting:
            call = _with_arguments((exact or fitting)[0], arguments)
        else:
            call = RemoteCall(item.id, "mcp_call", name, label, arguments, response_id)
            told.append(RemoteCallStarted(call))
        self._requests[item.id] = call.call_id
        self._calls[call.call_id] = AwaitingApproval(call, item.id, now_s + self.approval_timeout_s)
        self._forget()
        return [*told, ApprovalRequested(item.id, call)]

    def answer(
        self, approval_request_id: str, now_s: float, *, approve: bool, timed_out: bool = False
    ) -> list[CallSignal]:
        """A request is answered. Nothing to tell: it is none, or has been answered."""
        call_id = self._requests.get(approval_request_id, "")
        state = self._calls.get(call_id)
        if not isinstance(state, AwaitingApproval):
            return []
        call = state.call
        answered = ApprovalAnswered(approval_request_id, call, approve, timed_out)
        if approve:
            self._calls[call_id] = Written(call, whole=True, until_s=now_s + RUN_S)
            return [answered]
        return [answered, *self._end(call_id, "denied")]

    def answered(self, item: ConversationItem, now_s: float) -> list[CallSignal]:
        """An item that is in the conversation or on its way there, and may answer a request."""
        if item.type != "mcp_approval_response":
            return []
        return self.answer(item.approval_request_id or "", now_s, approve=item.approve is True)

    def overdue_requests(self, now_s: float) -> list[str]:
        """Requests that nobody answered in time."""
        return [
            state.approval_request_id
            for state in self._open()
            if isinstance(state, AwaitingApproval) and state.until_s <= now_s
        ]

    # --- events ------------------------------------------------------------------------------------

    def event(self, event: CallEvent, now_s: float) -> list[CallSignal]:
        """A call went on. One that was never announced is not told of."""
        call_id, state = self._find(event.item_id) or ("", None)
        if state is None:
            return []
        match event:
            case se.ResponseMcpCallArgumentsDelta() | se.ResponseFoundryAgentCallArgumentsDelta():
                if isinstance(state, Written) and not state.whole:
                    call = replace(state.call, arguments=state.call.arguments + event.delta)
                    self._calls[call_id] = replace(state, call=call)
                return []
            case se.ResponseMcpCallArgumentsDone() | se.ResponseFoundryAgentCallArgumentsDone():
                call = _with_arguments(state.call, event.arguments or "")
                if isinstance(state, Written):
                    self._calls[call_id] = replace(state, call=call, whole=True)
                    return []
                self._calls[call_id] = replace(state, call=call)
                return [RemoteCallRunning(call)] if isinstance(state, Running) else []
            case (
                se.ResponseMcpCallCompleted()
                | se.ResponseWebSearchCallCompleted()
                | se.ResponseFileSearchCallCompleted()
                | se.ResponseFoundryAgentCallCompleted()
            ):
                return self._finish(call_id, state, "completed", now_s)
            case se.ResponseMcpCallFailed() | se.ResponseFoundryAgentCallFailed():
                return self._finish(call_id, state, "failed", now_s)
            case se.ResponseWebSearchCallSearching() | se.ResponseFileSearchCallSearching():
                return self._run(call_id, state, "searching", now_s)
            case (
                se.ResponseMcpCallInProgress()
                | se.ResponseWebSearchCallInProgress()
                | se.ResponseFileSearchCallInProgress()
                | se.ResponseFoundryAgentCallInProgress()
            ):
                return self._run(call_id, state, "in_progress", now_s)

    def tick(self, now_s: float) -> list[CallSignal]:
        """What time has brought, but for requests that nobody answered."""
        told: list[CallSignal] = []
        for call_id, state in list(self._calls.items()):
            if isinstance(state, AwaitingApproval) or state.until_s is None or state.until_s > now_s:
                continue
            if isinstance(state, Finishing):
                told += self._end(call_id, state.outcome)
            else:
                self._calls[call_id] = Overdue(state.call)
                told.append(RemoteCallEnded(state.call, "overdue"))
        return told

    def lost(self) -> list[CallSignal]:
        """The connection is gone, and with it every call."""
        self._in_response.clear()
        told: list[CallSignal] = []
        for call_id, state in list(self._calls.items()):
            if not isinstance(state, Overdue):
                told += self._end(call_id, "lost")
        return told

    # --- steps -------------------------------------------------------------------------------------

    def _open(self) -> list[Open]:
        return list(self._calls.values())

    def _find(self, item_id: str) -> tuple[str, Open | None] | None:
        """The call of an item and its state, which is None if it is over; None if there is none."""
        call_id = self._items.get(item_id, item_id)
        state = self._calls.get(call_id)
        return None if state is None and call_id not in self._over else (call_id, state)

    def _run(self, call_id: str, state: Open, status: str, now_s: float) -> list[CallSignal]:
        if isinstance(state, Finishing):
            return []
        self._calls[call_id] = Running(state.call, now_s + RUN_S)
        return [RemoteCallRunning(state.call, status)]

    def _finish(self, call_id: str, state: Open, outcome: Outcome, now_s: float) -> list[CallSignal]:
        if not isinstance(state, Finishing):
            self._calls[call_id] = Finishing(state.call, outcome, now_s + ITEM_S)
        return []

    def _end(
        self, call_id: str, outcome: Outcome, *, output: Any = None, error: Any = None
    ) -> list[CallSignal]:
        state = self._calls.pop(call_id)
        if isinstance(state, Finishing) and error is None:
            outcome = state.outcome
        self._over[call_id] = None
        return [RemoteCallEnded(state.call, outcome, output, error)]

    def _forget(self) -> None:
        """Drop the oldest calls that are over, so that an hour of them does not stay."""
        overdue = [call_id for call_id, state in self._calls.items() if isinstance(state, Overdue)]
        for some in (overdue, list(self._over)):
            for call_id in some[: max(0, len(some) - _REMEMBERED)]:
                self._calls.pop(call_id, None)
                self._over.pop(call_id, None)
        for known in (self._items, self._requests):
            for name, call_id in list(known.items()):
                if call_id not in self._calls and call_id not in self._over:
                    del known[name]


def approval_item(answer: AnswerApproval) -> ConversationItem:
    """The item that answers a request for approval."""
    return ConversationItem(
        type="mcp_approval_response",
        approval_request_id=answer.approval_request_id,
        approve=answer.approve,
        reason=answer.reason or UNSET,
    )


def _known_from(item: ConversationItem, call: RemoteCall) -> RemoteCall:
    """The call with what an item of it says."""
    if item.queries:
        call = replace(call, queries=tuple(item.queries))
    return _with_arguments(call, item.arguments or "")


def _with_arguments(call: RemoteCall, arguments: str) -> RemoteCall:
    return replace(call, arguments=arguments) if arguments else call
