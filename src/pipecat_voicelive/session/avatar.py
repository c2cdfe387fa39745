"""The avatar: whether there is one, and what it is saying.

Theory. With an avatar the service plays the answers itself, to whoever is connected to it. No audio comes
over the socket, or only to be kept (`output_audit_audio`), and everything arrives long before it is heard.
What is heard is known from two notices alone: the avatar begins to speak, the avatar is idle again.

    Still ──switch_to_speaking / output_audio_buffer.started──▶ it speaks
          ◀──switch_to_idle / output_audio_buffer.stopped, .cleared──┘

The service silences the avatar itself when it hears the caller, and says so before anybody here has decided
on an interruption. Then the answer waits, as it was cut, for that decision.

So an answer lasts until the avatar is idle after it, though the service is done with it before. Its words,
visemes and text come out by the time since the avatar began. An interruption has the service throw away what
is unsaid, and the conversation is cut where that clock stood: notices take about as long to us as picture and
sound to whoever sees them, so it is right to about the difference.

It may speak one answer right after another, and no notice comes between. Then the next is taken to begin
where the text of the last one ends. If the avatar is idle before half of that next one can have been heard,
it was the last one that ended, and a notice of the next will come.

An avatar that does not begin within `BEGIN_S` of the end of its response, or is not idle `SPEAK_S` after it,
has said it all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.client_events import OutputAudioBufferClearEvent, SessionAvatarConnectEvent
from pipecat_voicelive.protocol.codec import decode_base64
from pipecat_voicelive.protocol.items import SessionInfo
from pipecat_voicelive.protocol.sdp import decode_answer, encode_offer
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.answer import Answer, Out
from pipecat_voicelive.session.inputs import Heard
from pipecat_voicelive.session.playback import Playback
from pipecat_voicelive.session.unreadable import UnreadableEvents

BEGIN_S = 10.0
SPEAK_S = 300.0

_ROUNDING_MS = 1.0


AvatarEvent: TypeAlias = (
    se.SessionAvatarConnecting
    | se.SessionAvatarSwitchToSpeaking
    | se.SessionAvatarSwitchToIdle
    | se.ResponseVideoDelta
    | se.OutputAudioBufferStarted
    | se.OutputAudioBufferStopped
    | se.OutputAudioBufferCleared
)


class Avatar:
    """The avatar of one session, and the answer that it is giving."""

    def __init__(self, playback: Playback, unreadable: UnreadableEvents) -> None:
        self._playback = playback
        self._unreadable = unreadable
        self.present = False
        """Whether answers are the avatar's to speak."""
        self._speaks = False
        self._answer: Answer | None = None
        self._since_s: float | None = None
        self._next_s: float | None = None
        self._guessed = False
        self._until_s: float | None = None
        self._unsaid = False
        self._cut: Heard | None = None

    @property
    def speaking(self) -> bool:
        """Whether an answer is still being spoken whose response is done."""
        return self._until_s is not None

    @property
    def deadline_s(self) -> float | None:
        """When a `Tick` is due."""
        deadlines = [] if self._until_s is None else [self._until_s]
        if self._since_s is not None and self._answer and (next_ms := self._answer.next_ms) is not None:
            deadlines.append(self._since_s + (next_ms + _ROUNDING_MS) / 1000)
        if self._next_s is not None and self._answer and self._answer.has_speech:
            deadlines.append(self._next_s)
        return min(deadlines, default=None)

    def configured(self, session: SessionInfo) -> None:
        """Options are in effect."""
        self.present = session.avatar is not None

    def offer(self, sdp: str) -> SessionAvatarConnectEvent:
        """Somebody wants to see it."""
        return SessionAvatarConnectEvent(client_sdp=encode_offer(sdp))

    # --- what it says ------------------------------------------------------------------------------

    def created(self, answer: Answer) -> None:
        """A response begins, to be spoken after what is being said."""
        if self.present:
            self._answer, self._since_s, self._until_s, self._unsaid = answer, None, None, True
            self._guessed, self._cut = self._next_s is not None, None

    def done(self, answer: Answer, now_s: float, *, cancelled: bool) -> bool:
        """The response is done. Returns whether it is still to be spoken."""
        if self._answer is not answer:
            return False
        if cancelled or not answer.has_speech:
            self._unsaid = answer.has_speech and self._cut is None
            if answer.has_speech and self._cut is None:
                self._cut = self._heard(now_s)
            self._answer = self._since_s = None
            return False
        began = self._since_s is not None or self._next_s is not None
        self._until_s = now_s + (SPEAK_S if began else BEGIN_S)
        return True

    def take(self, event: AvatarEvent, now_s: float, *, caller_speaks: bool) -> Iterator[fx.Effect]:
        """The service speaks of it.

        Args:
            event: What it says.
            now_s: The present time.
            caller_speaks: Whether the caller speaks, and is to silence the avatar.
        """
        match event:
            case se.SessionAvatarConnecting():
                if (sdp := decode_answer(event.server_sdp)) is None:
                    yield from self._unreadable.tell(event.type, "an answer without SDP")
                else:
                    yield fx.AvatarAnswer(sdp)
            case se.ResponseVideoDelta():
                if (data := decode_base64(event.delta)) is None:
                    yield from self._unreadable.tell(event.type, "video that is no base64")
                else:
                    yield fx.AvatarVideo(event.codec or "", data, event.output_index, event.delta)
            case se.SessionAvatarSwitchToSpeaking():
                yield from self._begin(event.turn_id, now_s)
            case se.OutputAudioBufferStarted():
                yield from self._begin(None, now_s)
            case se.SessionAvatarSwitchToIdle():
                yield from self._end(event.turn_id, now_s, cut=caller_speaks)
            case se.OutputAudioBufferStopped():
                yield from self._end(None, now_s, cut=caller_speaks)
            case se.OutputAudioBufferCleared():
                yield from self._end(None, now_s, cut=True)

    def tick(self, now_s: float) -> Out:
        """Time has passed."""
        if self._next_s is not None and now_s >= self._next_s and self._answer and self._answer.has_speech:
            yield from self._begin_answer(now_s, guessed=True)
        if self._answer is not None and self._since_s is not None:
            yield from self._answer.heard((now_s - self._since_s) * 1000)
        if self._until_s is not None and now_s >= self._until_s:
            yield from self.finish()

    def next(self, now_s: float) -> Out:
        """Another response begins: one that is done has been said, as far as it is known."""
        if self.speaking:
            start_s = self._next_s if self._since_s is None else self._since_s
            end_s = None
            if self._speaks and self._answer is not None and start_s is not None:
                end_s = max(now_s, start_s + self._answer.end_ms / 1000)
            yield from self.finish()
            self._next_s = end_s

    def finish(self) -> Out:
        """What is being spoken has been said, as far as it is known."""
        answer, over = self._answer, self._until_s is not None
        self._since_s = self._next_s = self._until_s = None
        if answer is None:
            return
        if self._cut is not None:
            yield from self.lost()
            return
        self._playback.heard_out()
        yield from answer.end_speech(complete=True)
        if over:
            self._answer, self._unsaid = None, False
            yield from answer.close(interrupted=False)

    def interrupt(self, now_s: float) -> tuple[list[fx.Effect], Heard | None]:
        """What is being spoken is not wanted. Returns what comes of that, and what was heard of it.

        Nothing is thrown away at the service if nothing can be left there.
        """
        out: list[fx.Effect] = []
        if self._unsaid or self._speaks:
            out.append(fx.Send(OutputAudioBufferClearEvent()))
        heard = self._cut
        if heard is None and self._answer is not None:
            heard = self._heard(now_s)
        out += self.lost()
        return out, heard

    @property
    def unheard(self) -> Answer | None:
        """An answer that it has still to begin with, None if there is none."""
        return None if self._answer is None or self._answer.came_out else self._answer

    def lost(self) -> Out:
        """Nothing more is spoken."""
        answer, self._answer = self._answer, None
        self._since_s = self._next_s = self._until_s = self._cut = None
        self._unsaid = False
        if answer is not None:
            yield from answer.close(interrupted=True)

    def _heard(self, now_s: float) -> Heard:
        """How much of the answer was heard by now."""
        if self._answer is None or self._since_s is None:
            return Heard("", 0)
        return Heard(*self._answer.position((now_s - self._since_s) * 1000))

    def _begin(self, turn_id: str | None, now_s: float) -> Iterator[fx.Effect]:
        if self._since_s is None or self._guessed:
            yield from self._begin_answer(now_s)
        if not self._speaks:
            self._speaks = True
            yield fx.AvatarSpeaking(turn_id)

    def _begin_answer(self, now_s: float, *, guessed: bool = False) -> Out:
        if self._answer is not None:
            self._since_s, self._guessed = now_s, guessed
            self._next_s = self._cut = None
            if self._until_s is not None:
                self._until_s = now_s + SPEAK_S
            yield from self._answer.begin_speech()

    def _end(self, turn_id: str | None, now_s: float, *, cut: bool) -> Iterator[fx.Effect]:
        if not self._speaks:
            return
        self._speaks, self._next_s = False, None
        at_ms = None if self._since_s is None else (now_s - self._since_s) * 1000
        if self._answer is None:
            self._unsaid = False
        elif self._guessed and not cut and (at_ms is None or at_ms < self._answer.end_ms / 2):
            self._wait(now_s)
        elif self._since_s is not None and not cut:
            yield from self.finish()
        elif at_ms is not None:
            yield from self._answer.heard(at_ms)
            self._cut = self._heard(now_s)
            self._wait(now_s)
        yield fx.AvatarIdle(turn_id)

    def _wait(self, now_s: float) -> None:
        """It does not speak this answer at present, and may begin."""
        self._since_s, self._guessed = None, False
        if self._until_s is not None:
            self._until_s = now_s + BEGIN_S
