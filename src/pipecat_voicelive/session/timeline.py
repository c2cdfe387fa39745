"""What happens when in the audio of one response: text, words and visemes, each at its place.

The service sends audio, text, word times and visemes in one stream, in loose order and faster than real
time. Here they are put in the order in which they are heard: audio is cut where something happens, and
what happens comes out between the pieces. So whatever plays the pieces in order has everything in time,
and throwing the rest away after an interruption throws away exactly what was not heard.

Offsets count from the start of the response's audio, over all its items.

Text has no times of its own. With word timestamps it is released word by word, as far as each word's place
in the text; words that the text does not hold in that form ("54" for "fifty-four") are passed over. Without
them its place is estimated from its length. At the end all that is left comes out.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.session.effects import Audio, SpeechItem, SpokenText, Viseme, Word

_MS_PER_CHARACTER = 65.0  # about fifteen letters a second, measured on English speech
_MS_PER_IDEOGRAPH = 200.0  # about five a second
_FIRST_IDEOGRAPH = "\u2e80"

Piece: TypeAlias = SpeechItem | Audio | SpokenText | Word | Viseme


@dataclass(slots=True)
class _ItemText:
    """The text of one item and how much of it has been released."""

    item_id: str
    text: str = ""
    released: int = 0
    searched: int = 0
    words_seen: bool = False
    unplaced: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


class Timeline:
    """The audio of one response as a sequence of pieces.

    Args:
        response_id: The response.
        audio_format: Format of its audio; G.711 has one byte a sample.
    """

    def __init__(self, response_id: str, audio_format: AudioFormat) -> None:
        self._response_id = response_id
        self._format = audio_format
        self._emitted_bytes = 0
        self._received_bytes: dict[str, int] = {}
        self._pending: list[tuple[int, int, Callable[[], Iterator[Piece]]]] = []
        self._count = 0
        self._texts: dict[str, _ItemText] = {}
        self._estimated_ms = 0.0
        self._playing: str | None = None

    @property
    def received_ms(self) -> dict[str, float]:
        """Length of the audio received so far of each item, in the order of the items."""
        return {item_id: self._format.duration_ms(size) for item_id, size in self._received_bytes.items()}

    def audio(self, item_id: str, pcm: bytes) -> Iterator[Piece]:
        """Audio arrives: the pieces of it, with what happens in between."""
        if self._playing != item_id:
            self._playing = item_id
            self._received_bytes.setdefault(item_id, 0)
            yield SpeechItem(self._response_id, item_id)
        self._received_bytes[item_id] += len(pcm)
        start = 0
        while start < len(pcm):
            yield from self._due()
            end = len(pcm)
            if self._pending:
                end = min(end, start + self._pending[0][0] - self._emitted_bytes)
            self._emitted_bytes += end - start
            piece = pcm if end - start == len(pcm) else pcm[start:end]
            yield Audio(self._response_id, item_id, piece)
            start = end

    def text(self, item_id: str, delta: str) -> Iterator[Piece]:
        """Text of what is spoken arrives."""
        text = self._text_of(item_id)
        text.text += delta
        if text.words_seen:
            self._place_words(text)
        else:
            upto = len(text.text)
            self._at(self._estimated_ms, lambda: self._release_estimate(text, upto))
            self._estimated_ms += sum(
                _MS_PER_IDEOGRAPH if character >= _FIRST_IDEOGRAPH else _MS_PER_CHARACTER
                for character in delta
            )
        yield from self._due()

    def word(self, item_id: str, word: str, offset_ms: int, duration_ms: int) -> Iterator[Piece]:
        """A word's place arrives."""
        signal = Word(self._response_id, item_id, word, offset_ms, duration_ms)
        self._at(offset_ms, lambda: iter((signal,)))
        text = self._text_of(item_id)
        text.words_seen = True
        text.unplaced.append((offset_ms, word))
        self._place_words(text)
        yield from self._due()

    def viseme(self, item_id: str, viseme_id: int, offset_ms: int) -> Iterator[Piece]:
        """A viseme's place arrives."""
        signal = Viseme(self._response_id, item_id, viseme_id, offset_ms)
        self._at(offset_ms, lambda: iter((signal,)))
        yield from self._due()

    def finish(self) -> Iterator[Piece]:
        """No more will come: everything that is left, in order."""
        while self._pending:
            yield from heapq.heappop(self._pending)[2]()
        for text in self._texts.values():
            yield from self._release(text, len(text.text))

    def _text_of(self, item_id: str) -> _ItemText:
        return self._texts.setdefault(item_id, _ItemText(item_id))

    def _at(self, offset_ms: float, happen: Callable[[], Iterator[Piece]]) -> None:
        self._count += 1
        heapq.heappush(self._pending, (self._format.size_bytes(max(offset_ms, 0)), self._count, happen))

    def _due(self) -> Iterator[Piece]:
        while self._playing and self._pending and self._pending[0][0] <= self._emitted_bytes:
            yield from heapq.heappop(self._pending)[2]()

    def _place_words(self, text: _ItemText) -> None:
        """Find each word in the text, in order; a word that is not there yet may come with more text."""
        while text.unplaced:
            offset_ms, word = text.unplaced[0]
            found = text.text.lower().find(word.lower(), text.searched)
            if found < 0 and len(text.unplaced) < 3:
                return
            del text.unplaced[0]
            if found < 0:
                continue
            text.searched = found + len(word)
            upto = text.searched
            self._at(offset_ms, lambda upto=upto: self._release(text, _with_punctuation(text.text, upto)))

    def _release_estimate(self, text: _ItemText, upto: int) -> Iterator[Piece]:
        if not text.words_seen:
            yield from self._release(text, upto)

    def _release(self, text: _ItemText, upto: int) -> Iterator[Piece]:
        if upto > text.released:
            released = text.text[text.released : upto]
            text.released = upto
            yield SpokenText(self._response_id, text.item_id, released)


def _with_punctuation(text: str, upto: int) -> int:
    """`upto`, moved past the marks that close the word there."""
    while upto < len(text) and not text[upto].isalnum() and not text[upto].isspace():
        upto += 1
    return upto
