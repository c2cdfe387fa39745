"""Drives one session: the socket, the clock and the speaker around the pure `LiveSession`.

    reader ──▶ inbox ──▶ main loop ──▶ socket
    errands ─────▲           └── starts errands

Everything that changes the session passes the main loop, so its events leave in one order. A client that
does not read holds the loop up, and with it the making of audio; nothing piles up.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.simulator.avatar.media import AvatarMedia
from pipecat_voicelive.simulator.caller_lines import CallerLines
from pipecat_voicelive.simulator.caller_voice import CallerLine
from pipecat_voicelive.simulator.ears import Ears
from pipecat_voicelive.simulator.effects import (
    CallerFinished,
    CallerSpeak,
    CallTool,
    Close,
    ConnectAvatar,
    Effect,
    Judge,
    Listen,
    ListTools,
    Note,
    Perform,
    Send,
    ShowAvatar,
    Speak,
    StopThinking,
    Think,
)
from pipecat_voicelive.simulator.errands import (
    Errands,
    GivenUp,
    Heard,
    Outcome,
    SpeechFailed,
    SpeechReady,
    ToolCalled,
    ToolsListed,
    VoiceJudged,
)
from pipecat_voicelive.simulator.errors_wire import simulator_failed
from pipecat_voicelive.simulator.live_session import LiveSession, Received
from pipecat_voicelive.simulator.session_wire import SessionWire
from pipecat_voicelive.simulator.thinking import Thinker, ThoughtOf, Thoughts
from pipecat_voicelive.simulator.utterance import Speaker
from pipecat_voicelive.simulator.voice_judge import VoiceJudge

_logger = logging.getLogger(__name__)

_INBOX_MESSAGES = 64


@dataclass(frozen=True, slots=True)
class _Closed:
    pass


_Taken: TypeAlias = Received | CallerLine | ThoughtOf | Outcome | None
"""What the session takes; None for a deadline that has come."""
_Inbound: TypeAlias = Received | CallerLine | ThoughtOf | Outcome | GivenUp | _Closed


class SessionRunner:
    """Runs one session until its connection is closed.

    Args:
        wire: What it sends and receives through.
        session: The session on it.
        speaker: Speaks for it.
        ears: Find out what turns say.
        voice: Asks a model what is a voice; None if the session does not ask.
        thinker: Thinks of the answers that the session asks for; None if it asks for none.
    """

    def __init__(
        self,
        wire: SessionWire,
        session: LiveSession,
        speaker: Speaker,
        ears: Ears,
        *,
        voice: VoiceJudge | None = None,
        thinker: Thinker | None = None,
    ) -> None:
        self._wire = wire
        self._session = session
        self._inbox: asyncio.Queue[_Inbound] = asyncio.Queue(_INBOX_MESSAGES)
        self._avatar = AvatarMedia(wire.send, large_message_bytes=wire.form.large_message_bytes)
        self._thoughts = Thoughts(thinker, self._inbox.put)
        self._errands = Errands(speaker, ears, voice, self._inbox.put)
        self._caller = CallerLines(speaker, self._inbox.put)
        self._voice = voice
        self._failed_in_time = False
        self._abreast = asyncio.Event()  # cleared while the session holds enough, which stops the reading
        self._abreast.set()

    async def run(self) -> None:
        """Serve the session. Returns when the connection is closed, by whomever."""
        reader = asyncio.create_task(self._read(), name="simulator-reader")
        try:
            with suppress(ConnectionClosed):
                await self._wire.open()
                await self._perform(self._session.open())
                await self._loop()
        finally:
            self._caller.end()
            await self._wire.aclose()
            reader.cancel()
            await asyncio.wait([reader])
            await self._errands.aclose()
            await self._caller.aclose()
            await self._thoughts.aclose()
            await self._avatar.aclose()
            if self._voice is not None:
                self._voice.close()
        if not reader.cancelled():
            reader.result()  # what ended it, other than the client, is raised

    async def caller_says(self, wanted: Speak, *, at_once: bool) -> None:
        """Speak a line as the caller; returns when it has been said to its end.

        Raises:
            ProtocolError: The session is over, or ends before.
            VoiceLiveError: The line cannot be spoken.
        """
        await self._caller.say(wanted, at_once=at_once)

    async def _loop(self) -> None:
        while True:
            inbound = await self._next()
            match inbound:
                case _Closed():
                    return
                case GivenUp(reason):
                    await self._wire.close(1011, reason)
                    return
                case _:
                    await self._perform(self._taken(inbound))
            if self._session.is_behind:
                self._abreast.clear()
            else:
                self._abreast.set()
            if self._voice is not None and isinstance(inbound, Received | VoiceJudged):
                self._voice.handled()

    def _taken(self, inbound: _Taken) -> list[Effect]:
        """What comes of something. A mistake of ours does not end the session."""
        try:
            effects = self._handled(inbound, self._now_s())
        except Exception as error:
            if inbound is None and self._failed_in_time:
                raise  # else it would fail for ever
            where = traceback.extract_tb(error.__traceback__)[-1]
            name = "deadline" if inbound is None else type(inbound).__name__
            event = inbound if isinstance(inbound, Received) else None
            # Not its text: that may hold what the client sent.
            _logger.error(  # noqa: TRY400
                "The simulator failed at a %s: %s in %s:%s",
                event.event.type or "message" if event else name,
                type(error).__name__,
                where.filename,
                where.lineno,
            )
            self._failed_in_time = inbound is None
            return [Send(simulator_failed(event.event_id if event else None))]
        self._failed_in_time = False
        return effects

    def _handled(self, inbound: _Taken, now_s: float) -> list[Effect]:
        match inbound:
            case None:
                return self._session.advance(now_s)
            case Received():
                return self._session.handle(inbound, now_s)
            case VoiceJudged(stream, probabilities):
                return self._session.voice_judged(stream, probabilities, now_s)
            case CallerLine():
                return self._session.caller_says(inbound, now_s)
            case SpeechReady(item_id, utterance):
                return self._session.speech_ready(item_id, utterance, now_s)
            case SpeechFailed(item_id, message):
                return self._session.speech_failed(item_id, message)
            case ThoughtOf(response_id, reply):
                return self._session.thought_of(response_id, reply, now_s)
            case ToolsListed(item_id, tools):
                return self._session.tools_listed(item_id, tools)
            case ToolCalled(item_id, output):
                return self._session.tool_called(item_id, output)
            case Heard(item_id, findings):
                return self._session.heard(item_id, findings, now_s)
            case _:
                assert_never(inbound)

    async def _next(self) -> _Inbound | None:
        """What comes next, None if a deadline comes first."""
        deadline_s = self._session.deadline_s
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        if deadline_s is None:
            return await self._inbox.get()
        try:
            async with asyncio.timeout(max(deadline_s - self._now_s(), 0.0)):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _perform(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(event):
                    await self._wire.send(event)
                case Think(response_id, question):
                    self._thoughts.start(response_id, question)
                case StopThinking(response_id):
                    self._thoughts.stop(response_id)
                case Note(text):
                    self._wire.note(text)
                case Close(code, reason):
                    await self._wire.close(code, reason)
                case ShowAvatar() | ConnectAvatar() | Perform():
                    self._avatar.carry_out(effect)
                case CallerSpeak():
                    self._caller.start(effect)
                case CallerFinished(number):
                    self._caller.finished(number)
                case Speak() | Listen() | Judge() | ListTools() | CallTool():
                    self._errands.start(effect)
                case _:
                    assert_never(effect)

    async def _read(self) -> None:
        try:
            await self._wire.read(self._take)
        except Exception:
            await self._inbox.put(_Closed())
            raise
        await self._inbox.put(_Closed())

    async def _take(self, received: Received) -> None:
        await self._abreast.wait()
        if self._voice is None:
            await self._inbox.put(received)
        else:
            async with self._voice.in_turn():
                await self._inbox.put(received)

    def _now_s(self) -> float:
        return time.monotonic()
