"""Through proxies, of the environment and of an argument: to real ones, over real TLS."""

import asyncio
import contextlib
import logging
import re
import sys

import pytest
from loguru import logger
from websockets.asyncio.server import serve

from certificates import Authority
from pipecat_voicelive.connection.auth import choose_auth
from pipecat_voicelive.connection.connection import ConnectionOptions, open_connection
from pipecat_voicelive.errors import ConfigurationError, ConnectionFailedError
from proxy_servers import connect_proxy, socks_proxy

AUTH = choose_auth(api_key="SECRET-KEY")
HOST = "voice.example"
NAMES = [f"{name}_proxy" for name in ("http", "https", "ws", "wss", "socks", "all", "no")]


@pytest.fixture(autouse=True)
def no_proxies_of_this_machine(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def service(tmp_path):
    """A service far away: its name is known to proxies only."""
    authority = Authority(tmp_path)
    seen = []

    async def nothing(websocket):
        await websocket.wait_closed()

    def remember(_connection, request):
        seen.append(request.headers.get("api-key"))

    context = authority.server(HOST, "127.0.0.1", "localhost")
    async with serve(nothing, "127.0.0.1", 0, ssl=context, process_request=remember) as running:
        port = running.sockets[0].getsockname()[1]

        class Service:
            async def reach(self, url=f"wss://{HOST}/", **options):
                options = ConnectionOptions(ca_file=authority.file, open_timeout_s=5, **options)
                connection = await open_connection(url, AUTH, options)
                await connection.close()

        reached = Service()
        reached.port, reached.seen, reached.authority = port, seen, authority
        yield reached


@pytest.mark.proves("feature.proxies")
async def test_a_proxy_that_is_named_tunnels_and_sees_no_key(service):
    async with connect_proxy(service.port) as proxy:
        await service.reach(proxy=f"http://{proxy.address}")
    assert proxy.asked == [f"{HOST}:443"]
    assert "SECRET" not in "".join(proxy.heads)
    assert service.seen == ["SECRET-KEY"]


@pytest.mark.parametrize(
    "name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "WSS_PROXY", "wss_proxy"]
)
async def test_a_proxy_of_the_environment_is_used(service, monkeypatch, name):
    async with connect_proxy(service.port) as proxy:
        monkeypatch.setenv(name, f"http://{proxy.address}")
        await service.reach()
    assert proxy.asked == [f"{HOST}:443"]


async def test_the_proxy_for_https_wins_over_that_for_all(service, monkeypatch):
    async with connect_proxy(service.port) as proxy:
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        await service.reach()
    assert proxy.asked


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("value", [HOST, ".example", "*", f"other.example, {HOST}", f"{HOST}:443"])
async def test_hosts_that_need_no_proxy_are_reached_without(service, monkeypatch, name, value):
    async with connect_proxy(service.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv(name, value)
        with pytest.raises(ConnectionFailedError, match=f"no host {HOST}"):
            await service.reach()
    assert proxy.asked == []


async def test_none_uses_no_proxy_even_of_the_environment(service, monkeypatch):
    async with connect_proxy(service.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        with pytest.raises(ConnectionFailedError, match=f"no host {HOST}"):
            await service.reach(proxy=None)
    assert proxy.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_never_reached_through_a_proxy(service, monkeypatch, host):
    async with connect_proxy(service.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        await service.reach(f"wss://{host}:{service.port}/")
        await service.reach(f"wss://{host}:{service.port}/", proxy=f"http://{proxy.address}")
    assert proxy.asked == []


async def test_a_proxy_that_wants_a_password_is_given_it(service):
    async with connect_proxy(service.port, user="me:s3:cret/@") as proxy:
        await service.reach(proxy=f"http://me:s3%3Acret%2F%40@{proxy.address}")
    assert service.seen == ["SECRET-KEY"]


async def test_a_proxy_over_tls_is_trusted_like_the_service(service):
    async with connect_proxy(service.port, tls=service.authority.server("127.0.0.1")) as proxy:
        await service.reach(proxy=f"https://{proxy.address}")
    assert proxy.asked == [f"{HOST}:443"]


async def test_a_proxy_over_tls_that_nobody_vouches_for_is_not_asked(service, tmp_path):
    stranger = Authority(tmp_path, "Somebody else")
    async with connect_proxy(service.port, tls=stranger.server("127.0.0.1")) as proxy:
        with pytest.raises(ConnectionFailedError, match="not trusted here"):
            await service.reach(proxy=f"https://me:SECRET@{proxy.address}")
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("options", "user", "told", "permanent"),
    [
        ({"user": "me:right"}, "me:WRONG@", "wants a user name and a password that it knows", True),
        ({"user": "me:right"}, "", "wants a user name and a password that it knows", True),
        ({"refuse": 403}, "me:WRONG@", f"does not let anybody through to {HOST}", True),
        ({"refuse": 502}, "me:WRONG@", f"did not get through to {HOST}", False),
    ],
)
async def test_a_proxy_that_refuses_is_one_error_that_says_what_to_do(
    service, options, user, told, permanent
):
    async with connect_proxy(service.port, **options) as proxy:
        with pytest.raises(ConnectionFailedError) as caught:
            await service.reach(proxy=f"http://{user}{proxy.address}")
    assert told in str(caught.value)
    assert f"proxy {proxy.address}" in str(caught.value)
    assert caught.value.permanent is permanent
    assert "WRONG" not in str(caught.value)
    assert service.seen == []


async def test_a_proxy_that_is_not_there_is_named_and_not_the_service(service):
    with pytest.raises(ConnectionFailedError, match=r"through the proxy 127\.0\.0\.1:9: ConnectionRefused"):
        await service.reach(proxy="http://127.0.0.1:9")
    with pytest.raises(ConnectionFailedError, match=r"through the proxy nowhere\.invalid:80"):
        await service.reach(proxy="http://nowhere.invalid")


async def test_a_proxy_that_talks_something_else_is_named(service):
    async def talk(_reader, writer):
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        writer.close()

    other = await asyncio.start_server(talk, "127.0.0.1", 0)
    address = f"127.0.0.1:{other.sockets[0].getsockname()[1]}"
    with pytest.raises(ConnectionFailedError, match=f"the proxy {address}"):
        await service.reach(proxy=f"http://{address}")
    other.close()


async def test_a_service_behind_a_proxy_must_show_the_right_certificate(service):
    async with connect_proxy(service.port) as proxy:
        with pytest.raises(ConnectionFailedError, match=r"other\.example has a certificate for another name"):
            await service.reach("wss://other.example/", proxy=f"http://{proxy.address}")
    assert service.seen == []


@pytest.mark.parametrize(
    "proxy",
    ["ftp://me:SECRET@proxy", "me:SECRET@proxy:1", "http://me:SECRET@", "http://me:SECRET@proxy:port", 5, ""],
)
def test_what_is_no_proxy_is_refused_without_its_password(proxy):
    with pytest.raises(ConfigurationError, match="proxy is none that can be used") as caught:
        ConnectionOptions(proxy=proxy)
    assert "SECRET" not in str(caught.value)


async def test_what_the_environment_has_wrong_is_named(service, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "me:SECRET@proxy:1")
    with pytest.raises(ConnectionFailedError, match=r"environment names \(HTTPS_PROXY\)") as caught:
        await service.reach()
    assert "SECRET" not in str(caught.value)
    assert caught.value.permanent


@pytest.mark.parametrize("user", [None, "me:secret"])
async def test_a_socks_proxy_looks_up_the_name(service, user):
    async with socks_proxy(service.port, user=user) as proxy:
        await service.reach(proxy=f"socks5h://{user + '@' if user else ''}{proxy.address}")
    assert proxy.asked == [f"{HOST}:443"]
    assert service.seen == ["SECRET-KEY"]


async def test_a_socks_proxy_that_refuses_or_is_not_there_is_named(service):
    async with socks_proxy(service.port, user="me:right") as proxy:
        with pytest.raises(ConnectionFailedError, match=f"the proxy {proxy.address}") as caught:
            await service.reach(proxy=f"socks5h://me:WRONG@{proxy.address}")
    assert "WRONG" not in str(caught.value)
    with pytest.raises(ConnectionFailedError, match=r"the proxy 127\.0\.0\.1:9"):
        await service.reach(proxy="socks5h://127.0.0.1:9")


def test_a_socks_proxy_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(ConfigurationError, match=r"pip install \"pipecat-voicelive\[socks\]\""):
        ConnectionOptions(proxy="socks5h://127.0.0.1:1080")


@pytest.mark.proves("feature.redirects")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("by_proxy", [False, True])
@pytest.mark.parametrize(
    "where", ["wss://elsewhere.example/", f"ws://{HOST}/", "/elsewhere", f"wss://{HOST}/x"]
)
async def test_no_redirect_is_followed_wherever_it_leads(tmp_path, status, by_proxy, where):
    keys, authority = [], Authority(tmp_path)

    def redirect(connection, request):
        keys.append((request.path, request.headers.get("api-key")))
        response = connection.respond(status, "")
        response.headers["Location"] = where
        return response

    async with contextlib.AsyncExitStack() as stack:
        context = authority.server(HOST, "127.0.0.1")
        running = await stack.enter_async_context(
            serve(lambda _: None, "127.0.0.1", 0, ssl=context, process_request=redirect)
        )
        port = running.sockets[0].getsockname()[1]
        proxy = await stack.enter_async_context(connect_proxy(port))
        url = f"wss://{HOST}/here" if by_proxy else f"wss://127.0.0.1:{port}/here"
        options = ConnectionOptions(ca_file=authority.file, proxy=f"http://{proxy.address}")
        there = where.split("/")[2] if "://" in where else "elsewhere"
        with pytest.raises(ConnectionFailedError, match=rf"redirects (to )?{there},") as caught:
            await open_connection(url, AUTH, options)
    assert caught.value.permanent
    assert caught.value.status == status
    assert keys == [("/here", "SECRET-KEY")]
    assert proxy.asked == ([f"{HOST}:443"] if by_proxy else [])


async def test_no_log_and_no_traceback_holds_the_proxys_password(service, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets").setLevel(logging.DEBUG)
    lines = []
    sink = logger.add(lines.append, level="TRACE", backtrace=True, diagnose=True)
    async with connect_proxy(service.port, user="me:CANARY") as proxy:
        await service.reach(proxy=f"http://me:CANARY@{proxy.address}")
        for wrong in (f"http://me:CANARY2@{proxy.address}", "http://me:CANARY@127.0.0.1:9", "http://CANARY"):
            with contextlib.suppress(ConnectionFailedError, ConfigurationError):
                try:
                    await service.reach(proxy=wrong if ":" in wrong[6:] else f"http://me:CANARY{wrong}")
                except Exception as error:
                    logger.opt(exception=error).error("refused")
                    raise
    logger.remove(sink)
    ours = [line for line in lines if "refused" in line]
    assert len(ours) == 3
    records = [record for record in caplog.records if record.name != "websockets.server"]  # the test's own
    text = "".join(_without_the_test(line) for line in ours) + "".join(r.getMessage() for r in records)
    assert "CANARY" not in text
    assert "SECRET-KEY" not in text


def _without_the_test(told):
    """A told traceback without the frames of this test, whose own variables are in it."""
    frames = re.split(r"\n[ >]+File ", told)
    return "".join(frame for frame in frames if "test_proxies.py" not in frame.splitlines()[0])
