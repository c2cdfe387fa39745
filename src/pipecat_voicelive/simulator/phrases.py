"""What comes with a transcript if the client asks for it: how sure it is, and where its words are.

The words are known from the scenario and the sound is real, so the places are found by two rules: the longest
pauses are where the punctuation is, and between two of them the voiced parts, laid end to end, are shared out
among the words by their letters. That is right to a quarter of a second. A sentence is a phrase. Offsets
count from the start of the item's audio.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.protocol.items import LogProbability, TranscriptionPhrase, TranscriptionWord

_FRAME_MS = 10
_QUIETER_THAN_LOUDEST_DB = 30.0
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")
_CLAUSE = re.compile(r"[^.!?…,;:]+")
_WORD = re.compile(r"[\w'’-]+")
_TOKEN = re.compile(r"\s*[\w'’]+|\s*[^\w\s]")


def logprobs_of(text: str, confidence: float) -> list[LogProbability]:
    """How sure the recogniser is of each token of a transcript."""
    return [
        LogProbability(token=token, logprob=round(math.log(confidence), 6), bytes=list(token.encode()))
        for token in _TOKEN.findall(text)
    ]


def phrases_of(
    text: str, pcm: bytes, rate_hz: int, *, locale: str, confidence: float
) -> list[TranscriptionPhrase]:
    """The sentences of a transcript, with the places of their words in the audio it was made from.

    Args:
        text: The transcript.
        pcm: The item's audio, 16 bit mono.
        rate_hz: Its sampling rate.
        locale: The language it is in.
        confidence: How sure the recogniser is, 0 to 1.
    """
    clauses = [words for clause in _CLAUSE.findall(text) if (words := _WORD.findall(clause))]
    spans = _spans(_voiced_frames(np.frombuffer(pcm, dtype="<i2").astype(np.int16), rate_hz), len(clauses))
    if not spans:
        return []
    if len(spans) < len(clauses):
        clauses = [[word for clause in clauses for word in clause]]
    places = iter(
        [place for clause, span in zip(clauses, spans, strict=True) for place in _placed(clause, span)]
    )
    phrases: list[TranscriptionPhrase] = []
    for sentence in _SENTENCE.findall(text):
        words = [next(places) for _ in _WORD.findall(sentence)]
        if words:
            start_ms = words[0].offset_milliseconds
            end_ms = words[-1].offset_milliseconds + words[-1].duration_milliseconds
            phrases.append(
                TranscriptionPhrase(
                    text=sentence.strip(),
                    offset_milliseconds=start_ms,
                    duration_milliseconds=end_ms - start_ms,
                    words=words,
                    locale=locale,
                    confidence=confidence,
                )
            )
    return phrases


def _placed(words: list[str], voiced: NDArray[np.intp]) -> Iterator[TranscriptionWord]:
    """Words shared out over voiced frames by their letters."""
    letters, begun = sum(map(len, words)), 0
    for word in words:
        first = begun * len(voiced) // letters
        begun += len(word)
        last = max(begun * len(voiced) // letters - 1, first)
        start_ms, end_ms = int(voiced[first]) * _FRAME_MS, (int(voiced[last]) + 1) * _FRAME_MS
        yield TranscriptionWord(
            text=word, offset_milliseconds=start_ms, duration_milliseconds=end_ms - start_ms
        )


def _spans(voiced: NDArray[np.intp], count: int) -> list[NDArray[np.intp]]:
    """Voiced frames, cut into `count` parts at the longest pauses; in one part if there are too few."""
    if not len(voiced) or not count:
        return []
    pauses = np.diff(voiced) - 1
    cuts = np.sort(np.argsort(pauses)[len(pauses) - (count - 1) :])
    if len(cuts) < count - 1 or (len(cuts) and not pauses[cuts].all()):
        return [voiced]
    return np.split(voiced, cuts + 1)


def _voiced_frames(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.intp]:
    """The numbers of the frames in which somebody speaks."""
    size = rate_hz * _FRAME_MS // 1000
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    power = np.square(frames).mean(axis=1)
    if not power.any():
        return np.arange(len(power))
    return np.flatnonzero(power > power.max() / 10 ** (_QUIETER_THAN_LOUDEST_DB / 10))
