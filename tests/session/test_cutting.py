"""Cutting the conversation to what was heard."""

import pytest
from session_harness import (
    VAD,
    audio,
    created,
    done,
    ready,
    request_in,
    sent,
    sent_types,
    silence,
    speech_started,
)

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.inputs import Heard, Interrupt, Respond


def speaking(*durations_ms: float):
    """A session whose response r1 has sent items a, b, ... of these lengths, and is done."""
    driver = ready()
    driver.give(created("r1"))
    for item_id, duration_ms in zip("abc", durations_ms, strict=False):
        driver.give(silence("r1", item_id, duration_ms))
    driver.give(done("r1"))
    return driver


def truncate(item_id, audio_end_ms):
    return ce.ConversationItemTruncateEvent(item_id=item_id, content_index=0, audio_end_ms=audio_end_ms)


def delete(item_id):
    return ce.ConversationItemDeleteEvent(item_id=item_id)


def test_an_item_is_cut_to_what_was_heard():
    driver = speaking(1000)
    assert sent(driver.give(Interrupt(Heard("a", 400.7)))) == [truncate("a", 400)]


def test_an_item_heard_to_the_end_is_left():
    driver = speaking(1000)
    assert sent(driver.give(Interrupt(Heard("a", 1000)))) == []


def test_an_item_is_never_cut_beyond_its_audio():
    driver = speaking(1000)
    assert sent(driver.give(Interrupt(Heard("a", 5000)))) == []


def test_an_item_heard_almost_to_the_end_is_left():
    driver = speaking(1000)
    assert sent(driver.give(Interrupt(Heard("a", 970)))) == []


@pytest.mark.proves("conversation.item.delete")
def test_an_item_of_which_nothing_was_heard_is_taken_out():
    driver = speaking(1000)
    assert sent(driver.give(Interrupt(Heard("a", 0.4)))) == [delete("a")]


def test_items_before_the_one_being_played_were_heard_and_items_after_it_were_not():
    driver = speaking(1000, 1000, 1000)
    assert sent(driver.give(Interrupt(Heard("b", 300)))) == [truncate("b", 300), delete("c")]


def test_what_was_cut_is_not_cut_again():
    driver = speaking(1000, 1000)
    driver.give(Interrupt(Heard("a", 300)))
    assert sent(driver.give(Interrupt(Heard("a", 2)))) == []


def test_without_a_position_the_conversation_is_left():
    driver = speaking(1000)
    assert sent(driver.give(Interrupt())) == []


def test_audio_that_comes_after_the_interruption_is_not_heard():
    driver = ready()
    driver.give(created("r1"), silence("r1", "a", 1000))
    driver.give(Interrupt(Heard("a", 200)), silence("r1", "a", 1000), done("r1", "cancelled"))
    assert sent(driver.give(Interrupt(Heard("a", 700)))) == []


def test_an_unheard_item_is_taken_out_only_when_its_response_is_done():
    driver = ready()
    driver.give(created("r1"), silence("r1", "a", 500), silence("r1", "b", 500), speech_started())
    assert sent(driver.give(Interrupt(Heard("a", 200)))) == [truncate("a", 200)]
    assert sent(driver.give(done("r1", "cancelled"))) == [delete("b")]


def test_unheard_items_are_gone_before_the_next_answer_is_asked_for():
    driver = ready()
    driver.give(created("r1"), silence("r1", "a", 500), silence("r1", "b", 500))
    driver.give(Interrupt(Heard("a", 200)), Respond())
    assert sent_types(driver.give(done("r1", "cancelled"))) == ["conversation.item.delete", "response.create"]


def test_a_service_that_truncates_itself_is_left_to_it():
    driver = ready(turn_detection=VAD | {"auto_truncate": True})
    driver.give(created("r1"), silence("r1", "a", 1000), done("r1"), speech_started())
    assert sent(driver.give(Interrupt(Heard("a", 300)))) == []


@pytest.mark.proves("conversation.item.truncated", "session.turn_detection.auto_truncate")
def test_an_item_that_the_service_has_cut_is_not_cut_by_us():
    driver = speaking(1000)
    driver.give(se.ConversationItemTruncated(item_id="a", audio_end_ms=100))
    assert sent(driver.give(Interrupt(Heard("a", 300)))) == []


def test_lengths_are_those_of_the_output_format():
    driver = ready(output_audio_format="g711_ulaw")
    driver.give(created("r1"), audio("r1", "a", bytes(8000)), done("r1"))
    assert sent(driver.give(Interrupt(Heard("a", 900)))) == [truncate("a", 900)]


def test_a_cancel_goes_out_before_the_cut():
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(created("r1", request), silence("r1", "a", 1000))
    types = sent_types(driver.give(Interrupt(Heard("a", 300))))
    assert types == ["response.cancel", "conversation.item.truncate"]


def test_items_heard_long_ago_are_forgotten():
    driver = ready()
    for number in range(200):
        driver.give(created(f"r{number}"), silence(f"r{number}", f"i{number}", 100), done(f"r{number}"))
    assert sent(driver.give(Interrupt(Heard("i199", 100)))) == []
    driver.give(created("r"), silence("r", "last", 1000), done("r"))
    assert sent(driver.give(Interrupt(Heard("last", 300)))) == [truncate("last", 300)]


def test_an_interruption_by_the_callers_turn_leaves_the_answer_to_it_alone():
    driver = ready(turn_detection=VAD)
    driver.give(created("r1"), silence("r1", "a", 1000), done("r1"))
    driver.give(speech_started("u1"), created("r2"), silence("r2", "b", 1000))
    assert sent(driver.give(Interrupt(Heard("a", 400), for_turn=True))) == [truncate("a", 400)]
    assert any(isinstance(effect, fx.Audio) for effect in driver.give(silence("r2", "b", 1000)))
    assert sent(driver.give(done("r2"))) == []


def test_any_other_interruption_cuts_the_answer_to_the_callers_turn_too():
    driver = ready(turn_detection=VAD)
    driver.give(created("r1"), silence("r1", "a", 1000), done("r1"))
    driver.give(speech_started("u1"), created("r2"), silence("r2", "b", 1000))
    effects = driver.give(Interrupt(Heard("a", 400)))
    assert sent_types(effects) == ["response.cancel", "conversation.item.truncate"]
    assert driver.give(silence("r2", "b", 1000)) == []
    assert sent(driver.give(done("r2", "cancelled"))) == [delete("b")]


def test_an_interruption_by_the_callers_turn_stops_what_began_before_it():
    driver = ready(turn_detection={**VAD, "interrupt_response": False})
    driver.give(created("r1"), silence("r1", "a", 1000), speech_started("u1"))
    effects = driver.give(Interrupt(Heard("a", 400), for_turn=True))
    assert sent_types(effects) == ["response.cancel", "conversation.item.truncate"]
