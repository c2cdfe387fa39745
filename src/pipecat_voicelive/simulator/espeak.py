"""Speech by espeak-ng, which runs in a process of its own (see `espeak_helper`)."""

from __future__ import annotations

import asyncio
import math
from typing import NamedTuple, Self

from loguru import logger

from pipecat_voicelive.simulator.espeak_process import EspeakProcess, ProcessEndedError
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

    If the process ends it is started anew, and a text it took along is tried once more.
    Utterances are cached.
    """

    def __init__(self, process: EspeakProcess) -> None:
        self._process = process
        self._voices = EspeakVoices(process.ready.languages, process.ready.variants)
        self._cache = UtteranceCache(CACHE_BYTES)
        self._slots = asyncio.Semaphore(CONCURRENT_UTTERANCES)
        self._restarting = asyncio.Lock()
        self._closed = False

    @classmethod
    async def start(cls) -> Self:
        """Start the process.

        Raises:
            SpeechError: It did not start; the text says why.
        """
        return cls(await EspeakProcess.start())

    @property
    def pid(self) -> int:
        """Process id of the present espeak-ng process."""
        return self._process.pid

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
        self._closed = True
        async with self._restarting:
            await self._process.aclose()

    async def _speak_or_retry(self, request: _Request) -> RawSpeech:
        try:
            return await self._speak_once(request)
        except ProcessEndedError:
            return await self._speak_once(request)

    async def _speak_once(self, request: _Request) -> RawSpeech:
        process = await self._running_process()
        try:
            async with asyncio.timeout(_UTTERANCE_TIMEOUT_S):
                return await process.speak(
                    request.text, voice=request.voice, wpm=request.wpm, pitch=request.pitch
                )
        except TimeoutError as error:
            process.kill()
            raise SpeechError(f"espeak-ng did not speak within {_UTTERANCE_TIMEOUT_S:g} s") from error

    async def _running_process(self) -> EspeakProcess:
        async with self._restarting:
            if self._closed:
                raise SpeechError("the speaker is closed")
            if self._process.ended:
                logger.warning("The espeak-ng process ended; starting another")
                await self._process.aclose()
                self._process = await EspeakProcess.start()
            return self._process


def _espeak_pitch(factor: float) -> int:
    """espeak-ng's pitch, 0 to 100: half the height, 50: normal, double."""
    return round(min(max(50 + 50 * math.log2(max(factor, 0.1)), 0), 100))
