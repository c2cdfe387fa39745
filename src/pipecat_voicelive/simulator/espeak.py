"""Speech by espeak-ng, which runs in a process of its own (see `espeak_helper`)."""

from __future__ import annotations

import asyncio
import math
from typing import NamedTuple, Self

from pipecat_voicelive.simulator.espeak_process import ProcessEndedError
from pipecat_voicelive.simulator.espeak_processes import CAN_FORK, ForkingProcess, ProcessPool
from pipecat_voicelive.simulator.espeak_timing import build_utterance
from pipecat_voicelive.simulator.espeak_voices import EspeakVoices
from pipecat_voicelive.simulator.espeak_wire import RawSpeech
from pipecat_voicelive.simulator.spoken_words import tokens_of
from pipecat_voicelive.simulator.utterance import SpeechError, Utterance, check_rate, silent_utterance
from pipecat_voicelive.simulator.utterance_cache import UtteranceCache

NORMAL_WPM = 175
SLOWEST_WPM, FASTEST_WPM = 80, 450
"""What espeak-ng can do; rates beyond speak at the nearest of the two."""
CONCURRENT_UTTERANCES = 4
CACHE_BYTES = 64 * 1024 * 1024
_UTTERANCE_TIMEOUT_S = 30.0


class _Request(NamedTuple):
    text: str
    voice: str
    wpm: int
    pitch: int


class EspeakSpeaker:
    """Speaks with espeak-ng; make one with `start`.

    If a process ends another is started, and a text it took along is tried once more.
    Utterances are cached.
    """

    def __init__(self, processes: ForkingProcess | ProcessPool) -> None:
        self._processes = processes
        self._voices = EspeakVoices(processes.ready.languages, processes.ready.variants)
        self._cache = UtteranceCache(CACHE_BYTES)
        self._slots = asyncio.Semaphore(CONCURRENT_UTTERANCES)

    @classmethod
    async def start(cls, *, forks: bool = CAN_FORK) -> Self:
        """Start the process.

        Args:
            forks: Whether to have one process that forks, or several that do not.

        Raises:
            SpeechError: It did not start; the text says why.
        """
        return cls(await (ForkingProcess.start() if forks else ProcessPool.start()))

    @property
    def pid(self) -> int:
        """Process id of the present espeak-ng process, the oldest if there are several."""
        return self._processes.pids[0]

    async def speak(
        self,
        text: str,
        *,
        locale: str = "en-US",
        voice: str | None = None,
        rate: float = 1.0,
        pitch: float = 1.0,
    ) -> Utterance:
        """See `Speaker.speak`."""
        check_rate(rate)
        espeak_voice = self._voices.resolve(locale, voice)
        tokens = tokens_of(text)
        if not tokens:
            return silent_utterance()
        wpm = round(min(max(NORMAL_WPM * rate, SLOWEST_WPM), FASTEST_WPM))
        request = _Request(text, espeak_voice, wpm, _espeak_pitch(pitch))
        if cached := self._cache.get(request):
            return cached
        async with self._slots:
            speech = await self._speak_or_retry(request)
            utterance = await asyncio.to_thread(build_utterance, text, tokens, speech)
        self._cache.put(request, utterance)
        return utterance

    async def aclose(self) -> None:
        """See `Speaker.aclose`."""
        await self._processes.aclose()

    async def _speak_or_retry(self, request: _Request) -> RawSpeech:
        try:
            return await self._speak_once(request)
        except ProcessEndedError:
            return await self._speak_once(request)

    async def _speak_once(self, request: _Request) -> RawSpeech:
        async with self._processes.borrow() as process:
            try:
                async with asyncio.timeout(_UTTERANCE_TIMEOUT_S):
                    return await process.speak(
                        request.text, voice=request.voice, wpm=request.wpm, pitch=request.pitch
                    )
            except TimeoutError as error:
                process.kill()
                raise SpeechError(f"espeak-ng did not speak within {_UTTERANCE_TIMEOUT_S:g} s") from error


def _espeak_pitch(factor: float) -> int:
    """espeak-ng's pitch, 0 to 100: half the height, 50: normal, double."""
    return round(min(max(50 + 50 * math.log2(max(factor, 0.1)), 0), 100))
