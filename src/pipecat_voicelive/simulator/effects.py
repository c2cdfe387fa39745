"""What the pure part of a session wants done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.server_events import KnownServerEvent
from pipecat_voicelive.simulator.avatar.options import AvatarOptions
from pipecat_voicelive.simulator.utterance import Utterance


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
    pitch: float


@dataclass(frozen=True, slots=True)
class Line:
    """An utterance of the avatar, from when to when; cut short if that is not as long as the utterance."""

    utterance: Utterance
    starts_s: float
    ends_s: float


@dataclass(frozen=True, slots=True)
class ShowAvatar:
    """Have an avatar that looks like this, None for none."""

    options: AvatarOptions | None


@dataclass(frozen=True, slots=True)
class ConnectAvatar:
    """Answer a peer connection that is offered; `event_id` is the client event that offers it."""

    offer_sdp: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Perform:
    """What the avatar says from now on, and what it said last, in place of what it was told before."""

    lines: tuple[Line, ...]


AvatarEffect: TypeAlias = ShowAvatar | ConnectAvatar | Perform
Effect: TypeAlias = Send | Speak | AvatarEffect
