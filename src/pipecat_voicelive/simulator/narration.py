"""Events in words, for people who watch a simulator. It shows what was said, so it is not for logs."""

from __future__ import annotations

from typing import Any, cast

from pipecat_voicelive.protocol.client_events import (
    ConversationItemCreateEvent,
    ConversationItemTruncateEvent,
    ResponseCancelEvent,
)
from pipecat_voicelive.protocol.items import Response
from pipecat_voicelive.protocol.server_events import (
    ConversationItemCreated,
    Error,
    InputAudioBufferSpeechStarted,
    InputAudioTranscriptionCompleted,
    InputAudioTranscriptionFailed,
    ResponseAudioTranscriptDone,
    ResponseDone,
    ResponseFunctionCallArgumentsDone,
    ResponseOutputItemDone,
    ResponseTextDone,
    SessionCreated,
)
from pipecat_voicelive.simulator.exchange import Exchanged, FaultFired, Noted

_TOLD_EACH_TIME = 3
_TOLD_EVERY = 100


def narrated(exchanged: Exchanged) -> str:  # noqa: C901 - one case a line
    """A line about an event, "" for one that says nothing to people."""
    if isinstance(exchanged, FaultFired):
        return _fault(exchanged)
    if isinstance(exchanged, Noted):
        return f"({exchanged.text})"
    line = ""
    match exchanged.event:
        case SessionCreated(session=session):
            line = f"session of {session.model}"
        case ConversationItemCreateEvent(item=item) if item.type == "message":
            line = f"{item.role}: {item.words or '(no words)'}"
        case ConversationItemCreateEvent(item=item) if item.type == "function_call_output":
            line = f"tool answers: {item.output}"
        case InputAudioBufferSpeechStarted():
            line = "(the caller speaks)"
        case InputAudioTranscriptionCompleted(transcript=transcript):
            line = f"caller: {transcript}"
        case InputAudioTranscriptionFailed():
            line = "(the caller's words could not be transcribed)"
        case ResponseAudioTranscriptDone(transcript=said) | ResponseTextDone(text=said):
            line = f"assistant: {said}"
        case ResponseFunctionCallArgumentsDone(name=name, arguments=arguments):
            line = f"assistant calls {name}({arguments})"
        case ConversationItemCreated(item=item) if item.type == "mcp_approval_request":
            line = f"(may {item.name} of {item.server_label} be called with {item.arguments}?)"
        case ConversationItemCreateEvent(item=item) if item.type == "mcp_approval_response":
            line = "(the client approves)" if item.approve else "(the client denies)"
        case ResponseOutputItemDone(item=item) if item.type == "mcp_call":
            line = f"{item.name} of {item.server_label} answers: {item.output or item.error or '(cut short)'}"
        case ConversationItemTruncateEvent(audio_end_ms=audio_end_ms):
            line = f"(the client played {audio_end_ms} ms of it)"
        case ResponseCancelEvent():
            line = "(the client cancels)"
        case ResponseDone(response=response) if response.status != "completed":
            line = f"(response {response.status} {_why(response)})".replace(" )", ")")
        case Error(error=error):
            line = f"error {error.code}: {error.message}"
        case _:
            pass
    return line


def _fault(fired: FaultFired) -> str:
    """A fault in words; of one that happens again and again, only now and then."""
    if fired.times > _TOLD_EACH_TIME and fired.times % _TOLD_EVERY:
        return ""
    times = f" ({fired.times} times now)" if fired.times > 1 else ""
    return f"(fault: {fired.fault}){times}"


def _why(response: Response) -> str:
    """Why a response ended as it did: a reason, or an error's code and message."""
    details = cast("dict[str, Any]", response.status_details or {})
    error = cast("dict[str, Any]", details.get("error") or {})
    return response.status_reason or ": ".join(
        str(error[name]) for name in ("code", "message") if name in error
    )
