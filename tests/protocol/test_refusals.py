"""What the service says in its errors, and what of it may be told on."""

import pytest

from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.names import wire_id, wire_name
from pipecat_voicelive.protocol.refusals import known_words, service_error

SAYINGS = ["'SECRET words'", '"SECRET words"', "`SECRET words`", "“SECRET words”", "«SECRET»", "SECRET words"]


@pytest.mark.parametrize("said", SAYINGS)
@pytest.mark.parametrize(
    "message",
    [
        "Invalid value: {}.",
        "Invalid value: {}. Supported values are: 'audio' and 'text'.",
        "Unknown parameter: {}",
        (
            "Invalid {}: string too long. Expected a string with maximum length 5, but got a string with "
            "length 9 instead."
        ),
        "It cannot say {}.",
        "{}",
        "Got 5' {}'",
    ],
)
def test_what_was_said_is_left_out_however_it_is_quoted(message, said):
    assert "SECRET" not in known_words(message.format(said))


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Unknown parameter: 'session.turn_detecton'.", "Unknown parameter: 'session.turn_detecton'."),
        (
            "Invalid value: 'hot'. Supported values are: 'server_vad' and 'none'.",
            "Invalid value: '…'. Supported values are: 'server_vad' and 'none'.",
        ),
        (
            "Cannot update a conversation's voice if assistant audio is present.",
            "Cannot update a conversation's voice if assistant audio is present.",
        ),
        ("A message of another kind.", "(26 characters, which log_content=True logs)"),
        ("", ""),
    ],
)
def test_a_known_message_is_told_without_its_values_and_of_others_the_length(message, told):
    assert known_words(message) == told


@pytest.mark.parametrize(
    "name",
    [
        "insufficient_quota",
        "DeploymentNotFound",
        "429",
        "session.tools[0].name",
        "session.turn_detection.type",
    ],
)
def test_names_of_the_wire_are_told(name):
    assert wire_name(name) == name


@pytest.mark.parametrize(
    "text", ["4111 1111", "4111111111111111", "canary0key0canary0key", "My card, please", "a" * 65, "a_" * 33]
)
def test_of_anything_else_in_a_names_place_the_length_is_told(text):
    assert wire_name(text) == f"<{len(text)} characters>"


def test_an_id_is_told_and_a_sentence_in_its_place_is_not():
    assert wire_id("sess_CE8aXu5cQoSgB3W0pX7Tg") == "sess_CE8aXu5cQoSgB3W0pX7Tg"
    assert wire_id("my card is 4111") == "<15 characters>"


def test_an_error_that_is_raised_holds_nothing_that_was_said():
    error = service_error(
        ErrorDetails(code="a SECRET", type="the SECRET", param="SECRET.is this", message="SECRET")
    )
    assert "SECRET" not in f"{error} {vars(error)}"


def test_an_error_that_is_raised_says_what_to_do():
    error = service_error(ErrorDetails(code="insufficient_quota", message="Nobody knows this."))
    assert "raise it in the portal" in str(error)
    assert error.code == "insufficient_quota"
