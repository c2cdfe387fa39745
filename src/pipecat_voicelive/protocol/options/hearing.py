"""What is done with the caller's audio before and besides the model hearing it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_serializer

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
        language: BCP-47 or ISO 639-1, such as "en-US" or Pipecat's `Language.EN_US`; or up to ten of them, as
            a list or separated by commas. OpenAI models take one, in ISO 639-1 ("en", `Language.EN`).
        phrase_list: Fewer than 500 phrases to listen for.
        prompt: A hint, OpenAI models only.
        custom_speech: Custom speech models, by locale.
    """

    model: str | None = None
    language: str | list[str] | None = None
    phrase_list: list[str] | None = Field(default=None, repr=False)
    prompt: str | None = Field(default=None, repr=False)
    custom_speech: dict[str, Any] | None = None

    @field_serializer("language")
    def _as_the_wire_has_it(self, language: str | list[str] | None) -> str | None:
        return ",".join(language) if isinstance(language, list) else language
