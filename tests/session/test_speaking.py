"""Words to be said as they are: asked for when their turn comes, and no answer to anything."""

import pytest
from session_harness import (
    call_item,
    confirm_all,
    created,
    done,
    manual,
    message,
    names,
    of,
    ready,
    refusal,
    request_in,
    requests_in,
    sent_types,
    speech_started,
    speech_stopped,
)

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ConversationItem, SessionInfo
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx


def words_of(request):
    item = request.response.pre_generated_assistant_message
    return item.words if item is not ce.UNSET else None


def run(driver, response_id, request):
    """Let the service give the response that is asked for. Returns what comes of it."""
    item = ConversationItem(type="message", id=f"item_{response_id}", role="assistant")
    added = se.ResponseOutputItemAdded(response_id=response_id, item=item)
    return driver.give(created(response_id, request), added, done(response_id))


@pytest.mark.proves("response.create.pre_generated_assistant_message", "feature.speak")
def test_a_speech_is_asked_for_as_an_assistant_message_of_one_text_part():
    request = request_in(manual().give(inputs.Speak("Welcome aboard.")))
    item = request.response.pre_generated_assistant_message
    assert (item.type, item.role) == ("message", "assistant")
    assert [(part.type, part.text) for part in item.content] == [("text", "Welcome aboard.")]


def test_the_answer_says_which_speech_it_is():
    driver, speech = manual(), inputs.Speak("Welcome.", tag="the greeting")
    effects = run(driver, "r1", request_in(driver.give(speech)))
    assert of(fx.ResponseOpened, effects) == [fx.ResponseOpened("r1", speech)]


def test_an_answer_of_the_models_own_names_no_speech():
    driver = manual()
    effects = run(driver, "r1", request_in(driver.give(inputs.Respond())))
    assert of(fx.ResponseOpened, effects) == [fx.ResponseOpened("r1", None)]


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_blank_words_change_nothing(text):
    assert manual().give(inputs.Speak(text)) == []


def test_before_the_session_is_ready_a_speech_waits_for_it():
    session = Session(id_prefix="t")
    assert session.handle(inputs.Speak("Welcome."), 0.0) == []
    session.handle(inputs.Configure({}), 0.0)
    session.handle(se.SessionCreated(session=SessionInfo()), 0.0)
    effects = session.handle(se.SessionUpdated(session=SessionInfo()), 0.0)
    assert words_of(request_in(effects)) == "Welcome."


def test_speeches_wait_for_the_running_answer_and_keep_their_order():
    driver = manual()
    driver.give(created("r1", request_in(driver.give(inputs.Respond()))))
    assert driver.give(inputs.Speak("One."), inputs.Speak("Two."), inputs.Speak("One.")) == []
    one = request_in(driver.give(done("r1")))
    two = request_in(run(driver, "r2", one))
    again = request_in(run(driver, "r3", two))
    assert [words_of(request) for request in (one, two, again)] == ["One.", "Two.", "One."]


def test_an_answer_that_is_wanted_meanwhile_is_not_merged_with_a_speech():
    driver = manual()
    first = request_in(driver.give(inputs.Speak("One moment.")))
    assert driver.give(inputs.Respond()) == []
    assert words_of(request_in(run(driver, "r1", first))) is None


def test_an_answer_of_the_services_own_does_not_stand_for_a_speech():
    driver = ready()
    driver.give(speech_started(), inputs.Speak("By the way."), speech_stopped(), created("r1"))
    assert words_of(request_in(driver.give(done("r1")))) == "By the way."


def test_a_speech_refused_because_another_response_got_in_first_is_said_after_it():
    driver = manual()
    request = request_in(driver.give(inputs.Speak("Hello.")))
    driver.give(created("r1"), refusal(request.event_id))
    assert words_of(request_in(driver.give(done("r1")))) == "Hello."


def test_a_speech_refused_for_its_content_is_told_and_gone():
    driver = manual()
    request = request_in(driver.give(inputs.Speak("Hello.")))
    effects = driver.give(refusal(request.event_id, "invalid_value"))
    assert names(effects) == ["RequestRefused"]
    assert not driver.session.answer_pending


def test_an_interruption_drops_speeches_that_have_not_begun():
    driver = manual()
    driver.give(created("r1", request_in(driver.give(inputs.Speak("One.")))))
    driver.give(inputs.Speak("Two."))
    assert sent_types(driver.give(inputs.Interrupt())) == ["response.cancel"]
    assert requests_in(driver.give(done("r1", "cancelled"))) == []
    assert not driver.session.answer_pending


def test_an_interruption_by_the_caller_drops_speeches_too_though_answers_are_kept():
    driver = ready()
    driver.give(created("r1"), inputs.Respond(), inputs.Speak("Two."), speech_started(), inputs.Interrupt())
    driver.give(done("r1", "cancelled"), speech_stopped())
    (request,) = requests_in(driver.wait(10))
    assert words_of(request) is None


def test_a_speech_marked_uninterruptible_outlives_an_interruption_while_it_waits():
    driver = manual()
    driver.give(created("r1", request_in(driver.give(inputs.Respond()))))
    driver.give(inputs.Speak("This call is recorded.", interruptible=False), inputs.Interrupt())
    assert words_of(request_in(driver.give(done("r1", "cancelled")))) == "This call is recorded."


def test_an_uninterruptible_speech_that_was_asked_for_in_vain_is_asked_for_again():
    driver = manual()
    request = request_in(driver.give(inputs.Speak("This call is recorded.", interruptible=False)))
    driver.give(inputs.Interrupt(), created("r1", request))
    assert words_of(request_in(driver.give(done("r1", "cancelled")))) == "This call is recorded."


def test_a_speech_is_no_answer_to_what_was_said():
    driver = manual()
    request = request_in(driver.give(inputs.Speak("One moment."), inputs.Speak("Two moments.")))
    driver.give(inputs.AddItem(message("What time is it?")))
    confirm_all(driver)
    assert not driver.session.answer_coming
    assert driver.session.answer_pending
    driver.give(created("r1", request))
    assert not driver.session.answer_coming
    driver.give(inputs.Respond())
    assert driver.session.answer_coming


def test_a_speech_while_a_tool_runs_leaves_its_result_to_be_spoken_of():
    driver = manual()
    driver.give(created("r1", request_in(driver.give(inputs.Respond()))))
    driver.give(done("r1", output=[call_item("c1")]))
    filler = request_in(driver.give(inputs.Speak("Let me look.")))
    driver.give(inputs.AnswerTool("c1", "42"))
    confirm_all(driver)
    run(driver, "r2", filler)
    assert driver.session.results_waiting
    assert words_of(request_in(driver.give(inputs.RespondToResults()))) is None


def test_a_version_that_cannot_speak_given_words_says_nothing_and_tells():
    session = Session(id_prefix="t", api_version="2025-10-01")
    session.handle(se.SessionCreated(session=SessionInfo()), 0.0)
    session.handle(inputs.Configure({}), 0.0)
    session.handle(se.SessionUpdated(session=SessionInfo()), 0.0)
    (told,) = session.handle(inputs.Speak("Welcome."), 0.0)
    assert isinstance(told, fx.OptionWithheld)
    assert "2026-01-01-preview" in told.reason
    assert not session.answer_pending
    assert session.handle(inputs.Speak("Goodbye."), 0.0) == []
