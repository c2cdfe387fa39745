"""Where a test's simulator runs: an event loop in a thread of its own, with one voice for all tests.

So a simulator serves whatever a test is: plain or async, whichever plugin runs it, and a client that blocks.
The voice, a process, is started by the first word that is spoken.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from pipecat_voicelive.simulator.speech import open_speaker
from pipecat_voicelive.simulator.utterance import Speaker, Utterance

T = TypeVar("T")


class Backstage:
    """An event loop in a thread, and a speaker that simulators there share. Close it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="voicelive-simulator", daemon=True)
        self._thread.start()
        self.speaker = SharedSpeaker()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and block until it is done."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and wait until it is done."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def close(self) -> None:
        """End the voice and the thread."""
        self.run(self.speaker.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


class SharedSpeaker:
    """The best speaker there is, opened when it is first asked to speak; simulators do not close it."""

    def __init__(self) -> None:
        self._opening: asyncio.Task[Speaker] | None = None

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
        if self._opening is None:
            self._opening = asyncio.create_task(open_speaker())
        speaker = await asyncio.shield(self._opening)
        return await speaker.speak(text, locale=locale, voice=voice, rate=rate, pitch=pitch)

    async def aclose(self) -> None:
        """End the voice, if it was ever used."""
        opening, self._opening = self._opening, None
        if opening is not None:
            await (await opening).aclose()
