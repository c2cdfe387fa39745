"""The options of a session, as pydantic models with the names that Pipecat's built-in service uses.

What you set is sent as you set it, and only that: a member left out stays out (the service's default
rules), None is sent as null (off), and members that no class here knows pass through unchanged, because
the service gains options faster than packages gain releases. `misspelt` finds the ones that look like
slips of the pen.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field

Modality: TypeAlias = Literal["text", "audio", "animation", "avatar"] | str  # noqa: PYI051
InputAudioFormat: TypeAlias = Literal["pcm16", "g711_ulaw", "g711_alaw"] | str  # noqa: PYI051
OutputAudioFormat: TypeAlias = (
    Literal["pcm16", "pcm16_8000hz", "pcm16_16000hz", "g711_ulaw", "g711_alaw"] | str  # noqa: PYI051
)


class Option(BaseModel):
    """Base of all options. A `type` that a class fixes counts as set, so that it is always sent."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)

    def model_post_init(self, _context: Any, /) -> None:
        """Count the class's own `type` among the members that were set."""
        if "type" in type(self).model_fields and self.__dict__.get("type") is not None:
            self.__pydantic_fields_set__.add("type")


class OpenAIVoice(Option):
    """A voice of a native OpenAI model, such as alloy, ash, coral, sage, verse, marin or cedar."""

    type: Literal["openai"] = "openai"
    name: str


class _AzureVoice(Option):
    temperature: float | None = None
    custom_lexicon_url: str | None = None
    custom_text_normalization_url: str | None = None
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


class EndOfUtteranceDetection(Option):
    """Decides from what was said whether the caller has finished.

    Attributes:
        model: "semantic_detection_v1", "semantic_detection_v1_en", "semantic_detection_v1_multilingual".
        threshold_level: "low", "medium", "high" or "default".
        timeout_ms: How long to wait for more before the turn ends anyway.
        threshold: 0 to 1, in place of the level, 2025-05-01-preview only.
    """

    model: str | None = None
    threshold_level: str | None = None
    timeout_ms: int | None = None
    threshold: float | None = None


class TurnDetection(Option):
    """The service's turn detection. Not set, it is on with defaults; None turns it off (manual turns).

    Attributes:
        type: "server_vad", "semantic_vad" (native OpenAI models), "azure_semantic_vad",
            "azure_semantic_vad_en" or "azure_semantic_vad_multilingual".
        threshold: 0 to 1: how sure it must be that a sound is speech.
        prefix_padding_ms: Audio kept from before the speech.
        silence_duration_ms: Silence that ends a turn.
        speech_duration_ms: Speech that begins one.
        create_response: Whether the end of a turn brings a response.
        interrupt_response: Whether speech stops a response.
        auto_truncate: Whether the service cuts the interrupted item itself.
        appended_text_after_truncation: Text the service then puts behind it.
        remove_filler_words: Whether "um" and its like count for nothing.
        languages: Languages to expect.
        eagerness: "auto", "low" or "high", `semantic_vad` only.
    """

    type: str | None = "azure_semantic_vad"
    threshold: float | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    speech_duration_ms: int | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None
    auto_truncate: bool | None = None
    appended_text_after_truncation: str | None = None
    remove_filler_words: bool | None = None
    languages: list[str] | None = None
    eagerness: str | None = None
    end_of_utterance_detection: EndOfUtteranceDetection | None = None


class InputAudioNoiseReduction(Option):
    """Noise suppression: "azure_deep_noise_suppression", "near_field" or "far_field"."""

    type: str = "azure_deep_noise_suppression"


class InputAudioEchoCancellation(Option):
    """Echo cancellation on the service's side.

    Attributes:
        reference_source: "server" (it remembers what it said) or "client" (you send it, `channels` 2).
        channels: 1, or 2 with the played-out audio as the second of two interleaved channels.
    """

    type: str = "server_echo_cancellation"
    reference_source: str | None = None
    channels: int | None = None


