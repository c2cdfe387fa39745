"""Brackets: opened before anything comes out, closed once, whatever happens."""

import numpy as np
from session_harness import (
    audio,
    blendshapes,
    call_item,
    committed,
    created,
    done,
    heard_as,
    item_added,
    names,
    of,
    ready,
    silence,
    spoken,
    viseme,
    word,
    written,
)

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.answer import Answer
from pipecat_voicelive.session.inputs import Interrupt, Lost

MESSAGE = ConversationItem(type="message", id="a", role="assistant")


def test_a_spoken_answer_is_bracketed():
    driver = ready()
    effects = driver.give(
        created("r1"), item_added("r1", MESSAGE), spoken("r1", "a", "Hi"), silence("r1", "a", 200), done("r1")
    )
    assert names(effects) == [
        "ResponseOpened",
        "TextDelta",
        "SpeechOpened",
        "SpeechItem",
        "SpokenText",
        "Audio",
        "SpeechClosed",
        "ResponseClosed",
        "ResponseFinished",
    ]


def test_a_written_answer_has_no_speech():
    driver = ready()
    effects = driver.give(created("r1"), written("r1", "a", "Hi"), done("r1"))
    assert effects[:3] == [
        fx.ResponseOpened("r1"),
        fx.TextDelta("r1", "a", "Hi", spoken=False),
        fx.ResponseClosed("r1", interrupted=False),
    ]


def test_an_answer_without_output_has_no_brackets():
    driver = ready()
    assert names(driver.give(created("r1"), done("r1", "failed"))) == ["ResponseFinished"]


def test_several_items_are_one_answer():
    driver = ready()
    effects = driver.give(
        created("r1"),
        item_added("r1", MESSAGE),
        audio("r1", "a", b"ab"),
        item_added("r1", ConversationItem(type="message", id="b")),
        audio("r1", "b", b"cd"),
        item_added("r1", call_item("c1")),
        done("r1"),
    )
    assert names(effects) == [
        "ResponseOpened",
        "SpeechOpened",
        "SpeechItem",
        "Audio",
        "SpeechItem",
        "Audio",
        "SpeechClosed",
        "ResponseClosed",
        "ResponseFinished",
    ]


def test_text_whose_audio_goes_elsewhere_is_spoken_text_all_the_same():
    driver = ready()
    effects = driver.give(created("r1"), spoken("r1", "a", "Hi"), done("r1"))
    assert names(effects) == [
        "ResponseOpened",
        "TextDelta",
        "SpeechOpened",
        "SpokenText",
        "SpeechClosed",
        "ResponseClosed",
        "ResponseFinished",
    ]


def test_an_empty_delta_opens_nothing():
    driver = ready()
    assert driver.give(created("r1"), written("r1", "a", "")) == []


def test_an_interrupted_answer_closes_at_once():
    driver = ready()
    driver.give(created("r1"), audio("r1", "a", b"ab"))
    effects = driver.give(Interrupt())
    assert effects[-2:] == [fx.SpeechClosed("r1"), fx.ResponseClosed("r1", interrupted=True)]


def test_an_answer_the_service_cancelled_closes_as_interrupted():
    driver = ready()
    effects = driver.give(created("r1"), audio("r1", "a", b"ab"), done("r1", "cancelled"))
    assert of(fx.ResponseClosed, effects) == [fx.ResponseClosed("r1", interrupted=True)]


def test_what_a_cancelled_answer_has_not_said_does_not_come_out():
    driver = ready()
    driver.give(
        created("r1"), spoken("r1", "a", "One"), silence("r1", "a", 20), word("r1", "a", "later", 500)
    )
    assert names(driver.give(done("r1", "cancelled"))) == [
        "SpeechClosed",
        "ResponseClosed",
        "ResponseFinished",
    ]


def test_an_answer_ends_when_the_next_begins_though_its_end_was_not_told():
    driver = ready()
    driver.give(created("r1"), audio("r1", "a", b"ab"))
    effects = driver.give(created("r2"), audio("r2", "b", b"ab"))
    assert names(effects)[:5] == [
        "SpeechClosed",
        "ResponseClosed",
        "ResponseFinished",
        "ResponseOpened",
        "SpeechOpened",
    ]


def test_an_answer_that_waits_for_a_transcript_ends_when_the_next_begins():
    driver = ready()
    driver.give(committed("u1"), created("r1"), written("r1", "a", "Hi"), done("r1"))
    assert names(driver.give(created("r2"))) == ["ResponseClosed", "ResponseFinished"]
    assert "ResponseClosed" not in names(driver.give(heard_as("u1", "one")))


def test_an_interruption_ends_an_answer_that_waits_for_a_transcript():
    driver = ready()
    driver.give(committed("u1"), created("r1"), written("r1", "a", "Hi"), done("r1"))
    effects = driver.give(Interrupt())
    assert names(effects) == ["ResponseClosed", "ResponseFinished"]
    assert of(fx.ResponseClosed, effects)[0].interrupted


