"""A session with a clock that jumps, all that came out of it, and short names for what the wire says."""

from __future__ import annotations

from typing import Any, TypeVar

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import (
    ConversationItem,
    ErrorDetails,
    ItemContent,
    Response,
    SessionInfo,
)
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.memory import MemoryOptions
from pipecat_voicelive.session.response import ACTIVE_RESPONSE, METADATA_KEY

Kind = TypeVar("Kind")

ACTIVE = ACTIVE_RESPONSE
VAD: dict[str, Any] = {"type": "server_vad", "create_response": True, "interrupt_response": True}
TRANSCRIBED: dict[str, Any] = {"model": "whisper-1"}


class Driver:
    """Gives inputs to a session and keeps its effects."""

    def __init__(self, memory: MemoryOptions | None = None) -> None:
        self.session = Session(id_prefix="t", memory=memory)
        self.now_s = 100.0
        self.trace: list[fx.Effect] = []

    def give(self, *events: inputs.Input) -> list[fx.Effect]:
        """All effects of these inputs, given one after the other."""
        effects = [effect for event in events for effect in self.session.handle(event, self.now_s)]
        self.trace += effects
        return effects

    def wait(self, seconds: float) -> list[fx.Effect]:
        """Let time pass; ticks come at the session's deadlines."""
        until_s, effects = self.now_s + seconds, list[fx.Effect]()
        while (due_s := self.session.deadline_s) is not None and due_s <= until_s:
            self.now_s = max(self.now_s, due_s)
            effects += self.give(inputs.Tick())
            assert self.session.deadline_s is None or self.session.deadline_s > self.now_s, "ticks for ever"
        self.now_s = until_s
        return effects


def ready(*, memory: MemoryOptions | None = None, **session: Any) -> Driver:
    """A driver whose session is ready, with turn detection and transcription unless told otherwise."""
    driver = Driver(memory)
    driver.give(se.SessionCreated(session=SessionInfo(id="s")), inputs.Configure({"instructions": "x"}))
    driver.give(updated(**session))
    driver.trace.clear()
    return driver


def updated(**session: Any) -> se.SessionUpdated:
    members = {"turn_detection": VAD, "input_audio_transcription": TRANSCRIBED} | session
    return se.SessionUpdated(session=SessionInfo(**members))


def manual() -> Driver:
    return ready(turn_detection=None, input_audio_transcription=None)


# --- reading effects ---------------------------------------------------------------------------------


def of(kind: type[Kind], effects: list[fx.Effect]) -> list[Kind]:
    return [effect for effect in effects if isinstance(effect, kind)]


def sent(effects: list[fx.Effect]) -> list[Any]:
    return [effect.event for effect in of(fx.Send, effects)]


def sent_types(effects: list[fx.Effect]) -> list[str]:
    return [event.type for event in sent(effects)]


def names(effects: list[fx.Effect]) -> list[str]:
    """Kinds of the effects; a `Send` by the type of its event."""
    return [effect.event.type if isinstance(effect, fx.Send) else type(effect).__name__ for effect in effects]


def request_in(effects: list[fx.Effect]) -> ce.ResponseCreateEvent:
    """The one request for a response among the effects."""
    (request,) = [event for event in sent(effects) if isinstance(event, ce.ResponseCreateEvent)]
    return request


def requests_in(effects: list[fx.Effect]) -> list[ce.ResponseCreateEvent]:
    return [event for event in sent(effects) if isinstance(event, ce.ResponseCreateEvent)]


# --- what the service says ---------------------------------------------------------------------------


def created(
    response_id: str, request: ce.ResponseCreateEvent | None = None, *, echo: bool = True
) -> se.ResponseCreated:
    """The beginning of a response: the service's own, or the one that was requested."""
    metadata = {METADATA_KEY: str(request.event_id)} if request is not None and echo else None
    return se.ResponseCreated(response=Response(id=response_id, status="in_progress", metadata=metadata))


def done(
    response_id: str, status: str = "completed", output: list[ConversationItem] | None = None
) -> se.ResponseDone:
    return se.ResponseDone(response=Response(id=response_id, status=status, output=output or []))


def refusal(event_id: Any, code: str = ACTIVE) -> se.Error:
    return se.Error(error=ErrorDetails(code=code, event_id=event_id))


