"""What a dialogue has put off: late transcripts, turns not yet understood, responses that wait for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.server_events import KnownServerEvent
from pipecat_voicelive.simulator.brain import SpokenTurn
from pipecat_voicelive.simulator.caller_audio import TurnEnded


@dataclass(frozen=True, slots=True)
class SendLater:
    """A transcript that is late, in the native pipeline, or a part of one."""

    due_s: float
    events: list[KnownServerEvent]


@dataclass(frozen=True, slots=True)
class UnderstandLater:
    """A voice turn that is being transcribed, in the cascaded pipeline."""

    due_s: float
    turn: TurnEnded
    heard: SpokenTurn
    transcription: list[KnownServerEvent]
    answer: bool


@dataclass(frozen=True, slots=True)
class RespondLater:
    """A response that was asked for while a voice turn was being transcribed."""

    due_s: float
    asked: ResponseProperties
    event_id: str | None
    additional_instructions: str


Later: TypeAlias = SendLater | UnderstandLater | RespondLater


def in_time(
    transcription: list[KnownServerEvent], now_s: float, delay_ms: float
) -> tuple[list[SendLater], list[KnownServerEvent]]:
    """A transcript that is late: its deltas, evenly over the time until then, and what comes at the end.

    One that has a single delta comes all at once.
    """
    deltas, last = transcription[:-1], transcription[-1:]
    if len(deltas) < 2:
        return [], transcription
    step_s = delay_ms / 1000 / (len(deltas) + 1)
    return [SendLater(now_s + step_s * (n + 1), [delta]) for n, delta in enumerate(deltas)], last
