"""Do the tests of the session find bugs? Puts known ones in, one at a time, and runs them.

    python tests/session/seeded_bugs.py            all bugs, two at a time
    python tests/session/seeded_bugs.py draining   those whose name holds this word

The sources are copied and the copy is broken; the working tree stays as it is. Exit status 1 if a bug
survives, 2 if a bug's text is not found exactly once (then the sources have changed: change the bug too).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
AT_A_TIME = 2
TIMEOUT_S = 120


class Bug(NamedTuple):
    """A change of one session source that makes it wrong."""

    name: str
    file: str
    right: str
    wrong: str


BUGS = [
    Bug(
        "an output that the service refuses is lost",
        "session.py",
        "told_otherwise = self._calls.refused(item_id)",
        "told_otherwise = False",
    ),
    # --- whose turn it is ---
    Bug(
        "a turn that could not be answered stays unanswered",
        "turns.py",
        "        self._calls.want_answer()\n        if isinstance(self._turn, Answering):",
        "        if isinstance(self._turn, Answering):",
    ),
    Bug(
        "the answer to the turn that interrupts is taken out of the conversation",
        "playback.py",
        "            if item_id in kept:\n                continue\n",
        "",
    ),
    # --- from one connection to the next ---
    Bug(
        "an answer that a loss cuts off is never finished",
        "delivery.py",
        "        self._cut_short()\n        self._deletions.clear()",
        "        self._deletions.clear()",
    ),
    Bug(
        "an interrupted answer is finished twice",
        "delivery.py",
        "        if response.id == self._unfinished:\n            self._unfinished = None\n",
        "",
    ),
    Bug(
        "audio that was told again is kept in the item too",
        "entry.py",
        "replace(item, content=UNSET) if self.audio else item",
        "item",
    ),
    Bug(
        "an answer in the middle is asked for again",
        "delivery.py",
        "if answer is None or (answer.came_out and not calls):\n        return None",
        "if answer is None:\n        return None",
    ),
    Bug(
        "an answer in the middle that had begun to call tools is not asked for again",
        "delivery.py",
        "calls = answer is not None and self._calls.in_hand(answer.response_id)",
        "calls = False",
    ),
    Bug(
        "a result that was sent before the loss and is refused after it is lost",
        "calls.py",
        "self._sent = outputs",
        "self._sent = {}",
    ),
    Bug(
        "an answer of which nothing came out is forgotten",
        "delivery.py",
        "return answer.wish or (Wish() if answer.answers else None)",
        "return None",
    ),
    Bug(
        "what was asked for is not asked for in the next session",
        "response.py",
        "wanted = [wish for wish in (unheard, asked, *self.owed) if wish is not None]",
        "wanted = [wish for wish in (unheard, *self.owed) if wish is not None]",
    ),
    Bug(
        "what was owed is not asked for in the next session",
        "response.py",
        "wanted = [wish for wish in (unheard, asked, *self.owed) if wish is not None]",
        "wanted = [wish for wish in (unheard, asked) if wish is not None]",
    ),
    Bug(
        "asks before the session is ready",
        "response.py",
        "if not self.ready or self.held or",
        "if self.held or",
    ),
    Bug(
        "a turn that the service was to answer is forgotten",
        "handover.py",
        "if unheard is None and turns.answer_was_due(now_s):",
        "if False:",
    ),
    Bug(
        "items are told in the order in which they were sent",
        "history.py",
        "            self._move(item_id, previous_item_id)\n        return entry.again",
        "            pass\n        return entry.again",
    ),
    Bug(
        "half a pair of call and output is told",
        "history.py",
        "entry.item.call_id not in pairs",
        "entry.item.call_id not in called",
    ),
    Bug(
        "a refused item is told the next session",
        "session.py",
        "        self._out.history.remove(item_id)\n        self._playback",
        "        self._playback",
    ),
    Bug(
        "an item told again is told of again",
        "history.py",
        "            self._move(item_id, previous_item_id)\n        return entry.again",
        "            self._move(item_id, previous_item_id)\n        return False",
    ),
    Bug(
        "an item told as text is cut as audio",
        "history.py",
        "if entry is None or not entry.again:",
        "if entry is None or entry:",
    ),
    Bug(
        "an interrupted answer is told whole",
        "entry.py",
        "if at_ms < cut_ms)",
        "if at_ms < cut_ms or cut_ms)",
    ),
    Bug(
        "the budget is nobody's",
        "history.py",
        "        self.trim(self.memory.budget_chars)\n",
        "",
    ),
    Bug(
        "audio of a settled turn is heard again",
        "caller_audio.py",
        "start = max(self._settled, arrived - self.audio_format.size_bytes(PREROLL_MS))",
        "start = self._end - self.audio_format.size_bytes(KEPT_MS)",
    ),
    Bug(
        "audio counts as arrived when it is sent",
        "caller_audio.py",
        "arrived = self._end if arrived_bytes is None else min(arrived_bytes, self._end)",
        "arrived = self._end",
    ),
    Bug(
        "a turn that no service told of in time counts as a cough",
        "caller_audio.py",
        "and not turn.is_item and arrived >= turn.cough_from",
        "and not turn.is_item",
    ),
    Bug(
        "an empty transcript settles a turn",
        "turns.py",
        "        if transcript.strip():  # else it is settled when it is answered\n            self.",
        "        if True:\n            self.",
    ),
    Bug(
        "the beginning of a turn is lost",
        "caller_audio.py",
        "        if turn is not None:\n            start = turn.start\n        elif",
        "        if turn is not None:\n            start = self._end\n        elif",
    ),
    Bug(
        "a turn that is heard again is told of again",
        "turns.py",
        "again = self._lost_from_sight and self.caller.turn is not None",
        "again = False",
    ),
    Bug(
        "a turn that nobody hears again stays open",
        "turns.py",
        "self._turn = Speaking(now_s + HEAR_S, heard_by_service=False)\n            self._dead_by_s",
        "self._turn = Speaking(now_s + LONGEST_TURN_S, heard_by_service=False)\n            self._dead_by_s",
    ),
    Bug(
        "a turn that a dead session does not hear counts as unheard",
        "turns.py",
        "if self._lost_from_sight and self._out.unconfirmed.ids and",
        "if False and",
    ),
    Bug(
        "a session that confirms nothing is taken for dead for ever",
        "turns.py",
        "self._dead_by_s = now_s + DEAD_FOR_S",
        "self._dead_by_s = float('inf')",
    ),
    Bug(
        "a manual turn is not committed again",
        "turns.py",
        "commits_at = turn.end if turn is not None and turn.committed_by else None",
        "commits_at = None",
    ),
    Bug(
        "the result of a call of another connection is an output",
        "tools.py",
        "replace(call, earlier=True) if isinstance(call, InHand) else call",
        "call",
    ),
    Bug(
        "results that wait are forgotten",
        "calls.py",
        "        self._results.resume(results)\n",
        "",
    ),
    Bug(
        "a question is forgotten",
        "asides.py",
        "waiting = (running, *self._waiting)",
        "waiting = tuple(self._waiting)",
    ),
    Bug(
        "what is sent as it is is sent twice",
        "session.py",
        "            self._out.raws.clear()\n",
        "",
    ),
    Bug(
        "audio that was dropped counts as sent",
        "caller_audio.py",
        "if never := max(0, self._end - size_bytes):",
        "if never := 0:",
    ),
    Bug(
        "summaries are asked for without end",
        "summaries.py",
        'if memory.oldest != "summarize" or self._running is not None:',
        'if memory.oldest != "summarize":',
    ),
    # --- which response runs ---
    Bug(
        "a request made in vain is answered after all",
        "response.py",
        "self.active = Draining(response.id)\n            return",
        "self.active = Running(response.id)\n            return",
    ),
    Bug(
        "output of any response comes out",
        "delivery.py",
        "answer if answer is not None and answer.response_id == response_id else None",
        "answer",
    ),
    Bug(
        "the end of any response is the end of the running one",
        "session.py",
        "if not self._responses.gives(response.id):\n            self._calls.tell(settled)",
        "if self._responses.active_id is None:\n            self._calls.tell(settled)",
    ),
    Bug(
        "asks while a request is under way",
        "response.py",
        " or not isinstance(self.request, NotAsked):\n            return None",
        ":\n            return None",
    ),
    Bug(
        "asks while a response runs",
        "response.py",
        "if not self.owed or not isinstance(self.active, Silent) or",
        "if not self.owed or",
    ),
    Bug(
        "asks while the caller speaks",
        "response.py",
        "if not self.ready or self.held or self.ask_again_at_s is not None or",
        "if not self.ready or self.ask_again_at_s is not None or",
    ),
    Bug(
        "hammers after a refusal",
        "response.py",
        "self.ask_again_at_s = now_s + ASK_AGAIN_S\n                return True, None",
        "return True, self.ask()",
    ),
    Bug(
        "a refused request is forgotten",
        "response.py",
        "self._owe_first(request.wish)\n            if isinstance(self.active",
        "if isinstance(self.active",
    ),
    Bug(
        "a request refused for its content is made again",
        "response.py",
        "isinstance(request, Asked) and code == ACTIVE_RESPONSE",
        "isinstance(request, Asked)",
    ),
    Bug(
        "the service's own response answers what it could not see",
        "response.py",
        "return self.properties is None and self.items.isdisjoint(unconfirmed)",
        "return self.properties is None",
    ),
    Bug(
        "a plain response answers a wish with properties",
        "response.py",
        "return self.properties is None and self.items.isdisjoint(unconfirmed)",
        "return self.items.isdisjoint(unconfirmed)",
    ),
    Bug(
        "the service's own response never answers a wish",
        "response.py",
        "if not interim:\n            self.owed",
        "if not interim and not self.owed:\n            self.owed",
    ),
    Bug(
        "answered twice: a request overtaken by its answer is not in vain",
        "response.py",
        "self.request = AskedInVain(self.request.event_id)\n        return None\n\n    def hold",
        "pass\n        return None\n\n    def hold",
    ),
    Bug(
        "metadata is not looked at",
        "response.py",
        "echoed = (response.metadata or {}).get(METADATA_KEY)",
        "echoed = None",
    ),
    Bug(
        "an interruption always drops what is owed",
        "response.py",
        "self.owed = tuple(wish for wish in self.owed if wish.survives_interruption(answers_do=keep_owed))",
        "self.owed = ()",
    ),
    Bug(
        "an interruption keeps what is owed",
        "response.py",
        "self.owed = tuple(wish for wish in self.owed if wish.survives_interruption(answers_do=keep_owed))",
        "pass",
    ),
    Bug(
        "a speech that waits survives an interruption while the caller speaks",
        "response.py",
        "return answers_do if self.speech is None else not self.speech.interruptible",
        "return answers_do",
    ),
    Bug(
        "a speech counts as the answer to tool results",
        "delivery.py",
        "answers=wish.is_answer if wish else not interim,",
        "answers=wish is not None or not interim,",
    ),
    Bug(
        "a speech keeps an answer from being asked for",
        "response.py",
        "or any(wish.speech is None for wish in self.owed)",
        "or bool(self.owed)",
    ),
    Bug(
        "an interruption forgets the request under way",
        "response.py",
        "self._owe_first(self.request.wish)\n            self.request = AskedInVain(self.request.event_id)",
        "self._owe_first(self.request.wish)\n            self.request = NotAsked()",
    ),
    Bug(
        "plain wishes are each answered",
        "response.py",
        "if wish.properties is not None or plain is None:",
        "if True:",
    ),
    Bug(
        "a wish put back goes to the end",
        "response.py",
        "self.owed = (wish, *self.owed)",
        "self.owed = (*self.owed, wish)",
    ),
    Bug(
        "a finished response begins again",
        "response.py",
        "return response_id in self._begun",
        "return False",
    ),
    Bug(
        "the first response is ours, whatever it says",
        "response.py",
        "if self.echoes is False and",
        "if not self.echoes and",
    ),
    Bug(
        "a service that gives no ids back is waited for",
        "response.py",
        "self.request, self.echoes = NotAsked(), False",
        "pass",
    ),
    Bug(
        "refusals of requests made in vain are not recognised",
        "response.py",
        "if isinstance(request, NotAsked) or request.event_id != event_id:",
        "if not isinstance(request, Asked) or request.event_id != event_id:",
    ),
    Bug(
        "an interim response is taken for the answer",
        "response.py",
        "if not interim:",
        "if True:",
    ),
    Bug(
        "an interim response is taken for one that speaks of the results",
        "delivery.py",
        "answers=wish.is_answer if wish else not interim,",
        "answers=wish is None or wish.is_answer,",
    ),
    Bug(
        "asks while a response out of band runs",
        "response.py",
        "or self.ask_again_at_s is not None or self.occupied:",
        "or self.ask_again_at_s is not None:",
    ),
    # --- out of band ---
    Bug(
        "a response out of band does not give way",
        "asides.py",
        "if question is None or not pause:",
        "if question is None:",
    ),
    Bug(
        "a withdrawn question runs on",
        "asides.py",
        "if question is None or not pause:",
        "if not pause:",
    ),
    Bug(
        "a question that gave way is not asked again",
        "asides.py",
        "self._waiting.appendleft(question)\n            return AskDeferred",
        "return AskDeferred",
    ),
    Bug(
        "an answer out of band told of late is an answer",
        "asides.py",
        "ours = request_id.startswith(self._event_id_prefix)",
        "ours = response.id == self.active_id",
    ),
    Bug(
        "the text of an earlier attempt is in the answer",
        "asides.py",
        "self._text.clear()",
        "pass",
    ),
    Bug(
        "a question is asked while somebody speaks",
        "session.py",
        "self.ready and self._responses.at_rest and self._turns.quiet",
        "self.ready and self._responses.at_rest",
    ),
    # --- the session ---
    Bug(
        "an interruption leaves brackets open",
        "delivery.py",
        "            self._close(interrupted=True)\n\n    def delete_unheard",
        "            pass\n\n    def delete_unheard",
    ),
    Bug(
        "a lost connection leaves brackets open",
        "delivery.py",
        "self._finished(response)\n        self._close(interrupted=True)\n",
        "self._finished(response)\n",
    ),
    Bug(
        "a new response leaves the old one open",
        "delivery.py",
        "self._close(interrupted=True)\n        self._cut_short()\n        if replaced_id",
        "self._cut_short()\n        if replaced_id",
    ),
    Bug(
        "a response that is drained is not cancelled",
        "delivery.py",
        "self._out.send(ResponseCancelEvent(response_id=response.id))\n            return False",
        "return False",
    ),
    Bug(
        "a turn that brings no answer never ends",
        "turns.py",
        "if isinstance(self._turn, Quiet) or now_s < self._turn.until_s:",
        "if not isinstance(self._turn, Speaking) or now_s < self._turn.until_s:",
    ),
    Bug(
        "a turn whose end is not told never ends",
        "turns.py",
        "if isinstance(self._turn, Quiet) or now_s < self._turn.until_s:",
        "if not isinstance(self._turn, Answering) or now_s < self._turn.until_s:",
    ),
    Bug(
        "the floor stays taken after the answer to a turn",
        "turns.py",
        "self._turn = Quiet()\n            self._responses.held = False",
        "self._turn = Quiet()",
    ),
    Bug(
        "results that wait are forgotten",
        "turns.py",
        "self._calls.want_results_spoken_of()",
        "pass",
    ),
    Bug(
        "results count as answered by a response that could not see them",
        "results.py",
        "for item_id in self._groups.keys() - unconfirmed:",
        "for item_id in list(self._groups):",
    ),
    Bug(
        "confirmed items are not noticed",
        "unconfirmed.py",
        'is in the conversation."""\n        self._ids.pop(item_id, None)',
        'is in the conversation."""',
    ),
    Bug(
        "refused items are waited for",
        "unconfirmed.py",
        "item_id = event_id.removeprefix(_CREATE)\n        self._ids.pop(item_id, None)",
        "item_id = event_id.removeprefix(_CREATE)",
    ),
    Bug(
        "a committed turn is not among what a response must see",
        "unconfirmed.py",
        "self._await(event_id)",
        "pass",
    ),
    Bug(
        "a committed turn is not answered",
        "turns.py",
        "self._out.send(self._responses.want(",
        "(lambda request: None)(self._responses.want(",
    ),
    Bug(
        "unheard items are deleted while they are written",
        "delivery.py",
        "if not isinstance(self._responses.active, Draining):\n            for",
        "if True:\n            for",
    ),
    Bug(
        "the next answer is asked for before unheard items are gone",
        "session.py",
        "self._delivery.delete_unheard()\n        self._out.send(request)",
        "self._out.send(request)\n        self._delivery.delete_unheard()",
    ),
    Bug(
        "the service's own interruption is not trusted",
        "session.py",
        "if cancel_id is not None and cancel_id != self._turns.stopped:",
        "if cancel_id is not None:",
    ),
    Bug(
        "a response begun during the speech is not cancelled",
        "session.py",
        "if cancel_id is not None and cancel_id != self._turns.stopped:",
        "if cancel_id is not None and not self._turns.silencing:",
    ),
    Bug(
        "late events make calls",
        "calls.py",
        "if self._responses.gives(event.response_id):\n            self._tools.complete(",
        "if event.response_id:\n            self._tools.complete(",
    ),
    # --- tools ---
    Bug(
        "a call is handed over as often as it is told of",
        "tools.py",
        "if call is None or isinstance(call, Announced):",
        "if not isinstance(call, InHand):",
    ),
    Bug(
        "calls of an interrupted response are left without an output",
        "tools.py",
        "for call_id, _ in self._complete_calls(response_id)]",
        "for call_id, _ in self._complete_calls(response_id)][:0]",
    ),
    Bug(
        "a call is answered twice",
        "tools.py",
        "case Answered():\n                return None",
        "case Answered():\n                return output_item(call_id, output)",
    ),
    Bug(
        "calls of other responses are handed over too",
        "tools.py",
        "if isinstance(call, Complete) and call.response_id == response_id",
        "if isinstance(call, Complete)",
    ),
    # --- transcripts ---
    Bug(
        "transcripts are told as they come",
        "transcripts.py",
        "if event is None:\n                return",
        "if event is None:\n                continue",
    ),
    Bug(
        "a second transcript is told",
        "transcripts.py",
        "return item_id in self._settled or item_id in self._ready",
        "return item_id in self._ready",
    ),
    Bug(
        "a transcript that never comes is waited for",
        "transcripts.py",
        "if until_s <= now_s]:\n            if item_id not in self._ready:",
        "if until_s <= now_s]:\n            if item_id in self._ready:",
    ),
    # --- answer, timeline, playback, setup ---
    Bug(
        "half a sample is lost",
        "timeline.py",
        'pcm, self._half_sample = self._half_sample + pcm, b""',
        'self._half_sample = b""',
    ),
    Bug(
        "blendshapes have no place",
        "timeline.py",
        "offset_ms = index * 1000 / self._frame_rate_hz",
        "offset_ms = 0.0",
    ),
    Bug(
        "an avatar's answer ends with its response",
        "avatar.py",
        "if cancelled or not answer.has_speech:",
        "if cancelled or answer.has_speech:",
    ),
    Bug(
        "an interrupted avatar speaks on",
        "avatar.py",
        "out.append(fx.Send(OutputAudioBufferClearEvent()))",
        "pass",
    ),
    Bug(
        "a silenced avatar has said it all",
        "avatar.py",
        "if self._since_s is not None and not cut:",
        "if self._since_s is not None:",
    ),
    Bug(
        "text of an item comes out during the next",
        "timeline.py",
        "yield from self._release(spoken, len(spoken.text))",
        "pass",
    ),
    Bug(
        "what is left at the end is lost",
        "timeline.py",
        "yield from self._release(text, len(text.text))",
        "yield from ()",
    ),
    Bug(
        "speech is never closed",
        "answer.py",
        "yield SpeechClosed(self.response_id)",
        "yield from ()",
    ),
    Bug(
        "items before the one being played count as unheard",
        "playback.py",
        "played_ms = item.received_ms if was_heard else 0",
        "played_ms = 0",
    ),
    Bug(
        "what was cut is cut again",
        "playback.py",
        "self._items = kept",
        "pass",
    ),
    Bug(
        "held events go out twice",
        "setup.py",
        "self._held.clear()",
        "pass",
    ),
    Bug(
        "unchanged options are sent again",
        "setup.py",
        "if self._wanted is None or self._wanted == self._sent:",
        "if self._wanted is None:",
    ),
    Bug(
        "a change that a running session refuses is sent",
        "setup.py",
        "if isinstance(self.phase, Ready) and running is not None:",
        "if False:",
    ),
    Bug(
        "a change that is held back takes the rest of its update with it",
        "lasting.py",
        "if name not in kept}",
        "if not kept}",
    ),
    Bug(
        "a change that is held back is told again and again",
        "setup.py",
        "if self._told[change.option] != told.get(change.option):",
        "if True:",
    ),
    Bug(
        "the newest audio is dropped",
        "setup.py",
        "oldest = next(held for held in self._held if",
        "oldest = next(held for held in reversed(self._held) if",
    ),
    # --- what the service runs itself ---
    Bug(
        "a remote call is told complete although it is over",
        "remote_calls.py",
        "self._over[call_id] = None",
        "self._calls[call_id] = Overdue(state.call)",
    ),
    Bug(
        "a remote call does not wait for those beside it",
        "remote_calls.py",
        "call.call.response_id == group and not isinstance(call, Overdue)",
        "call.call.response_id == group and isinstance(call, Overdue)",
    ),
    Bug(
        "a remote result is spoken of before its response is over",
        "remote_calls.py",
        "self._in_response.add(response_id)",
        "self._in_response.discard(response_id)",
    ),
    Bug(
        "a call that was stopped is waited for",
        "remote_calls.py",
        'told += self._end(call_id, "cancelled")',
        "pass",
    ),
    Bug(
        "silence approves",
        "calls.py",
        "AnswerApproval(request_id, approve=False)",
        "AnswerApproval(request_id, approve=True)",
    ),
    Bug(
        "a request that has been answered can be answered again",
        "remote_calls.py",
        "if not isinstance(state, AwaitingApproval):\n            return []",
        "if state is None:\n            return []",
    ),
    Bug(
        "a denied call is passed over in silence",
        "remote_effects.py",
        'in {"completed", "failed", "denied"}',
        'in {"completed", "failed"}',
    ),
    Bug(
        "a function that is not handed over yet is not waited for",
        "tools.py",
        "not isinstance(call, Answered) and call.response_id == group",
        "isinstance(call, InHand) and call.response_id == group",
    ),
    Bug(
        "a lost connection leaves remote calls running",
        "calls.py",
        "self._out.tell(*self._remote.lost())",
        "self._remote.lost()",
    ),
    Bug(
        "tools are told before they are complete",
        "tool_listing.py",
        "if told.completed and told != known else []",
        "if told != known else []",
    ),
]


