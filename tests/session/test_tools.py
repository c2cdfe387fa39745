"""Tool calls: handed over together, answered once each."""

import json

import pytest
from session_harness import (
    arguments_done,
    call_item,
    committed,
    confirm_all,
    created,
    done,
    heard_as,
    item_added,
    names,
    of,
    ready,
    refusal,
    request_in,
    requests_in,
    sent,
    sent_types,
    speech_started,
)

from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.inputs import AnswerTool, Interrupt, Lost, Respond, RespondToResults
from pipecat_voicelive.session.tools import INTERRUPTED, NOT_JSON, Tools


def calls(effects):
    return [
        (call.call_id, call.name, call.arguments) for told in of(fx.ToolCalls, effects) for call in told.calls
    ]


def outputs(effects):
    """(call id, output) of each output sent."""
    return [
        (event.item.call_id, event.item.output)
        for event in sent(effects)
        if event.type == "conversation.item.create" and event.item.type == "function_call_output"
    ]


def test_calls_are_handed_over_together_when_their_response_is_done():
    driver = ready()
    driver.give(created("r1"))
    assert driver.give(arguments_done("r1", "c1", '{"a": 1}'), arguments_done("r1", "c2")) == []
    effects = driver.give(done("r1"))
    assert len(of(fx.ToolCalls, effects)) == 1
    assert calls(effects) == [("c1", "look", {"a": 1}), ("c2", "look", {})]


def test_calls_are_handed_over_after_the_response_has_finished():
    driver = ready()
    driver.give(created("r1"), item_added("r1", call_item("c1")), arguments_done("r1", "c1"))
    assert names(driver.give(done("r1"))) == ["ResponseClosed", "ResponseFinished", "ToolCalls"]


def test_a_call_that_only_response_done_tells_of_is_handed_over():
    driver = ready()
    driver.give(created("r1"))
    assert calls(driver.give(done("r1", output=[call_item("c1")]))) == [("c1", "look", {})]


def test_a_call_told_of_several_times_is_handed_over_once():
    driver = ready()
    driver.give(created("r1"), item_added("r1", call_item("c1")), arguments_done("r1", "c1"))
    driver.give(arguments_done("r1", "c1", '{"other": 1}'))
    assert calls(driver.give(done("r1", output=[call_item("c1", arguments='{"a": 3}')]))) == [
        ("c1", "look", {})
    ]


def test_the_name_may_come_with_the_item_only():
    driver = ready()
    driver.give(
        created("r1"), item_added("r1", call_item("c1", "find")), arguments_done("r1", "c1", name=None)
    )
    assert calls(driver.give(done("r1"))) == [("c1", "find", {})]


def test_an_unfinished_call_is_not_handed_over():
    driver = ready()
    driver.give(created("r1"), item_added("r1", call_item("c1")))
    unfinished = ConversationItem(type="function_call", status="incomplete", call_id="c1", name="look")
    effects = driver.give(done("r1", "incomplete", output=[unfinished]))
    assert calls(effects) == []
    assert outputs(effects) == []
    assert not driver.session.answer_pending


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", '"text"', "\ud800", "[" * 5000])
def test_arguments_that_are_no_json_object_are_answered_and_the_model_goes_on(arguments):
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1", arguments))
    effects = driver.give(done("r1"))
    assert calls(effects) == []
    assert outputs(effects) == [("c1", NOT_JSON)]
    assert sent_types(effects) == ["conversation.item.create", "response.create"]
    assert "error" in json.loads(NOT_JSON)


@pytest.mark.parametrize("arguments", ["", "  ", "{}"])
def test_no_arguments_are_an_empty_object(arguments):
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1", arguments))
    assert calls(driver.give(done("r1"))) == [("c1", "look", {})]


def test_a_bad_call_beside_a_good_one_waits_for_the_good_ones_answer():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1", "{"), arguments_done("r1", "c2"))
    effects = driver.give(done("r1"))
    assert outputs(effects) == [("c1", NOT_JSON)]
    assert calls(effects) == [("c2", "look", {})]
    assert requests_in(effects) == []


def test_calls_of_an_interrupted_response_are_answered_and_not_run():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), Interrupt(), arguments_done("r1", "c2"))
    effects = driver.give(done("r1", "cancelled"))
    assert calls(effects) == []
    assert outputs(effects) == [("c1", INTERRUPTED), ("c2", INTERRUPTED)]
    assert not driver.session.answer_pending
    assert "error" in json.loads(INTERRUPTED)


def test_calls_of_a_response_interrupted_too_late_are_answered_and_not_run_either():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), Interrupt())
    effects = driver.give(done("r1", "completed"))
    assert calls(effects) == []
    assert outputs(effects) == [("c1", INTERRUPTED)]


def test_calls_of_a_response_that_the_service_cancelled_are_answered_and_not_run():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"))
    effects = driver.give(done("r1", "cancelled"))
    assert calls(effects) == []
    assert outputs(effects) == [("c1", INTERRUPTED)]


def test_calls_not_yet_handed_over_because_a_transcript_is_awaited_are_interrupted_too():
    driver = ready()
    driver.give(committed("u1"), created("r1"), arguments_done("r1", "c1"))
    assert names(driver.give(done("r1"))) == []
    effects = driver.give(Interrupt())
    assert outputs(effects) == [("c1", INTERRUPTED)]
    assert calls(effects + driver.give(heard_as("u1", "one")) + driver.wait(60)) == []
    assert not driver.session.answer_pending


