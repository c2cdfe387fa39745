"""What outlives a connection, and how another session goes on from there."""

from __future__ import annotations

import base64
from typing import Any

from session_harness import (
    Driver,
    arguments_done,
    call_item,
    committed,
    confirm_all,
    confirmed,
    created,
    done,
    heard_as,
    item_added,
    message,
    names,
    of,
    ready,
    refusal,
    request_in,
    requests_in,
    sent,
    sent_types,
    silence,
    speech_started,
    speech_stopped,
    spoken,
    updated,
    written,
)

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ConversationItem, SessionInfo
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.carried import Carried
from pipecat_voicelive.session.history import STILL_RUNNING
from pipecat_voicelive.session.remote_effects import RemoteCallEnded

OPTIONS = {"instructions": "x"}
SECOND = 48_000
"""Bytes of pcm16 at 24 kHz."""


def leave(driver: Driver, arrived_bytes: int | None = None) -> tuple[list[fx.Effect], Carried]:
    effects, carried = driver.session.leave(driver.now_s, arrived_bytes)
    assert not of(fx.Send, effects)
    return effects, carried


def follow(driver: Driver, carried: Carried, *, prefix: str = "n") -> None:
    """Another session goes on, whose connection is being opened."""
    driver.session = Session(id_prefix=prefix)
    driver.give(inputs.Configure(OPTIONS), inputs.Resume(carried))


def become_ready(driver: Driver, **session: Any) -> list[fx.Effect]:
    driver.give(se.SessionCreated(session=SessionInfo(id="s2")))
    return driver.give(updated(**session))


def dropped(
    driver: Driver, *, arrived_bytes: int | None = None, **session: Any
) -> tuple[list[fx.Effect], list[fx.Effect]]:
    """The connection is lost and another is ready. What the one told at its end, and the other at once."""
    effects, carried = leave(driver, arrived_bytes)
    follow(driver, carried)
    return effects, become_ready(driver, **session)


def told_again(effects: list[fx.Effect]) -> list[tuple[str, str]]:
    """The conversation as it is told the new session: roles or types, and words."""
    items = [event.item for event in sent(effects) if isinstance(event, ce.ConversationItemCreateEvent)]
    return [(item.role or item.type, item.words or item.output or item.name or "") for item in items]


def asked_for(effects: list[fx.Effect]) -> ce.ResponseProperties:
    """What the one request among the effects asks for."""
    properties = request_in(effects).response
    assert properties
    return properties


def appended(effects: list[fx.Effect]) -> bytes:
    return b"".join(e.audio for e in sent(effects) if isinstance(e, ce.InputAudioBufferAppendEvent))


def message_added(response_id: str, item_id: str) -> se.ResponseOutputItemAdded:
    return item_added(response_id, ConversationItem(type="message", role="assistant", id=item_id))


def four_words() -> list[se.ResponseAudioTranscriptDelta]:
    """A second and more of words of response r1."""
    return [spoken("r1", "a1", text) for text in ("One", " two", " three", " four")]


def a_spoken_exchange(driver: Driver, *, user: str = "u1", response: str = "r1", item: str = "a1") -> None:
    driver.give(speech_started(user), speech_stopped(user), committed(user), heard_as(user, "Hello?"))
    driver.give(created(response), message_added(response, item), spoken(response, item, "Hi there."))
    driver.give(silence(response, item, 600), done(response))


def test_the_conversation_is_told_again_in_order_and_nothing_is_asked_for():
    driver = ready()
    a_spoken_exchange(driver)
    driver.give(inputs.AddItem(message("And this.", "t1")))
    effects, again = dropped(driver)
    assert effects == []
    assert told_again(again) == [("user", "Hello?"), ("assistant", "Hi there."), ("user", "And this.")]
    assert [e.item.id for e in sent(again)] == ["u1", "a1", "t1"]


def test_an_answer_in_the_middle_stands_as_far_as_it_came_and_is_not_repeated():
    driver = ready()
    driver.give(inputs.AddItem(message("Hello.", "t1")), created("r1"), message_added("r1", "a1"))
    driver.give(*four_words(), silence("r1", "a1", 500))
    effects, again = dropped(driver)
    assert names(effects) == ["SpeechClosed", "ResponseClosed", "ResponseFinished"]
    heard = "".join(effect.text for effect in of(fx.SpokenText, driver.trace))
    assert 0 < len(heard) < len("One two three four")
    assert told_again(again) == [("user", "Hello."), ("assistant", heard)]
    assert not requests_in(again)


