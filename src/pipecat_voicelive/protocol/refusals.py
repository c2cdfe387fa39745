"""What the service says when it refuses, for people: without what it quotes from the conversation."""

from __future__ import annotations

import re

from pipecat_voicelive.errors import ServiceError
from pipecat_voicelive.protocol.hints import hint_for
from pipecat_voicelive.protocol.items import ErrorDetails, Response

_QUOTED = re.compile(r"""(?<!\w)(['"])(.*?)(?:\1(?!\w)|$)""", re.DOTALL)
"""From a quote that opens to its end; an apostrophe does neither. One that never closes goes to the end."""

_NAME_OF_THE_WIRE = re.compile(r"[a-z0-9]+([_.][a-z0-9]+)+")
"""Such as server_vad or session.turn_detection.type: what nobody says in a conversation."""


def without_quotes(message: str) -> str:
    """A message of the service without what it quotes, which may be what somebody said.

    Names of events, options and their values are kept: they say what to mend.
    """
    return _QUOTED.sub(
        lambda quoted: f"'{quoted[2]}'" if _NAME_OF_THE_WIRE.fullmatch(quoted[2]) else "'…'", message
    )


def service_error(error: ErrorDetails, session_id: str | None = None) -> ServiceError:
    """An error to raise for what an `error` event says, and what to do about it."""
    told = without_quotes(error.message or "The request was refused.")
    hint = hint_for(error.code)
    return ServiceError(
        f"{told.rstrip('.')}. {hint}" if hint else told,
        code=error.code or "",
        error_type=error.type or "",
        param=error.param,
        event_id=error.event_id,
        session_id=session_id,
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
