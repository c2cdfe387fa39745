"""Which response runs, is asked for, is owed: every rule, and both orders of every race."""

import pytest
from session_harness import (
    ACTIVE,
    audio,
    confirm_all,
    confirmed,
    created,
    done,
    message,
    names,
    of,
    ready,
    refusal,
    request_in,
    requests_in,
    sent,
    sent_types,
    speech_started,
    speech_stopped,
    spoken,
)

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.inputs import AddItem, Interrupt, Lost, Respond, SendRaw
from pipecat_voicelive.session.response import METADATA_KEY
from pipecat_voicelive.session.turns import GRACE_S


def heard(effects):
    return [told.delta for told in of(fx.TextDelta, effects)]


def acquainted():
    """A session whose service has given a request id back before."""
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(created("r0", request), done("r0"))
    driver.trace.clear()
    return driver


# --- rule 1: one at a time ---------------------------------------------------------------------------


def test_an_answer_is_asked_for_at_once_when_nothing_runs():
    driver = ready()
    assert names(driver.give(Respond())) == ["response.create"]


def test_a_second_answer_waits_for_the_first_request():
    driver = ready()
    driver.give(Respond())
    assert driver.give(Respond()) == []


def test_an_answer_wanted_while_a_response_runs_is_asked_for_after_it():
    driver = ready()
    driver.give(created("r1"))
    assert driver.give(Respond()) == []
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


def test_answers_wanted_several_times_are_asked_for_once():
    driver = ready()
    driver.give(created("r1"), Respond(), Respond(), Respond())
    request = request_in(driver.give(done("r1")))
    assert requests_in(driver.give(created("r2", request), done("r2"))) == []


def test_answers_with_properties_are_each_asked_for_in_order():
    driver = ready()
    driver.give(created("r1"))
    for text in ("one", "two"):
        driver.give(Respond(ce.ResponseProperties(instructions=text)))
    first = request_in(driver.give(done("r1")))
    driver.give(created("r2", first))
    second = request_in(driver.give(done("r2")))
    assert [request.response.instructions for request in (first, second)] == ["one", "two"]


def test_the_end_of_another_response_changes_nothing():
    driver = ready()
    driver.give(created("r1"), Respond())
    assert driver.give(done("r9")) == []
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


def test_a_pending_answer_is_pending_until_it_is_done():
    driver = ready()
    assert not driver.session.answer_pending
    request = request_in(driver.give(Respond()))
    assert driver.session.answer_pending
    driver.give(created("r1", request))
    assert driver.session.answer_pending
    driver.give(done("r1"))
    assert not driver.session.answer_pending


# --- rule 2: whose response it is --------------------------------------------------------------------


@pytest.mark.proves("response.create.metadata")
def test_a_request_carries_an_id_and_keeps_the_metadata_given():
    driver = ready()
    request = request_in(driver.give(Respond(ce.ResponseProperties(metadata={"topic": "x"}))))
    assert request.response.metadata == {"topic": "x", METADATA_KEY: request.event_id}


def test_request_ids_differ():
    driver = ready()
    first = request_in(driver.give(Respond()))
    second = request_in(driver.give(created("r1", first), Respond(), done("r1")))
    assert first.event_id != second.event_id


def test_a_response_without_our_id_is_the_services_own():
    driver = acquainted()
    request = request_in(driver.give(Respond(ce.ResponseProperties(instructions="x"))))
    driver.give(created("r1"))
    assert requests_in(driver.give(refusal(request.event_id), done("r1"))) != []


def test_the_first_response_without_our_id_is_the_services_own_too():
    driver = ready()
    driver.give(Respond(ce.ResponseProperties(instructions="x")))
    driver.give(created("r1"), done("r1"))
    assert driver.session.answer_pending


def test_an_interrupted_request_does_not_silence_the_first_response_of_the_services_own():
    driver = ready()
    driver.give(Respond(), Interrupt(), created("r1"))
    assert heard(driver.give(spoken("r1", "a", "Yes?"))) == ["Yes?"]


def test_a_service_that_gives_no_ids_back_is_known_after_its_first_response():
    driver = ready()
    request = request_in(driver.give(Respond(ce.ResponseProperties(instructions="x"))))
    driver.give(created("r1", request, echo=False), done("r1"))
    assert driver.wait(5) == []
    assert not driver.session.answer_pending
    request = request_in(driver.give(Respond(ce.ResponseProperties(instructions="y"))))
    driver.give(created("r2", request, echo=False), done("r2"))
    assert not driver.session.answer_pending


