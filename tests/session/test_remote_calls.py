"""Calls that the service runs itself: told of once, approved once, spoken of once."""

import pytest
from session_harness import (
    arguments_done,
    committed,
    confirm_all,
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
    speech_started,
    speech_stopped,
    spoken,
)

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session import remote_effects as rx
from pipecat_voicelive.session.inputs import (
    AddItem,
    AnswerApproval,
    AnswerTool,
    Interrupt,
    Lost,
    Respond,
    RespondToResults,
)


def mcp_item(item_id="m1", name="add", **members):
    return ConversationItem(type="mcp_call", id=item_id, server_label="sums", name=name, **members)


def added(response_id, item):
    return se.ResponseOutputItemAdded(response_id=response_id, item=item)


def item_done(response_id, item):
    return se.ResponseOutputItemDone(response_id=response_id, item=item)


def call_made(response_id="r1", item_id="m1", arguments='{"a": 1}'):
    """An MCP call up to its arguments, as its item and the events tell of it."""
    item = mcp_item(item_id)
    half = len(arguments) // 2
    members = {"response_id": response_id, "item_id": item_id}
    return [
        added(response_id, item),
        se.ConversationItemCreated(item=item),
        se.ResponseMcpCallArgumentsDelta(**members, delta=arguments[:half]),
        se.ResponseMcpCallArgumentsDelta(**members, delta=arguments[half:]),
        se.ResponseMcpCallArgumentsDone(**members, arguments=arguments),
    ]


def running(item_id="m1"):
    return se.ResponseMcpCallInProgress(item_id=item_id)


def completed(item_id="m1"):
    return se.ResponseMcpCallCompleted(item_id=item_id)


def failed(item_id="m1"):
    return se.ResponseMcpCallFailed(item_id=item_id)


def with_output(item_id="m1", output="3", response_id="r1"):
    return item_done(response_id, mcp_item(item_id, arguments='{"a": 1}', output=output))


def approval_request(request_id="q1", name="add", arguments='{"a": 1}'):
    return se.ConversationItemCreated(
        item=ConversationItem(
            type="mcp_approval_request", id=request_id, server_label="sums", name=name, arguments=arguments
        )
    )


def approvals(effects):
    """(request, approve, reason) of each answer sent."""
    return [
        (event.item.approval_request_id, event.item.approve, event.item.reason or None)
        for event in sent(effects)
        if event.type == "conversation.item.create" and event.item.type == "mcp_approval_response"
    ]


def endings(effects):
    return [(ended.call.call_id, ended.outcome, ended.output) for ended in of(rx.RemoteCallEnded, effects)]


# --- a call --------------------------------------------------------------------------------------------


@pytest.mark.proves(
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
)
def test_a_call_is_told_of_from_its_beginning_to_its_end_and_then_spoken_of():
    driver = ready()
    effects = driver.give(created("r1"), *call_made())
    call = rx.RemoteCall("m1", "mcp_call", "add", "sums", "", "r1")
    assert of(rx.RemoteCallStarted, effects) == [rx.RemoteCallStarted(call)]
    assert requests_in(driver.give(done("r1"))) == []
    (told,) = of(rx.RemoteCallRunning, driver.give(running()))
    assert (told.call.call_id, told.call.arguments) == ("m1", '{"a": 1}')
    assert driver.session.answer_pending
    assert driver.give(completed()) == []
    effects = driver.give(with_output())
    assert names(effects) == ["RemoteCallEnded", "response.create"]
    assert endings(effects) == [("m1", "completed", "3")]


def test_arguments_are_known_from_their_pieces_if_nothing_says_them_whole():
    driver = ready()
    *begun, _ = call_made(arguments='{"a": 12}')
    driver.give(created("r1"), *begun)
    (told,) = of(rx.RemoteCallRunning, driver.give(running()))
    assert told.call.arguments == '{"a": 12}'


