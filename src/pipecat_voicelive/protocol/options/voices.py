"""Who speaks: the kinds of voices."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field

from pipecat_voicelive.protocol.options.base import Option


class OpenAIVoice(Option):
    """A voice of a native OpenAI model, such as alloy, ash, coral, sage, verse, marin or cedar."""

    type: Literal["openai"] = "openai"
    name: str


class _AzureVoice(Option):
    temperature: float | None = None
    custom_lexicon_url: str | None = Field(default=None, repr=False)
    custom_text_normalization_url: str | None = Field(default=None, repr=False)
    prefer_locales: list[str] | None = None
    locale: str | None = None
    style: str | None = None
    pitch: str | None = None
    rate: str | None = None
    volume: str | None = None


class AzureStandardVoice(_AzureVoice):
    """A voice of the Azure gallery.

    Attributes:
        name: E.g. "en-US-Ava:DragonHDLatestNeural".
        temperature: 0 to 1, HD voices only: how much renditions of a text differ.
        prefer_locales: Accents to prefer in several languages.
        locale: Forces one accent; silent for text in other scripts.
        rate: E.g. "1.2"; 0.5 to 1.5 is useful.
        pitch, volume: E.g. "+5%".
    """

    type: Literal["azure-standard"] = "azure-standard"
    name: str


class AzureCustomVoice(_AzureVoice):
    """A custom neural voice, deployed at `endpoint_id`."""

    type: Literal["azure-custom"] = "azure-custom"
    name: str
    endpoint_id: str


class AzurePersonalVoice(_AzureVoice):
    """A personal voice on a base model such as "DragonLatestNeural" or "PhoenixLatestNeural"."""

    type: Literal["azure-personal"] = "azure-personal"
    name: str
    model: str


class AzureRealtimeNativeVoice(Option):
    """A voice of the `azure-realtime` model, which takes no other kind."""

    type: Literal["azure-realtime-native"] = "azure-realtime-native"
    name: str
    temperature: float | None = None


class AzureAvatarVoiceSyncVoice(_AzureVoice):
    """The voice of a custom avatar."""

    type: Literal["avatar-voice-sync"] = "avatar-voice-sync"
    model: str


Voice: TypeAlias = (
    dict[str, Any]
    | OpenAIVoice
    | AzureStandardVoice
    | AzureCustomVoice
    | AzurePersonalVoice
    | AzureRealtimeNativeVoice
    | AzureAvatarVoiceSyncVoice
    | str
)
