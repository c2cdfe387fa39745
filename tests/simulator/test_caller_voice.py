"""The simulated caller's voice, on samples of our own."""

import numpy as np
import pytest
from voice_live_client import tone

from pipecat_voicelive.protocol.audio import input_format
from pipecat_voicelive.simulator.caller_voice import CallerLine, CallerVoice
from pipecat_voicelive.simulator.input_audio import InputFormat
from pipecat_voicelive.simulator.utterance import SpokenWord, Utterance

SECOND = Utterance(tone(1000), (SpokenWord("Yes", 100.0, 300.0), SpokenWord("sir", 700.0, 200.0)), ())


def at(rate_hz):
    return InputFormat(input_format("pcm16", rate_hz))


def saying(text="Yes, sir!", *, rate_hz=24000):
    voice = CallerVoice(at(rate_hz), lambda: 500.0)
    voice.say(CallerLine(1, text, SECOND), 10.0)
    return voice


def quiet(count):
    return np.zeros(count, np.int16)


def test_a_line_carries_itself_as_fast_as_time_passes():
    voice = saying()
    assert voice.deadline_s == pytest.approx(10.05)
    assert voice.due_samples(10.04) == 0
    assert voice.due_samples(10.5) == 12000
    assert voice.deadline_s == pytest.approx(10.55)


def test_a_client_that_sends_audio_carries_the_line():
    voice = saying()
    voice.client_sent(10.1)
    assert voice.due_samples(10.29) == 0
    heard = voice.over(np.full(24000, 100, np.int16), 0.0)
    assert np.array_equal(heard, np.frombuffer(SECOND.pcm, "<i2") + 100)
    # It went silent: what it has not sent since is made up for.
    assert voice.due_samples(10.35) == 6000


def test_silence_follows_until_the_turn_has_ended():
    voice = saying()
    voice.over(quiet(24000), 0.0)
    assert [line.number for line in voice.take_said()] == [1]
    assert voice.busy
    assert voice.saying == "Yes, sir!"
    voice.turn_ended()
    assert not voice.busy
    assert voice.deadline_s is None


def test_words_are_known_by_their_place():
    voice = saying()
    voice.over(quiet(30000), 2000.0)
    assert voice.words_between(2000.0, 3000.0) == "Yes, sir!"
    assert voice.words_between(2000.0, 2500.0) == "Yes,"
    assert voice.words_between(2500.0, 3000.0) == "sir!"
    assert voice.words_between(3000.0, 9000.0) is None


def test_a_line_goes_on_when_the_rate_changes():
    voice = saying()
    voice.over(quiet(12000), 0.0)
    voice.configure(at(16000))
    rest = voice.over(quiet(16000), 500.0)
    assert np.abs(rest[:7900]).max() > 7000
    assert not rest[8100:].any()


def test_what_is_too_loud_is_clipped():
    assert saying().over(np.full(24000, 32000, np.int16), 0.0).max() == 32767
