"""What went wrong with a connection, as an error that says whether trying again can help.

    a handshake refused with 4xx           for good, but 408, 425 and 429; a redirect too
    5xx, 408, 425, 429                     passes; `Retry-After` is taken along
    a certificate that is not trusted      for good, as is a peer that talks no TLS; other TLS trouble passes
    no such host, nobody listens, silence  passes
    no token in time                       passes
    no token could be had                  passes, once there has been a connection
    closed before the session was ready    for good, but with 1001, 1012 and 1013, which say "go elsewhere";
                                           1011 and 1014 pass too, once there has been a session
    cut before the session was ready       passes
    closed or cut later                    passes, but 3000 and 3003, which say that we may not be here
    any end after a fatal `error`          for good: no money, no right, no such model

Every message says what to do and quotes nothing that anybody said.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import InvalidMessage, InvalidProxyStatus, InvalidStatus, InvalidURI
from websockets.frames import CloseCode

from pipecat_voicelive.connection.hints import Asked, code_in, date_s, what_to_do
from pipecat_voicelive.connection.proxies import Proxy, proxy_failed, proxy_refused
from pipecat_voicelive.connection.tls import tls_error
from pipecat_voicelive.errors import AuthenticationError, ConnectionFailedError
from pipecat_voicelive.protocol.hints import hint_for
from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.names import wire_name
from pipecat_voicelive.protocol.refusals import known_words

Failure: TypeAlias = ConnectionFailedError | AuthenticationError
"""Why there is no connection."""

EXPIRED = "session_expired"

_HOST = re.compile(r"[a-z0-9.:-]{1,253}")

_PASSING_STATUSES = frozenset({408, 425, 429})
_GO_ELSEWHERE = frozenset({CloseCode.GOING_AWAY, CloseCode.SERVICE_RESTART, CloseCode.TRY_AGAIN_LATER})
_OUT_OF_ORDER = frozenset({CloseCode.INTERNAL_ERROR, CloseCode.BAD_GATEWAY, CloseCode.INVALID_DATA})
"""What 500 and 502 are to a handshake, and bytes that are no text. With options that were never taken they
may well be at fault."""

_UNAUTHORIZED, _FORBIDDEN = 3000, 3003
_NOT_ALLOWED = frozenset({_UNAUTHORIZED, _FORBIDDEN})
_FATAL = frozenset(
    {
        "account_deactivated",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_quota",
        "invalid_api_key",
        "model_not_found",
        "model_not_supported",
        "permission_denied",
        "unauthorized",
        "unsupported_country_region_territory",
    }
)
"""Codes of `error` events after which another session would be told the same."""


def handshake_failed(error: Exception, asked: Asked, proxy: Proxy | None, timeout_s: float) -> Failure:
    """Why a connection could not be opened, from what was asked for and what opening it raised."""
    host = asked.host
    match error:
        case InvalidStatus():
            return _refused(error, asked)
        case TimeoutError():
            return ConnectionFailedError(
                f"{host} did not answer within {timeout_s:g} s. Check the network and the firewall."
            )
        case ssl.SSLError():
            return tls_error(error, host)
        case InvalidProxyStatus() if proxy is not None:
            return proxy_refused(error, proxy, host)
        case InvalidURI():
            return ConnectionFailedError(f"{host} cannot be connected to.", permanent=True)
        case _ if proxy is not None:
            return proxy_failed(error, proxy, host)
        case ConnectionRefusedError():
            return ConnectionFailedError(
                f"Nothing listens at {asked.place}. Check the endpoint's port, and whether the "
                "service (`voicelive simulator`, for one) is running."
            )
        case ConnectionResetError():
            return ConnectionFailedError(
                f"{host} hung up. Check the endpoint's port and the firewall; what talks TLS there must talk "
                "1.2 or newer."
            )
        case InvalidMessage():
            return ConnectionFailedError(
                f"{host} did not answer in HTTP. Check the endpoint's port; if what is there talks TLS, "
                "write the endpoint with https://."
            )
        case socket.gaierror():
            return ConnectionFailedError(
                f"There is no host {host}. Check the endpoint's name and the network."
            )
        case _:
            return ConnectionFailedError(
                f"No connection to {host}: {type(error).__name__}. Check the endpoint's name and the network."
            )


def no_token_yet(timeout_s: float) -> ConnectionFailedError:
    """Nobody was asked to connect yet, since the token took all the time."""
    return ConnectionFailedError(
        f"The token did not come within {timeout_s:g} s. Check the credential, get a token before the call, "
        "or raise `open_timeout_s` in ConnectionOptions."
    )


def _refused(error: InvalidStatus, asked: Asked) -> Failure:
    response = error.response
    status, headers = response.status_code, response.headers
    if 300 <= status < 400:
        host = _host_in(headers.get("Location", ""))
        where = f"to {host}" if host else "elsewhere"
        return ConnectionFailedError(
            f"{asked.host} redirects {where}, which is not followed, so that your credentials stay here. "
            "If your resource is there, give that as the endpoint.",
            status=status,
            permanent=True,
        )
    code = code_in(response.body)
    advice = what_to_do(status, asked, code=code, date=headers.get("Date", ""))
    told = f"{asked.host} answered HTTP {status}{f' ({code})' if code else ''}."
    wait_s = _retry_after_s(headers)
    asks = f" It asks to wait {wait_s:.0f} s." if wait_s else ""
    message = f"{told}{asks} {advice}".rstrip()
    if status in (401, 403):
        return AuthenticationError(message, status=status, reason=code)
    return ConnectionFailedError(
        message,
        status=status,
        reason=code,
        permanent=_is_permanent(status),
        retry_after_s=wait_s,
    )


def _is_permanent(status: int) -> bool:
    return status < 500 and status not in _PASSING_STATUSES


def _host_in(location: str) -> str:
    """The host that a redirect names, "" if none; what else it says is kept out."""
    try:
        host = urlsplit(location).hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""


def _retry_after_s(headers: Headers) -> float | None:
    """What `Retry-After` says, in seconds or as a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    at_s = date_s(value)
    if at_s is None:
        return None
    return max(0.0, at_s - (date_s(headers.get("Date", "")) or time.time()))


