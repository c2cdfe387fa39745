"""Questions out of band: asked in pauses, giving way to the conversation, and never taken for an answer."""

from __future__ import annotations

from session_harness import (
    VAD,
    Driver,
    arguments_done,
    audio,
    created,
    done,
    manual,
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
    updated,
    written,
)

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import (
    ConversationItem,
    ErrorDetails,
    ItemContent,
    Response,
    SessionInfo,
    TokenUsage,
)
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.response import METADATA_KEY

ASK = inputs.Ask("a", ce.ResponseProperties(instructions="classify"))


def asked(driver: Driver) -> ce.ResponseCreateEvent:
    return request_in(driver.give(ASK))


def given(driver: Driver) -> ce.ResponseCreateEvent:
    request = asked(driver)
    driver.give(created("out", request))
    return request


def test_a_question_is_asked_out_of_band_and_known_by_its_metadata():
    request = asked(manual())
    assert request.response.conversation == "none"
    assert request.response.instructions == "classify"
    assert request.response.metadata == {METADATA_KEY: request.event_id}


def test_its_answer_is_text_and_nothing_else_comes_out():
    driver = manual()
    request = asked(driver)
    effects = driver.give(
        created("out", request),
        written("out", "i1", "It is "),
        written("out", "i1", "fine."),
        audio("out", "i1", b"ab"),
        arguments_done("out", "call"),
        done("out"),
    )
    (answer,) = effects
    assert isinstance(answer, fx.AskAnswered)
    assert (answer.ask_id, answer.text) == ("a", "It is fine.")


def test_its_words_are_taken_from_the_end_if_they_did_not_come_before():
    driver = manual()
    given(driver)
    item = ConversationItem(
        type="message", role="assistant", id="i", content=[ItemContent(type="text", text="Fine.")]
    )
    (answer,) = of(fx.AskAnswered, driver.give(done("out", output=[item])))
    assert answer.text == "Fine."


def test_text_of_an_earlier_attempt_is_not_in_the_answer():
    driver = manual()
    given(driver)
    driver.give(written("out", "i", "Half"), inputs.Respond())
    again = driver.give(done("out", "cancelled"))
    driver.give(created("r", request_in(again)))
    again = driver.give(done("r"))
    driver.give(created("out2", request_in(again)), written("out2", "i", "Whole"))
    (answer,) = of(fx.AskAnswered, driver.give(done("out2")))
    assert answer.text == "Whole"


def test_a_question_waits_for_the_running_answer():
    driver = manual()
    driver.give(created("r", request_in(driver.give(inputs.Respond()))))
    assert sent(driver.give(ASK)) == []
    assert request_in(driver.give(done("r"))).response.conversation == "none"


def test_a_question_waits_for_the_caller_and_the_answer_that_follows():
    driver = ready()
    driver.give(speech_started())
    assert sent(driver.give(ASK)) == []
    assert sent(driver.give(speech_stopped())) == []
    assert sent(driver.give(created("r"))) == []
    assert request_in(driver.give(done("r"))).response.instructions == "classify"


def test_a_question_waits_for_a_caller_whom_nothing_answers_of_itself():
    driver = ready(turn_detection={**VAD, "create_response": False})
    driver.give(speech_started())
    assert sent(driver.give(ASK)) == []
    assert request_in(driver.give(speech_stopped())).response.instructions == "classify"


def test_a_question_waits_for_the_session():
    driver = Driver()
    driver.give(inputs.Configure({}))
    assert driver.give(ASK) == []
    driver.give(se.SessionCreated(session=SessionInfo(id="s")))
    assert request_in(driver.give(updated())).response.conversation == "none"


def test_questions_are_asked_one_after_the_other():
    driver = manual()
    first = asked(driver)
    assert driver.give(inputs.Ask("b", ce.ResponseProperties(instructions="second"))) == []
    driver.give(created("out", first))
    assert request_in(driver.give(done("out"))).response.instructions == "second"


def test_it_gives_way_to_the_caller_and_is_asked_again_after_the_answer():
    driver = ready()
    given(driver)
    (cancel,) = sent(driver.give(speech_started()))
    assert cancel == ce.ResponseCancelEvent(response_id="out")
    assert of(fx.AskDeferred, driver.give(done("out", "cancelled")))
    driver.give(speech_stopped(), created("r"))
    again = request_in(driver.give(done("r")))
    assert again.response.instructions == "classify"
    driver.give(created("out2", again), written("out2", "i", "Yes"))
    assert [answer.text for answer in of(fx.AskAnswered, driver.give(done("out2")))] == ["Yes"]


def test_it_gives_way_to_a_wanted_answer_which_is_asked_for_when_it_is_gone():
    driver = manual()
    given(driver)
    assert sent_types(driver.give(inputs.Respond())) == ["response.cancel"]
    answer = request_in(driver.give(done("out", "cancelled")))
    assert answer.response.conversation is ce.UNSET
    driver.give(created("r", answer))
    assert request_in(driver.give(done("r"))).response.conversation == "none"


