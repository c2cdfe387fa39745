"""Whose turn it is, and what waits for its end."""

import pytest
from session_harness import (
    VAD,
    audio,
    committed,
    confirm_all,
    created,
    done,
    manual,
    message,
    names,
    ready,
    refusal,
    request_in,
    requests_in,
    sent,
    sent_types,
    speech_started,
    speech_stopped,
)

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.inputs import (
    AddItem,
    AnswerTool,
    AppendAudio,
    CommitTurn,
    Interrupt,
    Respond,
    SendRaw,
    StartTurn,
)
from pipecat_voicelive.session.turns import GRACE_S, LONGEST_TURN_S, TurnRules


def acquainted_manual():
    """A session with manual turns whose service has given a request id back before."""
    driver = manual()
    request = request_in(driver.give(Respond()))
    driver.give(created("r0", request), done("r0"))
    driver.trace.clear()
    return driver


@pytest.mark.proves("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped")
def test_speech_is_told_with_its_place():
    driver = ready()
    assert driver.give(speech_started(), speech_stopped()) == [
        fx.UserSpeechStarted("u1", 10),
        fx.UserSpeechStopped("u1", 500),
    ]


def test_nothing_is_asked_for_while_the_caller_speaks():
    driver = ready()
    driver.give(speech_started())
    assert driver.give(Respond()) == []
    assert driver.session.answer_pending


def test_the_answer_to_the_turn_is_waited_for_after_it():
    driver = ready()
    driver.give(speech_started(), Respond(), speech_stopped())
    assert requests_in(driver.wait(GRACE_S * 0.9)) == []


def test_a_turn_that_brings_no_answer_gives_way_after_the_grace():
    driver = ready()
    driver.give(speech_started(), Respond(), speech_stopped())
    assert sent_types(driver.wait(GRACE_S)) == ["response.create"]


def test_an_answer_to_the_turn_answers_what_was_wanted_before_it():
    driver = ready()
    driver.give(speech_started(), Respond(), speech_stopped(), created("r1"))
    effects = driver.give(done("r1")) + driver.wait(60)
    assert requests_in(effects) == []
    assert not driver.session.answer_pending


def test_a_turn_is_over_at_once_when_turn_detection_brings_no_answers():
    driver = ready(turn_detection=VAD | {"create_response": False})
    driver.give(speech_started(), AnswerTool("c", "out", "look"))
    assert sent_types(driver.give(speech_stopped())) == ["response.create"]


@pytest.mark.proves("input_audio_buffer.cleared")
def test_a_cleared_buffer_ends_the_turn():
    driver = ready()
    driver.give(speech_started(), Respond())
    assert sent_types(driver.give(se.InputAudioBufferCleared())) == ["response.create"]


def test_a_turn_whose_end_is_never_told_does_not_hold_answers_for_ever():
    driver = ready()
    driver.give(speech_started(), Respond())
    assert driver.wait(LONGEST_TURN_S - 1) == []
    assert sent_types(driver.wait(1)) == ["response.create"]


def test_a_manual_turn_that_is_never_committed_does_not_hold_answers_for_ever():
    driver = manual()
    driver.give(StartTurn(), Respond())
    assert sent_types(driver.wait(LONGEST_TURN_S)) == ["response.create"]


def test_speech_that_outlasts_the_longest_turn_still_waits_for_its_answer():
    driver = ready()
    driver.give(speech_started())
    driver.wait(LONGEST_TURN_S)
    driver.give(speech_stopped())
    assert driver.give(Respond()) == []
    assert sent_types(driver.wait(GRACE_S)) == ["response.create"]


def test_a_turn_that_the_service_could_not_answer_because_it_was_answering_is_answered_next():
    driver = ready(turn_detection=VAD | {"interrupt_response": False})
    driver.give(created("r1"), speech_started(), speech_stopped(), committed())
    (refused,) = driver.give(refusal(None))
    assert refused.expected
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


def test_it_is_answered_with_the_next_turn_if_that_comes_first():
    driver = ready(turn_detection=VAD | {"interrupt_response": False})
    driver.give(created("r1"), speech_started(), speech_stopped(), committed())
    driver.give(speech_started("u2"), refusal(None), done("r1"))
    driver.give(speech_stopped("u2"), committed("u2"), created("r2"), done("r2"))
    assert requests_in(driver.trace + driver.wait(60)) == []


