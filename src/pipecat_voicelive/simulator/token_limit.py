"""What of a reply fits into a limit of output tokens: what does not is cut, what follows is dropped. Pure.

Tokens are counted as in the usage, four letters each, written text and arguments alike; audio is not counted.
"""

from __future__ import annotations

from dataclasses import replace

from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.replies import Call, Part, Reply, Say
from pipecat_voicelive.simulator.sources import API_REFERENCE, SDK
from pipecat_voicelive.simulator.usage import LETTERS_PER_TOKEN, text_tokens


@rule(
    "token-limit-cuts",
    "A response that reaches its limit of output tokens, calls of tools included, ends there with the status "
    "`incomplete` for the reason max_output_tokens.",
    API_REFERENCE.at("max_response_output_tokens"),
    SDK.at("ResponseIncompleteDetails"),
    topic=Topic.RESPONSES,
)
def within_limit(reply: Reply, max_output_tokens: int | str | None) -> Reply:
    """The reply as far as the limit lets it; "inf" and None are no limit."""
    if not isinstance(max_output_tokens, int):
        return reply
    left, kept = max_output_tokens, list[Part]()
    for part in reply.parts:
        text = part.text if isinstance(part, Say) else part.arguments if isinstance(part, Call) else ""
        needed = text_tokens(text)
        if needed > left:
            if left:
                kept.append(_cut(part, left * LETTERS_PER_TOKEN))
            return replace(reply, parts=tuple(kept), incomplete="max_output_tokens", fails=None)
        kept.append(part)
        left -= needed
    return reply


def _cut(part: Part, letters: int) -> Part:
    match part:
        case Say(text):
            return Say(text[:letters].rstrip())  # what it cites may be gone
        case Call(name, arguments):
            return Call(name, arguments[:letters])
        case _:
            return part
