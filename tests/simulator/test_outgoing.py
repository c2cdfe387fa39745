"""What the simulator sends elsewhere: credentials only over TLS or to this machine, and to no redirect."""

import asyncio
import contextlib

import pytest

from pipecat_voicelive import ConfigurationError
from pipecat_voicelive.simulator import OpenAIBrain, Question, ThinkingFailedError
from pipecat_voicelive.simulator.effects import McpServer
from pipecat_voicelive.simulator.mcp_client import list_tools


@contextlib.asynccontextmanager
async def web_server(status, location="/elsewhere"):
    """Answers every request with a status; gives its address and the heads of the requests."""
    heads = []

    async def answer(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(f"HTTP/1.1 {status} Told\r\nLocation: {location}\r\n".encode())
            writer.write(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


def mcp(url, **options):
    return McpServer(label="bank", url=url, **options)


QUESTION = Question(instructions="", items=())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_brain_follows_no_redirect(status):
    async with web_server(404) as (elsewhere, seen), web_server(status, f"{elsewhere}/v1") as (url, heads):
        with pytest.raises(ThinkingFailedError, match=f"HTTP {status}"):
            await OpenAIBrain("m", url=f"{url}/v1", api_key="SECRET-KEY").think(QUESTION)
    assert len(heads) == 1
    assert seen == []


def test_a_brains_key_goes_over_tls_or_to_this_machine_only():
    with pytest.raises(ConfigurationError, match="unencrypted") as caught:
        OpenAIBrain("m", url="http://models.example/v1", api_key="SECRET-KEY")
    assert "SECRET" not in str(caught.value)
    assert OpenAIBrain("m", url="https://models.example/v1", api_key="SECRET-KEY")
    assert OpenAIBrain("m", url="http://localhost:1/v1", api_key="SECRET-KEY")


async def test_the_key_of_the_environment_is_not_sent_in_clear(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "SECRET-KEY")
    async with web_server(404) as (proxy, heads):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(ThinkingFailedError, match="HTTP 404"):
            await OpenAIBrain("m", url="http://models.example/v1").think(QUESTION)
    assert heads[0].startswith("POST http://models.example/v1/chat/completions")
    assert "SECRET" not in heads[0]


@pytest.mark.parametrize("status", [307, 308])
async def test_an_mcp_server_that_redirects_gets_the_credentials_alone(status):
    async with web_server(404) as (elsewhere, seen), web_server(status, elsewhere) as (url, heads):
        server = mcp(f"{url}/mcp", authorization="SECRET-TOKEN", headers=(("x-key", "SECRET-KEY"),))
        assert "could not be asked" in (await list_tools(server)).message
    assert "SECRET-TOKEN" in heads[0]
    assert seen == []


@pytest.mark.parametrize("options", [{"authorization": "SECRET"}, {"headers": (("x-key", "SECRET"),)}])
async def test_credentials_for_an_mcp_server_are_not_sent_in_clear(monkeypatch, options):
    async with web_server(404) as (proxy, heads):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)
        failure = await list_tools(mcp("http://bank.example/mcp", **options))
        assert "unencrypted" in failure.message
        assert heads == []
        await list_tools(mcp("http://bank.example/mcp"))
        assert heads
