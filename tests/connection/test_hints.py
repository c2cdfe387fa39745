"""What a refused handshake says to do, over a real socket."""

import contextlib
import time
from email.utils import formatdate

import pytest
from websockets.asyncio.server import serve

from pipecat_voicelive.connection.auth import choose_auth
from pipecat_voicelive.connection.connection import ConnectionOptions, open_connection
from pipecat_voicelive.connection.hints import HOSTS, Asked, code_in, what_to_do
from pipecat_voicelive.errors import AuthenticationError, ConnectionFailedError

KEY = choose_auth(api_key="SECRET-KEY")
TOKEN = choose_auth(token_provider=lambda: "SECRET-TOKEN")
QUERY = "/voice-live/realtime?api-version=2026-07-15&model=gpt-nothing"
AGENT = "/voice-live/realtime?api-version=2026-07-15&agent-name=guide&agent-project-name=museum"


@contextlib.asynccontextmanager
async def refusing(status, body="", **headers):
    def refuse(connection, _request):
        response = connection.respond(status, body)
        for name, value in headers.items():
            del response.headers[name]
            response.headers[name] = value
        return response

    async def nothing(websocket):
        await websocket.wait_closed()

    async with serve(nothing, "127.0.0.1", 0, process_request=refuse) as running:
        yield f"ws://127.0.0.1:{running.sockets[0].getsockname()[1]}"


async def refused(url, auth):
    with pytest.raises((AuthenticationError, ConnectionFailedError)) as raised:
        await open_connection(url, auth, ConnectionOptions())
    assert "SECRET" not in f"{raised.value} {raised.value!r}"
    return raised.value


@pytest.mark.parametrize(
    ("status", "query", "auth", "told"),
    [
        (400, QUERY, KEY, ["'gpt-nothing'", "'2026-07-15'"]),
        (400, f"{QUERY}&profile=byom-x", KEY, ["profile"]),
        (400, AGENT, TOKEN, ["'guide'", "'museum'"]),
        (401, QUERY, KEY, ["The key was refused", "Keys and Endpoint"]),
        (401, QUERY, TOKEN, ["The token was refused", "az login", "scope"]),
        (401, AGENT, KEY, ["Agents take no key"]),
        (403, QUERY, KEY, ["Networking", "token"]),
        (403, QUERY, TOKEN, ["Cognitive Services User"]),
        (403, AGENT, TOKEN, ["Foundry User"]),
        (404, QUERY, KEY, ["'gpt-nothing'", "region", "'2026-07-15'"]),
        (404, f"{QUERY}&profile=byom-x", KEY, ["deployment"]),
        (429, QUERY, KEY, ["quota"]),
        (503, QUERY, KEY, ["not available"]),
    ],
)
async def test_a_refused_handshake_says_what_to_do_about_what_was_asked(status, query, auth, told):
    async with refusing(status) as url:
        error = await refused(url + query, auth)
    assert error.status == status
    assert all(words in str(error) for words in told), str(error)


@pytest.mark.parametrize(("off_s", "way"), [(3600, "60 minutes behind"), (-7200, "120 minutes ahead of")])
async def test_a_refused_token_is_the_clocks_fault_if_it_is_off(off_s, way):
    async with refusing(401, Date=formatdate(time.time() + off_s, usegmt=True)) as url:
        error = await refused(url + QUERY, TOKEN)
    assert way in str(error)
    assert "set it" in str(error)


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (404, "DeploymentNotFound", "name of your deployment"),
        (403, "AuthenticationTypeDisabled", "takes no keys"),
        (401, "PermissionDenied", "role"),
        (429, "insufficient_quota", "quota"),
        (400, "SomethingNew", "Check the model"),
    ],
)
async def test_the_code_that_azure_tells_says_more_than_the_status(status, code, told):
    body = f'{{"error": {{"code": "{code}", "message": "You said SECRET."}}}}'
    async with refusing(status, body) as url:
        error = await refused(url + QUERY, KEY)
    assert error.reason == code
    assert code in str(error)
    assert told in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"\xff",
        b'{"error": "x"}',
        b'{"error": {"code": "two words"}}',
        b'{"error": {"code": 5}}',
    ],
)
def test_a_body_that_tells_no_code_is_passed_over(body):
    assert code_in(body) == ""


@pytest.mark.parametrize("host", ["x.openai.azure.com", "westus.api.cognitive.microsoft.com", "example.com"])
def test_a_host_of_another_kind_is_named_as_the_mistake(host):
    told = what_to_do(404, Asked(host, {"model": "m"}, with_key=True))
    assert f"https://<resource>{HOSTS[0]}" in told
