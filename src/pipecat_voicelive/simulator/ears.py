"""Finds out what a turn says by its sound: known recordings first, then the scenario's lines.

All of it takes time, so it runs outside of the event loop: recordings in a thread, lines in a process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator import sphinx
from pipecat_voicelive.simulator.known_words import Findings, KnownWords
from pipecat_voicelive.simulator.matching import sayable
from pipecat_voicelive.simulator.recordings import ALIKE, RecordingBook, Samples, read_wav
from pipecat_voicelive.simulator.scenario import Scenario
from pipecat_voicelive.simulator.sphinx import AGREEING, RecogniserError, SphinxRecogniser


class Ears:
    """The ears of one simulator.

    Args:
        scenario: Has recordings, and says whether its lines are to be recognised.

    Raises:
        ConfigurationError: A recording cannot be used.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._book = RecordingBook()
        for recording in scenario.recordings:
            self.register(Path(recording.file), recording.text)
        self._lines = _lines(scenario) if scenario.listen == "recognise" else ()
        self._recogniser: SphinxRecogniser | None = None
        self._starting = asyncio.Lock()

    @property
    def listens(self) -> bool:
        """Whether there is anything to be found out by listening."""
        return bool(len(self._book) or self._lines)

    def register(self, recording: Path | bytes, text: str, *, rate_hz: int | None = None) -> None:
        """Know a recording again: a WAV file, or 16 bit little-endian mono samples of a rate.

        Raises:
            ConfigurationError: It cannot be read, or nothing can be heard in it.
        """
        match recording:
            case Path():
                samples, rate_hz = read_wav(recording)
            case bytes():
                if rate_hz is None or len(recording) % 2:
                    raise ConfigurationError("give samples of 16 bits and their 'rate_hz', or a WAV file")
                samples = np.frombuffer(recording, "<i2").astype(np.int16)
        self._book.register(samples, rate_hz, text)

    async def start(self) -> None:
        """Make ready what takes time to start.

        Raises:
            ConfigurationError: What is needed is not installed.
        """
        if self._lines:
            await self._running()

    async def listen(self, pcm: bytes, rate_hz: int, language: str) -> Findings:
        """What a turn says. Never raises for what it hears.

        Args:
            pcm: Its audio, 16 bit little-endian mono.
            rate_hz: Its sampling rate.
            language: The language that is spoken, e.g. "en-US".
        """
        samples = np.frombuffer(pcm, "<i2").astype(np.int16)
        tried: list[str] = []
        if len(self._book):
            best = await asyncio.to_thread(self._book.best, samples, rate_hz)
            if best is not None and best.score >= ALIKE:
                return Findings(KnownWords(best.text, "recording"))
            score = f"{best.score:.2f}" if best else "nothing as long"
            tried.append(f"recordings: best {score}, {ALIKE} needed")
        if self._lines:
            words, failure = await self._recognised(samples, rate_hz, language)
            if words is not None:
                return Findings(words, "; ".join(tried))
            tried.append(f"lines: {failure}")
        return Findings(None, "; ".join(tried))

    async def aclose(self) -> None:
        """Release everything; safe to call twice."""
        recogniser, self._recogniser = self._recogniser, None
        if recogniser is not None:
            await recogniser.aclose()

    async def _recognised(
        self, samples: Samples, rate_hz: int, language: str
    ) -> tuple[KnownWords | None, str]:
        if not language.lower().startswith("en"):
            return None, f"only English is recognised, not {language}"
        try:
            recogniser = await self._running()
            pcm = await asyncio.to_thread(_resampled, samples, rate_hz)
            heard = await recogniser.recognise(pcm)
        except RecogniserError as error:
            return None, str(error)
        if heard.agreement < AGREEING:
            return None, f"best agrees by {heard.agreement:.0f} of 100, {AGREEING} needed"
        return KnownWords(heard.line, "grammar"), ""

    async def _running(self) -> SphinxRecogniser:
        async with self._starting:
            if self._recogniser is None or self._recogniser.ended:
                self._recogniser = await SphinxRecogniser.start(self._lines)
            return self._recogniser


def _lines(scenario: Scenario) -> Sequence[str]:
    lines = [line for turn in scenario.turns if (line := sayable(turn)) and line.strip()]
    if not lines:
        raise ConfigurationError("'listen: recognise' needs turns with plain words to be recognised")
    return lines


def _resampled(samples: Samples, rate_hz: int) -> bytes:
    resampled = soxr.resample(samples, rate_hz, sphinx.RATE_HZ)
    return np.asarray(resampled, dtype="<i2").tobytes()