def test_a_request_that_was_thought_answered_is_known_again_by_its_id():
    driver = ready()
    request = request_in(driver.give(Respond(ce.ResponseProperties(instructions="x"))))
    driver.give(created("r1"), done("r1"))
    driver.wait(5)
    driver.give(created("r2", request), done("r2"))
    request = request_in(driver.give(Respond(ce.ResponseProperties(instructions="y"))))
    driver.give(created("r3"))
    assert driver.session.answer_pending
    driver.give(done("r3"), created("r4", request), done("r4"))
    assert not driver.session.answer_pending


def test_a_request_refused_for_a_response_that_did_not_answer_it_is_made_again_after_it():
    driver = ready()
    request = request_in(driver.give(AddItem(message("hi")), Respond()))
    driver.give(created("r1"))
    (told,) = of(fx.RequestRefused, driver.give(refusal(request.event_id)))
    assert told.expected
    confirm_all(driver)
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


def test_a_request_refused_for_a_response_that_answered_it_is_not_made_again():
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(created("r1"), refusal(request.event_id))
    assert requests_in(driver.give(done("r1")) + driver.wait(60)) == []


def test_the_refusal_of_a_request_after_an_interruption_is_ordinary():
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(created("r1"), Interrupt())
    (told,) = of(fx.RequestRefused, driver.give(refusal(request.event_id)))
    assert told.expected


def test_a_request_under_way_at_an_interruption_is_not_answered_after_all():
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(created("r1"), Interrupt(), done("r1", "cancelled"))
    effects = driver.give(created("r2", request), spoken("r2", "a", "Hello"))
    assert names(effects) == ["response.cancel"]
    assert heard(driver.give(done("r2"), created("r3"), spoken("r3", "b", "Yes?"))) == ["Yes?"]


def test_a_request_for_unseen_items_is_in_vain_after_an_interruption_too():
    driver = ready()
    request = request_in(driver.give(AddItem(message("hi")), Respond()))
    driver.give(created("r1"), Interrupt(), done("r1", "cancelled"))
    confirm_all(driver)
    effects = driver.give(created("r2", request), spoken("r2", "a", "Hello"))
    assert names(effects) == ["response.cancel"]
    driver.give(done("r2", "cancelled"))
    assert not driver.session.answer_pending


# --- rule 3: the service's own response answers us ---------------------------------------------------


def test_the_services_own_response_answers_what_was_confirmed_before_it():
    driver = ready()
    driver.give(speech_started(), AddItem(message("hi", "i1")), Respond(), confirmed("i1"), speech_stopped())
    driver.give(created("r1"))
    assert requests_in(driver.give(done("r1")) + driver.wait(60)) == []


def test_the_services_own_response_does_not_answer_what_was_confirmed_after_it():
    driver = ready()
    driver.give(speech_started(), AddItem(message("hi", "i1")), Respond(), speech_stopped())
    driver.give(created("r1"), confirmed("i1"))
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


def test_the_services_own_response_does_not_answer_a_wish_with_properties():
    driver = ready()
    driver.give(speech_started(), Respond(ce.ResponseProperties(instructions="x")), speech_stopped())
    driver.give(created("r1"))
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


def test_an_item_that_the_service_refused_is_not_waited_for():
    driver = ready()
    (item, *_) = sent(driver.give(speech_started(), AddItem(message("hi")), Respond()))
    driver.give(refusal(item.event_id, "invalid_value"), speech_stopped(), created("r1"))
    assert requests_in(driver.give(done("r1")) + driver.wait(60)) == []


def test_our_own_response_does_not_answer_what_was_wanted_after_it_was_asked_for():
    driver = acquainted()
    request = request_in(driver.give(Respond()))
    driver.give(AddItem(message("hi")), Respond(), created("r1", request))
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


# --- rule 4: refusals, and races with the service's own response -------------------------------------


@pytest.mark.parametrize("told_first", ["created", "refused"])
def test_a_request_that_lost_the_race_is_made_again_in_either_order(told_first):
    driver = acquainted()
    request = request_in(driver.give(AddItem(message("hi")), Respond()))
    race = [created("r1"), refusal(request.event_id)]
    driver.give(*(race if told_first == "created" else reversed(race)))
    confirm_all(driver)
    effects = driver.give(done("r1")) + driver.wait(1)
    assert len(requests_in(effects)) == 1


