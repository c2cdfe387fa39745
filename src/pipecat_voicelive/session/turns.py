"""Whose turn it is.

    Quiet ──speech_started / StartTurn──▶ Speaking ──speech_stopped / CommitTurn──▶ Answering ──▶ Quiet
      └──another connection was left in it──▲

Answering ends when a response begins, or when none has begun within `GRACE_S`: a cough brings no answer,
and neither does a turn detection that was told not to (`create_response: false`). Speaking ends after
`LONGEST_TURN_S` at the latest: its end may never be told, and what is owed must not wait for ever.

A turn that another connection was left in is heard again from its beginning (`caller_audio`), and what was
told of it is not told twice. If nothing is heard of it within `HEAR_S`, it is over.

While an answer follows of itself nothing else is asked for; when a turn has brought none, what is owed is.
An answer that the service would have given, were it not for a response that it was told not to stop
(`interrupt_response: false`), is owed too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.client_events import InputAudioBufferAppendEvent
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.caller_audio import CallerAudio, SpokenTurn
from pipecat_voicelive.session.calls import Calls
from pipecat_voicelive.session.entry import audio_item
from pipecat_voicelive.session.outbox import Outbox
from pipecat_voicelive.session.response import Responses, Wish

GRACE_S = 2.0
"""How long after the caller's turn the service's own answer is waited for."""

UNNOTICED_S = 30.0
"""How long a connection may be dead before that is noticed: an answer that was due when it died is still."""

HEAR_S = 3.0
"""How long a new session may take to hear what is known to be speech."""

DEAD_FOR_S = 18.0
"""A connection that dies is found dead in so much time at most, with the usual pings."""

LONGEST_TURN_S = 90.0
"""How long a turn lasts whose end is never told: nobody else gets the floor until then."""

_REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody has the floor."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """The caller speaks.

    Attributes:
        until_s: When the turn counts as over though nobody said so.
        heard_by_service: Who noticed: its turn detection, or ours (manual turns).
        stopped: The response that ran when the service noticed, and that it therefore stops itself.
    """

    until_s: float
    heard_by_service: bool
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Answering:
    """The caller has finished; the service may answer of its own accord until then."""

    until_s: float


Turn: TypeAlias = Quiet | Speaking | Answering


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What the service's turn detection does, as far as it matters here.

    Attributes:
        creates_response: Whether the end of a turn brings a response.
        interrupts_response: Whether speech cancels a running response.
        truncates: Whether it cuts the interrupted item itself.
        manual: Whether there is none, and turns are made here.
    """

    creates_response: bool = True
    interrupts_response: bool = True
    truncates: bool = False
    manual: bool = False

    @classmethod
    def of(cls, turn_detection: dict[str, Any] | None) -> TurnRules:
        """The rules in an effective session; null means that there is no turn detection."""
        if turn_detection is None:
            return cls(creates_response=False, interrupts_response=False, manual=True)
        return cls(
            creates_response=turn_detection.get("create_response") is not False,
            interrupts_response=turn_detection.get("interrupt_response") is not False,
            truncates=turn_detection.get("auto_truncate") is True,
        )


