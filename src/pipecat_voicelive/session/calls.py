"""All calls, whoever runs them, and the answer that speaks of what they brought.

A call is handed over to be run by us (`tools`), or the service runs it (`remote_calls`). A response may make
calls of both kinds. Their results wait (`results`) until none of them is open, here or there, and one answer
speaks of all. So whatever changes a call ends with the question whether that answer is due.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.items import ConversationItem, Response
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.asides import Asides
from pipecat_voicelive.session.inputs import AnswerApproval, AnswerTool
from pipecat_voicelive.session.outbox import Outbox
from pipecat_voicelive.session.remote_calls import CALL_ITEMS, CallEvent, RemoteCalls, approval_item
from pipecat_voicelive.session.remote_effects import CallSignal, RemoteCallEnded
from pipecat_voicelive.session.response import Responses, Wish
from pipecat_voicelive.session.results import Results
from pipecat_voicelive.session.tool_listing import ToolListings
from pipecat_voicelive.session.tools import Call, InHand, Tools, result_message


class Calls:
    """The calls of one conversation.

    Args:
        out: Where outputs and signals go.
        responses: Asked for the answers that speak of results.
        asides: Whose calls are nobody's business.
        approval_timeout_s: How long an MCP call may wait for approval before it is denied.
    """

    def __init__(self, out: Outbox, responses: Responses, asides: Asides, approval_timeout_s: float) -> None:
        self._out = out
        self._responses = responses
        self._asides = asides
        self._tools = Tools()
        self._remote = RemoteCalls(approval_timeout_s)
        self._listings = ToolListings()
        self._results = Results()
        self._sent: dict[str, AnswerTool] = {}  # by item, until the service has them

    @property
    def pending(self) -> bool:
        """Whether a call is still to bring an answer."""
        return self._tools.running or self._remote.pending or self.results_waiting

    @property
    def results_waiting(self) -> bool:
        """Whether a result was given that no answer has spoken of."""
        return self._results.waiting

    def in_hand(self, response_id: str) -> bool:
        """Whether a call of this response has no answer yet."""
        return self._tools.in_hand(response_id)

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has something to do."""
        return self._remote.deadline_s

    # --- what is heard of them ---------------------------------------------------------------------

    def announced(self, event: se.ResponseOutputItemAdded, now_s: float) -> None:
        """A response has a new item, which may be a call."""
        if self._responses.gives(event.response_id):
            self._tools.announced(event.response_id, event.item)
        self.item(event.item, event.response_id, now_s)

    def complete(self, event: se.ResponseFunctionCallArgumentsDone) -> None:
        """The arguments of a call are whole."""
        if self._responses.gives(event.response_id):
            self._tools.complete(event.response_id, event.call_id, event.name, event.arguments)
            self._out.history.called(event.item_id, event.name, event.arguments)

    def item(self, item: ConversationItem, response_id: str | None, now_s: float) -> None:
        """An item that may be about a tool that the service runs itself, new or as it is now."""
        if self._asides.gave(response_id or self._asides.active_id):
            return
        if item.type in CALL_ITEMS:
            self._out.history.changed(item)
            under_way = self._responses.gives(response_id or "")
            begun = self._remote.announced(item, response_id, now_s, under_way=under_way)
            self.tell([*begun, *self._remote.item_done(item)])
        elif settled := self._remote.answered(item, now_s):
            self.tell(settled, item.id or None)
        elif item.type == "mcp_approval_request":
            self._out.tell(*self._remote.approval_requested(item, response_id, now_s))
        elif item.type == "mcp_list_tools":
            self._out.tell(*self._listings.item(item))

    def event(self, event: CallEvent, now_s: float) -> None:
        """A call that the service runs went on."""
        self.tell(self._remote.event(event, now_s))

    def listing(
        self, event: se.McpListToolsInProgress | se.McpListToolsCompleted | se.McpListToolsFailed
    ) -> None:
        """The listing of an MCP server's tools went on."""
        self._out.tell(*self._listings.event(event))

    def tell(self, signals: list[CallSignal], item_id: str | None = None) -> None:
        """Tell of calls, and have those spoken of that are over; `item_id` is what their answer must know."""
        for signal in signals:
            self._out.tell(signal)
            if isinstance(signal, RemoteCallEnded) and signal.is_to_be_spoken_of:
                self._results.given(item_id or signal.call.call_id, signal.call.response_id)
                self._results.want()
        self._speak_of_results()

    # --- responses begin and end -------------------------------------------------------------------

    def answered(self) -> None:
        """An answer begins, and speaks of the results that it can know."""
        self._results.answered(self._out.unconfirmed.ids)

    def response_done(self, response: Response, now_s: float) -> list[CallSignal]:
        """A response is over. Returns what to `tell` of its calls when its answer has ended too."""
        items = response.output or ()
        for item in items:
            self.item(item, response.id, now_s)
        if self._responses.gives(response.id):
            for item in items:
                if item.type == "function_call" and item.status == "completed" and item.call_id:
                    self._tools.complete(response.id, item.call_id, item.name or None, item.arguments or "")
        return self._remote.response_done(response.id, response.status, now_s)

    def hand_over(self, response_id: str) -> None:
        """A response was given to its end: its calls are to be run."""
        calls, outputs = self._tools.hand_over(response_id)
        given = self._give(outputs)
        if calls:
            self._out.tell(fx.ToolCalls(response_id, calls))
        elif given:
            for item_id in given:
                self._results.given(item_id, response_id)
            self._results.want()
        self._speak_of_results()

    def abandon(self, response_id: str) -> None:
        """A response did not come to its end: its calls are not run."""
        self._give(self._tools.abandon(response_id))

    def replaced(self, response_id: str) -> None:
        """Another response has begun before we were told that this one is over."""
        self.abandon(response_id)
        self._out.tell(*self._remote.response_done(response_id, "cancelled", 0.0))

    # --- answers to calls, and answers that speak of them ------------------------------------------

    def answer_tool(self, answer: AnswerTool) -> None:
        """A call that was handed over has its result."""
        group = self._tools.group_of(answer.call_id)
        if output := self._tools.answer(answer.call_id, answer.output, answer.name):
            item_id = self._out.add_item(output)
            if output.type == "function_call_output":
                self._sent = {**self._unconfirmed_outputs(), item_id: answer}
            if answer.respond:
                self._results.given(item_id, group)
            self._speak_of_results()

    def refused(self, item_id: str) -> bool:
        """The service does not take an item. Returns whether it is an output that is told in a message now.

        It refuses outputs of calls that it does not have any more.
        """
        answer = self._sent.pop(item_id, None)
        if answer is None:
            return False
        message_id = self._out.add_item(result_message(answer.name, answer.output))
        if answer.respond:
            self._results.given(message_id, None)
            self._results.want()
        self._speak_of_results()
        return True

    def add_item(self, item: ConversationItem, now_s: float) -> None:
        """An item of the client's user, who may answer a request for approval with it."""
        settled = self._remote.answered(item, now_s)
        self.tell(settled, self._out.add_item(item))

    def answer_approval(self, answer: AnswerApproval, now_s: float, *, timed_out: bool = False) -> None:
        """A call that the service runs may run, or may not."""
        signals = self._remote.answer(
            answer.approval_request_id, now_s, approve=answer.approve, timed_out=timed_out
        )
        if signals:
            self.tell(signals, self._out.add_item(approval_item(answer)))

    def want_answer(self, properties: ResponseProperties | None = None, additional: str = "") -> None:
        """An answer is wanted, to all that was said so far."""
        wish = Wish.to(properties, self._out.unconfirmed.ids, additional)
        if wish.in_conversation:
            self._results.clear()
        self._out.send(self._responses.want(wish))

    def want_results_spoken_of(self, properties: ResponseProperties | None = None) -> None:
        """An answer is wanted if results wait for one."""
        self._results.want(properties)
        self._speak_of_results()

    def tick(self, now_s: float) -> None:
        """Time has passed: deny what nobody answered, and wait no longer for what does not end."""
        for request_id in self._remote.overdue_requests(now_s):
            self.answer_approval(AnswerApproval(request_id, approve=False), now_s, timed_out=True)
        self.tell(self._remote.tick(now_s))

    def leave(self) -> tuple[dict[str, Call], Results, dict[str, AnswerTool], bool]:
        """The connection is left: what the service ran itself is cut off.

        Returns:
            The calls, the results and the outputs that were sent, for `resume`; and whether an answer is
            wanted to what was cut off.
        """
        pending = self._remote.pending
        for signal in self._remote.lost():
            self._out.tell(signal)
            if isinstance(signal, RemoteCallEnded):
                self._out.history.cut_off(signal.call)
        calls = self._tools.leave()
        running = [call_id for call_id, call in calls.items() if isinstance(call, InHand)]
        self._out.history.in_hand(running)
        return calls, self._results, self._unconfirmed_outputs(), pending

    def resume(self, calls: dict[str, Call], results: Results, outputs: dict[str, AnswerTool]) -> None:
        """These were made, given and sent over another connection."""
        self._tools.resume(calls)
        self._sent = outputs
        self._results.resume(results)
        self._speak_of_results()

    def lost(self) -> None:
        """The connection is gone, and with it whoever could speak of results."""
        self._out.tell(*self._remote.lost())
        self._results.clear()

    def _give(self, outputs: Iterable[ConversationItem]) -> list[str]:
        return [self._out.add_item(output) for output in outputs]

    def _unconfirmed_outputs(self) -> dict[str, AnswerTool]:
        unconfirmed = self._out.unconfirmed.ids
        return {sent: given for sent, given in self._sent.items() if sent in unconfirmed}

    def _speak_of_results(self) -> None:
        if self._results.due(lambda group: self._tools.in_hand(group) or self._remote.in_hand(group)):
            self.want_answer(self._results.properties)
