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
_MOST_LANGUAGES = 10
_TOO_MANY_PHRASES = 500


def check_hearing(session: Mapping[str, Any], model: Model) -> None:
    """Refuse what does not go together.

    Raises:
        RefusedError: What is wrong first.
    """
    _check_transcription(session.get("input_audio_transcription") or {}, model)
    turn_detection: dict[str, Any] = session.get("turn_detection") or {}
    if turn_detection.get("type") == "semantic_vad" and not model.speaks_openai_voices:
        raise invalid_value("'semantic_vad' is not supported by this model.", "session.turn_detection.type")
    _check_echo(session)


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