def test_a_call_that_runs_before_its_arguments_are_told_is_told_again_with_them():
    driver = ready()
    item, created_item, *_, whole = call_made()
    driver.give(created("r1"), item, created_item)
    effects = driver.give(running(), whole)
    assert [told.call.arguments for told in of(rx.RemoteCallRunning, effects)] == ["", '{"a": 1}']


@pytest.mark.parametrize(
    "ending",
    [
        [completed(), with_output(), completed(), with_output()],
        [with_output(), completed(), completed()],
        [completed(), completed(), with_output()],
        [with_output(), failed()],
    ],
    ids=["both twice", "output first", "completed twice", "failed afterwards"],
)
def test_a_call_ends_once_and_is_spoken_of_once_whatever_says_so_and_how_often(ending):
    driver = ready()
    driver.give(created("r1"), *call_made(), done("r1"), running())
    effects = driver.give(*ending)
    assert endings(effects) == [("m1", "completed", "3")]
    request = request_in(effects)
    driver.give(created("r2", request), *ending, done("r2"), *ending)
    assert requests_in(driver.trace) == [request]
    assert not driver.session.answer_pending


def test_a_call_whose_output_never_comes_ends_soon_without_it():
    driver = ready()
    driver.give(created("r1"), *call_made(), done("r1"), running(), completed())
    effects = driver.wait(1)
    assert endings(effects) == [("m1", "completed", None)]
    request_in(effects)


@pytest.mark.proves("response.mcp_call.failed")
def test_a_call_that_fails_is_told_with_its_error_and_spoken_of():
    driver = ready()
    driver.give(created("r1"), *call_made(), done("r1"), running(), failed())
    effects = driver.give(item_done("r1", mcp_item(error={"message": "no"})))
    (ended,) = of(rx.RemoteCallEnded, effects)
    assert (ended.outcome, ended.error) == ("failed", {"message": "no"})
    request_in(effects)


def test_a_call_that_only_its_response_tells_of_is_told_too():
    driver = ready()
    driver.give(created("r1"))
    effects = driver.give(done("r1", output=[mcp_item(output="3", arguments="{}")]))
    assert endings(effects) == [("m1", "completed", "3")]
    request_in(effects)


def test_calls_of_an_earlier_conversation_are_history():
    driver = ready()
    effects = driver.give(se.ConversationItemCreated(item=mcp_item(output="3")))
    assert names(effects) == ["ItemCreated"]
    assert not driver.session.answer_pending


def test_events_of_calls_that_nobody_announced_change_nothing():
    driver = ready()
    driver.give(created("r1"))
    assert driver.give(running("x"), completed("x"), failed("x")) == []
    assert requests_in(driver.give(done("r1"))) == []


# --- what is said of it --------------------------------------------------------------------------------


@pytest.mark.proves("feature.mcp-follow-up")
def test_two_calls_of_a_response_are_spoken_of_together():
    driver = ready()
    driver.give(created("r1"), *call_made(), *call_made(item_id="m2"), done("r1"), running(), running("m2"))
    assert requests_in(driver.give(with_output("m2"))) == []
    request_in(driver.give(with_output("m1")))


def test_a_call_that_is_over_before_its_response_waits_for_the_others_of_it():
    driver = ready()
    driver.give(created("r1"), *call_made(), running())
    assert requests_in(driver.give(with_output())) == []
    assert requests_in(driver.give(*call_made(item_id="m2"), done("r1"))) == []
    request_in(driver.give(with_output("m2")))


@pytest.mark.parametrize("first", ["function", "mcp"])
def test_a_function_and_a_remote_call_of_one_response_bring_one_answer(first):
    driver = ready()
    driver.give(created("r1"), *call_made(), arguments_done("r1", "c1"))
    assert len(of(fx.ToolCalls, driver.give(done("r1")))) == 1
    function = [AnswerTool("c1", "{}"), RespondToResults()]
    remote = [running(), with_output()]
    earlier, later = (function, remote) if first == "function" else (remote, function)
    assert requests_in(driver.give(*earlier)) == []
    request = request_in(driver.give(*later))
    confirm_all(driver)
    driver.give(RespondToResults(), created("r2", request), done("r2"))
    assert requests_in(driver.trace) == [request]


