"""`voicelive check`: what it finds, what it says to do, and that it shows no secret."""

import asyncio
import base64
import contextlib
import json
import socket
import time
from email.utils import formatdate

import pytest
from websockets.asyncio.server import serve

from certificates import Authority
from pipecat_voicelive.cli import main
from pipecat_voicelive.cli.check import STEPS
from pipecat_voicelive.simulator import VoiceLiveSimulator
from proxy_servers import connect_proxy

KEY = "SECRET-KEY"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AZURE_VOICE_LIVE", "AZURE_VOICELIVE"):
        monkeypatch.delenv(f"{name}_ENDPOINT", raising=False)
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)
    monkeypatch.setenv("AZURE_VOICE_LIVE_API_KEY", KEY)


@pytest.fixture
def check(capsys):
    """Run it; returns the exit status and what it found, by step."""

    async def run(*arguments):
        status = await asyncio.to_thread(main, ["check", "--json", *map(str, arguments)])
        shown = capsys.readouterr().out
        assert KEY not in shown
        told = json.loads(shown)
        assert told["ok"] is (status == 0)
        return status, {step["step"]: step for step in told["steps"]}

    return run


async def failing(check, *arguments):
    """Run it; returns the step that failed, which is the last."""
    status, steps = await check(*arguments)
    assert status == 1
    last = list(steps.values())[-1]
    assert [step for step in steps.values() if step["state"] == "failed"] == [last]
    assert last["advice"]
    return last


async def test_every_step_of_the_way_to_an_answer_is_told(check):
    async with VoiceLiveSimulator(api_key=KEY) as simulator:
        status, steps = await check("--endpoint", simulator.endpoint)
        assert tuple(steps) == STEPS
        assert {step["state"] for step in steps.values()} == {"ok"}
        assert steps["model"]["session_id"] == simulator.sessions[0].sent("session.created")[0].session.id
        assert steps["turn"]["first_word_s"] > 0
        assert steps["turn"]["first_audio_s"] > 0
        assert simulator.sessions[0].close_code == 1000
    assert status == 0


async def test_it_reads_the_environment_and_says_it_in_words(capsys, monkeypatch):
    async with VoiceLiveSimulator(api_key=KEY) as simulator:
        monkeypatch.setenv("AZURE_VOICE_LIVE_ENDPOINT", simulator.endpoint)
        assert await asyncio.to_thread(main, ["check", "--model", "gpt-realtime"]) == 0
    shown = capsys.readouterr().out
    assert "AZURE_VOICE_LIVE_ENDPOINT, AZURE_VOICE_LIVE_API_KEY" in " ".join(shown.split())
    assert "Voice Live can be used from here." in shown
    assert KEY not in shown


async def test_what_was_not_tried_is_said(capsys):
    async with VoiceLiveSimulator(faults=["refuse 404"]) as simulator:
        assert await asyncio.to_thread(main, ["check", "--endpoint", simulator.endpoint]) == 1
    assert "Not tried: model, options, turn, end." in capsys.readouterr().out


async def test_a_proxy_that_is_not_there_is_told_as_the_proxys_fault(check, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://nowhere.invalid:3128")
    last = await failing(check, "--endpoint", "https://x.services.ai.azure.com")
    assert last["step"] == "name"
    assert "HTTPS_PROXY" in last["advice"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{taken.getsockname()[1]}")
        last = await failing(check, "--endpoint", "https://x.services.ai.azure.com")
    assert last["step"] == "port"
    assert "HTTPS_PROXY" in last["advice"]


async def test_an_answer_that_does_not_end_is_not_told_as_silence(check):
    async with VoiceLiveSimulator(faults=["lose at response.done"]) as simulator:
        last = await failing(check, "--endpoint", simulator.endpoint, "--timeout", "1")
    assert "began and did not end" in last["found"]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ((), "AZURE_VOICE_LIVE_ENDPOINT"),
        (("--endpoint", "http://example.com"), "https://"),
        (("--endpoint", "https://<resource>.services.ai.azure.com"), "name of your resource"),
        (("--endpoint", "https://x.services.ai.azure.com", "--api-version", "today"), "no api_version"),
        (("--endpoint", "https://x.services.ai.azure.com", "--agent", "a"), "project"),
        (("--endpoint", "https://x.services.ai.azure.com", "--session", "nowhere.json"), "cannot be read"),
        (("--endpoint", "https://x.services.ai.azure.com", "--ca-file", "nowhere.pem"), "PEM file"),
    ],
)
async def test_what_cannot_work_is_said_before_anything_is_tried(check, arguments, advice):
    last = await failing(check, *arguments)
    assert last["step"] == "arguments"
    assert advice in last["advice"]


