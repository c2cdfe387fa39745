"""What a voice may look like, and which models have it."""

from __future__ import annotations

from typing import cast

from pipecat_voicelive.simulator.checks import list_of, number, object_of, one_of, text
from pipecat_voicelive.simulator.errors_wire import invalid_value
from pipecat_voicelive.simulator.pipelines import Model

AZURE_VOICES = ("azure-standard", "azure-custom", "azure-personal", "avatar-voice-sync")

_voice_object = object_of(
    {
        "type": one_of("openai", "azure-realtime-native", *AZURE_VOICES),
        "temperature": number(0, 1),
        "prefer_locales": list_of(text),
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
            text,
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


def voice_shape(value: object, path: str) -> None:
    """Refuse what is no voice."""
    if isinstance(value, str):
        value = {"type": "openai", "name": value}
    _voice_object(value, path)
    kind = cast("dict[str, str]", value)["type"]
    if kind in _VOICE_NAMES:
        object_of({"name": one_of(*_VOICE_NAMES[kind])})(value, path)
    object_of({}, required=_VOICE_NEEDS.get(kind, ("name",)))(value, path)


def check_voice(voice: object, path: str, model: Model) -> None:
    """Refuse a voice that is none, or that this model does not have."""
    voice_shape(voice, path)
    check_voice_of_model(voice, model, path)


def check_voice_of_model(voice: object, model: Model, path: str = "session.voice") -> None:
    """Refuse a voice that this model does not have."""
    if voice is None:
        return
    given = cast("dict[str, object]", voice) if isinstance(voice, dict) else {"type": "openai"}
    kind = given.get("type")
    if model.speaks_only_its_own_voices != (kind == "azure-realtime-native"):
        raise invalid_value(f"A voice of type '{kind}' is not supported by this model.", path)
    if kind == "openai" and not model.speaks_openai_voices:
        raise invalid_value("This model supports Azure voices only.", path)
