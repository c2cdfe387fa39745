"""The simulated caller's voice: lines laid over what the client sends, or over silence. Pure.

              its first sample          its last sample        the turn has ended, or enough silence
    waiting ─────────────────▶ sounding ──────────────▶ silent ────────────────────▶ (next line)

What the client appends is the clock: a line advances with it, sample by sample. If the client sends nothing
for 200 ms, the line carries itself: silence is appended in the client's place, as much as time has passed. A
line that is to come at once is carried by as much silence as it takes.

The words of a line are known to their place in the audio, so a turn that holds a part of a line is known to
say just that part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from pipecat_voicelive.simulator import g711
from pipecat_voicelive.simulator.input_audio import InputFormat
from pipecat_voicelive.simulator.spoken_words import tokens_of
from pipecat_voicelive.simulator.utterance import Utterance

Samples = NDArray[np.int16]

_CLIENT_SILENT_S = 0.2
"""The client is taken to send nothing when it has not for so long."""
_PIECE_S = 0.05
"""How much a line that carries itself advances at a time."""
_KEPT_WORDS = 1000


@dataclass(frozen=True, slots=True)
class CallerLine:
    """A line of the simulated caller.

    Attributes:
        number: Names it when it is over.
        text: Its words.
        utterance: How it sounds.
        at_once: Whether it comes faster than speech.
    """

    number: int
    text: str
    utterance: Utterance
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a line with what stands around it, and where it begins in the appended audio."""

    text: str
    at_ms: float


@dataclass(slots=True)
class _Sounding:
    line: CallerLine
    samples: Samples
    position: int = 0


@dataclass(slots=True)
class _Silent:
    samples_left: int


