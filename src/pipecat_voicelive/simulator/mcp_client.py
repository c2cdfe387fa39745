"""Asks real MCP servers over streamable HTTP, as Voice Live does. Needs the extra `mcp`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, cast

from pipecat_voicelive.simulator.effects import McpFailure, McpServer
from pipecat_voicelive.simulator.names import may_have_credentials

if TYPE_CHECKING:
    from mcp import Client

LIST_S = 10.0
CALL_S = 30.0

NOT_INSTALLED = McpFailure(
    "The simulator calls MCP servers with the package mcp, which is not installed: "
    "pip install 'pipecat-voicelive[mcp]'",
    code="mcp_not_installed",
)


async def list_tools(server: McpServer) -> list[dict[str, Any]] | McpFailure:
    """A server's tools, as `mcp_list_tools` items hold them."""
    tools: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(LIST_S), _connected(server) as client:
            cursor = None
            while True:
                page = await client.list_tools(cursor=cursor)
                tools += [
                    {
                        "name": tool.name,
                        "description": tool.description,
                        "input_schema": tool.input_schema,
                        "annotations": tool.annotations and tool.annotations.model_dump(exclude_none=True),
                    }
                    for tool in page.tools
                ]
                cursor = page.next_cursor
                if cursor is None:
                    return tools
    except ImportError:
        return NOT_INSTALLED
    except Exception as error:  # noqa: BLE001 - whatever it is, the session goes on without the tools
        return _failure(error)


async def call_tool(server: McpServer, name: str, arguments: str) -> str | McpFailure:
    """What a tool answers, as text."""
    try:
        async with asyncio.timeout(CALL_S), _connected(server) as client:
            result = await client.call_tool(name, json.loads(arguments))
    except ImportError:
        return NOT_INSTALLED
    except Exception as error:  # noqa: BLE001 - whatever it is, the call has failed
        return _failure(error)
    text = "\n".join(part.text for part in result.content if part.type == "text")
    return McpFailure(text) if result.is_error else text


class InClear(Exception):  # noqa: N818 - a condition, turned into a failure
    """Credentials would travel in clear."""


@contextlib.asynccontextmanager
async def _connected(server: McpServer) -> AsyncGenerator[Client]:
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    headers = dict(server.headers)
    if server.authorization:
        headers["Authorization"] = server.authorization
    if headers and not may_have_credentials(server.url):
        raise InClear
    async with (
        httpx2.AsyncClient(headers=headers, timeout=CALL_S, follow_redirects=False) as http,
        Client(streamable_http_client(server.url, http_client=http)) as client,
    ):
        yield client


def _failure(error: Exception) -> McpFailure:
    """What went wrong; of several reasons the first."""
    reason: BaseException = error
    while isinstance(reason, ExceptionGroup):
        reason = cast("ExceptionGroup[Exception]", reason).exceptions[0]
    if isinstance(reason, InClear):
        return McpFailure(
            "The MCP server would be sent its headers unencrypted. Give it an https:// URL; only servers on "
            "this machine may do without."
        )
    if isinstance(reason, TimeoutError):
        return McpFailure("The MCP server took too long.")
    return McpFailure(f"The MCP server could not be asked: {type(reason).__name__}.")