def test_a_function_call_that_is_not_yet_handed_over_is_waited_for():
    driver = ready()
    driver.give(speech_started(), speech_stopped(), committed(), created("r1"), spoken("r1", "a1", "Hm"))
    driver.give(*call_made(), arguments_done("r1", "c1"), running(), with_output())
    effects = driver.give(done("r1"))
    assert of(fx.ToolCalls, effects) == [], "the transcript is still awaited"
    assert requests_in(effects) == []
    assert requests_in(driver.wait(1)) == []
    request_in(driver.give(AnswerTool("c1", "{}")))


def test_a_function_that_cannot_be_run_waits_for_the_remote_call_beside_it():
    driver = ready()
    driver.give(created("r1"), *call_made(), arguments_done("r1", "c1", "{"))
    assert requests_in(driver.give(done("r1"))) == []
    request_in(driver.give(with_output()))


def test_what_else_is_owed_is_said_in_the_same_answer():
    driver = ready()
    driver.give(created("r1"), *call_made(), running(), with_output())
    assert requests_in(driver.give(AddItem(message("And?")), Respond())) == []
    request = request_in(driver.give(done("r1")))
    confirm_all(driver)
    driver.give(created("r2", request), done("r2"))
    assert requests_in(driver.trace) == [request]


def test_a_result_that_comes_while_the_caller_speaks_is_left_to_the_answer_to_that_turn():
    driver = ready()
    driver.give(created("r1"), *call_made(), done("r1"), running())
    driver.give(speech_started(), Interrupt())
    assert requests_in(driver.give(with_output())) == []
    driver.give(speech_stopped(), committed(), created("r2"), done("r2"))
    driver.wait(2)
    assert requests_in(driver.trace) == []
    assert not driver.session.answer_pending


def test_a_result_that_comes_while_another_answer_runs_is_spoken_of_after_it():
    driver = ready()
    driver.give(created("r1"), *call_made(), done("r1"), running(), created("r2"))
    assert requests_in(driver.give(with_output())) == []
    request_in(driver.give(done("r2")))


def test_a_call_of_a_response_that_was_stopped_ends_with_it():
    driver = ready()
    driver.give(created("r1"), *call_made(), Interrupt())
    effects = driver.give(done("r1", "cancelled"))
    assert endings(effects) == [("m1", "cancelled", None)]
    assert requests_in(effects) == []
    assert not driver.session.answer_pending


def test_a_call_that_runs_for_ever_is_not_waited_for_but_still_counts_if_it_ends():
    driver = ready()
    driver.give(created("r1"), *call_made(), arguments_done("r1", "c1"), done("r1"), running())
    driver.give(AnswerTool("c1", "{}"), RespondToResults())
    effects = driver.wait(60)
    assert endings(effects) == [("m1", "overdue", None)]
    driver.give(created("r2", request_in(effects)), done("r2"))
    assert not driver.session.answer_pending
    effects = driver.give(with_output())
    assert endings(effects) == [("m1", "completed", "3")]
    request_in(effects)


def test_a_lost_connection_ends_the_calls():
    driver = ready()
    driver.give(created("r1"), *call_made(), done("r1"), running())
    assert endings(driver.give(Lost())) == [("m1", "lost", None)]
    assert not driver.session.answer_pending
    assert driver.session.deadline_s is None


# --- approval ------------------------------------------------------------------------------------------


def asked(driver):
    """A call that waits for approval, its response done."""
    driver.give(created("r1"), *call_made())
    effects = driver.give(approval_request())
    driver.give(done("r1"))
    return effects


