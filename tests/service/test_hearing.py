"""Which of the caller's audio is sent, and when a turn begins and ends."""

import pytest
from pipecat.frames.frames import InputAudioRawFrame

from pipecat_voicelive.protocol.audio import input_format
from pipecat_voicelive.service.hearing import Hearing


class Sent(list):
    """Stands where the client is; notes what is asked of it."""

    hears_caller = False

    def send_audio(self, audio):
        self.append(len(audio))

    def start_turn(self):
        self.append("start")

    def commit_turn(self):
        self.append("commit")


@pytest.fixture
def sent():
    return Sent()


def hearing_of(sent, *, manual_turns):
    return Hearing(sent, input_format("pcm16", 16000), manual_turns=manual_turns)


def sound():
    return InputAudioRawFrame(bytes(640), 16000, 1)


def test_a_manual_turn_is_sent_from_before_it_was_noticed_and_committed(sent):
    hearing = hearing_of(sent, manual_turns=True)
    hearing.hear(sound())
    hearing.turn_started()
    hearing.hear(sound())
    assert hearing.turn_stopped()
    hearing.hear(sound())
    assert sent == ["start", 640, 640, "commit"]


def test_a_manual_turn_does_not_begin_before_a_pause(sent):
    hearing = hearing_of(sent, manual_turns=True)
    hearing.hear(sound())
    hearing.paused = True
    hearing.hear(sound())
    hearing.paused = False
    hearing.hear(sound())
    hearing.turn_started()
    assert sent == ["start", 640]


def test_a_turn_that_the_service_hears_is_ended_with_silence_when_the_microphone_goes_off(sent):
    hearing = hearing_of(sent, manual_turns=False)
    hearing.hear(sound())
    sent.hears_caller = True
    hearing.paused = True
    hearing.paused = True
    hearing.hear(sound())
    assert sent == [640, 96_000]


def test_no_silence_is_sent_when_nobody_is_heard(sent):
    hearing = hearing_of(sent, manual_turns=False)
    hearing.paused = True
    hearing.mute(True)
    assert sent == []


def test_a_turn_whose_beginning_is_told_when_the_microphone_is_off_already_ends_too(sent):
    hearing = hearing_of(sent, manual_turns=False)
    hearing.mute(True)
    sent.hears_caller = True
    hearing.noticed()
    hearing.mute(False)
    hearing.noticed()
    assert sent == [96_000]


def test_turns_of_the_services_own_are_not_touched(sent):
    hearing = hearing_of(sent, manual_turns=False)
    hearing.turn_started()
    hearing.hear(sound())
    assert not hearing.turn_stopped()
    assert sent == [640]


def test_a_turn_in_which_the_service_takes_over_is_committed_and_the_next_manual_one_begins_anew(sent):
    hearing = hearing_of(sent, manual_turns=True)
    hearing.turn_started()
    hearing.hear(sound())
    hearing.set_manual_turns(False)
    assert not hearing.turn_stopped()
    hearing.set_manual_turns(True)
    hearing.hear(sound())
    hearing.turn_started()
    assert hearing.turn_stopped()
    assert sent == ["start", 640, "commit", "start", 640, "commit"]