def seed(bug: Bug, copy: Path) -> None:
    """Copy the sources and put the bug in."""
    shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = copy / "pipecat_voicelive" / "session" / bug.file
    broken = source.read_text().replace(bug.right, bug.wrong)
    compile(broken, bug.file, "exec")
    source.write_text(broken)


def found_by(bug: Bug) -> str:
    """The test that finds the bug, or "" if none does."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "src"
        seed(bug, copy)
        tests = [
            "tests/session",
            *(["tests/test_tapes.py"] if (ROOT / "tests/test_tapes.py").exists() else []),
        ]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=no", *tests]
        command.append("--ignore=tests/session/test_seeded_bugs.py")  # it looks at what is not broken
        environment = {
            **os.environ,
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_PROFILE": "seeded",
        }
        try:
            run = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "it never ended"
    if run.returncode == 0:
        return ""
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split("::", 1)[-1].split(" - ")[0] if failed else "it did not run"


def misplaced(bug: Bug) -> bool:
    source = ROOT / "src" / "pipecat_voicelive" / "session" / bug.file
    return source.read_text().count(bug.right) != 1


def main() -> int:
    bugs = [bug for bug in BUGS if all(word in bug.name for word in sys.argv[1:])]
    if lost := [bug.name for bug in bugs if misplaced(bug)]:
        print("These bugs do not fit the sources any more:", *lost, sep="\n  ")
        return 2
    begun_s = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        finders = list(pool.map(found_by, bugs))
    for bug, finder in zip(bugs, finders, strict=True):
        print(f"{'KILLED  ' if finder else 'SURVIVED'}  {bug.name:<70}  {finder}")
    survived = finders.count("")
    print(f"{len(bugs) - survived} of {len(bugs)} found in {time.monotonic() - begun_s:.0f} s")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
