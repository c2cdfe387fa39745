"""An avatar speaks the answers: brackets, text and truncations follow what it says, not what arrives."""

import base64
import json

import pytest
from session_harness import (
    audio,
    call_item,
    created,
    done,
    item_added,
    names,
    of,
    ready,
    sent,
    sent_types,
    speech_started,
    spoken,
    updated,
    viseme,
    word,
)

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.avatar import BEGIN_S, SPEAK_S
from pipecat_voicelive.session.inputs import AnswerTool, ConnectAvatar, Heard, Interrupt, Lost

AVATAR = {"character": "lisa", "ice_servers": [{"urls": ["stun:example.com"]}]}
SPEAKING = se.SessionAvatarSwitchToSpeaking(turn_id="t1")
IDLE = se.SessionAvatarSwitchToIdle(turn_id="t1")
MESSAGE = ConversationItem(type="message", id="a", role="assistant")
PLACES = [word("r1", "a", "One", 0), word("r1", "a", "two", 500), word("r1", "a", "three.", 1000)]


def with_avatar(**options):
    return ready(avatar=AVATAR | options)


def answering(driver, *more):
    """A whole answer arrives at once, long before it is heard."""
    return driver.give(created("r1"), item_added("r1", MESSAGE), spoken("r1", "a", "One two three."), *more)


def said(effects):
    return "".join(effect.text for effect in of(fx.SpokenText, effects))


# --- connecting --------------------------------------------------------------------------------------


@pytest.mark.proves("session.avatar.connect", "session.avatar.connecting")
def test_an_offer_goes_out_encoded_and_its_answer_comes_back_plain():
    driver = with_avatar()
    (connect,) = sent(driver.give(ConnectAvatar("v=0 offer")))
    assert json.loads(base64.b64decode(connect.client_sdp)) == {"type": "offer", "sdp": "v=0 offer"}
    answer = base64.b64encode(json.dumps({"type": "answer", "sdp": "v=0 answer"}).encode()).decode()
    assert driver.give(se.SessionAvatarConnecting(server_sdp=answer)) == [fx.AvatarAnswer("v=0 answer")]


def test_an_answer_that_cannot_be_read_is_told_of():
    (told,) = with_avatar().give(se.SessionAvatarConnecting(server_sdp="?"))
    assert told == fx.Unreadable("session.avatar.connecting", "an answer without SDP")


@pytest.mark.proves("response.video.delta")
def test_video_comes_out_as_it_comes():
    event = se.ResponseVideoDelta(delta="bW9vZg==", codec="h264", output_index=1)
    driver = with_avatar(output_protocol="websocket")
    assert driver.give(event) == [fx.AvatarVideo("h264", b"moof", 1, "bW9vZg==")]
    assert driver.give(se.ResponseVideoDelta(delta="?")) == [
        fx.Unreadable("response.video.delta", "video that is no base64")
    ]


# --- speaking ----------------------------------------------------------------------------------------


@pytest.mark.proves(
    "session.avatar.switch_to_speaking", "session.avatar.switch_to_idle", "feature.avatar-brackets"
)
def test_an_answer_lasts_until_the_avatar_is_idle():
    driver = with_avatar()
    assert names(answering(driver, done("r1"))) == ["ResponseOpened", "TextDelta", "ResponseFinished"]
    assert driver.session.answer_pending
    assert names(driver.give(SPEAKING)) == ["SpeechOpened", "AvatarSpeaking"]
    driver.wait(2)
    effects = driver.give(IDLE)
    assert names(effects) == ["SpeechClosed", "ResponseClosed", "AvatarIdle"]
    assert of(fx.ResponseClosed, effects) == [fx.ResponseClosed("r1", interrupted=False)]
    assert said(driver.trace) == "One two three."
    assert not driver.session.answer_pending


def test_an_avatar_that_begins_before_its_response_is_done_is_the_same():
    driver = with_avatar()
    assert names(answering(driver, SPEAKING))[-2:] == ["SpeechOpened", "AvatarSpeaking"]
    driver.give(done("r1"))
    effects = driver.give(IDLE)
    assert names(effects)[-3:] == ["SpeechClosed", "ResponseClosed", "AvatarIdle"]
    assert said(driver.trace) == "One two three."


