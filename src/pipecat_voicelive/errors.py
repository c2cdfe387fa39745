"""Every error this package raises, by who has to act.

VoiceLiveError
├── ConfigurationError     you: an argument, option, endpoint or scenario file is wrong (also a ValueError)
├── AuthenticationError    you or your administrator: the credential was refused, or none could be had
├── ConnectionFailedError  the network or the service: no connection could be opened, or it was lost
├── ProtocolError          us: something was asked of a client in a state that does not allow it
└── ServiceError           the service: it refused a request, with its own code and message

Fields say what happened; the text says what to do. No text ever holds a key, a token, a transcript,
a prompt, tool arguments or audio.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


class VoiceLiveError(Exception):
    """Root of every error of this package."""


class ConfigurationError(VoiceLiveError, ValueError):
    """Something you gave us cannot work; the message says what to give instead."""


class AuthenticationError(VoiceLiveError):
    """The credential was refused, or no token could be had.

    Attributes:
        status: HTTP status of the refused handshake, or None if the credential itself failed.
        reason: The code of the error that came with it, or "".
        permanent: True if trying again unchanged cannot help; a token that could not be had now may be later.
        session_id: The session that was to be gone on with, or None.
    """

    def __init__(
        self, message: str, *, status: int | None = None, reason: str = "", session_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.permanent = status is not None
        self.session_id = session_id


class ConnectionFailedError(VoiceLiveError):
    """No connection could be opened, or an open one was lost.

    Attributes:
        status: HTTP status if the handshake was answered with one, else None.
        code: WebSocket close code if the connection was closed, else None.
        reason: The reason that came with the close code, or the code of an error that came before, or "".
        permanent: True if trying again unchanged cannot help.
        retry_after_s: Seconds the service asked to wait before the next try, or None.
        session_id: The session that was lost, or is to be gone on with, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | None = None,
        reason: str = "",
        permanent: bool = False,
        retry_after_s: float | None = None,
        session_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.reason = reason
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.session_id = session_id


def raised_here(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """A function whose errors of this package come from here, and from no place further in.

    A traceback that is printed with variables, as loguru does, would show there what the function was given:
    keys and prompts.
    """

    @functools.wraps(function)
    def raising(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except VoiceLiveError as error:
            told = error.with_traceback(None)
        raise told from None

    return raising


class ProtocolError(VoiceLiveError):
    """Something was asked that the present state does not allow, such as sending before connecting."""


class ServiceError(VoiceLiveError):
    """The service refused a request with an `error` event.

    Attributes:
        code: The service's error code, e.g. "invalid_value", or "".
        error_type: The service's error type, e.g. "invalid_request_error", or "".
        param: The parameter the service complains about, or None.
        event_id: Id of the client event that was refused, or None.
        session_id: The session it happened in, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        error_type: str = "",
        param: str | None = None,
        event_id: str | None = None,
        session_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.error_type = error_type
        self.param = param
        self.event_id = event_id
        self.session_id = session_id
