"""Signals of the client → frames of the pipeline, in the order in which they come.

One task delivers them, so the order holds. What an interruption makes void while it waits here is not
delivered: the client takes it out of its queue, and `void` tells this task of the signal it holds just then.

A network that stalls brings much at once: that the caller speaks, and what was said. Whether that turn
interrupts is decided in the pipeline, which takes a moment. What belongs behind the interruption waits for it
here; the answer to the turn does before it comes here (`turn_gate`).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, assert_never

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    InterimTranscriptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transcriptions.language import Language
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.time import time_now_iso8601

from pipecat_voicelive.client import (
    AnswerCut,
    ClientSignal,
    ConnectionInterrupted,
    ConnectionLost,
    EventReceived,
    Reconnected,
    SessionExpiring,
)
from pipecat_voicelive.connection.failures import is_fatal
from pipecat_voicelive.protocol.audio import output_format
from pipecat_voicelive.protocol.hints import hint_for
from pipecat_voicelive.protocol.items import ErrorDetails, Response, SessionInfo
from pipecat_voicelive.protocol.names import wire_id, wire_name
from pipecat_voicelive.protocol.refusals import failure_of, service_error
from pipecat_voicelive.protocol.server_events import InputAudioTranscriptionCompleted
from pipecat_voicelive.service.audio import OutputAudio
from pipecat_voicelive.service.avatar import AvatarOut
from pipecat_voicelive.service.backlog import Backlog
from pipecat_voicelive.service.frames import (
    VoiceLiveAgentEventFrame,
    VoiceLiveAnnotationFrame,
    VoiceLiveAuditAudioFrame,
)
from pipecat_voicelive.service.joints import Joints
from pipecat_voicelive.service.line_out import LineOut
from pipecat_voicelive.service.playback import PlaybackMeter
from pipecat_voicelive.service.remote_tools import RemoteToolsOut
from pipecat_voicelive.service.seeing import Seeing
from pipecat_voicelive.service.speaking import frame_of, text_type
from pipecat_voicelive.service.speech_marks import SpeechMarks
from pipecat_voicelive.service.telling import told, told_with_hint, warned
from pipecat_voicelive.service.token_usage import token_usage
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session import remote_effects as rx

if TYPE_CHECKING:
    from pipecat_voicelive.service.service import VoiceLiveLLMService

_DECIDED_WITHIN_S = 0.2
"""How long after a turn is proposed its words, and the end of what it interrupts, wait for its start."""

_AFTER_INTERRUPTION = (fx.SpeechClosed, fx.ResponseClosed, fx.UserTranscript)
"""What must not reach the aggregators before the interruption by the turn that it follows."""

_LATE_TRANSCRIPT_S = 0.4
"""How long the aggregator waits with the caller's words, if they have not come when the answer begins."""


