"""What callers say, and answers that can be told apart by every word and by every sample.

A word of an answer is its kind, its number and its place: "a7x03" is the fourth word of the answer to turn 7.
It sounds for 390 ms, as long as a word of its length does, as a constant whose height is that code. So
whatever comes out of a bot says which answer it belongs to, which part of it, and whether something is
missing, doubled or late.

Callers say real sentences in a real voice, spoken once when the run begins. The simulators know them again by
their sound: what was cut, lost or sent twice is not known again, and shows.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.simulator.utterance import (
    LEADING_SILENCE_MS,
    RATE_HZ,
    TRAILING_SILENCE_MS,
    SpokenWord,
    Utterance,
    silent_utterance,
    viseme_track,
)

LINES = (
    "What is the weather in Lisbon today?",
    "I need a train to Bergen at half past six.",
    "Find me a quiet hotel for the weekend.",
    "How many people live in Osaka?",
    "Please tell my brother that I am late.",
    "The kitchen light does not work any more.",
    "Can you play some music by Mozart?",
    "My order number is four nine two seven.",
    "Which bus goes to the old harbour?",
    "I would like to change my booking.",
    "Remind me to water the plants tomorrow.",
    "Is the museum open on Sunday afternoon?",
    "Cancel the meeting with the lawyers.",
    "What does a ticket to Cairo cost?",
    "Somebody has stolen my bicycle.",
    "Turn the heating down in the bedroom.",
    "Give me the number of a good dentist.",
    "Where can I buy fresh bread around here?",
    "My daughter has lost her blue umbrella.",
    "Send the invoice to our new address.",
    "How long does it take to boil an egg?",
    "Let us talk about something else now.",
    "There is too much noise on this line.",
    "Who won the football match last night?",
)
"""Sentences whose sound is not much alike."""

CALLER_RATE = 1.4
"""How fast they are spoken."""

WORD_MS = 390
KINDS = "gasou"
"""Greeting, answer, given words (`TTSSpeakFrame`), otherwise, unheard."""

_NUMBERS, _PLACES = 64, 64
_CODE = re.compile(rf"\b([{KINDS}])(\d+)x(\d+)\b")
_STEP = round(RATE_HZ * WORD_MS / 1000)


def answer(kind: str, number: int, words: int) -> str:
    """The text of an answer of so many words."""
    assert number < _NUMBERS
    assert words < _PLACES
    return " ".join(f"{kind}{number}x{place:02d}" for place in range(words))


def codes_in(text: str) -> list[tuple[str, int]]:
    """The words of answers in a text: each answer's name ("a7") and the word's place in it."""
    return [(f"{kind}{number}", int(place)) for kind, number, place in _CODE.findall(text)]


class CodedSpeaker:
    """Speaks in codes. See `Speaker`."""

    async def speak(
        self,
        text: str,
        *,
        locale: str = "en-US",
        voice: str | None = None,
        rate: float = 1.0,
        pitch: float = 1.0,
    ) -> Utterance:
        """See `Speaker.speak`; locale, voice, rate and pitch make no difference."""
        return _coded(text)

    async def aclose(self) -> None:
        """See `Speaker.aclose`."""


@lru_cache(8)
def _coded(text: str) -> Utterance:
    words = text.split()
    if not words:
        return silent_utterance()
    spoken = tuple(
        SpokenWord(word, LEADING_SILENCE_MS + place * WORD_MS, float(WORD_MS))
        for place, word in enumerate(words)
    )
    heights = np.repeat([_height(word) for word in words], _STEP)
    lead, trail = (np.zeros(round(ms * RATE_HZ / 1000)) for ms in (LEADING_SILENCE_MS, TRAILING_SILENCE_MS))
    pcm = np.concatenate([lead, heights, trail]).astype("<i2").tobytes()
    end_ms = LEADING_SILENCE_MS + len(words) * WORD_MS
    return Utterance(pcm, spoken, viseme_track([(2, LEADING_SILENCE_MS)], speech_end_ms=end_ms))


def _height(word: str) -> int:
    found = _CODE.search(word)
    if found is None:
        return 32000  # nobody's answer
    kind, number, place = found.groups()
    return ((KINDS.index(kind) * _NUMBERS + int(number)) * _PLACES + int(place)) + 1


def heard_in(samples: NDArray[np.int16]) -> list[tuple[int, str, int, int]]:
    """What coded sound says: (first sample, answer, place, samples) of each piece of a word, in order."""
    if not len(samples):
        return []
    changes = np.flatnonzero(np.diff(samples)) + 1
    starts = np.concatenate([[0], changes])
    ends = np.concatenate([changes, [len(samples)]])
    pieces: list[tuple[int, str, int, int]] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        height = int(samples[start])
        if height == 0:
            continue
        rest, place = divmod(height - 1, _PLACES)
        kind, number = divmod(rest, _NUMBERS)
        name = f"{KINDS[kind]}{number}" if 0 <= kind < len(KINDS) else "?"
        pieces.append((start, name, place, end - start))
    return pieces