def test_an_answer_of_which_nothing_came_out_is_asked_for_again():
    driver = ready()
    asked = request_in(driver.give(inputs.AddItem(message("Hello.", "t1")), inputs.Respond()))
    driver.give(confirmed("t1"), created("r1", asked), message_added("r1", "a1"))
    effects, again = dropped(driver)
    assert names(effects) == ["ResponseClosed", "ResponseFinished"]
    assert sent_types(again) == ["conversation.item.create", "response.create"]


def test_an_answer_that_was_asked_for_is_asked_for_again_with_what_it_was_asked_for():
    driver = ready()
    driver.give(inputs.Respond(ce.ResponseProperties(instructions="Be brief.")), inputs.Respond())
    _, again = dropped(driver)
    assert asked_for(again).instructions == "Be brief."
    rest = driver.give(created("r1", request_in(again)), done("r1"))
    assert not asked_for(rest).instructions
    second = request_in(rest)
    assert not requests_in(driver.give(created("r2", second), done("r2")))


def test_words_to_say_that_were_not_begun_are_said_after_all():
    driver = ready()
    driver.give(inputs.Speak("Welcome."), inputs.Speak("Goodbye."))
    _, again = dropped(driver)
    message = asked_for(again).pre_generated_assistant_message
    assert message
    assert message.words == "Welcome."
    assert [speech.text for speech in driver.session.speeches] == ["Welcome.", "Goodbye."]


def test_a_call_being_run_is_told_of_and_its_result_comes_as_a_message():
    driver = ready()
    driver.give(created("r1"), item_added("r1", call_item("c1")), arguments_done("r1", "c1"))
    driver.give(done("r1", output=[call_item("c1")]))
    _, again = dropped(driver)
    assert told_again(again) == [("function_call", "look"), ("function_call_output", STILL_RUNNING)]
    assert driver.session.answer_pending
    result = driver.give(inputs.AnswerTool("c1", "fog"), inputs.RespondToResults())
    assert told_again(result) == [("system", "Result of the earlier call of look: fog")]
    assert len(requests_in(result)) == 1
    assert driver.give(inputs.AnswerTool("c1", "rain")) == []


def test_one_answer_speaks_of_a_group_of_calls_that_a_drop_divided():
    driver = ready()
    calls = [call_item("c1"), call_item("c2")]
    driver.give(created("r1"), *(item_added("r1", call) for call in calls), done("r1", output=calls))
    driver.give(inputs.AnswerTool("c1", "fog"), inputs.RespondToResults())
    _, again = dropped(driver)
    assert told_again(again)[:1] == [("function_call", "look")]
    assert ("function_call_output", "fog") in told_again(again)
    assert not requests_in(again)
    assert len(requests_in(driver.give(inputs.AnswerTool("c2", "rain"), inputs.RespondToResults()))) == 1


def test_a_turn_in_the_middle_is_heard_again_from_its_beginning_and_told_of_once():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(48_000)), inputs.AppendAudio(b"\1\0" * 24_000))
    driver.give(se.InputAudioBufferSpeechStarted(item_id="u1", audio_start_ms=900))
    driver.give(inputs.AppendAudio(b"\2\0" * 24_000))
    effects, again = dropped(driver)
    assert effects == []
    assert appended(again) == bytes(4_800) + b"\1\0" * 24_000 + b"\2\0" * 24_000
    assert driver.give(speech_started("v1")) == []
    assert names(driver.give(speech_stopped("v1"))) == ["UserSpeechStopped"]


def test_a_turn_that_the_new_session_does_not_hear_is_closed():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(48_000)), speech_started("u1"))
    dropped(driver)
    assert driver.wait(2.5) == []
    assert names(driver.wait(1)) == ["UserSpeechStopped"]
    assert not driver.session.answer_pending
    assert names(driver.give(speech_started("v1"))) == ["UserSpeechStarted"]


def test_a_turn_without_words_or_answer_is_heard_again_and_told_of_once():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"), speech_stopped("u1"))
    driver.give(committed("u1"), confirmed("u1"))
    effects, again = dropped(driver)
    assert not of(fx.UserTranscriptFailed, effects)
    assert told_again(again) == []
    assert len(appended(again)) == 96_000 - 480
    assert not requests_in(again)
    assert driver.give(speech_started("v1"), speech_stopped("v1")) == []
    told = driver.give(committed("v1"), created("r1"), heard_as("v1", "Hello?"))
    assert [signal.text for signal in of(fx.UserTranscript, told)] == ["Hello?"]
    assert not driver.session.at_boundary
    assert not requests_in(driver.give(done("r1")) + driver.wait(10))


def in_a_turn_that_is_lost_after(*items: ConversationItem) -> Driver:
    """The turn was committed when its connection was lost; the next session has begun."""
    driver = ready()
    for item in items:
        driver.give(inputs.AddItem(item))
    confirm_all(driver)
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"), speech_stopped("u1"))
    driver.give(committed("u1"), confirmed("u1"))
    dropped(driver)
    return driver


