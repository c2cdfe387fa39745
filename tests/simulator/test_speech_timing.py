"""Words and mouth shapes from what espeak-ng reports; at 1000 Hz a sample is a millisecond."""

from __future__ import annotations

import numpy as np

from pipecat_voicelive.simulator.espeak_timing import build_utterance
from pipecat_voicelive.simulator.espeak_wire import RawSpeech
from pipecat_voicelive.simulator.spoken_words import tokens_of
from pipecat_voicelive.simulator.utterance import Utterance

LEAD_MS = 100.0


def _utterance(
    text: str,
    *,
    words: list[tuple[int, int]],
    phonemes: list[tuple[str, int]],
    length_ms: int = 1000,
    quiet: tuple[tuple[int, int], ...] = (),
) -> Utterance:
    samples = np.full(length_ms, 8000, "<i2")
    for start, end in quiet:
        samples[start:end] = 0
    speech = RawSpeech(1, 1000, tuple(words), tuple(phonemes), samples.tobytes())
    return build_utterance(text, tokens_of(text), speech)


def _words(utterance: Utterance) -> list[tuple[str, float, float]]:
    return [(word.text, word.offset_ms - LEAD_MS, word.duration_ms) for word in utterance.words]


def _visemes(utterance: Utterance) -> list[tuple[int, float]]:
    return [(viseme.viseme_id, viseme.offset_ms - LEAD_MS) for viseme in utterance.visemes]


def test_several_reported_words_within_one_are_one() -> None:
    utterance = _utterance("it's 54 now", words=[(0, 0), (5, 300), (6, 500), (8, 700)], phonemes=[("ɪ", 0)])
    assert _words(utterance) == [("it's", 0.0, 300.0), ("54", 300.0, 400.0), ("now", 700.0, 300.0)]


def test_words_that_are_not_reported_share_the_time_of_the_word_before() -> None:
    utterance = _utterance("on the go", words=[(0, 0), (7, 700)], phonemes=[("ɔ", 0)])
    assert _words(utterance) == [("on", 0.0, 300.0), ("the", 300.0, 400.0), ("go", 700.0, 300.0)]


def test_a_word_ends_where_the_pause_before_the_next_begins() -> None:
    utterance = _utterance(
        "so, go",
        words=[(0, 0), (4, 600)],
        phonemes=[("s", 0), ("oʊ", 100), ("", 400), ("ɡ", 600), ("oʊ", 700)],
        quiet=((400, 600),),
    )
    assert _words(utterance) == [("so", 0.0, 400.0), ("go", 600.0, 400.0)]
    assert _visemes(utterance) == [(0, -50), (15, 0), (8, 100), (0, 400), (20, 600), (8, 700), (0, 1000)]


def test_a_loud_phoneme_without_a_symbol_prolongs_the_sound_before_it() -> None:
    phonemes = [("s", 0), ("iː", 100), ("", 400), ("æ", 600)]
    utterance = _utterance("Seattle", words=[(0, 0)], phonemes=phonemes)
    assert _visemes(utterance) == [(0, -50), (15, 0), (6, 100), (1, 600), (0, 1000)]


def test_a_dash_announces_the_word_after_it() -> None:
    utterance = _utterance("yes - no", words=[(0, 0), (4, 500)], phonemes=[("j", 0)])
    assert _words(utterance) == [("yes", 0.0, 500.0), ("no", 500.0, 500.0)]


def test_a_word_reported_in_a_space_goes_on_with_the_word_before() -> None:
    utterance = _utterance("😀 place", words=[(0, 0), (1, 300), (2, 600)], phonemes=[("ɡ", 0)])
    assert _words(utterance) == [("😀", 0.0, 600.0), ("place", 600.0, 400.0)]


def test_words_of_a_text_nothing_is_reported_for_share_the_audio() -> None:
    utterance = _utterance("no no", words=[], phonemes=[])
    assert _words(utterance) == [("no", 0.0, 500.0), ("no", 500.0, 500.0)]


def test_two_shapes_of_a_sound_share_its_time() -> None:
    utterance = _utterance("you", words=[(0, 0)], phonemes=[("juː", 0)])
    assert _visemes(utterance) == [(0, -50), (6, 0), (7, 500), (0, 1000)]


def test_shapes_that_fall_together_are_a_millisecond_apart() -> None:
    phonemes = [("t", 0), ("ɪ", 500), ("l", 500), ("s", 500)]
    utterance = _utterance("tils", words=[(0, 0)], phonemes=phonemes)
    assert _visemes(utterance) == [(0, -50), (19, 0), (6, 500), (14, 501), (15, 502), (0, 1000)]


def test_silence_at_the_end_is_cut_to_150_ms() -> None:
    phonemes = [("s", 0), ("oʊ", 100), ("", 400)]
    utterance = _utterance("so...", words=[(0, 0)], phonemes=phonemes, quiet=((400, 1000),))
    assert abs(utterance.duration_ms - (LEAD_MS + 400.0 + 150.0)) < 1.0
    assert _words(utterance) == [("so", 0.0, 400.0)]


def test_no_audio_at_all_is_survived() -> None:
    utterance = _utterance("hm", words=[], phonemes=[], length_ms=0)
    assert _words(utterance) == [("hm", 0.0, 0.0)]
    assert _visemes(utterance) == [(0, -50)]
