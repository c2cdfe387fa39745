"""Options that do not go together, or not with the model: each in a sentence that says what to give instead.

Nothing here refuses: the service decides, and may have learnt more than is written here.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-how-to
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecat_voicelive.protocol.audio import INPUT_RATES_HZ

_OPENAI_NATIVE = ("gpt-realtime", "gpt-4o-realtime", "gpt-4o-mini-realtime")
_AZURE_NATIVE = "azure-realtime"
_NATIVE = (*_OPENAI_NATIVE, _AZURE_NATIVE, "phi4-mm-realtime")
_OPENAI_TRANSCRIPTION = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
)
_MOST_LANGUAGES = 10
_TOO_MANY_PHRASES = 500
_UNDOCUMENTED_OUTPUT = ("pcm16_22050hz", "pcm16_24000hz", "pcm16_44100hz", "pcm16_48000hz")
_BY_LOUDNESS = ("threshold", "prefix_padding_ms", "silence_duration_ms", "speech_duration_ms")
_NOT_OF_TURN_DETECTION = {
    "server_vad": ("remove_filler_words", "languages", "eagerness", "appended_text_after_truncation"),
    "semantic_vad": (
        *_BY_LOUDNESS,
        "end_of_utterance_detection",
        "remove_filler_words",
        "languages",
        "appended_text_after_truncation",
    ),
    "azure_semantic_vad": ("eagerness",),
    "azure_semantic_vad_en": ("eagerness", "languages"),
    "azure_semantic_vad_multilingual": ("eagerness",),
}


def mismatches(session: Mapping[str, Any], model: str | None) -> Iterator[str]:
    """What the service will probably refuse or ignore.

    Args:
        session: The members of a session, as they are sent.
        model: The model by its public name; None for an agent or a deployment of one's own, of which nothing
            is known.
    """
    yield from _voice(session, model)
    yield from _turns(session.get("turn_detection") or {}, model)
    yield from _transcription(session.get("input_audio_transcription") or {}, model)
    rate_hz = session.get("input_audio_sampling_rate")
    if (session.get("input_audio_format") or "pcm16") != "pcm16":
        if rate_hz not in (None, 8000):
            yield f"input_audio_sampling_rate={rate_hz} has no effect: G.711 is always 8000."
    elif rate_hz not in (None, *INPUT_RATES_HZ):
        yield f"input_audio_sampling_rate={rate_hz} is not documented. Give 8000, 16000 or 24000."


def _voice(session: Mapping[str, Any], model: str | None) -> Iterator[str]:
    voice: Any = session.get("voice")
    if not voice:
        return
    kind = "openai" if isinstance(voice, str) else voice.get("type")
    native = kind == "azure-realtime-native"
    if model is not None and model.startswith(_AZURE_NATIVE) != native:
        yield (
            'only azure-realtime speaks with AzureRealtimeNativeVoice. Give AzureStandardVoice(name="...").'
            if native
            else f"{model} speaks with voices of its own only. "
            'Give AzureRealtimeNativeVoice(name="ava"), or no voice.'
        )
    elif kind == "openai" and model is not None and not model.startswith(_OPENAI_NATIVE):
        yield f'{model} has no OpenAI voices. Give AzureStandardVoice(name="en-US-AvaNeural") or another.'
    if kind == "openai" and session.get("output_audio_format") in _UNDOCUMENTED_OUTPUT:
        yield (
            f"output_audio_format={session['output_audio_format']!r} has been seen with Azure voices only. "
            'With an OpenAI voice give "pcm16", "g711_ulaw" or "g711_alaw".'
        )
    if kind == "openai" and "word" in (session.get("output_audio_timestamp_types") or ()):
        yield "OpenAI voices have no word timestamps. Take an Azure voice for them."


def _turns(detection: Mapping[str, Any], model: str | None) -> Iterator[str]:
    kind = detection.get("type")
    if kind == "semantic_vad" and model is not None and not model.startswith(_OPENAI_NATIVE):
        yield f'{model} has no turn detection "semantic_vad". Give "azure_semantic_vad".'
    if detection.get("end_of_utterance_detection") and model is not None and model.startswith(_NATIVE):
        yield f"{model} has no end of utterance detection. Leave end_of_utterance_detection out."
    for name in _NOT_OF_TURN_DETECTION.get(str(kind), ()):
        if detection.get(name) is not None:
            yield f"turn_detection.{name} does not belong to type {kind!r}. Leave it out."


def _transcription(transcription: Mapping[str, Any], model: str | None) -> Iterator[str]:
    named = transcription.get("model")
    path = "input_audio_transcription"
    language: str = transcription.get("language") or ""
    if named in _OPENAI_TRANSCRIPTION:
        if model is not None and not model.startswith(_OPENAI_NATIVE):
            yield f'{model} cannot be transcribed by {named}. Give {path}.model="azure-speech".'
        if "-" in language or "," in language:
            yield f'{named} takes one language in ISO 639-1. Give {path}.language="en" or another.'
        if transcription.get("phrase_list") or transcription.get("custom_speech"):
            yield f"{path}: {named} has no phrase_list and no custom_speech. Give a prompt instead."
    elif transcription.get("prompt"):
        yield f"{path}.prompt is for OpenAI models. Give a phrase_list."
    if language.count(",") >= _MOST_LANGUAGES:
        yield f"{path}.language names more than {_MOST_LANGUAGES} languages. Name fewer, or none."
    if len(transcription.get("phrase_list") or ()) >= _TOO_MANY_PHRASES:
        yield f"{path}.phrase_list must have fewer than {_TOO_MANY_PHRASES} phrases."
