"""What the dated versions have and `v1` calls otherwise: in a session of `v1` nobody knows such a member.

Written apart from the client's mapping of one onto the other, so that what it leaves unmapped is found here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import V1_SPECIFICATION

_DATED: Mapping[str, tuple[str, ...]] = {
    "session": (
        "modalities",
        "voice",
        "input_audio_format",
        "input_audio_sampling_rate",
        "output_audio_format",
        "turn_detection",
        "input_audio_noise_reduction",
        "input_audio_echo_cancellation",
        "input_audio_transcription",
        "output_audio_timestamp_types",
        "max_response_output_tokens",
    ),
    "response": ("modalities", "voice", "output_audio_format"),
}
"""Members that `v1` nests or renames, by the object that holds them."""


@rule(
    "v1-has-its-own-names",
    "In a session of `v1` the names that it nests or renames (`session.modalities`, `session.turn_detection` "
    "and the like) are refused with `unknown_parameter`.",
    V1_SPECIFICATION.at("RealtimeSession"),
    topic=Topic.CONNECTING,
    holds_for="v1",
    conflict="nobody has recorded a service of `v1`; it may let them pass.",
)
def dated_member(event: Mapping[str, Any]) -> str | None:
    """The path of the first member of a client's event that only dated versions have, or None."""
    for holder, names in _DATED.items():
        members = event.get(holder)
        if isinstance(members, Mapping):
            for name in cast("Mapping[str, object]", members):
                if name in names:
                    return f"{holder}.{name}"
    return "additional_instructions" if "additional_instructions" in event else None
