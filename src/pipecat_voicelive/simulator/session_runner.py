"""Drives one session: the socket, the clock and the speaker around the pure `LiveSession`.

    reader ──▶ inbox ──▶ main loop ──▶ socket
    speech tasks ─▲          └── starts speech tasks

Everything that changes the session passes the main loop, so its events leave in one order. A client that
does not read holds the loop up, and with it the making of audio; nothing piles up.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import traceback
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.errors import ProtocolError, VoiceLiveError
from pipecat_voicelive.simulator.avatar.media import AvatarMedia
from pipecat_voicelive.simulator.caller_voice import CallerLine
from pipecat_voicelive.simulator.ears import Ears
from pipecat_voicelive.simulator.effects import (
    CallerFinished,
    CallerSpeak,
    CallTool,
    ConnectAvatar,
    Effect,
    Judge,
    Listen,
    ListTools,
    McpFailure,
    Note,
    Perform,
    Send,
    ShowAvatar,
    Speak,
    StopThinking,
    Think,
)
from pipecat_voicelive.simulator.errors_wire import simulator_failed
from pipecat_voicelive.simulator.known_words import Findings
from pipecat_voicelive.simulator.live_session import LiveSession, Received
from pipecat_voicelive.simulator.mcp_client import call_tool, list_tools
from pipecat_voicelive.simulator.session_wire import SessionWire
from pipecat_voicelive.simulator.thinking import Thinker, ThoughtOf, Thoughts
from pipecat_voicelive.simulator.utterance import Speaker, Utterance
from pipecat_voicelive.simulator.voice_judge import VoiceJudge

_logger = logging.getLogger(__name__)

CALLER_LOCALE, CALLER_VOICE = "en-US", "en-US-AndrewNeural"
"""How the caller speaks unless told otherwise: with another voice than the service's own default."""

_INBOX_MESSAGES = 64


@dataclass(frozen=True, slots=True)
class _SpeechReady:
    item_id: str
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class _SpeechFailed:
    item_id: str
    message: str


@dataclass(frozen=True, slots=True)
class _Closed:
    pass


@dataclass(frozen=True, slots=True)
class _VoiceJudged:
    stream: int
    probabilities: list[float]


@dataclass(frozen=True, slots=True)
class _ToolsListed:
    item_id: str
    result: list[dict[str, Any]] | McpFailure


@dataclass(frozen=True, slots=True)
class _ToolCalled:
    item_id: str
    result: str | McpFailure


@dataclass(frozen=True, slots=True)
class _Heard:
    item_id: str
    findings: Findings