def test_a_turn_that_a_dead_session_does_not_hear_is_heard_by_the_next():
    driver = in_a_turn_that_is_lost_after(message("My name is Ada.", "t0"))
    assert driver.wait(8) == []  # nor does it say that it has the item
    effects, again = dropped(driver)
    assert not of(fx.UserTranscriptFailed, effects)
    assert told_again(again) == [("user", "My name is Ada.")]
    assert len(appended(again)) == 96_000 - 480
    assert not requests_in(again)


def test_a_turn_that_a_living_session_does_not_hear_stands_as_its_audio():
    driver = in_a_turn_that_is_lost_after(message("My name is Ada.", "t0"))
    confirm_all(driver)
    (told, *rest) = driver.wait(4)
    assert isinstance(told, fx.UserTranscriptFailed)
    assert told_again(rest)[0][0] == "user"


def test_a_session_that_confirms_nothing_is_not_taken_for_dead_for_ever():
    driver = in_a_turn_that_is_lost_after(message("My name is Ada.", "t0"))
    assert of(fx.UserTranscriptFailed, driver.wait(20))


def test_a_turn_whose_calls_are_being_run_is_not_heard_again_though_its_words_never_came():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"), speech_stopped("u1"))
    driver.give(committed("u1"), confirmed("u1"), created("r1"), item_added("r1", call_item("c1")))
    driver.give(arguments_done("r1", "c1"), done("r1", output=[call_item("c1")]))
    assert of(fx.ToolCalls, driver.wait(5))
    _, again = dropped(driver)
    assert len(appended(again)) <= 96_000 - 24_000  # nothing of the turn, which ended after half a second
    assert not requests_in(again)


def test_what_is_heard_after_an_answer_is_another_turn():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"), speech_stopped("u1"))
    dropped(driver)
    driver.give(created("r1"), silence("r1", "a1", 100), done("r1"))
    again = driver.give(speech_started("v1"), speech_stopped("v1"))
    assert [signal.item_id for signal in of(fx.UserSpeechStarted, again)] == ["v1"]
    assert [signal.item_id for signal in of(fx.UserSpeechStopped, again)] == ["v1"]


def test_an_answered_turn_without_words_stands_as_its_audio():
    driver = ready()
    driver.give(inputs.AppendAudio(b"\1\0" * 48_000), speech_started("u1"), speech_stopped("u1"))
    driver.give(committed("u1"), created("r1"), message_added("r1", "a1"), spoken("r1", "a1", "Hi."))
    driver.give(silence("r1", "a1", 500))
    effects, again = dropped(driver)
    assert [signal.item_id for signal in of(fx.UserTranscriptFailed, effects)] == ["u1"]
    item = sent(again)[0].item
    assert (item.id, item.content[0].type) == ("u1", "input_audio")
    assert base64.b64decode(item.content[0].audio) == b"\1\0" * (24 * 490)
    assert not requests_in(again)


def test_audio_of_a_settled_turn_is_never_heard_again():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(48_000)))
    a_spoken_exchange(driver)
    driver.give(inputs.AppendAudio(b"\3\0" * 10))
    _, again = dropped(driver)
    assert appended(again) == bytes(48_000 - 24_000) + b"\3\0" * 10


def seconds(first: int, last: int) -> list[bytes]:
    """Audio whose every byte says in which second it was."""
    return [bytes([second]) * SECOND for second in range(first, last)]


def speak(driver: Driver, first: int, last: int) -> None:
    """Audio of these seconds comes as they pass."""
    for audio in seconds(first, last):
        driver.give(inputs.AppendAudio(audio))
        driver.wait(1)


def test_what_a_dead_service_may_not_have_got_is_heard_again_and_three_seconds_before():
    driver = ready()
    speak(driver, 0, 28)
    _, again = dropped(driver, arrived_bytes=12 * SECOND)
    assert appended(again) == b"".join(seconds(9, 28))


def test_a_quiet_service_that_lives_hears_only_the_last_seconds_again():
    driver = ready()
    speak(driver, 0, 60)
    _, again = dropped(driver, arrived_bytes=58 * SECOND)
    assert appended(again) == b"".join(seconds(55, 60))


def test_a_service_that_never_showed_that_it_got_anything_hears_the_newest_half_minute():
    driver = ready()
    speak(driver, 0, 40)
    _, again = dropped(driver, arrived_bytes=0)
    assert appended(again) == b"".join(seconds(10, 40))