async def test_a_name_that_nobody_knows(check):
    last = await failing(check, "--endpoint", "https://nowhere.invalid")
    assert last["step"] == "name"
    assert "private network" in last["advice"]


async def test_a_host_of_another_kind_is_doubted(check):
    _, steps = await check("--endpoint", "https://nowhere.invalid")
    assert steps["endpoint"]["state"] == "warning"
    assert ".services.ai.azure.com" in steps["endpoint"]["advice"]


async def test_a_port_where_nothing_listens(check):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        last = await failing(check, "--endpoint", f"ws://127.0.0.1:{taken.getsockname()[1]}")
    assert last["step"] == "port"
    assert "Check the port" in last["advice"]


@pytest.mark.parametrize(
    ("fault", "told", "advice"),
    [
        ("refuse 401", {"status": 401}, "key"),
        ("refuse 403", {"status": 403}, "Networking"),
        ("refuse 404", {"status": 404}, "endpoint"),
        ("refuse 400", {"status": 400}, "model"),
        ("refuse 429 retry-after 2s", {"status": 429, "retry_after_s": 2}, "wait 2 s"),
        ("refuse 503", {"status": 503}, "not available"),
        ("redirect 307 wss://elsewhere.example/", {"status": 307}, "redirects"),
        ("silent-handshake", {}, "firewall"),
        ("hang-up", {}, "did not answer in HTTP"),
    ],
)
async def test_a_handshake_that_goes_wrong(check, fault, told, advice):
    async with VoiceLiveSimulator(faults=[f"{fault} at connect 1"]) as simulator:
        last = await failing(check, "--endpoint", simulator.endpoint, "--timeout", "0.5")
    assert last["step"] == "handshake"
    assert {name: last.get(name) for name in told} == told
    assert advice in last["advice"]


