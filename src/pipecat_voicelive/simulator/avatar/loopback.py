"""WebRTC on a machine without a network.

aioice, on which aiortc builds, never uses the loopback interface, so without another it finds no way at all.
"""

from __future__ import annotations

import socket

_LOOPBACK = "127.0.0.1"
_ELSEWHERE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737); nothing is ever sent there."""


def use_loopback_if_alone() -> None:
    """Where there is no network, let the peers of this process meet on loopback; elsewhere change nothing."""
    if _has_network():
        return
    try:
        from aioice import ice
    except ImportError:
        return

    def addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:  # noqa: ARG001
        return [_LOOPBACK] if use_ipv4 else []

    ice.get_host_addresses = addresses


def _has_network() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Looks the route up; a datagram socket sends nothing when it connects.
            probe.connect(_ELSEWHERE)
        except OSError:
            return False
    return True