def test_words_visemes_and_text_come_out_by_the_time_since_the_avatar_began():
    driver = with_avatar()
    answering(driver, *PLACES, viseme("r1", "a", 7, 700), done("r1"))
    driver.wait(3)
    assert not of(fx.Word, driver.trace)
    driver.give(SPEAKING)
    effects = driver.wait(0.6)
    assert [word.text for word in of(fx.Word, effects)] == ["One", "two"]
    assert said(effects) == "One two"
    effects = driver.wait(0.2)
    assert names(effects) == ["Viseme"]
    assert names(driver.wait(0.3)) == ["Word", "SpokenText"]


@pytest.mark.proves("output_audio_buffer.started", "output_audio_buffer.stopped")
def test_the_notices_of_the_audio_buffer_say_the_same():
    driver = with_avatar()
    answering(driver, done("r1"))
    effects = driver.give(se.OutputAudioBufferStarted(), SPEAKING)
    assert names(effects) == ["SpeechOpened", "AvatarSpeaking"]
    effects = driver.give(se.OutputAudioBufferStopped(), IDLE)
    assert names(effects)[-3:] == ["SpeechClosed", "ResponseClosed", "AvatarIdle"]
    assert len(of(fx.AvatarIdle, effects)) == 1


def test_audio_that_comes_all_the_same_is_only_to_be_kept():
    driver = with_avatar(output_audit_audio=True)
    effects = answering(driver, audio("r1", "a", b"1234"))
    assert of(fx.AuditAudio, effects) == [fx.AuditAudio("r1", "a", b"1234")]
    assert not of(fx.Audio, effects) + of(fx.SpeechOpened, effects)


def test_two_messages_of_one_response_are_spoken_one_after_the_other():
    driver = with_avatar()
    answering(driver, spoken("r1", "b", "Four."), done("r1"))
    driver.give(SPEAKING)
    effects = driver.wait(5)
    assert names(effects) == ["SpeechItem", "SpokenText", "SpeechItem", "SpokenText"]
    assert [item.item_id for item in of(fx.SpeechItem, effects)] == ["a", "b"]


def test_tools_run_while_the_avatar_still_speaks():
    driver = with_avatar()
    call = call_item("c1")
    effects = answering(driver, item_added("r1", call), done("r1", output=[MESSAGE, call]))
    assert [tool.call_id for calls in of(fx.ToolCalls, effects) for tool in calls.calls] == ["c1"]
    driver.give(SPEAKING, AnswerTool("c1", "42"))
    effects = driver.give(created("r2"), spoken("r2", "b", "It is 42."))
    # The first answer ends where the second begins.
    assert names(effects)[:4] == ["SpeechItem", "SpokenText", "SpeechClosed", "ResponseClosed"]
    assert said(effects) == "One two three."


def test_an_answer_without_speech_ends_at_once():
    driver = with_avatar()
    call = call_item("c1")
    effects = driver.give(created("r1"), item_added("r1", call), done("r1", output=[call]))
    assert names(effects)[-3:] == ["ResponseFinished", "ItemUpdated", "ToolCalls"]
    assert of(fx.ResponseClosed, effects)


def test_an_avatar_that_never_begins_has_said_it_all_after_a_while():
    driver = with_avatar()
    answering(driver, done("r1"))
    effects = driver.wait(BEGIN_S + 0.1)
    assert names(effects) == [
        "SpeechOpened",
        "SpeechItem",
        "SpokenText",
        "SpeechClosed",
        "ResponseClosed",
    ]
    assert not driver.session.answer_pending


def test_an_avatar_that_is_never_idle_has_said_it_all_after_a_long_while():
    driver = with_avatar()
    answering(driver, done("r1"), SPEAKING)
    assert of(fx.ResponseClosed, driver.wait(SPEAK_S + 0.1))


# --- one answer right after another ------------------------------------------------------------------