_Inbound: TypeAlias = (
    Received
    | CallerLine
    | ThoughtOf
    | _SpeechReady
    | _SpeechFailed
    | _VoiceJudged
    | _ToolsListed
    | _ToolCalled
    | _Heard
    | _Closed
)


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
        self._speaker = speaker
        self._ears = ears
        self._one_turn = asyncio.Lock()
        self._inbox: asyncio.Queue[_Inbound] = asyncio.Queue(_INBOX_MESSAGES)
        self._avatar = AvatarMedia(wire.send, large_message_bytes=wire.form.large_message_bytes)
        self._thoughts = Thoughts(thinker, self._inbox.put)
        self._working: set[asyncio.Task[None]] = set()
        self._lines: dict[int, asyncio.Future[None]] = {}
        self._line_numbers = itertools.count(1)
        self._over = False
        self._voice = voice

    async def run(self) -> None:
        """Serve the session. Returns when the connection is closed, by whomever."""
        reader = asyncio.create_task(self._read(), name="simulator-reader")
        try:
            with suppress(ConnectionClosed):
                await self._wire.open()
                await self._perform(self._session.open())
                await self._loop()
        finally:
            self._over = True
            for said in self._lines.values():
                if not said.done():
                    said.set_exception(_session_over())
            await self._wire.aclose()
            tasks = [reader, *self._working]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._thoughts.aclose()
            await self._avatar.aclose()
            if self._voice is not None:
                self._voice.close()

    async def caller_says(self, wanted: Speak, *, at_once: bool) -> None:
        """Speak a line as the caller; returns when it has been said to its end.

        Raises:
            ProtocolError: The session is over, or ends before.
            VoiceLiveError: The line cannot be spoken.
        """
        utterance = await self._spoken(wanted)
        if self._over:
            raise _session_over()
        number = next(self._line_numbers)
        said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines[number] = said
        self._start(self._inbox.put(CallerLine(number, wanted.text, utterance, at_once)), "simulator-caller")
        await said

    async def _listen(self, wanted: Listen) -> None:
        async with self._one_turn:  # turns are heard in their order
            findings = await self._ears.listen(wanted.pcm, wanted.rate_hz, wanted.language)
            await self._inbox.put(_Heard(wanted.item_id, findings))

    async def _speak_as_caller(self, wanted: CallerSpeak) -> None:
        locale = wanted.locale or CALLER_LOCALE
        try:
            await self.caller_says(Speak("", wanted.text, locale, CALLER_VOICE, 1.0, 1.0), at_once=False)
        except ProtocolError:
            pass  # the session is over
        except VoiceLiveError as error:
            _logger.warning("The simulated caller could not speak: %s", type(error).__name__)

    async def _loop(self) -> None:
        while True:
            inbound = await self._next()
            now_s = self._now_s()
            match inbound:
                case None:
                    effects = self._session.advance(now_s)
                case Received():
                    effects = self._handled(inbound, now_s)
                case _VoiceJudged(stream, probabilities):
                    effects = self._session.voice_judged(stream, probabilities, now_s)
                case CallerLine():
                    effects = self._session.caller_says(inbound, now_s)
                case _SpeechReady(item_id, utterance):
                    effects = self._session.speech_ready(item_id, utterance, now_s)
                case _SpeechFailed(item_id, message):
                    effects = self._session.speech_failed(item_id, message)
                case ThoughtOf(response_id, reply):
                    effects = self._session.thought_of(response_id, reply, now_s)
                case _ToolsListed(item_id, tools):
                    effects = self._session.tools_listed(item_id, tools)
                case _ToolCalled(item_id, output):
                    effects = self._session.tool_called(item_id, output)
                case _Heard(item_id, findings):
                    effects = self._session.heard(item_id, findings, now_s)
                case _Closed():
                    return
                case _:
                    assert_never(inbound)
            await self._perform(effects)
            if self._voice is not None and isinstance(inbound, Received | _VoiceJudged):
                self._voice.handled()

    def _handled(self, received: Received, now_s: float) -> list[Effect]:
        try:
            return self._session.handle(received, now_s)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the session
            where = traceback.extract_tb(error.__traceback__)[-1]
            # Not its text: that may hold what the client sent.
            _logger.error(  # noqa: TRY400
                "The simulator failed at a %s: %s in %s:%s",
                received.event.type or "message",
                type(error).__name__,
                where.filename,
                where.lineno,
            )
            return [Send(simulator_failed(received.event_id))]

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
                case ShowAvatar() | ConnectAvatar() | Perform():
                    self._avatar.carry_out(effect)
                case Listen():
                    self._start(self._listen(effect), "simulator-listener")
                case CallerSpeak():
                    self._start(self._speak_as_caller(effect), "simulator-caller")
                case CallerFinished(number):
                    if not (said := self._lines.pop(number)).done():
                        said.set_result(None)
                case Speak():
                    self._start(self._speak(effect), "simulator-speech")
                case Judge():
                    assert self._voice is not None, "only a session that has a model asks"
                    self._voice.expect()
                    self._start(self._judge(effect, self._voice), "simulator-voice")
                case ListTools() | CallTool():
                    self._start(self._ask_mcp(effect), "simulator-mcp")
                case _:
                    assert_never(effect)

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _ask_mcp(self, wanted: ListTools | CallTool) -> None:
        if isinstance(wanted, ListTools):
            listed = await list_tools(wanted.server)
            failure, answer = listed, _ToolsListed(wanted.item_id, listed)
        else:
            called = await call_tool(wanted.server, wanted.name, wanted.arguments)
            failure, answer = called, _ToolCalled(wanted.item_id, called)
        if isinstance(failure, McpFailure):
            # What the server says of a failed call may hold what it was called with.
            why = failure.message if isinstance(wanted, ListTools) else "the call failed"
            _logger.warning("MCP server %r: %s", wanted.server.label, why)
        await self._inbox.put(answer)

    async def _read(self) -> None:
        await self._wire.read(self._take)
        await self._inbox.put(_Closed())

    async def _take(self, received: Received) -> None:
        if self._voice is None:
            await self._inbox.put(received)
        else:
            async with self._voice.in_turn():
                await self._inbox.put(received)

    async def _speak(self, wanted: Speak) -> None:
        try:
            utterance = await self._spoken(wanted)
        except VoiceLiveError as error:
            _logger.warning("The simulator's speaker failed: %s", type(error).__name__)
            await self._inbox.put(_SpeechFailed(wanted.item_id, str(error)))
        else:
            await self._inbox.put(_SpeechReady(wanted.item_id, utterance))

    async def _judge(self, asked: Judge, voice: VoiceJudge) -> None:
        try:
            probabilities = await voice.judge(asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing more can be heard
            _logger.error("The voice model failed: %s", type(error).__name__)  # noqa: TRY400
            await self._wire.close(1011, "the voice model failed")
        else:
            await self._inbox.put(_VoiceJudged(asked.stream, probabilities))

    async def _spoken(self, wanted: Speak) -> Utterance:
        return await self._speaker.speak(
            wanted.text, locale=wanted.locale, voice=wanted.voice, rate=wanted.rate, pitch=wanted.pitch
        )

    def _now_s(self) -> float:
        return time.monotonic()


def _session_over() -> ProtocolError:
    return ProtocolError("The session is over, so nobody hears the caller.")
