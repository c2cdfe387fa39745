"""Real MCP servers for tests, over streamable HTTP on this machine."""

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field

import uvicorn
from mcp.server.mcpserver import MCPServer


@dataclass
class RunningServer:
    """A server: where it is, and what it saw."""

    url: str
    calls: list = field(default_factory=list)
    headers: list = field(default_factory=list)


@contextlib.asynccontextmanager
async def mcp_server():
    """A server with `add(a, b)`, `greet(name)`, and `fail()`, which does."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    running = RunningServer(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp")
    tools = MCPServer("sums", log_level="CRITICAL")

    @tools.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        running.calls.append(("add", a, b))
        return a + b

    @tools.tool()
    def greet(name: str) -> str:
        """Greet somebody."""
        running.calls.append(("greet", name))
        return f"Hello {name}"

    @tools.tool()
    def fail() -> str:
        """Fail."""
        running.calls.append(("fail",))
        raise RuntimeError("no luck")

    app = tools.streamable_http_app()

    async def noting(scope, receive, send):
        if scope["type"] == "http":
            running.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await app(scope, receive, send)

    config = uvicorn.Config(noting, log_config=None, log_level="critical", lifespan="on")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield running
    finally:
        server.should_exit = True
        await serving
        listening.close()
