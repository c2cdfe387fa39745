"""Where the simulator says that words are is where they sound."""

import itertools
import math

import numpy as np
import pytest

from pipecat_voicelive.simulator.phrases import logprobs_of, phrases_of
from pipecat_voicelive.simulator.speech import open_speaker

TEXT = "I would like to book a table. Can you do Friday evening?"


async def test_words_are_placed_where_they_sound():
    speaker = await open_speaker()
    try:
        utterance = await speaker.speak(TEXT)
    finally:
        await speaker.aclose()
    phrases = phrases_of(TEXT, utterance.pcm, utterance.rate_hz, locale="en-US", confidence=0.9)
    words = [word for phrase in phrases for word in phrase.words]
    assert [word.text for word in words] == [word.text for word in utterance.words]
    for word, spoken in zip(words, utterance.words, strict=True):
        assert abs(word.offset_milliseconds - spoken.offset_ms) < 250, word.text
    # Rising, none reaching into the next, and the pause between the sentences belongs to no word.
    for word, following in itertools.pairwise(words):
        assert word.offset_milliseconds + word.duration_milliseconds <= following.offset_milliseconds + 10
    assert [(phrase.text, phrase.locale, phrase.confidence) for phrase in phrases] == [
        ("I would like to book a table.", "en-US", 0.9),
        ("Can you do Friday evening?", "en-US", 0.9),
    ]


@pytest.mark.parametrize("pcm", [b"", b"\0\0", np.zeros(16000, "<i2").tobytes()])
@pytest.mark.parametrize("text", ["", "...", "Hello there."])
def test_silence_and_texts_without_words_have_no_places_that_make_no_sense(pcm, text):
    for phrase in phrases_of(text, pcm, 16000, locale="en-US", confidence=1.0):
        assert phrase.offset_milliseconds >= 0
        assert phrase.duration_milliseconds > 0


def test_every_token_has_its_probability_and_all_of_them_are_the_text():
    tokens = logprobs_of("Grüß Gott, don't worry!", 0.5)
    assert "".join(token.token for token in tokens) == "Grüß Gott, don't worry!"
    assert {round(math.exp(token.logprob), 3) for token in tokens} == {0.5}
    assert bytes(b for token in tokens for b in token.bytes).decode() == "Grüß Gott, don't worry!"