def audio(response_id: str, item_id: str, pcm: bytes) -> se.ResponseAudioDelta:
    return se.ResponseAudioDelta(response_id=response_id, item_id=item_id, delta=pcm)


def silence(response_id: str, item_id: str, duration_ms: float) -> se.ResponseAudioDelta:
    """Audio of this length at 24 kHz."""
    return audio(response_id, item_id, bytes(int(duration_ms * 24) * 2))


def spoken(response_id: str, item_id: str, delta: str) -> se.ResponseAudioTranscriptDelta:
    return se.ResponseAudioTranscriptDelta(response_id=response_id, item_id=item_id, delta=delta)


def written(response_id: str, item_id: str, delta: str) -> se.ResponseTextDelta:
    return se.ResponseTextDelta(response_id=response_id, item_id=item_id, delta=delta)


def word(
    response_id: str, item_id: str, text: str, offset_ms: int, duration_ms: int = 100
) -> se.ResponseAudioTimestampDelta:
    return se.ResponseAudioTimestampDelta(
        response_id=response_id,
        item_id=item_id,
        text=text,
        audio_offset_ms=offset_ms,
        audio_duration_ms=duration_ms,
    )


def viseme(response_id: str, item_id: str, viseme_id: int, offset_ms: int) -> se.ResponseAnimationVisemeDelta:
    return se.ResponseAnimationVisemeDelta(
        response_id=response_id, item_id=item_id, viseme_id=viseme_id, audio_offset_ms=offset_ms
    )


def blendshapes(
    response_id: str, item_id: str, frames: list[list[float]] | str, frame_index: int = 0
) -> se.ResponseAnimationBlendshapesDelta:
    return se.ResponseAnimationBlendshapesDelta(
        response_id=response_id, item_id=item_id, frames=frames, frame_index=frame_index
    )


def item_added(response_id: str, item: ConversationItem) -> se.ResponseOutputItemAdded:
    return se.ResponseOutputItemAdded(response_id=response_id, item=item)


def arguments_done(
    response_id: str, call_id: str, arguments: str = "{}", name: str | None = "look"
) -> se.ResponseFunctionCallArgumentsDone:
    return se.ResponseFunctionCallArgumentsDone(
        response_id=response_id, item_id=f"item_{call_id}", call_id=call_id, arguments=arguments, name=name
    )


def confirmed(item_id: str) -> se.ConversationItemCreated:
    return se.ConversationItemCreated(item=ConversationItem(type="message", id=item_id))


def confirm_all(driver: Driver) -> None:
    """Confirm every item that was sent so far."""
    for event in sent(list(driver.trace)):
        if isinstance(event, ce.ConversationItemCreateEvent):
            driver.give(confirmed(str(event.item.id)))


def speech_started(item_id: str = "u1") -> se.InputAudioBufferSpeechStarted:
    return se.InputAudioBufferSpeechStarted(item_id=item_id, audio_start_ms=10)


def speech_stopped(item_id: str = "u1") -> se.InputAudioBufferSpeechStopped:
    return se.InputAudioBufferSpeechStopped(item_id=item_id, audio_end_ms=500)


def committed(item_id: str = "u1") -> se.InputAudioBufferCommitted:
    return se.InputAudioBufferCommitted(item_id=item_id)


def heard_as(item_id: str, text: str) -> se.InputAudioTranscriptionCompleted:
    return se.InputAudioTranscriptionCompleted(item_id=item_id, transcript=text)


def heard_part(item_id: str, delta: str) -> se.InputAudioTranscriptionDelta:
    return se.InputAudioTranscriptionDelta(item_id=item_id, delta=delta)


def not_understood(item_id: str) -> se.InputAudioTranscriptionFailed:
    return se.InputAudioTranscriptionFailed(item_id=item_id, error=ErrorDetails(code="x"))


def message(text: str, item_id: str | None = None) -> ConversationItem:
    parts = [ItemContent(type="input_text", text=text)]
    if item_id is None:
        return ConversationItem(type="message", role="user", content=parts)
    return ConversationItem(type="message", role="user", id=item_id, content=parts)


def call_item(call_id: str, name: str = "look", arguments: str = "{}") -> ConversationItem:
    return ConversationItem(
        type="function_call",
        id=f"item_{call_id}",
        status="completed",
        call_id=call_id,
        name=name,
        arguments=arguments,
    )
