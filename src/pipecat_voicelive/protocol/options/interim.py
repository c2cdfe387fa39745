"""What is said while the answer keeps the caller waiting."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field

from pipecat_voicelive.protocol.options.base import Option


class StaticInterimResponse(Option):
    """One of the given texts, chosen at random.

    Attributes:
        triggers: "latency" (the default) and "tool"; any of them is enough.
        latency_threshold_ms: How long the caller may wait, 2000 without.
        texts: What may be said.
    """

    type: Literal["static_interim_response"] = "static_interim_response"
    triggers: list[str] | None = None
    latency_threshold_ms: int | None = None
    texts: list[str] | None = Field(default=None, repr=False)


class LlmInterimResponse(Option):
    """Something that a small model makes up.

    Attributes:
        triggers: "latency" (the default) and "tool"; any of them is enough.
        latency_threshold_ms: How long the caller may wait, 2000 without.
        model: "gpt-4.1-mini" without.
        instructions: What it is to say, in place of the service's own prompt.
        max_completion_tokens: 50 without.
    """

    type: Literal["llm_interim_response"] = "llm_interim_response"
    triggers: list[str] | None = None
    latency_threshold_ms: int | None = None
    model: str | None = None
    instructions: str | None = Field(default=None, repr=False)
    max_completion_tokens: int | None = None


InterimResponse: TypeAlias = dict[str, Any] | StaticInterimResponse | LlmInterimResponse
