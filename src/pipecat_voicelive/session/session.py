"""One conversation over one connection: every input in, every effect out, and nothing else.

`handle(input, now_s)` is synchronous and pure: no clock, no log, no I/O, and nothing a peer sends makes it
raise. So a change of state and what is to be sent for it are one step that nobody can interrupt. Time is
an input too: `deadline_s` says when a `Tick` is due.

The parts, in the order in which an input meets them:

    setup         which options the service has; holds everything back until it has some
    turns         whose turn it is
    transcripts   what the caller said
    tools         which calls were made and answered
    results       which of their results are still to be spoken of
    remote_calls  which calls the service runs itself; tool_listing: which tools its MCP servers have
    responses     which response runs, is asked for, is owed
    asides        what is asked out of band, in the pauses
    answer        what comes out of the running response, at its place in the audio
    playback      what was heard of it
    avatar        what is spoken elsewhere, to others
    wording       all that is sent, in the words of the API version
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.blendshapes import FRAME_RATE_HZ, read_frames
from pipecat_voicelive.protocol.client_events import (
    ClientEvent,
    ConversationItemDeleteEvent,
    InputAudioBufferAppendEvent,
    ResponseCancelEvent,
    ResponseProperties,
)
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem, ErrorDetails, Response, SessionInfo
from pipecat_voicelive.protocol.versions import DEFAULT_API_VERSION
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session import inputs
from pipecat_voicelive.session.answer import Answer
from pipecat_voicelive.session.asides import NO_IDS, Asides, Question
from pipecat_voicelive.session.avatar import Avatar
from pipecat_voicelive.session.ignored import IgnoredEvent
from pipecat_voicelive.session.playback import Playback
from pipecat_voicelive.session.remote_calls import (
    APPROVAL_TIMEOUT_S,
    CALL_ITEMS,
    CallEvent,
    RemoteCalls,
    approval_item,
)
from pipecat_voicelive.session.remote_effects import CallSignal, RemoteCallEnded
from pipecat_voicelive.session.response import (
    ACTIVE_RESPONSE,
    Draining,
    Responses,
    Running,
    Silent,
    Wish,
)
from pipecat_voicelive.session.results import Results
from pipecat_voicelive.session.setup import Setup
from pipecat_voicelive.session.speaking import wish_to_say
from pipecat_voicelive.session.tool_listing import ToolListings
from pipecat_voicelive.session.tools import Tools
from pipecat_voicelive.session.transcripts import WAIT_S, Transcripts
from pipecat_voicelive.session.turns import (
    GRACE_S,
    LONGEST_TURN_S,
    Answering,
    Quiet,
    Speaking,
    Turn,
    TurnRules,
)
from pipecat_voicelive.session.unconfirmed import Unconfirmed
from pipecat_voicelive.session.unreadable import UnreadableEvents
from pipecat_voicelive.session.wording import Wording

_ORDINARY_REFUSALS = frozenset({"response_cancel_not_active", "item_already_truncated"})
"""Refusals that follow from two sides acting at the same moment."""


class Session:
    """The state of one conversation.

    Args:
        id_prefix: Unique among sessions; begins the ids of the events and items made here.
        api_version: The version in whose words events are sent.
        blendshape_rate_hz: Frames of blendshapes a second.
        approval_timeout_s: How long an MCP call may wait for approval before it is denied.
    """

    def __init__(
        self,
        *,
        id_prefix: str,
        api_version: str = DEFAULT_API_VERSION,
        blendshape_rate_hz: float = FRAME_RATE_HZ,
        approval_timeout_s: float = APPROVAL_TIMEOUT_S,
    ) -> None:
        self._id_prefix = id_prefix
        self._wording = Wording(api_version)
        self._blendshape_rate_hz = blendshape_rate_hz
        self._setup = Setup(id_prefix)
        self._turn: Turn = Quiet()
        self._rules = TurnRules()
        self._transcripts = Transcripts()
        self._tools = Tools()
        self._listings = ToolListings()
        self._remote = RemoteCalls(approval_timeout_s)
        self._responses = Responses(id_prefix, echoes=None if self._wording.has_metadata else False)
        self._asides = Asides(id_prefix)
        self._answer: Answer | None = None
        self._ending: tuple[Answer, Response, float] | None = None
        self._playback = Playback()
        self._unreadable = UnreadableEvents()
        self._avatar = Avatar(self._playback, self._unreadable)
        self._items = 0
        self._unconfirmed = Unconfirmed(id_prefix)
        self._results = Results()
        self._deletions: list[ConversationItemDeleteEvent] = []
        self._out: list[fx.Effect] = []

    @property
    def ready(self) -> bool:
        """Whether the service has taken our options."""
        return self._setup.ready

    @property
    def info(self) -> SessionInfo | None:
        """The session as the service reported it last."""
        return self._setup.session

    @property
    def answer_pending(self) -> bool:
        """Whether anything is being said, asked for or owed, or a tool call is still to bring an answer."""
        return (
            self._responses.pending
            or self._ending is not None
            or self._avatar.speaking
            or self._tools.running
            or self._remote.pending
            or self.results_waiting
        )

    @property
    def answer_coming(self) -> bool:
        """Whether an answer of the model's own is being given, asked for or owed."""
        return self._responses.answer_coming

    @property
    def results_waiting(self) -> bool:
        """Whether a tool's result was given that no answer has spoken of."""
        return self._results.waiting

    @property
    def deadline_s(self) -> float | None:
        """When a `Tick` is due, None if time changes nothing."""
        deadlines = [
            self._responses.ask_again_at_s,
            self._responses.conclude_at_s,
            self._asides.ask_again_at_s,
            self._asides.give_up_at_s,
            self._transcripts.deadline_s,
            self._remote.deadline_s,
            self._avatar.deadline_s,
        ]
        if self._ending:
            deadlines.append(self._ending[2])
        if not isinstance(self._turn, Quiet):
            deadlines.append(self._turn.until_s)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle(self, event: inputs.Input, now_s: float) -> list[fx.Effect]:
        """What is to be done about this, in this order.

        Args:
            event: A server event, or an intent.
            now_s: The present time in seconds; may jump, never goes back.
        """
        self._out = []
        if isinstance(event, inputs.Intent):
            self._intent(event, now_s)
        else:
            self._server_event(event, now_s)
        if self._asides.waiting or self._responses.occupied:
            self._see_to_asides()
        return self._wording.of(self._out)

    # --- intents -----------------------------------------------------------------------------------

    def _intent(self, intent: inputs.Intent, now_s: float) -> None:  # noqa: C901 - one line a type
        match intent:
            case inputs.AppendAudio(audio):
                self._append_audio(audio)
            case inputs.Configure(session):
                update, held = self._setup.configure(session, spoken=self._playback.has_spoken)
                self._out += [fx.OptionWithheld(change.option, change.reason) for change in held]
                if update:
                    self._out.append(fx.Send(update))
            case inputs.AddItem(item):
                self._add_item(item)
            case inputs.Respond(properties, additional):
                self._want(properties, additional)
            case inputs.Speak():
                match wish_to_say(intent, self._wording.api_version):
                    case Wish() as wish:
                        self._ask(self._responses.want(wish))
                    case fx.OptionWithheld() as withheld:
                        self._out.append(withheld)
                    case None:
                        pass
            case inputs.Ask(ask_id) if self._responses.echoes is False:
                self._out.append(fx.AskRefused(ask_id, NO_IDS))
            case inputs.Ask(ask_id, properties):
                self._asides.want(Question(ask_id, properties))
            case inputs.Withdraw(ask_id):
                self._asides.withdraw(ask_id)
            case inputs.RespondToResults():
                self._results.want()
                self._speak_of_results()
            case inputs.AnswerTool(call_id, output, name, respond):
                group = self._tools.group_of(call_id)
                if answer := self._tools.answer(call_id, output, name):
                    item_id = self._add_item(answer)
                    if respond:
                        self._results.given(item_id, group)
                    self._speak_of_results()
            case inputs.AnswerApproval():
                self._answer_approval(intent, now_s)
            case inputs.StartTurn():
                self._turn = Speaking(now_s + LONGEST_TURN_S, heard_by_service=False)
                self._responses.hold()
            case inputs.CommitTurn():
                self._commit_turn()
            case inputs.Interrupt(heard):
                self._interrupt(heard, now_s)
            case inputs.ConnectAvatar(sdp_offer):
                self._send(self._avatar.offer(sdp_offer))
            case inputs.SendRaw(event):
                self._send(event)
            case inputs.Lost():
                self._lost()
            case inputs.Tick():
                self._tick(now_s)
            case _:
                assert_never(intent)

    def _append_audio(self, audio: bytes) -> None:
        self._unconfirmed.heard(len(audio))
        self._send(InputAudioBufferAppendEvent(audio=audio))

    def _commit_turn(self) -> None:
        self._turn = Quiet()
        if commit := self._unconfirmed.commit():
            self._send(commit)
            self._ask(self._responses.want(Wish(items=self._unconfirmed.ids)))
        self._ask(self._responses.release())

    def _interrupt(self, heard: inputs.Heard | None, now_s: float) -> None:
        stopped = self._turn.stopped if isinstance(self._turn, Speaking) else None
        cancel_id = self._responses.interrupt(keep_owed=self._responses.held)
        if cancel_id is not None and cancel_id != stopped:
            self._send(ResponseCancelEvent(response_id=cancel_id))
        if self._avatar.present:
            effects, heard = self._avatar.interrupt(now_s)
            self._out += effects
        if heard is not None and not self._rules.truncates:
            truncations, deletions = self._playback.cut(heard)
            for truncation in truncations:
                self._send(truncation)
            self._deletions += deletions
        self._delete_unheard()
        self._end_answer(interrupted=True)
        self._close_answer(interrupted=True)

    def _lost(self) -> None:
        if self._ending:
            (answer, response, _), self._ending = self._ending, None
            self._out += answer.close(interrupted=True)
            self._finished(response)
        self._close_answer(interrupted=True)
        self._out += self._remote.lost()
        self._out += self._avatar.lost()
        self._responses.lost()
        self._asides.lost()
        self._results.clear()
        self._turn = Quiet()

    def _tick(self, now_s: float) -> None:
        self._out += self._avatar.tick(now_s)
        self._out += self._transcripts.tick(now_s)
        self._transcripts_came()
        if self._ending and now_s >= self._ending[2]:
            self._end_answer()
        if not isinstance(self._turn, Quiet) and now_s >= self._turn.until_s:
            self._turn_is_over()
        for request_id in self._remote.overdue_requests(now_s):
            self._answer_approval(inputs.AnswerApproval(request_id, approve=False), now_s, timed_out=True)
        self._remote_came(self._remote.tick(now_s))
        self._out += self._asides.tick(now_s)
        self._ask(self._responses.tick(now_s))

    # --- server events -----------------------------------------------------------------------------

    def _server_event(self, event: se.ServerEvent, now_s: float) -> None:  # noqa: C901 - one line a type
        match event:
            case (
                se.ResponseAudioDelta()
                | se.ResponseAudioTranscriptDelta()
                | se.ResponseTextDelta()
                | se.ResponseAudioTimestampDelta()
                | se.ResponseAnimationVisemeDelta()
            ):
                if answer := self._accepting(event.response_id):
                    if isinstance(event, se.ResponseAudioDelta) and answer.in_conversation:
                        self._playback.received(event, answer.audio_format)
                    elif isinstance(event, se.ResponseAudioTranscriptDelta) and answer.heard_elsewhere:
                        self._playback.spoken_elsewhere(event)
                    self._out += answer.take(event)
                elif isinstance(event, se.ResponseTextDelta):
                    self._asides.text(event.response_id, event.delta)
            case se.ResponseAnimationBlendshapesDelta():
                if (frames := read_frames(event.frames)) is None:
                    self._out += self._unreadable.tell(event.type, "frames of no known form")
                elif answer := self._accepting(event.response_id):
                    self._out += answer.blendshapes(event.item_id, frames, event.frame_index)
            case se.ResponseFunctionCallArgumentsDone():
                if self._responses.gives(event.response_id):
                    self._tools.complete(event.response_id, event.call_id, event.name, event.arguments)
            case se.ResponseOutputItemAdded():
                if self._responses.gives(event.response_id):
                    self._tools.announced(event.response_id, event.item)
                if answer := self._accepting(event.response_id):
                    self._out += answer.open()
                self._remote_item(event.item, event.response_id, now_s)
            case se.ResponseOutputItemDone():
                self._remote_item(event.item, event.response_id, now_s)
            case se.ResponseAudioTranscriptAnnotationAdded():
                if answer := self._accepting(event.response_id):
                    self._out += answer.annotation(event)
            case se.ResponseCreated():
                self._response_created(event.response)
            case se.ResponseDone():
                self._response_done(event.response, now_s)
            case se.InputAudioBufferSpeechStarted():
                self._speech_started(now_s)
                self._out.append(fx.UserSpeechStarted(event.item_id, event.audio_start_ms))
            case se.InputAudioBufferSpeechStopped():
                self._out.append(fx.UserSpeechStopped(event.item_id, event.audio_end_ms))
                self._speech_stopped(now_s)
            case se.InputAudioBufferCommitted():
                self._unconfirmed.committed()
                self._transcripts.committed(event.item_id, now_s)
            case se.InputAudioBufferCleared():
                if isinstance(self._turn, Speaking) and self._turn.heard_by_service:
                    self._turn_is_over()
            case se.InputAudioTranscriptionDelta():
                if partial := self._transcripts.delta(event.item_id, event.delta or ""):
                    self._out.append(partial)
            case se.InputAudioTranscriptionCompleted():
                self._out += self._transcripts.completed(event)
                self._transcripts_came()
            case se.InputAudioTranscriptionFailed():
                self._out += self._transcripts.failed(event)
                self._transcripts_came()
            case se.ConversationItemCreated():
                self._unconfirmed.created(event.item.id or "")
                self._out.append(fx.ItemCreated(event.item))
                self._remote_item(event.item, self._responses.active_id, now_s)
            case se.ConversationItemDone():
                self._remote_item(event.item, self._responses.active_id, now_s)
            case se.ConversationItemTruncated() | se.ConversationItemDeleted():
                self._playback.truncated(event.item_id)
            case se.ResponseInvocationDelta():
                self._out.append(fx.AgentEvent(event.delta or {}))
            case se.SessionCreated():
                if update := self._setup.created():
                    self._out.append(fx.Send(update))
            case se.SessionUpdated():
                self._session_updated(event)
            case se.Error():
                self._refused(event.error, now_s)
            case se.Warning():
                self._out.append(fx.ServiceWarning(event.warning.message or "", event.warning.code))
            case (
                se.SessionAvatarConnecting()
                | se.SessionAvatarSwitchToSpeaking()
                | se.SessionAvatarSwitchToIdle()
                | se.ResponseVideoDelta()
                | se.OutputAudioBufferStarted()
                | se.OutputAudioBufferStopped()
                | se.OutputAudioBufferCleared()
            ):
                heard = isinstance(self._turn, Speaking) and self._turn.heard_by_service
                silenced = heard and self._rules.interrupts_response
                self._out += self._avatar.take(event, now_s, caller_speaks=silenced)
            case se.UnknownEvent(type=name):
                self._out += self._unreadable.tell(name, "unknown type")
            case se.MalformedEvent(type=name, problem=problem):
                self._out += self._unreadable.tell(name, problem)
            case se.McpListToolsInProgress() | se.McpListToolsCompleted() | se.McpListToolsFailed():
                self._out += self._listings.event(event)
            case _:
                if isinstance(event, CallEvent):
                    self._remote_came(self._remote.event(event, now_s))
                else:
                    _ignore(event)

    def _session_updated(self, event: se.SessionUpdated) -> None:
        first, held = self._setup.updated(event.session)
        self._rules = TurnRules.of(event.session.turn_detection)
        self._avatar.configured(event.session)
        self._transcripts.expected = event.session.input_audio_transcription is not None
        self._out.append(fx.SessionReady(event.session) if first else fx.SessionChanged(event.session))
        self._out += [fx.Send(waiting) for waiting in held]

    def _speech_started(self, now_s: float) -> None:
        active, stopped = self._responses.active, None
        if self._rules.interrupts_response and not isinstance(active, Silent):
            stopped = active.response_id
        self._turn = Speaking(now_s + LONGEST_TURN_S, heard_by_service=True, stopped=stopped)
        if self._rules.creates_response:
            self._responses.hold()

    def _speech_stopped(self, now_s: float) -> None:
        if self._rules.creates_response:
            self._turn = Answering(now_s + GRACE_S)
            self._responses.hold()
        else:
            self._turn_is_over()

    def _response_created(self, response: Response) -> None:
        if self._asides.created(response):
            self._responses.echoes = True
            return
        if self._responses.has_begun(response.id):
            return
        replaced = self._responses.active
        # The service answers of itself after a turn of the caller, and never in between.
        interim = self._setup.interim_responses and not isinstance(self._turn, Answering)
        wish = self._responses.created(response, self._unconfirmed.ids, interim=interim)
        self._out += self._avatar.next()
        self._end_answer()
        self._close_answer(interrupted=True)
        if not isinstance(replaced, Silent):
            self._give_outputs(self._tools.abandon(replaced.response_id))
            self._out += self._remote.response_done(replaced.response_id, "cancelled", 0.0)
        if not isinstance(self._responses.active, Running):
            self._send(ResponseCancelEvent(response_id=response.id))
            return
        self._answer = Answer(
            response.id,
            self._setup.output_format,
            self._blendshape_rate_hz,
            wish,
            elsewhere=self._avatar.present,
        )
        self._avatar.created(self._answer)
        if wish.speech is None if wish else not interim:
            self._results.answered(self._unconfirmed.ids)
        if isinstance(self._turn, Answering):
            self._turn = Quiet()
            self._responses.held = False

    def _response_done(self, response: Response, now_s: float) -> None:
        if aside := self._asides.done(response):
            self._out.append(aside)
            return
        for item in response.output or ():
            self._remote_item(item, response.id, now_s)
        settled = self._remote.response_done(response.id, response.status, now_s)
        if not self._responses.gives(response.id):
            self._remote_came(settled)
            return
        for item in response.output or ():
            if item.type == "function_call" and item.status == "completed" and item.call_id:
                self._tools.complete(response.id, item.call_id, item.name or None, item.arguments or "")
        answer, self._answer = self._answer, None
        if answer is None:
            self._give_outputs(self._tools.abandon(response.id))
            self._finished(response)
        else:
            if not self._avatar.done(answer, now_s):
                self._out += answer.end_speech(complete=response.status != "cancelled")
            self._ending = (answer, response, now_s + WAIT_S)
            if not self._transcripts.awaiting:
                self._end_answer()
        self._remote_came(settled)
        request = self._responses.done(now_s)
        if not self._responses.echoes:
            self._asides.doubt(now_s)
        self._delete_unheard()
        self._ask(request)

    def _end_answer(self, *, interrupted: bool = False) -> None:
        """The answer that is done ends, now that what the caller had said is known, or is not waited for."""
        if self._ending is None:
            return
        (answer, response, _), self._ending = self._ending, None
        interrupted = interrupted or response.status == "cancelled"
        if interrupted or not self._avatar.speaking:
            self._out += answer.close(interrupted=interrupted)
        self._finished(response)
        if interrupted:
            self._give_outputs(self._tools.abandon(response.id))
            return
        calls, outputs = self._tools.hand_over(response.id)
        given = self._give_outputs(outputs)
        if calls:
            self._out.append(fx.ToolCalls(response.id, calls))
        elif given:
            for item_id in given:
                self._results.given(item_id, response.id)
            self._results.want()
        self._speak_of_results()

    def _finished(self, response: Response) -> None:
        self._out.append(fx.ResponseFinished(response))
        for item in response.output or ():
            if item.id:
                self._out.append(fx.ItemUpdated(item.id, item))

    def _refused(self, error: ErrorDetails, now_s: float) -> None:
        event_id, code = error.event_id or "", error.code or ""
        fatal = self._setup.refused(event_id)
        if fatal is not None:
            self._out.append(fx.SessionRefused(error, fatal))
            return
        if refusal := self._asides.refused(error, now_s):
            self._out.append(refusal)
            return
        self._unconfirmed.refused(event_id)
        ours, request = self._responses.refused(event_id, code, now_s)
        overtaken = ours and code == ACTIVE_RESPONSE
        self._out.append(fx.RequestRefused(error, expected=overtaken or code in _ORDINARY_REFUSALS))
        self._ask(request)

    # --- steps that several inputs share -----------------------------------------------------------

    def _accepting(self, response_id: str) -> Answer | None:
        """The answer that output of this response belongs to, None if it is not to come out."""
        answer = self._answer
        return answer if answer is not None and answer.response_id == response_id else None

    def _add_item(self, item: ConversationItem) -> str:
        item_id, creation = self._unconfirmed.add(item)
        self._send(creation)
        return item_id

    def _give_outputs(self, outputs: Iterable[ConversationItem]) -> list[str]:
        return [self._add_item(output) for output in outputs]

    def _remote_item(self, item: ConversationItem, response_id: str | None, now_s: float) -> None:
        """An item that may be about a tool that the service runs itself, new or as it is now."""
        if item.type in CALL_ITEMS:
            self._remote_came([*self._remote.announced(item, response_id), *self._remote.item_done(item)])
        elif item.type == "mcp_approval_request":
            self._out += self._remote.approval_requested(item, response_id, now_s)
        elif item.type == "mcp_list_tools":
            self._out += self._listings.item(item)

    def _answer_approval(
        self, answer: inputs.AnswerApproval, now_s: float, *, timed_out: bool = False
    ) -> None:
        signals = self._remote.answer(
            answer.approval_request_id, now_s, approve=answer.approve, timed_out=timed_out
        )
        if signals:
            self._remote_came(signals, self._add_item(approval_item(answer)))

    def _remote_came(self, signals: list[CallSignal], item_id: str | None = None) -> None:
        """Tell of calls, and have those spoken of that are over; `item_id` is what their answer must know."""
        for signal in signals:
            self._out.append(signal)
            if isinstance(signal, RemoteCallEnded) and signal.is_to_be_spoken_of:
                self._results.given(item_id or signal.call.call_id, signal.call.response_id)
                self._results.want()
        self._speak_of_results()

    def _ask(self, request: ClientEvent | None) -> None:
        if request is not None:
            self._send(request)

    def _send(self, event: ClientEvent | RawEvent) -> None:
        if self._setup.ready:
            self._out.append(fx.Send(event))
        elif dropped_ms := self._setup.hold(event):
            self._out.append(fx.AudioDropped(dropped_ms))

    def _turn_is_over(self) -> None:
        """The caller's turn brings no answer of itself: ask for what is owed."""
        self._turn = Quiet()
        self._ask(self._responses.release())
        self._results.want()
        self._speak_of_results()

    def _see_to_asides(self) -> None:
        """Answers first: what is out of band waits for a pause, and gives way when it ends."""
        self._responses.occupied = self._asides.occupies
        self._ask(self._responses.ask())
        pause = self.ready and self._responses.at_rest and isinstance(self._turn, Quiet)
        self._ask(self._asides.proceed(pause=pause))
        self._responses.occupied = self._asides.occupies

    def _want(self, properties: ResponseProperties | None = None, additional: str = "") -> None:
        """An answer is wanted, to all that was said so far."""
        self._results.clear()
        self._ask(self._responses.want(Wish.to(properties, self._unconfirmed.ids, additional)))

    def _speak_of_results(self) -> None:
        if self._results.due(lambda group: self._tools.in_hand(group) or self._remote.in_hand(group)):
            self._want()

    def _transcripts_came(self) -> None:
        if not self._transcripts.awaiting:
            self._end_answer()

    def _close_answer(self, *, interrupted: bool) -> None:
        if self._answer is not None:
            self._out += self._answer.close(interrupted=interrupted)
            self._answer = None

    def _delete_unheard(self) -> None:
        """Take unheard items out, but not while their response is still being written."""
        if not isinstance(self._responses.active, Draining):
            for deletion in self._deletions:
                self._send(deletion)
            self._deletions.clear()


def _ignore(_event: IgnoredEvent) -> None:
    """Do nothing, on purpose. An event that nobody decided about is a type error here."""