def test_one_that_was_asked_for_when_an_answer_is_wanted_is_cancelled_as_it_begins():
    driver = manual()
    request = asked(driver)
    assert sent(driver.give(inputs.Respond())) == []
    assert sent(driver.give(created("out", request))) == [ce.ResponseCancelEvent(response_id="out")]


def test_an_answer_that_was_complete_before_it_could_give_way_counts():
    driver = manual()
    given(driver)
    driver.give(written("out", "i", "Done"), inputs.Respond())
    effects = driver.give(done("out"))
    assert [answer.text for answer in of(fx.AskAnswered, effects)] == ["Done"]
    assert request_in(effects).response.conversation is ce.UNSET


def test_a_response_of_the_services_own_beside_it_comes_out_as_an_answer():
    driver = ready()
    given(driver)
    effects = driver.give(created("r"), audio("r", "i", b"abcd"), done("r"))
    assert names(effects)[:4] == ["response.cancel", "ResponseOpened", "SpeechOpened", "SpeechItem"]


def test_a_late_announcement_of_it_opens_no_answer():
    driver = manual()
    request = given(driver)
    driver.give(done("out"))
    assert driver.give(created("out", request), written("out", "i", "again"), done("out")) == []


def test_refused_because_another_runs_it_is_asked_again_a_little_later():
    driver = manual()
    request = asked(driver)
    (told,) = driver.give(refusal(request.event_id))
    assert told == fx.AskRefused("", ErrorDetails(code=refusal("").error.code, event_id=request.event_id))
    assert request_in(driver.wait(0.4)).response.instructions == "classify"


def test_refused_for_what_it_is_it_is_gone():
    driver = manual()
    request = asked(driver)
    (told,) = driver.give(refusal(request.event_id, "invalid_value"))
    assert isinstance(told, fx.AskRefused)
    assert told.ask_id == "a"
    assert driver.wait(10) == []


def test_one_that_is_withdrawn_before_it_is_asked_is_never_asked():
    driver = manual()
    driver.give(created("r", request_in(driver.give(inputs.Respond()))))
    driver.give(ASK, inputs.Withdraw("a"))
    assert requests_in(driver.give(done("r"))) == []


def test_one_that_is_withdrawn_while_it_runs_is_cancelled_and_not_asked_again():
    driver = manual()
    given(driver)
    assert sent_types(driver.give(inputs.Withdraw("a"))) == ["response.cancel"]
    usage = TokenUsage(total_tokens=3)
    ending = se.ResponseDone(response=Response(id="out", status="cancelled", usage=usage))
    (deferred,) = driver.give(ending)
    assert isinstance(deferred, fx.AskDeferred)
    assert deferred.response.usage == usage
    assert driver.wait(10) == []


def test_an_interruption_leaves_it_alone():
    driver = manual()
    given(driver)
    assert driver.give(inputs.Interrupt()) == []


def test_a_version_without_metadata_cannot_be_asked():
    session = Session(id_prefix="t", api_version="2025-10-01")
    (refused,) = session.handle(ASK, 0.0)
    assert isinstance(refused, fx.AskRefused)
    assert refused.error.code == "no_metadata"


def test_a_version_without_metadata_has_the_first_response_for_ours():
    session = Session(id_prefix="t", api_version="2025-10-01")
    session.handle(se.SessionCreated(session=SessionInfo(id="s")), 0.0)
    session.handle(inputs.Configure({}), 0.0)
    session.handle(updated(), 0.0)
    session.handle(inputs.Respond(ce.ResponseProperties(instructions="x")), 0.0)
    session.handle(created("r"), 0.0)
    session.handle(done("r"), 0.0)
    session.handle(inputs.Tick(), 5.0)
    assert not session.answer_pending


def test_a_lost_connection_ends_it():
    driver = manual()
    given(driver)
    driver.give(inputs.Lost())
    assert driver.session.deadline_s is None
    assert driver.give(written("out", "i", "x"), done("out")) == []


def mcp(item_type: str, **members: str) -> ConversationItem:
    return ConversationItem(type=item_type, id="m", server_label="sums", name="add", **members)


def test_tools_that_the_service_runs_for_a_question_are_told_of_to_nobody_and_spoken_of_by_none():
    driver = manual()
    given(driver)
    added = se.ResponseOutputItemAdded(response_id="out", item=mcp("mcp_call"))
    asks = se.ResponseOutputItemAdded(response_id="out", item=mcp("mcp_approval_request"))
    assert driver.give(added, asks, se.ResponseMcpCallInProgress(item_id="m")) == []
    assert names(driver.give(se.ConversationItemCreated(item=mcp("mcp_call")))) == ["ItemCreated"]
    assert names(driver.give(done("out"))) == ["AskAnswered"]
    item = mcp("mcp_call", output="3")
    assert driver.give(se.ResponseOutputItemDone(response_id="out", item=item)) == []
    assert not driver.session.answer_pending
