"""What the pure part of a session wants done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.server_events import KnownServerEvent


@dataclass(frozen=True, slots=True)
class Send:
    """Send an event to the client."""

    event: KnownServerEvent | RawEvent


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak a text and hand the utterance back under `item_id`."""

    item_id: str
    text: str
    locale: str
    voice: str | None
    rate: float


Effect: TypeAlias = Send | Speak
