"""What is done with the caller's audio before and besides the model hearing it."""

from __future__ import annotations

from typing import Any

from pipecat_voicelive.protocol.options.base import Option


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