class InputAudioTranscription(Option):
    """Transcription of the caller.

    Attributes:
        model: "azure-speech", "mai-transcribe"; with native OpenAI models also "whisper-1",
            "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize".
        language: BCP-47 or ISO 639-1, or a comma-separated list of up to ten.
        phrase_list: Up to 500 phrases to listen for.
        prompt: A hint, OpenAI models only.
        custom_speech: Custom speech models, by locale.
    """

    model: str | None = None
    language: str | None = None
    phrase_list: list[str] | None = None
    prompt: str | None = None
    custom_speech: dict[str, Any] | None = None


class Animation(Option):
    """What moves with the speech: `outputs` of "viseme_id" and "blendshapes" (Azure voices)."""

    model_name: str | None = None
    outputs: list[str] | None = None


class FunctionTool(Option):
    """A function the model may call; `parameters` is its JSON schema."""

    type: Literal["function"] = "function"
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class SessionProperties(Option):
    """Everything that can be asked of a session.

    Attributes:
        model: Kept for compatibility; the connection's URL names the model, so it is never sent.
        instructions: The system prompt.
        modalities: ["text", "audio"] or ["text"].
        voice: One of the voice classes, a dict, or the name of an OpenAI voice.
        input_audio_format: "pcm16", "g711_ulaw" or "g711_alaw".
        input_audio_sampling_rate: 8000, 16000 or 24000 for pcm16.
        output_audio_format: "pcm16" (24 kHz), "pcm16_16000hz", "pcm16_8000hz", "g711_ulaw", "g711_alaw".
        turn_detection: None or False for manual turns.
        output_audio_timestamp_types: ["word"] for word timestamps (Azure voices).
        animation: Visemes and blendshapes (Azure voices).
        temperature: Sampling temperature.
        max_response_output_tokens: 1 to 4096, or "inf".
        tools: Tools in any form the service's adapter takes, or as dicts.
        tool_choice: "auto", "none", "required", or {"type": "function", "name": ...}.
        metadata: At most 16 pairs.
    """

    model: str | None = None
    instructions: str | None = None
    modalities: list[Modality] | None = None
    voice: Voice | None = Field(default=None, union_mode="left_to_right")
    input_audio_format: InputAudioFormat | None = None
    input_audio_sampling_rate: int | None = None
    output_audio_format: OutputAudioFormat | None = None
    turn_detection: TurnDetection | bool | None = None
    input_audio_transcription: InputAudioTranscription | None = None
    input_audio_noise_reduction: InputAudioNoiseReduction | None = None
    input_audio_echo_cancellation: InputAudioEchoCancellation | None = None
    output_audio_timestamp_types: list[str] | None = None
    animation: Animation | None = None
    avatar: dict[str, Any] | None = None
    temperature: float | None = None
    max_response_output_tokens: int | str | None = None
    tools: Any = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    interim_response: dict[str, Any] | None = None
    include: list[str] | None = None
    metadata: dict[str, str] | None = None

    @property
    def manual_turns(self) -> bool:
        """Whether turn detection was switched off, by None or False."""
        return "turn_detection" in self.model_fields_set and not self.turn_detection

    def merged_with(self, delta: SessionProperties) -> SessionProperties:
        """A copy in which what `delta` sets replaces what this one has; neither changes."""
        merged = self.model_copy(deep=False)
        for name in delta.model_fields_set:
            setattr(merged, name, getattr(delta, name))
        return merged

    def to_wire(self) -> dict[str, Any]:
        """The members to send: what was set, None as null, without `model` and `tools`.

        `model` belongs to the URL and is refused here; tools are converted by whoever knows their form.
        """
        wire = self.model_dump(mode="json", exclude_unset=True, exclude={"model", "tools"})
        if self.manual_turns:
            wire["turn_detection"] = None
        elif wire.get("turn_detection") is True:
            del wire["turn_detection"]
        return wire


def misspelt(options: Option, path: str = "") -> Iterator[tuple[str, str]]:
    """The members nobody knows that look like one somebody knows: (where it stands, what is meant).

    `SessionProperties(turn_detecton=...)` yields `("turn_detecton", "turn_detection")`. They are sent all
    the same; whoever sends them should say so.
    """
    known = list(type(options).model_fields)
    for name in options.model_extra or {}:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        if close:
            yield f"{path}{name}", close[0]
    for name in options.model_fields_set:
        value: object = cast("object", getattr(options, name, None))
        if isinstance(value, Option):
            yield from misspelt(value, f"{path}{name}.")
