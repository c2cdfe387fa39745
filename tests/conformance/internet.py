"""The two MCP servers on the internet that a sample names, on this machine.

The simulator calls them over HTTPS by their real names. A proxy, which HTTP clients find by `HTTPS_PROXY`,
leads each name to a server here, which has a certificate for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import uvicorn
from mcp.server.mcpserver import MCPServer

from pipecat_voicelive.simulator.certificate import TlsFiles, self_signed

WIKI, LEARN = "mcp.deepwiki.com", "learn.microsoft.com"


@contextlib.asynccontextmanager
async def mcp_servers_of_the_sample(folder: Path) -> AsyncIterator[list[str]]:
    """Both servers, reached by this process as if they were far away. Yields what they were asked."""
    asked: list[str] = []
    async with contextlib.AsyncExitStack() as cleanup:
        ports: dict[str, int] = {}
        trusted = b""
        for host, path, tool in ((WIKI, "/mcp", _ask_question(asked)), (LEARN, "/api/mcp", _search(asked))):
            files = self_signed(folder / host, host)
            trusted += files.certificate.read_bytes()
            ports[host] = await cleanup.enter_async_context(_server(host, path, tool, files))
        bundle = folder / "internet.pem"
        bundle.write_bytes(trusted)
        proxy = await asyncio.start_server(_leading(ports), "127.0.0.1", 0)
        cleanup.push_async_callback(proxy.wait_closed)
        cleanup.callback(proxy.close)
        port = proxy.sockets[0].getsockname()[1]
        cleanup.enter_context(
            _variables({"HTTPS_PROXY": f"http://127.0.0.1:{port}", "SSL_CERT_FILE": str(bundle)})
        )
        yield asked


def _ask_question(asked: list[str]) -> Callable[..., str]:
    def ask_question(repoName: str, question: str) -> str:  # noqa: N803 - the real server's name
        """Ask about a repository."""
        asked.append(f"{repoName}: {question}")
        return "It holds the libraries of Azure for Python."

    return ask_question


def _search(asked: list[str]) -> Callable[..., str]:
    def microsoft_docs_search(query: str) -> str:
        """Search the documentation."""
        asked.append(query)
        return "It is one socket for speech in and speech out."

    return microsoft_docs_search


@contextlib.asynccontextmanager
async def _server(host: str, path: str, tool: Callable[..., str], files: TlsFiles) -> AsyncIterator[int]:
    """An MCP server with a tool, over TLS; yields its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    tools = MCPServer(host, log_level="CRITICAL")
    tools.tool()(tool)
    config = uvicorn.Config(
        tools.streamable_http_app(streamable_http_path=path, host=host),
        log_config=None,
        log_level="critical",
        lifespan="on",
        ssl_certfile=str(files.certificate),
        ssl_keyfile=str(files.key),
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listening.close()


def _leading(ports: Mapping[str, int]) -> Callable[..., object]:
    """A proxy that leads each name to a port here, and nothing anywhere else."""

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            port = ports.get(request.split()[1].partition(":")[0])
            if port is None:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            else:
                there, back = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        writer.close()

    return lead


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@contextlib.contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
