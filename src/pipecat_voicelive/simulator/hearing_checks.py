"""What a session may ask of the caller's audio: combinations that the service refuses.

What each member must look like by itself has been checked before (`session_checks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecat_voicelive.simulator.errors_wire import RefusedError, array_too_long, invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.sources import (
    API_REFERENCE,
    CUSTOMIZE,
    ECHO_SAMPLE,
    FIRST_HOW_TO,
    HOW_TO,
    LANGUAGES,
    PROBES,
    TRUNCATION,
)

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
_MOST_PHRASES = 499
_TURNS = "session.turn_detection"
_TRANSCRIPTION = "session.input_audio_transcription"
_ECHO = "session.input_audio_echo_cancellation"


def check_hearing(session: Mapping[str, Any], model: Model, *, api_version: str, strict: bool) -> None:
    """Refuse what does not go together; what is only said not to go together if `strict`.

    Raises:
        RefusedError: What is wrong first.
    """
    transcription: dict[str, Any] = session.get("input_audio_transcription") or {}
    turn_detection: dict[str, Any] = session.get("turn_detection") or {}
    _check_transcriber(transcription, model)
    _check_limits(transcription)
    _check_semantic_vad(turn_detection, model)
    if strict:
        _check_transcription_members(transcription)
        _check_turn_members(turn_detection)
        _check_end_of_utterance(turn_detection, model)
        _check_azure_semantic_vad(turn_detection, model, api_version)
        _check_turns_of_azure_speech(transcription, turn_detection, model, api_version)
        _check_noise_reduction(session.get("input_audio_noise_reduction") or {}, model)
    _check_echo(session)


@rule(
    "transcriber-of-model",
    "OpenAI's transcription models are for native OpenAI models; phi4-mm-realtime is transcribed by "
    "azure-speech only.",
    API_REFERENCE.at("input_audio_transcription"),
    HOW_TO.at("Audio input transcription"),
    topic=Topic.TRANSCRIPTION,
)
def _check_transcriber(transcription: Mapping[str, Any], model: Model) -> None:
    named = transcription.get("model")
    wrong = named in OPENAI_TRANSCRIPTION_MODELS and not model.speaks_openai_voices
    if wrong or (str(named).startswith("mai-") and model.name.startswith("phi4-mm")):
        raise invalid_value(
            f"Transcription by '{named}' is not supported by this model.", f"{_TRANSCRIPTION}.model"
        )


@rule(
    "transcription-members",
    "`prompt` is for OpenAI's transcription models, `custom_speech` and `phrase_list` are for azure-speech; "
    "with another they are refused. OpenAI's models take one language.",
    API_REFERENCE.at("RealtimeInputAudioTranscriptionSettings"),
    CUSTOMIZE.at("Phrase list"),
    topic=Topic.TRANSCRIPTION,
    conflict="a table of the API reference gives `phrase_list` to mai-transcribe too.",
)
def _check_transcription_members(transcription: Mapping[str, Any]) -> None:
    named = transcription.get("model")
    of_openai = named in OPENAI_TRANSCRIPTION_MODELS
    others = [
        *([] if of_openai else ["prompt"]),
        *([] if named == "azure-speech" else ["custom_speech", "phrase_list"]),
    ]
    for name in others:
        if transcription.get(name):
            raise invalid_value(f"'{name}' is not supported by '{named}'.", f"{_TRANSCRIPTION}.{name}")
    if of_openai and "," in (transcription.get("language") or ""):
        raise invalid_value(f"'{named}' takes one language.", f"{_TRANSCRIPTION}.language")


@rule(
    "transcription-limits",
    "A transcription names at most 10 languages and fewer than 500 phrases.",
    LANGUAGES.at("Azure speech input model configuration"),
    CUSTOMIZE.at("Phrase list"),
    topic=Topic.TRANSCRIPTION,
)
def _check_limits(transcription: Mapping[str, Any]) -> None:
    languages = (transcription.get("language") or "").split(",")
    if len(languages) > _MOST_LANGUAGES:
        raise invalid_value(
            f"Invalid '{_TRANSCRIPTION}.language': at most {_MOST_LANGUAGES} languages.",
            f"{_TRANSCRIPTION}.language",
        )
    phrases = transcription.get("phrase_list") or ()
    if len(phrases) > _MOST_PHRASES:
        raise array_too_long(f"{_TRANSCRIPTION}.phrase_list", len(phrases), _MOST_PHRASES)


@rule(
    "turn-members",
    "A member that belongs to another type of turn detection is refused: semantic_vad has `eagerness` and "
    "nothing of loudness; fillers and appended text belong to the azure_semantic types, `languages` to two "
    "of them.",
    API_REFERENCE.at("turn_detection"),
    TRUNCATION.at("appended_text_after_truncation"),
    topic=Topic.TURN_DETECTION,
    conflict="no document says whether the service refuses or ignores them; `strict=False` lets them pass.",
)
def _check_turn_members(turn_detection: Mapping[str, Any]) -> None:
    kind = turn_detection.get("type")
    every = {name for members in _TURN_MEMBERS.values() for name in members}
    others = every - _TURN_MEMBERS.get(str(kind), set())
    for name, value in turn_detection.items():
        if name in others and value is not None:
            raise invalid_value(
                f"'{name}' is not supported by turn detection of type '{kind}'.", f"{_TURNS}.{name}"
            )


@rule(
    "semantic-vad-of-openai",
    "The turn detection semantic_vad is refused for all but native OpenAI models.",
    API_REFERENCE.at("turn_detection"),
    topic=Topic.TURN_DETECTION,
)
def _check_semantic_vad(turn_detection: Mapping[str, Any], model: Model) -> None:
    if turn_detection.get("type") == "semantic_vad" and not model.speaks_openai_voices:
        raise invalid_value("'semantic_vad' is not supported by this model.", f"{_TURNS}.type")


@rule(
    "end-of-utterance-not-native",
    "`end_of_utterance_detection` is refused for models that hear audio themselves.",
    HOW_TO.at("end_of_utterance_detection"),
    topic=Topic.TURN_DETECTION,
    holds_for="native models",
    conflict="the API reference has the member for every model; `strict=False` lets it pass.",
)
def _check_end_of_utterance(turn_detection: Mapping[str, Any], model: Model) -> None:
    if turn_detection.get("end_of_utterance_detection") and model.pipeline.native:
        raise invalid_value(
            "End of utterance detection is not supported by this model.",
            f"{_TURNS}.end_of_utterance_detection",
        )


@rule(
    "azure-semantic-vad-of-first-version",
    "In 2025-05-01-preview the turn detection azure_semantic_vad is refused for gpt-4o-realtime-preview and "
    "gpt-4o-mini-realtime-preview.",
    FIRST_HOW_TO.at("turn_detection"),
    topic=Topic.TURN_DETECTION,
    holds_for="2025-05-01-preview",
)
def _check_azure_semantic_vad(turn_detection: Mapping[str, Any], model: Model, api_version: str) -> None:
    early = api_version[:10] < "2025-10-01" and model.name.startswith(("gpt-4o-realtime", "gpt-4o-mini-r"))
    if early and str(turn_detection.get("type")).startswith("azure_semantic_vad"):
        raise invalid_value("'azure_semantic_vad' is not supported by this model.", f"{_TURNS}.type")


@rule(
    "azure-speech-needs-semantic-vad",
    "In 2025-10-01 a native OpenAI model with the transcription azure-speech refuses all turn detection but "
    "the azure_semantic types, also the one by default. The text is the service's, the code is not known and "
    "is `invalid_value` here.",
    PROBES.at("gpt-realtime models"),
    topic=Topic.TURN_DETECTION,
    holds_for="2025-10-01 and native OpenAI models",
    conflict="the live tests of the SDK have the pair server_vad and azure-speech with gpt-realtime in "
    "2025-05-01-preview and 2026-07-15, and it is taken.",
)
def _check_turns_of_azure_speech(
    transcription: Mapping[str, Any], turn_detection: Mapping[str, Any], model: Model, api_version: str
) -> None:
    kind = str(turn_detection.get("type", "server_vad"))
    if (
        api_version == "2025-10-01"
        and model.speaks_openai_voices
        and transcription.get("model") == "azure-speech"
        and not kind.startswith("azure_semantic_vad")
    ):
        raise invalid_value(
            "When using azure-speech as InputAudioTranscription, turn_detection must be of type "
            "AzureSemanticVAD or AzureMultilingualSemanticVAD",
            _TURNS,
        )


@rule(
    "noise-reduction-of-model",
    "The noise reductions near_field and far_field are refused for all but native OpenAI models.",
    API_REFERENCE.at("input_audio_noise_reduction"),
    topic=Topic.INPUT_AUDIO,
    conflict="others have seen them accepted for cascaded models; `strict=False` lets them pass.",
)
def _check_noise_reduction(noise_reduction: Mapping[str, Any], model: Model) -> None:
    kind = noise_reduction.get("type")
    if kind in ("near_field", "far_field") and not model.speaks_openai_voices:
        raise invalid_value(
            f"'{kind}' is not supported by this model.", "session.input_audio_noise_reduction.type"
        )


@rule(
    "echo-of-text-only",
    "Echo cancellation in a session that only writes is refused with `ec_not_supported`.",
    PROBES.at("ec_not_supported"),
    topic=Topic.INPUT_AUDIO,
)
def _echo_not_supported() -> RefusedError:
    return RefusedError("ec_not_supported", "Echo cancellation needs audio output.", _ECHO)


@rule(
    "echo-channels",
    "An echo reference of the client's has two channels, one of the server's has one: else "
    "`invalid_ec_reference_channels` and `invalid_ec_channels_requires_client`. Two channels are pcm16 of 8, "
    "16 or 24 kHz: else `invalid_ec_channels_format`.",
    API_REFERENCE.at("input_audio_echo_cancellation"),
    ECHO_SAMPLE.at("Validation rules"),
    topic=Topic.INPUT_AUDIO,
)
def _check_echo(session: Mapping[str, Any]) -> None:
    echo: dict[str, Any] | None = session.get("input_audio_echo_cancellation")
    if not echo:
        return
    if session.get("modalities") == ["text"]:
        raise _echo_not_supported()
    client, channels = echo.get("reference_source") == "client", echo.get("channels") or 1
    if channels == 2 and not client:
        raise RefusedError(
            "invalid_ec_channels_requires_client", "Two channels need reference_source 'client'.", _ECHO
        )
    if client and channels != 2:
        raise RefusedError(
            "invalid_ec_reference_channels", "reference_source 'client' needs two channels.", _ECHO
        )
    if channels == 2 and (session.get("input_audio_format") or "pcm16") != "pcm16":
        raise RefusedError("invalid_ec_channels_format", "Two channels need pcm16.", _ECHO)
    if client and session.get("input_audio_sampling_rate") == 44100:
        raise RefusedError("invalid_ec_channels_format", "A client's reference needs 8, 16 or 24 kHz.", _ECHO)
