"""The options of a session, as pydantic models with the names that Pipecat's built-in service uses.

What you set is sent as you set it, and only that: a member left out stays out (the service's default
rules), None is sent as null (off), and members that no class here knows pass through unchanged, because
the service gains options faster than packages gain releases. `misspelt` finds the ones that look like
slips of the pen.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field

from pipecat_voicelive.protocol.options.base import (
    Option,
    misspelt,
    own_copy,
)
from pipecat_voicelive.protocol.options.faces import (
    Animation,
    AvatarConfig,
    Background,
    IceServer,
    Scene,
    VideoCrop,
    VideoParams,
    VideoResolution,
)
from pipecat_voicelive.protocol.options.hearing import (
    InputAudioEchoCancellation,
    InputAudioNoiseReduction,
    InputAudioTranscription,
)
from pipecat_voicelive.protocol.options.interim import (
    InterimResponse,
    LlmInterimResponse,
    StaticInterimResponse,
)
from pipecat_voicelive.protocol.options.tools import (
    FoundryAgentTool,
    FunctionTool,
    MCPServer,
    ToolChoiceFunction,
)
from pipecat_voicelive.protocol.options.turns import (
    EndOfUtteranceDetection,
    TurnDetection,
)
from pipecat_voicelive.protocol.options.voices import (
    AzureAvatarVoiceSyncVoice,
    AzureCustomVoice,
    AzurePersonalVoice,
    AzureRealtimeNativeVoice,
    AzureStandardVoice,
    OpenAIVoice,
    Voice,
)

__all__ = [
    "Animation",
    "AvatarConfig",
    "AzureAvatarVoiceSyncVoice",
    "AzureCustomVoice",
    "AzurePersonalVoice",
    "AzureRealtimeNativeVoice",
    "AzureStandardVoice",
    "Background",
    "EndOfUtteranceDetection",
    "FoundryAgentTool",
    "FunctionTool",
    "IceServer",
    "InputAudioEchoCancellation",
    "InputAudioFormat",
    "InputAudioNoiseReduction",
    "InputAudioTranscription",
    "InterimResponse",
    "LlmInterimResponse",
    "MCPServer",
    "Modality",
    "OpenAIVoice",
    "Option",
    "OutputAudioFormat",
    "Scene",
    "SessionProperties",
    "StaticInterimResponse",
    "ToolChoiceFunction",
    "TurnDetection",
    "VideoCrop",
    "VideoParams",
    "VideoResolution",
    "Voice",
    "misspelt",
]

Modality: TypeAlias = Literal["text", "audio", "animation", "avatar"] | str  # noqa: PYI051
InputAudioFormat: TypeAlias = Literal["pcm16", "g711_ulaw", "g711_alaw"] | str  # noqa: PYI051
OutputAudioFormat: TypeAlias = (
    Literal["pcm16", "pcm16_8000hz", "pcm16_16000hz", "g711_ulaw", "g711_alaw"] | str  # noqa: PYI051
)


class SessionProperties(Option):
    """Everything that can be asked of a session.

    Attributes:
        model: Kept for compatibility; the connection's URL names the model, so it is never sent.
        instructions: The system prompt.
        modalities: ["text", "audio"] or ["text"].
        voice: One of the voice classes, a dict, or the name of an OpenAI voice.
        input_audio_format: "pcm16", "g711_ulaw" or "g711_alaw".
        input_audio_sampling_rate: 8000, 16000 or 24000 for pcm16; 44100 has been seen to work.
        output_audio_format: "pcm16" (24 kHz), "pcm16_16000hz", "pcm16_8000hz", "g711_ulaw", "g711_alaw"; seen
            to work with Azure voices: "pcm16_22050hz", "pcm16_24000hz", "pcm16_44100hz", "pcm16_48000hz".
        turn_detection: None or False for manual turns.
        output_audio_timestamp_types: ["word"] for word timestamps (Azure voices).
        animation: Visemes and blendshapes (Azure voices).
        avatar: A face that speaks the answers.
        temperature: Sampling temperature.
        max_response_output_tokens: 1 to 4096, or "inf".
        tools: Tools in any form the service's adapter takes, or as dicts.
        tool_choice: "auto", "none", "required", or a `ToolChoiceFunction`.
        parallel_tool_calls: Whether one response may call several tools at once.
        reasoning_effort: "none", "minimal", "low", "medium", "high" or "xhigh".
        interim_response: What is said while the caller waits (text models and agents, Azure voices).
        include: Extras to have sent: "item.input_audio_transcription.logprobs",
            "item.input_audio_transcription.phrases", "file_search_call.results".
        metadata: At most 16 pairs.
    """

    model: str | None = None
    instructions: str | None = Field(default=None, repr=False)
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
    avatar: AvatarConfig | None = None
    temperature: float | None = None
    max_response_output_tokens: int | str | None = None
    tools: Any = Field(default=None, repr=False)  # may hold credentials of MCP servers
    tool_choice: str | dict[str, Any] | ToolChoiceFunction | None = Field(
        default=None, union_mode="left_to_right"
    )
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    interim_response: InterimResponse | None = Field(default=None, union_mode="left_to_right")
    include: list[str] | None = None
    metadata: dict[str, str] | None = Field(default=None, repr=False)

    @property
    def manual_turns(self) -> bool:
        """Whether turn detection was switched off, by None or False."""
        return "turn_detection" in self.model_fields_set and not self.turn_detection

    def merged_with(self, delta: SessionProperties) -> SessionProperties:
        """A copy in which what `delta` sets replaces what this one has; neither changes, nor is shared.

        Members are replaced as a whole: a `turn_detection` in `delta` keeps nothing of this one's.
        """
        merged = own_copy(self)
        for name in delta.model_fields_set:
            setattr(merged, name, own_copy(getattr(delta, name)))
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
