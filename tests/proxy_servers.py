"""Proxies on this machine, CONNECT and SOCKS 5, that take any host's name for a port of this machine."""

import asyncio
import base64
import contextlib
from dataclasses import dataclass, field


@dataclass
class RunningProxy:
    port: int
    asked: list = field(default_factory=list)
    """The hosts it was asked for, as "host:port"."""
    heads: list = field(default_factory=list)
    """What came in before a tunnel was open."""

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"


async def _pump(reader, writer):
    try:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()


async def _tunnel(reader, writer, target_port):
    port = target_port() if callable(target_port) else target_port
    there, to_there = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_pump(reader, to_there), _pump(there, writer))


@contextlib.asynccontextmanager
async def _serving(talk, tls=None):
    proxy = RunningProxy(0)
    tasks = set()

    async def connected(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await talk(proxy, reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def connect_proxy(target_port, *, user=None, refuse=None, tls=None):
    """A proxy that is asked with CONNECT.

    Args:
        target_port: Where every host that is asked for lies on this machine, or a function that tells.
        user: "name:password" that it wants.
        refuse: The HTTP status with which it refuses everybody.
        tls: A server's TLS context, if it is to be talked to over TLS.
    """

    async def talk(proxy, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        proxy.heads.append(head)
        proxy.asked.append(head.split(" ")[1])
        wanted = user and f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n"
        status = refuse or (407 if wanted and wanted not in head else 200)
        writer.write(f"HTTP/1.1 {status} Told\r\nContent-Length: 0\r\n\r\n".encode())
        if status == 200:
            await _tunnel(reader, writer, target_port)

    return _serving(talk, tls)


def socks_proxy(target_port, *, user=None):
    """A SOCKS 5 proxy (RFC 1928, 1929) that is asked for hosts by name."""

    async def talk(proxy, reader, writer):
        _version, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(b"\x05\x02" if user else b"\x05\x00")
        if user:
            await reader.readexactly(1)
            name = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            right = f"{name.decode()}:{password.decode()}" == user
            writer.write(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return
        await reader.readexactly(4)
        host = await reader.readexactly((await reader.readexactly(1))[0])
        port = int.from_bytes(await reader.readexactly(2), "big")
        proxy.asked.append(f"{host.decode()}:{port}")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await _tunnel(reader, writer, target_port)

    return _serving(talk)
