"""What a session looked like from outside: its events for people who watch, within a bound. Pure.

Sound and pictures are not kept, only their sizes, and a run of audio messages is one entry that grows. Who
watches asks from time to time for what is new, so one who is slow misses the oldest and holds up nobody.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from pipecat_voicelive.protocol.audio import AudioFormat, input_format, output_format
from pipecat_voicelive.protocol.client_events import InputAudioBufferAppendEvent
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.protocol.redaction import shown
from pipecat_voicelive.protocol.server_events import (
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
    MalformedEvent,
    ResponseAudioDelta,
    ResponseCreated,
    SessionCreated,
    SessionUpdated,
)
from pipecat_voicelive.simulator.exchange import ClientSent, Exchanged, FaultFired, Noted, ServiceSent
from pipecat_voicelive.simulator.window.clock import ConversationClock

_KEPT_ENTRIES = 4000


@dataclass(slots=True)
class Entry:
    """One event, a run of audio, or a note.

    Attributes:
        number: Counts from 1; a run keeps the number of its first message.
        at_s: When it came, in seconds after the session was opened.
        clock_ms: Its place on the conversation's clock; of a run of audio where the run begins.
        source: "client", "server", "control" for what a person or a fault did, or "simulator" for how it came
            to do something.
        event: What was exchanged, without its audio; None for a note.
        note: What a person or a fault did, "" for an event.
        count: How many messages the run has.
        size_bytes: How much audio they hold.
        duration_ms: How long that lasts.
        revision: Grows with every change of the trace.
    """

    number: int
    at_s: float
    clock_ms: float
    source: str
    event: Any = None
    note: str = ""
    count: int = 1
    size_bytes: int = 0
    duration_ms: float = 0.0
    revision: int = 0
    _plain: dict[str, Any] | None = field(default=None, repr=False)

    def plain(self) -> dict[str, Any]:
        """The entry as JSON for people: keys are masked, of audio only the size is shown."""
        told: dict[str, Any] = {
            "number": self.number,
            "at_ms": round(self.at_s * 1000, 1),
            "clock_ms": round(self.clock_ms, 1),
            "from": self.source,
        }
        if self.event is None:
            return {**told, "type": "note", "note": self.note}
        if self._plain is None:
            self._plain = shown(to_plain(self.event))
            if isinstance(self.event, MalformedEvent):
                self._plain["problem"] = self.event.problem
        members = self._plain
        if self.size_bytes:
            member = "delta" if isinstance(self.event, ResponseAudioDelta) else "audio"
            members = {**members, member: f"({self.size_bytes} bytes)"}
            told |= {
                "count": self.count,
                "audio_bytes": self.size_bytes,
                "audio_ms": round(self.duration_ms, 1),
            }
        return {**told, "type": self.event.type, "event": members}


class SessionTrace:
    """The newest entries of a session."""

    def __init__(self) -> None:
        self._entries = deque[Entry](maxlen=_KEPT_ENTRIES)
        self._clock = ConversationClock()
        self._numbers = 0
        self._revision = 0
        self._run: Entry | None = None  # the audio that goes on
        self._input_ms = _ms_a_byte(input_format(None))
        self._output_ms = _ms_a_byte(output_format(None))

    @property
    def revision(self) -> int:
        """Grows with every change."""
        return self._revision

    def add(self, exchanged: Exchanged) -> None:
        """Take an event in."""
        event = exchanged.event
        if isinstance(event, InputAudioBufferAppendEvent):  # first: these come fifty times a second
            self._add_appended(exchanged.at_s, event)
            return
        wall_ms = exchanged.at_s * 1000
        clock_ms = self._clock.at(wall_ms)
        match exchanged:
            case FaultFired():
                self.note(f"goes wrong: {exchanged.fault}", exchanged.at_s)
                return
            case Noted(text=text):
                self._note("simulator", text, exchanged.at_s)
                return
            case ClientSent() | ServiceSent():
                source = "client" if isinstance(exchanged, ClientSent) else "server"
        match event:
            case ResponseAudioDelta():
                self._add_spoken(exchanged.at_s, clock_ms, event)
                return
            case SessionCreated(session=session) | SessionUpdated(session=session):
                rate_hz = session.input_audio_sampling_rate
                self._input_ms = _ms_a_byte(input_format(session.input_audio_format, rate_hz))
                self._output_ms = _ms_a_byte(output_format(session.output_audio_format))
            case ResponseCreated(response=response) if response.output_audio_format:
                self._output_ms = _ms_a_byte(output_format(response.output_audio_format))
            case (
                InputAudioBufferSpeechStarted(audio_start_ms=place_ms)
                | InputAudioBufferSpeechStopped(audio_end_ms=place_ms)
            ):
                clock_ms = self._clock.of_audio(place_ms, wall_ms)
            case _:
                pass
        self._append(Entry(self._numbers + 1, exchanged.at_s, clock_ms, source, event))

    def note(self, text: str, at_s: float) -> None:
        """Take in what a person or a fault did to the session."""
        self._note("control", text, at_s)

    def since(self, revision: int) -> list[Entry]:
        """The entries that are new or have grown since a revision, oldest first."""
        new: list[Entry] = []
        for entry in reversed(self._entries):
            if entry.revision <= revision:
                break
            new.append(entry)
        return new[::-1]

    def _add_appended(self, at_s: float, event: InputAudioBufferAppendEvent) -> None:
        duration_ms = len(event.audio) * self._input_ms
        end_ms = self._clock.appended(duration_ms, at_s * 1000)
        run = self._run
        if run is None or run.source != "client":
            emptied = replace(event, audio=b"")
            run = Entry(self._numbers + 1, at_s, end_ms - duration_ms, "client", emptied, count=0)
            self._append(run)
            self._run = run
        self._grow(run, len(event.audio), duration_ms)

    def _add_spoken(self, at_s: float, clock_ms: float, event: ResponseAudioDelta) -> None:
        run = self._run
        if run is None or run.source != "server" or run.event.item_id != event.item_id:
            run = Entry(self._numbers + 1, at_s, clock_ms, "server", replace(event, delta=b""), count=0)
            self._append(run)
            self._run = run
        self._grow(run, len(event.delta), len(event.delta) * self._output_ms)

    def _note(self, source: str, text: str, at_s: float) -> None:
        self._append(Entry(self._numbers + 1, at_s, self._clock.at(at_s * 1000), source, note=text))

    def _grow(self, run: Entry, size_bytes: int, duration_ms: float) -> None:
        run.count += 1
        run.size_bytes += size_bytes
        run.duration_ms += duration_ms
        self._revision += 1
        run.revision = self._revision

    def _append(self, entry: Entry) -> None:
        self._numbers += 1
        self._revision += 1
        entry.revision = self._revision
        self._run = None
        self._entries.append(entry)


def _ms_a_byte(audio_format: AudioFormat) -> float:
    return audio_format.duration_ms(1)
