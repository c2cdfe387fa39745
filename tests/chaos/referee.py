"""What must be true of a call that is over. Each check gives its findings in words; none is good.

    lost            the call went on until the caller hung up
    unanswered      each turn has its answer: it began to be heard
    unsolicited     nothing else was answered, and nothing twice
    tools           each call was run at most once and has exactly one answer in the conversation
    conversation    the service's last session holds what the context holds, within ten seconds of silence
    after           no sound of an answer after the interruption that ended it
    holes           what was heard of an answer is without a gap
    errors          no error frame but for what the service was told to refuse

**The conversation.** Context and last session are brought into one form (`sides`): lines of the caller,
answers with their words, calls, in order. Both must have the same entries in the same order, but for this:

- An answer that was cut (the caller spoke over it, or its connection was lost) may differ by `CUT_WORDS`
  words, and one of which less was heard may be missing on one side: both sides estimate from times where it
  was cut, and the transport plays in pieces of 100 ms.
- A line whose transcript the service was told to withhold (`transcribe empty`, `never`, `fail`) may be
  missing on either side: nobody but the service knows its words, and it lost them with its session.
- A line whose transcript was told to be late may stand after the answer to it.
- A line that comes while the bot speaks and does not interrupt it may stand before the answer that is being
  spoken: Pipecat writes answers down when they have been heard.
- A spoken line whose answer was refused may stand behind what was typed next: Pipecat writes a spoken line
  down when its answer begins.
- A call whose session was lost while its tool ran stands in later ones as a message with its result, not as
  a call. The simulator goes by calls, so it may make such a call once more when it is asked before the result
  is there; that is not counted as running a tool twice.
- A call that was never handed over, because its answer was cut or failed, may be missing in the context.
- In calls with damaged messages nothing of this is compared.

A turn whose words the service withheld, and whose session was lost before the answer, is known to nobody:
one for each such fault may go unanswered, or its predecessor be answered once more. So may one spoken turn
for each network that dies without a word: that is noticed only after seconds, and of what nobody told of by
then the last three are heard again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from chaos.bot import OUT_HZ
from chaos.call import Evidence
from chaos.sides import Entry, marks_of_server, of_context, of_server
from chaos.words import codes_in

CUT_WORDS = 3
"""How far context and service may be apart about an answer that was cut: a second."""

STILL_HEARD_S = 0.25
"""How long after an interruption a piece of sound may end that began before it."""


def findings(evidence: Evidence) -> dict[str, list[str]]:
    """What is wrong with a call, by check; every check has its list."""
    return {name: list(check(evidence)) for name, check in CHECKS.items()}


def agrees(evidence: Evidence) -> bool:
    """Whether both sides have the same conversation, results of tools included."""
    return not [*_conversation(evidence), *_tools(evidence)]


def faults_fired(evidence: Evidence) -> list[str]:
    """The faults that happened; one that befell many messages counts once."""
    return sorted(set(evidence.server["fired"]))


def refusals(evidence: Evidence) -> int:
    """How often the service was told to fail or refuse, and did."""
    kinds = ("fail-response", "rate-limit", "reject")
    return sum(fault.startswith(kinds) for fault in faults_fired(evidence))


def _forgotten(evidence: Evidence) -> int:
    """How many turns may be lost with their sessions: the service withheld their words before it was gone."""
    lost = len(_sessions(evidence)) > 1
    return _fired(evidence, "transcribe empty", "transcribe never", "transcribe fail") if lost else 0


def _dead_lines(evidence: Evidence) -> int:
    """How often a network died without a word; what is said into it is lost, but for the last 3 s."""
    return sum(
        fault.startswith("stop-reading") and not fault.startswith("stop-reading for")
        for fault in faults_fired(evidence)
    )


def _fired(evidence: Evidence, *kinds: str) -> int:
    return sum(fault.startswith(kinds) for fault in faults_fired(evidence))


def _sessions(evidence: Evidence) -> list[dict[str, Any]]:
    return evidence.server["sessions"]


def _last_items(evidence: Evidence) -> list[dict[str, Any]]:
    sessions = [session for session in _sessions(evidence) if session["ready"]]
    # One that was opened to take over, when the call ended, knows nothing yet.
    told = [session for session in sessions if session["items"]] or sessions
    return told[-1]["items"] if told else []


def _lines(evidence: Evidence) -> list[str]:
    return [turn.line for turn in evidence.plan.turns if turn.line]


def _lost(evidence: Evidence) -> Iterator[str]:
    if evidence.problem:
        yield evidence.problem


def _unanswered(evidence: Evidence) -> Iterator[str]:
    missing = [
        seen
        for seen in evidence.turns
        if seen.turn.answer and seen.answered_s is None and not evidence.problem
    ]
    for seen in [seen for seen in missing if seen.turn.kind == "spoken"][: _dead_lines(evidence)]:
        missing.remove(seen)
    excused = refusals(evidence) + _forgotten(evidence)
    if evidence.plan.damaged:
        return
    for seen in missing[excused:]:
        yield f"turn {seen.turn.number} ({seen.turn.kind}) was never answered"


def _unsolicited(evidence: Evidence) -> Iterator[str]:
    if evidence.plan.damaged:
        return
    begun = Counter(name for _, name, place, _ in _runs(evidence) if place == 0)
    written = Counter(entry.key.split(" ")[0] for entry in _context(evidence) if entry.who == "assistant")
    answers = begun | written
    runs = sum(seen.turn.kind == "run" for seen in evidence.turns)
    excused = refusals(evidence) + _forgotten(evidence)  # what was refused may be asked for again
    for name, times in answers.items():
        wanted = runs if name == "o0" else 1 if name in _expected(evidence) else 0
        excused -= max(0, times - wanted)
        if times > wanted and excused < 0:
            yield f"answer {name} was given {times} times, not {wanted}"


def _expected(evidence: Evidence) -> set[str]:
    return {"g0", *(seen.turn.answer for seen in evidence.turns)}


def _runs(evidence: Evidence) -> list[tuple[float, str, int, int]]:
    """What was heard, pieces of one word joined that a late chunk tore apart."""
    joined: list[tuple[float, str, int, int]] = []
    for at_s, name, place, samples in evidence.heard:
        if joined and joined[-1][1:3] == (name, place):
            joined[-1] = (*joined[-1][:3], joined[-1][3] + samples)
        else:
            joined.append((at_s, name, place, samples))
    return joined


def _tools(evidence: Evidence) -> Iterator[str]:
    log = evidence.bot.log
    for call_id, times in Counter(run[0] for run in log.runs).items():
        if times > 1:
            yield f"the handler of {call_id} ran {times} times"
    forgotten = _told_later(evidence)
    for (name, key), times in Counter(
        (run[1], run[2]) for run in log.runs if run[0] not in forgotten
    ).items():
        if times > 1 and not evidence.plan.damaged:
            yield f"{name} for {key} was run {times} times"
    for session in _sessions(evidence):
        given = Counter(
            item["call_id"] for item in session["created"] if item["type"] == "function_call_output"
        )
        for call_id, times in given.items():
            if times > 1:
                yield f"session {session['number']}: {call_id} was answered {times} times"
    if evidence.problem or evidence.plan.damaged:
        return
    items = _last_items(evidence)
    there = marks_of_server(items)
    for mark, times in Counter(log.results).items():
        if there[mark] != times:
            yield f"the result {mark} was given {times} times, and stands {there[mark]} times there"
    answered = Counter(item["call_id"] for item in items if item["type"] == "function_call_output")
    for item in items:
        if item["type"] == "function_call" and answered[item["call_id"]] != 1:
            mark_there = _is_told(item, log.runs, there)
            if not mark_there:
                yield f"{item['name']} ({item['call_id']}) has {answered[item['call_id']]} outputs"


def _told_later(evidence: Evidence) -> set[str]:
    """The calls whose session was lost before they had a result: later sessions know them as messages."""
    given = {
        item["call_id"]
        for session in _sessions(evidence)
        for item in session["items"]
        if item["type"] == "function_call_output"
    }
    earlier = {item["call_id"] for session in _sessions(evidence)[:-1] for item in session["items"]}
    last = {item["call_id"] for item in _last_items(evidence)}
    return ({call_id for call_id, _, _ in evidence.bot.log.runs} & earlier) - given - last


def _is_told(item: dict[str, Any], runs: list[tuple[str, str, str]], there: Counter[str]) -> bool:
    """Whether a call has its result in a message."""
    return any(there[f"{name}-{key}"] == 1 for call_id, name, key in runs if call_id == item["call_id"])


def _context(evidence: Evidence) -> list[Entry]:
    return of_context(evidence.bot.context.get_messages(), _lines(evidence))


def _conversation(evidence: Evidence) -> Iterator[str]:
    if evidence.problem or evidence.plan.damaged:
        return
    ours, theirs = _context(evidence), of_server(_last_items(evidence), _lines(evidence))
    cut = _cut(evidence)
    withheld = _fired(evidence, "transcribe empty", "transcribe never", "transcribe fail")
    told_later = _told_later(evidence)
    handed_over = {run[0] for run in evidence.bot.log.runs}
    for mine, other, where in ((ours, theirs, "the service"), (theirs, ours, "the context")):
        there = {entry.key for entry in other}
        for entry in mine:
            if entry.key in there:
                continue
            match entry.who:
                case "user" if withheld > 0:
                    withheld -= 1
                case "assistant" if _name(entry) in cut and entry.words <= CUT_WORDS:
                    pass
                case "call" if entry.key not in handed_over or entry.key in told_later:
                    pass
                case _:
                    yield f"{entry.who} {entry.key!r} ({entry.words} words) is not known to {where}"
    known = {entry.key: entry for entry in theirs}
    for entry in ours:
        other = known.get(entry.key)
        if other is None or entry.who != "assistant":
            continue
        apart = abs(other.words - entry.words)
        if apart > (CUT_WORDS if _name(entry) in cut else 0):
            yield f"of {entry.key} the context has {entry.words} words, the service {other.words}"
    yield from _out_of_order(evidence, ours, theirs)


def _name(entry: Entry) -> str:
    return entry.key.split(" ")[0]


def _cut(evidence: Evidence) -> set[str]:
    """The answers that did not come to their end: spoken over, failed, or lost with their connection."""
    cut = {seen.turn.answer for seen in evidence.turns if seen.cut}
    cut |= {name for _, names in evidence.bot.log.interruptions for name in names}
    for session in _sessions(evidence)[:-1]:
        cut |= set(_names_in(session))
    for session in _sessions(evidence):
        for response in session["responses"]:
            if response["status"] != "completed":
                cut |= set(_names_in({"items": [{"words": response["text"]}]}))
    return cut


def _names_in(session: dict[str, Any]) -> Iterator[str]:
    for item in session["items"]:
        yield from (name for name, _ in codes_in(item["words"] or ""))


def _out_of_order(evidence: Evidence, ours: list[Entry], theirs: list[Entry]) -> Iterator[str]:
    both = {entry.key for entry in ours} & {entry.key for entry in theirs}
    cuts = evidence.plan.turns_by != "uninterrupted"
    both -= {
        seen.turn.line for seen in evidence.turns if seen.over and not (cuts and seen.turn.kind == "spoken")
    }
    both -= {seen.turn.line for seen in evidence.turns if seen.answered_s is None}
    mine = [entry for entry in ours if entry.key in both and entry.who != "call"]
    other = [entry for entry in theirs if entry.key in both and entry.who != "call"]
    if _fired(evidence, "transcribe-late"):
        mine, other = _answers_only(mine), _answers_only(other)
    for one, another in zip(mine, other, strict=True):
        if one.key != another.key:
            yield f"the context goes on with {one.key!r}, the service with {another.key!r}"
            return


def _answers_only(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.who == "assistant"]


def _after(evidence: Evidence) -> Iterator[str]:
    yield from evidence.bot.log.late_audio
    for at_s, names in evidence.bot.log.interruptions if not _forgotten(evidence) else ():
        for start_s, name, place, samples in evidence.heard:
            if name in names and name != "o0" and start_s + samples / OUT_HZ > at_s + STILL_HEARD_S:
                late_s = start_s + samples / OUT_HZ - at_s
                yield f"word {place} of {name} was heard {late_s:.2f} s after it was cut at {at_s:.2f} s"
                break


def _holes(evidence: Evidence) -> Iterator[str]:
    if evidence.plan.damaged:
        return
    last: dict[str, int] = {}
    for at_s, name, place, _ in _runs(evidence):
        if place == 0 or name == "?":  # other words than ours are no answer's
            last[name] = place
            continue
        if place != last.get(name, -1) + 1:
            yield f"at {at_s:.2f} s word {place} of {name} followed word {last.get(name, -1)}"
        last[name] = place


def _errors(evidence: Evidence) -> Iterator[str]:
    if evidence.plan.damaged:
        return
    excused = refusals(evidence) + _fired(evidence, "transcribe fail", "transcribe never")
    yield from evidence.bot.log.errors[excused:]


CHECKS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "lost": _lost,
    "unanswered": _unanswered,
    "unsolicited": _unsolicited,
    "tools": _tools,
    "conversation": _conversation,
    "after": _after,
    "holes": _holes,
    "errors": _errors,
}