class Turns:
    """The turns of one conversation.

    Attributes:
        rules: What the turn detection in effect does.
        caller: The caller's audio, as far as it may have to be heard again.
    """

    def __init__(self, out: Outbox, responses: Responses, calls: Calls) -> None:
        self.rules = TurnRules()
        self.caller = CallerAudio()
        self._lost_from_sight = False
        self._dead_by_s = 0.0
        self._answer_due = False
        self._due_until_s = 0.0
        self._out = out
        self._responses = responses
        self._calls = calls
        self._turn: Turn = Quiet()
        self._answer_ids: deque[str] = deque(maxlen=_REMEMBERED)

    @property
    def quiet(self) -> bool:
        """Whether nobody has the floor."""
        return isinstance(self._turn, Quiet)

    @property
    def answer_due(self) -> bool:
        """Whether the service may answer of its own accord."""
        return isinstance(self._turn, Answering)

    @property
    def heard(self) -> bool:
        """Whether the service hears the caller speak."""
        return isinstance(self._turn, Speaking) and self._turn.heard_by_service

    @property
    def silencing(self) -> bool:
        """Whether the service hears the caller and falls silent for it."""
        return self.heard and self.rules.interrupts_response

    @property
    def stopped(self) -> str | None:
        """The response that the service stops itself because the caller speaks."""
        return self._turn.stopped if isinstance(self._turn, Speaking) else None

    @property
    def answer_ids(self) -> frozenset[str]:
        """The responses that began since the service last heard the caller begin, the newest few."""
        return frozenset(self._answer_ids)

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has something to do."""
        return None if isinstance(self._turn, Quiet) else self._turn.until_s

    # --- turns that are made here ------------------------------------------------------------------

    def audio(self, audio: bytes) -> None:
        """The caller's audio."""
        self.caller.append(audio)
        self._out.unconfirmed.heard(len(audio))
        self._out.send(InputAudioBufferAppendEvent(audio=audio))

    def start(self, now_s: float) -> None:
        """The caller begins to speak."""
        self._turn = Speaking(now_s + LONGEST_TURN_S, heard_by_service=False)
        self.caller.begun()
        self._responses.hold()

    def commit(self) -> None:
        """The caller has finished, and wants an answer to what was said."""
        self._turn = Quiet()
        if self._commit():
            self._out.send(self._responses.want(Wish(items=self._out.unconfirmed.ids)))
        self._out.send(self._responses.release())

    def _commit(self) -> bool:
        """Make an item of what was heard since the last turn. Returns whether anything was."""
        if commit := self._out.unconfirmed.commit():
            self.caller.ended(str(commit.event_id))
            self._out.send(commit)
        else:
            self.caller.silent()
        return commit is not None

    # --- turns that the service tells of -----------------------------------------------------------

    def speech_started(self, event: se.InputAudioBufferSpeechStarted, now_s: float) -> None:
        """The service hears the caller."""
        again = self._lost_from_sight and self.caller.turn is not None
        self._lost_from_sight = False
        if again:
            self.caller.heard_again(event.item_id, event.audio_start_ms)
        else:
            self.caller.started(event.item_id, event.audio_start_ms)
            self._out.tell(fx.UserSpeechStarted(event.item_id, event.audio_start_ms))
        self._answer_due = False
        self._answer_ids.clear()
        stopped = self._responses.active_id if self.rules.interrupts_response else None
        self._turn = Speaking(now_s + LONGEST_TURN_S, heard_by_service=True, stopped=stopped)
        if self.rules.creates_response:
            self._responses.hold()

    def speech_stopped(self, event: se.InputAudioBufferSpeechStopped, now_s: float) -> None:
        """The service has heard the caller finish."""
        if self.caller.stopped(event.item_id, event.audio_end_ms):
            self._out.tell(fx.UserSpeechStopped(event.item_id, event.audio_end_ms))
        if self.rules.creates_response:
            self._turn = Answering(now_s + GRACE_S)
            self._due_until_s = now_s + UNNOTICED_S
            self._responses.hold()
        else:
            self._over()

    def committed(self, event: se.InputAudioBufferCommitted, *, transcribes: bool) -> None:
        """What the caller said is an item. Without a transcript to come it stands as its audio."""
        self._out.unconfirmed.committed()
        self._answer_due = True
        self._out.history.turn(event.item_id, event.previous_item_id)
        audio = self.caller.committed(event.item_id)
        self._out.history.keep_audio(event.item_id, audio, self.caller.audio_format)
        if not transcribes or self._out.history.is_transcribed(event.item_id):
            self.caller.known(event.item_id)

    def transcribed(self, item_id: str, transcript: str) -> None:
        """What was said in this item is known."""
        self._out.history.transcribed(item_id, transcript)
        if transcript.strip():  # else it is settled when it is answered
            self.caller.known(item_id)

    def cleared(self) -> None:
        """The service has thrown away what it heard."""
        self.caller.dropped()
        if isinstance(self._turn, Speaking) and self._turn.heard_by_service:
            self._over()

    def answered(self, response_id: str) -> None:
        """An answer begins."""
        self._answer_ids.append(response_id)
        if isinstance(self._turn, Answering):
            self._turn = Quiet()
            self._responses.held = False
        self._answer_due = False

    def unanswered(self) -> None:
        """The service would have answered the caller's turn, but a response ran: that answer is owed."""
        self._calls.want_answer()
        if isinstance(self._turn, Answering):
            self._turn = Quiet()
            self._out.send(self._responses.release())
        self._answer_due = False

    def tick(self, now_s: float) -> None:
        """Time has passed."""
        if isinstance(self._turn, Quiet) or now_s < self._turn.until_s:
            return
        if self._lost_from_sight and self._out.unconfirmed.ids and now_s < self._dead_by_s:
            # The service has not said that it has the conversation, which came before: it may be dead.
            self._turn = Speaking(now_s + HEAR_S, heard_by_service=False)
            return
        if isinstance(self._turn, Answering):
            self.caller.doubt()
        self._over()

    def lost(self) -> None:
        """The connection is gone: nobody is heard."""
        self._turn = Quiet()

    # --- another connection ------------------------------------------------------------------------

    def answer_was_due(self, now_s: float) -> bool:
        """Whether the service was to answer, of its own accord, a turn that is an item already.

        It may have died before it could, and longer ago than an answer is waited for.
        """
        return self._answer_due and self.rules.creates_response and now_s < self._due_until_s

    def give_up(self, turn: SpokenTurn) -> None:
        """This turn of another session cannot be heard again."""
        if not turn.end_told:
            self._out.tell(fx.UserSpeechStopped(turn.item_id, self.caller.end_ms))
        elif turn.is_item:
            self._out.tell(fx.UserTranscriptFailed(turn.item_id, None))

    def resume(self, audio: list[bytes], turn: SpokenTurn | None, now_s: float, *, manual: bool) -> None:
        """The caller is heard again, who was in this turn when another connection was left.

        Args:
            audio: What is to be heard again.
            turn: The turn, by its place in the audio, None if there was none.
            now_s: The present time.
            manual: Whether turns were made here.
        """
        commits_at = turn.end if turn is not None and turn.committed_by else None
        sent = 0
        for piece in audio:
            if commits_at is not None and sent < commits_at <= sent + len(piece):
                self.audio(piece[: commits_at - sent])
                self._commit()
                if after := piece[commits_at - sent :]:
                    self.audio(after)
            else:
                self.audio(piece)
            sent += len(piece)
        if turn is None or turn.committed_by:
            return
        self.caller.turn = turn
        self._turn = Speaking(now_s + LONGEST_TURN_S, heard_by_service=False)
        self._responses.hold()
        self._lost_from_sight = not manual

    def ready(self, sent_bytes: int, now_s: float) -> None:
        """The session hears the caller from now on; so much audio was waiting for that."""
        self.caller.sent(sent_bytes)
        self.listen(now_s)

    def listen(self, now_s: float) -> None:
        """What is known to be speech should be heard soon."""
        if self._lost_from_sight:
            self._turn = Speaking(now_s + HEAR_S, heard_by_service=False)
            self._dead_by_s = now_s + DEAD_FOR_S

    def _unheard(self) -> None:
        """A turn of another session is not heard by this one."""
        self._lost_from_sight = False
        turn, self.caller.turn = self.caller.turn, None
        if turn is None:
            return
        self.give_up(turn)
        kept = self.caller.between(turn.start, turn.end) if turn.is_item and turn.end is not None else []
        if kept:
            self._out.add_item(audio_item(b"".join(kept)))

    def _over(self) -> None:
        """The caller's turn brings no answer of itself: ask for what is owed."""
        if self._lost_from_sight:
            self._unheard()
        self._turn = Quiet()
        self._out.send(self._responses.release())
        self._calls.want_results_spoken_of()
