"""Options that cannot change while a session runs, and when.

The service refuses a whole update for one member that may not change. So such a change is held back: the
rest is sent, the member stays as it runs, and the change is told by name. It takes effect with the next
session. This is the whole table:

    input_audio_format, input_audio_sampling_rate    never
    input_audio_echo_cancellation                    its `channels` and `reference_source` never
    turn_detection                                   its `type` never; on and off may be switched
    avatar                                           all but its `scene` never; on and off may be switched
    voice                                            not from an OpenAI voice once it has spoken; sources
                                                     conflict about others, so they are tried, until
                                                     the service refuses one

The model stands in the URL and is no option of a session. Members are compared as they take effect: what
is not set has its default, and the name of an OpenAI voice is the same as the voice as an object. A session
that only writes is not told its voice again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from pipecat_voicelive.protocol.audio import input_format
from pipecat_voicelive.protocol.items import SessionInfo

_TURN_DETECTION = "server_vad"
"""The type that turn detection has by default."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A change that is not sent.

    Attributes:
        option: What would have changed, such as "session.turn_detection.type".
        members: The members of the session that stay as they are for it.
        reason: Why, for people.
    """

    option: str
    members: tuple[str, ...]
    reason: str


def hold_back(
    wanted: dict[str, Any],
    running: dict[str, Any],
    told: SessionInfo,
    *,
    spoken: bool,
    voice_stays: bool = False,
) -> tuple[dict[str, Any], list[HeldBack]]:
    """What of the wanted options may be sent to a running session.

    Args:
        wanted: The options that are wanted, all of them.
        running: Those that were sent last and not refused.
        told: The session as the service reported it last.
        spoken: Whether the bot has produced audio.
        voice_stays: Whether the service has refused to change the voice.

    Returns:
        The options to send, and the changes that are not among them.
    """
    held = list(_changes(wanted, running))
    voice = _voice(running.get("voice")) or _voice(told.voice)
    fixed = voice_stays or (spoken and voice is not None and voice["type"] == "openai")
    if fixed and voice and not _same_voice(wanted, voice):
        held.append(HeldBack("session.voice", ("voice",), f"The bot has spoken with it. {_NEXT_TIME}"))
    kept = {name for change in held for name in change.members}
    session = {name: value for name, value in wanted.items() if name not in kept}
    session |= {name: running[name] for name in kept if name in running}
    for change in held:
        if change.members == ("avatar",) and wanted["avatar"].get("scene") is not None:
            session["avatar"] = {**running["avatar"], "scene": wanted["avatar"]["scene"]}
    if session != running and "audio" not in (session.get("modalities") or ["audio"]):
        # Refused in a repeated update: "Text to speech synthesizer is not configured".
        session.pop("voice", None)
    return session, held


def _changes(wanted: dict[str, Any], running: dict[str, Any]) -> Iterator[HeldBack]:
    before, after = _input(running), _input(wanted)
    for place, name in enumerate(("input_audio_format", "input_audio_sampling_rate")):
        if before[place] != after[place]:
            yield _fixed(name, ("input_audio_format", "input_audio_sampling_rate"))
    before, after = _echo(running), _echo(wanted)
    for place, name in enumerate(("reference_source", "channels")):
        if before[place] != after[place]:
            yield _fixed(f"input_audio_echo_cancellation.{name}", ("input_audio_echo_cancellation",))
    before, after = _detection(running), _detection(wanted)
    if before is not None and after is not None and before != after:
        yield _fixed("turn_detection.type", ("turn_detection",))
    yield from _avatar(wanted.get("avatar"), running.get("avatar"))


_NEXT_TIME = "It stays as it is; the change takes effect with the next session."


def _fixed(option: str, members: tuple[str, ...]) -> HeldBack:
    return HeldBack(f"session.{option}", members, f"It cannot change while a session runs. {_NEXT_TIME}")


def _input(session: dict[str, Any]) -> tuple[str, int]:
    wire = input_format(session.get("input_audio_format"), session.get("input_audio_sampling_rate"))
    return wire.encoding, wire.rate_hz


def _echo(session: dict[str, Any]) -> tuple[object, object]:
    echo = _members(session.get("input_audio_echo_cancellation"))
    return echo.get("reference_source") or "server", echo.get("channels") or 1


def _detection(session: dict[str, Any]) -> object:
    """The type of turn detection, None if it is off."""
    detection: object = session.get("turn_detection", {"type": _TURN_DETECTION})
    return None if detection is None else _members(detection).get("type") or _TURN_DETECTION


def _avatar(wanted: object, running: object) -> Iterator[HeldBack]:
    before, after = _members(running), _members(wanted)
    if not before or not after:
        return
    for name in sorted(before.keys() | after.keys()):
        if name != "scene" and before.get(name) != after.get(name):
            yield _fixed(f"avatar.{name}", ("avatar",))


def _voice(voice: object) -> dict[str, Any] | None:
    if isinstance(voice, str):
        return {"type": "openai", "name": voice}
    return _members(voice) if _members(voice).get("type") else None


def _same_voice(wanted: dict[str, Any], voice: dict[str, Any]) -> bool:
    if "voice" not in wanted:
        return True  # nothing is said of it, so it stays as it is
    after = _voice(wanted["voice"]) or {}
    if voice["type"] != "openai":
        return after == voice  # its manner, too, is the voice
    return (after.get("type"), after.get("name")) == (voice["type"], voice.get("name"))


def _members(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
