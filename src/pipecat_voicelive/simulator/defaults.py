"""The session as the service reports it: its members, their order and their defaults, as recorded."""

from __future__ import annotations

from typing import Any

from pipecat_voicelive.simulator.contracts import default_prefix_padding_ms
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.sources import API_REFERENCE, CASCADED_TAPES, HOW_TO, TEXT_TURN, VOICE_TURN
from pipecat_voicelive.simulator.turn_detection import TurnSettings

_INSTRUCTIONS = (
    "You are a helpful, witty, and friendly AI. Act like a human, but remember that you aren't a human and "
    "that you can't do human things in the real world."
)

_TURN_MEMBERS: dict[str, Any] = {
    "type": "server_vad",
    "threshold": None,
    "prefix_padding_ms": None,
    "silence_duration_ms": None,
    "create_response": None,
    "interrupt_response": None,
    "idle_timeout_ms": None,
    "speech_duration_ms": None,
    "end_of_utterance_detection": None,
    "auto_truncate": None,
    "appended_text_after_truncation": None,
}

_MULTILINGUAL_MEMBERS: dict[str, Any] = {
    "profile": "classic",
    "neg_threshold": None,
    "window_size": None,
    "distinct_ci_phones": None,
    "require_vowel": None,
    "require_vowel_assistant_speaking": None,
}

_RECORDED_SERVER_VAD: dict[str, Any] = {
    **_TURN_MEMBERS,
    "threshold": 0.5,
    "prefix_padding_ms": 400,
    "silence_duration_ms": 500,
    "create_response": True,
    "interrupt_response": True,
    "auto_truncate": False,
}


_SWITCHED_OFF_BY_NULL = (
    "turn_detection",
    "input_audio_transcription",
    "input_audio_noise_reduction",
    "input_audio_echo_cancellation",
    "animation",
    "avatar",
    "include",
    "output_audio_timestamp_types",
)

_LATEST_AGENT_VERSION = "1"


@rule(
    "created-shows-model-defaults",
    "`session.created` shows the defaults of the model behind: audio alone, no output format, server_vad "
    "with 300 and 200 ms; after the first update they are those of Voice Live, 400 and 500 ms.",
    VOICE_TURN.at("session.created, session.updated"),
    topic=Topic.SESSION,
    holds_for="native models",
)
def created_session(
    model: Model, *, session_id: str, expires_at: int, thread_id: str | None = None
) -> dict[str, Any]:
    """The session of `session.created`: defaults of the model behind, not yet those of Voice Live."""
    session = _base(model, session_id, expires_at, thread_id)
    if model.pipeline.native:
        session["modalities"] = ["audio"]
        session["output_audio_format"] = None
        session["turn_detection"] = {
            **_RECORDED_SERVER_VAD,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 200,
        }
    return session


@rule(
    "unset-is-null",
    "`session.updated` has every member: what is not set is null. `id` and `expires_at` stay the same.",
    VOICE_TURN.at("session.updated"),
    TEXT_TURN.at("session.updated"),
    topic=Topic.SESSION,
)
def updated_session(
    model: Model,
    requested: dict[str, Any],
    *,
    session_id: str,
    expires_at: int,
    prefix_padding_ms: int,
    thread_id: str | None = None,
) -> dict[str, Any]:
    """The session of `session.updated`: what was requested over the defaults of Voice Live.

    `prefix_padding_ms` is the API version's default with `server_vad`.
    """
    session = _base(model, session_id, expires_at, thread_id)
    session["turn_detection"]["prefix_padding_ms"] = prefix_padding_ms
    for name, value in requested.items():
        session[name] = _completed(name, value, model, session.get(name))
    if session["input_audio_format"] != "pcm16":
        session["input_audio_sampling_rate"] = 8000
    return session


@rule(
    "turn-detection-defaults",
    "Without further options turn detection has a threshold of 0.5, 500 ms of silence, 80 ms of speech for "
    "the azure_semantic types and 200 for server_vad, and 400 ms of padding, 420 for the azure_semantic "
    "types; before 2026-04-10 300.",
    VOICE_TURN.at("session.updated"),
    API_REFERENCE.at("turn_detection"),
    HOW_TO.at("turn_detection"),
    topic=Topic.TURN_DETECTION,
)
def turn_settings(turn_detection: dict[str, Any], api_version: str) -> TurnSettings:
    """The effective settings behind the reported ones, which are null where nothing was asked for."""
    azure = str(turn_detection.get("type", "")).startswith("azure")
    padding_ms = default_prefix_padding_ms(api_version, azure=azure)

    def given(name: str, default: float) -> float:
        value = turn_detection.get(name)
        return default if value is None else float(value)

    return TurnSettings(
        threshold=given("threshold", 0.5),
        prefix_padding_ms=int(given("prefix_padding_ms", padding_ms)),
        silence_duration_ms=int(given("silence_duration_ms", 500)),
        speech_duration_ms=int(given("speech_duration_ms", 80 if azure else 200)),
    )