def test_a_lost_connection_closes_an_answer_that_waits_for_a_transcript():
    driver = ready()
    driver.give(committed("u1"), created("r1"), written("r1", "a", "Hi"), done("r1"))
    assert names(driver.give(Lost())) == ["ResponseClosed", "ResponseFinished"]


def test_the_items_of_a_finished_response_are_told():
    driver = ready()
    effects = driver.give(created("r1"), done("r1", output=[MESSAGE]))
    assert of(fx.ItemUpdated, effects) == [fx.ItemUpdated("a", MESSAGE)]


def test_nothing_comes_out_of_an_answer_that_is_over():
    answer = Answer("r1", AudioFormat("pcm16", 24000))
    list(answer.audio("a", b"ab"))
    list(answer.close(interrupted=False))
    late = [
        *answer.open(),
        *answer.audio("a", b"ab"),
        *answer.text("a", "x", spoken=True),
        *answer.take(word("r1", "a", "x", 0, 1)),
        *answer.take(viseme("r1", "a", 1, 0)),
        *answer.blendshapes("a", np.zeros((1, 55), np.float32), 0),
        *answer.end_speech(complete=True),
        *answer.close(interrupted=True),
    ]
    assert late == []


FACE = [[0.5] * 55]


def test_blendshapes_come_out_with_the_audio_they_belong_to():
    driver = ready()
    effects = driver.give(
        created("r1"),
        blendshapes("r1", "a", FACE * 2, 3),
        silence("r1", "a", 100),
    )
    parts = ["ResponseOpened", "SpeechOpened", "SpeechItem", "Audio", "Blendshapes", "Audio"]
    assert names(effects) == parts
    (face,) = of(fx.Blendshapes, effects)
    assert (face.first_frame_index, face.audio_offset_ms, face.frames.shape) == (3, 50, (2, 55))


def test_blendshapes_of_an_unknown_form_are_told_of_once_and_leave_the_rest_alone():
    driver = ready()
    effects = driver.give(created("r1"), *2 * [blendshapes("r1", "a", "?")], silence("r1", "a", 100))
    assert of(fx.Unreadable, effects) == [
        fx.Unreadable("response.animation_blendshapes.delta", "frames of no known form")
    ]
    assert not of(fx.Blendshapes, effects)
    assert of(fx.Audio, effects)


def test_blendshapes_that_were_not_heard_are_gone_after_an_interruption():
    driver = ready()
    driver.give(created("r1"), blendshapes("r1", "a", FACE * 60), silence("r1", "a", 150))
    effects = driver.give(Interrupt(), silence("r1", "a", 850), done("r1", "cancelled"))
    assert not of(fx.Blendshapes, effects)


def cut_short(effects):
    """The responses whose end was told here, since the service will not tell it."""
    finished = [effect.response for effect in of(fx.ResponseFinished, effects)]
    assert all(response.status == "cancelled" and response.usage is None for response in finished)
    assert all(response.status_reason == fx.CUT_SHORT for response in finished)
    return [response.id for response in finished]


def test_an_answer_that_a_loss_cuts_off_is_finished():
    driver = ready()
    driver.give(created("r1"), written("r1", "a", "Hi"))
    effects = driver.give(Lost())
    assert names(effects) == ["ResponseClosed", "ResponseFinished"]
    assert cut_short(effects) == ["r1"]
    assert names(driver.give(Lost())) == []


def test_an_answer_in_a_session_that_is_left_is_finished():
    driver = ready()
    driver.give(created("r1"), written("r1", "a", "Hi"))
    effects, _ = driver.session.leave(driver.now_s)
    assert names(effects) == ["ResponseClosed", "ResponseFinished"]
    assert cut_short(effects) == ["r1"]


def test_an_interrupted_answer_is_finished_once_whether_its_end_is_told_or_not():
    driver = ready()
    driver.give(created("r1"), written("r1", "a", "Hi"), Interrupt())
    assert cut_short(driver.give(Lost())) == ["r1"]
    driver = ready()
    driver.give(created("r1"), written("r1", "a", "Hi"), Interrupt())
    assert names(driver.give(done("r1", "cancelled"))) == ["ResponseFinished"]
    assert names(driver.give(Lost())) == []


def test_a_response_of_which_nothing_came_out_is_not_finished_by_a_loss():
    driver = ready()
    driver.give(created("r1"))
    assert names(driver.give(Lost())) == []


def test_an_answer_whose_place_another_takes_is_finished_once():
    driver = ready()
    driver.give(created("r1"), written("r1", "a", "Hi"))
    effects = driver.give(created("r2"))
    assert names(effects)[:2] == ["ResponseClosed", "ResponseFinished"]
    assert cut_short(effects) == ["r1"]
    assert not of(fx.ResponseFinished, driver.give(done("r1")))