def test_what_is_settled_is_not_heard_again_from_a_dead_service():
    driver = ready()
    speak(driver, 0, 4)
    a_spoken_exchange(driver)
    speak(driver, 4, 10)
    _, again = dropped(driver, arrived_bytes=0)
    assert appended(again) == b"".join(seconds(0, 10))[SECOND // 2 :]


def test_a_turn_that_a_dead_service_could_not_finish_is_heard_again_and_told_of_once():
    driver = ready()
    speak(driver, 0, 4)
    driver.give(se.InputAudioBufferSpeechStarted(item_id="u1", audio_start_ms=1000))
    driver.give(se.InputAudioBufferSpeechStopped(item_id="u1", audio_end_ms=3900))
    speak(driver, 4, 20)
    effects, again = dropped(driver, arrived_bytes=4 * SECOND)
    assert effects == []
    assert appended(again) == b"".join(seconds(1, 20))
    assert driver.give(speech_started("v1"), speech_stopped("v1")) == []
    told = driver.give(committed("v1"), heard_as("v1", "Hello?"))
    assert [signal.text for signal in of(fx.UserTranscript, told)] == ["Hello?"]


def test_a_cough_that_a_living_service_made_nothing_of_is_not_heard_again():
    driver = ready()
    speak(driver, 0, 4)
    driver.give(se.InputAudioBufferSpeechStarted(item_id="u1", audio_start_ms=1000))
    driver.give(se.InputAudioBufferSpeechStopped(item_id="u1", audio_end_ms=3900))
    speak(driver, 4, 8)
    effects, again = dropped(driver, arrived_bytes=7 * SECOND)
    assert effects == []
    assert appended(again) == b"".join(seconds(4, 8))
    assert names(driver.give(speech_started("v1"))) == ["UserSpeechStarted"]


def test_a_turn_with_an_empty_transcript_and_no_answer_is_heard_again():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"), speech_stopped("u1"))
    driver.give(committed("u1"), heard_as("u1", ""))
    _, again = dropped(driver)
    assert len(appended(again)) == 96_000 - 480
    assert not requests_in(again)
    assert driver.give(speech_started("v1"), speech_stopped("v1")) == []
    told = driver.give(committed("v1"), created("r1"), heard_as("v1", "Hello?"))
    assert [signal.text for signal in of(fx.UserTranscript, told)] == ["Hello?"]
    assert not requests_in(driver.give(done("r1")) + driver.wait(10))


def test_an_answered_turn_with_an_empty_transcript_is_not_heard_again():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"), speech_stopped("u1"))
    driver.give(committed("u1"), heard_as("u1", ""), created("r1"), message_added("r1", "a1"))
    driver.give(spoken("r1", "a1", "Hi."), silence("r1", "a1", 500), done("r1"))
    _, again = dropped(driver)
    assert len(appended(again)) == 96_000 - 24_000


def test_an_open_manual_turn_is_sent_again_whole_and_committed_once():
    driver = ready(turn_detection=None, input_audio_transcription=None)
    driver.give(inputs.StartTurn(), inputs.AppendAudio(b"\1\0" * 100))
    _, again = dropped(driver, turn_detection=None, input_audio_transcription=None)
    assert appended(again) == b"\1\0" * 100
    driver.give(inputs.AppendAudio(b"\2\0" * 100))
    ended = driver.give(inputs.CommitTurn())
    assert sent_types(ended) == ["input_audio_buffer.commit", "response.create"]


def test_a_manual_turn_that_was_never_confirmed_is_sent_again_and_answered_once():
    driver = ready(turn_detection=None, input_audio_transcription=None)
    driver.give(inputs.StartTurn(), inputs.AppendAudio(b"\1\0" * 100), inputs.CommitTurn())
    _, again = dropped(driver, turn_detection=None, input_audio_transcription=None)
    assert sent_types(again) == [
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "response.create",
    ]
    assert not requests_in(driver.give(created("r1", request_in(again)), done("r1")))


def test_a_turn_that_the_service_was_to_answer_is_answered_on_request():
    driver = ready()
    driver.give(speech_started("u1"), speech_stopped("u1"), committed("u1"), heard_as("u1", "Hello?"))
    _, again = dropped(driver)
    assert told_again(again) == [("user", "Hello?")]
    assert len(requests_in(again)) == 1


def test_an_answer_that_a_dead_service_did_not_begin_is_asked_for_when_that_is_noticed():
    driver = ready()
    driver.give(speech_started("u1"), speech_stopped("u1"), committed("u1"), heard_as("u1", "Hello?"))
    driver.wait(10)  # a network that is dead without a word
    _, again = dropped(driver)
    assert told_again(again) == [("user", "Hello?")]
    assert len(requests_in(again)) == 1


def test_a_turn_that_brought_no_answer_brings_none_when_the_connection_is_lost_long_after():
    driver = ready()
    driver.give(speech_started("u1"), speech_stopped("u1"), committed("u1"), heard_as("u1", "Hm."))
    driver.wait(60)
    _, again = dropped(driver)
    assert not requests_in(again)


def test_an_item_still_played_is_replaced_by_what_was_heard_when_the_caller_interrupts():
    driver = ready()
    driver.give(created("r1"), message_added("r1", "a1"), *four_words())
    driver.give(silence("r1", "a1", 3000), done("r1"))
    driver.give(inputs.AddItem(message("And?", "t1")))
    dropped(driver)
    confirm_all(driver)
    cut = driver.give(inputs.Interrupt(inputs.Heard("a1", 400)))
    assert sent_types(cut) == ["conversation.item.delete", "conversation.item.create"]
    (creation,) = sent(cut)[1:]
    assert creation.previous_item_id == "root"
    assert "One two three four".startswith(creation.item.words)
    assert 0 < len(creation.item.words) < 12
    _, again = dropped(driver)
    assert told_again(again) == [("assistant", creation.item.words), ("user", "And?")]


def test_an_interrupted_answer_is_told_as_far_as_it_was_heard():
    driver = ready()
    driver.give(created("r1"), message_added("r1", "a1"), *four_words())
    driver.give(silence("r1", "a1", 3000), inputs.Interrupt(inputs.Heard("a1", 400)), done("r1", "cancelled"))
    _, again = dropped(driver)
    ((role, words),) = told_again(again)
    assert role == "assistant"
    assert "One two three four".startswith(words)
    assert 0 < len(words) < 12


def test_two_losses_in_a_row_carry_everything_on_and_double_nothing():
    driver = ready()
    a_spoken_exchange(driver)
    driver.give(inputs.AppendAudio(b"\1\0" * 24_000), inputs.AddItem(message("And?", "t1")), inputs.Respond())
    _, carried = leave(driver)
    follow(driver, carried)
    driver.give(inputs.AppendAudio(b"\2\0" * 240), inputs.AddItem(message("Well?", "t2")))
    driver.give(inputs.SendRaw(ce.ConversationItemRetrieveEvent(item_id="x")))
    _, carried = leave(driver)
    follow(driver, carried, prefix="m")
    again = become_ready(driver)
    assert told_again(again) == [
        ("user", "Hello?"),
        ("assistant", "Hi there."),
        ("user", "And?"),
        ("user", "Well?"),
    ]
    assert appended(again).endswith(b"\1\0" * 24_000 + b"\2\0" * 240)
    assert appended(again).count(b"\2") == 240
    assert len(requests_in(again)) == 1
    assert sent_types(again).count("conversation.item.retrieve") == 1


def test_items_told_again_are_not_told_of_again():
    driver = ready()
    driver.give(inputs.AddItem(message("Hello.", "t1")), confirmed("t1"))
    dropped(driver)
    assert driver.give(confirmed("t1")) == []
    assert names(driver.give(confirmed("x"))) == ["ItemCreated"]


def test_a_refused_item_and_a_deleted_one_are_not_told_again():
    driver = ready()
    driver.give(inputs.AddItem(message("One.", "t1")), inputs.AddItem(message("Two.", "t2")))
    driver.give(se.Error(error=se.ErrorDetails(code="invalid_value", event_id="create_t1")))
    driver.give(confirmed("t2"), se.ConversationItemDeleted(item_id="t2"))
    driver.give(inputs.AddItem(message("Three.", "t3")))
    _, again = dropped(driver)
    assert told_again(again) == [("user", "Three.")]


def test_items_are_told_in_the_order_of_the_service():
    driver = ready()
    driver.give(inputs.AddItem(message("Typed.", "t1")))
    driver.give(speech_started("u1"), speech_stopped("u1"), committed("u1"), heard_as("u1", "Spoken."))
    driver.give(
        se.ConversationItemCreated(item=message("Typed.", "t1"), previous_item_id="u1"),
    )
    _, again = dropped(driver)
    assert told_again(again) == [("user", "Spoken."), ("user", "Typed.")]


def test_an_answer_that_was_lost_when_it_had_begun_to_call_a_tool_is_asked_to_go_on():
    for began in (item_added("r1", call_item("c1", "look")), arguments_done("r1", "c1")):
        driver = ready()
        driver.give(inputs.AddItem(message("What is the weather?", "u1")))
        request = request_in(driver.give(inputs.Respond()))
        driver.give(created("r1", request))
        driver.give(item_added("r1", ConversationItem(type="message", id="a1", role="assistant")))
        driver.give(spoken("r1", "a1", "Let me see."), silence("r1", "a1", 500), began)
        _, again = dropped(driver)
        assert told_again(again) == [("user", "What is the weather?"), ("assistant", "Let me see.")]
        assert len(requests_in(again)) == 1


def test_a_question_out_of_band_is_asked_again():
    driver = ready()
    driver.give(inputs.Ask("q1", ce.ResponseProperties(instructions="Which language?")))
    _, again = dropped(driver)
    assert asked_for(again).conversation == "none"


def test_with_an_agent_only_what_may_not_have_arrived_is_told_again():
    driver = ready()
    a_spoken_exchange(driver)
    driver.give(inputs.AddItem(message("And?", "t1")), inputs.Respond())
    _, carried = leave(driver)
    follow(driver, carried.without_history())
    again = become_ready(driver)
    assert told_again(again) == [("user", "And?")]
    assert len(requests_in(again)) == 1


def test_an_agent_that_does_not_take_a_result_that_is_sent_again_is_told_it_in_a_message():
    driver = ready()
    driver.give(created("r1"), arguments_done("r1", "c1"), done("r1"))
    driver.give(inputs.AnswerTool("c1", "fine", "look", respond=False))
    _, carried = leave(driver)
    follow(driver, carried.without_history())
    (output,) = [one for one in sent(become_ready(driver)) if one.type == "conversation.item.create"]
    assert output.item.type == "function_call_output"
    (event,) = sent(driver.give(refusal(output.event_id, "invalid_tool_call_id")))
    assert event.item.words == "Result of the earlier call of look: fine"


def test_a_renewal_at_a_boundary_says_nothing_but_the_conversation():
    driver = ready()
    assert driver.session.at_boundary
    driver.give(speech_started("u1"))
    assert not driver.session.at_boundary
    driver.give(speech_stopped("u1"), committed("u1"), created("r1"), message_added("r1", "a1"))
    driver.give(written("r1", "a1", "Hi."), done("r1"))
    assert not driver.session.at_boundary
    driver.give(heard_as("u1", "Hello?"))
    assert driver.session.at_boundary
    old = driver.session
    driver.session = Session(id_prefix="n")
    driver.give(se.SessionCreated(session=SessionInfo(id="s2")), inputs.Configure(OPTIONS), updated())
    effects, carried = old.leave(driver.now_s)
    assert effects == []
    again = driver.give(inputs.Resume(carried))
    assert told_again(again) == [("user", "Hello?"), ("assistant", "Hi.")]
    assert driver.session.at_boundary


def test_a_cough_is_not_heard_again():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"), speech_stopped("u1"))
    driver.wait(3)
    driver.give(inputs.AppendAudio(b"\1\0" * 10))
    _, again = dropped(driver)
    assert appended(again) == bytes(96_000 - 24_000) + b"\1\0" * 10
    assert names(driver.give(speech_started("v1"))) == ["UserSpeechStarted"]


def test_text_that_is_being_written_stands_there_as_far_as_it_came_and_goes_on():
    driver = ready()
    driver.give(inputs.AddItem(message("What is", "t1")))
    driver.give(inputs.SendRaw(ce.InputTextDeltaEvent(id="t1", delta=" the")))
    _, again = dropped(driver)
    assert told_again(again) == [("user", "What is the")]
    more = inputs.SendRaw(ce.InputTextDeltaEvent(id="t1", delta=" time?"))
    assert sent_types(driver.give(more)) == ["input_text.delta"]
    _, again = dropped(driver)
    assert told_again(again) == [("user", "What is the time?")]


def test_text_of_versions_that_make_its_item_at_the_end_is_written_again():
    driver = ready()
    driver.give(inputs.SendRaw(ce.InputTextDeltaEvent(id="t1", delta="What is")))
    assert not driver.session.at_boundary
    driver.give(inputs.SendRaw(ce.InputTextDeltaEvent(id="t1", delta=" the")))
    _, again = dropped(driver)
    assert [event.delta for event in sent(again) if isinstance(event, ce.InputTextDeltaEvent)] == [
        "What is the"
    ]
    driver.give(inputs.SendRaw(ce.InputTextDeltaEvent(id="t1", delta=" time?")))
    driver.give(inputs.SendRaw(ce.InputTextDoneEvent(id="t1")))
    _, again = dropped(driver)
    assert told_again(again) == [("user", "What is the time?")]
    driver.give(se.ConversationItemCreated(item=message("What is the time?", "t1")))
    _, again = dropped(driver)
    assert told_again(again) == [("user", "What is the time?")]


def an_mcp_call(driver: Driver) -> None:
    call = ConversationItem(type="mcp_call", id="m1", name="book", server_label="shop", arguments="{}")
    driver.give(created("r1"), item_added("r1", call), done("r1"))
    driver.give(se.ResponseMcpCallInProgress(item_id="m1"))


def test_a_call_that_the_service_ran_is_lost_and_told_of_and_an_answer_is_asked_for():
    driver = ready()
    an_mcp_call(driver)
    effects, again = dropped(driver)
    assert [ended.outcome for ended in of(RemoteCallEnded, effects)] == ["lost"]
    assert told_again(again) == [
        ("system", "The call of book was cut off. Whether it took effect is not known.")
    ]
    assert len(requests_in(again)) == 1


def test_what_a_call_that_the_service_ran_has_brought_is_told_in_a_message():
    driver = ready()
    an_mcp_call(driver)
    whole = ConversationItem(type="mcp_call", id="m1", name="book", arguments="{}", output="Booked.")
    driver.give(se.ResponseMcpCallCompleted(item_id="m1"))
    request = request_in(driver.give(se.ConversationItemDone(item=whole)))
    driver.give(created("r2", request), message_added("r2", "a2"), written("r2", "a2", "Done."), done("r2"))
    _, again = dropped(driver)
    assert told_again(again) == [
        ("system", "Result of the earlier call of book: Booked."),
        ("assistant", "Done."),
    ]
    assert not requests_in(again)


def test_an_approval_that_comes_when_its_call_is_gone_changes_nothing():
    driver = ready()
    asked = ConversationItem(type="mcp_approval_request", id="ap1", name="book", server_label="shop")
    driver.give(created("r1"), item_added("r1", asked), done("r1"))
    effects, again = dropped(driver)
    assert [ended.outcome for ended in of(RemoteCallEnded, effects)] == ["lost"]
    assert len(requests_in(again)) == 1
    assert driver.give(inputs.AnswerApproval("ap1", approve=True)) == []


def test_an_item_that_the_service_cut_itself_is_told_as_far_as_it_was_heard():
    driver = ready()
    driver.give(created("r1"), message_added("r1", "a1"), *four_words(), silence("r1", "a1", 3000))
    driver.give(done("r1"), se.ConversationItemTruncated(item_id="a1", audio_end_ms=300))
    _, again = dropped(driver)
    ((_, words),) = told_again(again)
    assert words in {"One", "One two"}


def test_calls_that_an_unfinished_response_wrote_are_not_run_and_its_answer_is_asked_for_again():
    driver = ready()
    driver.give(created("r1"), item_added("r1", call_item("c1")), arguments_done("r1", "c1"))
    effects, again = dropped(driver)
    assert not of(fx.ToolCalls, effects)
    assert sent_types(again) == ["response.create"]


def test_calls_of_a_finished_response_are_run_though_the_transcript_is_awaited():
    driver = ready()
    driver.give(speech_started("u1"), speech_stopped("u1"), committed("u1"), created("r1"))
    driver.give(item_added("r1", call_item("c1")), arguments_done("r1", "c1"), done("r1"))
    effects, again = dropped(driver)
    assert [call.call_id for calls in of(fx.ToolCalls, effects) for call in calls.calls] == ["c1"]
    assert not requests_in(again)


def test_audio_of_another_format_is_dropped_and_told():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(48_000)), speech_started("u1"))
    _, carried = leave(driver)
    driver.session = Session(id_prefix="n")
    effects = driver.give(inputs.Configure({"input_audio_format": "g711_ulaw"}), inputs.Resume(carried))
    assert [round(dropped.duration_ms) for dropped in of(fx.AudioDropped, effects)] == [990]
    assert not appended(become_ready(driver))


