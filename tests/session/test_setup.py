"""Getting ready: options first, everything else after them, in order."""

import pytest
from session_harness import Driver, names, of, ready, refusal, sent, sent_types, updated

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem, SessionInfo
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.inputs import AddItem, AppendAudio, CommitTurn, Configure, Respond, SendRaw
from pipecat_voicelive.session.setup import HELD_AUDIO_MS

CREATED = se.SessionCreated(session=SessionInfo(id="s"))
ITEM = ConversationItem(type="message", id="i")
ONE_SECOND = bytes(48_000)


@pytest.mark.proves("session.created")
def test_options_wait_for_session_created():
    driver = Driver()
    assert driver.give(Configure({"a": 1})) == []
    (update,) = sent(driver.give(CREATED))
    assert isinstance(update, ce.SessionUpdateEvent)
    assert update.session == {"a": 1}


def test_options_given_after_session_created_go_out_at_once():
    driver = Driver()
    assert driver.give(CREATED) == []
    assert sent_types(driver.give(Configure({"a": 1}))) == ["session.update"]


def test_a_second_session_created_sends_nothing():
    driver = Driver()
    driver.give(Configure({"a": 1}), CREATED)
    assert driver.give(CREATED) == []


def test_events_before_the_options_are_taken_go_out_after_them_in_order():
    driver = Driver()
    driver.give(CREATED, Configure({"a": 1}))
    assert driver.give(AppendAudio(b"ab"), AddItem(ITEM), SendRaw(RawEvent(members={"type": "x"}))) == []
    assert driver.give(Respond()) == []
    assert driver.give(CommitTurn()) == []
    effects = driver.give(updated(turn_detection=None))
    assert names(effects) == [
        "SessionReady",
        "input_audio_buffer.append",
        "conversation.item.create",
        "x",
        "input_audio_buffer.commit",
        "response.create",
    ]
    assert driver.session.ready


def test_held_events_go_out_once():
    driver = Driver()
    driver.give(CREATED, Configure({"a": 1}), AppendAudio(b"ab"), updated())
    assert sent(driver.give(updated())) == []


def test_held_audio_is_bounded_and_the_oldest_goes_first_and_is_told():
    driver = Driver()
    driver.give(CREATED, Configure({"a": 1}))
    for number in range(HELD_AUDIO_MS // 1000):
        assert driver.give(AppendAudio(bytes([number]) * 48_000)) == []
    assert driver.give(AppendAudio(ONE_SECOND), AppendAudio(ONE_SECOND)) == [
        fx.AudioDropped(1000.0),
        fx.AudioDropped(1000.0),
    ]
    held = sent(driver.give(updated()))
    assert [event.audio[0] for event in held] == [*range(2, HELD_AUDIO_MS // 1000), 0, 0]


def test_held_audio_counts_in_the_format_asked_for():
    driver = Driver()
    driver.give(Configure({"input_audio_format": "g711_ulaw"}))
    assert driver.give(AppendAudio(bytes(240_000))) == []
    assert driver.give(AppendAudio(bytes(8_000))) == [fx.AudioDropped(30_000.0)]


def test_other_events_are_not_dropped_with_the_audio():
    driver = Driver()
    driver.give(
        CREATED, Configure({"a": 1}), AddItem(ITEM), AppendAudio(bytes(1_440_000)), AppendAudio(ONE_SECOND)
    )
    assert sent_types(driver.give(updated())) == ["conversation.item.create", "input_audio_buffer.append"]


def test_a_refused_first_update_is_fatal():
    driver = Driver()
    (update,) = sent(driver.give(CREATED, Configure({"a": 1})))
    assert driver.give(refusal(update.event_id, "invalid_value")) == [
        fx.SessionRefused(refusal(update.event_id, "invalid_value").error, fatal=True)
    ]
    assert not driver.session.ready


def test_a_first_update_that_another_has_overtaken_is_not_fatal_when_refused():
    driver = Driver()
    first, second = sent(driver.give(CREATED, Configure({"a": 1}), Configure({"a": 2})))
    (refused,) = of(fx.SessionRefused, driver.give(refusal(first.event_id, "invalid_value")))
    assert not refused.fatal
    (refused,) = of(fx.SessionRefused, driver.give(refusal(second.event_id, "invalid_value")))
    assert refused.fatal


def test_a_refused_later_update_is_not_fatal():
    driver = ready()
    (update,) = sent(driver.give(Configure({"a": 1})))
    (refused,) = of(fx.SessionRefused, driver.give(refusal(update.event_id, "invalid_value")))
    assert not refused.fatal
    assert driver.session.ready


def test_unchanged_options_are_not_sent_again():
    driver = ready()
    assert len(sent(driver.give(Configure({"a": 1})))) == 1
    assert sent(driver.give(Configure({"a": 1}))) == []


def test_options_changed_in_place_are_sent_again():
    driver = ready()
    options = {"tools": ["a"]}
    driver.give(Configure(options))
    options["tools"].append("b")
    (update,) = sent(driver.give(Configure(options)))
    assert update.session == {"tools": ["a", "b"]}


def test_refused_options_are_sent_again_when_asked_for_again():
    driver = ready()
    (update,) = sent(driver.give(Configure({"a": 1})))
    driver.give(refusal(update.event_id, "invalid_value"))
    assert sent_types(driver.give(Configure({"a": 1}))) == ["session.update"]


def test_an_error_for_another_event_does_not_refuse_the_options():
    driver = Driver()
    driver.give(CREATED, Configure({"a": 1}))
    assert of(fx.SessionRefused, driver.give(refusal("other", "invalid_value"), refusal(None, "x"))) == []
    assert names(driver.give(updated())) == ["SessionReady"]


@pytest.mark.proves("session.updated")
def test_ready_is_told_once_and_changes_after_it():
    driver = Driver()
    effects = driver.give(CREATED, Configure({"a": 1}), updated(), updated())
    assert names(effects) == ["session.update", "SessionReady", "SessionChanged"]