def two_answers():
    """The second comes while the avatar speaks the first, whose text ends 1.1 s after it began."""
    driver = with_avatar()
    answering(driver, *PLACES, done("r1"), SPEAKING)
    driver.wait(0.4)
    driver.give(created("r2"), spoken("r2", "b", "Four five."), word("r2", "b", "Four", 0))
    driver.give(word("r2", "b", "five.", 800), done("r2"))
    return driver


def test_an_answer_that_follows_without_a_pause_begins_where_the_text_before_it_ends():
    driver = two_answers()
    assert driver.wait(0.65) == []
    assert names(driver.wait(0.1)) == ["SpeechOpened", "SpeechItem", "Word", "SpokenText"]
    driver.wait(0.85)
    assert names(driver.give(IDLE)) == ["SpeechClosed", "ResponseClosed", "AvatarIdle"]
    assert said(driver.trace) == "One two three.Four five."


def test_an_interruption_of_an_answer_that_followed_without_a_pause_cuts_it_where_it_was():
    driver = two_answers()
    driver.wait(1.2)
    (_, cut) = sent(driver.give(Interrupt(Heard("", 0))))
    assert (cut.type, cut.item_id, cut.audio_end_ms) == ("conversation.item.truncate", "b", 500)


@pytest.mark.parametrize("late_s", [0.5, 0.9])
def test_an_avatar_that_pauses_between_two_answers_begins_the_second_when_it_says_so(late_s):
    driver = two_answers()
    driver.wait(late_s)
    assert names(driver.give(IDLE)) == ["AvatarIdle"]
    driver.wait(2)
    assert "five" not in said(driver.trace)
    driver.give(SPEAKING)
    driver.wait(0.9)
    assert names(driver.give(IDLE)) == ["SpeechClosed", "ResponseClosed", "AvatarIdle"]
    assert said(driver.trace) == "One two three.Four five."


def test_a_tool_call_between_two_answers_changes_nothing():
    driver = with_avatar()
    answering(driver, *PLACES, done("r1"), SPEAKING)
    driver.give(created("r2"), item_added("r2", call_item("c1")), done("r2", output=[call_item("c1")]))
    driver.give(AnswerTool("c1", "42"), created("r3"), spoken("r3", "b", "Four."), done("r3"))
    driver.wait(1.2)
    assert said(driver.trace) == "One two three.Four."


# --- interruptions -----------------------------------------------------------------------------------


@pytest.mark.proves("output_audio_buffer.clear", "output_audio_buffer.cleared", "feature.avatar-barge-in")
def test_an_interruption_clears_the_avatar_and_cuts_where_it_was():
    driver = with_avatar()
    answering(driver, *PLACES, done("r1"), SPEAKING)
    driver.wait(0.75)
    effects = driver.give(Interrupt(Heard("", 0)))
    assert sent_types(effects) == ["output_audio_buffer.clear", "conversation.item.truncate"]
    (_, cut) = sent(effects)
    assert (cut.item_id, cut.audio_end_ms) == ("a", 750)
    assert of(fx.ResponseClosed, effects) == [fx.ResponseClosed("r1", interrupted=True)]
    assert said(driver.trace) == "One two"
    assert not of(fx.SpokenText, effects)  # it would come behind the interruption
    assert names(driver.give(se.OutputAudioBufferCleared(), IDLE)) == ["AvatarIdle"]
    assert not driver.session.answer_pending


def test_an_interruption_while_the_response_runs_cancels_it_first():
    driver = with_avatar()
    answering(driver, SPEAKING)
    driver.wait(0.2)
    effects = driver.give(Interrupt())
    assert sent_types(effects)[:2] == ["response.cancel", "output_audio_buffer.clear"]
    assert of(fx.ResponseClosed, effects)
    assert names(driver.give(done("r1", "cancelled"), IDLE)) == ["ResponseFinished", "AvatarIdle"]


def test_an_answer_that_was_not_begun_is_taken_out():
    driver = with_avatar()
    answering(driver, done("r1"))
    effects = driver.give(Interrupt())
    assert sent_types(effects) == ["output_audio_buffer.clear", "conversation.item.delete"]
    assert not said(driver.trace)