def test_what_is_not_kept_of_a_long_turn_is_told():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(48_000)), speech_started("u1"))
    for _ in range(34):
        driver.give(inputs.AppendAudio(bytes(48_000)))
    _, carried = leave(driver)
    driver.session = Session(id_prefix="n")
    effects = driver.give(inputs.Configure(OPTIONS), inputs.Resume(carried))
    assert [round(dropped.duration_ms) for dropped in of(fx.AudioDropped, effects)] == [4990]
    assert len(appended(become_ready(driver))) == 30 * 48_000


def test_what_was_sent_as_it_is_is_not_sent_again():
    driver = Driver()
    driver.give(inputs.Configure(OPTIONS))
    driver.give(inputs.SendRaw(ce.ConversationItemRetrieveEvent(item_id="x")))
    assert sent_types(become_ready(driver))[-1] == "conversation.item.retrieve"
    _, again = dropped(driver)
    assert sent_types(again) == []


def test_audio_that_was_never_sent_does_not_count():
    driver = Driver()
    driver.give(inputs.Configure(OPTIONS))
    for number in range(40):
        driver.give(inputs.AppendAudio(bytes([number]) * 48_000))
    become_ready(driver)
    driver.give(se.InputAudioBufferSpeechStarted(item_id="u1", audio_start_ms=28_000))
    _, again = dropped(driver)
    assert appended(again) == bytes([38]) * 48_000 + bytes([39]) * 48_000


