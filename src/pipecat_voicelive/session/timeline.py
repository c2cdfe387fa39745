"""What happens when in the audio of one response: text, words, visemes and blendshapes, each at its place.

The service sends audio, text, word times, visemes and blendshapes in one stream, in loose order and faster
than real time. Here they are put in the order in which they are heard: audio is cut where something
happens, and what happens comes out between the pieces. So whatever plays the pieces in order has everything
in time, and throwing the rest away after an interruption throws away exactly what was not heard.

Offsets count from the start of the response's audio, over all its items. Audio is cut between samples only:
half a sample at the end of a delta waits for its other half in the next.

Blendshapes come in batches of frames, with the number of frames before: their place is that number by the
frame rate. A long batch is handed on in pieces, or much of it would outlive an interruption.

What is played elsewhere, as an avatar's speech is, brings no audio. Then the places are passed as time passes
(`heard`), the text of each item is expected behind that of the item before, and nothing comes out unheard.

Text has no times of its own. With word timestamps it is released word by word, as far as each word's place
in the text; words that the text does not hold in that form ("54" for "fifty-four") are passed over. Without
them its place in its item is estimated from its length. All that is left of an item's text comes out before
the next item speaks.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.blendshapes import FRAME_RATE_HZ, BlendshapeFrames
from pipecat_voicelive.session.effects import Audio, Blendshapes, SpeechItem, SpokenText, Viseme, Word

_MS_PER_CHARACTER = 65.0  # about fifteen letters a second, measured on English speech
_MS_PER_IDEOGRAPH = 200.0  # about five a second
_FIRST_IDEOGRAPH = "\u2e80"
_LETTER = (
    r"[^\W\d_\u0e00-\U0010ffff]"  # of a script that puts blanks between words: all of those lie before Thai
)

_BLENDSHAPES_S = 0.1
"""The longest piece of a batch of blendshapes."""

_MOST_FRAMES = 10**9
"""No frame's number is taken for larger than this."""

Piece: TypeAlias = SpeechItem | Audio | SpokenText | Word | Viseme | Blendshapes


@dataclass(slots=True, repr=False)
class _ItemText:
    """The text of one item and how much of it has been released."""

    item_id: str
    text: str = ""
    released: int = 0
    searched: int = 0
    start_ms: float = 0.0
    estimated_ms: float = 0.0
    estimates: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    words_seen: bool = False
    unplaced: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    words_end_ms: float = 0.0

    @property
    def end_ms(self) -> float:
        """Where it ends, as far as it is known."""
        return self.words_end_ms if self.words_seen else self.start_ms + self.estimated_ms


