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
    """A transcript that is late, in the native pipeline."""

    due_s: float
    events: list[KnownServerEvent]


@dataclass(frozen=True, slots=True)
class UnderstandLater:
    """A voice turn that is being transcribed, in the cascaded pipeline."""

    due_s: float
    turn: TurnEnded
    heard: SpokenTurn
    answer: bool


@dataclass(frozen=True, slots=True)
class RespondLater:
    """A response that was asked for while a voice turn was being transcribed."""

    due_s: float
    asked: ResponseProperties
    event_id: str | None
    additional_instructions: str


Later: TypeAlias = SendLater | UnderstandLater | RespondLater
