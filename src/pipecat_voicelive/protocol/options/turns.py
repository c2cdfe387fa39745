"""When the caller's turn begins and ends."""

from __future__ import annotations

from pydantic import Field

from pipecat_voicelive.protocol.options.base import Option


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
    appended_text_after_truncation: str | None = Field(default=None, repr=False)
    remove_filler_words: bool | None = None
    languages: list[str] | None = None
    eagerness: str | None = None
    end_of_utterance_detection: EndOfUtteranceDetection | None = None