class CallerVoice:
    """What the simulated caller says in one session.

    Args:
        audio_format: What the client appends.
        silence_ms: Tells how much silence it takes to end a turn.
    """

    def __init__(self, audio_format: InputFormat, silence_ms: Callable[[], float]) -> None:
        self._format = audio_format
        self._silence_ms = silence_ms
        self._lines: deque[CallerLine] = deque()
        self._phase: _Sounding | _Silent = _Silent(0)
        self._words: deque[_Word] = deque(maxlen=_KEPT_WORDS)
        self._said: list[CallerLine] = []
        self._last_text = ""
        self._client_sent_s = -np.inf
        self._carried_until_s = -np.inf

    @property
    def busy(self) -> bool:
        """Whether anything is left to be said, or the silence after it to be kept."""
        return bool(self._lines) or isinstance(self._phase, _Sounding) or self._phase.samples_left > 0

    @property
    def saying(self) -> str:
        """What is being said, or was, if the silence after it is still kept; "" for nothing."""
        match self._phase:
            case _Sounding(line):
                return line.text
            case _Silent(samples_left):
                return self._last_text if samples_left else ""

    @property
    def deadline_s(self) -> float | None:
        """When `due_samples` gives something, unless the client sends audio before."""
        if not self.busy:
            return None
        return max(self._client_sent_s + _CLIENT_SILENT_S, self._carried_until_s + _PIECE_S)

    def configure(self, audio_format: InputFormat) -> None:
        """Go on in another format."""
        before, self._format = self._format.audio.rate_hz, audio_format
        rate_hz = audio_format.audio.rate_hz
        match self._phase:
            case _Sounding(line, _, position) if rate_hz != before:
                self._phase = _Sounding(line, self._rendered(line), position * rate_hz // before)
            case _:
                pass

    def say(self, line: CallerLine, now_s: float) -> None:
        """Say a line, after those that are being said."""
        if not self.busy:
            self._carried_until_s = now_s
        self._lines.append(line)

    def client_sent(self, now_s: float) -> None:
        """The client has appended audio."""
        self._client_sent_s = self._carried_until_s = now_s

    def due_samples(self, now_s: float) -> int:
        """How much silence is to be appended now, for a line to be laid over."""
        deadline_s = self.deadline_s
        if deadline_s is None or now_s < deadline_s:
            return 0
        samples = int((now_s - self._carried_until_s) * self._format.audio.rate_hz)
        self._carried_until_s = now_s
        return samples

    def samples_at_once(self) -> int:
        """How much silence it takes for all lines that wait, if the last one is to come at once; else 0."""
        if not self._lines or not self._lines[-1].at_once:
            return 0
        match self._phase:
            case _Sounding(_, samples, position):
                left = len(samples) - position + self._pause_samples()
            case _Silent(left):
                pass
        return left + sum(len(self._rendered(line)) + self._pause_samples() for line in self._lines)

    def over(self, samples: Samples, at_ms: float) -> Samples:
        """Lay what is to be said over samples, the first of which stands at `at_ms` of the appended audio."""
        if not self.busy:
            return samples
        mixed = samples.astype(np.int32)
        done = 0
        while done < len(mixed):
            match self._phase:
                case _Sounding(line, sound, position):
                    if position == 0:
                        self._note_words(line, at_ms + done * 1000 / self._format.audio.rate_hz)
                    count = min(len(sound) - position, len(mixed) - done)
                    mixed[done : done + count] += sound[position : position + count]
                    self._phase.position += count
                    if self._phase.position == len(sound):
                        self._said.append(line)
                        self._last_text = line.text
                        self._phase = _Silent(self._pause_samples())
                case _Silent(samples_left) if samples_left:
                    count = min(samples_left, len(mixed) - done)
                    self._phase.samples_left -= count
                case _Silent() if self._lines:
                    line, count = self._lines.popleft(), 0
                    self._phase = _Sounding(line, self._rendered(line))
                case _Silent():
                    break
            done += count
        return np.clip(mixed, -32768, 32767).astype(np.int16)

    def turn_ended(self) -> None:
        """The turn is over: no more silence is needed."""
        match self._phase:
            case _Silent():
                self._phase = _Silent(0)
            case _Sounding():
                pass

    def take_said(self) -> list[CallerLine]:
        """The lines that were said to their end since this was asked last."""
        said, self._said = self._said, []
        return said

    def words_between(self, start_ms: float, end_ms: float) -> str | None:
        """What was said in a stretch of the appended audio; None if nothing was."""
        words = [word.text for word in self._words if start_ms <= word.at_ms < end_ms]
        return "".join(words).strip() or None

    def _note_words(self, line: CallerLine, at_ms: float) -> None:
        for text, offset_ms in _worded(line):
            self._words.append(_Word(text, at_ms + offset_ms))

    def _pause_samples(self) -> int:
        return round(self._silence_ms() * self._format.audio.rate_hz / 1000)

    def _rendered(self, line: CallerLine) -> Samples:
        """The sound of a line as this format carries it."""
        utterance, audio = line.utterance, self._format.audio
        samples = np.frombuffer(utterance.pcm, dtype="<i2").astype(np.int16)
        if audio.rate_hz != utterance.rate_hz:
            samples = np.asarray(soxr.resample(samples, utterance.rate_hz, audio.rate_hz), dtype=np.int16)
        if audio.encoding == "pcm16":
            return samples
        return g711.decode(g711.encode(samples, audio.encoding), audio.encoding)


def _worded(line: CallerLine) -> Iterator[tuple[str, float]]:
    """The words of a line, with blanks and punctuation as written, and when they begin."""
    tokens = tokens_of(line.text)
    words = line.utterance.words
    if not tokens or len(tokens) != len(words):
        # A speaker that counts words in another way: the line is known as a whole.
        yield f" {line.text.strip()}", words[0].offset_ms if words else 0.0
        return
    written = 0
    for token, word in zip(tokens, words, strict=True):
        blank = "" if written else " "
        yield blank + line.text[written : token.end], word.offset_ms
        written = token.end
