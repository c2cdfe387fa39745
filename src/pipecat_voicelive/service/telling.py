"""What an error of the service says, as the end of a sentence of ours."""

from __future__ import annotations

from pipecat_voicelive.protocol.hints import hint_for
from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.names import wire_name
from pipecat_voicelive.protocol.refusals import known_words


def told_with_hint(error: ErrorDetails | None) -> str:
    """What an error says, and what to do, for the end of a sentence and the one after it."""
    hint = hint_for(error.code) if error else ""
    return f"{told(error)}. {hint}".rstrip()


def told(error: ErrorDetails | None) -> str:
    """What an error says, for the end of a sentence."""
    if error is None:
        return ""
    code, param = wire_name(error.code), wire_name(error.param)
    where = f" (code {code}{', at ' + param if param else ''})" if code else f" (at {param})" if param else ""
    message = known_words(error.message or "").rstrip(".")
    return f": {message}{where}" if message else where


def warned(message: str, code: str | None) -> str:
    """What a warning says."""
    return ": ".join(filter(None, (wire_name(code), known_words(message)))) or "it says not of what"