@pytest.mark.parametrize(
    ("faults", "step", "told"),
    [
        (["close 1008 Forbidden at session.created"], "options", {"code": 1008, "reason": "Forbidden"}),
        (
            [
                'send {"type": "error", "error": {"code": "model_not_supported"}} at session.created',
                "lose at session.updated",
                "close 1000 after 200ms",
            ],
            "options",
            {"code": "model_not_supported"},
        ),
        (["go-silent at session.created"], "options", {}),
        (["reject invalid_value at session.update"], "options", {"code": "invalid_value"}),
        (["fail-response insufficient_quota"], "turn", {"code": "insufficient_quota"}),
        (["rate-limit"], "turn", {"code": "rate_limit_exceeded"}),
        (["drop at response.created"], "turn", {"code": 1006}),
        (["go-silent at response.created"], "turn", {}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
async def test_a_session_that_goes_wrong(check, faults, step, told):
    async with VoiceLiveSimulator(faults=faults) as simulator:
        last = await failing(check, "--endpoint", simulator.endpoint, "--timeout", "0.5")
    assert "before the session began" not in last["advice"]
    assert last["step"] == step
    assert {name: last.get(name) for name in told} == told


async def test_options_that_the_service_does_not_take(check, tmp_path):
    session = tmp_path / "session.json"
    session.write_text('{"modalities": ["audio"]}')
    async with VoiceLiveSimulator() as simulator:
        last = await failing(check, "--endpoint", simulator.endpoint, "--session", session)
    assert last["step"] == "options"
    assert "modalities" in last["found"]


async def test_options_that_this_version_lacks_are_doubted(check, tmp_path):
    session = tmp_path / "session.json"
    session.write_text('{"reasoning_effort": "low"}')
    async with VoiceLiveSimulator() as simulator:
        status, steps = await check(
            "--endpoint", simulator.endpoint, "--session", session, "--api-version", "2025-10-01"
        )
    assert status == 0
    assert steps["options"]["state"] == "warning"
    assert "reasoning_effort" in steps["options"]["advice"]


# --- TLS, proxies, clocks --------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@contextlib.asynccontextmanager
async def anything(context=None, date=None):
    """A server that takes nobody, and says what time it is there."""

    async def nothing(websocket):
        await websocket.wait_closed()

    def refuse(connection, _request):
        response = connection.respond(418, "no\n")
        if date is not None:
            del response.headers["Date"]
            response.headers["Date"] = date
        return response

    async with serve(nothing, "127.0.0.1", 0, ssl=context, process_request=refuse) as running:
        scheme = "wss" if context else "ws"
        yield f"{scheme}://127.0.0.1:{running.sockets[0].getsockname()[1]}"


async def test_a_certificate_of_an_unknown_authority(check, authority):
    async with anything(authority.server("127.0.0.1")) as url:
        last = await failing(check, "--endpoint", url)
        assert last["step"] == "tls"
        assert "--ca-file" in last["advice"]
        last = await failing(check, "--endpoint", url, "--ca-file", authority.file)
        assert last["step"] == "handshake"
        assert last["status"] == 418


async def test_a_port_that_talks_no_tls(check):
    async with anything() as url:
        last = await failing(check, "--endpoint", url.replace("ws:", "wss:"))
    assert last["step"] == "tls"
    assert "talk no TLS" in last["advice"]


@pytest.mark.parametrize(("off_s", "way"), [(3600, "60 minutes behind"), (-7200, "120 minutes ahead of")])
async def test_a_clock_that_is_off(check, off_s, way):
    async with anything(date=formatdate(time.time() + off_s, usegmt=True)) as url:
        _, steps = await check("--endpoint", url)
    assert steps["clock"]["state"] == "warning"
    assert way in steps["clock"]["found"]
    assert "Set the clock" in steps["clock"]["advice"]


async def test_the_way_through_a_proxy(check, authority, monkeypatch):
    name = "voice.services.ai.azure.com"
    async with (
        anything(authority.server(name)) as url,
        connect_proxy(int(url.rpartition(":")[2])) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:PASSWORD@{proxy.address}")
        last = await failing(check, "--endpoint", f"https://{name}", "--ca-file", authority.file)
        _, steps = await check("--endpoint", f"https://{name}", "--ca-file", authority.file)
    assert last["step"] == "handshake"
    assert last["status"] == 418
    assert proxy.address in steps["proxy"]["found"]
    assert "PASSWORD" not in json.dumps(steps)
    assert steps["tls"]["state"] == "skipped"


# --- tokens ----------------------------------------------------------------------------------------


def token(**claims):
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"SECRET-HEAD.{body}.SECRET-TAIL"


class Signed:
    """In place of Azure's: it gives this token, or none."""

    def __init__(self, given):
        self.given = given

    def get_token(self, *_scopes, **_kwargs):
        if self.given is None:
            raise RuntimeError("not signed in")
        return type("AccessToken", (), {"token": self.given})

    def close(self):
        pass


@pytest.mark.parametrize(
    ("claims", "state", "told"),
    [
        ({"aud": "https://ai.azure.com", "exp": 1e10}, "ok", "valid for"),
        ({"aud": "https://management.azure.com", "exp": 1e10}, "warning", "--scope"),
        ({"aud": "https://ai.azure.com", "exp": 1}, "warning", "Sign in again"),
        (None, "failed", "az login"),
    ],
)
async def test_a_token_is_looked_at_and_not_shown(check, monkeypatch, claims, state, told):
    monkeypatch.delenv("AZURE_VOICE_LIVE_API_KEY")
    given = token(**claims) if claims else None
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda: Signed(given))
    async with VoiceLiveSimulator() as simulator:
        status, steps = await check("--endpoint", simulator.endpoint)
    step = steps["credentials"]
    assert step["state"] == state
    assert told in step["found"] + step["advice"]
    assert "SECRET" not in json.dumps(steps)
    assert status == (claims is None)


async def test_an_agent_is_asked_without_the_key(check, monkeypatch):
    given = token(aud="https://ai.azure.com", exp=1e10)
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda: Signed(given))
    async with VoiceLiveSimulator() as simulator:
        status, steps = await check(
            "--endpoint", simulator.endpoint, "--agent", "guide", "--project", "museum"
        )
        assert "api-key" not in simulator.sessions[0].handshake.headers
    assert status == 0
    assert "agents take none" in steps["arguments"]["found"]
