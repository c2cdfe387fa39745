"""A tape: the events of one session in wire order, a JSON object a line.

    {"at_s": 1.25, "from": "server", "event": {...}}

`at_s` counts seconds from the opening of the session, null if it is not known. Where the bytes of sound and
pictures were left out, the event has "" in their place, and beside it stands how many there were, by the
path of the member: `"removed_bytes": {"delta": 4800}`. A message that was no JSON object has an event with
the type "" and its size as `"unreadable_bytes"`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, cast

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.audio import output_format
from pipecat_voicelive.protocol.codec import RawEvent, decode_any, decode_plain, encode, to_base64
from pipecat_voicelive.protocol.redaction import without_media, without_secrets

Source = Literal["client", "server"]

_SILENCE = {"pcm16": b"\x00", "g711_ulaw": b"\xff", "g711_alaw": b"\xd5"}
_AUDIO_OUT = ("response.audio.delta", "response.output_audio.delta")


@dataclass(frozen=True, slots=True)
class TapeEntry:
    """One message.

    Attributes:
        line: Its line on the tape, from 1.
        at_s: When it came, None if that is not known.
        source: Who sent it.
        event: Its plain members.
        removed_bytes: What was left out, by the path of the member.
    """

    line: int
    at_s: float | None
    source: Source
    event: dict[str, Any]
    removed_bytes: dict[str, int]

    @property
    def type(self) -> str:
        """The event's name on the wire, "" for what was no event."""
        kind = self.event.get("type")
        return kind if isinstance(kind, str) else ""


@dataclass(frozen=True, slots=True)
class Tape:
    """A recorded session."""

    name: str
    entries: tuple[TapeEntry, ...]

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a tape; audio that was left out becomes silence of the same length.

        Raises:
            ConfigurationError: It cannot be read, or a line is none of a tape.
        """
        path = Path(path)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            raise ConfigurationError(f"The tape {str(path)!r} cannot be read: {error}") from None
        entries = [_entry(path.name, number, line) for number, line in enumerate(lines, 1) if line.strip()]
        if not any(entry.source == "server" for entry in entries):
            raise ConfigurationError(f"Nothing on the tape {str(path)!r} comes from the service.")
        return cls(path.stem, tuple(_with_silence(entries)))

    @property
    def has_times(self) -> bool:
        """Whether it is known of every message when it came."""
        return all(entry.at_s is not None for entry in self.entries)


def line_of(at_s: float, source: Source, message: str | bytes, *, keep_media: bool) -> bytes:
    """The line of a tape for a message. Secrets are masked always, media left out unless they are kept."""
    event = decode_plain(message)
    line: dict[str, Any] = {"at_s": round(at_s, 4), "from": source}
    if not event:
        line |= {"event": {"type": ""}, "unreadable_bytes": len(message)}
        return encode(RawEvent(members=line)) + b"\n"
    event = without_secrets(event)
    removed: dict[str, int] = {}
    if not keep_media:
        event, removed = without_media(event)
    line["event"] = event
    if removed:
        line["removed_bytes"] = removed
    return encode(RawEvent(members=line)) + b"\n"


def _entry(name: str, number: int, line: str) -> TapeEntry:
    read = decode_any(line)
    members = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    source, event, at_s = members.get("from"), members.get("event"), members.get("at_s")
    removed: object = members.get("removed_bytes", {})
    if (
        source not in ("client", "server")
        or not isinstance(event, dict)
        or not isinstance(at_s, int | float | None)
        or not isinstance(removed, dict)
    ):
        raise ConfigurationError(
            f"{name}, line {number}: a line of a tape is "
            '{"at_s": seconds or null, "from": "client" or "server", "event": {...}}'
        )
    return TapeEntry(number, at_s, source, cast("dict[str, Any]", event), cast("dict[str, int]", removed))


def _with_silence(entries: list[TapeEntry]) -> list[TapeEntry]:
    fill = _SILENCE["pcm16"]
    for entry in entries:
        session = entry.event.get("session")
        if entry.source == "server" and isinstance(session, dict):
            name: object = cast("dict[str, Any]", session).get("output_audio_format")
            fill = _SILENCE[output_format(name if isinstance(name, str) else None).encoding]
        if entry.type in _AUDIO_OUT and isinstance(size_bytes := entry.removed_bytes.get("delta"), int):
            entry.event["delta"] = to_base64(fill * size_bytes)
    return entries