class FramesOut:
    """Delivers signals as frames of one service."""

    def __init__(
        self,
        service: VoiceLiveLLMService,
        audio: OutputAudio,
        meter: PlaybackMeter,
        marks: SpeechMarks,
        seeing: Seeing,
        avatar: AvatarOut,
        backlog: Backlog,
    ) -> None:
        self._service = service
        self._audio = audio
        self._session_format = audio.wire
        self._speaking = False
        self._heard, self._written = Joints(), Joints()
        self._meter = meter
        self._marks = marks
        self._seeing = seeing
        self._remote = RemoteToolsOut(service)
        self._line = LineOut(service, avatar)
        self._avatar = avatar
        self._backlog = backlog
        self._silent = False
        self._speech: TTSSpeakFrame | None = None
        self._audit: tuple[str, str] | None = None
        self._untranscribed: set[str] = set()
        self._told_wait_s: float | None = None
        self._interruptions = 0
        self._interrupting = False
        self._decided_by_s: float | None = None  # a turn was proposed, and interrupts until then
        self._passed = asyncio.Event()

    def void(self) -> None:
        """An interruption: the answer part that is just being delivered is not wanted any more.

        Nothing else is delivered until `interruption_passed`.
        """
        self._interrupting = True
        self._passed.clear()
        self._interruptions += 1
        self._audio.reset()
        self._avatar.void()
        self._backlog.void()

    def interruption_passed(self) -> None:
        """The interruption has gone down the pipeline: what is pushed from here on comes behind it."""
        self._decided_by_s = None
        self._interrupting = False
        self._passed.set()

    async def aclose(self) -> None:
        """The conversation is over."""
        self._line.close()
        await self._avatar.aclose()

    async def deliver(self, signal: ClientSignal) -> None:  # noqa: C901 - one line a signal
        """Push the frames that say this."""
        service = self._service
        if self._interrupting:
            await self._passed.wait()
        elif self._decided_by_s is not None and isinstance(signal, _AFTER_INTERRUPTION):
            await self._wait_for_decision(self._decided_by_s)
        match signal:
            case (
                fx.SpeechItem()
                | fx.Audio()
                | fx.SpokenText()
                | fx.Word()
                | fx.Viseme()
                | fx.Blendshapes()
                | fx.AuditAudio()
                | fx.TextDelta()
                | fx.Annotation()
            ):
                await self._answer_part(signal)
            case fx.UserSpeechStarted(item_id, _):
                self._untranscribed.add(item_id)
                self._decided_by_s = asyncio.get_running_loop().time() + _DECIDED_WITHIN_S
                self._passed.clear()
                await service.broadcast_frame(ProposedUserStartedSpeakingFrame)
            case fx.UserSpeechStopped():
                await service.start_ttfb_metrics()
                await service.start_processing_metrics()
                await service.broadcast_frame(ProposedUserStoppedSpeakingFrame)
            case fx.UserTranscriptPartial(_, text):
                await service.push_frame(
                    InterimTranscriptionFrame(text, "", time_now_iso8601(), result=signal),
                    FrameDirection.UPSTREAM,
                )
            case fx.UserTranscript():
                await self._transcript(signal)
            case fx.UserTranscriptFailed(item_id, error):
                self._untranscribed.discard(item_id)
                await service.push_error(
                    f"What the caller said could not be transcribed{told(error)}.",
                    category=ErrorCategory.UNKNOWN,
                )
            case fx.ResponseOpened(_, speech):
                self._speech = frame_of(speech)
                self._heard.begin()
                self._written.begin()
                self._silent = service.skips_speech and speech is None
                await self._tell_transcript_wait()
                if self._in_context:
                    await service.push_frame(LLMFullResponseStartFrame())
            case fx.SpeechOpened(_, audio_format):
                self._speaking = True
                self._audio.comes_as(audio_format)
                if not self._silent:
                    await service.push_frame(TTSStartedFrame(append_to_context=self._in_context))
                    await self._avatar.speech(begins=True)
            case fx.SpeechClosed():
                self._speaking = False
                if not self._silent:
                    await self._audio_ends()
                    await service.push_frame(TTSStoppedFrame())
                    await self._avatar.speech(begins=False)
            case fx.ResponseClosed():
                if self._in_context:
                    await service.push_frame(LLMFullResponseEndFrame())
            case fx.ResponseFinished(response):
                if response.status_reason != fx.CUT_SHORT:  # else there is nothing to count or to report
                    await self._finished(response)
            case fx.AskAnswered(response=response) | fx.AskDeferred(response=response):
                await self._count_tokens(response)
            case fx.AskRefused(_, error):
                logger.debug(f"{service}: Voice Live refused a question out of band: {wire_name(error.code)}")
            case fx.ToolCalls(_, calls):
                await service.run_function_calls(
                    [
                        FunctionCallFromLLM(
                            function_name=call.name,
                            tool_call_id=call.call_id,
                            arguments=dict(call.arguments),
                            context=service.context,
                        )
                        for call in calls
                    ]
                )
            case fx.AgentEvent(delta):
                await service.push_frame(VoiceLiveAgentEventFrame(delta))
            case fx.ItemCreated(item):
                self._seeing.confirmed(item.id or "")
                await service.tell("on_conversation_item_created", item.id, item)
            case fx.ItemUpdated(item_id, item):
                await service.tell("on_conversation_item_updated", item_id, item)
            case fx.SessionReady(session):
                self._line.ready(session.id)
                logger.info(
                    f"{service}: session {wire_id(session.id)} is ready, model {wire_id(session.model)}"
                )
                self._check_format(session)
                await service.set_usable(True)
                await service.push_frame(self._backlog.mark())
                await self._avatar.session(session)
                await service.tell("on_session_ready", session)
            case fx.SessionChanged(session):
                logger.debug(f"{service}: session {wire_id(session.id)} has changed options")
                self._check_format(session)
                await self._avatar.session(session)
            case fx.AvatarAnswer() | fx.AvatarSpeaking() | fx.AvatarIdle() | fx.AvatarVideo():
                await self._avatar.deliver(signal)
            case fx.SessionRefused(error, fatal):
                await service.push_error(
                    f"Voice Live refused the session's options{told(error)}. "
                    + (hint_for(error.code) or "Check `session_properties`."),
                    exception=service_error(error, self._line.session_id),
                    category=ErrorCategory.INVALID_REQUEST if fatal else ErrorCategory.UNKNOWN,
                )
            case fx.RequestRefused(error, expected):
                await self._refused(error, expected=expected)
            case fx.AudioDropped(duration_ms):
                self._line.dropped(duration_ms)
            case fx.Unreadable(type=name, problem=problem):
                logger.warning(f"{service}: passed over an event {name or 'without a type'!r}: {problem}")
            case AnswerCut(_, waiting_bytes):
                await service.push_error(
                    f"The rest of an answer is dropped: {waiting_bytes / 2**20:.0f} MiB wait to be heard. "
                    "Something in the pipeline is slow or blocked.",
                    category=ErrorCategory.APPLICATION,
                )
            case fx.OptionWithheld(option, reason):
                logger.warning(f"{service}: {option} is not sent: {reason}")
            case fx.ServiceWarning(message, code):
                logger.warning(f"{service}: Voice Live warns: {warned(message, code)}")
            case (
                rx.RemoteCallStarted()
                | rx.RemoteCallRunning()
                | rx.RemoteCallEnded()
                | rx.ApprovalRequested()
                | rx.ApprovalAnswered()
                | rx.ToolsListing()
                | rx.ToolsListed()
                | rx.ToolsListingFailed()
            ):
                await self._remote.deliver(signal)
            case Reconnected(session):
                self._check_format(session)
                await self._line.deliver(signal)
            case ConnectionInterrupted() | SessionExpiring() | ConnectionLost():
                await self._line.deliver(signal)
            case EventReceived():
                pass  # not asked for here
            case _:
                assert_never(signal)

    async def _wait_for_decision(self, until_s: float) -> None:
        """Let a turn interrupt what was before it, when its words have come together with it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until_s):
                await self._passed.wait()
        self._decided_by_s = None

    @property
    def _in_context(self) -> bool:
        """Whether what is being said belongs into the context; words to be spoken may be kept from it."""
        return self._speech is None or self._speech.append_to_context

    async def _answer_part(self, part: fx.AnswerPart) -> None:
        interruptions = self._interruptions
        if isinstance(part, fx.Audio | fx.SpokenText | fx.TextDelta):
            await self._service.stop_ttfb_metrics()  # only the first time after it was started
            if interruptions != self._interruptions:
                return
        push = self._push
        match part:
            case fx.TextDelta() if self._speech is not None:
                pass  # no words of the model
            case fx.TextDelta(_, item_id, delta, spoken):
                delta = self._written.joined(item_id, delta)
                if spoken:
                    # The words enter the context as they are heard, with SpokenText.
                    text = LLMTextFrame(delta)
                    text.append_to_context = self._silent
                    await push(text)
                else:
                    await self._service.push_llm_text(delta)
                    await self._count()
            case fx.SpeechItem(_, item_id):
                await push(self._meter.mark(item_id, silent=self._silent))
            case fx.Annotation():
                await push(
                    VoiceLiveAnnotationFrame(
                        part.annotation,
                        part.text_offset,
                        part.annotation_index,
                        part.content_index,
                        part.response_id,
                        part.item_id,
                    )
                )
            case _ if self._silent:
                pass
            case fx.Audio(_, _, audio):
                await self._push_audio(self._audio.convert(audio))
            case fx.AuditAudio(response_id, item_id, audio):
                self._audit = (response_id, item_id)
                await self._push_audit(self._audio.convert(audio), *self._audit)
            case fx.SpokenText(_, item_id, text):
                heard = TTSTextFrame(self._heard.joined(item_id, text), text_type=text_type(self._speech))
                heard.includes_inter_frame_spaces = True
                heard.append_to_context = self._in_context
                await push(heard)
            case fx.Word() | fx.Viseme() | fx.Blendshapes():
                for frame in self._marks.frames(part):
                    await push(frame)
            case _:
                assert_never(part)

    def _check_format(self, session: SessionInfo) -> None:
        """Play what the service says it sends, not what it was asked for: else the bot speaks too fast.

        An answer that is being given goes on as it began, perhaps in a format of its own.
        """
        told = output_format(session.output_audio_format)
        if not self._speaking:
            self._audio.comes_as(told)
        if told != self._session_format:
            self._session_format = told
            logger.warning(
                f"{self._service}: Voice Live speaks in {wire_name(session.output_audio_format)}, "
                "not as asked for"
            )

    async def _push(self, frame: Frame, content_bytes: int = 0) -> None:
        await self._service.push_frame(frame)
        await self._count(content_bytes)

    async def _count(self, content_bytes: int = 0) -> None:
        """A frame of an answer was pushed."""
        if mark := self._backlog.pushed(content_bytes):
            await self._service.push_frame(mark)

    async def _push_audio(self, pcm: bytes) -> None:
        if pcm:
            frame = TTSAudioRawFrame(audio=pcm, sample_rate=self._audio.rate_hz, num_channels=1)
            await self._push(frame, len(pcm))

    async def _push_audit(self, pcm: bytes, response_id: str, item_id: str) -> None:
        if pcm:
            frame = VoiceLiveAuditAudioFrame(pcm, self._audio.rate_hz, response_id, item_id)
            await self._push(frame, len(pcm))

    async def _audio_ends(self) -> None:
        rest, audit, self._audit = self._audio.flush(), self._audit, None
        if audit is None:
            await self._push_audio(rest)
        else:
            await self._push_audit(rest, *audit)

    async def _transcript(self, transcript: fx.UserTranscript) -> None:
        self._untranscribed.discard(transcript.item_id)
        await self._service.push_frame(
            TranscriptionFrame(
                transcript.text,
                "",
                time_now_iso8601(),
                language=_language(_spoken_language(transcript.event)),
                result=transcript.event,
                finalized=True,
            ),
            FrameDirection.UPSTREAM,
        )

    async def _tell_transcript_wait(self) -> None:
        """Have the aggregator write the caller's words before the answer, at once if they are known."""
        wait_s = _LATE_TRANSCRIPT_S if self._untranscribed else 0.0
        self._untranscribed.clear()
        if wait_s != self._told_wait_s:
            self._told_wait_s = wait_s
            await self._service.broadcast_frame(
                STTMetadataFrame, service_name=self._service.name, ttfs_p99_latency=wait_s
            )

    async def _finished(self, response: Response) -> None:
        service = self._service
        await service.stop_processing_metrics()
        await self._count_tokens(response)
        if response.status == "failed":
            await service.push_error(
                f"Voice Live could not answer{told_with_hint(failure_of(response))}",
                category=ErrorCategory.SERVER,
            )
        elif response.status == "incomplete":
            reason = wire_name(response.status_reason) or "no reason given"
            logger.warning(f"{service}: an answer was cut short: {reason}")

    async def _count_tokens(self, response: Response) -> None:
        if response.usage is not None and response.usage.total_tokens:
            await self._service.start_llm_usage_metrics(token_usage(response.usage))

    async def _refused(self, error: ErrorDetails, *, expected: bool) -> None:
        if expected:
            code = wire_name(error.code)
            logger.debug(f"{self._service}: Voice Live refused a request, as may happen: {code}")
            return
        if error.code == "session_expired":
            logger.info(f"{self._service}: the session has expired")  # that the connection ends says the rest
            return
        if is_fatal(error):
            self._line.tell_unless_over(lambda: self._tell_refused(error))
        else:
            await self._tell_refused(error)

    async def _tell_refused(self, error: ErrorDetails) -> None:
        what = self._seeing.refused(error.event_id) or "Voice Live refused a request"
        await self._service.push_error(
            f"{what}{told_with_hint(error)}",
            exception=service_error(error, self._line.session_id),
            category=ErrorCategory.UNKNOWN,
        )


def _spoken_language(event: InputAudioTranscriptionCompleted) -> str | None:
    """The language of a transcript, by its name or by that of its first phrase, if the event tells."""
    return event.language or next((phrase.locale for phrase in event.phrases or ()), None)


def _language(name: str | None) -> Language | None:
    try:
        return Language(name) if name else None
    except ValueError:
        return None
