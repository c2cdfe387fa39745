"""How answers come out: each opens, closes and ends, and what was not heard of it is taken back.

    created ──▶ given ──response.done──▶ ending ──what the caller had said is known──▶ ended
                  └─────────────interruption────────┴──────────────────────────────────▲

One answer is given at a time, and one more may be ending: its response is done, but what the caller said
before it is not known yet, and a conversation is written down in the order in which it was held. It waits for
that no longer than `WAIT_S`, and not at all once another answer begins. When it ends its calls are handed
over. What an avatar still speaks closes later (`avatar`).

After an interruption nothing more comes out, and its calls are not run. The conversation is cut where the
caller stopped to hear it (`playback`). Items of which nothing was heard are taken out once their response is
no longer being written, and before anything else is asked for.
"""

from __future__ import annotations

from typing import TypeAlias

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.blendshapes import read_frames
from pipecat_voicelive.protocol.client_events import (
    ConversationItemDeleteEvent,
    ConversationItemTruncateEvent,
    ResponseCancelEvent,
)
from pipecat_voicelive.protocol.items import Response
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.answer import Answer, Part
from pipecat_voicelive.session.avatar import Avatar
from pipecat_voicelive.session.calls import Calls
from pipecat_voicelive.session.inputs import Heard
from pipecat_voicelive.session.outbox import Outbox
from pipecat_voicelive.session.playback import Playback
from pipecat_voicelive.session.response import Draining, Responses, Running, Wish
from pipecat_voicelive.session.setup import Setup
from pipecat_voicelive.session.transcripts import WAIT_S, Transcripts
from pipecat_voicelive.session.unreadable import UnreadableEvents

Output: TypeAlias = (
    Part
    | se.ResponseAnimationBlendshapesDelta
    | se.ResponseAudioTranscriptAnnotationAdded
    | se.ResponseOutputItemAdded
)


def _still_wanted(answer: Answer | None, *, calls: bool) -> Wish | None:
    """What an answer is wanted for of which nothing came out, or whose `calls` are lost."""
    if answer is None or (answer.came_out and not calls):
        return None
    return answer.wish or (Wish() if answer.answers else None)


