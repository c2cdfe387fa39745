"""The API versions of the service: what each has, and how it spells it. One table for both.

Options are written as the newest version has them. `for_version` makes of a client event what an older
version understands: renamed members and values get their old names, and what that version does not have
is left out, because the service refuses a whole event for one member it does not know.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pipecat_voicelive.errors import ConfigurationError

DEFAULT_API_VERSION = "2026-07-15"
"""The version asked for unless another is named."""

API_VERSIONS = (
    "2025-05-01-preview",
    "2025-10-01",
    "2026-01-01-preview",
    "2026-04-10",
    "2026-06-01-preview",
    "2026-07-15",
)
"""Dated versions whose contract is known, oldest first."""

V1 = "v1"
"""The label of the rolling contract, another dialect; see `protocol.dialect_v1`."""


_DATED = re.compile(r"\d{4}-(0[1-9]|1[0-2])-\d{2}(-preview)?")


def check_version(api_version: str) -> None:
    """Refuse what is no API version. A date that is not known here may be one that the service knows.

    Raises:
        ConfigurationError: It is neither a date, with or without "-preview", nor "v1".
    """
    if api_version != V1 and not _DATED.fullmatch(str(api_version)):
        raise ConfigurationError(
            f"{api_version!r} is no api_version. Give one such as {', '.join(API_VERSIONS[::-1])}."
        )


def contract_of(api_version: str) -> str:
    """The known version whose contract a version has: its own, else that of the last one before it.

    What is no date, or newer than all that are known, counts as the newest.
    """
    if api_version in API_VERSIONS or not api_version[:1].isdigit():
        return api_version if api_version in API_VERSIONS else API_VERSIONS[-1]
    place = bisect.bisect_right(API_VERSIONS, api_version, key=lambda known: known[:10])
    return API_VERSIONS[max(place - 1, 0)]


@dataclass(frozen=True, slots=True)
class Since:
    """An option that some versions lack.

    Attributes:
        path: The client event's type, for an event; else the member, from `session`, `response` or `item`
            on. `[]` stands for every element of a list.
        version: The first version that has it.
        values: Only these values of it; None for the option as such.
        left_out: The member that is left out where it is missing, if that is more than the option.
        until: The last version that has it, None for those that kept it.
        instead: What to give where it is missing.
    """

    path: str
    version: str
    values: tuple[str, ...] | None = None
    left_out: str | None = None
    until: str | None = None
    instead: str = ""

    def in_version(self, contract: str) -> bool:
        """Whether a version of `API_VERSIONS` has it."""
        place = API_VERSIONS.index(contract)
        return API_VERSIONS.index(self.version) <= place and (
            self.until is None or place <= API_VERSIONS.index(self.until)
        )


@dataclass(frozen=True, slots=True)
class Renamed:
    """A member, or values of one, that older versions call by another name.

    Attributes:
        path: The member as it is called now.
        version: The first version that calls it so.
        member: Its old name, None if it kept its name.
        values: Old names of its values, by the new ones.
        to_old, to_new: What becomes of its value.
    """

    path: str
    version: str
    member: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    to_old: Callable[[Any], Any] | None = None
    to_new: Callable[[Any], Any] | None = None


def _seconds(value: Any) -> Any:
    return value / 1000 if isinstance(value, int | float) else value


def _milliseconds(value: Any) -> Any:
    return round(value * 1000) if isinstance(value, int | float) else value


_DETECTION = "session.turn_detection"
_END = f"{_DETECTION}.end_of_utterance_detection"
_IN_SESSION = (
    Since(
        f"{_END}.threshold_level",
        "2025-10-01",
        instead="Give `threshold`, 0 to 1 with 0.01 as its default.",
    ),
    Since(
        f"{_END}.model",
        "2025-10-01",
        values=("semantic_detection_v1_en", "semantic_detection_v1_multilingual"),
        left_out=_END,
        instead='Give "semantic_detection_v1".',
    ),
    Since(
        f"{_END}.model",
        "2026-06-01-preview",
        values=("smart_end_of_turn_detection",),
        left_out=_END,
        until="2026-06-01-preview",
        instead='Give "semantic_detection_v1".',
    ),
    Since(
        f"{_DETECTION}.type",
        "2025-10-01",
        values=("azure_semantic_vad_en", "azure_semantic_vad_multilingual"),
        left_out=_DETECTION,
        instead='Give "azure_semantic_vad".',
    ),
    Since("session.animation.outputs[]", "2025-10-01", values=("blendshapes",)),
    Since("session.avatar.video.background", "2025-10-01"),
    Since("session.avatar.video.gop_size", "2025-10-01"),
    *(
        Since(f"session.avatar.{name}", "2026-01-01-preview")
        for name in ("type", "model", "scene", "output_protocol", "output_audit_audio")
    ),
    Since("session.input_audio_echo_cancellation.reference_source", "2026-06-01-preview"),
    Since("session.input_audio_echo_cancellation.channels", "2026-06-01-preview"),
    Since(
        "session.input_audio_transcription.model",
        "2026-04-10",
        values=("gpt-4o-transcribe-diarize", "mai-transcribe-1"),
        left_out="session.input_audio_transcription",
        instead='Give "azure-speech" or "whisper-1".',
    ),
    Since("session.parallel_tool_calls", "2026-06-01-preview"),
    Since("session.include", "2026-04-10"),
    Since("session.metadata", "2026-04-10"),
)
_IN_SESSION_AND_RESPONSE = (
    Since("voice.name", "2026-01-01-preview", values=("marin", "cedar"), left_out="voice"),
    Since("voice", "2026-01-01-preview", values=("marin", "cedar")),
    Since("voice.type", "2026-04-10", values=("avatar-voice-sync",), left_out="voice"),
    Since("voice.type", "2026-06-01-preview", values=("azure-realtime-native",), left_out="voice"),
    Since("tools[].type", "2026-01-01-preview", values=("mcp",), left_out="tools[]"),
    Since("reasoning_effort", "2026-01-01-preview"),
    Since("interim_response", "2026-01-01-preview"),
)
_IN_RESPONSE = (
    Since("response.metadata", "2026-01-01-preview"),
    Since("response.pre_generated_assistant_message", "2026-01-01-preview"),
    Since("response.invoke_input", "2026-06-01-preview"),
)
_IN_ITEM = (
    Since("item.content[].type", "2026-01-01-preview", values=("input_image",), left_out="item.content[]"),
)
_EVENTS = (
    Since("output_audio_buffer.clear", "2026-04-10"),
    Since("input_text.delta", "2026-06-01-preview"),
    Since("input_text.done", "2026-06-01-preview"),
)

SINCE: tuple[Since, ...] = (
    *_EVENTS,
    *_IN_SESSION,
    *(
        Since(
            f"{root}.{option.path}",
            option.version,
            option.values,
            f"{root}.{option.left_out}" if option.left_out else None,
        )
        for option in _IN_SESSION_AND_RESPONSE
        for root in ("session", "response")
    ),
    *_IN_RESPONSE,
    *_IN_ITEM,
)
"""Everything that not every version has."""

V1_LACKS: tuple[Since, ...] = tuple(
    Since(path, DEFAULT_API_VERSION)
    for path in (
        "input_text.delta",
        "input_text.done",
        "output_audio_buffer.clear",
        "session.avatar.connect",
        "input_audio.turn.start",
        "input_audio.turn.append",
        "input_audio.turn.end",
        "input_audio.turn.cancel",
        "input_audio.clear",
        *(
            f"{root}.{name}"
            for root in ("session", "response")
            for name in ("temperature", "reasoning_effort", "interim_response")
        ),
        "session.parallel_tool_calls",
        "session.metadata",
        "session.animation.model_name",
        *(
            f"session.avatar.{name}"
            for name in (
                "type",
                "model",
                "ice_servers",
                "video",
                "scene",
                "output_protocol",
                "output_audit_audio",
            )
        ),
        "response.pre_generated_assistant_message",
        "response.invoke_input",
        "response.commit",
        "response.cancel_previous",
        "response.append_input_items",
    )
)
"""What the `v1` contract has no place for."""

RENAMED: tuple[Renamed, ...] = (
    Renamed(f"{_END}.timeout_ms", "2025-10-01", "timeout", to_old=_seconds, to_new=_milliseconds),
    *(
        Renamed(
            f"{root}.output_audio_format",
            "2026-01-01-preview",
            values=(("pcm16_8000hz", "pcm16-8000hz"), ("pcm16_16000hz", "pcm16-16000hz")),
        )
        for root in ("session", "response")
    ),
    Renamed("item.content[].image_url", "2026-06-01-preview", "url"),
)
"""Everything that some version calls otherwise than the newest."""

_NO_ID = "2026-06-01-preview"
"""The version whose `input_text` events name no item."""

_IMAGE_LEFT_OUT = {"type": "input_text", "text": "(an image that cannot be shown)"}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An option that was set and is not sent.

    Attributes:
        option: Its path as in `Since`, with `=value` if only that value is missing.
        since: The first version that has it.
        reason: What happened and what to do, for people.
    """

    option: str
    since: str
    reason: str


