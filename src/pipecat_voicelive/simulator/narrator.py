"""A session in words, as it goes on: what `narrated` says of each event, and what only their course shows.

How long an answer or a tool took, whom the caller interrupts, what was sent between.
"""

from __future__ import annotations

from msgspec import UNSET

from pipecat_voicelive.protocol.client_events import (
    ConversationItemCreateEvent,
    InputAudioBufferAppendEvent,
    ResponseCreateEvent,
)
from pipecat_voicelive.protocol.codec import RawEvent, encode, to_plain
from pipecat_voicelive.protocol.redaction import shown
from pipecat_voicelive.protocol.server_events import (
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
    ResponseAudioDelta,
    ResponseAudioTranscriptDone,
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDone,
    ResponseTextDelta,
    ResponseTextDone,
)
from pipecat_voicelive.simulator.exchange import ClientSent, Exchanged, FaultFired, Noted
from pipecat_voicelive.simulator.narration import narrated

_LONGEST = 600


class Narrator:
    """Tells of one session."""

    def __init__(self) -> None:
        self._asked_s: float | None = None
        self._waited_s: dict[str, float] = {}
        self._called: dict[str, tuple[str, float]] = {}
        self._answers = False

    def tell(self, exchanged: Exchanged) -> str:
        """A line about an event, "" for one that says nothing to people."""
        line = narrated(exchanged)
        at_s = exchanged.at_s
        match exchanged.event:
            case InputAudioBufferSpeechStarted() if self._answers:
                line = "(the caller interrupts)"
            case InputAudioBufferSpeechStopped() | ResponseCreateEvent():
                self._asked_s = at_s
            case ResponseCreated():
                self._answers = True
            case ResponseDone():
                self._answers = False
            case ResponseAudioDelta(item_id=item_id) | ResponseTextDelta(item_id=item_id):
                if self._asked_s is not None:
                    self._waited_s.setdefault(item_id, at_s - self._asked_s)
                    self._asked_s = None
            case ResponseAudioTranscriptDone(item_id=item_id) | ResponseTextDone(item_id=item_id):
                waited_s = self._waited_s.pop(item_id, None)
                if waited_s is not None and line:
                    line = f"{plain(line)}  (after {waited_s:.2f} s)"
            case ResponseFunctionCallArgumentsDone(call_id=call_id, name=name):
                self._called[call_id] = (name or "tool", at_s)
            case ConversationItemCreateEvent(item=item) if item.type == "function_call_output":
                call_id = "" if item.call_id is UNSET else item.call_id or ""
                name, called_s = self._called.pop(call_id, ("tool", at_s))
                line = f"{name} answers: {plain(str(item.output))}  (after {at_s - called_s:.2f} s)"
            case _:
                pass
        return plain(line)


class WireView:
    """Tells of one session as it is on the wire: types and members, of audio only how much."""

    def __init__(self) -> None:
        self._audio_bytes = 0
        self._audio_messages = 0

    def tell(self, exchanged: Exchanged) -> list[str]:
        """Lines about an event; a run of audio is told when it is over."""
        event = exchanged.event
        match event:
            case InputAudioBufferAppendEvent(audio=audio):
                self._audio_bytes += len(audio)
                self._audio_messages += 1
                return []
            case ResponseAudioDelta(item_id=item_id, delta=audio):
                return [*self._told_audio(), f"<- {event.type} {item_id} ({len(audio)} bytes)"]
            case _:
                members = shown(to_plain(event))
                told = {name: members[name] for name in members if name not in ("type", "event_id")}
        way = "->" if isinstance(exchanged, ClientSent) else "<-"
        if isinstance(exchanged, FaultFired | Noted):
            way = "--"
        return [*self._told_audio(), plain(f"{way} {event.type} {encode(RawEvent(members=told)).decode()}")]

    def _told_audio(self) -> list[str]:
        """What was appended since the last other event."""
        if not self._audio_messages:
            return []
        told = f"-> input_audio_buffer.append ({self._audio_messages} messages, {self._audio_bytes} bytes)"
        self._audio_bytes = self._audio_messages = 0
        return [told]


def plain(line: str) -> str:
    """A line that cannot move the cursor of a terminal, and is not endless."""
    if len(line) > _LONGEST:
        line = f"{line[:_LONGEST]} ... ({len(line)} characters)"
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line)
