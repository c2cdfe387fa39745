"""Writes down what happens in a call while it happens: an observer that turns frames into a `CallRecord`.

Everything about the bot is noted when it leaves the output transport, so it is what the caller heard, when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar, assert_never

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    TranscriptionFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport

from pipecat_voicelive.service.frames import VoiceLiveVisemeFrame, VoiceLiveWordFrame
from pipecat_voicelive.testing.calls.transport import CallerInput, LocalCallTransport, Speech

from .record import (
    CallRecord,
    Interruption,
    Latency,
    ToolCall,
    Transcript,
    Utterance,
    Viseme,
    Who,
    Word,
)


@dataclass(frozen=True, slots=True)
class Started:
    """Somebody began to speak; `text` is the caller's whole line, and empty for the bot."""

    at_s: float
    who: Who
    text: str


@dataclass(frozen=True, slots=True)
class BotText:
    """The bot was heard saying `text`, which brings its own spaces."""

    at_s: float
    text: str


Fact = Started | BotText | Utterance | Transcript | Word | Viseme | ToolCall | Interruption | Latency
"""What a live view is told. A `ToolCall` comes twice: called (no end yet), and ended."""


_F = TypeVar("_F", Utterance, Transcript, Word, Viseme, ToolCall, Interruption, Latency)


@dataclass(frozen=True, slots=True)
class _Silent:
    text_ahead: str = ""  # a word leaves the transport just before its audio


@dataclass(frozen=True, slots=True)
class _Speaking:
    since_s: float
    text: str


class CallRecorder(BaseObserver):
    """Collects the record of the call on a transport.

    Args:
        transport: The call. Its caller tells when the caller speaks; its clock times everything.
        on_fact: Called with every fact as it becomes known.
    """

    def __init__(
        self, transport: LocalCallTransport, *, on_fact: Callable[[Fact], None] = lambda _fact: None
    ) -> None:
        super().__init__()
        self.record = CallRecord()
        self._transport = transport
        self._on_fact = on_fact
        self._bot: _Silent | _Speaking = _Silent()
        self._unanswered: Speech | None = None
        self._open_calls: dict[str, int] = {}  # call id to index in the record
        transport.caller.add_event_handler("on_caller_started", self._on_caller_started)
        transport.caller.add_event_handler("on_caller_stopped", self._on_caller_stopped)

    def finish(self) -> CallRecord:
        """The record with its duration. Call it when the pipeline has ended."""
        self.record.duration_s = self._transport.recording.duration_s
        self._bot_stopped(self.record.duration_s, cut=False)  # a cancelled pipeline does not say so
        self.record.utterances.sort(key=lambda u: u.start_s)
        return self.record

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        if frame.broadcast_sibling_id is not None and data.direction is not FrameDirection.DOWNSTREAM:
            return  # the other copy of a frame that is sent both ways
        # Observers are told a little later, so the time is that of the push.
        clock = data.source.get_clock()
        at_s = max(0.0, self._transport.clock.now_s() - (clock.get_time() - data.timestamp) / 1e9)
        if isinstance(data.source, BaseOutputTransport):
            self._heard(frame, at_s)
        if data.first_push:
            self._happened(frame, at_s)

    def _heard(self, frame: Frame, at_s: float) -> None:
        match frame:
            case BotStartedSpeakingFrame():
                self._bot_started(at_s)
            case BotStoppedSpeakingFrame():
                self._bot_stopped(at_s, cut=False)
            case InterruptionFrame():
                # One comes with every turn of the caller; it interrupts only a bot that speaks.
                if isinstance(self._bot, _Speaking):
                    self._bot_stopped(at_s, cut=True)
                    self._note(self.record.interruptions, Interruption(at_s))
            case TTSTextFrame():
                self._bot_said(frame, at_s)
            case VoiceLiveWordFrame():
                self._note(self.record.words, Word(at_s, frame.audio_duration_ms / 1000, frame.text))
            case VoiceLiveVisemeFrame():
                self._note(self.record.visemes, Viseme(at_s, frame.viseme_id))
            case _:
                pass

    def _happened(self, frame: Frame, at_s: float) -> None:
        match frame:
            case TranscriptionFrame():
                self._note(self.record.transcripts, Transcript(at_s, frame.text))
            case FunctionCallInProgressFrame():
                call = ToolCall(frame.tool_call_id, frame.function_name, dict(frame.arguments or {}), at_s)
                self._open_calls[call.call_id] = len(self.record.tool_calls)
                self._note(self.record.tool_calls, call)
            case FunctionCallResultFrame() if frame.properties is None or frame.properties.is_final:
                self._call_ended(frame.tool_call_id, at_s, result=frame.result, cancelled=False)
            case FunctionCallCancelFrame():
                self._call_ended(frame.tool_call_id, at_s, result=None, cancelled=True)
            case _:
                pass

    def _bot_started(self, at_s: float) -> None:
        match self._bot:
            case _Speaking():
                return
            case _Silent(text_ahead):
                self._bot = _Speaking(at_s, text_ahead)
            case _:
                assert_never(self._bot)
        self._on_fact(Started(at_s, "bot", ""))
        if self._unanswered is not None:
            self._note(self.record.latencies, Latency(self._unanswered.end_s, at_s))
            self._unanswered = None
        if text_ahead:
            self._on_fact(BotText(at_s, text_ahead))

    def _bot_said(self, frame: TTSTextFrame, at_s: float) -> None:
        match self._bot:
            case _Silent(text):
                self._bot = _Silent(text + _joint(text, frame) + frame.text)
            case _Speaking(_, text):
                piece = _joint(text, frame) + frame.text
                self._bot = replace(self._bot, text=text + piece)
                self._on_fact(BotText(at_s, piece))
            case _:
                assert_never(self._bot)

    def _bot_stopped(self, at_s: float, *, cut: bool) -> None:
        match self._bot:
            case _Silent():
                pass
            case _Speaking(since_s, text):
                self._bot = _Silent()
                self._note(self.record.utterances, Utterance("bot", since_s, at_s, text.strip(), cut))
            case _:
                assert_never(self._bot)

    def _call_ended(self, call_id: str, at_s: float, *, result: object, cancelled: bool) -> None:
        index = self._open_calls.pop(call_id, None)
        if index is None:
            return
        call = replace(self.record.tool_calls[index], end_s=at_s, result=result, cancelled=cancelled)
        self.record.tool_calls[index] = call
        self._on_fact(call)

    def _on_caller_started(self, _caller: CallerInput, speech: Speech) -> None:
        self._unanswered = None
        self._on_fact(Started(speech.start_s, "caller", speech.text))

    def _on_caller_stopped(self, _caller: CallerInput, speech: Speech) -> None:
        self._unanswered = speech
        self._note(self.record.utterances, Utterance("caller", speech.start_s, speech.end_s, speech.text))

    def _note(self, facts: list[_F], fact: _F) -> None:
        facts.append(fact)
        self._on_fact(fact)


def _joint(text: str, frame: TTSTextFrame) -> str:
    return "" if frame.includes_inter_frame_spaces or not text else " "
