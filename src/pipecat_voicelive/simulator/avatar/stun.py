"""The ICE server that clients are given: it tells them the address they come from, and nothing else.

Enough of STUN (RFC 8489) for a binding request. Everybody is on this machine, so nobody needs a relay.
"""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from typing import Any

_MAGIC_COOKIE = 0x2112A442
_HEADER = struct.Struct("!HHI12s")
_BINDING_REQUEST, _BINDING_SUCCESS = 0x0001, 0x0101
_XOR_MAPPED_ADDRESS = 0x0020


class StunServer(asyncio.DatagramProtocol):
    """Answers binding requests. Make one with `open`; `close` it."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, host: str) -> StunServer:
        """Listen on a free port.

        Raises:
            OSError: The address cannot be listened on.
        """
        _, server = await asyncio.get_running_loop().create_datagram_endpoint(cls, local_addr=(host, 0))
        return server

    def url(self, reached_at: str) -> str:
        """How a client names it that reached this machine at an address."""
        assert self._transport is not None, "it is open"
        host, port = self._transport.get_extra_info("sockname")[:2]
        if ipaddress.ip_address(host).is_unspecified:  # it listens at every address; that one is none
            host = reached_at
        return f"stun:[{host}]:{port}" if ":" in host else f"stun:{host}:{port}"

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        """See `asyncio.DatagramProtocol`."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """See `asyncio.DatagramProtocol`."""
        answer = binding_answer(data, str(addr[0]), int(addr[1]))
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


def binding_answer(request: bytes, host: str, port: int) -> bytes | None:
    """The answer to a binding request from an address; None if it is no such request."""
    if len(request) < _HEADER.size:
        return None
    kind, _, cookie, transaction = _HEADER.unpack_from(request)
    if kind != _BINDING_REQUEST or cookie != _MAGIC_COOKIE:
        return None
    address = ipaddress.ip_address(host.partition("%")[0])
    key = struct.pack("!I", _MAGIC_COOKIE) + transaction
    masked = bytes(byte ^ mask for byte, mask in zip(address.packed, key, strict=False))
    family = 1 if address.version == 4 else 2
    value = struct.pack("!BBH", 0, family, port ^ (_MAGIC_COOKIE >> 16)) + masked
    attribute = struct.pack("!HH", _XOR_MAPPED_ADDRESS, len(value)) + value
    return _HEADER.pack(_BINDING_SUCCESS, len(attribute), _MAGIC_COOKIE, transaction) + attribute
