"""The names of this machine, and the web pages that stand on it. Pure.

Every web page that is open in a browser may open a WebSocket to this machine; the browser only names the
page's origin. So whoever names an origin is a page, and is let in if it stands on this machine, at whatever
port: on a loopback address or `localhost`, or on the same host as the simulator. Programs name none.

The same host is believed only if it is one of our names: a page on a name that its owner lets point to this
machine ("DNS rebinding") has that name in `Host` too. Addresses, localhost, the name of this machine and the
`host` that the simulator was given are ours.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit


class OwnNames:
    """What this machine is called.

    Args:
        host: The address or name that is listened on.
        names: Further names.
    """

    def __init__(self, host: str, names: Iterable[str] = ()) -> None:
        self._names = {name.lower() for name in (host, "localhost", *names) if name}

    def admit_host(self, host: str | None) -> bool:
        """Whether a `Host` header names this machine."""
        name = _hostname(host or "")
        return name in self._names or name.endswith(".localhost") or _is_address(name)

    def admit_page(self, origin: str, host: str | None) -> bool:
        """Whether the page of an `Origin` header stands on this machine; `host` is the `Host` header."""
        name = _hostname(origin.partition("://")[2])
        if is_loopback(name) or name.endswith(".localhost"):
            return True
        return bool(name) and name == _hostname(host or "") and self.admit_host(host)


def is_loopback(host: str) -> bool:
    """Whether an address or name that is listened on can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def may_have_credentials(url: str) -> bool:
    """Whether what is sent to a URL can be read there only: over TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _hostname(host: str) -> str:
    """The name in a `Host` header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
