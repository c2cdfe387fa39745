"""The way out: straight, or through a proxy.

`proxy=True` looks into the environment: WSS_PROXY, SOCKS_PROXY, HTTPS_PROXY and ALL_PROXY, the first that is
set, and NO_PROXY for hosts that are reached without, names in upper or lower case (macOS and Windows: the
system's settings too). An HTTP proxy is asked with CONNECT, so that TLS goes through it to the service and it
sees neither keys nor speech. This machine is never reached through a proxy.

https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies
"""

from __future__ import annotations

import importlib.util
import urllib.request
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from websockets.exceptions import InvalidProxy, InvalidProxyStatus
from websockets.proxy import parse_proxy

from pipecat_voicelive.connection.endpoint import is_loopback
from pipecat_voicelive.errors import ConfigurationError, ConnectionFailedError

ProxyChoice = str | Literal[True] | None

_FORM = "http://host:port, https://... or socks5h://..., with user:password@ before the host if needed"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that can be used. As text it is for people: host and port, without its password."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        return "the proxy {}:{}".format(*self.address)

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        parsed = parse_proxy(self.url)
        return parsed.host, parsed.port


def check_proxy(proxy: ProxyChoice) -> None:
    """Make sure that a proxy can be used; what is in the environment is looked at when connecting.

    Raises:
        ConfigurationError: It is none, or a SOCKS proxy without the package for it.
    """
    if proxy is None or proxy is True:
        return
    if problem := _problem(proxy):
        raise ConfigurationError(f"The proxy {problem}")


def choose_proxy(proxy: ProxyChoice, url: str) -> Proxy | None:
    """The proxy to reach a URL by; None for none.

    Raises:
        ConnectionFailedError: The environment names one that cannot be used.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if proxy is None or parts.scheme != "wss" or is_loopback(host):
        return None
    if proxy is not True:
        return Proxy(proxy)
    name, found = _of_environment(host, parts.port or 443)
    if found is None:
        return None
    if problem := _problem(found):
        raise ConnectionFailedError(
            f"The proxy that the environment names ({name.upper()}_PROXY) {problem}", permanent=True
        )
    return Proxy(found)


def _of_environment(host: str, port: int) -> tuple[str, str | None]:
    """Under which name, and the proxy itself."""
    if urllib.request.proxy_bypass(f"{host}:{port}"):
        return "", None
    proxies = urllib.request.getproxies()
    for name in ("wss", "socks", "https", "all"):
        if proxy := proxies.get(name):
            # macOS tells its SOCKS proxy like this.
            return name, proxy.replace("http://", "socks5h://", 1) if name == "socks" else proxy
    return "", None


def _problem(proxy: str) -> str | None:
    """What is wrong with a proxy, never with its password."""
    try:
        scheme = parse_proxy(proxy).scheme
    except (InvalidProxy, ValueError, AttributeError):
        return f"is none that can be used. Give it as {_FORM}."
    if scheme.startswith("socks") and importlib.util.find_spec("python_socks") is None:
        return 'is a SOCKS proxy, which needs a package: pip install "pipecat-voicelive[socks]".'
    return None


def proxy_refused(error: InvalidProxyStatus, proxy: Proxy, host: str) -> ConnectionFailedError:
    """What a proxy's answer to CONNECT means, in a sentence."""
    status = error.response.status_code
    if status == _WHO_ARE_YOU:
        problem = "wants a user name and a password that it knows. Give it as http://user:password@host:port."
    elif status == _FORBIDDEN:
        problem = f"does not let anybody through to {host}. Have it allow CONNECT to that host."
    else:
        problem = f"did not get through to {host}. Check that it may, and the host's name."
    return ConnectionFailedError(
        f"{str(proxy).capitalize()} {problem} It answered HTTP {status}.",
        status=status,
        permanent=status in (_FORBIDDEN, _WHO_ARE_YOU),
    )


def proxy_failed(error: Exception, proxy: Proxy, host: str) -> ConnectionFailedError:
    """What kept a proxy from being asked, in a sentence."""
    return ConnectionFailedError(
        f"No connection to {host} through {proxy}: {type(error).__name__}. Check the proxy's name and "
        "port, and whether it runs."
    )


_FORBIDDEN, _WHO_ARE_YOU = 403, 407