def closed(code: int, reason: str, *, by_service: bool) -> ConnectionFailedError:
    """A connection was closed with a code, by the service, or here because of what it sent."""
    reason = known_words(reason)
    told = f"code {code}{', ' + reason if reason else ''}"
    hint = ""
    if not by_service and code == CloseCode.MESSAGE_TOO_BIG:
        hint = " It sent more at once than `max_message_bytes` in ConnectionOptions allows."
    elif code == _UNAUTHORIZED:
        hint = " The credential is not valid any more: sign in again, or take a new key."
    elif code == _FORBIDDEN:
        hint = " Check the role of the identity, and the network that the resource allows."
    return ConnectionFailedError(
        f"The connection to Voice Live was lost ({told}).{hint}",
        code=code,
        reason=reason,
        permanent=code in _NOT_ALLOWED,
    )


def cut() -> ConnectionFailedError:
    """A connection ended without a word."""
    return ConnectionFailedError(
        "The connection to Voice Live was lost (code 1006).", code=CloseCode.ABNORMAL_CLOSURE
    )


def is_fatal(error: ErrorDetails) -> bool:
    """Whether another session would be told the same."""
    return (error.code or "") in _FATAL


_CLOSED_EARLY: Final = (
    " It ended before the session was ready: check its options, the model, the api_version and the quota."
)


def before_ready(error: ConnectionFailedError, *, follows: bool = False) -> ConnectionFailedError:
    """A connection that ended before its session was ready: if it was closed, trying again cannot help.

    Args:
        error: How it ended.
        follows: Whether a session was ready before, on another connection.
    """
    told = error.code is not None and error.code != CloseCode.ABNORMAL_CLOSURE
    if not told or error.code in _GO_ELSEWHERE or error.permanent:
        return error
    if follows and error.code in _OUT_OF_ORDER:
        return error
    hint = "" if "max_message_bytes" in str(error) else _CLOSED_EARLY
    return rewritten(error, message=f"{error}{hint}", permanent=True)


def after_error(error: ConnectionFailedError, told: ErrorDetails) -> ConnectionFailedError:
    """A connection that ended after an `error` that says why: its code tells more than the closing."""
    code = wire_name(told.code)
    message = f"Voice Live ended the session: {code}. {hint_for(told.code)}".rstrip()
    return rewritten(error, message=message, reason=code, permanent=error.permanent or is_fatal(told))


def final(error: Failure, attempts: int, away_s: float) -> Failure:
    """A loss that nothing more is done about: what was tried, and what is left to do."""
    if not isinstance(error, ConnectionFailedError):
        return error
    tried = ""
    if attempts:
        times = "once" if attempts == 1 else f"{attempts} times"
        tried = f" Another connection was tried {times} in {away_s:.0f} s."
    advice = "" if error.permanent or error.status is not None or error.code is None else _LEFT_TO_DO
    if not tried and not advice:
        return error
    return rewritten(error, message=f"{error}{tried}{advice}", permanent=error.permanent)


_LEFT_TO_DO: Final = (
    " Check the network, the firewall and the proxy, then connect again; if the service closes again, ask "
    "Azure's support with the session's id."
)


def rewritten(
    error: ConnectionFailedError, *, message: str, reason: str | None = None, permanent: bool
) -> ConnectionFailedError:
    """The same failure in other words."""
    return ConnectionFailedError(
        message,
        status=error.status,
        code=error.code,
        reason=error.reason if reason is None else reason,
        permanent=permanent,
        retry_after_s=error.retry_after_s,
        session_id=error.session_id,
    )
