"""Getting a session ready: which options the service has, and what waits until it has them.

    AwaitingCreated ──session.created──▶ AwaitingUpdated ──session.updated──▶ Ready
                                               └──error──▶ Refused

Until Ready, everything else is held back in order: audio sent under the wrong format would be misheard,
and events before the first `session.update` are refused. Held audio is bounded; the oldest goes first.
"""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from pipecat_voicelive.protocol.audio import AudioFormat, input_format, output_format
from pipecat_voicelive.protocol.client_events import (
    ClientEvent,
    InputAudioBufferAppendEvent,
    SessionUpdateEvent,
)
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.echo import sends_reference
from pipecat_voicelive.protocol.items import SessionInfo
from pipecat_voicelive.session.caller_audio import KEPT_MS
from pipecat_voicelive.session.lasting import HeldBack, hold_back

HELD_AUDIO_MS = KEPT_MS
"""How much of the caller's audio is held until the session is ready."""
_VOICE_STAYS = "cannot_update_voice"


@dataclass(frozen=True, slots=True)
class AwaitingCreated:
    """The connection is open; the service has not spoken."""


@dataclass(frozen=True, slots=True)
class AwaitingUpdated:
    """The first options were sent (the last of them with this id), or are still to be given."""

    event_id: str | None


@dataclass(frozen=True, slots=True)
class Ready:
    """The service has taken options; these are in effect."""

    session: SessionInfo


@dataclass(frozen=True, slots=True)
class Refused:
    """The service took no options at all."""


Phase: TypeAlias = AwaitingCreated | AwaitingUpdated | Ready | Refused


@dataclass(slots=True, repr=False)
class Setup:
    """Options and what waits for them. Methods return the events to send."""

    id_prefix: str
    phase: Phase = field(default_factory=AwaitingCreated)
    sent_audio_bytes: int = 0
    """How much of the caller's audio was waiting for the session that is ready now."""
    _wanted: dict[str, Any] | None = None
    _sent: dict[str, Any] | None = None
    _updates: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _told: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    _voice_stays: bool = False
    _count: int = 0
    _held: deque[ClientEvent | RawEvent] = field(default_factory=deque[ClientEvent | RawEvent])
    _held_audio_bytes: int = 0

    @property
    def ready(self) -> bool:
        """Whether events go out at once."""
        return isinstance(self.phase, Ready)

    @property
    def session(self) -> SessionInfo | None:
        """The options in effect, None before there are any."""
        return self.phase.session if isinstance(self.phase, Ready) else None

    @property
    def input_format(self) -> AudioFormat:
        """Format of the caller's audio."""
        wanted = self._wanted or {}
        heard = input_format(wanted.get("input_audio_format"), wanted.get("input_audio_sampling_rate"))
        return replace(heard, channels=2) if sends_reference(wanted) else heard

    @property
    def output_format(self) -> AudioFormat:
        """Format of the bot's audio."""
        if isinstance(self.phase, Ready):
            return output_format(self.phase.session.output_audio_format)
        return output_format(None)

    @property
    def interim_responses(self) -> bool:
        """Whether the service may speak while the caller waits for the answer."""
        return isinstance(self.phase, Ready) and bool(self.phase.session.interim_response)

    def configure(
        self, session: dict[str, Any], *, spoken: bool = False
    ) -> tuple[SessionUpdateEvent | None, list[HeldBack]]:
        """Other options are wanted; the bot has `spoken` or not.

        Returns the update to send, and what it does not hold because it cannot change now; each told once.
        """
        self._wanted, news = copy.deepcopy(session), list[HeldBack]()
        running = next(iter(self._updates.values()), None)
        if isinstance(self.phase, Ready) and running is not None:
            wanted = self._wanted
            self._wanted, held = hold_back(
                wanted, running, self.phase.session, spoken=spoken, voice_stays=self._voice_stays
            )
            told, self._told = self._told, {}
            for change in held:
                self._told[change.option] = [wanted.get(member) for member in change.members]
                if self._told[change.option] != told.get(change.option):
                    news.append(change)
        return (None if isinstance(self.phase, AwaitingCreated) else self._update()), news

    def created(self) -> SessionUpdateEvent | None:
        """The service is there."""
        if not isinstance(self.phase, AwaitingCreated):
            return None
        self.phase = AwaitingUpdated(None)
        return self._update()

    def updated(self, session: SessionInfo) -> tuple[bool, list[ClientEvent | RawEvent]]:
        """Options are in effect. Returns whether for the first time, and what was held back."""
        first = not isinstance(self.phase, Ready)
        self.phase = Ready(session)
        held = list(self._held)
        self._held.clear()
        self.sent_audio_bytes, self._held_audio_bytes = self._held_audio_bytes, 0
        return first, held

    def refused(self, event_id: str, code: str) -> bool | None:
        """An update was refused. Returns whether none is left to be taken, None if it was not ours."""
        if event_id not in self._updates:
            return None
        self._voice_stays = self._voice_stays or code == _VOICE_STAYS
        if self._updates.pop(event_id) is self._sent:
            self._sent = None
        if self.phase == AwaitingUpdated(event_id):
            self.phase = Refused()
        return isinstance(self.phase, Refused)

    def hold(self, event: ClientEvent | RawEvent) -> float:
        """Keep an event until Ready. Returns the milliseconds of audio that were dropped for it."""
        self._held.append(event)
        if not isinstance(event, InputAudioBufferAppendEvent):
            return 0.0
        self._held_audio_bytes += len(event.audio)
        audio_format, dropped = self.input_format, 0
        limit = audio_format.size_bytes(HELD_AUDIO_MS)
        while self._held_audio_bytes > limit:
            oldest = next(held for held in self._held if isinstance(held, InputAudioBufferAppendEvent))
            self._held.remove(oldest)
            self._held_audio_bytes -= len(oldest.audio)
            dropped += len(oldest.audio)
        return audio_format.duration_ms(dropped)

    def _update(self) -> SessionUpdateEvent | None:
        if self._wanted is None or self._wanted == self._sent:
            return None
        self._count += 1
        event_id = f"{self.id_prefix}_session_{self._count}"
        self._sent = self._wanted
        self._updates = {event_id: self._sent, **dict(list(self._updates.items())[:7])}
        if not isinstance(self.phase, Ready):
            self.phase = AwaitingUpdated(event_id)
        return SessionUpdateEvent(event_id=event_id, session=self._sent)
