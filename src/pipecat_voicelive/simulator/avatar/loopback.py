"""WebRTC on a machine without a network.

aioice, on which aiortc builds, never uses the loopback interface, so without another it finds no way at all.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

_LOOPBACK = "127.0.0.1"
_ELSEWHERE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737); nothing is ever sent there."""


_users = 0
_usual: Any = None


@contextmanager
def loopback_if_alone() -> Generator[None]:
    """Where there is no network, let the peers of this process meet on loopback; elsewhere change nothing.

    It may be entered several times; the last to leave puts everything back.
    """
    global _users, _usual  # noqa: PLW0603 - aioice has one function for the whole process
    ice = None if _has_network() else _aioice()
    if ice is None:
        yield
        return
    if _users == 0:
        _usual = ice.get_host_addresses
        ice.get_host_addresses = _loopback_addresses
    _users += 1
    try:
        yield
    finally:
        _users -= 1
        if _users == 0:
            ice.get_host_addresses = _usual


def _loopback_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:  # noqa: ARG001
    return [_LOOPBACK] if use_ipv4 else []


def _aioice() -> Any:
    try:
        from aioice import ice
    except ImportError:
        return None
    return ice


def _has_network() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Looks the route up; a datagram socket sends nothing when it connects.
            probe.connect(_ELSEWHERE)
        except OSError:
            return False
    return True