@rule(
    "cascaded-defaults",
    "A cascaded session transcribes with azure-speech and speaks with en-US-AvaNeural unasked, and reports "
    "its temperature, 0.8, and 1.0 with gpt-5, which also has a `reasoning_effort`; native sessions report "
    "neither temperature nor transcription.",
    CASCADED_TAPES.at("session.created"),
    VOICE_TURN.at("session.created"),
    topic=Topic.SESSION,
    holds_for="cascaded models",
)
@rule(
    "agent-in-session",
    "A session with an agent reports it as `agent`, with the `thread_id` that resumes the conversation as "
    "`conversation-id`.",
    API_REFERENCE.at("AgentConfig"),
    topic=Topic.AGENTS,
    holds_for="agents",
)
def _base(model: Model, session_id: str, expires_at: int, thread_id: str | None) -> dict[str, Any]:
    session: dict[str, Any] = {
        "id": session_id,
        "model": model.resolved_name,
        "modalities": ["text", "audio"] if model.pipeline.native else ["audio", "text"],
        "instructions": _INSTRUCTIONS,
        "voice": model.default_voice,
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": None,
        "input_audio_noise_reduction": None,
        "turn_detection": dict(_RECORDED_SERVER_VAD),
        "tools": [],
        "tool_choice": "auto",
        "max_response_output_tokens": "inf",
        "expires_at": expires_at,
        "object": "realtime.session",
        "input_audio_sampling_rate": 24000,
        "animation": None,
        "input_audio_echo_cancellation": None,
        "avatar": None,
        "output_audio_timestamp_types": None,
        "truncation_strategy": None,
        "include": None,
    }
    if model.pipeline.native:
        return session
    session["input_audio_transcription"] = _transcription({"model": "azure-speech"})
    session["temperature"] = 0.8
    session["greeting"] = None
    session["handoff"] = None
    if model.name.startswith("gpt-5"):
        session["temperature"] = 1.0
        session["reasoning_effort"] = "minimal"
    if model.agent is not None:
        session["agent"] = {
            "type": "agent",
            "name": model.agent.name,
            "description": None,
            "agent_id": f"{model.agent.name}:{model.agent.version or _LATEST_AGENT_VERSION}",
            "thread_id": thread_id,
        }
    return session


def _completed(name: str, value: Any, model: Model, default: Any) -> Any:
    """A requested member with the members that the service adds to it."""
    if value is None:
        return None if name in _SWITCHED_OFF_BY_NULL else default
    match name:
        case "voice" if isinstance(value, str):
            return {"name": value, "type": "openai"}
        case "turn_detection":
            return _turn_detection(value, model, default)
        case "input_audio_transcription":
            return _transcription(value, native=model.pipeline.native)
        case "input_audio_echo_cancellation":
            return {"reference_source": "server", "channels": 1, **value}
        case _:
            return value


@rule(
    "turn-detection-echo",
    "Turn detection is reported with all its members. In cascaded sessions what was not asked for is null, "
    "not the default; the end of utterance gains its members, and azure_semantic_vad_multilingual a "
    "`profile` and more.",
    CASCADED_TAPES.at("session.updated"),
    VOICE_TURN.at("session.updated"),
    topic=Topic.SESSION,
)
def _turn_detection(requested: dict[str, Any], model: Model, server_vad: dict[str, Any]) -> dict[str, Any]:
    kind = requested.get("type", "server_vad")
    members = dict(_TURN_MEMBERS)
    if kind == "server_vad" and model.pipeline.native:
        members = dict(server_vad)
    if kind == "azure_semantic_vad_multilingual":
        members |= _MULTILINGUAL_MEMBERS
    members |= requested
    end_of_utterance = members["end_of_utterance_detection"]
    if isinstance(end_of_utterance, dict):
        added: dict[str, Any] = {"threshold": None, "threshold_level": "default", "timeout": None}
        members["end_of_utterance_detection"] = added | end_of_utterance
    return members


def _transcription(requested: dict[str, Any], *, native: bool = False) -> dict[str, Any]:
    members: dict[str, Any] = {
        "model": None,
        "language": None if native else "",
        "prompt": None,
        "custom_speech": None,
        "phrase_list": None,
    }
    return members | requested
