"""What a well-mannered client keeps to, checked on a record.

| rule | what it says |
| --- | --- |
| `before-ready` | before `session.updated` nothing is sent but `session.update` |
| `second-response` | no `response.create` while a response runs or was asked for |
| `tool-answers` | every call of a function is answered once, and no other |
| `audio-after-interruption` | the bot falls silent when the caller speaks, on the wire and on the transport |
| `truncation` | a truncation says what was really heard of the item |
| `errors` | the service refuses nothing |

A breach names the entry of the record that shows it. The two rules about sound need a transport that notes
what it played; without one they look at the wire only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import (
    ConversationItemCreateEvent,
    ConversationItemTruncateEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionUpdateEvent,
)
from pipecat_voicelive.protocol.server_events import (
    Error,
    InputAudioBufferSpeechStarted,
    ResponseAudioDelta,
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDone,
    SessionUpdated,
)
from pipecat_voicelive.testing.record import Entry, OnWire, Played

CROSSING_S = 0.05
"""How old news from the service may be without the client having read it."""

SILENT_WITHIN_S = 0.5
"""How long after the caller begins to speak the bot may still be heard."""

_GAP_S = 0.3
_NOTHING_TO_CANCEL = "response_cancel_not_active"
HEARD_WITHIN_S = 0.5
"""How far a truncation may be from what was played."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that was not kept.

    Attributes:
        rule: The rule.
        entry: The entry of the record that shows it.
        problem: What is wrong with it.
        code: The error's code, of an error.
    """

    rule: str
    entry: Entry
    problem: str
    code: str = ""


def breaches(entries: Sequence[Entry], *, allow: Sequence[str] = ()) -> list[Breach]:
    """Every rule that was not kept, in the order of the record.

    Args:
        entries: The record.
        allow: Rules that are not looked at, and codes of errors that are no breach.
    """
    order = {id(entry): place for place, entry in enumerate(entries)}
    found = [
        breach
        for rule, check in RULES.items()
        if rule not in allow
        for breach in check(entries)
        if breach.code not in allow or not breach.code
    ]
    return sorted(found, key=lambda breach: order[id(breach.entry)])


def check_rules(names: Sequence[str]) -> None:
    """Refuse names that are no rules.

    Raises:
        ConfigurationError: One is not.
    """
    for name in names:
        if name not in RULES:
            raise ConfigurationError(f"{name!r} is no rule of manners: there are {', '.join(RULES)}")


def _sessions(entries: Sequence[Entry]) -> Iterator[list[OnWire]]:
    sessions: dict[int, list[OnWire]] = {}
    for entry in entries:
        if isinstance(entry, OnWire):
            sessions.setdefault(entry.session, []).append(entry)
    yield from sessions.values()


def _before_ready(entries: Sequence[Entry]) -> Iterator[Breach]:
    for session in _sessions(entries):
        for entry in session:
            if isinstance(entry.event, SessionUpdated):
                break
            if entry.sender == "client" and not isinstance(entry.event, SessionUpdateEvent):
                yield Breach("before-ready", entry, f"{entry.event.type} was sent before session.updated")
                break  # once is enough: audio comes fifty times a second


@dataclass(slots=True)
class _Responses:
    asked: OnWire | None = None
    running: dict[str, tuple[float, bool]] = field(default_factory=dict[str, tuple[float, bool]])


def _second_response(entries: Sequence[Entry]) -> Iterator[Breach]:
    for session in _sessions(entries):
        state = _Responses()
        for entry in session:
            match entry.event:
                case ResponseCreateEvent(response=response):
                    if getattr(response, "conversation", None) == "none":
                        continue  # beside the conversation, as many as one likes
                    problem = _why_not_now(state, entry)
                    if problem:
                        yield Breach("second-response", entry, problem)
                    state.asked = entry
                case Error():
                    state.asked = None
                case ResponseCreated(response=response):
                    state.running[response.id] = (entry.at_s, state.asked is not None)
                    state.asked = None
                case ResponseDone(response=response):
                    state.running.pop(response.id, None)
                case _:
                    pass


def _why_not_now(state: _Responses, entry: OnWire) -> str:
    if state.asked is not None:
        return f"a response was asked for at {state.asked.at_s:.3f} s and has not begun yet"
    for response_id, (since_s, was_asked_for) in state.running.items():
        # One that turn detection began just now cannot have been known of.
        if was_asked_for or entry.at_s - since_s > CROSSING_S:
            return f"{response_id} is in progress since {since_s:.3f} s"
    return ""


def _tool_answers(entries: Sequence[Entry]) -> Iterator[Breach]:
    for session in _sessions(entries):
        calls: dict[str, tuple[OnWire, str]] = {}
        answered: set[str] = set()
        for entry in session:
            match entry.event:
                case ResponseFunctionCallArgumentsDone(call_id=call_id, name=name):
                    calls[call_id] = (entry, str(name))
                case ConversationItemCreateEvent(item=item) if item.type == "function_call_output":
                    call_id = str(item.call_id)
                    if call_id not in calls:
                        yield Breach("tool-answers", entry, f"there is no call {call_id}")
                    elif call_id in answered:
                        yield Breach("tool-answers", entry, f"{calls[call_id][1]} was answered before")
                    answered.add(call_id)
                case _:
                    pass
        for call_id, (entry, name) in calls.items():
            if call_id not in answered:
                yield Breach("tool-answers", entry, f"{name} was never answered")


def _audio_after_interruption(entries: Sequence[Entry]) -> Iterator[Breach]:
    over: set[str] = set()
    for entry in entries:
        match entry:
            case OnWire(event=ResponseDone(response=response)):
                over.add(response.id)
            case OnWire(event=ResponseAudioDelta(response_id=response_id)) if response_id in over:
                yield Breach("audio-after-interruption", entry, f"audio of {response_id}, which is over")
            case _:
                pass
    yield from _played_on(entries)


def _played_on(entries: Sequence[Entry]) -> Iterator[Breach]:
    """Sound of an answer that the caller has interrupted, on the transport."""
    interruptible = True
    playing_until_s = 0.0
    interrupted: OnWire | None = None
    for entry in entries:
        match entry:
            case OnWire(event=SessionUpdated(session=session)):
                interruptible = (session.turn_detection or {}).get("interrupt_response", True) is not False
            case OnWire(event=InputAudioBufferSpeechStarted()) if interruptible:
                # A busy machine plays a piece late; a bot that is silent by now will not be heard anyway.
                interrupted = entry if entry.at_s < playing_until_s + _GAP_S else None
            case OnWire(event=ResponseAudioDelta(response_id=response_id)) if interrupted is not None:
                if not _began_before(entries, response_id, interrupted):
                    interrupted = None  # what is heard from now on may be the next answer
            case Played(at_s, duration_s):
                playing_until_s = at_s + duration_s
                if interrupted is not None and at_s > interrupted.at_s + SILENT_WITHIN_S:
                    late_s = at_s - interrupted.at_s
                    problem = f"still heard {late_s:.1f} s after the caller began to speak"
                    yield Breach("audio-after-interruption", entry, problem)
                    interrupted = None
            case _:
                pass


def _began_before(entries: Sequence[Entry], response_id: str, entry: OnWire) -> bool:
    return any(
        isinstance(one, OnWire)
        and isinstance(one.event, ResponseCreated)
        and one.event.response.id == response_id
        and one.at_s <= entry.at_s
        for one in entries
    )


def _truncation(entries: Sequence[Entry]) -> Iterator[Breach]:
    played = [entry for entry in entries if isinstance(entry, Played)]
    begun: dict[str, tuple[float, bool]] = {}
    for entry in entries if played else ():
        if not isinstance(entry, OnWire):
            continue
        match entry.event:
            case ResponseAudioDelta(item_id=item_id) if item_id not in begun:
                alone = all(
                    piece.at_s + piece.duration_s <= entry.at_s
                    for piece in played
                    if piece.at_s <= entry.at_s
                )
                begun[item_id] = (entry.at_s, alone)
            case ConversationItemTruncateEvent(item_id=item_id, audio_end_ms=audio_end_ms):
                since_s, alone = begun.get(item_id, (0.0, False))
                heard_s = sum(
                    min(piece.duration_s, max(0.0, entry.at_s - piece.at_s))
                    for piece in played
                    if since_s <= piece.at_s <= entry.at_s
                )
                claimed_s = audio_end_ms / 1000
                if claimed_s > heard_s + HEARD_WITHIN_S or (alone and claimed_s < heard_s - HEARD_WITHIN_S):
                    problem = f"it says that {claimed_s:.2f} s were heard, but {heard_s:.2f} s were played"
                    yield Breach("truncation", entry, problem)
            case _:
                pass


def _errors(entries: Sequence[Entry]) -> Iterator[Breach]:
    for session in _sessions(entries):
        sent: dict[str, str] = {}
        done_s, cancelled_s = -math.inf, math.inf
        for entry in session:
            event = entry.event
            event_id = getattr(event, "event_id", None)
            if entry.sender == "client" and isinstance(event_id, str):
                sent[event_id] = f"{event.type} ({event_id})"
            match event:
                case ResponseDone():
                    done_s = entry.at_s
                case ResponseCancelEvent():
                    cancelled_s = entry.at_s
                case Error(error=error):
                    if error.code == _NOTHING_TO_CANCEL and cancelled_s - done_s < CROSSING_S:
                        continue  # it cannot have known that the response was over
                    refused = sent.get(error.event_id or "", "an event")
                    yield Breach("errors", entry, f"the service refused {refused}", error.code or "")
                case _:
                    pass


RULES: Mapping[str, Callable[[Sequence[Entry]], Iterator[Breach]]] = {
    "before-ready": _before_ready,
    "second-response": _second_response,
    "tool-answers": _tool_answers,
    "audio-after-interruption": _audio_after_interruption,
    "truncation": _truncation,
    "errors": _errors,
}
"""Every rule, by its name."""
