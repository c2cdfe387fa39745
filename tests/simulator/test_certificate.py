"""The simulator over TLS: clients that trust its certificate get in, others do not."""

import asyncio
import os
import socket
import ssl
import stat
import sys

import pytest
from voice_live_client import QUERY, Client
from websockets.asyncio.client import connect

from pipecat_voicelive import ConfigurationError
from pipecat_voicelive.cli import main
from pipecat_voicelive.simulator.certificate import TlsFiles, self_signed

COMMAND = [sys.executable, "-c", "import sys; from pipecat_voicelive.cli import main; sys.exit(main())"]


def trusting(certificate):
    """A client's context that trusts this certificate only, with the strict checks of newer Pythons."""
    context = ssl.create_default_context(cafile=certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


async def talk(endpoint, context):
    url = f"{endpoint}{QUERY}gpt-realtime"
    async with connect(url, ssl=context, additional_headers={"api-key": "k"}, max_queue=None) as socket:
        client = Client(socket)
        await client.configure(modalities=["text"])
        return await client.ask("Hello")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_a_client_that_trusts_the_certificate_talks_over_tls(start, name):
    simulator = await start(tls=True)
    endpoint = simulator.endpoint.replace("127.0.0.1", name)
    assert endpoint.startswith(f"wss://{name}:")
    assert (await talk(endpoint, trusting(simulator.certificate)))["status"] == "completed"


async def test_the_certificate_is_valid_for_ipv6(start):
    simulator = await start(tls=True, host="::1")
    assert simulator.endpoint.startswith("wss://[::1]:")
    assert (await talk(simulator.endpoint, trusting(simulator.certificate)))["status"] == "completed"


async def test_a_client_that_does_not_trust_the_certificate_does_not_get_in(start):
    simulator = await start(tls=True)
    with pytest.raises(ssl.SSLCertVerificationError):
        await talk(simulator.endpoint, ssl.create_default_context())
    assert simulator.sessions == []


async def test_without_tls_there_is_no_certificate(start):
    simulator = await start()
    assert simulator.endpoint.startswith("ws://")
    assert simulator.certificate is None


async def test_a_certificate_that_was_made_is_gone_with_the_simulator(start):
    simulator = await start(tls=True)
    made = simulator.certificate
    await simulator.aclose()
    assert not made.exists()


async def test_files_of_ones_own_are_used_and_stay(start, tmp_path):
    own = self_signed(tmp_path, "localhost")
    simulator = await start(tls=own)
    assert simulator.certificate == own.certificate
    await talk(simulator.endpoint, trusting(own.certificate))
    await simulator.aclose()
    assert own.certificate.exists()


def test_the_key_is_for_its_owner_only(tmp_path):
    files = self_signed(tmp_path / "new", "localhost")
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600


def test_a_certificate_is_kept_while_it_will_do(tmp_path):
    first = self_signed(tmp_path, "localhost").certificate.read_bytes()
    assert self_signed(tmp_path, "127.0.0.1").certificate.read_bytes() == first
    other = self_signed(tmp_path, "192.0.2.7").certificate.read_bytes()
    assert other != first
    assert self_signed(tmp_path, "192.0.2.7").certificate.read_bytes() == other


async def test_others_get_in_by_the_address_of_this_machine(start):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outwards:
        try:
            outwards.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address")
        address = outwards.getsockname()[0]
    simulator = await start(tls=True, host="0.0.0.0")
    endpoint = simulator.endpoint.replace("0.0.0.0", address)
    assert (await talk(endpoint, trusting(simulator.certificate)))["status"] == "completed"


def test_simulators_on_different_hosts_do_not_take_each_others_certificate_away(tmp_path):
    here = self_signed(tmp_path, "localhost")
    first = here.certificate.read_bytes()
    assert self_signed(tmp_path, "fe80::1").certificate != here.certificate
    assert here.certificate.read_bytes() == first


def test_a_certificate_whose_key_was_lost_is_made_anew(tmp_path):
    files = self_signed(tmp_path, "localhost")
    files.key.unlink()
    self_signed(tmp_path, "localhost").server_context()


@pytest.mark.parametrize("content", [None, "no PEM"])
async def test_files_that_are_no_certificate_are_named(start, tmp_path, content):
    files = TlsFiles(tmp_path / "c.pem", tmp_path / "k.pem")
    if content:
        files.certificate.write_text(content)
        files.key.write_text(content)
    with pytest.raises(ConfigurationError, match=r"c\.pem.*Give a certificate and the private key"):
        await start(tls=files)


def test_a_certificate_without_its_key_is_refused(capsys):
    assert main(["simulator", "--tls-cert", "c.pem"]) == 1
    assert "--tls-cert and --tls-key go together" in capsys.readouterr().err


async def test_what_the_command_prints_is_all_that_a_client_needs(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("simulator", "--port", "0", "--tls"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            shown = ""
            while "SSL_CERT_FILE=" not in shown:
                line = (await process.stdout.readline()).decode()
                assert line, shown
                shown += line
            variables = dict(word.split("=", 1) for word in shown.split() if "=" in word)
            await talk(variables["AZURE_VOICE_LIVE_ENDPOINT"], trusting(variables["SSL_CERT_FILE"]))
            assert variables["AZURE_VOICELIVE_ENDPOINT"] == variables["AZURE_VOICE_LIVE_ENDPOINT"]
    finally:
        process.kill()
        await process.wait()
