"""Which of the expected lines was spoken, by PocketSphinx in a process of its own (see `sphinx_helper`).

English only, for clean audio. A search that can only hear the lines hears one in anything: of 60 sentences
that were none of them it took 33 for one. So a line counts only if the search that can hear anything
agrees, by words in any order with at least 75 of 100: that leaves 1 of the 60, and 87 of 90 lines are still
heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from pipecat_voicelive.errors import ConfigurationError, VoiceLiveError

AGREEING = 75
"""How much both searches must agree, of 100."""
RATE_HZ = 16000
_HELPER_MODULE = "pipecat_voicelive.simulator.sphinx_helper"
_TIMEOUT_S = 30.0
_logger = logging.getLogger(__name__)

_ONES: tuple[str, ...] = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


class RecogniserError(VoiceLiveError):
    """The speech recogniser failed, though nothing was wrong with what was asked."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The expected line that was heard, and how much the free search agrees: 0 to 100."""

    line: str
    agreement: float


class SphinxRecogniser:
    """Recognises lines, one utterance after the other; make one with `start`."""

    def __init__(self, process: Process, lines: Sequence[str]) -> None:
        self._process = process
        self._lines = {_spelled(line): line for line in reversed(lines)}
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, lines: Sequence[str]) -> Self:
        """Start the process and teach it the lines.

        A line with a word that is not in the dictionary cannot be recognised; a warning tells which.

        Raises:
            ConfigurationError: PocketSphinx is not installed, or none of the lines can be recognised.
            RecogniserError: The process did not start.
        """
        if any(importlib.util.find_spec(name) is None for name in ("pocketsphinx", "rapidfuzz")):
            raise ConfigurationError(
                "to recognise lines, PocketSphinx must be installed: "
                'pip install "pipecat-voicelive[simulator]"; or leave out "listen: recognise"'
            )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _HELPER_MODULE, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        recogniser = cls(process, lines)
        try:
            await recogniser._learn()
        except BaseException:
            await recogniser.aclose()
            raise
        return recogniser

    async def recognise(self, samples: bytes) -> Recognised:
        """The line that was most likely spoken, and how far that can be believed.

        Args:
            samples: 16 bit mono at `RATE_HZ`.

        Raises:
            RecogniserError: The process ended, or took too long.
        """
        from rapidfuzz.fuzz import token_sort_ratio

        # Who waits may go, but the question is asked, and its answer must be taken from the pipe.
        heard = await asyncio.shield(self._ask({"bytes": len(samples)}, samples))
        line = self._lines.get(heard["line"], "")
        return Recognised(line, token_sort_ratio(heard["line"], heard["free"]) if line else 0.0)

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.returncode is not None

    async def aclose(self) -> None:
        """End the process; safe to call twice."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _learn(self) -> None:
        spelled = list(self._lines)
        learned = await self._ask({"lines": spelled})
        unknown = [
            (line, words) for line, words in zip(spelled, learned["unknown_words"], strict=True) if words
        ]
        for line, words in unknown:
            _logger.warning(
                "The line %r cannot be recognised: PocketSphinx does not know %s",
                self._lines[line],
                ", ".join(words),
            )
        if len(unknown) == len(spelled):
            raise ConfigurationError("none of the scenario's lines can be recognised: give English words")

    async def _ask(self, request: dict[str, Any], samples: bytes = b"") -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None, "it was asked for"
        assert stdout is not None, "as well"
        async with self._turn:
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    stdin.write(json.dumps(request).encode() + b"\n" + samples)
                    await stdin.drain()
                    reply = await stdout.readline()
            except (TimeoutError, ConnectionError) as error:
                # A late answer would be taken for that to the next question.
                await self.aclose()
                raise RecogniserError(f"the speech recogniser did not answer: {error}") from None
        if not reply:
            raise RecogniserError("the speech recogniser's process ended")
        return json.loads(reply)


def _spelled(line: str) -> str:
    """A line in the words of the dictionary: small letters, numbers below 100 in words."""
    words = re.findall(r"\d+|[^\W\d]+(?:['’][^\W\d]+)*", line.lower().replace("’", "'"))
    return " ".join(_number(word) if word.isdecimal() else word for word in words)


def _number(digits: str) -> str:
    number = int(digits)
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens = _TENS[number // 10 - 2]
        return f"{tens} {_ONES[number % 10]}" if number % 10 else tens
    return digits
