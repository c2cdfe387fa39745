"""Each of the common failures gives one error with one sentence that says what to do: whole bots."""

import contextlib
import time
from email.utils import formatdate

import pytest
from pipecat.utils.errors import ErrorCategory
from websockets.asyncio.server import serve

from pipecat_voicelive import ConnectionOptions, VoiceLiveLLMService
from pipecat_voicelive.connection.recovery import NEVER

from .harness import calling
from .test_drops import TALK, errors


async def token():
    return "SECRET"


KEY = {"api_key": "SECRET", "recovery": NEVER}
TOKEN = {"token_provider": token, "recovery": NEVER}
IMPATIENT = {**KEY, "connection_options": ConnectionOptions(open_timeout_s=0.3)}


def somewhere_else(endpoint):
    """The service, told another endpoint than the simulator's."""

    def make(**options):
        return VoiceLiveLLMService(**{**options, "endpoint": endpoint})

    return make


@contextlib.asynccontextmanager
async def refusing_tokens_at(time_s):
    """A service that refuses every token, and that believes it to be this time."""

    def refuse(connection, _request):
        response = connection.respond(401, "")
        del response.headers["Date"]
        response.headers["Date"] = formatdate(time_s, usegmt=True)
        return response

    async def nothing(websocket):
        await websocket.wait_closed()

    async with serve(nothing, "127.0.0.1", 0, process_request=refuse) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def the_error(call, *told):
    """The only one, which says all this."""
    await call.until(lambda: errors(call), "for the error")
    assert not call.service.is_usable
    (error,) = errors(call)
    for words in told:
        assert words in error.error
    assert "SECRET" not in f"{error.error} {error.exception!r}"
    return error


@pytest.mark.parametrize(
    ("sim", "options", "told", "category"),
    [
        ({"api_key": "other"}, KEY, ["401", "The key was refused", "Keys and Endpoint"], "AUTHENTICATION"),
        ({"faults": ["refuse 401"]}, TOKEN, ["401", "The token was refused", "az login"], "AUTHENTICATION"),
        ({"faults": ["refuse 403"]}, TOKEN, ["403", "role Cognitive Services User"], "AUTHORIZATION"),
        ({"faults": ["refuse 404"]}, KEY, ["404", "Check the endpoint", "region"], "INVALID_REQUEST"),
        ({"faults": ["refuse 400"]}, KEY, ["400", "Check the model", "api_version"], "INVALID_REQUEST"),
        ({"faults": ["refuse 429"]}, KEY, ["429", "raise the quota"], "RATE_LIMIT"),
        ({"faults": ["silent-handshake"]}, IMPATIENT, ["did not answer", "firewall"], "CONNECTIVITY"),
        ({"faults": ["hang-up"]}, KEY, ["Check the endpoint's port"], "CONNECTIVITY"),
    ],
)
async def test_a_connection_that_cannot_be_opened_says_what_to_do(speaker, sim, options, told, category):
    async with calling(
        TALK, speaker, sim_options=sim, service_options=options, greet=False, await_ready=False
    ) as call:
        error = await the_error(call, *told)
        assert error.category is ErrorCategory[category]


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("ws://127.0.0.1:1", "Nothing listens at 127.0.0.1:1"),
        ("https://no-such-resource.invalid", "There is no host no-such-resource.invalid"),
    ],
)
async def test_an_endpoint_that_is_not_there_says_what_to_check(speaker, endpoint, told):
    async with calling(
        TALK,
        speaker,
        service_options=KEY,
        service_type=somewhere_else(endpoint),
        greet=False,
        await_ready=False,
    ) as call:
        await the_error(call, told, "Check the endpoint's")


async def test_a_token_that_is_refused_by_a_service_with_another_time_says_that_the_clock_is_wrong(speaker):
    async with (
        refusing_tokens_at(time.time() + 3600) as endpoint,
        calling(
            TALK,
            speaker,
            service_options=TOKEN,
            service_type=somewhere_else(endpoint),
            greet=False,
            await_ready=False,
        ) as call,
    ):
        await the_error(call, "the clock of this machine is 60 minutes behind")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("insufficient_quota", "The quota of the resource is used up: raise it in the portal"),
        ("model_not_supported", "Check the model's name"),
        ("unsupported_country_region_territory", "Use a resource in a region that has Voice Live"),
        ("invalid_api_key", "Check the key"),
    ],
)
async def test_a_session_that_ends_after_an_error_says_what_to_do_in_one_error(speaker, code, told):
    async with calling(TALK, speaker, service_options={"api_key": "SECRET"}) as call:
        await call.bot_has_spoken()
        details = {"type": "invalid_request_error", "code": code, "message": "SECRET"}
        await call.session.send_event({"type": "error", "error": details})
        await call.session.close(1011)
        session_id = call.session.sent("session.created")[0].session.id
        error = await the_error(call, f"{code}. {told}", f"Session: {session_id}.")
        assert (error.exception.reason, error.exception.session_id) == (code, session_id)
        assert len(call.sim.sessions) == 1


async def test_a_token_that_expires_in_mid_call_says_to_sign_in_again(speaker):
    async with calling(TALK, speaker, service_options={"api_key": "SECRET"}) as call:
        await call.bot_has_spoken()
        await call.session.close(3000, "token expired")
        error = await the_error(call, "code 3000, token expired", "sign in again", "Session: sess_")
        assert error.exception.code == 3000


async def test_a_token_that_has_expired_is_fetched_anew_for_the_next_connection(speaker):
    tokens = iter(["first", "second"])

    async def fetch():
        return next(tokens)

    async with calling(TALK, speaker, service_options={"token_provider": fetch}) as call:
        await call.bot_has_spoken()
        await call.session.drop()
        await call.until(lambda: len(call.sim.sessions) == 2, "for the second session")
        assert next(tokens, None) is None
        assert not errors(call)