def test_a_request_that_lost_the_race_to_a_response_that_answers_it_is_not_made_again():
    driver = acquainted()
    request = request_in(driver.give(AddItem(message("hi")), Respond()))
    confirm_all(driver)
    effects = driver.give(created("r1"), refusal(request.event_id), done("r1")) + driver.wait(60)
    assert requests_in(effects) == []
    assert not driver.session.answer_pending


def test_a_request_accepted_after_another_response_has_answered_it_is_not_answered_twice():
    driver = acquainted()
    request = request_in(driver.give(AddItem(message("hi")), Respond()))
    confirm_all(driver)
    driver.give(created("r1"), spoken("r1", "a", "Hi!"), done("r1"))
    assert not driver.session.answer_pending
    effects = driver.give(created("r2", request), spoken("r2", "b", "Hi!"))
    assert sent(effects) == [ce.ResponseCancelEvent(response_id="r2")]
    assert heard(effects) == []


def test_a_request_accepted_after_a_response_that_could_not_see_its_items_is_answered():
    driver = acquainted()
    request = request_in(driver.give(AddItem(message("hi")), Respond()))
    driver.give(created("r1"))
    confirm_all(driver)
    driver.give(done("r1"))
    assert heard(driver.give(created("r2", request), spoken("r2", "b", "Hi!"))) == ["Hi!"]


def test_a_request_refused_for_a_response_we_do_not_know_is_made_again_after_a_while():
    driver = acquainted()
    request = request_in(driver.give(Respond()))
    assert requests_in(driver.give(refusal(request.event_id))) == []
    assert driver.wait(0.2) == []
    assert sent_types(driver.wait(0.2)) == ["response.create"]


def test_a_request_refused_for_its_content_is_not_made_again():
    driver = acquainted()
    request = request_in(driver.give(Respond()))
    (told,) = of(fx.RequestRefused, driver.give(refusal(request.event_id, "invalid_value")))
    assert not told.expected
    assert driver.wait(60) == []
    assert not driver.session.answer_pending


def test_after_a_refusal_for_its_content_the_next_answer_is_asked_for():
    driver = acquainted()
    request = request_in(driver.give(Respond(ce.ResponseProperties(instructions="x"))))
    driver.give(Respond())
    assert sent_types(driver.give(refusal(request.event_id, "invalid_value"))) == ["response.create"]


def test_a_refused_and_an_owed_answer_are_one():
    driver = acquainted()
    request = request_in(driver.give(AddItem(message("hi")), Respond()))
    driver.give(created("r1"), AddItem(message("and")), Respond(), refusal(request.event_id))
    again = request_in(driver.give(done("r1")))
    assert requests_in(driver.give(created("r2", again), done("r2"))) == []


def test_a_refused_request_taken_together_with_an_owed_one_is_about_the_items_of_both():
    driver = acquainted()
    request = request_in(driver.give(AddItem(message("hi", "i1")), Respond()))
    driver.give(refusal(request.event_id), Respond(), speech_started(), speech_stopped())
    driver.give(AddItem(message("and", "i2")), confirmed("i2"), created("r1"), confirmed("i1"))
    assert len(requests_in(driver.give(done("r1")) + driver.wait(1))) == 1


def test_a_request_refused_after_more_was_wanted_is_about_its_own_items_too():
    driver = acquainted()
    request = request_in(driver.give(AddItem(message("hi", "i1")), Respond()))
    driver.give(speech_started(), Respond(), refusal(request.event_id), speech_stopped())
    driver.give(created("r1"), confirmed("i1"))
    assert len(requests_in(driver.give(done("r1")) + driver.wait(1))) == 1


def test_a_refused_request_keeps_its_place_before_later_ones():
    driver = acquainted()
    first = request_in(driver.give(Respond(ce.ResponseProperties(instructions="one"))))
    driver.give(Respond(ce.ResponseProperties(instructions="two")), created("r1"), refusal(first.event_id))
    assert request_in(driver.give(done("r1"))).response.instructions == "one"


def test_a_refusal_of_something_else_changes_nothing():
    driver = acquainted()
    driver.give(Respond())
    (told,) = driver.give(refusal("other", ACTIVE))
    assert isinstance(told, fx.RequestRefused)
    assert not told.expected
    assert driver.session.answer_pending


