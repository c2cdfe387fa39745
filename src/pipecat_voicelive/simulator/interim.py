"""What is said while an answer keeps the caller waiting: when, and with which words.

The service does not document whether that is an item of the answer's response or a response of its own.
Here it is an item, the first of the response.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipecat_voicelive.simulator.chance import dice
from pipecat_voicelive.simulator.replies import Call, Reply

_LATENCY_THRESHOLD_MS = 2000


@dataclass(frozen=True, slots=True)
class Interim:
    """A message, and when it comes, in milliseconds after the response began."""

    text: str
    after_ms: float


def interim_for(option: dict[str, Any] | None, reply: Reply, made_up: str) -> Interim | None:
    """The interim message of a reply, if the option asks for one; `made_up` is what a model would say."""
    if not option:
        return None
    triggers: list[str] = option.get("triggers") or ["latency"]
    threshold_ms: float = option.get("latency_threshold_ms") or _LATENCY_THRESHOLD_MS
    texts: list[str] = option.get("texts") or []
    static = option["type"] == "static_interim_response"
    text = dice().choice(texts) if texts and static else made_up
    if "latency" in triggers and (reply.asks_model or reply.delay_ms > threshold_ms):
        return Interim(text, threshold_ms)
    if "tool" in triggers and any(isinstance(part, Call) for part in reply.parts):
        return Interim(text, reply.delay_ms)
    return None