class Delivery:
    """The answers of one conversation that are being given or are ending."""

    def __init__(
        self,
        out: Outbox,
        setup: Setup,
        responses: Responses,
        calls: Calls,
        transcripts: Transcripts,
        playback: Playback,
        avatar: Avatar,
        unreadable: UnreadableEvents,
        blendshape_rate_hz: float,
    ) -> None:
        self._out = out
        self._setup = setup
        self._responses = responses
        self._calls = calls
        self._transcripts = transcripts
        self._playback = playback
        self._avatar = avatar
        self._unreadable = unreadable
        self._blendshape_rate_hz = blendshape_rate_hz
        self._answer: Answer | None = None
        self._ending: tuple[Answer, Response, float] | None = None
        self._unfinished: str | None = None
        self._deletions: list[ConversationItemDeleteEvent] = []

    @property
    def ending(self) -> bool:
        """Whether an answer has still to end whose response is done."""
        return self._ending is not None

    @property
    def answering(self) -> bool:
        """Whether the caller has begun to hear an answer."""
        return self._answer is not None and self._answer.answers and self._answer.came_out

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has something to do."""
        return self._ending[2] if self._ending else None

    def created(self, response: Response, now_s: float, *, interim: bool) -> bool:
        """A response begins. Returns whether an answer does.

        Args:
            response: The response.
            now_s: The present time.
            interim: Whether one of the service's own is an interim response.
        """
        replaced_id = self._responses.active_id
        wish = self._responses.created(response, self._out.unconfirmed.ids, interim=interim)
        self._out.tell(*self._avatar.next(now_s))
        self._end()
        self._close(interrupted=True)
        self._cut_short()
        if replaced_id is not None:
            self._calls.replaced(replaced_id)
        if not isinstance(self._responses.active, Running):
            self._out.send(ResponseCancelEvent(response_id=response.id))
            return False
        self._answer = Answer(
            response.id,
            self._setup.output_format,
            self._blendshape_rate_hz,
            wish,
            elsewhere=self._avatar.present,
            answers=wish.is_answer if wish else not interim,
        )
        self._avatar.created(self._answer)
        if self._answer.answers:
            self._calls.answered()
        return True

    def take(self, event: Output) -> bool:
        """Output of some response comes. Returns whether it is the answer's, and so comes out."""
        answer = self._accepting(event.response_id)
        if isinstance(event, se.ResponseAnimationBlendshapesDelta):
            if (frames := read_frames(event.frames)) is None:
                self._out.tell(*self._unreadable.tell(event.type, "frames of no known form"))
            elif answer:
                self._out.tell(*answer.blendshapes(event.item_id, frames, event.frame_index))
        elif answer is None:
            if isinstance(event, se.ResponseOutputItemAdded) and self._responses.gives(event.response_id):
                self._out.history.begun(event.item, comes_out=False)
            return False
        elif isinstance(event, se.ResponseOutputItemAdded):
            self._out.tell(*answer.open())
            if answer.in_conversation:
                self._out.history.begun(event.item, comes_out=True)
        elif isinstance(event, se.ResponseAudioTranscriptAnnotationAdded):
            self._out.tell(*answer.annotation(event))
        elif not answer.has_room(event):
            self._out.tell(*self._unreadable.tell(event.type, "more of it in one answer than is kept"))
        else:
            if isinstance(event, se.ResponseAudioDelta) and answer.in_conversation:
                self._playback.received(event, answer.audio_format)
            elif isinstance(event, se.ResponseAudioTranscriptDelta) and answer.heard_elsewhere:
                self._playback.spoken_elsewhere(event)
            self._out.tell(*answer.take(event))
        return answer is not None

    def done(self, response: Response, now_s: float) -> None:
        """The response that was given is over; its answer ends now or soon."""
        answer, self._answer = self._answer, None
        if answer is None:
            self._calls.abandon(response.id)
            self._finished(response)
            return
        for item in response.output or ():
            self._out.history.changed(item)
        cancelled = response.status == "cancelled"
        if not self._avatar.done(answer, now_s, cancelled=cancelled):
            self._out.tell(*answer.end_speech(complete=not cancelled))
        self._ending = (answer, response, now_s + WAIT_S)
        self.transcripts_came()

    def transcripts_came(self) -> None:
        """What the caller said may be known by now."""
        if not self._transcripts.awaiting:
            self._end()

    def tick(self, now_s: float) -> None:
        """Time has passed."""
        self.transcripts_came()
        if self._ending and now_s >= self._ending[2]:
            self._end()

    def interrupt(
        self, heard: Heard | None, now_s: float, *, truncates: bool, but_for: frozenset[str] = frozenset()
    ) -> None:
        """Nothing more of the present answer is wanted.

        Args:
            heard: What was heard of it, if that is known.
            now_s: The present time.
            truncates: Whether the service cuts the conversation itself.
            but_for: Responses that go on. The avatar leaves what it said before them by itself.
        """
        if self._avatar.present and not but_for:
            effects, heard = self._avatar.interrupt(now_s)
            self._out.tell(*effects)
        if heard is not None and not truncates:
            truncations, deletions = self._playback.cut(heard, but_for)
            for truncation in truncations:
                self._cut(truncation)
            self._deletions += deletions
            for deletion in deletions:
                self._out.history.remove(deletion.item_id)
        self.delete_unheard()
        if self._ending and self._ending[0].response_id not in but_for:
            self._end(interrupted=True)
        if self._answer and self._answer.response_id not in but_for:
            self._close(interrupted=True)

    def delete_unheard(self) -> None:
        """Take unheard items out, but not while their response is still being written."""
        if not isinstance(self._responses.active, Draining):
            for deletion in self._deletions:
                self._out.send(deletion)
            self._deletions.clear()

    def leave(self) -> Wish | None:
        """The connection is left: what is done ends, and nothing else goes on.

        Returns:
            What an answer is still wanted for: the one of which nothing came out, or that had begun to call
            tools, none of which was run.
        """
        self._end()
        answer = self._answer
        calls = answer is not None and self._calls.in_hand(answer.response_id)
        self._close(interrupted=True)
        self._cut_short()
        self._deletions.clear()
        if answer is None and (answer := self._avatar.unheard) and self._calls.in_hand(answer.response_id):
            return None  # its calls bring another
        return _still_wanted(answer, calls=calls)

    def lost(self) -> None:
        """The connection is gone: no answer goes on, and none of their calls is run."""
        if self._ending:
            (answer, response, _), self._ending = self._ending, None
            self._out.tell(*answer.close(interrupted=True))
            self._finished(response)
        self._close(interrupted=True)
        self._cut_short()

    def _cut(self, truncation: ConversationItemTruncateEvent) -> None:
        """Cut an item to what was heard. One that is text there is replaced: it has no audio to cut."""
        shortened = self._out.history.shortened(truncation.item_id, truncation.audio_end_ms)
        if shortened is None:
            self._out.send(truncation)
            return
        item, previous_item_id = shortened
        self._out.send(ConversationItemDeleteEvent(item_id=truncation.item_id))
        if item is not None:
            self._out.add_item(item, previous_item_id)

    def _accepting(self, response_id: str) -> Answer | None:
        """The answer that output of this response belongs to, None if it is not to come out."""
        answer = self._answer
        return answer if answer is not None and answer.response_id == response_id else None

    def _end(self, *, interrupted: bool = False) -> None:
        """The answer that is done ends, now that what the caller had said is known, or is not waited for."""
        if self._ending is None:
            return
        (answer, response, _), self._ending = self._ending, None
        interrupted = interrupted or response.status == "cancelled"
        if interrupted or not self._avatar.speaking:
            self._out.tell(*answer.close(interrupted=interrupted))
        self._finished(response)
        if interrupted:
            self._calls.abandon(response.id)
        else:
            self._calls.hand_over(response.id)

    def _finished(self, response: Response) -> None:
        if response.id == self._unfinished:
            self._unfinished = None
        self._out.tell(fx.ResponseFinished(response))
        self._out.tell(*(fx.ItemUpdated(item.id, item) for item in response.output or () if item.id))

    def _close(self, *, interrupted: bool) -> None:
        if self._answer is not None:
            if self._answer.began:
                self._unfinished = self._answer.response_id
            self._out.tell(*self._answer.close(interrupted=interrupted))
            self._answer = None

    def _cut_short(self) -> None:
        """Of a response that had begun to come out, `response.done` will not come any more."""
        if self._unfinished is not None:
            details = {"type": "cancelled", "reason": fx.CUT_SHORT}
            self._finished(Response(id=self._unfinished, status="cancelled", status_details=details))
