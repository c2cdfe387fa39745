"""What a voice may look like, and which models have it."""

from __future__ import annotations

from typing import cast

from pipecat_voicelive.simulator.checks import filled_text, list_of, number, object_of, one_of, text
from pipecat_voicelive.simulator.errors_wire import invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.sources import API_REFERENCE, HOW_TO, PIPECAT, SDK, VOICE_TURN

AZURE_VOICES = ("azure-standard", "azure-custom", "azure-personal", "avatar-voice-sync")

_voice_object = object_of(
    {
        "type": one_of("openai", "azure-realtime-native", *AZURE_VOICES),
        "temperature": number(0, 1),
        "prefer_locales": list_of(text),
        **dict.fromkeys(
            (
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
        **dict.fromkeys(("name", "model", "endpoint_id"), filled_text),
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


@rule(
    "voice-members",
    "Every voice has a `type`, and what that type needs: a name that is not empty, for azure-custom also "
    "`endpoint_id`, for azure-personal `model`; avatar-voice-sync needs `model` and no name. OpenAI's and "
    "azure-realtime-native voices have the documented names only; a plain text names an OpenAI voice.",
    VOICE_TURN.at("session.updated"),
    API_REFERENCE.at("Voice"),
    SDK.at("AzureCustomVoice, AzurePersonalVoice, AzureAvatarVoiceSyncVoice"),
    topic=Topic.VOICES,
)
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


@rule(
    "voice-of-model",
    "A voice that the model does not have is refused: OpenAI's voices are for native OpenAI models, "
    "azure-realtime-native voices for azure-realtime, which has no others.",
    API_REFERENCE.at("Voice"),
    HOW_TO.at("Azure voices"),
    PIPECAT.at("default voice of azure-realtime"),
    topic=Topic.VOICES,
)
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
