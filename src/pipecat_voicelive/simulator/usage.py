"""What a response costs, in tokens, by rules of thumb: four letters a token, 10 and 20 a second of audio."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pipecat_voicelive.protocol.items import (
    CachedTokenDetails,
    ConversationItem,
    InputTokenDetails,
    OutputTokenDetails,
    TokenUsage,
)

INPUT_AUDIO_TOKENS_PER_SECOND = 10
OUTPUT_AUDIO_TOKENS_PER_SECOND = 20
IMAGE_TOKENS = 85
LETTERS_PER_TOKEN = 4


def text_tokens(text: str) -> int:
    """Tokens of a text."""
    return math.ceil(len(text) / LETTERS_PER_TOKEN)


def item_text_tokens(items: Iterable[ConversationItem]) -> int:
    """Tokens of everything written in items, transcripts included."""
    texts = (f"{item.words}{item.name or ''}{item.arguments or ''}{item.output or ''}" for item in items)
    return sum(map(text_tokens, texts))


def image_tokens(items: Iterable[ConversationItem]) -> int:
    """Tokens of the images in items."""
    parts = (part for item in items for part in item.content or [])
    return IMAGE_TOKENS * sum(part.type == "input_image" for part in parts)


def token_usage(
    *,
    text_in: int,
    image_in: int,
    audio_in_ms: float,
    text_out: int,
    audio_out_ms: float,
    reasoning: int = 0,
) -> TokenUsage:
    """The usage of a response, whose parts add up."""
    audio_in = math.ceil(audio_in_ms / 1000 * INPUT_AUDIO_TOKENS_PER_SECOND)
    audio_out = math.ceil(audio_out_ms / 1000 * OUTPUT_AUDIO_TOKENS_PER_SECOND)
    input_tokens, output_tokens = text_in + image_in + audio_in, text_out + audio_out + reasoning
    return TokenUsage(
        total_tokens=input_tokens + output_tokens,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        input_token_details=InputTokenDetails(
            text_tokens=text_in,
            audio_tokens=audio_in,
            image_tokens=image_in,
            cached_tokens_details=CachedTokenDetails(),
        ),
        output_token_details=OutputTokenDetails(
            text_tokens=text_out, audio_tokens=audio_out, reasoning_tokens=reasoning
        ),
    )