def test_an_avatar_that_the_caller_silenced_has_not_said_it_all():
    driver = with_avatar()
    answering(driver, *PLACES, done("r1"), SPEAKING)
    driver.wait(0.75)
    # The service stops the avatar itself, and says so before anybody here decides on an interruption.
    effects = driver.give(speech_started(), IDLE)
    assert not of(fx.ResponseClosed, effects)
    driver.wait(0.3)
    effects = driver.give(Interrupt(Heard("", 0)))
    (cut,) = [event for event in sent(effects) if event.type == "conversation.item.truncate"]
    assert (cut.item_id, cut.audio_end_ms) == ("a", 750)
    assert of(fx.ResponseClosed, effects) == [fx.ResponseClosed("r1", interrupted=True)]
    assert said(driver.trace) == "One two"


def test_an_avatar_that_was_silenced_without_an_interruption_ends_as_interrupted():
    driver = with_avatar()
    answering(driver, *PLACES, done("r1"), SPEAKING)
    driver.wait(0.75)
    driver.give(se.OutputAudioBufferCleared())
    effects = driver.wait(BEGIN_S + 1)
    assert of(fx.ResponseClosed, effects) == [fx.ResponseClosed("r1", interrupted=True)]
    assert said(driver.trace) == "One two"


def test_an_answer_cancelled_after_the_avatar_was_silenced_is_over_and_still_cut_where_it_was():
    driver = with_avatar()
    answering(driver, *PLACES, SPEAKING)
    driver.wait(0.75)
    driver.give(speech_started(), IDLE)
    assert of(fx.ResponseClosed, driver.give(done("r1", "cancelled")))
    assert not driver.session.answer_pending
    (cut,) = sent(driver.give(Interrupt(Heard("", 0))))
    assert (cut.type, cut.item_id, cut.audio_end_ms) == ("conversation.item.truncate", "a", 750)


def test_nothing_is_cleared_after_an_answer_without_speech():
    driver = with_avatar()
    driver.give(created("r1"), item_added("r1", call_item("c1")), done("r1", output=[call_item("c1")]))
    assert sent_types(driver.give(Interrupt())) == []


def test_an_interruption_of_silence_changes_nothing():
    driver = with_avatar()
    assert driver.give(Interrupt()) == []
    answering(driver, done("r1"), SPEAKING)
    driver.wait(3)
    driver.give(IDLE)
    assert driver.give(Interrupt(), Interrupt(Heard("a", 100))) == []


def test_without_an_avatar_nothing_is_cleared():
    driver = ready()
    answering(driver)
    assert "output_audio_buffer.clear" not in sent_types(driver.give(Interrupt()))


def test_a_lost_connection_closes_what_the_avatar_was_saying():
    driver = with_avatar()
    answering(driver, done("r1"), SPEAKING)
    effects = driver.give(Lost())
    assert names(effects) == ["SpeechClosed", "ResponseClosed"]
    assert driver.session.deadline_s is None


def test_an_avatar_that_the_options_take_away_is_gone():
    driver = with_avatar()
    driver.give(updated())
    assert names(answering(driver, audio("r1", "a", b"1234")))[-1] == "Audio"


@pytest.mark.parametrize(
    "event",
    [
        SPEAKING,
        IDLE,
        se.OutputAudioBufferStarted(),
        se.OutputAudioBufferStopped(),
        se.OutputAudioBufferCleared(),
        se.SessionAvatarConnecting(server_sdp="v=0"),
        se.ResponseVideoDelta(delta=""),
    ],
    ids=lambda event: event.type,
)
def test_no_notice_does_harm_at_any_moment(event):
    driver = with_avatar()
    driver.give(event)
    answering(driver, event, *PLACES, event, done("r1"), event)
    driver.wait(0.3)
    driver.give(event, Interrupt(), event, created("r2"), event, done("r2"), event, Lost(), event)
    opened, closed = of(fx.ResponseOpened, driver.trace), of(fx.ResponseClosed, driver.trace)
    assert len(opened) == len(closed)
    assert len(of(fx.SpeechOpened, driver.trace)) == len(of(fx.SpeechClosed, driver.trace))