def test_each_call_is_answered_once():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), done("r1"))
    assert outputs(driver.give(AnswerTool("c1", "fine"))) == [("c1", "fine")]
    assert driver.give(AnswerTool("c1", "again")) == []


def test_an_answer_for_an_abandoned_call_is_not_sent():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), Interrupt(), done("r1", "cancelled"))
    assert driver.give(AnswerTool("c1", "fine")) == []


def test_an_answer_to_a_call_of_an_earlier_session_becomes_a_message():
    driver = ready()
    (event,) = sent(driver.give(AnswerTool("c1", "fine", "look")))
    assert (event.item.type, event.item.role) == ("message", "system")
    assert event.item.words == "Result of the earlier call of look: fine"
    assert driver.give(AnswerTool("c1", "fine", "look")) == []


def test_a_session_waits_while_calls_are_run():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), arguments_done("r1", "c2"), done("r1"))
    driver.give(AnswerTool("c1", "fine", respond=False))
    assert driver.session.answer_pending
    driver.give(AnswerTool("c2", "fine", respond=False))
    assert not driver.session.answer_pending


def test_results_are_answered_by_one_response():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), arguments_done("r1", "c2"), done("r1"))
    effects = driver.give(AnswerTool("c1", "fine"), AnswerTool("c2", "fine"), Respond())
    assert sent_types(effects) == ["conversation.item.create", "conversation.item.create", "response.create"]
    confirm_all(driver)
    driver.give(created("r2", request_in(effects)), done("r2"))
    assert not driver.session.answer_pending


def test_calls_are_not_handed_over_after_the_connection_is_lost():
    driver = ready()
    driver.give(committed("u1"), created("r1"), arguments_done("r1", "c1"), done("r1"))
    assert of(fx.ToolCalls, driver.give(Lost())) == []


def test_the_answer_to_bad_arguments_waits_for_a_response_that_has_begun_meanwhile():
    driver = ready()
    driver.give(committed("u1"), created("r1"), arguments_done("r1", "c1", "{"), done("r1"))
    effects = driver.give(created("r2"))
    assert outputs(effects) == [("c1", NOT_JSON)]
    assert requests_in(effects) == []
    assert sent_types(driver.give(done("r2"))) == ["response.create"]


def test_late_events_of_a_finished_response_make_no_calls():
    driver = ready()
    driver.give(created("r1"), done("r1"), item_added("r1", call_item("c1")), arguments_done("r1", "c1"))
    assert calls(driver.give(created("r2"), done("r2"))) == []
    (event,) = sent(driver.give(AnswerTool("c1", "fine", "look")))
    assert event.item.type == "message"


def test_calls_of_a_response_that_another_replaced_are_answered_and_not_run():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"))
    effects = driver.give(created("r2"))
    assert outputs(effects) == [("c1", INTERRUPTED)]
    assert calls(driver.give(done("r1"), done("r2"))) == []


def test_only_the_calls_of_the_finished_response_are_handed_over():
    tools = Tools()
    tools.complete("r1", "c1", "look", "{}")
    tools.complete("r2", "c2", "look", "{}")
    calls, outputs = tools.hand_over("r2")
    assert [call.call_id for call in calls] == ["c2"]
    assert outputs == ()
    assert [output.call_id for output in tools.abandon("r1")] == ["c1"]


def test_results_are_spoken_of_when_the_whole_group_has_returned():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), arguments_done("r1", "c2"), done("r1"))
    assert requests_in(driver.give(AnswerTool("c1", "fine"), RespondToResults())) == []
    assert sent_types(driver.give(AnswerTool("c2", "fine"))) == [
        "conversation.item.create",
        "response.create",
    ]


def test_results_are_spoken_of_once():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), done("r1"))
    effects = driver.give(AnswerTool("c1", "fine"), RespondToResults(), RespondToResults())
    assert len(requests_in(effects)) == 1
    driver.give(created("r2", request_in(effects)), RespondToResults())
    assert requests_in(driver.give(done("r2"))) == []


def test_there_is_nothing_to_say_without_results():
    assert ready().give(RespondToResults()) == []


def test_an_interruption_by_speech_does_not_take_back_a_call_in_hand():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), done("r1"), speech_started(), Interrupt())
    assert outputs(driver.give(AnswerTool("c1", "fine"))) == [("c1", "fine")]


def test_an_output_that_the_service_refuses_is_told_in_a_message_and_spoken_of():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), done("r1"))
    effects = driver.give(AnswerTool("c1", "fine", "look"), RespondToResults())
    refused_event = sent(effects)[0].event_id
    request = request_in(effects)
    effects = driver.give(refusal(refused_event, "invalid_tool_call_id"))
    (event,) = [one for one in sent(effects) if one.type == "conversation.item.create"]
    assert event.item.words == "Result of the earlier call of look: fine"
    assert [told.expected for told in of(fx.RequestRefused, effects)] == [True]
    driver.give(created("r2", request))
    confirm_all(driver)
    assert len(requests_in(driver.give(done("r2")))) == 1  # the first one could not know


def test_a_message_with_a_result_that_is_refused_too_is_told_as_an_error():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), done("r1"))
    output = sent(driver.give(AnswerTool("c1", "fine", "look", respond=False)))[0]
    message = sent(driver.give(refusal(output.event_id, "invalid_value")))[0]
    effects = driver.give(refusal(message.event_id, "invalid_value"))
    assert sent(effects) == []
    assert [told.expected for told in of(fx.RequestRefused, effects)] == [False]
