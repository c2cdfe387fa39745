"""Interim responses: a message that bridges the time until the answer comes is not taken for the answer.

Whether it comes as an item of the answer's own response or as a response of its own is not documented.
"""

from __future__ import annotations

from session_harness import (
    TRANSCRIBED,
    VAD,
    Driver,
    arguments_done,
    audio,
    call_item,
    confirm_all,
    created,
    done,
    item_added,
    message,
    names,
    of,
    ready,
    request_in,
    requests_in,
    spoken,
)

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import SessionInfo
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.inputs import AddItem, AnswerTool, Respond, RespondToResults

STATIC = {"type": "static_interim_response", "triggers": ["tool"], "texts": ["One moment."]}


def bridging() -> Driver:
    """A session with interim responses."""
    driver = ready()
    driver.give(
        se.SessionUpdated(
            session=SessionInfo(
                turn_detection=VAD, input_audio_transcription=TRANSCRIBED, interim_response=STATIC
            )
        )
    )
    driver.trace.clear()
    return driver


def said(effects: list[fx.Effect]) -> list[str]:
    return [told.delta for told in of(fx.TextDelta, effects)]


def test_as_an_item_of_the_response_it_is_part_of_one_answer():
    driver = bridging()
    effects = driver.give(
        created("r"),
        spoken("r", "i1", "One moment."),
        audio("r", "i1", bytes(480)),
        spoken("r", "i2", "It is four."),
        audio("r", "i2", bytes(480)),
        done("r"),
    )
    assert said(effects) == ["One moment.", "It is four."]
    assert names(effects).count("ResponseOpened") == names(effects).count("ResponseClosed") == 1


def test_before_a_call_in_the_same_response_the_call_is_made_once():
    driver = bridging()
    effects = driver.give(
        created("r"),
        spoken("r", "i1", "One moment."),
        item_added("r", call_item("c")),
        arguments_done("r", "c"),
        done("r", output=[call_item("c")]),
    )
    assert [len(calls.calls) for calls in of(fx.ToolCalls, effects)] == [1]


def test_a_response_of_its_own_does_not_answer_what_is_asked_for():
    driver = bridging()
    request = request_in(driver.give(AddItem(message("hi")), Respond()))
    confirm_all(driver)
    driver.give(created("i"), spoken("i", "i1", "One moment."), done("i"))
    assert driver.session.answer_pending
    effects = driver.give(created("r", request), spoken("r", "a", "Hello."), done("r"))
    assert said(effects) == ["Hello."]
    assert not driver.session.answer_pending


def test_a_response_of_its_own_while_a_tool_runs_leaves_its_result_to_be_spoken_of():
    driver = bridging()
    driver.give(created("r"), arguments_done("r", "c"), done("r"))
    driver.give(created("i"), spoken("i", "i1", "One moment."), AnswerTool("c", "4"))
    confirm_all(driver)
    driver.give(RespondToResults())
    assert len(requests_in(driver.give(done("i")))) == 1


def test_a_response_of_its_own_after_the_result_leaves_it_to_be_spoken_of():
    driver = bridging()
    driver.give(created("r"), arguments_done("r", "c"), done("r"), AnswerTool("c", "4"))
    confirm_all(driver)
    driver.give(created("i"), done("i"))
    assert driver.session.results_waiting
    assert len(requests_in(driver.give(RespondToResults()))) == 1


def test_without_interim_responses_a_response_of_the_services_own_is_an_answer():
    driver = ready()
    driver.give(AddItem(message("hi")), Respond())
    confirm_all(driver)
    driver.give(created("i"), done("i"))
    assert not driver.session.answer_pending
