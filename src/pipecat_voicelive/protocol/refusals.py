"""What the service says when it refuses, for people: only what is known to hold nothing of the conversation.

Its messages may quote what was said, in quotes or without. So a message is told on only if it is one of those
below, and then without the values in it. Of any other its length is told; `log_content=True` logs it.
"""

from __future__ import annotations

import re
from typing import Final

from pipecat_voicelive.errors import ServiceError
from pipecat_voicelive.protocol.hints import hint_for
from pipecat_voicelive.protocol.items import ErrorDetails, Response
from pipecat_voicelive.protocol.names import is_compound, wire_id, wire_name

_VALUE = r"(?P<value>.*)"
_NUMBER = r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?"
_KIND = (
    r"(?:null|(?:an? )?(?:array|boolean|integer|number|decimal number|object|string))"
    r"(?: or (?:null|an? [a-z]{1,10}))?"
)
_CHOICES = r"['a-z0-9_., -]{1,400}"

_KNOWN: Final = [
    re.compile(known, re.DOTALL)
    for known in (
        rf"Invalid value: {_VALUE}\. Supported values are: {_CHOICES}\.",
        rf"Invalid value: {_VALUE}",
        rf"Unknown parameter: {_VALUE}",
        rf"Missing required parameter: {_VALUE}",
        rf"Invalid type for {_VALUE}: expected {_KIND}, but got {_KIND} instead\.",
        (
            rf"Invalid {_VALUE}: (?:integer|decimal) (?:below minimum|above maximum) value\. "
            rf"Expected a value (?:>=|<=) {_NUMBER}, but got {_NUMBER} instead\."
        ),
        (
            rf"Invalid {_VALUE}: (?:string|array) too long\. Expected an? (?:string|array) with maximum "
            rf"length {_NUMBER}, but got an? (?:string|array) with length {_NUMBER} instead\."
        ),
        (
            rf"Conversation already has an active response in progress: {_VALUE}\. "
            r"Wait until the response is finished before creating a new one\."
        ),
        r"Cannot update a conversation's voice if assistant audio is present\.",
        r"Text to speech synthesizer is not configured\.",
        (
            r"Error committing input audio buffer: buffer too small\. Expected at least 100ms of audio, "
            rf"but buffer only has {_NUMBER}ms of audio\."
        ),
        rf"Item with item_id not found: {_VALUE}",
        rf"Tool call ID {_VALUE} not found in conversation\.",
        r"Only model output audio messages can be truncated",
        rf"Audio content of {_NUMBER}ms is already shorter than {_NUMBER}ms",
        r"Cancellation failed: no active response found",
        r"Your session hit the maximum duration of [0-9]{1,3} minutes\.",
        (
            r"(?i:session expired|token expired|unauthorized|forbidden|going away|internal error|"
            r"internal server error|service restart|server shutdown|try again later|keepalive ping timeout|"
            r"out of quota|quota exceeded|rate limit exceeded|message too big)\.?"
        ),
    )
]
"""Messages of Voice Live and of the Realtime API behind it, and reasons of closes."""


def known_words(message: str) -> str:
    """A message of the service if it is a known one, without its values; else how long it is.

    Names of events, options and their values are kept: they say what to mend.
    """
    if not message:
        return ""
    for known in _KNOWN:
        if found := known.fullmatch(message):
            if "value" not in known.groupindex:
                return message
            begin, end = found.span("value")
            return f"{message[:begin]}{_shown(message[begin:end])}{message[end:]}"
    return f"({len(message)} characters, which log_content=True logs)"


def _shown(value: str) -> str:
    stop = "." if value.endswith(".") else ""
    name = value.removesuffix(".").strip("'\"`")
    return f"'{name if is_compound(name) and wire_name(name) == name else '…'}'{stop}"


def service_error(error: ErrorDetails, session_id: str | None = None) -> ServiceError:
    """An error to raise for what an `error` event says, and what to do about it."""
    told = f"The request was refused: {known_words(error.message or '') or 'no reason was given'}"
    hint = hint_for(error.code)
    return ServiceError(
        f"{told.rstrip('.')}. {hint}" if hint else told,
        code=wire_name(error.code),
        error_type=wire_name(error.type),
        param=wire_name(error.param) or None,
        event_id=error.event_id,
        session_id=wire_id(session_id) or None,
    )


def failure_of(response: Response) -> ErrorDetails | None:
    """Why a response failed, if the service says so."""
    match response.status_details:
        case {"error": {"message": str(message), "code": str(code)}}:
            return ErrorDetails(message=message, code=code)
        case {"error": {"message": str() as message}}:
            return ErrorDetails(message=message)
        case {"error": {"code": str() as code}}:
            return ErrorDetails(code=code)
        case _:
            return None