@pytest.mark.proves("feature.mcp-approval")
def test_an_approved_call_runs_and_is_spoken_of():
    driver = ready()
    (told,) = of(rx.ApprovalRequested, asked(driver))
    assert (told.approval_request_id, told.call.call_id, told.call.arguments) == ("q1", "m1", '{"a": 1}')
    effects = driver.give(AnswerApproval("q1", approve=True))
    assert approvals(effects) == [("q1", True, None)]
    assert [answer.approve for answer in of(rx.ApprovalAnswered, effects)] == [True]
    assert requests_in(effects) == []
    confirm_all(driver)
    request_in(driver.give(running(), completed(), with_output()))


def test_a_denied_call_is_spoken_of_once():
    driver = ready()
    asked(driver)
    effects = driver.give(AnswerApproval("q1", approve=False, reason="too dear"))
    assert approvals(effects) == [("q1", False, "too dear")]
    assert endings(effects) == [("m1", "denied", None)]
    request = request_in(effects)
    confirm_all(driver)
    driver.give(failed(), item_done("r1", mcp_item(error="denied")), created("r2", request), done("r2"))
    assert requests_in(driver.trace) == [request]
    assert len(endings(driver.trace)) == 1


def test_a_request_is_answered_once():
    driver = ready()
    asked(driver)
    driver.give(AnswerApproval("q1", approve=True), AnswerApproval("q1", approve=False))
    driver.give(approval_request(), AnswerApproval("unknown", approve=True))
    driver.wait(40)
    assert approvals(driver.trace) == [("q1", True, None)]
    assert len(of(rx.ApprovalRequested, driver.trace)) == 1


def test_a_request_that_nobody_answers_is_denied_in_time():
    driver = ready()
    asked(driver)
    assert approvals(driver.wait(29)) == []
    effects = driver.wait(1)
    assert approvals(effects) == [("q1", False, None)]
    (answered,) = of(rx.ApprovalAnswered, effects)
    assert answered.timed_out
    request_in(effects)


def test_a_request_without_a_call_of_its_own_is_one():
    driver = ready()
    driver.give(created("r1"))
    effects = driver.give(approval_request())
    assert names(effects) == ["ItemCreated", "RemoteCallStarted", "ApprovalRequested"]
    driver.give(done("r1"), AnswerApproval("q1", approve=True))
    item = mcp_item("m9", approval_request_id="q1")
    effects = driver.give(se.ConversationItemCreated(item=item), running("m9"))
    assert [told.call.call_id for told in of(rx.RemoteCallRunning, effects)] == ["q1"]
    effects = driver.give(with_output("m9"))
    assert endings(effects) == [("q1", "completed", "3")]
    request_in(effects)


def test_each_of_two_requests_is_for_a_call_of_its_own():
    driver = ready()
    driver.give(
        created("r1"), *call_made(arguments='{"a": 1}'), *call_made(item_id="m2", arguments='{"a": 2}')
    )
    effects = driver.give(approval_request("q2", arguments='{"a": 2}'), approval_request("q1"))
    assert [told.call.call_id for told in of(rx.ApprovalRequested, effects)] == ["m2", "m1"]


def test_a_call_that_runs_although_nobody_approved_it_needs_no_approval_any_more():
    driver = ready()
    asked(driver)
    driver.give(running(), with_output())
    assert approvals(driver.give(AnswerApproval("q1", approve=False)) + driver.wait(40)) == []


def test_the_caller_may_go_on_while_approval_is_pending():
    driver = ready()
    asked(driver)
    driver.give(speech_started(), Interrupt(), speech_stopped(), committed(), created("r2"), done("r2"))
    assert requests_in(driver.trace) == []
    driver.give(AnswerApproval("q1", approve=True))
    confirm_all(driver)
    request_in(driver.give(running(), with_output()))