@pytest.mark.parametrize("code", ["response_cancel_not_active", "item_already_truncated"])
def test_refusals_that_follow_from_acting_at_the_same_time_are_expected(code):
    (told,) = ready().give(refusal(None, code))
    assert told.expected


def test_a_raw_request_is_nobodys_wish():
    driver = acquainted()
    assert sent_types(driver.give(SendRaw(ce.ResponseCreateEvent(event_id="mine")))) == ["response.create"]
    driver.give(created("r1"))
    assert heard(driver.give(spoken("r1", "a", "Hi"))) == ["Hi"]
    driver.give(done("r1"))
    assert not driver.session.answer_pending


# --- rule 6: interruptions ---------------------------------------------------------------------------


def test_nothing_comes_out_of_an_interrupted_response():
    driver = ready()
    driver.give(created("r1"), spoken("r1", "a", "One "))
    assert names(driver.give(Interrupt())) == ["response.cancel", "ResponseClosed"]
    assert driver.give(spoken("r1", "a", "two"), audio("r1", "a", b"ab")) == []
    assert names(driver.give(done("r1", "cancelled"))) == ["ResponseFinished"]


def test_a_response_interrupted_before_it_began_is_cancelled_when_it_begins():
    driver = ready()
    request = request_in(driver.give(Respond()))
    assert driver.give(Interrupt()) == []
    assert not driver.session.answer_pending
    assert sent(driver.give(created("r1", request))) == [ce.ResponseCancelEvent(response_id="r1")]
    assert driver.give(spoken("r1", "a", "One")) == []
    assert not driver.session.answer_pending


def test_an_answer_wanted_after_an_interruption_waits_until_the_interrupted_one_has_gone():
    driver = ready()
    request = request_in(driver.give(Respond()))
    assert driver.give(Interrupt(), Respond()) == []
    driver.give(created("r1", request))
    effects = driver.give(done("r1", "cancelled"))
    assert names(effects) == ["ResponseFinished", "response.create"]


def test_a_refusal_of_a_request_made_in_vain_lets_the_next_one_go():
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(Interrupt(), Respond())
    (told, again) = driver.give(refusal(request.event_id))
    assert told.expected
    assert names([again]) == ["response.create"]


def test_a_second_interruption_cancels_nothing_more():
    driver = ready()
    driver.give(created("r1"), Interrupt())
    assert driver.give(Interrupt()) == []


def test_an_interruption_when_nothing_runs_sends_nothing():
    assert ready().give(Interrupt()) == []


def test_the_services_own_response_is_heard_though_ours_was_asked_for_in_vain():
    driver = acquainted()
    driver.give(Respond(), Interrupt())
    effects = driver.give(created("r1"), spoken("r1", "a", "Yes?"))
    assert heard(effects) == ["Yes?"]


def test_the_owed_answer_survives_a_turn_that_brings_none():
    driver = acquainted()
    request = request_in(driver.give(Respond()))
    driver.give(speech_started(), Interrupt(), speech_stopped())
    driver.give(created("r1", request), done("r1", "cancelled"))
    assert sent_types(driver.wait(GRACE_S)) == ["response.create"]


# --- stale and doubled events ------------------------------------------------------------------------


def test_a_response_begins_once():
    driver = ready()
    driver.give(created("r1"), spoken("r1", "a", "One "))
    assert driver.give(created("r1")) == []
    assert heard(driver.give(spoken("r1", "a", "two"))) == ["two"]


def test_a_finished_response_does_not_begin_again():
    driver = ready()
    driver.give(created("r1"), spoken("r1", "a", "One"), done("r1"))
    assert driver.give(created("r1"), spoken("r1", "a", "Two")) == []
    assert not driver.session.answer_pending


def test_a_finished_response_does_not_disturb_the_next():
    driver = ready()
    driver.give(created("r1"), done("r1"), created("r2"), spoken("r2", "b", "One "))
    assert driver.give(created("r1"), spoken("r1", "a", "x"), done("r1")) == []
    assert heard(driver.give(spoken("r2", "b", "two"))) == ["two"]


def test_a_lost_connection_ends_everything():
    driver = ready()
    driver.give(created("r1"), spoken("r1", "a", "One"), Respond())
    assert names(driver.give(Lost())) == ["ResponseClosed", "ResponseFinished"]
    assert not driver.session.answer_pending
