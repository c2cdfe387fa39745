"""The rows of the feature table: what there is, and how the rivals stand. `ours` is filled by the tests.

Events and options come from our classes, values and parameters from the service's documentation.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from pipecat_voicelive.protocol.client_events import ResponseCreateEvent, ResponseProperties
from reference import ours, rivals
from reference.behaviours import BEHAVIOURS


@dataclass(frozen=True)
class Row:
    """A thing that the service documents.

    Attributes:
        name: As in `@pytest.mark.proves(name)`.
        what: What it is, if the name does not say it.
        pipecat: How Pipecat's built-in service stands.
        sdk: How Microsoft's Python SDK stands.
    """

    name: str
    what: str
    pipecat: str
    sdk: str


def tables() -> dict[str, list[Row]]:
    """All rows, by the heading they stand under."""
    found = {
        "Client events": list(_client_events()),
        "Server events": list(_server_events()),
        "Session options": list(_session_options()),
        "Options of one response": list(_response_options()),
        "Values": list(_values()),
        "Parameters of the URL": list(_parameters()),
    }
    return found | {
        title: [Row(f"feature.{one.slug}", one.what, one.pipecat, one.sdk) for one in behaviours]
        for title, behaviours in BEHAVIOURS.items()
    }


def _client_events() -> Iterator[Row]:
    for name, event in ours.client_events().items():
        yield Row(name, ours.summary(event), rivals.pipecat_client_event(name), rivals.sdk_event(name))


def _server_events() -> Iterator[Row]:
    for name, event in ours.server_events().items():
        yield Row(name, ours.summary(event), rivals.pipecat_server_event(name), rivals.sdk_event(name))


def _session_options() -> Iterator[Row]:
    for path, classes in ours.session_options().items():
        yield Row(f"session.{path}", f"`{classes}`", rivals.pipecat_option(path), rivals.sdk_option(path))


def _response_options() -> Iterator[Row]:
    for field in ours.fields(ResponseProperties):
        pipecat = rivals.pipecat_option(field.name, "ResponseProperties")
        sdk = rivals.sdk_option(field.name, "ResponseCreateParams")
        yield Row(f"response.create.{field.name}", f"`{field.type}`", pipecat, sdk)
    yield Row("response.create.conversation=none", "a response out of band", rivals.NO, rivals.NO)
    (extra,) = [field for field in ours.fields(ResponseCreateEvent) if field.name != "response"]
    sdk = rivals.sdk_option(extra.name, "ClientEventResponseCreate")
    yield Row(f"response.create.{extra.name}", f"`{extra.type}`", rivals.NO, sdk)


VALUES = {
    "voice": (
        "voice.type",
        "openai azure-standard azure-custom azure-personal azure-realtime-native avatar-voice-sync",
    ),
    "turn_detection": (
        "turn_detection.type",
        "server_vad semantic_vad azure_semantic_vad azure_semantic_vad_en azure_semantic_vad_multilingual",
    ),
    "end_of_utterance_detection": (
        "turn_detection.end_of_utterance_detection.model",
        "semantic_detection_v1 semantic_detection_v1_en semantic_detection_v1_multilingual",
    ),
    "threshold_level": (
        "turn_detection.end_of_utterance_detection.threshold_level",
        "low medium high default",
    ),
    "eagerness": ("turn_detection.eagerness", "auto low high"),
    "input_audio_transcription": (
        "input_audio_transcription.model",
        (
            "azure-speech mai-transcribe mai-transcribe-1 mai-transcribe-2 "
            "whisper-1 gpt-4o-transcribe gpt-4o-mini-transcribe gpt-4o-transcribe-diarize"
        ),
    ),
    "input_audio_noise_reduction": (
        "input_audio_noise_reduction.type",
        "azure_deep_noise_suppression near_field far_field",
    ),
    "input_audio_echo_cancellation": ("input_audio_echo_cancellation.type", "server_echo_cancellation"),
    "reference_source": ("input_audio_echo_cancellation.reference_source", "server client"),
    "modalities": ("modalities", "text audio animation avatar"),
    "input_audio_format": ("input_audio_format", "pcm16 g711_ulaw g711_alaw"),
    "output_audio_format": (
        "output_audio_format",
        (
            "pcm16 pcm16_8000hz pcm16_16000hz g711_ulaw g711_alaw "
            "pcm16_22050hz pcm16_24000hz pcm16_44100hz pcm16_48000hz"  # seen to work, not documented
        ),
    ),
    "output_audio_timestamp_types": ("output_audio_timestamp_types", "word"),
    "animation.outputs": ("animation.outputs", "viseme_id blendshapes"),
    "avatar": ("avatar.type", "video-avatar photo-avatar"),
    "avatar.output_protocol": ("avatar.output_protocol", "webrtc websocket"),
    "tool": ("tools.type", "function mcp foundry_agent"),
    "require_approval": ("tools.require_approval", "always never"),
    "tool_choice": ("tool_choice", "auto none required"),
    "reasoning_effort": ("reasoning_effort", "none minimal low medium high xhigh"),
    "interim_response": ("interim_response.type", "static_interim_response llm_interim_response"),
    "interim_response.triggers": ("interim_response.triggers", "latency tool"),
    "include": (
        "include",
        (
            "item.input_audio_transcription.logprobs item.input_audio_transcription.phrases "
            "file_search_call.results"
        ),
    ),
}
"""Documented values by option, with the path at which the rivals would have them."""

ITEMS = (
    "message function_call function_call_output mcp_list_tools mcp_call mcp_approval_request "
    "mcp_approval_response web_search_call file_search_call"
)
CONTENTS = "input_text input_audio input_image text audio"


def _values() -> Iterator[Row]:
    for option, (path, values) in VALUES.items():
        for value in values.split():
            pipecat, sdk = rivals.pipecat_value(path, value), rivals.sdk_value(path, value)
            yield Row(f"{option}={value}", "", pipecat, sdk)
    sdk = rivals.sdk_value("tool_choice.type", "function")
    yield Row("tool_choice=function", "", rivals.NO, sdk)
    for kind in ITEMS.split():
        sdk = (
            "yes" if any(rivals.sdk_value("type", kind, root) == "yes" for root in _ITEM_ROOTS) else rivals.NO
        )
        yield Row(f"item={kind}", "", rivals.pipecat_value("type", kind, "ConversationItem"), sdk)
    for kind in CONTENTS.split():
        sdk = (
            "yes" if any(rivals.sdk_value("type", kind, root) == "yes" for root in _PART_ROOTS) else rivals.NO
        )
        yield Row(f"content={kind}", "", rivals.pipecat_value("type", kind, "ItemContent"), sdk)


_ITEM_ROOTS = ("ConversationRequestItem", "ResponseItem")
_PART_ROOTS = ("MessageContentPart", "ContentPart")

PARAMETERS = {
    "api-version": ("the API version", "yes", "yes"),
    "model": ("model or deployment", "yes", "yes"),
    "agent-name": ("a Foundry agent", "no", "yes"),
    "agent-project-name": ("its project", "no", "yes"),
    "agent-version": ("pins its version", "no", "yes"),
    "conversation-id": ("resumes its conversation", "no", "yes"),
    "agent-authentication-identity-client-id": ("identity for another resource", "no", "yes"),
    "foundry-resource-override": ("the resource that hosts its project", "no", "yes"),
    "profile": ("a model of your own deployment", "no", "as `query`"),
    "features": ("preview features", "no", "as `query`"),
}
"""Parameters of the URL: what they are, and how Pipecat's built-in and the SDK stand."""


def _parameters() -> Iterator[Row]:
    for name, (what, pipecat, sdk) in PARAMETERS.items():
        yield Row(f"query.{name}", what, pipecat, sdk)


def unknown(names: list[str], known: list[str]) -> Iterator[str]:
    """For each name that is no row: what to do about it."""
    for name in names:
        if name in known:
            continue
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        meant = f" Perhaps {' or '.join(close)}?" if close else ""
        if name.startswith("feature."):
            add = "add it to BEHAVIOURS in tools/reference/behaviours.py, or use one that is there."
        elif name.startswith("rule."):
            add = "rules are entered by pipecat_voicelive.simulator.fidelity.rule."
        elif "=" in name:
            add = "values stand in VALUES in tools/reference/rows.py."
        elif name.startswith("query."):
            add = "parameters of the URL stand in PARAMETERS in tools/reference/rows.py."
        else:
            add = "events and options are named as our classes in pipecat_voicelive.protocol name them."
        yield f"proves({name!r}) is no row of the feature table: {add}{meant}"
