"""Where to connect: from what the portal shows to the WebSocket URL.

Accepted, with or without a trailing slash, a path and a query of their own:

    https://<resource>.services.ai.azure.com      the portal's endpoint
    <resource>.cognitiveservices.azure.com        a bare host
    wss://<host>/voice-live/realtime?...          a full WebSocket URL
    ws://127.0.0.1:8080, 127.0.0.1:8080           loopback only: credentials never travel in clear

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pipecat_voicelive.errors import ConfigurationError

PATH = "/voice-live/realtime"
_SCHEMES = {"https": "wss", "wss": "wss", "http": "ws", "ws": "ws"}
_SECRET = re.compile(
    r"(.*[-_])?(api-?key|key|token|secret|password|authorization|signature|sig)", re.IGNORECASE
)
"""Names of parameters that are credentials: URLs end up in the logs of everybody on the way."""


def websocket_url(
    endpoint: str, *, model: str | None, api_version: str, query: Mapping[str, str] | None = None
) -> str:
    """The URL to open.

    Args:
        endpoint: One of the forms above.
        model: Model or deployment; None if the query names an agent.
        api_version: The API version.
        query: Further parameters. They win over `model` and `api_version`, and all of these over the
            endpoint's own query.

    Raises:
        ConfigurationError: The endpoint is none of the forms above, or would send credentials in clear; or
            the query holds some.
    """
    _refuse_credentials(query or (), "The query")
    base = base_url(endpoint)
    parts = urlsplit(base)
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    parameters["api-version"] = api_version
    if model:
        parameters["model"] = model
    parameters.update(query or {})
    return urlunsplit(parts._replace(query=urlencode(parameters, quote_via=quote)))


def base_url(endpoint: str) -> str:
    """The endpoint as a WebSocket URL with the service's path; its own query is kept.

    Raises:
        ConfigurationError: As for `websocket_url`.
    """
    text = endpoint.strip() if isinstance(endpoint, str) else ""  # pyright: ignore[reportUnnecessaryIsInstance]
    if not text:
        raise ConfigurationError(
            "The endpoint is empty. Give your resource's endpoint, "
            "such as https://<resource>.services.ai.azure.com."
        )
    if "<" in text or ">" in text:
        raise ConfigurationError("Put the name of your resource in the endpoint in place of <...>.")
    if "://" not in text:
        host = text.rsplit(":", 1)[0].strip("[]")
        text = f"{'ws' if is_loopback(host) else 'wss'}://{text}"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:  # whose text may hold a password that stands where a port would
        raise ConfigurationError("The endpoint is not a URL: its host or its port is none.") from None
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None:
        raise ConfigurationError(
            f"The endpoint's scheme is {parts.scheme!r}. Use https:// or wss:// (or ws:// on this machine)."
        )
    if not host or any(character.isspace() for character in parts.netloc):
        raise ConfigurationError(
            "The endpoint has no host. Give one such as <resource>.services.ai.azure.com."
        )
    if parts.username or parts.password:
        raise ConfigurationError("The endpoint holds a user name or password. Give the key as `api_key`.")
    _refuse_credentials((name for name, _ in parse_qsl(parts.query)), "The endpoint's query")
    if scheme == "ws" and not is_loopback(host):
        raise ConfigurationError(
            f"{parts.scheme}:// would send your credentials to {host} unencrypted. Use https:// or wss://; "
            "only addresses of this machine (127.0.0.1, ::1, localhost) may do without."
        )
    path = parts.path.rstrip("/")
    if not path.endswith(PATH):
        path += PATH
    return urlunsplit((scheme, parts.netloc, path, parts.query, ""))


def host_of(endpoint: str) -> str:
    """The host that an endpoint names.

    Raises:
        ConfigurationError: As for `websocket_url`.
    """
    return urlsplit(base_url(endpoint)).hostname or ""


def _refuse_credentials(names: Iterable[str], what: str) -> None:
    if leaked := [name for name in names if _SECRET.fullmatch(name)]:
        raise ConfigurationError(
            f"{what} holds a credential ({leaked[0]}), which URLs spread into logs. Give it as `api_key`, "
            "`credential` or `token_provider`, or what a gateway asks for as a header: "
            "options=ConnectionOptions(headers={...})."
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address alone; names are not looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
