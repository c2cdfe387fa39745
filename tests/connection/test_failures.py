"""What went wrong, and whether trying again can help."""

import ssl
from email.utils import formatdate

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.http11 import Response

from pipecat_voicelive.connection.failures import (
    after_error,
    before_ready,
    closed,
    cut,
    final,
    handshake_failed,
)
from pipecat_voicelive.connection.hints import Asked
from pipecat_voicelive.protocol.hints import hint_for
from pipecat_voicelive.protocol.items import ErrorDetails

ASKED = Asked("r.services.ai.azure.com:443", {"model": "m"}, with_key=True)
NOW = 1_800_000_000


def failed(error):
    return handshake_failed(error, ASKED, None, 10.0)


def refused(status, **headers):
    given = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return failed(InvalidStatus(Response(status, "No.", given, b"")))


def tls_trouble(reason):
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize("status", [200, 301, 307, 400, 401, 403, 404, 405, 410, 413, 426])
def test_a_refusal_that_stays(status):
    assert refused(status).permanent


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_refusal_that_passes(status):
    error = refused(status)
    assert not error.permanent
    assert error.status == status


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": formatdate(NOW + 30, usegmt=True), "Date": formatdate(NOW, usegmt=True)}, 30.0),
        ({"Retry_After": formatdate(NOW - 30, usegmt=True), "Date": formatdate(NOW, usegmt=True)}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-3"}, None),
        ({"Retry_After": "²"}, None),
        ({"Retry_After": "Mon, 99 Nonsense"}, None),
        ({}, None),
    ],
)
def test_what_a_refusal_asks_to_wait(headers, seconds):
    assert refused(429, **headers).retry_after_s == seconds
    assert refused(503, **headers).retry_after_s == seconds


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(), ConnectionResetError(), TimeoutError(), OSError(), InvalidMessage("x")],
)
def test_trouble_with_the_network_passes(error):
    told = failed(error)
    assert not told.permanent
    assert "r.services.ai.azure.com" in str(told)


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (tls_trouble("WRONG_VERSION_NUMBER"), True),
        (tls_trouble("UNEXPECTED_EOF_WHILE_READING"), False),
    ],
)
def test_trouble_with_tls_passes_unless_it_is_about_who_is_there(error, permanent):
    assert failed(error).permanent is permanent


@pytest.mark.parametrize(
    ("code", "early", "late"),
    [
        (1000, True, False),
        (1001, False, False),
        (1002, True, False),
        (1008, True, False),
        (1009, True, False),
        (1011, True, False),
        (1012, False, False),
        (1013, False, False),
        (3000, True, True),
        (3003, True, True),
        (4000, True, False),
    ],
)
def test_a_close_is_final_before_the_session_was_ready_and_passes_later(code, early, late):
    error = closed(code, "Going away", by_service=True)
    assert error.permanent is late
    assert before_ready(error).permanent is early
    assert (before_ready(error).code, before_ready(error).reason) == (code, "Going away")
    assert "Going away" in str(before_ready(error))


def test_a_connection_that_is_cut_passes_at_any_time():
    assert not cut().permanent
    assert not before_ready(cut()).permanent
    assert cut().code == 1006


@pytest.mark.parametrize("code", ["insufficient_quota", "invalid_api_key", "model_not_supported"])
def test_an_end_after_a_fatal_error_is_final_and_tells_its_code(code):
    error = after_error(cut(), ErrorDetails(code=code, message="SECRET WORDS"))
    assert error.permanent
    assert error.reason == code
    assert code in str(error)
    assert hint_for(code) in str(error)
    assert hint_for(code)
    assert "SECRET" not in str(error)


@pytest.mark.parametrize(
    "reason", ["My card is 4111.", "Bad 'SECRET'", "Bad `SECRET`", "“SECRET”", "«SECRET»", "token SECRET"]
)
def test_a_reason_that_nobody_knows_is_told_as_its_length(reason):
    error = closed(1011, reason, by_service=True)
    assert reason not in f"{error} {error.reason}"
    assert "SECRET" not in f"{error} {error.reason}"
    assert f"{len(reason)} characters" in str(error)


@pytest.mark.parametrize(("code", "advice"), [(3000, "sign in again"), (3003, "Check the role")])
def test_a_close_that_says_we_may_not_be_here_says_what_to_do(code, advice):
    assert advice in str(closed(code, "token expired", by_service=True))


@pytest.mark.parametrize("error", [cut(), closed(1011, "", by_service=True)])
def test_a_loss_that_is_final_says_what_was_tried_and_what_to_do(error):
    told = str(final(error, 7, 61.2))
    assert "tried 7 times in 61 s" in told
    assert "Check the network" in told
    assert "tried" not in str(final(error, 0, 0.0))
    assert "Check the network" in str(final(error, 0, 0.0))


def test_a_final_loss_with_advice_of_its_own_gets_no_other():
    error = closed(3000, "", by_service=True)
    assert str(final(error, 0, 0.0)) == str(error)
