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
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias, assert_never

from msgspec.structs import replace
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.errors import ProtocolError, VoiceLiveError
from pipecat_voicelive.protocol.codec import RawEvent, decode_client_event, decode_plain, decode_server_event
from pipecat_voicelive.protocol.dialect_v1 import V1Dialect
from pipecat_voicelive.protocol.server_events import (
    KnownServerEvent,
    MalformedEvent,
    ResponseVideoDelta,
    ServerEvent,
    UnknownEvent,
)
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
)
from pipecat_voicelive.simulator.errors_wire import simulator_failed
from pipecat_voicelive.simulator.exchange import (
    ClientSent,
    Exchanged,
    FaultFired,
    Noted,
    ReceivedEvent,
    ServiceSent,
)
from pipecat_voicelive.simulator.faults.expiry import SESSION_LIMIT_S
from pipecat_voicelive.simulator.faults.fault import Fault
from pipecat_voicelive.simulator.faults.kinds import Expire
from pipecat_voicelive.simulator.faults.session_faults import SessionFaults
from pipecat_voicelive.simulator.known_words import Findings
from pipecat_voicelive.simulator.live_session import LiveSession, Received
from pipecat_voicelive.simulator.mcp_client import call_tool, list_tools
from pipecat_voicelive.simulator.utterance import Speaker, Utterance
from pipecat_voicelive.simulator.v1_contract import dated_member
from pipecat_voicelive.simulator.voice_judge import VoiceJudge
from pipecat_voicelive.simulator.wire import WireForm, stamped, to_message, typed

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
        connection: The accepted connection.
        session: The session on it.
        speaker: Speaks for it.
        ears: Find out what turns say.
        form: The exact form of messages.
        record: Is told every event on the wire.
        faults: What goes wrong from the beginning.
        dice: The random choices of faults.
        voice: Asks a model what is a voice; None if the session does not ask.
    """

    def __init__(
        self,
        connection: ServerConnection,
        session: LiveSession,
        speaker: Speaker,
        ears: Ears,
        *,
        form: WireForm,
        record: Callable[[Exchanged], None],
        faults: Sequence[Fault] = (),
        dice: Random | None = None,
        voice: VoiceJudge | None = None,
    ) -> None:
        self._connection = connection
        self._session = session
        self._speaker = speaker
        self._ears = ears
        self._one_turn = asyncio.Lock()
        self._form = form
        self._record = record
        self._began_s = time.monotonic()
        self._inbox: asyncio.Queue[_Inbound] = asyncio.Queue(_INBOX_MESSAGES)
        self._planned = faults
        self._dice = dice or Random()  # noqa: S311 - no secret
        self._faults: SessionFaults | None = None
        self._fired: dict[int, tuple[Fault, int]] = {}
        self._avatar = AvatarMedia(self.send, large_message_bytes=form.large_message_bytes)
        self._working: set[asyncio.Task[None]] = set()
        self._lines: dict[int, asyncio.Future[None]] = {}
        self._line_numbers = itertools.count(1)
        self._over = False
        self._voice = voice

    @property
    def age_s(self) -> float:
        """Seconds since it was made."""
        return self._now_s() - self._began_s

    async def run(self) -> None:
        """Serve the session. Returns when the connection is closed, by whomever."""
        reader = asyncio.create_task(self._read(), name="simulator-reader")
        expiry = asyncio.get_running_loop().call_later(SESSION_LIMIT_S, self.inject, Fault(Expire()))
        try:
            with suppress(ConnectionClosed):
                for fault in self._planned:
                    await self.faults.begin(fault)
                await self._perform(self._session.open())
                await self._loop()
        finally:
            self._over = True
            for said in self._lines.values():
                if not said.done():
                    said.set_exception(_session_over())
            expiry.cancel()
            if self._faults is not None:
                await self._faults.aclose()
            tasks = [reader, *self._working]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
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

    async def send(self, event: KnownServerEvent | RawEvent) -> None:
        """Send an event and record it.

        Raises:
            ConnectionClosed: The connection is closed.
        """
        message, recorded = self.message_of(event)
        if self._faults is None:
            await self.write(message, recorded)
        else:
            await self._faults.send(message, recorded)

    @property
    def faults(self) -> SessionFaults:
        """What stands between this and the socket from the first fault on."""
        if self._faults is None:
            self._faults = SessionFaults(
                self._connection,
                self,
                troubles=self._session.troubles,
                dice=self._dice,
                note=self._note_fault,
            )
        return self._faults

    def inject(self, fault: Fault) -> None:
        """Let something go wrong."""
        self.faults.inject(fault)

    def lift_faults(self) -> None:
        """Let the connection be closed, whatever its faults hold back."""
        if self._faults is not None:
            self._faults.lift()

    def message_of(self, event: KnownServerEvent | RawEvent) -> tuple[str, ServerEvent]:
        """The message that carries an event, and the event as it is recorded."""
        event = stamped(event)
        return to_message(event, self._form), _without_video(typed(event))

    async def write(
        self, message: str | bytes, event: ServerEvent | None = None, *, text: bool | None = None
    ) -> None:
        """Write a message and record it, as `event` if given; `text` forces a text or a binary frame.

        Raises:
            ConnectionClosed: The connection is closed.
        """
        # Recorded first: waiting for the socket must not let a later event overtake it in the record.
        self.note(event or decode_server_event(message))
        await self._connection.send(message, text=text)

    async def take(self, message: str | bytes) -> None:
        """Take a message of the client."""
        event = self._decoded(message)
        self._note_received(event)
        foreign = dated_member(decode_plain(message) or {}) if self._form.v1 else None
        received = Received(event, _event_id(event, message), foreign)
        if self._voice is None:
            await self._inbox.put(received)
        else:
            async with self._voice.in_turn():
                await self._inbox.put(received)

    def type_of(self, message: str | bytes) -> str:
        """The type of the event in a client's message, "" if it has none."""
        return self._decoded(message).type

    def note(self, event: ServerEvent) -> None:
        """Record an event as sent by the service."""
        self._record(ServiceSent(self.age_s, event))

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
                    await self.send(event)
                case Note(text):
                    self._record(Noted(self._now_s() - self._began_s, text))
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
        with suppress(ConnectionClosed):
            async for message in self._connection:
                await (self.take(message) if self._faults is None else self._faults.receive(message))
        await self._inbox.put(_Closed())

    def _decoded(self, message: str | bytes) -> ReceivedEvent:
        return V1Dialect().decode_client(message) if self._form.v1 else decode_client_event(message)

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
            await self._connection.close(1011, "the voice model failed")
        else:
            await self._inbox.put(_VoiceJudged(asked.stream, probabilities))

    async def _spoken(self, wanted: Speak) -> Utterance:
        return await self._speaker.speak(
            wanted.text, locale=wanted.locale, voice=wanted.voice, rate=wanted.rate, pitch=wanted.pitch
        )

    def _note_received(self, event: ReceivedEvent) -> None:
        self._record(ClientSent(self.age_s, event))

    def _note_fault(self, fault: Fault) -> None:
        # Kept with its count, so that no other fault gets its id.
        times = self._fired.get(id(fault), (fault, 0))[1] + 1
        self._fired[id(fault)] = (fault, times)
        self._record(FaultFired(self._now_s() - self._began_s, fault, times))

    def _now_s(self) -> float:
        return time.monotonic()


def _session_over() -> ProtocolError:
    return ProtocolError("The session is over, so nobody hears the caller.")


def _event_id(event: ReceivedEvent, message: str | bytes) -> str | None:
    """The event's id, read from the message only if the event could not be read."""
    if isinstance(event, UnknownEvent | MalformedEvent):
        event_id = decode_plain(message).get("event_id")
    else:
        event_id = event.event_id
    return event_id if isinstance(event_id, str) else None


def _without_video(event: ServerEvent) -> ServerEvent:
    """The event as it is remembered: of video, of which there are megabytes, only how much it was."""
    if isinstance(event, ResponseVideoDelta):
        return replace(event, delta=f"({len(event.delta)} characters of base64)")
    return event
