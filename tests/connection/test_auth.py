"""Keys, credentials and providers become headers, afresh each time and off the event loop."""

import subprocess
import sys
import threading
from dataclasses import dataclass

import pytest
from loguru import logger

from pipecat_voicelive.connection.auth import choose_auth
from pipecat_voicelive.errors import AuthenticationError, ConfigurationError


@dataclass
class AccessToken:
    token: str


class SyncCredential:
    def __init__(self):
        self.asked = []

    def get_token(self, *scopes, **_):
        self.asked.append((scopes, threading.current_thread()))
        return AccessToken(f"token-{len(self.asked)}")


class AsyncCredential:
    async def get_token(self, *scopes, **_):
        return AccessToken("async-" + scopes[0])


async def test_a_key_travels_in_its_own_header():
    assert await choose_auth(api_key="abc").headers() == {"api-key": "abc"}


async def test_a_sync_credential_is_asked_in_a_thread_for_every_connect():
    credential = SyncCredential()
    auth = choose_auth(credential=credential, scope="https://scope/.default")
    assert [await auth.headers(), await auth.headers()] == [
        {"Authorization": "Bearer token-1"},
        {"Authorization": "Bearer token-2"},
    ]
    assert all(scopes == ("https://scope/.default",) for scopes, _ in credential.asked)
    assert all(thread is not threading.main_thread() for _, thread in credential.asked)


async def test_an_async_credential_is_awaited():
    headers = await choose_auth(credential=AsyncCredential()).headers()
    assert headers == {"Authorization": "Bearer async-https://ai.azure.com/.default"}


async def test_a_provider_may_be_sync_or_async():
    async def provide():
        return "later"

    assert await choose_auth(token_provider=lambda: "now").headers() == {"Authorization": "Bearer now"}
    assert await choose_auth(token_provider=provide).headers() == {"Authorization": "Bearer later"}


async def test_a_credential_that_fails_says_what_to_do_and_nothing_secret():
    def provide():
        raise RuntimeError("tenant SECRET")

    with pytest.raises(AuthenticationError, match="az login") as caught:
        await choose_auth(token_provider=provide).headers()
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("key", ["", " abc", "abc\n", "ключ"])
def test_a_key_that_was_copied_badly_is_refused_at_once(key):
    with pytest.raises(ConfigurationError, match="Keys and Endpoint"):
        choose_auth(api_key=key)


def test_two_ways_to_authenticate_are_one_too_many():
    with pytest.raises(ConfigurationError, match="api_key, credential"):
        choose_auth(api_key="abc", credential=SyncCredential())


def test_something_that_is_no_credential_is_named():
    with pytest.raises(ConfigurationError, match="str, which has no get_token"):
        choose_auth(credential="abc")


def test_importing_the_package_imports_no_azure_library():
    code = "import sys, pipecat_voicelive.client; sys.exit(any(m.startswith('azure') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_no_credential_at_all_means_the_default_one_made_when_first_needed_and_closed_at_the_end(
    monkeypatch,
):
    made = []

    class Default(SyncCredential):
        def __init__(self):
            super().__init__()
            made.append(self)
            self.closed = 0

        def close(self):
            self.closed += 1

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", Default)
    auth = choose_auth()
    assert made == []
    assert await auth.headers() == {"Authorization": "Bearer token-1"}
    assert await auth.headers() == {"Authorization": "Bearer token-2"}
    await auth.aclose()
    await auth.aclose()
    assert [credential.closed for credential in made] == [1]


async def test_a_credential_that_fails_tells_why_but_shows_none_of_its_variables():
    async def failing():
        secret = "CANARY"  # what the traceback's variables would show
        raise RuntimeError("the vault is closed") from ValueError(f"{len(secret)} signs")

    lines = []
    sink = logger.add(lines.append, level="TRACE", backtrace=True, diagnose=True)
    try:
        await choose_auth(token_provider=failing).headers()
    except AuthenticationError as error:
        logger.opt(exception=error).error("refused")
    logger.remove(sink)
    assert "the vault is closed" in lines[0]
    assert "6 signs" in lines[0]
    assert "CANARY" not in lines[0]
