"""What a session may ask of the caller's audio: combinations that the service refuses.

What each member must look like by itself has been checked before (`session_checks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecat_voicelive.simulator.errors_wire import RefusedError, invalid_value
from pipecat_voicelive.simulator.pipelines import Model

OPENAI_TRANSCRIPTION_MODELS = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
)
AZURE_TRANSCRIPTION_MODELS = (
    "azure-speech",
    "mai-transcribe",
    "mai-transcribe-1",
    "mai-transcribe-1.5",
    "mai-transcribe-2",
    "mai-transcribe-2-streaming",
    "mai-transcribe-medical",
    "azure-mrs",
)
END_OF_UTTERANCE_MODELS = (
    "semantic_detection_v1",
    "semantic_detection_v1_en",
    "semantic_detection_v1_multilingual",
    "smart_end_of_turn_detection",
)
_BY_LOUDNESS = {
    "threshold",
    "prefix_padding_ms",
    "silence_duration_ms",
    "speech_duration_ms",
    "end_of_utterance_detection",
}
_BY_WORDS = {"remove_filler_words", "appended_text_after_truncation"}
_TURN_MEMBERS = {
    "server_vad": _BY_LOUDNESS,
    "semantic_vad": {"eagerness"},
    "azure_semantic_vad": {*_BY_LOUDNESS, *_BY_WORDS, "languages"},
    "azure_semantic_vad_en": {*_BY_LOUDNESS, *_BY_WORDS},
    "azure_semantic_vad_multilingual": {*_BY_LOUDNESS, *_BY_WORDS, "languages"},
}
"""What each turn detection has besides what all have. Members that stand nowhere here are let pass."""
_MOST_LANGUAGES = 10
_TOO_MANY_PHRASES = 500


def check_hearing(session: Mapping[str, Any], model: Model, *, strict: bool) -> None:
    """Refuse what does not go together; what is only said not to go together if `strict`.

    Raises:
        RefusedError: What is wrong first.
    """
    _check_transcription(session.get("input_audio_transcription") or {}, model)
    turn_detection: dict[str, Any] = session.get("turn_detection") or {}
    if turn_detection.get("type") == "semantic_vad" and not model.speaks_openai_voices:
        raise invalid_value("'semantic_vad' is not supported by this model.", "session.turn_detection.type")
    if strict:
        _check_members(turn_detection)
    _check_echo(session)


def _check_members(turn_detection: Mapping[str, Any]) -> None:
    kind = turn_detection.get("type")
    every = {name for members in _TURN_MEMBERS.values() for name in members}
    others = every - _TURN_MEMBERS.get(str(kind), set())
    for name, value in turn_detection.items():
        if name in others and value is not None:
            raise invalid_value(
                f"'{name}' is not supported by turn detection of type '{kind}'.",
                f"session.turn_detection.{name}",
            )


def _check_transcription(transcription: Mapping[str, Any], model: Model) -> None:
    path = "session.input_audio_transcription"
    named = transcription.get("model")
    if named in OPENAI_TRANSCRIPTION_MODELS and not model.speaks_openai_voices:
        raise invalid_value(f"Transcription by '{named}' is not supported by this model.", f"{path}.model")
    if (transcription.get("language") or "").count(",") >= _MOST_LANGUAGES:
        raise invalid_value(
            f"Invalid value for '{path}.language': at most {_MOST_LANGUAGES} languages.", f"{path}.language"
        )
    if len(transcription.get("phrase_list") or ()) >= _TOO_MANY_PHRASES:
        raise invalid_value(
            f"Invalid value for '{path}.phrase_list': fewer than {_TOO_MANY_PHRASES} phrases.",
            f"{path}.phrase_list",
        )


def _check_echo(session: Mapping[str, Any]) -> None:
    echo: dict[str, Any] | None = session.get("input_audio_echo_cancellation")
    if not echo:
        return
    path = "session.input_audio_echo_cancellation"
    if session.get("modalities") == ["text"]:
        raise RefusedError("ec_not_supported", "Echo cancellation needs audio output.", path)
    client, channels = echo.get("reference_source") == "client", echo.get("channels") or 1
    if channels == 2 and not client:
        raise RefusedError(
            "invalid_ec_channels_requires_client", "Two channels need reference_source 'client'.", path
        )
    if client and channels != 2:
        raise RefusedError(
            "invalid_ec_reference_channels", "reference_source 'client' needs two channels.", path
        )
    if channels == 2 and (session.get("input_audio_format") or "pcm16") != "pcm16":
        raise RefusedError("invalid_ec_channels_format", "Two channels need pcm16.", path)
    if client and session.get("input_audio_sampling_rate") == 44100:
        raise RefusedError("invalid_ec_channels_format", "A client's reference needs 8, 16 or 24 kHz.", path)