def test_an_approval_that_is_refused_does_not_hold_the_session_for_ever():
    driver = ready()
    asked(driver)
    (event,) = sent(driver.give(AnswerApproval("q1", approve=True)))
    driver.give(refusal(event.event_id, "invalid_value"))
    driver.wait(60)
    assert endings(driver.trace) == [("m1", "overdue", None)]
    assert not driver.session.answer_pending


# --- searches, agents ----------------------------------------------------------------------------------


@pytest.mark.proves(
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
    "response.web_search_call.completed",
)
@pytest.mark.proves(
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.file_search_call.completed",
)
@pytest.mark.parametrize(
    ("kind", "events"),
    [
        (
            "web_search",
            (
                se.ResponseWebSearchCallInProgress,
                se.ResponseWebSearchCallSearching,
                se.ResponseWebSearchCallCompleted,
            ),
        ),
        (
            "file_search",
            (
                se.ResponseFileSearchCallInProgress,
                se.ResponseFileSearchCallSearching,
                se.ResponseFileSearchCallCompleted,
            ),
        ),
    ],
)
def test_a_search_is_told_of_and_left_to_the_response_that_makes_it(kind, events):
    driver = ready()
    item = ConversationItem(type=f"{kind}_call", id="s1", status="in_progress")
    effects = driver.give(created("r1"), added("r1", item))
    assert [(told.call.name, told.call.kind) for told in of(rx.RemoteCallStarted, effects)] == [
        (kind, f"{kind}_call")
    ]
    begins, searches, ends = (event(response_id="r1", item_id="s1") for event in events)
    assert [told.status for told in of(rx.RemoteCallRunning, driver.give(begins, searches))] == [
        "in_progress",
        "searching",
    ]
    assert driver.give(ends) == []
    whole = ConversationItem(type=f"{kind}_call", id="s1", status="completed")
    assert endings(driver.give(item_done("r1", whole))) == [("s1", "completed", None)]
    assert requests_in(driver.give(done("r1"))) == []
    assert not driver.session.answer_pending


def test_what_a_file_search_was_for_and_found_is_told():
    driver = ready()
    driver.give(created("r1"), added("r1", ConversationItem(type="file_search_call", id="s1")))
    found = [{"file_id": "f", "text": "..."}]
    item = ConversationItem(
        type="file_search_call", id="s1", status="completed", queries=["hats"], results=found
    )
    (ended,) = of(rx.RemoteCallEnded, driver.give(item_done("r1", item)))
    assert (ended.call.queries, ended.output) == (("hats",), found)


@pytest.mark.proves(
    "response.foundry_agent_call_arguments.delta",
    "response.foundry_agent_call_arguments.done",
    "response.foundry_agent_call.in_progress",
    "response.foundry_agent_call.completed",
    "response.foundry_agent_call.failed",
)
@pytest.mark.parametrize("good", [True, False])
def test_a_call_of_another_agent_is_told_of_and_its_answer_left_to_the_service(good):
    driver = ready()
    item = ConversationItem(type="foundry_agent_call", id="a1", name="travel", call_id="c1")
    members = {"response_id": "r1", "item_id": "a1"}
    driver.give(created("r1"), added("r1", item))
    driver.give(
        se.ResponseFoundryAgentCallArgumentsDelta(**members, delta='{"q":'),
        se.ResponseFoundryAgentCallArgumentsDone(**members, arguments='{"q": 1}'),
    )
    (told,) = of(rx.RemoteCallRunning, driver.give(se.ResponseFoundryAgentCallInProgress(item_id="a1")))
    assert (told.call.name, told.call.arguments) == ("travel", '{"q": 1}')
    over = se.ResponseFoundryAgentCallCompleted if good else se.ResponseFoundryAgentCallFailed
    driver.give(over(item_id="a1", agent_response_id="x"))
    output = ConversationItem(type="foundry_agent_call", id="a1", output="Lisbon" if good else None)
    effects = driver.give(item_done("r1", output))
    assert endings(effects) == [("a1", "completed", "Lisbon") if good else ("a1", "failed", None)]
    assert requests_in(driver.give(done("r1"))) == []


