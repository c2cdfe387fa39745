"""One conversation over one connection: every input in, every effect out, and nothing else.

`handle(input, now_s)` is synchronous and pure: no clock, no log, no I/O, and nothing a peer sends makes it
raise. So a change of state and what is to be sent for it are one step that nobody can interrupt. Time is
an input too: `deadline_s` says when a `Tick` is due.

The parts, in the order in which an input meets them:

    setup         which options the service has; holds everything back until it has some
    turns         whose turn it is
    transcripts   what the caller said
    calls         which calls are open, run here (tools) or by the service (remote_calls); what still has to
                  be spoken of (results); which tools MCP servers have (tool_listing)
    responses     which response runs, is asked for, is owed
    asides        what is asked out of band, in the pauses
    history       what was said, as another session can be told it
    handover      what outlives the connection, and going on from there
    delivery      which answers are open, ending, or taken back; what comes out of one, at its place in the
                  audio (answer); what was heard of it (playback)
    avatar        what is spoken elsewhere, to others
    outbox        what is told, and what is sent, in the words of the API version (wording)
"""

from __future__ import annotations

from typing import assert_never

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.blendshapes import FRAME_RATE_HZ
from pipecat_voicelive.protocol.client_events import ResponseCancelEvent
from pipecat_voicelive.protocol.items import ErrorDetails, Response, SessionInfo
from pipecat_voicelive.protocol.names import wire_name
from pipecat_voicelive.protocol.versions import DEFAULT_API_VERSION
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session import inputs
from pipecat_voicelive.session.asides import NO_IDS, Asides, Question
from pipecat_voicelive.session.avatar import Avatar
from pipecat_voicelive.session.calls import Calls
from pipecat_voicelive.session.carried import Carried
from pipecat_voicelive.session.delivery import Delivery
from pipecat_voicelive.session.handover import Parts
from pipecat_voicelive.session.history import History
from pipecat_voicelive.session.ignored import IgnoredEvent
from pipecat_voicelive.session.intake import sendable
from pipecat_voicelive.session.memory import MemoryOptions
from pipecat_voicelive.session.outbox import Outbox
from pipecat_voicelive.session.playback import Playback
from pipecat_voicelive.session.remote_calls import APPROVAL_TIMEOUT_S, CallEvent
from pipecat_voicelive.session.response import ACTIVE_RESPONSE, Responses, Wish
from pipecat_voicelive.session.setup import Setup
from pipecat_voicelive.session.speaking import wish_to_say
from pipecat_voicelive.session.summaries import Summaries
from pipecat_voicelive.session.transcripts import Transcripts
from pipecat_voicelive.session.turns import TurnRules, Turns
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
        memory: What a session that follows this one is told.
    """

    def __init__(
        self,
        *,
        id_prefix: str,
        api_version: str = DEFAULT_API_VERSION,
        blendshape_rate_hz: float = FRAME_RATE_HZ,
        approval_timeout_s: float = APPROVAL_TIMEOUT_S,
        memory: MemoryOptions | None = None,
    ) -> None:
        self._setup = Setup(id_prefix)
        self._wording = Wording(api_version)
        self._out = Outbox(self._setup, self._wording, History(memory or MemoryOptions()), id_prefix)
        self._responses = Responses(id_prefix, echoes=None if self._wording.has_metadata else False)
        self._asides = Asides(id_prefix)
        self._calls = Calls(self._out, self._responses, self._asides, approval_timeout_s)
        self._turns = Turns(self._out, self._responses, self._calls)
        self._transcripts = Transcripts()
        self._playback = Playback()
        self._unreadable = UnreadableEvents()
        self._avatar = Avatar(self._playback, self._unreadable)
        self._delivery = Delivery(
            self._out,
            self._setup,
            self._responses,
            self._calls,
            self._transcripts,
            self._playback,
            self._avatar,
            self._unreadable,
            blendshape_rate_hz,
        )
        self._summaries = Summaries(self._asides, id_prefix)
        self._parts = Parts(
            self._setup,
            self._wording,
            self._out,
            self._responses,
            self._asides,
            self._calls,
            self._turns,
            self._transcripts,
            self._playback,
            self._avatar,
            self._delivery,
            self._summaries,
            self._unreadable,
        )

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
            self._responses.pending or self._delivery.ending or self._avatar.speaking or self._calls.pending
        )

    @property
    def hears_caller(self) -> bool:
        """Whether the service is in the middle of a turn of the caller that it has noticed itself."""
        return self._turns.heard

    @property
    def answer_coming(self) -> bool:
        """Whether an answer of the model's own is being given, asked for or owed."""
        return self._responses.answer_coming

    @property
    def speeches(self) -> list[inputs.Speak]:
        """What is to be said and has not begun, in order."""
        return self._responses.speeches

    @property
    def turn_answer_ids(self) -> frozenset[str]:
        """The responses that began since the service last heard the caller begin."""
        return self._turns.answer_ids

    @property
    def results_waiting(self) -> bool:
        """Whether a tool's result was given that no answer has spoken of."""
        return self._calls.results_waiting

    @property
    def at_boundary(self) -> bool:
        """Whether another session may go on from here unnoticed: nobody speaks, and nothing is under way."""
        return self._parts.at_boundary

    @property
    def deadline_s(self) -> float | None:
        """When a `Tick` is due, None if time changes nothing."""
        deadlines = [
            self._responses.ask_again_at_s,
            self._responses.conclude_at_s,
            self._asides.ask_again_at_s,
            self._asides.give_up_at_s,
            self._transcripts.deadline_s,
            self._calls.deadline_s,
            self._avatar.deadline_s,
            self._delivery.deadline_s,
            self._turns.deadline_s,
        ]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle(self, event: inputs.Input, now_s: float) -> list[fx.Effect]:
        """What is to be done about this, in this order.

        Args:
            event: A server event, or an intent.
            now_s: The present time in seconds; may jump, never goes back.
        """
        if isinstance(event, inputs.Intent):
            self._intent(sendable(event), now_s)
        else:
            self._server_event(event, now_s)
        if self._asides.waiting or self._responses.occupied:
            self._see_to_asides()
        effects = self._out.empty()
        if self._turns.caller.turn is not None and any(isinstance(one, fx.ToolCalls) for one in effects):
            self._turns.caller.settle()  # its calls are being run: heard again, it would bring them again
        return effects

    def leave(self, now_s: float, arrived_bytes: int | None = None) -> tuple[list[fx.Effect], Carried]:
        """The connection is gone, or about to be, and another session goes on. This one is over.

        Args:
            now_s: The present time.
            arrived_bytes: How much of the caller's audio is known to have arrived, None for all.

        Returns:
            What closes here, and what the other session is to be given with `Resume`.
        """
        self._out.tell(*self._avatar.tick(now_s))
        carried = self._parts.leave(now_s, arrived_bytes)
        return [effect for effect in self._out.empty() if not isinstance(effect, fx.Send)], carried

    # --- intents -----------------------------------------------------------------------------------

    def _intent(self, intent: inputs.Intent, now_s: float) -> None:  # noqa: C901 - one line a type
        match intent:
            case inputs.AppendAudio(audio):
                self._turns.audio(audio)
            case inputs.Configure(session):
                update, held = self._setup.configure(session, spoken=self._playback.has_spoken)
                self._out.tell(*(fx.OptionWithheld(change.option, change.reason) for change in held))
                if update:
                    self._out.tell(fx.Send(update))
                self._turns.caller.configured(self._setup.input_format)
            case inputs.AddItem(item):
                self._calls.add_item(item, now_s)
            case inputs.Respond(properties, additional):
                self._calls.want_answer(properties, additional)
            case inputs.Speak():
                match wish_to_say(intent, self._wording):
                    case Wish() as wish:
                        self._out.send(self._responses.want(wish))
                    case fx.OptionWithheld() as withheld:
                        self._out.tell(withheld)
                    case None:
                        pass
            case inputs.Ask(ask_id) if self._responses.echoes is False:
                self._out.tell(fx.AskRefused(ask_id, NO_IDS))
            case inputs.Ask(ask_id, properties):
                self._asides.want(Question(ask_id, properties))
            case inputs.Withdraw(ask_id):
                self._asides.withdraw(ask_id)
            case inputs.Summary(summary_id, text):
                self._summaries.given(summary_id, text, self._out.history)
            case inputs.RespondToResults(properties):
                self._calls.want_results_spoken_of(properties)
            case inputs.AnswerTool():
                self._calls.answer_tool(intent)
            case inputs.AnswerApproval():
                self._calls.answer_approval(intent, now_s)
            case inputs.StartTurn():
                self._turns.start(now_s)
            case inputs.CommitTurn():
                self._turns.commit()
            case inputs.Interrupt():
                self._interrupt(intent, now_s)
            case inputs.ConnectAvatar(sdp_offer):
                self._out.send(self._avatar.offer(sdp_offer))
            case inputs.SendRaw(event):
                self._out.send_raw(event)
            case inputs.Lost():
                self._lost()
            case inputs.Resume(carried):
                self._parts.resume(carried, now_s)
            case inputs.Tick():
                self._tick(now_s)
            case _:
                assert_never(intent)

    def _interrupt(self, interruption: inputs.Interrupt, now_s: float) -> None:
        going_on = self._turns.answer_ids if interruption.for_turn else frozenset[str]()
        if not going_on:
            cancel_id = self._responses.interrupt(keep_owed=self._responses.held)
            if cancel_id is not None and cancel_id != self._turns.stopped:
                self._out.send(ResponseCancelEvent(response_id=cancel_id))
        truncates = self._turns.rules.truncates
        self._delivery.interrupt(interruption.heard, now_s, truncates=truncates, but_for=going_on)

    def _lost(self) -> None:
        self._delivery.lost()
        self._calls.lost()
        self._out.tell(*self._avatar.lost())
        self._responses.lost()
        self._asides.lost()
        self._turns.lost()
        self._out.tell(*self._unreadable.over())

    def _tick(self, now_s: float) -> None:
        self._out.tell(*self._avatar.tick(now_s))
        self._out.tell(*self._transcripts.tick(now_s))
        self._delivery.tick(now_s)
        self._turns.tick(now_s)
        self._calls.tick(now_s)
        for refusal in self._asides.tick(now_s):
            self._tell_of_aside(refusal)
        self._out.send(self._responses.tick(now_s))

    # --- server events -----------------------------------------------------------------------------

    def _server_event(self, event: se.ServerEvent, now_s: float) -> None:  # noqa: C901 - one line a type
        match event:
            case (
                se.ResponseAudioDelta()
                | se.ResponseAudioTranscriptDelta()
                | se.ResponseTextDelta()
                | se.ResponseAudioTimestampDelta()
                | se.ResponseAnimationVisemeDelta()
                | se.ResponseAnimationBlendshapesDelta()
                | se.ResponseAudioTranscriptAnnotationAdded()
            ):
                given = self._delivery.take(event)
                if not given and isinstance(event, se.ResponseTextDelta):
                    self._asides.text(event.response_id, event.delta)
                if self._turns.caller.turn is not None and self._delivery.answering:
                    self._turns.caller.settle()
            case se.ResponseFunctionCallArgumentsDone():
                self._calls.complete(event)
            case se.ResponseOutputItemAdded():
                self._delivery.take(event)
                self._calls.announced(event, now_s)
            case se.ResponseOutputItemDone():
                self._calls.item(event.item, event.response_id, now_s)
            case se.ResponseCreated():
                self._response_created(event.response, now_s)
            case se.ResponseDone():
                self._response_done(event.response, now_s)
            case se.InputAudioBufferSpeechStarted():
                self._turns.speech_started(event, now_s)
            case se.InputAudioBufferSpeechStopped():
                self._turns.speech_stopped(event, now_s)
            case se.InputAudioBufferCommitted():
                self._turns.committed(event, transcribes=self._transcripts.expected)
                self._transcripts.committed(event.item_id, now_s)
            case se.InputAudioBufferCleared():
                self._turns.cleared()
            case se.InputAudioTranscriptionDelta():
                if partial := self._transcripts.delta(event.item_id, event.delta or ""):
                    self._out.tell(partial)
            case se.InputAudioTranscriptionCompleted():
                self._turns.transcribed(event.item_id, event.transcript)
                self._out.tell(*self._transcripts.completed(event))
                self._delivery.transcripts_came()
            case se.InputAudioTranscriptionFailed():
                self._turns.caller.known(event.item_id)
                self._out.tell(*self._transcripts.failed(event))
                self._delivery.transcripts_came()
            case se.ConversationItemCreated():
                self._out.unconfirmed.created(event.item.id or "")
                if not self._out.history.created(event.item, event.previous_item_id):
                    self._out.tell(fx.ItemCreated(event.item))
                self._calls.item(event.item, self._responses.active_id, now_s)
            case se.ConversationItemDone():
                self._calls.item(event.item, self._responses.active_id, now_s)
            case se.ConversationItemTruncated():
                self._playback.truncated(event.item_id)
                self._out.history.cut(event.item_id, event.audio_end_ms)
            case se.ConversationItemDeleted():
                self._playback.truncated(event.item_id)
                self._out.history.remove(event.item_id)
            case se.ResponseInvocationDelta():
                self._out.tell(fx.AgentEvent(event.delta or {}))
            case se.SessionCreated():
                if update := self._setup.created():
                    self._out.tell(fx.Send(update))
            case se.SessionUpdated():
                self._session_updated(event, now_s)
            case se.Error():
                self._refused(event.error, now_s)
            case se.Warning():
                self._out.tell(
                    fx.ServiceWarning(event.warning.message or "", wire_name(event.warning.code) or None)
                )
            case (
                se.SessionAvatarConnecting()
                | se.SessionAvatarSwitchToSpeaking()
                | se.SessionAvatarSwitchToIdle()
                | se.ResponseVideoDelta()
                | se.OutputAudioBufferStarted()
                | se.OutputAudioBufferStopped()
                | se.OutputAudioBufferCleared()
            ):
                silenced = self._turns.silencing
                self._out.tell(*self._avatar.take(event, now_s, caller_speaks=silenced))
            case se.UnknownEvent(type=name):
                self._out.tell(*self._unreadable.tell(name, "unknown type"))
            case se.MalformedEvent(type=name, problem=problem):
                self._out.tell(*self._unreadable.tell(name, problem))
            case se.McpListToolsInProgress() | se.McpListToolsCompleted() | se.McpListToolsFailed():
                self._calls.listing(event)
            case _:
                if isinstance(event, CallEvent):
                    self._calls.event(event, now_s)
                else:
                    _ignore(event)

    def _session_updated(self, event: se.SessionUpdated, now_s: float) -> None:
        first, held = self._setup.updated(event.session)
        self._turns.rules = TurnRules.of(event.session.turn_detection)
        self._avatar.configured(event.session)
        self._transcripts.expected = event.session.input_audio_transcription is not None
        if first:
            self._out.raws.clear()
            self._turns.ready(self._setup.sent_audio_bytes, now_s)
        self._out.tell(fx.SessionReady(event.session) if first else fx.SessionChanged(event.session))
        self._out.tell(*(fx.Send(waiting) for waiting in held))
        if first:
            self._responses.ready = True
            self._out.send(self._responses.ask())

    def _response_created(self, response: Response, now_s: float) -> None:
        if self._asides.created(response):
            self._responses.echoes = True
            return
        if self._responses.has_begun(response.id):
            return
        # The service answers of itself after a turn of the caller, and never in between.
        interim = self._setup.interim_responses and not self._turns.answer_due
        if self._delivery.created(response, now_s, interim=interim):
            self._turns.answered(response.id)

    def _response_done(self, response: Response, now_s: float) -> None:
        if aside := self._asides.done(response):
            self._tell_of_aside(aside)
            return
        settled = self._calls.response_done(response, now_s)
        if not self._responses.gives(response.id):
            self._calls.tell(settled)
            return
        self._delivery.done(response, now_s)
        self._calls.tell(settled)
        request = self._responses.done(now_s)
        if not self._responses.echoes:
            self._asides.doubt(now_s)
        self._delivery.delete_unheard()
        self._out.send(request)
        if wanted := self._summaries.consider(self._out.history):
            self._out.tell(wanted)

    def _refused(self, error: ErrorDetails, now_s: float) -> None:
        event_id, code = error.event_id or "", error.code or ""
        fatal = self._setup.refused(event_id, code)
        if fatal is not None:
            self._out.tell(fx.SessionRefused(error, fatal))
            return
        if refusal := self._asides.refused(error, now_s):
            self._tell_of_aside(refusal)
            return
        item_id = self._out.unconfirmed.refused(event_id)
        self._out.history.remove(item_id)
        self._playback.truncated(item_id)
        told_otherwise = self._calls.refused(item_id)
        if code == ACTIVE_RESPONSE and not event_id:
            self._turns.unanswered()
            self._out.tell(fx.RequestRefused(error, expected=True))
            return
        ours, request = self._responses.refused(event_id, code, now_s)
        overtaken = ours and code == ACTIVE_RESPONSE
        expected = overtaken or told_otherwise or code in _ORDINARY_REFUSALS
        self._out.tell(fx.RequestRefused(error, expected=expected))
        self._out.send(request)

    def _tell_of_aside(self, aside: fx.AskAnswered | fx.AskDeferred | fx.AskRefused) -> None:
        if not isinstance(aside, fx.AskDeferred):
            self._summaries.came(aside, self._out.history)
        self._out.tell(aside)

    def _see_to_asides(self) -> None:
        """Answers first: what is out of band waits for a pause, and gives way when it ends."""
        self._responses.occupied = self._asides.occupies
        self._out.send(self._responses.ask())
        pause = self.ready and self._responses.at_rest and self._turns.quiet
        self._out.send(self._asides.proceed(pause=pause))
        self._responses.occupied = self._asides.occupies


def _ignore(_event: IgnoredEvent) -> None:
    """Do nothing, on purpose. An event that nobody decided about is a type error here."""
