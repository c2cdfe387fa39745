"""A session of any length stays small."""

import pickle

import pytest
from session_harness import (
    Driver,
    arguments_done,
    call_item,
    committed,
    confirmed,
    created,
    done,
    heard_as,
    heard_part,
    item_added,
    message,
    names,
    not_understood,
    of,
    ready,
    refusal,
    request_in,
    sent,
    silence,
    speech_started,
    speech_stopped,
    spoken,
    viseme,
    word,
    written,
)

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.session import Session
from pipecat_voicelive.session.effects import TextDelta, Unreadable, UserTranscript, UserTranscriptPartial
from pipecat_voicelive.session.inputs import (
    AddItem,
    AnswerTool,
    AppendAudio,
    CommitTurn,
    Heard,
    Interrupt,
    Respond,
    RespondToResults,
    StartTurn,
)
from pipecat_voicelive.session.memory import MemoryOptions
from pipecat_voicelive.session.tools import message_item


def a_spoken_turn(driver: Driver, number: int) -> None:
    response_id, item_id = f"resp{number}", f"item{number}"
    driver.give(speech_started(f"u{number}"), speech_stopped(f"u{number}"), committed(f"u{number}"))
    driver.give(heard_part(f"u{number}", "hello"))
    if number % 3 == 0:
        driver.give(heard_as(f"u{number}", "hello"))
    elif number % 3 == 1:
        driver.give(not_understood(f"u{number}"))
    driver.give(created(response_id), spoken(response_id, item_id, "Hi."), silence(response_id, item_id, 60))
    if number % 2:
        driver.give(speech_started(f"v{number}"), Interrupt(Heard(item_id, 20)))
        driver.give(done(response_id, "cancelled"), speech_stopped(f"v{number}"))
    else:
        driver.give(done(response_id))
    driver.wait(3)


def a_tool_turn(driver: Driver, number: int) -> None:
    response_id = f"resp{number}"
    driver.give(created(response_id), item_added(response_id, call_item(f"never{number}")))
    driver.give(
        arguments_done(response_id, f"call{number}"), arguments_done(response_id, f"bad{number}", "{")
    )
    if number % 2:
        driver.give(Interrupt())
    effects = driver.give(done(response_id), item_added(response_id, call_item(f"late{number}")))
    effects += driver.give(AnswerTool(f"call{number}", "out"), AnswerTool(f"old{number}", "out"))
    for event in sent(effects):
        if isinstance(event, ce.ConversationItemCreateEvent):
            driver.give(confirmed(str(event.item.id)))
    effects = driver.give(RespondToResults())
    if names(effects):
        driver.give(created(f"next{number}", request_in(effects)), done(f"next{number}"))
    driver.wait(3)


def a_typed_turn(driver: Driver, number: int) -> None:
    item, request = sent(driver.give(AddItem(message("hello")), Respond()))
    if number % 2:
        driver.give(refusal(item.event_id, "invalid_value"), refusal(request.event_id, "invalid_value"))
    else:
        driver.give(confirmed(str(item.item.id)), created(f"resp{number}", request), done(f"resp{number}"))


def a_manual_turn(driver: Driver, number: int) -> None:
    effects = driver.give(StartTurn(), AppendAudio(b"ab"), CommitTurn())
    if number % 2:
        commit = next(event for event in sent(effects) if isinstance(event, ce.InputAudioBufferCommitEvent))
        driver.give(refusal(commit.event_id, "input_audio_buffer_commit_empty"))
    else:
        driver.give(committed(f"u{number}"))
    driver.give(created(f"resp{number}", request_in(effects)), done(f"resp{number}"))
    driver.wait(3)


@pytest.mark.parametrize("turn", [a_spoken_turn, a_tool_turn, a_typed_turn, a_manual_turn])
def test_a_session_of_thousands_of_turns_stays_small(turn):
    driver = ready(memory=MemoryOptions(budget_chars=2_000))
    sizes = []
    for number in range(5000):
        turn(driver, number)
        driver.trace.clear()
        if number in (999, 4999):
            sizes.append(len(pickle.dumps(driver.session)))
    assert sizes[1] < sizes[0] * 1.1 + 200
    assert not driver.session.answer_pending


@pytest.mark.parametrize(
    ("part", "times"),
    [
        (spoken("r1", "i1", "x" * 1000), 2100),
        (written("r1", "i1", "x" * 1000), 2100),
        (word("r1", "i1", "x" * 1000, 10**9), 2100),
        (viseme("r1", "i1", 1, 10**9), 100_100),
    ],
)
def test_an_answer_without_end_is_cut_where_no_real_one_reaches_and_told_of_once(part, times):
    driver, told = ready(), []
    driver.give(created("r1"), silence("r1", "i1", 20))
    for _ in range(times):
        told += of(Unreadable, driver.give(part))
        driver.trace.clear()
    assert [one.type for one in told] == [part.__struct_config__.tag]
    driver.give(done("r1"), created("r2"))
    assert of(TextDelta, driver.give(spoken("r2", "i2", "Whole.")))


def test_what_is_heard_of_a_turn_without_end_is_told_so_far():
    driver = ready()
    driver.give(speech_started("u1"), speech_stopped("u1"), committed("u1"))
    partials = [of(UserTranscriptPartial, driver.give(heard_part("u1", "x" * 100))) for _ in range(1000)]
    assert sum(map(len, partials)) == 200
    assert [one.text for one in of(UserTranscript, driver.give(heard_as("u1", "All of it.")))] == [
        "All of it."
    ]


def test_turns_with_system_messages_in_them_are_left_out_beyond_the_budget_like_others():
    session = Session(id_prefix="t", memory=MemoryOptions(budget_chars=1000))
    for _ in range(60):
        for role in ("user", "system"):
            assert session.handle(AddItem(message_item(role, "x" * 100)), 0.0) == []
    assert len(pickle.dumps(session)) < 60_000
