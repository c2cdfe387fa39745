"""A record as people read it: who said what and when, and where it went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipecat_voicelive.protocol.client_events import ConversationItemTruncateEvent
from pipecat_voicelive.simulator.narration import narrated
from pipecat_voicelive.testing.conversation import Said, lines_of
from pipecat_voicelive.testing.record import CallerSpoke, Entry, OnWire, Played

if TYPE_CHECKING:
    from pipecat_voicelive.testing.manners import Breach

_SILENCE_S = 0.3
_LONGEST = 400


def transcript(
    entries: Sequence[Entry], breaches: Iterable[Breach] = (), *, heard: dict[str, str] | None = None
) -> str:
    """The record, a line each that says something to people; lines of breaches are marked with `!!`.

    Args:
        entries: The record.
        breaches: What is marked.
        heard: By the id of an item that was truncated, what the caller heard of it.
    """
    marks: dict[int, list[str]] = {}
    for breach in breaches:
        marks.setdefault(id(breach.entry), []).append(f"{breach.rule}: {breach.problem}")
    several = len({entry.session for entry in entries if isinstance(entry, OnWire)}) > 1
    lines: list[str] = []
    for entry, text in _told(entries, set(marks), heard or {}):
        number = f"[{entry.session}] " if several and isinstance(entry, OnWire) else ""
        wrong = marks.get(id(entry), [])
        lines.append(f"{'!!' if wrong else '  '} {entry.at_s:8.3f} s  {number}{_short(text)}")
        lines += [f"{'':14}^ {problem}" for problem in wrong]
    return "\n".join(lines) if lines else "(nothing happened: no client has connected)"


def _told(entries: Sequence[Entry], marked: set[int], heard: dict[str, str]) -> Iterable[tuple[Entry, str]]:
    playing_until_s = -1.0
    for entry in entries:
        match entry:
            case OnWire():
                text = _event_in_words(entry, heard)
                if not text and id(entry) in marked:
                    text = f"{entry.event.type} from the {entry.sender}"
            case CallerSpoke(end_s=end_s, text=said):
                text = f"(the caller says {said!r}, until {end_s:.3f} s)"
            case Played(at_s, duration_s):
                begins = at_s > playing_until_s + _SILENCE_S
                playing_until_s = at_s + duration_s
                text = "(the bot is heard)" if begins or id(entry) in marked else ""
        if text:
            yield entry, text


def _event_in_words(entry: OnWire, heard: dict[str, str]) -> str:
    text = narrated(entry.exchanged)
    match entry.event:
        case ConversationItemTruncateEvent(item_id=item_id) if item_id in heard:
            return f"{text}: the caller heard {heard[item_id]!r}"
        case _:
            return text


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[:_LONGEST]} ... ({len(flat)} characters)"


def conversation(wire: Sequence[OnWire], heard: dict[str, str]) -> list[str]:
    """What was said and called, a line each, as `Expect.conversation` compares them."""
    told: list[str] = []
    for line in lines_of(wire):
        if isinstance(line, Said):
            if line.text:
                told.append(f"{line.who}: {heard.get(line.item_id, line.text)}")
        else:
            told.append(f"bot calls: {line}")
    return told
