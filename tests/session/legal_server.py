"""A Voice Live service as it should be: takes one client event after the other, and speaks in order.

Written from the protocol's description only, so that it and the session cannot be wrong together.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem, ErrorDetails, Response, SessionInfo

BYTES_PER_MS = 48


@dataclass
class Given:
    """A response as the server knows it."""

    response_id: str
    asked_by: str | None
    instructions: str | None
    words: str | None
    saw: frozenset[str]
    metadata: dict[str, str] | None
    out_of_band: bool = False
    items: list[str] = field(default_factory=list)
    calls: list[ConversationItem] = field(default_factory=list)


def words_asked_for(properties: ce.ResponseProperties) -> str | None:
    """The words that a response is to consist of, None if it is the model's own."""
    message = properties.pre_generated_assistant_message
    return message.words if message else None


class LegalServer:
    """The server's side of one connection.

    Args:
        echoes: Whether responses carry the metadata of their request.
        turn_detection: Whether the caller's turns are noticed and answered here.
        transcribes: Whether what the caller says is written down.
        interrupts: Whether the turn detection stops what is running.
        prefix: Begins the ids it gives.
    """

    def __init__(
        self,
        *,
        echoes: bool,
        turn_detection: bool,
        transcribes: bool,
        interrupts: bool = True,
        prefix: str = "",
    ) -> None:
        self._prefix = prefix
        self.inbox: deque[ce.ClientEvent | RawEvent] = deque()
        self.outbox: deque[se.ServerEvent] = deque()
        self.active: Given | None = None
        self.given: dict[str, Given] = {}
        self.conversation: set[str] = set()
        self.items: dict[str, ConversationItem] = {}  # in order, by their ids
        self.refused_items: set[str] = set()
        self.untranscribed: list[str] = []
        self.unanswered: deque[str] = deque()
        self.calls_open: set[str] = set()
        self.calls_answered: set[str] = set()
        self.caller: str | None = None
        self._echoes = echoes
        self._detects = turn_detection
        self._transcribes = transcribes
        self._interrupts = interrupts
        self._audio_ms: dict[str, float] = {}
        self._buffered_bytes = 0
        self._heard_bytes = 0
        self._commits = 0
        self._count = 0

    def _new_id(self, kind: str) -> str:
        self._count += 1
        return f"{self._prefix}{kind}{self._count}"

    def _say(self, event: se.ServerEvent) -> None:
        self.outbox.append(event)

    # --- what the client asks for --------------------------------------------------------------------

    def take(self, *, refuse: bool = False) -> None:  # noqa: C901 - one line a type
        """Act on the oldest client event; `refuse` it if it is one that may be refused for its content."""
        event = self.inbox.popleft()
        match event:
            case ce.SessionUpdateEvent():
                self._say(se.SessionUpdated(session=self._effective_session()))
            case ce.ConversationItemCreateEvent(item=item) if item.type == "function_call":
                self.calls_open.add(item.call_id or "")
                self._add(item)
            case ce.ConversationItemCreateEvent(item=item) if item.type == "function_call_output":
                call_id = item.call_id or ""
                assert call_id in self.calls_open, f"an output for the unknown or answered call {call_id}"
                self.calls_open.remove(call_id)
                self.calls_answered.add(call_id)
                self._add(item)
            case ce.ConversationItemCreateEvent(item=item):
                if refuse:
                    self.refused_items.add(item.id or "")
                    self._refuse(event, "invalid_value")
                else:
                    self._add(item, event.previous_item_id or None)
            case ce.ResponseCreateEvent():
                if self.active is not None:
                    self._refuse(event, "conversation_already_has_active_response")
                elif refuse:
                    self._refuse(event, "invalid_value")
                else:
                    self._begin(event)
            case ce.ResponseCancelEvent(response_id=response_id):
                if self.active is not None and response_id in (ce.UNSET, self.active.response_id):
                    self.finish("cancelled")
                else:
                    self._refuse(event, "response_cancel_not_active")
            case ce.InputAudioBufferAppendEvent(audio=audio):
                self._buffered_bytes += len(audio)
                self._heard_bytes += len(audio)
            case ce.InputAudioBufferCommitEvent():
                assert self._buffered_bytes, "a commit of nothing"
                self._buffered_bytes = 0
                self._commits += 1
                self._add_turn(self._new_id("turn"), also_known_as=f"commit {self._commits}")
            case ce.ConversationItemTruncateEvent() | ce.ConversationItemDeleteEvent():
                self._cut(event)
            case RawEvent():
                pass
            case _:
                raise AssertionError(f"unexpected {event.type}")

    def _cut(self, event: ce.ConversationItemTruncateEvent | ce.ConversationItemDeleteEvent) -> None:
        item_id = event.item_id
        assert item_id in self.conversation or not self._echoes, "cut what is not there"
        if isinstance(event, ce.ConversationItemTruncateEvent):
            assert event.audio_end_ms <= self._audio_ms[item_id], "cut beyond the audio"
            self._say(se.ConversationItemTruncated(item_id=item_id, audio_end_ms=event.audio_end_ms))
        else:
            assert self.active is None or item_id not in self.active.items, "deleted while it is written"
            self.conversation.discard(item_id)
            self.items.pop(item_id, None)
            self._say(se.ConversationItemDeleted(item_id=item_id))

    def _effective_session(self) -> SessionInfo:
        detection = {"type": "server_vad", "interrupt_response": self._interrupts}
        return SessionInfo(
            id="sess",
            turn_detection=detection if self._detects else None,
            input_audio_transcription={"model": "x"} if self._transcribes else None,
        )

    def _refuse(self, event: ce.ClientEvent, code: str) -> None:
        self._say(se.Error(error=ErrorDetails(code=code, event_id=event.event_id or None)))

    def _add(self, item: ConversationItem, previous_item_id: str | None = None) -> None:
        item_id = item.id or ""
        assert item_id not in self.items, f"{item_id} twice"
        self.conversation.add(item_id)
        order = list(self.items)
        place = len(order)
        if previous_item_id is not None:
            place = 0 if previous_item_id == "root" else order.index(previous_item_id) + 1
        order.insert(place, item_id)
        items = {**self.items, item_id: item}
        self.items = {name: items[name] for name in order}
        before = order[place - 1] if place else None
        self._say(se.ConversationItemCreated(item=item, previous_item_id=before))

    def _add_turn(self, item_id: str, also_known_as: str = "") -> None:
        self.conversation |= {item_id, also_known_as}
        self._say(se.InputAudioBufferCommitted(item_id=item_id))
        self._add(ConversationItem(type="message", role="user", id=item_id))
        if self._transcribes:
            self.untranscribed.append(item_id)

    # --- responses -----------------------------------------------------------------------------------

    def _begin(self, request: ce.ResponseCreateEvent | None) -> None:
        properties = request.response if request is not None and request.response else ce.ResponseProperties()
        metadata = (properties.metadata or None) if self._echoes else None
        self.active = Given(
            response_id=self._new_id("resp"),
            asked_by=str(request.event_id) if request is not None else None,
            instructions=properties.instructions or None,
            words=words_asked_for(properties),
            saw=frozenset(self.conversation),
            metadata=metadata,
            out_of_band=properties.conversation == "none",
        )
        self.given[self.active.response_id] = self.active
        self._say(se.ResponseCreated(response=self._report("in_progress")))

    def _report(self, status: str) -> Response:
        assert self.active is not None
        return Response(
            id=self.active.response_id,
            status=status,
            metadata=self.active.metadata,
            output=list(self.active.calls),
        )

    def finish(self, status: str) -> None:
        """The running response ends."""
        if self.active is not None:
            self._say(se.ResponseDone(response=self._report(status)))
            self.active = None

    def _item(self, *, new: bool) -> str:
        assert self.active is not None
        if new or not self.active.items:
            item_id = self._new_id("item")
            item = ConversationItem(type="message", role="assistant", id=item_id)
            self.active.items.append(item_id)
            self._audio_ms[item_id] = 0.0
            self._say(se.ResponseOutputItemAdded(response_id=self.active.response_id, item=item))
            if not self.active.out_of_band:
                self._add(item)
        return self.active.items[-1]

    def speak(self, audio_bytes: int, *, new_item: bool) -> None:
        """Some audio of the running response."""
        if self.active is not None:
            item_id = self._item(new=new_item)
            self._audio_ms[item_id] += audio_bytes / BYTES_PER_MS
            self._say(
                se.ResponseAudioDelta(
                    response_id=self.active.response_id, item_id=item_id, delta=bytes(audio_bytes)
                )
            )

    def write(self, text: str, *, spoken: bool) -> None:
        """Some text of the running response."""
        if self.active is not None:
            kind = se.ResponseAudioTranscriptDelta if spoken else se.ResponseTextDelta
            self._say(kind(response_id=self.active.response_id, item_id=self._item(new=False), delta=text))

    def place(self, text: str, viseme_id: int, offset_ms: int) -> None:
        """A word and a viseme of the running response."""
        if self.active is not None:
            response_id, item_id = self.active.response_id, self._item(new=False)
            self._say(
                se.ResponseAudioTimestampDelta(
                    response_id=response_id, item_id=item_id, text=text, audio_offset_ms=offset_ms
                )
            )
            self._say(
                se.ResponseAnimationVisemeDelta(
                    response_id=response_id, item_id=item_id, viseme_id=viseme_id, audio_offset_ms=offset_ms
                )
            )

    def call(self, arguments: str, *, whole: bool) -> None:
        """A function call of the running response; without its arguments unless `whole`."""
        if self.active is None or self.active.out_of_band:
            return
        item_id, call_id, response_id = self._new_id("item"), self._new_id("call"), self.active.response_id
        begun = ConversationItem(type="function_call", id=item_id, call_id=call_id, name="look")
        self._say(se.ResponseOutputItemAdded(response_id=response_id, item=begun))
        self._add(begun)
        if whole:
            self.calls_open.add(call_id)
            self._say(
                se.ResponseFunctionCallArgumentsDone(
                    response_id=response_id, item_id=item_id, call_id=call_id, arguments=arguments
                )
            )
            self.active.calls.append(
                ConversationItem(
                    type="function_call",
                    id=item_id,
                    call_id=call_id,
                    name="look",
                    status="completed",
                    arguments=arguments,
                )
            )

    # --- the caller ----------------------------------------------------------------------------------

    def caller_starts(self) -> None:
        """The turn detection hears speech, and stops what is running, if it is to."""
        if self._detects and self.caller is None and self._heard_bytes:
            self.caller = self._new_id("turn")
            start_ms = max(self._heard_bytes // BYTES_PER_MS - 10, 0)
            self._say(se.InputAudioBufferSpeechStarted(item_id=self.caller, audio_start_ms=start_ms))
            if self._interrupts:
                self.finish("cancelled")

    def caller_stops(self, *, cough: bool) -> None:
        """The turn is over; a cough brings no item and no answer, and a turn none while one is given."""
        if self.caller is None:
            return
        item_id, self.caller = self.caller, None
        end_ms = self._heard_bytes // BYTES_PER_MS
        self._say(se.InputAudioBufferSpeechStopped(item_id=item_id, audio_end_ms=end_ms))
        if not cough:
            self._add_turn(item_id)
            if self.active is None:
                self._begin(None)
            else:
                self.unanswered.append(item_id)
                self._say(se.Error(error=ErrorDetails(code="conversation_already_has_active_response")))

    def transcribe(self, text: str | None, *, newest: bool) -> None:
        """Say what the caller said in some turn, or that it was not understood."""
        if self.untranscribed:
            item_id = self.untranscribed.pop(-1 if newest else 0)
            if text is None:
                self._say(se.InputAudioTranscriptionFailed(item_id=item_id))
            else:
                self._say(se.InputAudioTranscriptionDelta(item_id=item_id, delta=text))
                self._say(se.InputAudioTranscriptionCompleted(item_id=item_id, transcript=text))
                self._say(se.InputAudioTranscriptionCompleted(item_id=item_id, transcript=""))
