"""The way to the service: the proxy, its name, its port, its certificate, and what time it is there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncGenerator
from typing import Any

from pipecat_voicelive.cli.checking.findings import Finding, doubtful, failed, failed_with, well
from pipecat_voicelive.cli.checking.target import Place
from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.connection.hints import clock_off
from pipecat_voicelive.connection.proxies import choose_proxy
from pipecat_voicelive.connection.tls import client_context, tls_error
from pipecat_voicelive.errors import ConnectionFailedError

_LONGEST_HEAD_BYTES = 32 * 1024


async def network(url: str, options: ConnectionOptions) -> AsyncGenerator[Finding, None]:
    """Find out about the way to a WebSocket URL, without a credential."""
    place = Place.of(url)
    try:
        proxy = choose_proxy(options.proxy, url)
    except ConnectionFailedError as error:
        yield failed_with("proxy", "The environment names a proxy that cannot be used.", error)
        return
    yield well("proxy", f"{str(proxy).capitalize()} is asked first." if proxy else "None: straight there.")
    nearest = Place(*proxy.address, secure=False) if proxy else place
    finding = await _name(nearest, options, is_proxy=proxy is not None)
    yield finding
    if finding.state == "failed":
        return
    finding = await _port(nearest, options, is_proxy=proxy is not None)
    yield finding
    if finding.state == "failed":
        return
    if proxy is not None:
        yield Finding(step="tls", state="skipped", found="Behind the proxy: the handshake will tell.")
        return
    async for finding in _tls(place, options):
        yield finding


async def _name(place: Place, options: ConnectionOptions, *, is_proxy: bool) -> Finding:
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(options.open_timeout_s):
            found = await asyncio.get_running_loop().getaddrinfo(
                place.host, place.port, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        return failed(
            "name",
            f"{place.host} was not looked up within {options.open_timeout_s:g} s.",
            "No name server answers. Check the network, and the name server of this machine.",
        )
    except (OSError, UnicodeError):
        return failed(
            "name",
            f"There is no host {place.host}.",
            "It is the proxy's: mend HTTPS_PROXY, or name this endpoint in NO_PROXY."
            if is_proxy
            else "Copy the endpoint from the resource's page `Keys and Endpoint`. If it is right, the name "
            "is known in a private network only (VPN, private endpoint), or the network is down.",
        )
    took_s = time.monotonic() - began_s
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return well("name", f"{place.host} is {addresses[0]}{more}, in {took_s * 1000:.0f} ms.", took_s=took_s)


async def _port(place: Place, options: ConnectionOptions, *, is_proxy: bool) -> Finding:
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(options.open_timeout_s):
            _, writer = await asyncio.open_connection(place.host, place.port)
    except TimeoutError:
        return failed(
            "port",
            f"{place} did not answer within {options.open_timeout_s:g} s.",
            f"A firewall drops what is sent there: have it allow TCP to {place}, or name a proxy in "
            "HTTPS_PROXY that may.",
        )
    except ConnectionRefusedError:
        return failed(
            "port",
            f"Nothing listens at {place}.",
            "Check the port of the proxy in HTTPS_PROXY, and whether it runs."
            if is_proxy
            else "Check the port of the endpoint, and whether the service (`voicelive simulator`, for one) "
            "is running.",
        )
    except OSError as error:
        return failed(
            "port",
            f"{place} cannot be reached: {error.strerror or type(error).__name__}.",
            "Check the network, the route there and the firewall.",
        )
    took_s = time.monotonic() - began_s
    await _closed(writer)
    return well("port", f"{place} is open, in {took_s * 1000:.0f} ms.", took_s=took_s)


async def _tls(place: Place, options: ConnectionOptions) -> AsyncGenerator[Finding, None]:
    try:
        async with asyncio.timeout(options.open_timeout_s):
            context = await asyncio.to_thread(client_context, options.ca_file) if place.secure else None
            reader, writer = await asyncio.open_connection(place.host, place.port, ssl=context)
    except ssl.SSLError as error:
        yield failed(
            "tls", "TLS failed.", str(tls_error(error, place.host)).replace("`ca_file`", "--ca-file")
        )
        return
    except ConnectionFailedError as error:
        yield failed_with("tls", "TLS failed.", error)
        return
    except (TimeoutError, OSError):
        yield failed(
            "tls",
            "The connection was cut while TLS began.",
            "Check the endpoint's port, which may talk no TLS. If it does, something between here and there "
            "ends it: have the firewall allow it, or name a proxy in HTTPS_PROXY.",
        )
        return
    try:
        if place.secure:
            yield _secured(writer)
        else:
            yield well("tls", "None: it is this machine.")
        yield await _clock(place, reader, writer, options)
    finally:
        await _closed(writer)


def _secured(writer: asyncio.StreamWriter) -> Finding:
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate: dict[str, Any] = writer.get_extra_info("peercert") or {}
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = issuer.get("organizationName") or issuer.get("commonName") or "an authority without a name"
    until = certificate.get("notAfter", "an unknown time")
    return well("tls", f"{tls.version()}; the certificate is by {by}, valid until {until}.")


async def _clock(
    place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: ConnectionOptions
) -> Finding:
    """Ask for a page, as anybody may: the answer has a date, whatever else it says."""
    writer.write(f"GET / HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode())
    date = ""
    with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async with asyncio.timeout(options.open_timeout_s):
            date = _date_in(await reader.readuntil(b"\r\n\r\n"))
    if not date:
        return Finding(step="clock", state="skipped", found="The service does not tell the time.")
    if off := clock_off(date):
        return doubtful(
            "clock",
            f"It is {off}.",
            "Set the clock of this machine: tokens and certificates seem expired, or not valid yet.",
        )
    return well("clock", "It agrees with the service's.")


def _date_in(head: bytes) -> str:
    """The date in the head of an HTTP answer, "" if there is none."""
    for line in head[:_LONGEST_HEAD_BYTES].decode("latin-1").splitlines()[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() == "date":
            return value.strip()
    return ""


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