def test_a_drained_response_is_not_the_answer_to_the_turn():
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(speech_started(), Interrupt(), speech_stopped(), created("r1", request))
    assert requests_in(driver.give(done("r1", "cancelled"), Respond())) == []
    driver.give(created("r2"), done("r2"))
    assert requests_in(driver.wait(60)) == []


# --- manual turns ------------------------------------------------------------------------------------


@pytest.mark.proves("feature.manual-turns")
def test_a_committed_turn_is_answered():
    driver = manual()
    driver.give(StartTurn(), AppendAudio(b"ab"))
    assert sent_types(driver.give(CommitTurn())) == ["input_audio_buffer.commit", "response.create"]


def test_a_turn_without_audio_is_not_committed():
    driver = manual()
    assert driver.give(StartTurn(), CommitTurn()) == []
    assert not driver.session.answer_pending


def test_audio_is_committed_once():
    driver = manual()
    driver.give(StartTurn(), AppendAudio(b"ab"), CommitTurn())
    assert driver.give(StartTurn(), CommitTurn()) == []


def test_a_turn_without_audio_still_gives_way_to_what_was_owed():
    driver = manual()
    driver.give(StartTurn(), Respond())
    assert sent_types(driver.give(CommitTurn())) == ["response.create"]


def test_a_committed_turn_and_what_was_owed_before_it_are_one_answer():
    driver = manual()
    driver.give(StartTurn(), AppendAudio(b"ab"), Respond())
    request = request_in(driver.give(CommitTurn()))
    driver.give(created("r1", request))
    assert requests_in(driver.give(done("r1"))) == []


def test_a_committed_turn_is_answered_besides_a_response_with_its_own_properties():
    driver = manual()
    driver.give(StartTurn(), AppendAudio(b"ab"), Respond(ce.ResponseProperties(conversation="none")))
    effects = driver.give(CommitTurn())
    assert sent_types(effects) == ["input_audio_buffer.commit", "response.create"]
    driver.give(created("r1", request_in(effects)))
    assert len(requests_in(driver.give(done("r1")))) == 1


def test_a_committed_turn_is_not_answered_by_a_response_that_began_before_it():
    driver = acquainted_manual()
    driver.give(SendRaw(ce.ResponseCreateEvent()))
    request = request_in(driver.give(StartTurn(), AppendAudio(b"ab"), CommitTurn()))
    driver.give(created("r1"), committed("u1"), refusal(request.event_id))
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


def test_a_refused_commit_is_not_taken_for_the_next():
    driver = acquainted_manual()
    _, refused, request = sent(driver.give(AppendAudio(b"ab"), CommitTurn()))
    driver.give(refusal(refused.event_id, "input_audio_buffer_commit_empty"))
    driver.give(created("r1", request), done("r1"))
    request = request_in(driver.give(AppendAudio(b"ab"), CommitTurn()))
    driver.give(committed("u2"), created("r2"), refusal(request.event_id))
    assert requests_in(driver.give(done("r2")) + driver.wait(60)) == []


def test_a_turn_committed_during_an_answer_is_answered_after_it():
    driver = manual()
    request = request_in(driver.give(Respond()))
    driver.give(created("r1", request), StartTurn(), AppendAudio(b"ab"))
    assert sent_types(driver.give(CommitTurn())) == ["input_audio_buffer.commit"]
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


# --- interruptions -----------------------------------------------------------------------------------


def test_a_response_that_the_service_stops_itself_is_not_cancelled():
    driver = ready()
    driver.give(created("r1"), audio("r1", "a", b"ab"), speech_started())
    assert sent_types(driver.give(Interrupt())) == []


def test_a_response_is_cancelled_when_turn_detection_does_not_interrupt():
    driver = ready(turn_detection=VAD | {"interrupt_response": False})
    driver.give(created("r1"), speech_started())
    (cancel,) = sent(driver.give(Interrupt()))
    assert cancel == ce.ResponseCancelEvent(response_id="r1")


