"""What the caller said: in order, once, never empty, and never waited for too long."""

import pytest
from session_harness import (
    committed,
    created,
    done,
    heard_as,
    heard_part,
    names,
    not_understood,
    of,
    ready,
    updated,
    written,
)

from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.transcripts import WAIT_S


def texts(effects):
    return [(told.item_id, told.text) for told in of(fx.UserTranscript, effects)]


@pytest.mark.proves("conversation.item.input_audio_transcription.completed", "input_audio_buffer.committed")
def test_a_transcript_is_told_with_the_item_it_belongs_to():
    driver = ready()
    effects = driver.give(committed("u1"), heard_as("u1", " Hello. "))
    assert effects == [
        fx.ItemUpdated("u1", None),
        fx.UserTranscript("u1", "Hello.", heard_as("u1", " Hello. ")),
    ]


@pytest.mark.proves("conversation.item.input_audio_transcription.delta")
def test_partials_grow_item_by_item():
    driver = ready()
    effects = driver.give(heard_part("u1", "I "), heard_part("u2", "no "), heard_part("u1", "would"))
    assert [(told.item_id, told.text) for told in of(fx.UserTranscriptPartial, effects)] == [
        ("u1", "I "),
        ("u2", "no "),
        ("u1", "I would"),
    ]


def test_partials_after_the_transcript_are_not_told():
    driver = ready()
    driver.give(committed("u1"), heard_as("u1", "Hello."))
    assert driver.give(heard_part("u1", "Hello.")) == []


def test_transcripts_are_told_in_the_order_of_the_turns():
    driver = ready()
    driver.give(committed("u1"), committed("u2"))
    assert texts(driver.give(heard_as("u2", "two"))) == []
    assert texts(driver.give(heard_as("u1", "one"))) == [("u1", "one"), ("u2", "two")]


def test_a_transcript_before_its_commit_is_told_at_once():
    driver = ready()
    assert texts(driver.give(heard_as("u1", "one"))) == [("u1", "one")]
    driver.give(committed("u1"))
    assert texts(driver.give(committed("u2"), heard_as("u2", "two"))) == [("u2", "two")]


def test_a_second_transcript_changes_nothing():
    driver = ready()
    driver.give(committed("u1"), heard_as("u1", "one"))
    assert driver.give(heard_as("u1", ""), heard_as("u1", "one")) == []


def test_an_empty_transcript_is_not_told_but_waited_for_no_longer():
    driver = ready()
    effects = driver.give(committed("u1"), committed("u2"), heard_as("u1", "  "), heard_as("u2", "two"))
    assert texts(effects) == [("u2", "two")]


@pytest.mark.proves("conversation.item.input_audio_transcription.failed")
def test_a_failed_transcript_is_told_and_waited_for_no_longer():
    driver = ready()
    driver.give(committed("u1"), committed("u2"), heard_as("u2", "two"))
    effects = driver.give(not_understood("u1"))
    assert names(effects) == ["UserTranscriptFailed", "ItemUpdated", "UserTranscript"]


def test_a_failure_is_told_once():
    driver = ready()
    driver.give(committed("u1"), not_understood("u1"))
    assert driver.give(not_understood("u1")) == []


def test_a_failure_after_the_transcript_is_not_told():
    driver = ready()
    driver.give(committed("u1"), heard_as("u1", "one"))
    assert driver.give(not_understood("u1")) == []


def test_a_failure_does_not_take_back_a_transcript_that_waits_for_an_earlier_one():
    driver = ready()
    driver.give(committed("u1"), committed("u2"), heard_as("u2", "two"))
    assert driver.give(not_understood("u2")) == []
    assert texts(driver.give(heard_as("u1", "one"))) == [("u1", "one"), ("u2", "two")]


def test_a_transcript_that_never_comes_holds_the_others_only_so_long():
    driver = ready()
    driver.give(committed("u1"), committed("u2"), heard_as("u2", "two"))
    assert texts(driver.wait(WAIT_S * 0.9)) == []
    assert texts(driver.wait(WAIT_S * 0.1)) == [("u2", "two")]


def test_a_late_transcript_is_told_when_it_comes():
    driver = ready()
    driver.give(committed("u1"))
    driver.wait(WAIT_S)
    driver.give(committed("u2"))
    assert texts(driver.give(heard_as("u1", "one"))) == [("u1", "one")]
    assert texts(driver.give(heard_as("u2", "two"))) == [("u2", "two")]


def test_the_end_of_an_answer_waits_for_what_was_said_before_it():
    driver = ready()
    driver.give(committed("u1"), created("r1"), written("r1", "a", "Hi"))
    assert "ResponseClosed" not in names(driver.give(done("r1")))
    assert driver.session.answer_pending
    effects = driver.give(heard_as("u1", "one"))
    assert names(effects) == ["ItemUpdated", "UserTranscript", "ResponseClosed", "ResponseFinished"]
    assert not driver.session.answer_pending


def test_the_end_of_an_answer_does_not_wait_when_the_transcript_failed():
    driver = ready()
    driver.give(committed("u1"), created("r1"), written("r1", "a", "Hi"), done("r1"))
    assert names(driver.give(not_understood("u1")))[-2:] == ["ResponseClosed", "ResponseFinished"]


def test_the_end_of_an_answer_waits_no_longer_than_the_transcript_is_waited_for():
    driver = ready()
    driver.give(committed("u1"), created("r1"), written("r1", "a", "Hi"))
    driver.wait(WAIT_S / 2)
    driver.give(done("r1"))
    assert names(driver.wait(WAIT_S / 2)) == ["ResponseClosed", "ResponseFinished"]


def test_later_turns_do_not_hold_the_end_of_an_answer_for_ever():
    driver = ready()
    driver.give(committed("u1"), created("r1"), written("r1", "a", "Hi"), done("r1"))
    effects = []
    for number in range(2, 6):
        effects += driver.wait(WAIT_S / 3)
        effects += driver.give(committed(f"u{number}"))
    assert names(effects) == ["ResponseClosed", "ResponseFinished"]


def test_nothing_waits_in_a_session_that_does_not_transcribe():
    driver = ready(input_audio_transcription=None)
    driver.give(committed("u1"), created("r1"), written("r1", "a", "Hi"))
    assert names(driver.give(done("r1"))) == ["ResponseClosed", "ResponseFinished"]


def test_transcription_switched_on_later_is_waited_for():
    driver = ready(input_audio_transcription=None)
    driver.give(updated(), committed("u1"), committed("u2"))
    assert texts(driver.give(heard_as("u2", "two"))) == []
