"""From what espeak-ng reports to an utterance: when each word and each mouth shape begins and ends.

What espeak-ng reports is not quite what was asked:
- "54" or "7:30pm" are several words to it, "on the" is one. So the text's own words are timed: a word begins
  with the first of espeak-ng's that lies in it; words without any share the time of the word before.
- A phoneme without a symbol is either a pause or a glide that prolongs the sound before it ("Seattle"). One
  can hear which: a pause is quiet.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import soxr  # pyright: ignore[reportMissingTypeStubs]

from pipecat_voicelive.protocol.visemes import SILENCE
from pipecat_voicelive.simulator.espeak_wire import RawSpeech
from pipecat_voicelive.simulator.ipa_visemes import visemes_of
from pipecat_voicelive.simulator.spoken_words import Token
from pipecat_voicelive.simulator.utterance import (
    LEADING_SILENCE_MS,
    RATE_HZ,
    TRAILING_SILENCE_MS,
    SpokenWord,
    Utterance,
    viseme_track,
)

Samples = npt.NDArray[np.int16]

_SHORTEST_PAUSE_MS = 40.0
_PAUSE_MEAN_LEVEL = 600.0
"""A symbolless phoneme of a lower mean amplitude is a pause; measured pauses had 237 at most, glides 1698 at
least."""
_AUDIBLE_LEVEL = 50
"""Below this (of 32768, -56 dB) the last sound has died away."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """A phoneme, or a pause if `ipa` is ""; times on the clock of espeak-ng's audio."""

    ipa: str
    start_ms: float
    end_ms: float


def build_utterance(text: str, tokens: Sequence[Token], speech: RawSpeech) -> Utterance:
    """Lay out what espeak-ng spoke as an utterance; takes about a millisecond for five seconds of speech.

    Args:
        text: What was spoken.
        tokens: Its words, at least one.
        speech: What espeak-ng made of the text.
    """
    samples = np.frombuffer(speech.pcm, dtype="<i2")
    sounds = list(_sounds(samples, speech))
    speech_end_ms = _speech_end_ms(samples, sounds, speech.rate_hz)
    starts = _word_starts(text, tokens, speech)
    pauses = [sound for sound in sounds if not sound.ipa]
    return Utterance(
        pcm=_render(samples, speech.rate_hz, speech_end_ms),
        words=tuple(_words(tokens, starts, pauses, speech_end_ms)),
        visemes=viseme_track(_shapes(sounds), speech_end_ms=LEADING_SILENCE_MS + speech_end_ms),
    )


def _sounds(samples: Samples, speech: RawSpeech) -> Iterator[_Sound]:
    """Phonemes with their ends; glides are added to the sound before them, quiet ones become pauses."""
    to_ms = 1000.0 / speech.rate_hz
    marks = [*speech.phonemes, ("", len(samples))]
    last: _Sound | None = None
    position = 0
    while position < len(speech.phonemes):
        ipa, start = marks[position]
        position += 1
        while not ipa and position < len(speech.phonemes) and not marks[position][0]:
            position += 1
        end = marks[position][1]
        sound = _Sound(ipa, start * to_ms, end * to_ms)
        if ipa or position == len(speech.phonemes) or _is_pause(samples[start:end], sound):
            if last is not None:
                yield last
            last = sound
        elif last is not None:
            last = _Sound(last.ipa, last.start_ms, sound.end_ms)
    if last is not None:
        yield last


def _is_pause(samples: Samples, sound: _Sound) -> bool:
    if sound.end_ms - sound.start_ms < _SHORTEST_PAUSE_MS:
        return False
    return float(np.abs(samples.astype(np.int32)).mean()) < _PAUSE_MEAN_LEVEL


def _speech_end_ms(samples: Samples, sounds: Sequence[_Sound], rate_hz: int) -> float:
    if sounds and not sounds[-1].ipa:
        return sounds[-1].start_ms
    return len(samples) * 1000.0 / rate_hz


def _word_starts(text: str, tokens: Sequence[Token], speech: RawSpeech) -> list[tuple[int, float]]:
    """(index of a token, its start in ms) of the tokens that espeak-ng noticed; the first always counts."""
    ends = [token.end for token in tokens]
    starts: list[tuple[int, float]] = []
    latest = -1
    for position, sample in speech.words:
        # A dash on its own announces the word after it; a space goes on with the word before it.
        index = bisect.bisect_right(ends, position)
        if latest < index < len(tokens) and not text[position].isspace():
            latest = index
            starts.append((index, sample * 1000.0 / speech.rate_hz))
    first_ms = starts[0][1] if starts else 0.0
    return [(0, first_ms), *starts[1:]]


def _words(
    tokens: Sequence[Token],
    starts: Sequence[tuple[int, float]],
    pauses: Sequence[_Sound],
    speech_end_ms: float,
) -> Iterator[SpokenWord]:
    pause_starts = [pause.start_ms for pause in pauses]
    for (first, start_ms), (after, end_ms) in pairwise([*starts, (len(tokens), speech_end_ms)]):
        before = bisect.bisect_left(pause_starts, end_ms) - 1
        if before >= 0 and pauses[before].end_ms >= end_ms and pauses[before].start_ms > start_ms:
            end_ms = pauses[before].start_ms
        yield from _share(tokens[first:after], start_ms, max(start_ms, end_ms))


def _share(tokens: Sequence[Token], start_ms: float, end_ms: float) -> Iterator[SpokenWord]:
    """Divide a span among words by their lengths."""
    weights = np.cumsum([0, *(len(token.text) + 1 for token in tokens)])
    edges = LEADING_SILENCE_MS + start_ms + (end_ms - start_ms) * weights / weights[-1]
    for token, (offset_ms, until_ms) in zip(tokens, pairwise(edges.round(1).tolist()), strict=True):
        yield SpokenWord(token.text, offset_ms, round(until_ms - offset_ms, 1))


def _shapes(sounds: Sequence[_Sound]) -> Iterator[tuple[int, float]]:
    """(viseme id, offset in ms of the utterance); the shapes of one sound share its time evenly."""
    for sound in sounds:
        shapes = visemes_of(sound.ipa) if sound.ipa else (SILENCE,)
        for index, viseme_id in enumerate(shapes):
            share_ms = (sound.end_ms - sound.start_ms) * index / len(shapes)
            yield viseme_id, LEADING_SILENCE_MS + sound.start_ms + share_ms


def _render(samples: Samples, rate_hz: int, speech_end_ms: float) -> bytes:
    """Resample, cut what is inaudible at the end, and put silence around it."""
    audible = np.flatnonzero(np.abs(samples.astype(np.int32)) >= _AUDIBLE_LEVEL)
    end = max(int(audible[-1]) + 1 if audible.size else 0, round(speech_end_ms * rate_hz / 1000.0))
    spoken = soxr.resample(samples[:end], rate_hz, RATE_HZ, quality="HQ")
    leading, trailing = (
        np.zeros(round(ms / 1000.0 * RATE_HZ), np.int16) for ms in (LEADING_SILENCE_MS, TRAILING_SILENCE_MS)
    )
    return np.concatenate((leading, spoken, trailing)).astype("<i2").tobytes()