def test_a_response_that_began_after_the_speech_is_cancelled():
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(speech_started(), created("r1", request))
    assert sent(driver.give(Interrupt())) == [ce.ResponseCancelEvent(response_id="r1")]


def test_a_response_is_cancelled_when_the_service_was_told_nothing_of_the_speech():
    driver = manual()
    request = request_in(driver.give(Respond()))
    driver.give(created("r1", request), StartTurn())
    assert sent(driver.give(Interrupt())) == [ce.ResponseCancelEvent(response_id="r1")]


def test_an_interruption_by_speech_keeps_what_is_owed_in_case_the_turn_brings_no_answer():
    driver = ready()
    driver.give(
        created("r1"), Respond(), speech_started(), Interrupt(), done("r1", "cancelled"), speech_stopped()
    )
    assert sent_types(driver.wait(GRACE_S)) == ["response.create"]


def test_an_interruption_without_speech_drops_what_is_owed():
    driver = ready()
    driver.give(created("r1"), Respond(), Interrupt())
    assert requests_in(driver.give(done("r1", "cancelled")) + driver.wait(60)) == []
    assert not driver.session.answer_pending


def test_what_was_asked_and_what_was_owed_are_one_answer_after_an_interruption():
    driver = ready()
    request = request_in(driver.give(Respond()))
    driver.give(Respond(), speech_started(), Interrupt(), created("r1", request), done("r1", "cancelled"))
    driver.give(speech_stopped())
    again = request_in(driver.wait(GRACE_S))
    driver.give(created("r2", again))
    assert requests_in(driver.give(done("r2"))) == []


# --- tool results ------------------------------------------------------------------------------------


def test_a_result_that_comes_while_the_caller_speaks_is_answered_with_the_turn():
    driver = ready()
    driver.give(speech_started())
    assert sent_types(driver.give(AnswerTool("c", "out", "look"))) == ["conversation.item.create"]
    confirm_all(driver)
    driver.give(speech_stopped(), committed(), created("r1"), done("r1"))
    assert requests_in(driver.wait(60)) == []
    assert not driver.session.answer_pending


def test_a_result_is_answered_when_the_turn_brings_no_answer():
    driver = ready()
    driver.give(speech_started(), AnswerTool("c", "out", "look"), speech_stopped())
    assert sent_types(driver.wait(GRACE_S)) == ["response.create"]


def test_a_result_that_wants_no_answer_gets_none():
    driver = ready()
    driver.give(speech_started(), AnswerTool("c", "out", "look", respond=False), speech_stopped())
    assert requests_in(driver.wait(60)) == []
    assert not driver.session.answer_pending


def test_a_result_that_a_response_could_not_see_still_waits():
    driver = ready()
    driver.give(speech_started(), AnswerTool("c", "out", "look"), speech_stopped(), created("r1"))
    confirm_all(driver)
    driver.give(done("r1"))
    assert driver.session.answer_pending
    assert names(driver.give(Respond())) == ["response.create"]


@pytest.mark.parametrize(
    ("turn_detection", "rules"),
    [
        (None, TurnRules(creates_response=False, interrupts_response=False, manual=True)),
        ({}, TurnRules()),
        ({"create_response": None, "interrupt_response": None, "auto_truncate": None}, TurnRules()),
        ({"create_response": False}, TurnRules(creates_response=False)),
        ({"interrupt_response": False}, TurnRules(interrupts_response=False)),
        ({"auto_truncate": True}, TurnRules(truncates=True)),
    ],
)
def test_rules_are_read_from_the_effective_session(turn_detection, rules):
    assert TurnRules.of(turn_detection) == rules


def test_an_item_added_after_the_response_began_is_answered_after_it():
    driver = ready()
    driver.give(speech_started(), speech_stopped(), AddItem(message("hi")), Respond(), created("r1"))
    confirm_all(driver)
    assert sent_types(driver.give(done("r1"))) == ["response.create"]


def test_audio_that_the_turn_detection_took_is_not_committed_again_when_turns_become_manual():
    driver = ready()
    driver.give(AppendAudio(b"ab"), speech_started("u1"), speech_stopped("u1"), committed("u1"))
    driver.give(created("r1"), done("r1"))
    assert sent_types(driver.give(StartTurn(), CommitTurn())) == []
