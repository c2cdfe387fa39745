"""What the service refuses in one API version and takes in a later one.

Written apart from the client's table on purpose: what one of them has wrong, the other is to find. A
version that lies between two known ones, or behind the last, behaves like the newest of those before it.
Old spellings are taken everywhere, new ones only from the version on that has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pipecat_voicelive.protocol.client_events import (
    ClientEvent,
    InputAudioBufferAppendEvent,
    InputTextDeltaEvent,
    InputTextDoneEvent,
)
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.simulator.errors_wire import (
    RefusedError,
    invalid_value,
    missing_parameter,
    unknown_event_type,
    unknown_parameter,
)
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import API_REFERENCE, CHANGELOG, PREVIEW_REFERENCE, SPECIFICATION

_NEWS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "2025-10-01": {
        "turn_detection.end_of_utterance_detection.timeout_ms": (),
        "turn_detection.end_of_utterance_detection.threshold_level": (),
        "turn_detection.end_of_utterance_detection.model": (
            "semantic_detection_v1_en",
            "semantic_detection_v1_multilingual",
        ),
        "turn_detection.type": ("azure_semantic_vad_en", "azure_semantic_vad_multilingual"),
        "animation.outputs": ("blendshapes",),
        "avatar.video.background": (),
        "avatar.video.gop_size": (),
    },
    "2026-01-01": {
        "reasoning_effort": (),
        "interim_response": (),
        "response.metadata": (),
        "response.pre_generated_assistant_message": (),
        "avatar.type": (),
        "avatar.model": (),
        "avatar.scene": (),
        "avatar.output_protocol": (),
        "avatar.output_audit_audio": (),
        "output_audio_format": ("pcm16_8000hz", "pcm16_16000hz"),
        "voice": ("marin", "cedar"),
        "voice.name": ("marin", "cedar"),
        "tools.type": ("mcp",),
        "item.type": ("mcp_approval_response",),
        "item.content.type": ("input_image",),
    },
    "2026-04-10": {
        "include": (),
        "session.metadata": (),
        "input_audio_transcription.model": ("gpt-4o-transcribe-diarize", "mai-transcribe-1"),
        "voice.type": ("avatar-voice-sync",),
        "type": ("output_audio_buffer.clear",),
    },
    "2026-06-01": {
        "parallel_tool_calls": (),
        "input_audio_echo_cancellation.reference_source": (),
        "input_audio_echo_cancellation.channels": (),
        "voice.type": ("azure-realtime-native",),
        "response.invoke_input": (),
        "item.content.image_url": (),
        "type": ("input_text.delta", "input_text.done"),
    },
}
"""Members that came with a version, and where only values are new, these. Paths leave `session` and
`response` out where both have the member."""

_SMART = "smart_end_of_turn_detection"
"""A model for the end of turns that only 2026-06-01-preview has."""


@rule(
    "version-contract",
    "What came with a later API version than the client's is refused: events, members and values.",
    API_REFERENCE.at("and those of earlier versions"),
    CHANGELOG,
    SPECIFICATION.at("@added"),
    topic=Topic.EVENTS,
    conflict="no document says whether the service refuses or ignores them; `strict=False` lets them pass.",
)
@rule(
    "streamed-text-id",
    "`input_text.delta` and `.done` name the item that the text is added to; in 2026-06-01-preview they name "
    "none, and the text becomes an item when it is done.",
    API_REFERENCE.at("input_text.delta"),
    PREVIEW_REFERENCE.at("input_text.delta"),
    topic=Topic.ITEMS,
)
def check_contract(event: ClientEvent, api_version: str) -> None:
    """Refuse an event that an API version does not have, or not with these members.

    Raises:
        RefusedError: It names the first member that is not known.
    """
    if isinstance(event, InputAudioBufferAppendEvent):
        return
    lacking = [news for since, news in _NEWS.items() if api_version[:10] < since]
    for path, value in _members(to_plain(event), ""):
        bare = path.removeprefix("session.").removeprefix("response.")
        for news in lacking:
            values = news.get(path, news.get(bare))
            if values is not None and (not values or value in values):
                raise _unknown(path, value, by_value=bool(values))
        if (
            path.endswith("end_of_utterance_detection.model")
            and value == _SMART
            and not api_version.startswith("2026-06-01")
        ):
            raise _unknown(path, value, by_value=True)
    if isinstance(event, InputTextDeltaEvent | InputTextDoneEvent):
        named = isinstance(event.id, str)
        if api_version.startswith("2026-06-01") and named:
            raise unknown_parameter("id")
        if not api_version.startswith("2026-06-01") and not named:
            raise missing_parameter("id")


def default_prefix_padding_ms(api_version: str, *, azure: bool) -> int:
    """How much audio from before the speech is kept, unless the session says."""
    if api_version[:10] < "2026-04-10":
        return 300
    return 420 if azure else 400


def has_preview_events(api_version: str) -> bool:
    """Whether `output_audio_buffer.started` and `.stopped` are sent; no later version has taken them over."""
    return api_version.startswith("2026-06-01")


def _unknown(path: str, value: object, *, by_value: bool) -> RefusedError:
    if path == "type":
        return unknown_event_type(str(value))
    if by_value:
        return invalid_value(f"Invalid value for '{path}': '{value}' is not supported.", path)
    return unknown_parameter(path)


def _members(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Every member below, with its path; the elements of a list have the list's."""
    match value:
        case dict():
            for name, member in cast("dict[str, Any]", value).items():
                inner = f"{path}.{name}" if path else name
                yield inner, member
                yield from _members(member, inner)
        case list():
            for element in cast("list[object]", value):
                yield path, element
                yield from _members(element, path)
        case _:
            pass