def for_version(
    event: dict[str, Any], api_version: str = DEFAULT_API_VERSION
) -> tuple[dict[str, Any] | None, list[LeftOut]]:
    """A client event as an API version understands it.

    Args:
        event: Its plain members, in the newest spelling or an older one; may be changed.
        api_version: Any version; see `contract_of`.

    Returns:
        What to send, None if the version does not have the event at all, and what was left out.
    """
    contract = contract_of(api_version)
    left_out: list[LeftOut] = []
    for renamed in RENAMED:
        _rename(event, renamed, old=API_VERSIONS.index(contract) < API_VERSIONS.index(renamed.version))
    lacking = V1_LACKS if api_version == V1 else [o for o in SINCE if not o.in_version(contract)]
    for option in lacking:
        if option.path == event.get("type"):
            return None, [_left_out(option, api_version, None)]
        left_out += [_left_out(option, api_version, value) for value in _take_out(event, option)]
    if api_version == V1:
        left_out += _take_out_rates(event)
    if contract == _NO_ID and str(event.get("type")).startswith("input_text."):
        event.pop("id", None)
    if event.get("type") == "conversation.item.create" and left_out:
        event["item"]["content"] = event["item"]["content"] or [_IMAGE_LEFT_OUT]
    return event, left_out


def takes_images(api_version: str) -> bool:
    """Whether a version has images in messages."""
    _, left_out = for_version(
        {"type": "conversation.item.create", "item": {"content": [{"type": "input_image"}]}}, api_version
    )
    return not left_out