class Timeline:
    """The audio of one response as a sequence of pieces.

    Args:
        response_id: The response.
        audio_format: Format of its audio; G.711 has one byte a sample.
        frame_rate_hz: Frames a second of its blendshapes.
        elsewhere: Whether the audio is played elsewhere.
    """

    def __init__(
        self,
        response_id: str,
        audio_format: AudioFormat,
        frame_rate_hz: float = FRAME_RATE_HZ,
        *,
        elsewhere: bool = False,
    ) -> None:
        self._response_id = response_id
        self._format = audio_format
        self._frame_rate_hz = frame_rate_hz
        self._elsewhere = elsewhere
        self._begun: set[str] = set()
        self._emitted_bytes = 0
        self._half_sample = b""
        self._pending: list[tuple[int, int, str, Callable[[], Iterator[Piece]]]] = []
        self._count = 0
        self._texts: dict[str, _ItemText] = {}
        self._playing: str | None = None
        self._item_start_ms = 0.0

    @property
    def has_text(self) -> bool:
        """Whether anything is said."""
        return any(text.text for text in self._texts.values())

    @property
    def next_ms(self) -> float | None:
        """Where something is to happen next, None if nothing is known of."""
        return self._format.duration_ms(self._pending[0][0]) if self._pending else None

    @property
    def end_ms(self) -> float:
        """Where what is known of the text ends."""
        return max((text.end_ms for text in self._texts.values()), default=0.0)

    def position(self, at_ms: float) -> tuple[str, float]:
        """The item that is being played, "" if none was begun, and how many milliseconds of it by then."""
        return self._playing or "", at_ms - self._item_start_ms

    def audio(self, item_id: str, pcm: bytes) -> Iterator[Piece]:
        """Audio arrives: the pieces of it, with what happens in between."""
        if self._playing != item_id:
            yield from self._begin_item(item_id)
        if self._half_sample:
            pcm, self._half_sample = self._half_sample + pcm, b""
        if odd_bytes := len(pcm) % self._format.bytes_per_sample:
            pcm, self._half_sample = pcm[:-odd_bytes], pcm[-odd_bytes:]
        start = 0
        while start < len(pcm):
            yield from self._due(self._emitted_bytes)
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
            if self._elsewhere and not text.estimates and not text.estimated_ms:
                text.start_ms = max(other.start_ms + other.estimated_ms for other in self._texts.values())
            text.estimates.append((text.estimated_ms, len(text.text)))
            text.estimated_ms += sum(
                _MS_PER_IDEOGRAPH if character >= _FIRST_IDEOGRAPH else _MS_PER_CHARACTER
                for character in delta
            )
            if self._playing == item_id or self._elsewhere:
                self._place_estimates(text)
        yield from self._passed()

    def word(self, item_id: str, word: str, offset_ms: int, duration_ms: int) -> Iterator[Piece]:
        """A word's place arrives."""
        signal = Word(self._response_id, item_id, word, offset_ms, duration_ms)
        self._at(item_id, offset_ms, lambda: iter((signal,)))
        text = self._text_of(item_id)
        text.words_seen = True
        text.words_end_ms = max(text.words_end_ms, offset_ms + duration_ms)
        text.unplaced.append((offset_ms, word))
        self._place_words(text)
        yield from self._passed()

    def viseme(self, item_id: str, viseme_id: int, offset_ms: int) -> Iterator[Piece]:
        """A viseme's place arrives."""
        signal = Viseme(self._response_id, item_id, viseme_id, offset_ms)
        self._at(item_id, offset_ms, lambda: iter((signal,)))
        yield from self._passed()

    def blendshapes(self, item_id: str, frames: BlendshapeFrames, frame_index: int) -> Iterator[Piece]:
        """A batch of frames arrives; `frame_index` came before it."""
        step = max(1, round(self._frame_rate_hz * _BLENDSHAPES_S))
        frame_index = min(max(frame_index, 0), _MOST_FRAMES)
        for start in range(0, len(frames), step):
            index = frame_index + start
            offset_ms = index * 1000 / self._frame_rate_hz
            piece = Blendshapes(self._response_id, item_id, frames[start : start + step], index, offset_ms)
            self._at(item_id, offset_ms, lambda piece=piece: iter((piece,)))
        yield from self._passed()

    def heard(self, upto_ms: float) -> Iterator[Piece]:
        """The audio was played elsewhere, this far: what happened in it until there."""
        upto_bytes = self._format.size_bytes(upto_ms)
        yield from self._due(upto_bytes)
        self._emitted_bytes = max(self._emitted_bytes, upto_bytes)

    def finish(self) -> Iterator[Piece]:
        """No more will come: everything that is left, in order."""
        while self._pending:
            yield from self._happen()
        for text in self._texts.values():
            yield from self._release(text, len(text.text))

    def _begin_item(self, item_id: str) -> Iterator[Piece]:
        if spoken := self._texts.get(self._playing or ""):
            yield from self._passed()
            yield from self._release(spoken, len(spoken.text))
        self._playing = item_id
        self._begun.add(item_id)
        self._half_sample = b""
        text = self._text_of(item_id)
        text.start_ms = self._item_start_ms = self._format.duration_ms(self._emitted_bytes)
        self._place_estimates(text)
        yield SpeechItem(self._response_id, item_id)

    def _text_of(self, item_id: str) -> _ItemText:
        return self._texts.setdefault(item_id, _ItemText(item_id))

    def _at(self, item_id: str, offset_ms: float, happen: Callable[[], Iterator[Piece]]) -> None:
        self._count += 1
        heapq.heappush(
            self._pending, (self._format.size_bytes(max(offset_ms, 0)), self._count, item_id, happen)
        )

    def _passed(self) -> Iterator[Piece]:
        """What should have happened in the audio that has come out."""
        if self._playing and not self._elsewhere:
            yield from self._due(self._emitted_bytes - 1)

    def _due(self, upto_bytes: int) -> Iterator[Piece]:
        while self._pending and self._pending[0][0] <= upto_bytes:
            yield from self._happen()

    def _happen(self) -> Iterator[Piece]:
        at_bytes, _, item_id, happen = heapq.heappop(self._pending)
        if self._elsewhere and item_id not in self._begun:
            self._emitted_bytes = max(self._emitted_bytes, at_bytes) if self._playing else 0
            yield from self._begin_item(item_id)
        yield from happen()

    def _place_estimates(self, text: _ItemText) -> None:
        for offset_ms, upto in text.estimates:
            place_ms = text.start_ms + offset_ms
            self._at(text.item_id, place_ms, lambda upto=upto: self._release_estimate(text, upto))
        text.estimates.clear()

    def _place_words(self, text: _ItemText) -> None:
        """Find each word in the text, in order; a word that is not there yet may come with more text."""
        while text.unplaced:
            offset_ms, word = text.unplaced[0]
            found = _whole_word(word).search(text.text, text.searched)
            if found is None and len(text.unplaced) < 3:
                return
            del text.unplaced[0]
            if found is None:
                continue
            text.searched = upto = found.end()
            self._at(
                text.item_id,
                offset_ms,
                lambda upto=upto: self._release(text, _with_punctuation(text.text, upto)),
            )

    def _release_estimate(self, text: _ItemText, upto: int) -> Iterator[Piece]:
        if not text.words_seen:
            yield from self._release(text, upto)

    def _release(self, text: _ItemText, upto: int) -> Iterator[Piece]:
        if upto > text.released:
            released = text.text[text.released : upto]
            text.released = upto
            yield SpokenText(self._response_id, text.item_id, released)


def _whole_word(word: str) -> re.Pattern[str]:
    """Finds this word in any case, but not inside a longer one."""
    before = f"(?<!{_LETTER})" if word[:1].isalpha() else ""
    after = f"(?!{_LETTER})" if word[-1:].isalpha() else ""
    return re.compile(before + re.escape(word) + after, re.IGNORECASE)


def _with_punctuation(text: str, upto: int) -> int:
    """`upto`, moved past the marks that close the word there."""
    while upto < len(text) and not text[upto].isalnum() and not text[upto].isspace():
        upto += 1
    return upto