AVATAR = {"character": "lisa"}


def an_answer_for_the_avatar(driver: Driver) -> None:
    """A whole answer, which the avatar has not begun to speak."""
    driver.give(created("r1"), message_added("r1", "a1"), *four_words(), done("r1"))


def test_an_answer_that_the_avatar_had_not_begun_with_is_asked_for_again():
    driver = ready(avatar=AVATAR)
    an_answer_for_the_avatar(driver)
    effects, again = dropped(driver, avatar=AVATAR)
    assert names(effects) == ["ResponseClosed"]
    assert sent_types(again) == ["response.create"]


def test_what_the_avatar_had_said_stands_there_and_is_not_repeated():
    driver = ready(avatar=AVATAR)
    an_answer_for_the_avatar(driver)
    driver.give(se.SessionAvatarSwitchToSpeaking(turn_id="t1"))
    driver.wait(0.4)
    effects, again = dropped(driver, avatar=AVATAR)
    assert names(effects)[-2:] == ["SpeechClosed", "ResponseClosed"]
    ((role, words),) = told_again(again)
    assert role == "assistant"
    assert "One two three four".startswith(words)
    assert 0 < len(words) < 18
    assert not requests_in(again)


def test_an_avatars_calls_are_run_and_their_answer_is_not_asked_for_again():
    driver = ready(avatar=AVATAR)
    driver.give(created("r1"), message_added("r1", "a1"), *four_words())
    driver.give(item_added("r1", call_item("c1")), arguments_done("r1", "c1"), done("r1"))
    _, again = dropped(driver, avatar=AVATAR)
    assert not requests_in(again)
    assert driver.session.answer_pending