def check_audio_in(session: Mapping[str, Any], api_version: str) -> None:
    """Refuse options under which an API version would take two channels of audio for one.

    Raises:
        ConfigurationError: The echo reference is to come from the client, and the version does not know that.
    """
    echo = _holders(dict(session), ["input_audio_echo_cancellation"])
    if not echo or echo[0].get("reference_source") != "client":
        return
    path = "session.input_audio_echo_cancellation.reference_source"
    option = next(option for option in SINCE if option.path == path)
    if not option.in_version(contract_of(api_version)):
        raise ConfigurationError(
            f'reference_source "client" needs api_version {option.version} or newer, not {api_version}: '
            "older ones would take the reference for the caller's voice. Leave it out, or name a newer one."
        )


def speed_of(rate: object) -> float | None:
    """The `speed` of v1 that says the same as a voice's `rate`: "1.2", "+20%"; None for a rate in words."""
    if not isinstance(rate, str):
        return None
    try:
        return round(1 + float(rate[:-1]) / 100, 4) if rate.endswith("%") else float(rate)
    except ValueError:
        return None


def _take_out_rates(event: dict[str, Any]) -> Iterator[LeftOut]:
    for root in ("session", "response"):
        for voice in _holders(event, [root, "voice"]):
            if voice.get("rate") is not None and speed_of(voice["rate"]) is None:
                del voice["rate"]
                option = Since(f"{root}.voice.rate", DEFAULT_API_VERSION, instead="Give a number, as text.")
                yield _left_out(option, V1, None)


def _left_out(option: Since, api_version: str, value: str | None) -> LeftOut:
    name = option.path.replace("[]", "") + (f"={value}" if value else "")
    if api_version == V1:
        reason = f"The v1 contract has no place for it; API version {option.version} does."
    else:
        which = "the first that has it" if option.until is None else "the only one that has it"
        reason = f"API version {contract_of(api_version)} does not have it; {which} is {option.version}."
    return LeftOut(name, option.version, f"{reason} {option.instead}".rstrip())


def _rename(event: dict[str, Any], renamed: Renamed, *, old: bool) -> None:
    *steps, name = renamed.path.split(".")
    for holder in _holders(event, steps):
        if renamed.member is not None:
            given, wanted = (name, renamed.member) if old else (renamed.member, name)
            if given in holder:
                convert = renamed.to_old if old else renamed.to_new
                value = holder.pop(given)
                holder.setdefault(wanted, convert(value) if convert else value)
        for now, before in renamed.values:
            if holder.get(name) == (now if old else before):
                holder[name] = before if old else now


def _take_out(event: dict[str, Any], option: Since) -> Iterator[str | None]:
    """Take the option out wherever it stands. Yields the value for which, None for the option as such."""
    *steps, last = (option.left_out or option.path).split(".")
    inner = option.path[len(option.left_out) + 1 :].split(".") if option.left_out else []
    for holder in _holders(event, steps):
        name, is_list = last.removesuffix("[]"), last.endswith("[]")
        value: object = holder.get(name)
        if is_list and isinstance(value, list):
            kept: list[object] = []
            for element in cast("list[object]", value):
                found = _matches(element, inner, option.values)
                if found is None:
                    kept.append(element)
                else:
                    yield found
            holder[name] = kept
        elif (
            not is_list and value is not None and (found := _matches(value, inner, option.values)) is not None
        ):
            del holder[name]
            yield found or None


def _matches(value: object, inner: list[str], values: tuple[str, ...] | None) -> str | None:
    """The value that a version lacks, "" if it is the option as such, None if neither."""
    for step in inner:
        value = cast("dict[str, object]", value).get(step) if isinstance(value, dict) else None
    if values is None:
        return ""
    return value if isinstance(value, str) and value in values else None


def _holders(event: dict[str, Any], steps: list[str]) -> list[dict[str, Any]]:
    """The objects at the end of a path."""
    found: list[dict[str, Any]] = [event]
    for step in steps:
        inside: list[object] = []
        for holder in found:
            value: object = holder.get(step.removesuffix("[]"))
            inside += cast("list[object]", value) if isinstance(value, list) else [value]
        found = [cast("dict[str, Any]", value) for value in inside if isinstance(value, dict)]
    return found
