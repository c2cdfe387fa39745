"""Plays the service's side of a tape to a client. Pure.

A message of the service is sent when the client has sent everything that came before it on the tape. What
the client sends is compared by its kind (type, and for an item the item's type) and its order; audio only by
its amount, since the same words never come in the same pieces twice. Two liberties are taken, because
clients differ in them and none is wrong: what belongs to a response that has begun waits neither for items
that the client made meanwhile, such as the results of tools, nor for audio.

Where the client departs from the tape it is told, and the tape goes on as well as it can: a message that is
not on the tape is passed over, and one that comes before its turn ends the waiting for those before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from pipecat_voicelive.protocol.redaction import base64_size_bytes, shown
from pipecat_voicelive.simulator.tapes.links import TapeLinks, inner, text
from pipecat_voicelive.simulator.tapes.tape import Tape, TapeEntry

_APPEND = "input_audio_buffer.append"
_LATE_BYTES = 4
"""How much less audio will do: clients keep back what is no whole sample."""
_OWN = frozenset({"event_id", "id", "previous_item_id", "metadata", "audio", "call_id", "item_id"})
"""Members that a client may give as it likes, or that are compared elsewhere."""
_MAX_DIFFERENCES = 6


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a client did something else than the tape says.

    Attributes:
        line: The line of the tape that was next, 0 for none.
        expected: What should have come, "" for nothing more.
        got: What came, "" for nothing.
        differences: Where both are of one kind, what differs inside.
    """

    line: int
    expected: str
    got: str
    differences: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, and one for each difference."""
        if self.differences:
            return "\n    ".join([f"line {self.line}: {self.expected} differs", *self.differences])
        if not self.expected:
            return f"expected nothing more, got {self.got}"
        return f"line {self.line}: expected {self.expected}, got {self.got or 'nothing'}"


class Playback:
    """One client's way through a tape.

    Args:
        tape: The tape.
        real_time: Send by the recorded times, whatever the client does.
    """

    def __init__(self, tape: Tape, *, real_time: bool = False) -> None:
        self._entries = tape.entries
        self._real_time = real_time
        self._links = TapeLinks(tape.entries)
        self._to_send = [place for place, entry in enumerate(tape.entries) if entry.source == "server"]
        clients = [place for place, entry in enumerate(tape.entries) if entry.source == "client"]
        self._expected = [place for place in clients if tape.entries[place].type != _APPEND]
        self._audio = [place for place in clients if tape.entries[place].type == _APPEND]
        self._passed_over: list[int] = []
        self._heard_bytes = self._taped_bytes = 0
        self._begun: set[str] = set()
        self._renamed: dict[str, str] = {}
        self._metadata: dict[str, dict[str, Any]] = {}
        self._began_s: float | None = None
        self.departures: list[Departure] = []
        """Where the client departed from the tape, in order."""

    @property
    def is_over(self) -> bool:
        """Whether everything has been sent."""
        return not self._to_send

    @property
    def left(self) -> int:
        """How many messages have not been sent."""
        return len(self._to_send)

    @property
    def deadline_s(self) -> float | None:
        """When something is due by its time, None if nothing is."""
        if not self._real_time or not self._to_send or self._began_s is None:
            return None
        return self._began_s + (self._entries[self._to_send[0]].at_s or 0.0)

    def start(self, now_s: float) -> list[dict[str, Any]]:
        """The connection is open; what is sent of itself."""
        self._began_s = now_s
        return self.advance(now_s)

    def advance(self, now_s: float) -> list[dict[str, Any]]:
        """What is due."""
        return [self._as_sent(place) for place in self._released(now_s)]

    def take(self, event: dict[str, Any], now_s: float) -> list[dict[str, Any]]:
        """A message of the client, and what is sent then."""
        if event.get("type") == _APPEND:
            audio = event.get("audio")
            self._hear(base64_size_bytes(audio) if isinstance(audio, str) else 0)
        else:
            self._compare(event)
        return self.advance(now_s)

    def end(self) -> None:
        """The client has gone; tells what it has not done."""
        if self._expected and not self.is_over:
            entry = self._entries[self._expected[0]]
            self.departures.append(Departure(entry.line, kind_of(entry.event), ""))

    def _hear(self, size_bytes: int) -> None:
        self._heard_bytes += size_bytes
        while self._audio:
            taped_bytes = self._taped_bytes + _audio_bytes(self._entries[self._audio[0]])
            if taped_bytes > self._heard_bytes + _LATE_BYTES:
                return
            self._taped_bytes = taped_bytes
            self._audio.pop(0)

    def _compare(self, event: dict[str, Any]) -> None:
        kind = kind_of(event)
        for waiting in (self._passed_over, self._expected):
            place = next((place for place in waiting if kind_of(self._entries[place].event) == kind), None)
            if place is None:
                continue
            if waiting is self._expected:
                self._skip_to(place, kind)
            waiting.remove(place)
            self._link(place, event)
            differences = tuple(_differences(self._entries[place].event, event))
            if differences:
                self.departures.append(Departure(self._entries[place].line, kind, "", differences))
            return
        due = self._entries[self._expected[0]] if self._expected else None
        self.departures.append(Departure(due.line if due else 0, kind_of(due.event) if due else "", kind))

    def _skip_to(self, place: int, kind: str) -> None:
        """What should have come before is not waited for any more."""
        while self._expected[0] != place:
            missed = self._expected.pop(0)
            entry = self._entries[missed]
            self.departures.append(Departure(entry.line, kind_of(entry.event), kind))
            self._passed_over.append(missed)

    def _link(self, place: int, event: dict[str, Any]) -> None:
        taped = self._entries[place].event
        for was, now in (
            (text(taped, "event_id"), text(event, "event_id")),
            (self._links.item_made_by(place) or "", text(inner(event, "item"), "id")),
        ):
            if was and now and was != now:
                self._renamed[was] = now
        response_id = self._links.response_to(place)
        metadata = inner(inner(event, "response"), "metadata")
        if response_id and metadata:
            self._metadata[response_id] = metadata

    def _released(self, now_s: float) -> Iterator[int]:
        """Takes what may be sent now off the list."""
        overtaking = False
        for place in list(self._to_send):
            if self._real_time:
                if self._began_s is None or now_s < self._began_s + (self._entries[place].at_s or 0.0):
                    return
            elif self._waits(place):
                if not self._links.confirms_item(place):
                    return
                overtaking = True
                continue
            elif overtaking and self._links.response_at(place) not in self._begun:
                return
            self._to_send.remove(place)
            if self._entries[place].type == "response.created":
                self._begun.add(self._links.response_at(place))
            yield place

    def _waits(self, place: int) -> bool:
        """Whether the client has yet to send something that came before."""
        began = self._links.began.get(self._links.response_at(place), len(self._entries))
        if self._audio and self._audio[0] < min(place, began):
            return True
        for expected in self._expected:
            if expected > place:
                return False
            in_between = expected > began
            if not (in_between and self._entries[expected].type == "conversation.item.create"):
                return True
        return False

    def _as_sent(self, place: int) -> dict[str, Any]:
        event = self._entries[place].event
        response = inner(event, "response")
        metadata = self._metadata.get(text(response, "id"))
        if metadata is not None:
            event = {**event, "response": {**response, "metadata": metadata}}
        return cast("dict[str, Any]", self._with_new_ids(event)) if self._renamed else event

    def _with_new_ids(self, value: object) -> object:
        if isinstance(value, str):
            return self._renamed.get(value, value)
        if isinstance(value, list):
            return [self._with_new_ids(inside) for inside in cast("list[object]", value)]
        if isinstance(value, dict):
            members = cast("dict[str, object]", value)
            return {name: self._with_new_ids(inside) for name, inside in members.items()}
        return value


def kind_of(event: dict[str, Any]) -> str:
    """What an event is compared by, e.g. "conversation.item.create (function_call_output)"."""
    kind = str(event.get("type", ""))
    item_type = text(inner(event, "item"), "type")
    return f"{kind} ({item_type})" if item_type and kind == "conversation.item.create" else kind


def _audio_bytes(entry: TapeEntry) -> int:
    removed_bytes = entry.removed_bytes.get("audio")
    return removed_bytes if removed_bytes is not None else base64_size_bytes(text(entry.event, "audio"))


def _differences(taped: dict[str, Any], event: dict[str, Any]) -> list[str]:
    found = list(_compared(shown(taped), shown(event), ""))
    if len(found) > _MAX_DIFFERENCES:
        found[_MAX_DIFFERENCES:] = [f"and {len(found) - _MAX_DIFFERENCES} more"]
    return found


def _compared(taped: Any, got: Any, path: str) -> Iterator[str]:
    if isinstance(taped, dict) and isinstance(got, dict):
        left, right = cast("dict[str, object]", taped), cast("dict[str, object]", got)
        for name in [*left, *(name for name in right if name not in left)]:
            if name not in _OWN:
                yield from _compared(left.get(name), right.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(taped, list) and isinstance(got, list):
        first, second = cast("list[object]", taped), cast("list[object]", got)
        if len(first) != len(second):
            yield f"{path}: expected {len(first)} elements, got {len(second)}"
            return
        for place, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _compared(one, other, f"{path}[{place}]")
    elif taped != got:
        yield f"{path}: expected {_brief(taped)}, got {_brief(got)}"


def _brief(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= 120 else f"{told[:117]}..."
