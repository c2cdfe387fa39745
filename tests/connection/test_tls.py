"""A key goes to nobody whose certificate is not right, and what is wrong with it is said in a sentence."""

import asyncio
import contextlib
import datetime as dt
import ssl

import pytest
from websockets.asyncio.server import serve

from certificates import Authority
from pipecat_voicelive.connection.auth import choose_auth
from pipecat_voicelive.connection.connection import ConnectionOptions, open_connection
from pipecat_voicelive.errors import ConfigurationError, ConnectionFailedError

AUTH = choose_auth(api_key="SECRET-KEY")
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@contextlib.asynccontextmanager
async def serving(context, seen=None, name="127.0.0.1"):
    async def nothing(websocket):
        await websocket.wait_closed()

    def remember(_connection, request):
        if seen is not None:
            seen.append(request.headers.get("api-key"))

    async with serve(nothing, "127.0.0.1", 0, ssl=context, process_request=remember) as running:
        yield f"wss://{name}:{running.sockets[0].getsockname()[1]}"


async def connects(url, **options):
    connection = await open_connection(url, AUTH, ConnectionOptions(**options))
    is_open = connection.is_open
    await connection.close()
    return is_open


@pytest.mark.proves("feature.custom-ca")
async def test_a_ca_file_is_trusted_beside_the_systems_authorities(authority):
    seen = []
    async with serving(authority.server("127.0.0.1"), seen) as url:
        assert await connects(url, ca_file=authority.file)
        assert await connects(url, ca_file=str(authority.file))
    assert seen == ["SECRET-KEY"] * 2


async def test_a_context_of_ones_own_is_taken(authority):
    async with serving(authority.server("127.0.0.1")) as url:
        assert await connects(url, ssl_context=ssl.create_default_context(cafile=authority.file))


async def test_the_file_that_the_environment_names_is_trusted(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with serving(authority.server("127.0.0.1")) as url:
        assert await connects(url)


@pytest.mark.proves("feature.tls-verified")
@pytest.mark.parametrize(
    ("names", "options", "told"),
    [
        (["other.example"], {}, "has a certificate for another name"),
        (["10.0.0.1"], {}, "has a certificate for another name"),
        (["127.0.0.1"], {"until": -MINUTE}, "has expired. Check the clock"),
        (["127.0.0.1"], {"since": MINUTE}, "not valid yet. Check the clock"),
    ],
)
async def test_a_certificate_that_is_not_right_gets_no_key(authority, names, options, told):
    seen = []
    async with serving(authority.server(*names, **options), seen) as url:
        with pytest.raises(ConnectionFailedError) as caught:
            await connects(url, ca_file=authority.file)
    assert told in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert caught.value.permanent
    assert seen == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_tls_older_than_1_2_gets_no_key(authority):
    seen = []
    async with serving(authority.server("127.0.0.1", newest=ssl.TLSVersion.TLSv1_1), seen) as url:
        with pytest.raises(ConnectionFailedError, match=r"1\.2 or newer"):
            await connects(url, ca_file=authority.file)
    assert seen == []


async def test_an_authority_that_nobody_trusts_gets_no_key_and_says_how_to_trust_it(authority, tmp_path):
    seen = []
    stranger = Authority(tmp_path, "Somebody else")
    async with serving(authority.server("127.0.0.1"), seen) as url:
        for options in ({}, {"ca_file": stranger.file}):
            with pytest.raises(ConnectionFailedError, match="`ca_file` or in SSL_CERT_FILE") as caught:
                await connects(url, **options)
            assert caught.value.permanent
    assert seen == []


async def test_a_missing_file_in_the_environment_is_named_as_the_reason(authority, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    async with serving(authority.server("127.0.0.1")) as url:
        with pytest.raises(ConnectionFailedError, match="names a file that is not there"):
            await connects(url)


async def test_a_port_without_tls_gets_no_key():
    heard = []

    async def talk(reader, writer):
        heard.append(await reader.read(1000))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    with pytest.raises(ConnectionFailedError, match="does not talk TLS"):
        await connects(f"wss://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    listener.close()
    assert b"SECRET" not in heard[0]


def test_a_context_that_checks_nothing_is_refused():
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    with pytest.raises(ConfigurationError, match="takes certificates of anybody"):
        ConnectionOptions(ssl_context=unchecked)
    unchecked.verify_mode = ssl.CERT_NONE
    with pytest.raises(ConfigurationError, match="takes certificates of anybody"):
        ConnectionOptions(ssl_context=unchecked)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_context_with_old_tls_is_refused():
    old = ssl.create_default_context()
    old.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ConfigurationError, match="takes TLS older"):
        ConnectionOptions(ssl_context=old)


def test_a_ca_file_that_cannot_be_used_says_why(tmp_path, authority):
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    with pytest.raises(ConfigurationError, match=r"empty\.pem holds no certificates"):
        ConnectionOptions(ca_file=empty)
    with pytest.raises(ConfigurationError, match=r"missing\.pem cannot be read"):
        ConnectionOptions(ca_file=tmp_path / "missing.pem")
    with pytest.raises(ConfigurationError, match="not both"):
        ConnectionOptions(ca_file=authority.file, ssl_context=ssl.create_default_context())


async def test_a_ca_file_that_goes_away_later_is_an_error_of_connecting(authority, tmp_path):
    options = ConnectionOptions(ca_file=authority.file)
    authority.file.unlink()
    async with serving(authority.server("127.0.0.1")) as url:
        with pytest.raises(ConnectionFailedError, match="cannot be read"):
            await open_connection(url, AUTH, options)


@pytest.mark.parametrize("name", ["x\r\nevil", "x y", "", "ü"])
def test_a_header_with_no_name_is_refused(name):
    with pytest.raises(ConfigurationError, match="name that no header can have"):
        ConnectionOptions(headers={name: "1"})


@pytest.mark.parametrize("value", ["SECRET\r\nevil: 1", " SECRET", "SECRÉT\n"])
def test_a_header_that_would_end_its_line_is_refused_without_being_shown(value):
    with pytest.raises(ConfigurationError, match="x-gateway") as caught:
        ConnectionOptions(headers={"x-gateway": value})
    assert "SECR" not in str(caught.value)
