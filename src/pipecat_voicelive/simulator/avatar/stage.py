"""When the avatar speaks, and what the client is told about it. Pure.

A response is made faster than it is spoken. The avatar speaks in real time: what is made is queued, and is
spoken even after `response.done`. It stops at once when the caller interrupts or the client clears the
buffer; a response that the client cancels is spoken as far as it had been made.

    idle ──── an utterance comes ───▶ speaking ──── the last one ends, or all is cleared ───▶ idle
"""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass, replace

from pipecat_voicelive.protocol.client_events import OutputAudioBufferClearEvent, SessionAvatarConnectEvent
from pipecat_voicelive.protocol.codec import decode_plain
from pipecat_voicelive.protocol.server_events import (
    KnownServerEvent,
    OutputAudioBufferCleared,
    OutputAudioBufferStarted,
    OutputAudioBufferStopped,
    SessionAvatarSwitchToIdle,
    SessionAvatarSwitchToSpeaking,
)
from pipecat_voicelive.simulator.avatar.options import AvatarOptions
from pipecat_voicelive.simulator.effects import ConnectAvatar, Effect, Line, Perform, Send, ShowAvatar
from pipecat_voicelive.simulator.errors_wire import RefusedError, invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.sources import API_REFERENCE, AVATAR_SAMPLE, CHANGELOG
from pipecat_voicelive.simulator.utterance import Utterance

_KEPT_S = 5.0
"""How long a line is kept after its end: video is made a little after its time."""


@dataclass(frozen=True, slots=True)
class _Speaking:
    turn_id: str
    response_id: str
    last_began_s: float
    """When the last utterance began to be made."""


class AvatarStage:
    """The avatar of one session, if it has one.

    Args:
        speed: Audio seconds made in a second.
        preview: Whether the client is also told by `output_audio_buffer.started` and `.stopped`.
    """

    def __init__(self, *, speed: float, preview: bool) -> None:
        self._speed = speed
        self._preview = preview
        self._options: AvatarOptions | None = None
        self._lines: tuple[Line, ...] = ()
        self._speaking: _Speaking | None = None

    @property
    def deadline_s(self) -> float | None:
        """When `advance` has something to do next."""
        return self._lines[-1].ends_s if self._speaking else None

    @property
    def last_starts_s(self) -> float:
        """When the utterance that came last is spoken, or was."""
        return self._lines[-1].starts_s

    def configure(self, options: AvatarOptions | None, now_s: float) -> list[Effect]:
        """The session has this avatar from now on, or none."""
        if options == self._options:
            return []
        effects = self.stop(now_s) if options is None else []
        self._options = options
        return [*effects, ShowAvatar(options)]

    @rule(
        "avatar-only-events",
        "`output_audio_buffer.clear` and `session.avatar.connect` are refused in a session without an "
        "avatar; an offer is base64 of an SDP in JSON.",
        API_REFERENCE.at("output_audio_buffer.clear"),
        AVATAR_SAMPLE.at("session.avatar.connect"),
        topic=Topic.AVATARS,
    )
    def take(
        self,
        event: OutputAudioBufferClearEvent | SessionAvatarConnectEvent,
        event_id: str | None,
        now_s: float,
    ) -> list[Effect]:
        """The client throws away what has yet to be spoken, or offers a peer connection.

        Raises:
            RefusedError: There is no avatar, it is not seen over WebRTC, or the offer is none.
        """
        if self._options is None:
            raise RefusedError(
                "avatar_not_configured", f"'{event.type}' needs a session with an avatar.", "type"
            )
        if isinstance(event, OutputAudioBufferClearEvent):
            return [Send(OutputAudioBufferCleared()), *self.stop(now_s)]
        if self._options.over_websocket:
            raise invalid_value("This avatar's output_protocol is 'websocket'.", "type")
        return [ConnectAvatar(_offered_sdp(event.client_sdp), event_id)]

    @rule(
        "avatar-speaks-in-real-time",
        "An avatar speaks what is made in real time, also after response done: switch_to_speaking and "
        "switch_to_idle stand around it. In 2026-06-01-preview `output_audio_buffer.started` and `.stopped` "
        "do too.",
        AVATAR_SAMPLE.at("switch_to_speaking"),
        CHANGELOG.at("output_audio_buffer.started"),
        topic=Topic.AVATARS,
    )
    def speak(self, response_id: str, utterance: Utterance, now_s: float) -> list[Effect]:
        """An utterance begins to be made: speak it, or queue it behind the one that is spoken."""
        if self._options is None:
            return []
        starts_s = max(now_s, self._lines[-1].ends_s) if self._speaking else now_s
        kept = tuple(line for line in self._lines if line.ends_s > now_s - _KEPT_S)
        self._lines = (*kept, Line(utterance, starts_s, starts_s + utterance.duration_ms / 1000))
        effects: list[Effect] = [Perform(self._lines)]
        if self._speaking is not None:
            self._speaking = replace(self._speaking, last_began_s=now_s)
            return effects
        self._speaking = _Speaking(new_id("turn_", 21), response_id, now_s)
        told: list[KnownServerEvent] = [SessionAvatarSwitchToSpeaking(turn_id=self._speaking.turn_id)]
        if self._preview:
            told.append(OutputAudioBufferStarted(response_id=response_id))
        return [*(Send(event) for event in told), *effects]

    def cut(self, now_s: float) -> list[Effect]:
        """No more is made: what has been is still spoken."""
        if self._speaking is None or math.isinf(self._speed):
            return []
        last, made_s = self._lines[-1], (now_s - self._speaking.last_began_s) * self._speed
        cut = replace(last, ends_s=min(last.ends_s, last.starts_s + made_s))
        self._lines = (*self._lines[:-1], cut)
        return [Perform(self._lines)]

    def stop(self, now_s: float) -> list[Effect]:
        """Stop speaking at once."""
        if self._speaking is None:
            return []
        begun = [line for line in self._lines if line.starts_s < now_s]
        self._lines = tuple(replace(line, ends_s=min(line.ends_s, now_s)) for line in begun)
        return [Perform(self._lines), *self._silent()]

    def advance(self, now_s: float) -> list[Effect]:
        """Everything that is due."""
        over = self._speaking is not None and self._lines[-1].ends_s <= now_s
        return self._silent() if over else []

    def _silent(self) -> list[Effect]:
        assert self._speaking is not None, "it was speaking"
        told: list[KnownServerEvent] = [SessionAvatarSwitchToIdle(turn_id=self._speaking.turn_id)]
        if self._preview:
            told.append(OutputAudioBufferStopped(response_id=self._speaking.response_id))
        self._speaking = None
        return [Send(event) for event in told]


def _offered_sdp(client_sdp: str) -> str:
    try:
        offer = decode_plain(base64.b64decode(client_sdp, validate=True))
    except (binascii.Error, ValueError):
        offer = {}
    sdp = offer.get("sdp")
    if offer.get("type") != "offer" or not isinstance(sdp, str):
        raise invalid_value(
            'Invalid \'client_sdp\'. Expected base64 of {"type": "offer", "sdp": "..."}.', "client_sdp"
        )
    return sdp
