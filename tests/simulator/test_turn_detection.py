"""Turns from loudness alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from voice_live_client import silence, tone

from pipecat_voicelive.simulator.loudness import FRAME_MS, LoudnessMeter, Sound
from pipecat_voicelive.simulator.turn_detection import (
    SpeechStarted,
    SpeechStopped,
    TurnDetector,
    TurnSettings,
)

RATE_HZ = 8000


def settings(**changes):
    defaults = {
        "threshold": 0.5,
        "prefix_padding_ms": 304,
        "silence_duration_ms": 496,
        "speech_duration_ms": 96,
    }
    return TurnSettings(**{**defaults, **changes})


def detected(audio, *, pieces=(), **changes):
    chosen = settings(**changes)
    detector, meter = TurnDetector(chosen), LoudnessMeter(RATE_HZ, chosen.threshold_dbfs)
    samples = np.frombuffer(audio, dtype="<i2").astype(np.int16)
    found = []
    for piece in np.split(samples, sorted({min(cut, len(samples)) for cut in pieces})):
        found += list(detector.feed(meter.measure(piece)))
    return found


def sound(*parts):
    """Tones (positive) and silences (negative), in ms."""
    return b"".join(tone(ms, rate_hz=RATE_HZ) if ms > 0 else silence(-ms, rate_hz=RATE_HZ) for ms in parts)


def noise(duration_ms, dbfs):
    samples = np.random.default_rng(1).normal(0, 32768 * 10 ** (dbfs / 20), duration_ms * RATE_HZ // 1000)
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


def test_a_turn_has_its_padding_and_its_silence():
    assert detected(sound(-800, 800, -800)) == [SpeechStarted(496, 896), SpeechStopped(2096)]


def test_the_padding_ends_at_the_beginning():
    assert detected(sound(-160, 800))[0] == SpeechStarted(0, 256)


def test_the_padding_of_a_turn_does_not_reach_into_the_one_before():
    found = detected(sound(800, -528, 800, -800))
    assert found[2].audio_start_ms == found[1].audio_end_ms


@pytest.mark.proves("rule.speech-duration")
def test_a_short_sound_is_no_speech():
    assert detected(sound(-800, 80, -800)) == []


def test_a_stop_consonant_does_not_start_speech_over():
    assert detected(sound(-800, 64, -48, 64, -800))[0].audio_start_ms == 496


def test_a_pause_shorter_than_the_silence_does_not_end_a_turn():
    found = detected(sound(800, -400, 800, -800))
    assert [type(detection) for detection in found] == [SpeechStarted, SpeechStopped]


@pytest.mark.parametrize(("threshold", "heard"), [(0.1, True), (0.9, False)])
def test_the_threshold_decides_how_loud_speech_must_be(threshold, heard):
    quiet = tone(800, rate_hz=RATE_HZ, amplitude=700)  # -36 dBFS
    assert bool(detected(silence(160, rate_hz=RATE_HZ) + quiet, threshold=threshold)) is heard


def test_soft_noise_is_no_speech():
    assert detected(noise(5000, -50)) == []


def test_a_steady_hum_ceases_to_be_speech():
    found = detected(sound(-496) + noise(20000, -38))
    assert [type(detection) for detection in found] == [SpeechStarted, SpeechStopped]


def test_noise_that_was_there_from_the_beginning_is_no_speech():
    assert detected(noise(3000, -38)) == []


def test_a_soft_onset_belongs_to_the_speech():
    soft = tone(160, rate_hz=RATE_HZ, amplitude=60)  # -58 dBFS
    audio = silence(800, rate_hz=RATE_HZ) + soft + sound(800, -800)
    assert detected(audio) == [SpeechStarted(496, 992), SpeechStopped(2256)]


def test_faint_sound_alone_is_no_speech():
    assert detected(sound(-800) + tone(2000, rate_hz=RATE_HZ, amplitude=100) + sound(-800)) == []


def test_faint_sound_long_before_speech_is_no_part_of_it():
    murmur = tone(1600, rate_hz=RATE_HZ, amplitude=60)
    started = detected(silence(800, rate_hz=RATE_HZ) + murmur + sound(800, -800))[0]
    assert 2400 - 304 - 224 <= started.audio_start_ms <= 2400 - 304


def test_a_click_after_speech_does_not_lengthen_it():
    click = tone(16, rate_hz=RATE_HZ, amplitude=100)
    audio = sound(-800, 800, -304) + click + silence(800, rate_hz=RATE_HZ)
    assert detected(audio)[-1] == SpeechStopped(2096)


def test_the_release_of_a_final_stop_belongs_to_the_speech():
    release = tone(16, rate_hz=RATE_HZ, amplitude=300)
    audio = sound(-800, 800, -96) + release + silence(800, rate_hz=RATE_HZ)
    assert detected(audio)[-1] == SpeechStopped(2208)


def test_a_constant_offset_is_no_sound():
    offset = np.full(3000 * RATE_HZ // 1000, 1500, "<i2").tobytes()
    assert detected(offset) == []


def test_speech_is_heard_over_noise():
    speech = np.frombuffer(sound(-3008, 800, -1200), dtype="<i2").astype(np.int32)
    mixed = speech + np.frombuffer(noise(5008, -42), dtype="<i2")
    found = detected(mixed.astype("<i2").tobytes())
    assert [type(detection) for detection in found] == [SpeechStarted, SpeechStopped]


def test_a_forgotten_turn_does_not_end():
    detector = TurnDetector(settings())
    voice, quiet = [Sound.LOUD] * 50, [Sound.NONE] * 50
    assert [type(detection) for detection in detector.feed(voice)] == [SpeechStarted]
    detector.forget_turn()
    assert list(detector.feed(quiet)) == []


SOUNDS = st.lists(st.integers(-900, 900).filter(lambda ms: ms != 0), max_size=6)


@given(SOUNDS, st.lists(st.integers(0, 40000), max_size=12))
def test_the_pieces_that_audio_comes_in_make_no_difference(parts, cuts):
    audio = sound(*parts)
    assert detected(audio, pieces=cuts) == detected(audio)


@given(SOUNDS)
def test_turns_alternate_lie_on_frames_and_do_not_overlap(parts):
    found = detected(sound(*parts))
    places = [d.audio_start_ms if isinstance(d, SpeechStarted) else d.audio_end_ms for d in found]
    assert [type(d) for d in found] == [SpeechStarted, SpeechStopped] * (len(found) // 2) + [
        SpeechStarted
    ] * (len(found) % 2)
    assert places == sorted(places)
    assert all(place % FRAME_MS == 0 for place in places)
