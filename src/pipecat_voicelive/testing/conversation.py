"""The conversation in a record: who said what, which tools were called, and what is still open.

Turns stand in the order in which they entered the conversation, not in that of their transcripts: of a native
model the caller's words come when the answer has begun.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from pipecat_voicelive.protocol.client_events import ConversationItemCreateEvent, ResponseCreateEvent
from pipecat_voicelive.protocol.items import Response
from pipecat_voicelive.protocol.server_events import (
    ConversationItemTruncated,
    Error,
    InputAudioBufferCommitted,
    InputAudioTranscriptionCompleted,
    ResponseAudioTranscriptDelta,
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDone,
    ResponseOutputItemAdded,
    ResponseTextDelta,
)
from pipecat_voicelive.testing.record import OnWire


@dataclass(slots=True)
class Said:
    """Somebody said something.

    Attributes:
        who: "caller" or "bot".
        text: The words; of a bot that was cut short, all that were made.
        item_id: The item, "" if the client gave it no id.
        session: The session's number.
        truncated_ms: Where the bot's audio was cut, None if it was not.
    """

    who: Literal["caller", "bot"]
    text: str
    item_id: str
    session: int
    truncated_ms: int | None = None


@dataclass(slots=True)
class Called:
    """The bot called a function.

    Attributes:
        name: The function.
        arguments: What it was called with; the text itself if that is no JSON object.
        call_id: Ties it to its outputs.
        session: The session's number.
        outputs: What the client answered; one, unless it misbehaves or is not done.
    """

    name: str
    arguments: dict[str, Any] | str
    call_id: str
    session: int
    outputs: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        if isinstance(self.arguments, str):
            given = self.arguments
        else:
            given = ", ".join(f"{name}={json.dumps(value)}" for name, value in self.arguments.items())
        return f"{self.name}({given})"


Line: TypeAlias = Said | Called


def lines_of(wire: Sequence[OnWire]) -> list[Line]:
    """What was said and called, of all sessions."""
    lines: list[Line] = []
    said: dict[tuple[int, str], Said] = {}
    calls: dict[tuple[int, str], Called] = {}

    def speak(who: Literal["caller", "bot"], entry: OnWire, item_id: str) -> Said:
        key = (entry.session, item_id)
        if key not in said:
            said[key] = Said(who, "", item_id, entry.session)
            lines.append(said[key])
        return said[key]

    for entry in wire:
        match entry.event:
            case ConversationItemCreateEvent(item=item) if item.type == "message" and item.role == "user":
                item_id = item.id if isinstance(item.id, str) else ""
                lines.append(Said("caller", item.words, item_id, entry.session))
            case ConversationItemCreateEvent(item=item) if item.type == "function_call_output":
                call = calls.get((entry.session, str(item.call_id)))
                if call is not None:
                    call.outputs.append(str(item.output))
            case InputAudioBufferCommitted(item_id=item_id):
                speak("caller", entry, item_id)
            case InputAudioTranscriptionCompleted(item_id=item_id, transcript=transcript) if transcript:
                speak("caller", entry, item_id).text = transcript
            case ResponseOutputItemAdded(item=item) if item.type == "message" and isinstance(item.id, str):
                speak("bot", entry, item.id)
            case (
                ResponseAudioTranscriptDelta(item_id=item_id, delta=delta)
                | ResponseTextDelta(item_id=item_id, delta=delta)
            ):
                speak("bot", entry, item_id).text += delta
            case ConversationItemTruncated(item_id=item_id, audio_end_ms=audio_end_ms):
                if (entry.session, item_id) in said:
                    said[entry.session, item_id].truncated_ms = audio_end_ms
            case ResponseFunctionCallArgumentsDone(name=name, arguments=arguments, call_id=call_id):
                call = Called(str(name), _arguments(arguments), call_id, entry.session)
                calls[entry.session, call_id] = call
                lines.append(call)
            case _:
                pass
    return lines


@dataclass(slots=True)
class Progress:
    """What is going on in a session.

    Attributes:
        asked: How many `response.create` have had no answer yet.
        running: Responses that have begun and are not over.
        calls: Calls without an output.
        answers: How many responses gave an answer: one that was not cancelled and calls nothing.
    """

    asked: int = 0
    running: set[str] = field(default_factory=set[str])
    calls: set[str] = field(default_factory=set[str])
    answers: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing runs and nothing is waited for."""
        return not (self.asked or self.running or self.calls)


def progress_of(wire: Sequence[OnWire], since: int = 0) -> Progress:
    """Where things stand, over all sessions; `answers` are counted from the entry `since` on."""
    progress = Progress()
    for index, entry in enumerate(wire):
        match entry.event:
            case ResponseCreateEvent():
                progress.asked += 1
            case Error():
                progress.asked = 0
            case ResponseCreated(response=response):
                progress.asked = max(0, progress.asked - 1)
                progress.running.add(response.id)
            case ResponseDone(response=response):
                progress.running.discard(response.id)
                if index >= since and response.status != "cancelled" and not _calls(response):
                    progress.answers += 1
            case ResponseFunctionCallArgumentsDone(call_id=call_id):
                progress.calls.add(call_id)
            case ConversationItemCreateEvent(item=item) if item.type == "function_call_output":
                progress.calls.discard(str(item.call_id))
            case _:
                pass
    return progress


def _calls(response: Response) -> bool:
    return any(item.type == "function_call" for item in response.output or ())


def _arguments(text: str) -> dict[str, Any] | str:
    try:
        members = json.loads(text)
    except ValueError:
        return text
    return cast("dict[str, Any]", members) if isinstance(members, dict) else text
