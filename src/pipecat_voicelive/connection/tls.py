"""Who is spoken to: only a host whose certificate says so, of an authority that is trusted here.

Trusted are the authorities of the system, in whose place the environment variables SSL_CERT_FILE and
SSL_CERT_DIR put others, and those of `ca_file` beside them. Nothing switches the check off: a key that is
sent to whoever answers is lost.

https://docs.python.org/3/library/ssl.html#ssl.create_default_context
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Final

from pipecat_voicelive.errors import ConfigurationError, ConnectionFailedError

CaFile = str | os.PathLike[str]

_OLDEST: Final = ssl.TLSVersion.TLSv1_2


def client_context(ca_file: CaFile | None = None) -> ssl.SSLContext:
    """What a client needs to talk TLS 1.2 or newer. Reads files: for a thread.

    Args:
        ca_file: A PEM file of authorities that are trusted beside the system's.

    Raises:
        ConnectionFailedError: The file cannot be read by now.
    """
    context = ssl.create_default_context()
    context.minimum_version = max(context.minimum_version, _OLDEST)
    if ca_file is not None and (problem := _trust(context, ca_file)):
        raise ConnectionFailedError(problem, permanent=True)
    return context


def check_ca_file(ca_file: CaFile) -> None:
    """Make sure that a file holds authorities.

    Raises:
        ConfigurationError: It cannot be read, or holds no certificates.
    """
    if problem := _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_file):
        raise ConfigurationError(problem)


def _trust(context: ssl.SSLContext, ca_file: CaFile) -> str | None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError:  # what OpenSSL says of a file without certificates is one too
        what = "holds no certificates" if Path(ca_file).is_file() else "cannot be read"
        return (
            f"The ca_file {os.fspath(ca_file)} {what}. Give a PEM file with the certificates of the "
            "authorities to trust."
        )
    return None


def check_context(context: ssl.SSLContext) -> None:
    """Make sure of a context that was given to us.

    Raises:
        ConfigurationError: It takes any certificate, or TLS older than 1.2.
    """
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError(
            "The ssl_context takes certificates of anybody, who would get your credentials. Give the "
            "authority to trust as `ca_file`, or a context of ssl.create_default_context()."
        )
    # MINIMUM_SUPPORTED stands for whatever OpenSSL still has.
    if context.minimum_version < _OLDEST:
        raise ConfigurationError(
            "The ssl_context takes TLS older than 1.2. Set its minimum_version to ssl.TLSVersion.TLSv1_2."
        )


def tls_error(error: ssl.SSLError, peer: str) -> ConnectionFailedError:
    """What a failed TLS handshake means, in a sentence.

    Args:
        error: As it was raised.
        peer: Who was connected to.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectionFailedError(_untrusted(error, peer), permanent=True)
    reason = error.reason or ""
    if reason in _NO_TLS:
        message = f"{peer} does not talk TLS at this port. Check the endpoint's port, and the proxy if any."
    elif reason in _OLD_TLS:
        message = f"{peer} talks no TLS that is taken here: it must be 1.2 or newer."
    else:
        message = f"TLS with {peer} failed ({reason or 'unknown reason'}). Check the proxy and the firewall."
    return ConnectionFailedError(message, permanent=reason in _NO_TLS | _OLD_TLS)


_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
_OLD_TLS = frozenset({
    "UNSUPPORTED_PROTOCOL",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "NO_PROTOCOLS_AVAILABLE",
    "WRONG_SSL_VERSION",
})  # fmt: skip

# https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_OTHER_HOST = frozenset({62, 64})


def _untrusted(error: ssl.SSLCertVerificationError, peer: str) -> str:
    code = error.verify_code
    if code in _UNKNOWN_AUTHORITY:
        return (
            f"The certificate of {peer} comes from an authority that is not trusted here. If it is one of "
            "your own (a company's proxy that looks into TLS, a simulator), give its PEM file as `ca_file` "
            f"or in SSL_CERT_FILE{_missing()}."
        )
    if code in _OTHER_HOST:
        return f"What answered for {peer} has a certificate for another name. Check the endpoint's host."
    if code == _EXPIRED:
        return (
            f"The certificate of {peer} has expired. Check the clock of this machine; if it is right, the "
            "certificate must be renewed there."
        )
    if code == _NOT_YET_VALID:
        return f"The certificate of {peer} is not valid yet. Check the clock of this machine."
    return f"The certificate of {peer} is refused: {error.verify_message}."


def _missing() -> str:
    named = os.environ.get("SSL_CERT_FILE")
    return ", which names a file that is not there" if named and not Path(named).is_file() else ""
