"""The simulated caller's lines on their way: spoken, handed to the session, said to their end.

Somebody who lets the caller say a line waits until it has been said; so the line has a number, under which
the session tells that it is over. A session that ends takes the lines with it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from pipecat_voicelive.errors import ProtocolError, VoiceLiveError
from pipecat_voicelive.simulator.caller_voice import CallerLine
from pipecat_voicelive.simulator.effects import CallerSpeak, Speak
from pipecat_voicelive.simulator.errands import spoken
from pipecat_voicelive.simulator.tasks import Tasks
from pipecat_voicelive.simulator.utterance import Speaker

_logger = logging.getLogger(__name__)

CALLER_LOCALE, CALLER_VOICE = "en-US", "en-US-AndrewNeural"
"""How the caller speaks unless told otherwise: with another voice than the service's own default."""


class CallerLines:
    """The lines of one session's simulated caller.

    Args:
        speaker: Speaks them.
        deliver: Takes each when it can be heard.
    """

    def __init__(self, speaker: Speaker, deliver: Callable[[CallerLine], Coroutine[Any, Any, None]]) -> None:
        self._speaker = speaker
        self._deliver = deliver
        self._numbers = itertools.count(1)
        self._unsaid: dict[int, asyncio.Future[None]] = {}
        self._tasks = Tasks("simulator-caller")
        self._over = False

    async def say(self, wanted: Speak, *, at_once: bool) -> None:
        """Speak a line; returns when it has been said to its end.

        Raises:
            ProtocolError: The session is over, or ends before.
            VoiceLiveError: The line cannot be spoken.
        """
        utterance = await spoken(self._speaker, wanted)
        if self._over:
            raise _session_over()
        number = next(self._numbers)
        said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unsaid[number] = said
        self._tasks.start(self._deliver(CallerLine(number, wanted.text, utterance, at_once)))
        await said

    def start(self, wanted: CallerSpeak) -> None:
        """Speak a line that nobody waits for."""
        self._tasks.start(self._say_unasked(wanted))

    def finished(self, number: int) -> None:
        """The line of this number has been said."""
        if not (said := self._unsaid.pop(number)).done():
            said.set_result(None)

    def end(self) -> None:
        """The session is over; whoever waits for a line is told so."""
        self._over = True
        for said in self._unsaid.values():
            if not said.done():
                said.set_exception(_session_over())

    async def aclose(self) -> None:
        """Nobody hears any line any more."""
        await self._tasks.aclose()

    async def _say_unasked(self, wanted: CallerSpeak) -> None:
        locale = wanted.locale or CALLER_LOCALE
        try:
            await self.say(Speak("", wanted.text, locale, CALLER_VOICE, 1.0, 1.0), at_once=False)
        except ProtocolError:
            pass  # the session is over
        except VoiceLiveError as error:
            _logger.warning("The simulated caller could not speak: %s", type(error).__name__)


def _session_over() -> ProtocolError:
    return ProtocolError("The session is over, so nobody hears the caller.")
