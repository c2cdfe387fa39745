"""Which results are spoken of, and when."""

from msgspec import UNSET
from session_harness import arguments_done, confirm_all, created, done, manual, request_in

from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.session.inputs import AnswerTool, Respond, RespondToResults
from pipecat_voicelive.session.results import Results


def nothing(_group):
    return False


def test_results_are_due_when_they_are_wanted_and_their_group_is_settled():
    results = Results()
    results.given("i1", "r1")
    assert not results.due(nothing)
    results.want()
    assert not results.due(lambda group: group == "r1")
    assert results.due(nothing)
    results.clear()
    assert not results.due(nothing)


def test_an_answer_that_saw_them_speaks_of_them_and_one_that_did_not_leaves_them():
    results = Results()
    results.given("i1", "r1")
    results.given("i2", "r1")
    results.want()
    results.answered({"i2"})
    assert results.due(nothing)
    results.answered(set())
    assert not results.waiting


def test_a_wish_that_was_fulfilled_does_not_count_for_the_next_result():
    results = Results()
    results.given("i1", "r1")
    results.want()
    results.answered(set())
    results.given("i2", "r2")
    assert not results.due(nothing)


def test_the_answer_to_results_is_as_it_was_asked_for_and_the_next_is_like_the_rest():
    silent = ResponseProperties(modalities=["text"])
    driver = manual()
    driver.give(created("r1"), arguments_done("r1", "c1"), done("r1"), AnswerTool("c1", "{}"))
    confirm_all(driver)
    request = request_in(driver.give(RespondToResults(silent)))
    assert request.response.modalities == ["text"]
    driver.give(created("r2", request), arguments_done("r2", "c2"), done("r2"), AnswerTool("c2", "{}"))
    confirm_all(driver)
    assert request_in(driver.give(RespondToResults())).response.modalities is UNSET


def test_a_response_that_leaves_the_conversation_alone_speaks_of_no_results():
    driver = manual()
    driver.give(created("r1"), arguments_done("r1", "c1"), done("r1"), AnswerTool("c1", "{}"))
    confirm_all(driver)
    beside = request_in(driver.give(Respond(ResponseProperties(conversation="none"))))
    driver.give(created("r2", beside), done("r2"))
    assert driver.session.results_waiting
    request_in(driver.give(RespondToResults()))