@pytest.mark.proves("response.audio_transcript.annotation.added")
def test_an_annotation_is_tied_to_its_item_and_its_place_in_the_text():
    driver = ready()
    driver.give(created("r1"), spoken("r1", "a1", "Lisbon"), spoken("r1", "a2", "Oslo is"))
    cited = se.ResponseAudioTranscriptAnnotationAdded(
        response_id="r1", item_id="a1", content_index=0, annotation_index=2, annotation={"url": "u"}
    )
    assert driver.give(cited) == [rx.Annotation("r1", "a1", 0, 2, {"url": "u"}, text_offset=6)]
    driver.give(Interrupt())
    assert driver.give(cited) == []


# --- size ----------------------------------------------------------------------------------------------


def test_a_thousand_calls_leave_nothing_to_wait_for():
    driver = ready()
    for number in range(1000):
        item_id, response_id = f"m{number}", f"r{number}"
        driver.give(created(response_id), *call_made(response_id, item_id))
        driver.give(approval_request(f"q{number}"), done(response_id))
        driver.give(AnswerApproval(f"q{number}", approve=number % 2 == 0))
        confirm_all(driver)
        effects = driver.give(
            running(item_id), completed(item_id), with_output(item_id, response_id=response_id)
        )
        request = requests_in(driver.trace)[-1]
        driver.give(created(f"s{number}", request), done(f"s{number}"))
        driver.trace.clear()
        assert len(effects) <= 3
    assert not driver.session.answer_pending
    assert driver.session.deadline_s is None


# --- out of order, and from before ---------------------------------------------------------------------


def test_a_call_that_is_announced_after_its_response_is_spoken_of_all_the_same():
    driver = ready()
    driver.give(created("r1"), done("r1"), *call_made())
    request = request_in(driver.give(running(), with_output()))
    driver.give(created("r2", request), done("r2"))
    assert not driver.session.answer_pending


def test_a_call_of_no_response_is_not_waited_for_without_end():
    driver = ready()
    driver.give(se.ConversationItemCreated(item=mcp_item()))
    assert endings(driver.wait(60)) == [("m1", "overdue", None)]
    assert not driver.session.answer_pending


def test_a_request_for_approval_from_before_is_not_asked_again():
    driver = ready()
    denied = mcp_item(arguments='{"a": 1}')
    driver.give(se.ConversationItemCreated(item=denied), approval_request())
    driver.wait(70)
    assert of(rx.ApprovalRequested, driver.trace) == []
    assert sent(driver.trace) == []


def test_a_request_for_approval_that_comes_after_its_response_is_asked():
    driver = ready()
    driver.give(created("r1"), *call_made(), done("r1"))
    assert len(of(rx.ApprovalRequested, driver.give(approval_request()))) == 1


def approval_response(*, approve):
    return ConversationItem(type="mcp_approval_response", approval_request_id="q1", approve=approve)


@pytest.mark.parametrize(
    "answer",
    [
        lambda item: AddItem(item),
        lambda item: se.ConversationItemCreated(item=item),
    ],
    ids=["added", "created"],
)
def test_an_item_that_answers_a_request_is_its_answer(answer):
    driver = ready()
    asked(driver)
    effects = driver.give(answer(approval_response(approve=True)))
    assert [told.approve for told in of(rx.ApprovalAnswered, effects)] == [True]
    driver.wait(40)
    assert False not in [approve for _, approve, _ in approvals(driver.trace)]


def test_a_denial_given_as_an_item_is_spoken_of_once():
    driver = ready()
    asked(driver)
    effects = driver.give(AddItem(approval_response(approve=False)))
    assert approvals(effects) == [("q1", False, None)]
    request = request_in(effects)
    confirm_all(driver)
    driver.give(created("r2", request), done("r2"))
    driver.wait(40)
    assert requests_in(driver.trace) == [request]
    assert not driver.session.answer_pending