def test_a_transcript_that_came_before_its_item_is_told_again():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"))
    driver.give(heard_as("u1", "Hello?"), speech_stopped("u1"), committed("u1"))
    _, again = dropped(driver)
    assert told_again(again) == [("user", "Hello?")]
    assert len(requests_in(again)) == 1
    assert len(appended(again)) == 96_000 - 24_000


def test_an_agent_that_has_a_turn_does_not_hear_it_again():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(96_000)), speech_started("u1"), speech_stopped("u1"))
    driver.give(committed("u1"), confirmed("u1"))
    _, carried = leave(driver)
    follow(driver, carried.without_history())
    again = become_ready(driver)
    assert told_again(again) == []
    assert len(appended(again)) == 96_000 - 24_000
    assert len(requests_in(again)) == 1


def test_a_turn_whose_audio_cannot_be_heard_again_is_closed():
    driver = ready()
    driver.give(inputs.AppendAudio(bytes(48_000)), speech_started("u1"))
    _, carried = leave(driver)
    driver.session = Session(id_prefix="n")
    effects = driver.give(inputs.Configure({"input_audio_format": "g711_ulaw"}), inputs.Resume(carried))
    assert names(effects) == ["AudioDropped", "UserSpeechStopped"]


def test_audio_of_turns_without_words_does_not_pile_up_from_session_to_session():
    driver = ready()
    for turn in range(8):
        driver.give(inputs.AppendAudio(b"\1\0" * 24_000 * 25), speech_started(f"u{turn}"))
        driver.give(se.InputAudioBufferSpeechStopped(item_id=f"u{turn}", audio_end_ms=24_900))
        driver.give(committed(f"u{turn}"))
        driver.give(created(f"r{turn}"), message_added(f"r{turn}", f"a{turn}"))
        driver.give(spoken(f"r{turn}", f"a{turn}", "Hi."), silence(f"r{turn}", f"a{turn}", 500))
        _, again = dropped(driver)
        confirm_all(driver)
        told = [part for e in sent(again) for part in getattr(e, "item", message("")).content]
        audio = [part.audio for part in told if part.type == "input_audio"]
        assert audio
        assert sum(map(len, audio)) <= 60 * 48_000 * 4 / 3 + 1_000


def test_audio_that_was_told_again_is_told_as_words_once_they_are_known():
    driver = ready()
    driver.give(inputs.AppendAudio(b"\1\0" * 48_000), speech_started("u1"), speech_stopped("u1"))
    driver.give(committed("u1"), created("r1"), message_added("r1", "a1"), spoken("r1", "a1", "Hi."))
    driver.give(silence("r1", "a1", 500))
    _, again = dropped(driver)
    assert sent(again)[0].item.content[0].type == "input_audio"
    driver.give(heard_as("u1", "Hello?"))
    _, again = dropped(driver)
    assert told_again(again)[0] == ("user", "Hello?")


def test_what_the_caller_said_weighs_the_same_after_it_was_told_again():
    driver = ready()
    a_spoken_exchange(driver)
    _, carried = leave(driver)
    size_chars = carried.history.size_chars
    follow(driver, carried)
    become_ready(driver)
    _, carried = leave(driver)
    assert carried.history.size_chars == size_chars
