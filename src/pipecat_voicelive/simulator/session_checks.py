"""What a `session.update` may hold: which members there are, and what each must look like.

Unknown members of the session are refused; unknown members inside one of its objects are not, because the
service is known to accept some that no document lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pipecat_voicelive.simulator.avatar.options import avatar_options
from pipecat_voicelive.simulator.avatar_checks import avatar
from pipecat_voicelive.simulator.checks import (
    Check,
    boolean,
    count,
    integer,
    list_of,
    metadata,
    number,
    object_of,
    one_of,
    text,
)
from pipecat_voicelive.simulator.errors_wire import invalid_value, model_is_fixed, unknown_parameter
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.hearing_checks import (
    AZURE_TRANSCRIPTION_MODELS,
    END_OF_UTTERANCE_MODELS,
    OPENAI_TRANSCRIPTION_MODELS,
    check_hearing,
)
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.sources import (
    API_REFERENCE,
    HOW_TO,
    INTERIM,
    LIVE_TESTS,
    MCP_SAMPLE,
    OPENAI_REALTIME,
    SDK,
    SPECIFICATION,
)
from pipecat_voicelive.simulator.tool_checks import check_mcp, tool, tool_choice
from pipecat_voicelive.simulator.voice_checks import AZURE_VOICES, check_voice_of_model, voice_shape

OUTPUT_FORMATS = (
    "pcm16",
    "pcm16_8000hz",
    "pcm16-8000hz",
    "pcm16_16000hz",
    "pcm16-16000hz",
    "pcm16_22050hz",
    "pcm16_24000hz",
    "pcm16_44100hz",
    "pcm16_48000hz",
    "g711_ulaw",
    "g711_alaw",
)
_TURN_DETECTIONS = (
    "server_vad",
    "semantic_vad",
    "azure_semantic_vad",
    "azure_semantic_vad_en",
    "azure_semantic_vad_multilingual",
)


def check_session(session: Mapping[str, Any], model: Model, *, api_version: str, strict: bool) -> None:
    """Refuse a session that the service would refuse.

    Raises:
        RefusedError: What is wrong first; `param` is `session.<name>`.
    """
    for name, value in session.items():
        if name not in _MEMBERS:
            if not strict:
                continue
            raise model_is_fixed() if name == "model" else unknown_parameter(f"session.{name}")
        if value is not None:
            _MEMBERS[name](value, f"session.{name}")
    check_voice_of_model(session.get("voice"), model)
    _check_instructions(session, model)
    _check_interim(session, model, "session")
    if strict:
        check_mcp(session, model)
        _check_temperature(session)
    _check_blendshapes(session, model)
    if session.get("avatar"):
        avatar_options(session["avatar"])
    check_hearing(session, model, api_version=api_version, strict=strict)


@rule(
    "modalities",
    "Modalities without text are refused, such as audio alone: \"Supported combinations are: ['text'] and "
    "['audio', 'text'].\" animation and avatar may stand beside them.",
    API_REFERENCE.at("modalities"),
    SDK.at("Modality"),
    OPENAI_REALTIME.at("Invalid modalities"),
    topic=Topic.SESSION,
    conflict="`session.created` of a native model reports audio alone.",
)
def _modalities(value: object, path: str) -> None:
    list_of(one_of("text", "audio", "animation", "avatar"))(value, path)
    if "text" not in cast("list[str]", value):
        raise invalid_value(
            f"Invalid modalities: {value}. Supported combinations are: ['text'] and ['audio', 'text'].", path
        )


@rule(
    "token-limit",
    'The limit of output tokens is an integer from 1 to 4096, or "inf".',
    API_REFERENCE.at("max_response_output_tokens"),
    SDK.at("ResponseCreateParams"),
    topic=Topic.RESPONSES,
)
def _token_limit(value: object, path: str) -> None:
    if value != "inf":
        integer(1, 4096)(value, path)


@rule(
    "temperature",
    "The temperature of a session is 0.6 to 1.0, that of a response 0.6 to 1.2.",
    API_REFERENCE.at("temperature"),
    SDK.at("ResponseCreateParams"),
    SPECIFICATION.at("RequestSession"),
    topic=Topic.SESSION,
    conflict="the API reference has 0.6 to 1.2 for the session, the specification 0 to 1; `strict=False` "
    "lets 0 to 2 pass.",
)
def _check_temperature(session: Mapping[str, Any]) -> None:
    if session.get("temperature") is not None:
        number(0.6, 1.0)(session["temperature"], "session.temperature")


@rule(
    "input-formats",
    "The caller's audio is pcm16 of 8, 16, 24 or 44.1 kHz, or G.711, which is reported as 8 kHz whatever was "
    "asked for.",
    LIVE_TESTS.at("input audio formats and sampling rates"),
    API_REFERENCE.at("input_audio_sampling_rate"),
    topic=Topic.INPUT_AUDIO,
    conflict="no document has 44.1 kHz; the live tests send it and it works.",
)
def _sampling_rate(value: object, path: str) -> None:
    one_of(8000, 16000, 24000, 44100)(value, path)


@rule(
    "output-formats",
    "The service's audio is pcm16 (24 kHz), pcm16_8000hz, pcm16_16000hz, G.711, or one of four rates that no "
    "document has: pcm16_22050hz, _24000hz, _44100hz, _48000hz. The old spellings with a hyphen are taken.",
    LIVE_TESTS.at("output audio formats"),
    API_REFERENCE.at("output_audio_format"),
    topic=Topic.RESPONSES,
)
def _output_format(value: object, path: str) -> None:
    one_of(*OUTPUT_FORMATS)(value, path)


_MEMBERS: Mapping[str, Check] = {
    "modalities": _modalities,
    "instructions": text,
    "voice": voice_shape,
    "input_audio_format": one_of("pcm16", "g711_ulaw", "g711_alaw"),
    "input_audio_sampling_rate": _sampling_rate,
    "output_audio_format": _output_format,
    "turn_detection": object_of(
        {
            "type": one_of(*_TURN_DETECTIONS),
            "threshold": number(0, 1),
            "prefix_padding_ms": count,
            "silence_duration_ms": count,
            "speech_duration_ms": count,
            "create_response": boolean,
            "interrupt_response": boolean,
            "auto_truncate": boolean,
            "remove_filler_words": boolean,
            "appended_text_after_truncation": text,
            "languages": list_of(text),
            "eagerness": one_of("auto", "low", "medium", "high"),
            "end_of_utterance_detection": object_of(
                {
                    "model": one_of(*END_OF_UTTERANCE_MODELS),
                    "threshold_level": one_of("low", "medium", "high", "default"),
                    "timeout_ms": count,
                    "timeout": number(0, 3600),
                }
            ),
        },
        required=("type",),
    ),
    "input_audio_noise_reduction": object_of(
        {"type": one_of("azure_deep_noise_suppression", "near_field", "far_field")}, required=("type",)
    ),
    "input_audio_echo_cancellation": object_of(
        {
            "type": one_of("server_echo_cancellation"),
            "reference_source": one_of("server", "client"),
            "channels": one_of(1, 2),
        },
        required=("type",),
    ),
    "input_audio_transcription": object_of(
        {
            "model": one_of(*OPENAI_TRANSCRIPTION_MODELS, *AZURE_TRANSCRIPTION_MODELS),
            "language": text,
            "prompt": text,
            "phrase_list": list_of(text),
            "custom_speech": object_of({}),
        },
        required=("model",),
    ),
    "output_audio_timestamp_types": list_of(one_of("word")),
    "animation": object_of({"model_name": text, "outputs": list_of(one_of("viseme_id", "blendshapes"))}),
    "avatar": avatar,
    "tools": list_of(tool),
    "tool_choice": tool_choice,
    "parallel_tool_calls": boolean,
    "temperature": number(0, 2),
    "max_response_output_tokens": _token_limit,
    "reasoning_effort": one_of("none", "minimal", "low", "medium", "high", "xhigh"),
    "interim_response": object_of(
        {
            "type": one_of("static_interim_response", "llm_interim_response"),
            "triggers": list_of(one_of("latency", "tool")),
            "latency_threshold_ms": count,
            "texts": list_of(text),
            "model": text,
            "instructions": text,
            "max_completion_tokens": integer(1),
        },
        required=("type",),
    ),
    "include": list_of(
        one_of(
            "item.input_audio_transcription.logprobs",
            "item.input_audio_transcription.phrases",
            "file_search_call.results",
        )
    ),
    "metadata": metadata,
}


_RESPONSE_MEMBERS: Mapping[str, Check] = {
    "instructions": text,
    "tools": _MEMBERS["tools"],
    "tool_choice": tool_choice,
    "temperature": number(0.6, 1.2),
    "max_output_tokens": _token_limit,
    "reasoning_effort": _MEMBERS["reasoning_effort"],
    "interim_response": _MEMBERS["interim_response"],
    "conversation": one_of("auto", "none"),
    "commit": boolean,
    "cancel_previous": boolean,
    "invoke_input": object_of({}),
    "metadata": metadata,
}


def check_response(properties: Mapping[str, Any], model: Model) -> None:
    """Refuse properties of a response that the service would refuse; modalities, voice and items apart.

    Raises:
        RefusedError: What is wrong first; `param` is `response.<name>`.
    """
    for name, check in _RESPONSE_MEMBERS.items():
        if properties.get(name) is not None:
            check(properties[name], f"response.{name}")
    _check_interim(properties, model, "response")


@rule(
    "interim-not-native",
    "`interim_response` is refused for models that hear audio themselves; the session goes on without.",
    INTERIM,
    MCP_SAMPLE.at("handling of errors"),
    topic=Topic.RESPONSES,
    holds_for="native models",
)
def _check_interim(members: Mapping[str, Any], model: Model, where: str) -> None:
    if members.get("interim_response") and model.pipeline.native:
        raise invalid_value("interim_response is not supported by this model.", f"{where}.interim_response")


@rule(
    "no-instructions-for-agents",
    "`instructions` are refused in a session with an agent, which has its own.",
    HOW_TO.at("instructions"),
    API_REFERENCE.at("instructions"),
    topic=Topic.AGENTS,
    holds_for="agents",
)
def _check_instructions(session: Mapping[str, Any], model: Model) -> None:
    if session.get("instructions") and model.agent is not None:
        raise invalid_value("Instructions cannot be set for an agent.", "session.instructions")


def _check_blendshapes(session: Mapping[str, Any], model: Model) -> None:
    animation: dict[str, Any] = session.get("animation") or {}
    voice: Any = session.get("voice") or model.default_voice
    kind = "openai" if isinstance(voice, str) else voice["type"]
    if "blendshapes" in (animation.get("outputs") or ()) and kind not in AZURE_VOICES:
        raise invalid_value("Blendshapes need an Azure voice.", "session.animation.outputs")
