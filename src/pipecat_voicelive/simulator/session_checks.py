"""What a `session.update` may hold: which members there are, and what each must look like.

Unknown members of the session are refused; unknown members inside one of its objects are not, because the
service is known to accept some that no document lists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from pipecat_voicelive.simulator.avatar.options import avatar_options
from pipecat_voicelive.simulator.errors_wire import (
    RefusedError,
    invalid_type,
    invalid_value,
    model_is_fixed,
    unknown_parameter,
)
from pipecat_voicelive.simulator.hearing_checks import (
    AZURE_TRANSCRIPTION_MODELS,
    END_OF_UTTERANCE_MODELS,
    OPENAI_TRANSCRIPTION_MODELS,
    check_hearing,
)
from pipecat_voicelive.simulator.pipelines import Model

Check = Callable[[object, str], None]
"""Refuses a value that stands at a path; null has been dealt with before."""

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
AZURE_VOICES = ("azure-standard", "azure-custom", "azure-personal", "avatar-voice-sync")
_TURN_DETECTIONS = (
    "server_vad",
    "semantic_vad",
    "azure_semantic_vad",
    "azure_semantic_vad_en",
    "azure_semantic_vad_multilingual",
)


def check_session(session: Mapping[str, Any], model: Model, *, strict: bool) -> None:
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
    _check_voice_of_model(session.get("voice"), model)
    _check_model(session, model)
    if strict:
        _check_mcp(session, model)
    _check_blendshapes(session, model)
    if session.get("avatar"):
        avatar_options(session["avatar"])
    check_hearing(session, model, strict=strict)


def _text(value: object, path: str) -> None:
    if not isinstance(value, str):
        raise invalid_type(path, "a string")


def _boolean(value: object, path: str) -> None:
    if not isinstance(value, bool):
        raise invalid_type(path, "a boolean")


def _count(value: object, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_type(path, "an integer")
    if value < 0:
        raise invalid_value(f"Invalid value for '{path}': must not be negative.", path)


def _number(low: float, high: float) -> Check:
    def check(value: object, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid_type(path, "a number")
        if not low <= value <= high:
            raise invalid_value(f"Invalid value for '{path}': must be {low:g} to {high:g}.", path)

    return check


def _one_of(*allowed: object) -> Check:
    def check(value: object, path: str) -> None:
        if value not in allowed:
            listed = ", ".join(repr(choice) for choice in allowed)
            raise invalid_value(f"Invalid value for '{path}': supported values are {listed}.", path)

    return check


def _list_of(check_one: Check) -> Check:
    def check(value: object, path: str) -> None:
        if not isinstance(value, list):
            raise invalid_type(path, "an array")
        for index, element in enumerate(cast("list[object]", value)):
            check_one(element, f"{path}[{index}]")

    return check


def _object(members: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    def check(value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise invalid_type(path, "an object")
        given = cast("dict[str, object]", value)
        for name in required:
            if given.get(name) is None:
                raise RefusedError(
                    "missing_required_parameter",
                    f"Missing required parameter: '{path}.{name}'.",
                    f"{path}.{name}",
                )
        for name, member in given.items():
            if member is not None and name in members:
                members[name](member, f"{path}.{name}")

    return check


def _modalities(value: object, path: str) -> None:
    _list_of(_one_of("text", "audio", "animation", "avatar"))(value, path)
    if "text" not in cast("list[str]", value):
        raise invalid_value(f"Invalid value for '{path}': ['text', 'audio'] or ['text'].", path)


_voice_object = _object(
    {
        "type": _one_of("openai", "azure-realtime-native", *AZURE_VOICES),
        "temperature": _number(0, 1),
        "prefer_locales": _list_of(_text),
        **dict.fromkeys(
            (
                "name",
                "model",
                "endpoint_id",
                "custom_lexicon_url",
                "custom_text_normalization_url",
                "locale",
                "style",
                "pitch",
                "rate",
                "volume",
            ),
            _text,
        ),
    },
    required=("type",),
)


_VOICE_NAMES = {
    "openai": ("alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"),
    "azure-realtime-native": (
        *("aarti", "andrew", "ava", "denise", "diya", "elsa", "florian", "francisca"),
        *("meera", "xiaoxiao", "ximena", "yunxi"),
    ),
}
_VOICE_NEEDS = {
    "azure-custom": ("name", "endpoint_id"),
    "azure-personal": ("name", "model"),
    "avatar-voice-sync": ("model",),
}


def _voice(value: object, path: str) -> None:
    if isinstance(value, str):
        value = {"type": "openai", "name": value}
    _voice_object(value, path)
    kind = cast("dict[str, str]", value)["type"]
    if kind in _VOICE_NAMES:
        _object({"name": _one_of(*_VOICE_NAMES[kind])})(value, path)
    _object({}, required=_VOICE_NEEDS.get(kind, ("name",)))(value, path)


def _tool(value: object, path: str) -> None:
    _object({"type": _one_of(*_TOOLS)}, required=("type",))(value, path)
    members, required = _TOOLS[cast("dict[str, str]", value)["type"]]
    _object(members, required=required)(value, path)


def _approval(value: object, path: str) -> None:
    if isinstance(value, dict):
        _object({"always": _list_of(_text), "never": _list_of(_text)})(value, path)  # pyright: ignore[reportUnknownArgumentType]
    else:
        _one_of("always", "never")(value, path)


_TOOLS: Mapping[str, tuple[Mapping[str, Check], tuple[str, ...]]] = {
    "function": ({"name": _text, "description": _text, "parameters": _object({})}, ("name",)),
    "mcp": (
        {
            "server_label": _text,
            "server_url": _text,
            "authorization": _text,
            "headers": _object({}),
            "allowed_tools": _list_of(_text),
            "require_approval": _approval,
        },
        ("server_label", "server_url"),
    ),
    "foundry_agent": ({"agent_name": _text, "project_name": _text}, ("agent_name", "project_name")),
}


def _tool_choice(value: object, path: str) -> None:
    if not isinstance(value, str):
        _object({"type": _text, "name": _text}, required=("type",))(value, path)


def _token_limit(value: object, path: str) -> None:
    if value != "inf":
        _count(value, path)
        _number(1, 4096)(value, path)


def metadata(value: object, path: str) -> None:
    """Refuse metadata that is no map of at most 16 strings (keys to 64, values to 512 characters)."""
    _object({})(value, path)
    pairs = cast("dict[str, object]", value)
    if len(pairs) > 16:
        raise invalid_value(f"Invalid value for '{path}': at most 16 pairs.", path)
    for key, text in pairs.items():
        _text(text, f"{path}.{key}")
        if len(key) > 64 or len(str(text)) > 512:
            raise invalid_value(f"Invalid value for '{path}.{key}': too long.", f"{path}.{key}")


_MEMBERS: Mapping[str, Check] = {
    "modalities": _modalities,
    "instructions": _text,
    "voice": _voice,
    "input_audio_format": _one_of("pcm16", "g711_ulaw", "g711_alaw"),
    "input_audio_sampling_rate": _one_of(8000, 16000, 24000, 44100),
    "output_audio_format": _one_of(*OUTPUT_FORMATS),
    "turn_detection": _object(
        {
            "type": _one_of(*_TURN_DETECTIONS),
            "threshold": _number(0, 1),
            "prefix_padding_ms": _count,
            "silence_duration_ms": _count,
            "speech_duration_ms": _count,
            "create_response": _boolean,
            "interrupt_response": _boolean,
            "auto_truncate": _boolean,
            "remove_filler_words": _boolean,
            "appended_text_after_truncation": _text,
            "languages": _list_of(_text),
            "eagerness": _one_of("auto", "low", "medium", "high"),
            "end_of_utterance_detection": _object(
                {
                    "model": _one_of(*END_OF_UTTERANCE_MODELS),
                    "threshold_level": _one_of("low", "medium", "high", "default"),
                    "timeout_ms": _count,
                    "timeout": _number(0, 3600),
                }
            ),
        },
        required=("type",),
    ),
    "input_audio_noise_reduction": _object(
        {"type": _one_of("azure_deep_noise_suppression", "near_field", "far_field")}, required=("type",)
    ),
    "input_audio_echo_cancellation": _object(
        {
            "type": _one_of("server_echo_cancellation"),
            "reference_source": _one_of("server", "client"),
            "channels": _one_of(1, 2),
        },
        required=("type",),
    ),
    "input_audio_transcription": _object(
        {
            "model": _one_of(*OPENAI_TRANSCRIPTION_MODELS, *AZURE_TRANSCRIPTION_MODELS),
            "language": _text,
            "prompt": _text,
            "phrase_list": _list_of(_text),
            "custom_speech": _object({}),
        },
        required=("model",),
    ),
    "output_audio_timestamp_types": _list_of(_one_of("word")),
    "animation": _object({"model_name": _text, "outputs": _list_of(_one_of("viseme_id", "blendshapes"))}),
    "avatar": _object(
        {
            "type": _one_of("video-avatar", "photo-avatar"),
            "character": _text,
            "style": _text,
            "model": _one_of("vasa-1"),
            "customized": _boolean,
            "ice_servers": _list_of(
                _object({"urls": _list_of(_text), "username": _text, "credential": _text}, required=("urls",))
            ),
            "video": _object(
                {
                    "bitrate": _count,
                    "codec": _one_of("h264"),
                    "crop": _object(
                        {"top_left": _list_of(_count), "bottom_right": _list_of(_count)},
                        required=("top_left", "bottom_right"),
                    ),
                    "resolution": _object({"width": _count, "height": _count}, required=("width", "height")),
                    "background": _object({"color": _text, "image_url": _text}),
                    "gop_size": _count,
                }
            ),
            "scene": _object(
                {
                    "zoom": _number(0, math.inf),
                    "position_x": _number(-1, 1),
                    "position_y": _number(-1, 1),
                    "rotation_x": _number(-math.pi, math.pi),
                    "rotation_y": _number(-math.pi, math.pi),
                    "rotation_z": _number(-math.pi, math.pi),
                    "amplitude": _number(0, 1),
                }
            ),
            "output_protocol": _one_of("webrtc", "websocket"),
            "output_audit_audio": _boolean,
        },
        required=("character",),
    ),
    "tools": _list_of(_tool),
    "tool_choice": _tool_choice,
    "parallel_tool_calls": _boolean,
    "temperature": _number(0, 2),
    "max_response_output_tokens": _token_limit,
    "reasoning_effort": _one_of("none", "minimal", "low", "medium", "high", "xhigh"),
    "interim_response": _object(
        {
            "type": _one_of("static_interim_response", "llm_interim_response"),
            "triggers": _list_of(_one_of("latency", "tool")),
            "latency_threshold_ms": _count,
            "texts": _list_of(_text),
            "model": _text,
            "instructions": _text,
            "max_completion_tokens": _number(1, 4096),
        },
        required=("type",),
    ),
    "include": _list_of(
        _one_of(
            "item.input_audio_transcription.logprobs",
            "item.input_audio_transcription.phrases",
            "file_search_call.results",
        )
    ),
    "metadata": metadata,
}


_RESPONSE_MEMBERS: Mapping[str, Check] = {
    "instructions": _text,
    "tools": _MEMBERS["tools"],
    "tool_choice": _tool_choice,
    "temperature": _MEMBERS["temperature"],
    "max_output_tokens": _token_limit,
    "reasoning_effort": _MEMBERS["reasoning_effort"],
    "interim_response": _MEMBERS["interim_response"],
    "conversation": _one_of("auto", "none"),
    "commit": _boolean,
    "cancel_previous": _boolean,
    "invoke_input": _object({}),
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
    if properties.get("interim_response") and model.pipeline.native:
        raise invalid_value("interim_response is not supported by this model.", "response.interim_response")


def check_voice(voice: object, path: str, model: Model) -> None:
    """Refuse a voice that is none, or that this model does not have."""
    _voice(voice, path)
    _check_voice_of_model(voice, model, path)


def _check_voice_of_model(voice: object, model: Model, path: str = "session.voice") -> None:
    if voice is None:
        return
    given = cast("dict[str, object]", voice) if isinstance(voice, dict) else {"type": "openai"}
    kind = given.get("type")
    if model.speaks_only_its_own_voices != (kind == "azure-realtime-native"):
        raise invalid_value(f"A voice of type '{kind}' is not supported by this model.", path)
    if kind == "openai" and not model.speaks_openai_voices:
        raise invalid_value("This model supports Azure voices only.", path)


def _check_model(session: Mapping[str, Any], model: Model) -> None:
    if session.get("interim_response") and model.pipeline.native:
        raise invalid_value("interim_response is not supported by this model.", "session.interim_response")
    if session.get("instructions") and model.agent is not None:
        raise invalid_value("Instructions cannot be set for an agent.", "session.instructions")


def _check_mcp(session: Mapping[str, Any], model: Model) -> None:
    if not model.calls_mcp and any(tool["type"] == "mcp" for tool in session.get("tools") or ()):
        raise invalid_value("MCP servers are not supported by this model.", "session.tools")


def _check_blendshapes(session: Mapping[str, Any], model: Model) -> None:
    animation: dict[str, Any] = session.get("animation") or {}
    voice: Any = session.get("voice") or model.default_voice
    kind = "openai" if isinstance(voice, str) else voice["type"]
    if "blendshapes" in (animation.get("outputs") or ()) and kind not in AZURE_VOICES:
        raise invalid_value("Blendshapes need an Azure voice.", "session.animation.outputs")
