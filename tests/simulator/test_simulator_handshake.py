"""Who may come in."""

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from pipecat_voicelive.simulator.handshake import Refusal, answer_handshake

GOOD = "/voice-live/realtime?api-version=2026-07-15&model=gpt-realtime"


async def status_of(simulator, target, headers=None):
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{simulator.endpoint}{target}", additional_headers=headers or {"api-key": "k"}):
            pass
    return refused.value.response.status_code, refused.value.response.body.decode()


@pytest.mark.proves("rule.handshake-query")
async def test_another_path_is_not_found_and_the_answer_names_the_right_one(start):
    status, text = await status_of(await start(), "/openai/realtime?api-version=2026-07-15&model=m")
    assert status == 404
    assert "/voice-live/realtime" in text


@pytest.mark.proves("rule.handshake-query")
@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("/voice-live/realtime?model=m", "api-version"),
        ("/voice-live/realtime?api-version=v2&model=m", "v2"),
        ("/voice-live/realtime?api-version=2026-07-15", "model"),
        ("/voice-live/realtime?api-version=2026-07-15&agent-name=a", "agent-project-name"),
    ],
)
async def test_what_the_query_lacks_is_named(start, target, named):
    status, text = await status_of(await start(), target)
    assert status == 400
    assert named in text


@pytest.mark.proves("rule.handshake-credential")
@pytest.mark.parametrize("headers", [{"x": "y"}, {"api-key": ""}, {"Authorization": "Bearer "}])
async def test_a_missing_credential_is_unauthorized(start, headers):
    assert (await status_of(await start(), GOOD, headers))[0] == 401


@pytest.mark.proves("rule.handshake-credential")
async def test_another_key_than_the_given_one_is_unauthorized(start):
    assert (await status_of(await start(api_key="right"), GOOD, {"api-key": "wrong"}))[0] == 401


@pytest.mark.proves("rule.agent-takes-no-key")
async def test_an_agent_takes_no_key(start):
    target = "/voice-live/realtime?api-version=2026-07-15&agent-name=a&agent-project-name=p"
    assert (await status_of(await start(), target))[0] == 401


@pytest.mark.proves("rule.handshake-credential")
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"api-key": "right"}),
        ("", {"Authorization": "Bearer token"}),
        ("&api-key=right", {"x": "y"}),
        ("&Authorization=Bearer%20token", {"x": "y"}),
    ],
)
async def test_every_form_of_credential_is_taken(start, query, headers):
    simulator = await start(api_key="right")
    async with connect(f"{simulator.endpoint}{GOOD}{query}", additional_headers=headers):
        await simulator.wait_for_session()


async def test_the_handshake_is_shown_without_its_secrets(start):
    simulator = await start()
    url = f"{simulator.endpoint}{GOOD}&api-key=tops3cret"
    async with connect(url, additional_headers={"api-key": "tops3cret"}):
        handshake = (await simulator.wait_for_session()).handshake
    assert handshake.path == "/voice-live/realtime"
    assert handshake.query["model"] == "gpt-realtime"
    assert "user-agent" in handshake.headers
    assert "tops3cret" not in repr(handshake)


@pytest.mark.proves("rule.subprotocol")
async def test_the_subprotocol_is_echoed_when_it_is_offered(start):
    simulator = await start()
    headers = {"api-key": "k"}
    url = f"{simulator.endpoint}{GOOD}"
    async with connect(url, additional_headers=headers, subprotocols=["other", "realtime"]) as socket:
        assert socket.subprotocol == "realtime"
    async with connect(url, additional_headers=headers, subprotocols=["other"]) as socket:
        assert socket.subprotocol is None


async def test_a_browser_is_told_where_to_go(start):
    simulator = await start()
    host, port = simulator.endpoint.removeprefix("ws://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 200")
    assert "Point one here" in answer


async def test_a_client_that_talks_tls_is_told_of_and_turned_away_at_once(start, caplog):
    simulator = await start()
    host, port = simulator.endpoint.removeprefix("ws://").split(":")
    with pytest.raises(ConnectionError):
        await asyncio.open_connection(host, int(port), ssl=True, ssl_handshake_timeout=5)
    assert "it talks TLS" in caplog.text


def test_a_preview_version_is_known():
    target = GOOD.replace("2026-07-15", "2026-06-01-preview")
    assert not isinstance(answer_handshake(target, [("api-key", "k")], api_key=None), Refusal)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5173",
        "https://app.localhost",
        "http://127.0.0.1:3000",
        "http://[::1]",
        "capacitor://localhost",
        "https://{endpoint}",
    ],
)
async def test_a_page_on_this_machine_may_open_a_session(start, origin):
    simulator = await start()
    page = origin.format(endpoint=simulator.endpoint.removeprefix("ws://"))
    async with connect(f"{simulator.endpoint}{GOOD}", additional_headers={"api-key": "k", "Origin": page}):
        await simulator.wait_for_session()


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://localhost@evil.example",
        "null",
        "file://",
        "http://[",
    ],
)
async def test_a_page_of_another_place_may_not_open_a_session(start, caplog, origin):
    simulator = await start(faults=["refuse 429"])
    status, text = await status_of(simulator, GOOD, {"api-key": "k", "Origin": origin})
    assert status == 403
    assert "localhost" in text
    assert f"HTTP 403, A page of '{origin}' may not open a session here" in caplog.text


async def test_a_page_on_a_name_that_was_pointed_here_may_not_open_a_session(start):
    simulator = await start()
    port = simulator.endpoint.rpartition(":")[2]
    name = f"rebound.example:{port}"
    with pytest.raises(InvalidStatus) as refused:
        await connect(
            f"ws://{name}{GOOD}",
            host="127.0.0.1",
            port=int(port),
            additional_headers={"api-key": "k", "Origin": f"http://{name}"},
        )
    assert refused.value.response.status_code == 403


async def test_a_program_may_call_the_simulator_by_any_name(start):
    simulator = await start()
    port = int(simulator.endpoint.rpartition(":")[2])
    async with connect(
        f"ws://simulator{GOOD}", host="127.0.0.1", port=port, additional_headers={"api-key": "k"}
    ):
        await simulator.wait_for_session()
