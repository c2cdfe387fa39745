"""What a response cost, in Pipecat's words."""

from __future__ import annotations

from pipecat.metrics.metrics import LLMTokenUsage

from pipecat_voicelive.protocol.items import TokenUsage


def token_usage(usage: TokenUsage) -> LLMTokenUsage:
    """The tokens of one response; what the service does not tell stays None."""
    sent, made = usage.input_token_details, usage.output_token_details
    cached = sent.cached_tokens_details if sent else None
    return LLMTokenUsage(
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        cache_read_input_tokens=sent.cached_tokens if sent else None,
        reasoning_tokens=made.reasoning_tokens if made else None,
        input_audio_tokens=sent.audio_tokens if sent else None,
        output_audio_tokens=made.audio_tokens if made else None,
        cache_read_input_audio_tokens=cached.audio_tokens if cached else None,
    )
