"""A session as seen from the side of the service: what came, what went, and a hand on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from websockets.asyncio.server import ServerConnection

from pipecat_voicelive.errors import ConfigurationError, ProtocolError
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.protocol.server_events import KnownServerEvent, ServerEvent
from pipecat_voicelive.simulator.caller_lines import CALLER_LOCALE, CALLER_VOICE
from pipecat_voicelive.simulator.ears import Ears
from pipecat_voicelive.simulator.effects import Speak
from pipecat_voicelive.simulator.exchange import (
    ClientSent,
    Exchange,
    Exchanged,
    FaultFired,
    ReceivedEvent,
    ServiceSent,
)
from pipecat_voicelive.simulator.faults.fault import Fault
from pipecat_voicelive.simulator.faults.plan import FaultPlan
from pipecat_voicelive.simulator.handshake import Handshake
from pipecat_voicelive.simulator.known_words import VoiceTurn
from pipecat_voicelive.simulator.live_session import LiveSession
from pipecat_voicelive.simulator.session_runner import SessionRunner
from pipecat_voicelive.simulator.session_wire import SessionWire
from pipecat_voicelive.simulator.spoken_words import tokens_of
from pipecat_voicelive.simulator.thinking import Thinker
from pipecat_voicelive.simulator.utterance import Speaker
from pipecat_voicelive.simulator.voice_judge import VoiceJudge
from pipecat_voicelive.simulator.window.trace import SessionTrace
from pipecat_voicelive.simulator.wire import WireForm


class SimulatedSession:
    """One client's session with a simulator.

    Made by the simulator; find it in `VoiceLiveSimulator.sessions`.
    """

    def __init__(
        self,
        connection: ServerConnection,
        handshake: Handshake,
        session: LiveSession,
        speaker: Speaker,
        ears: Ears,
        *,
        form: WireForm,
        number: int,
        keep_events: int | None,
        listener: Callable[[SimulatedSession, Exchanged], None] | None,
        faults: FaultPlan,
        dice: Random,
        voice: VoiceJudge | None,
        thinker: Thinker | None,
    ) -> None:
        self.handshake = handshake
        """What the client said when it connected; keys and tokens are masked."""
        self.number = number
        """Its place in the order of sessions, from 1."""
        self.trace = SessionTrace()
        """Its newest events as they are shown to people, without audio."""
        self._connection = connection
        self._session = session
        self._exchange = Exchange(keep_events=keep_events)
        self._listener = listener
        self._faults = faults
        self._wire = SessionWire(
            connection,
            form=form,
            record=self._record,
            planned=faults.for_session(number),
            troubles=session.troubles,
            dice=dice,
        )
        self._runner = SessionRunner(self._wire, session, speaker, ears, voice=voice, thinker=thinker)

    @property
    def events(self) -> tuple[Exchanged, ...]:
        """Every event in both directions, in wire order, with its time."""
        return self._exchange.events

    @property
    def client_events(self) -> tuple[ReceivedEvent, ...]:
        """What the client sent, in order."""
        return tuple(entry.event for entry in self.events if isinstance(entry, ClientSent))

    @property
    def server_events(self) -> tuple[ServerEvent, ...]:
        """What was sent to the client, in order."""
        return tuple(entry.event for entry in self.events if isinstance(entry, ServiceSent))

    @property
    def faults_fired(self) -> tuple[FaultFired, ...]:
        """The faults that happened, in order, with their times."""
        return tuple(entry for entry in self.events if isinstance(entry, FaultFired))

    @property
    def conversation(self) -> tuple[ConversationItem, ...]:
        """The items in order, as the service holds them: a truncated one has lost its transcript."""
        return tuple(self._session.conversation.items)

    @property
    def age_s(self) -> float:
        """Seconds since it was opened; the `at_s` of what happens now."""
        return self._wire.age_s

    @property
    def close_code(self) -> int | None:
        """The WebSocket close code, 1006 for a connection that was cut; None while it is open."""
        return self._connection.close_code

    def heard_text(self, item_id: str) -> str:
        """The words of an assistant item up to where it was truncated; all of them if it was not.

        Raises:
            KeyError: There is no such item.
        """
        if all(item.id != item_id for item in self.conversation):
            raise KeyError(item_id)
        return self._session.conversation.heard_text(item_id)

    def received(self, event_type: str) -> list[ReceivedEvent]:
        """The client's events of a type."""
        return [event for event in self.client_events if event.type == event_type]

    def sent(self, event_type: str) -> list[ServerEvent]:
        """The service's events of a type."""
        return [event for event in self.server_events if event.type == event_type]

    async def wait_for_received(
        self, event_type: str, *, count: int = 1, timeout_s: float = 5.0
    ) -> list[ReceivedEvent]:
        """Wait until the client has sent at least `count` events of a type; returns all of them.

        Raises:
            TimeoutError: It does not within `timeout_s`, or the session ends before.
        """
        await self._exchange.wait_for(
            lambda: len(self.received(event_type)) >= count,
            what=f"{event_type} from the client",
            timeout_s=timeout_s,
        )
        return self.received(event_type)

    async def wait_for_sent(
        self, event_type: str, *, count: int = 1, timeout_s: float = 5.0
    ) -> list[ServerEvent]:
        """Wait until at least `count` events of a type have been sent; returns all of them.

        Raises:
            TimeoutError: They are not within `timeout_s`, or the session ends before.
        """
        await self._exchange.wait_for(
            lambda: len(self.sent(event_type)) >= count,
            what=f"{event_type} from the service",
            timeout_s=timeout_s,
        )
        return self.sent(event_type)

    @property
    def voice_turns(self) -> tuple[VoiceTurn, ...]:
        """What the caller has spoken, turn by turn, and how its words are known."""
        return tuple(self._session.voice_turns)

    def expect_transcript(self, text: str) -> None:
        """Have the next voice turn say this, whatever audio it is; asked for twice, the next two turns.

        The answer is that of the scenario's line which is most like it, `otherwise` if none is.

        Raises:
            ConfigurationError: There is no word in it.
        """
        self._session.expect_transcript(_worded(text))

    async def caller_says(
        self,
        text: str,
        *,
        voice: str | None = CALLER_VOICE,
        locale: str = CALLER_LOCALE,
        rate: float = 1.0,
        pitch: float = 1.0,
        at_once: bool = False,
    ) -> None:
        """Speak a line as the caller, into the ears of the service; returns when it has been said.

        The client's audio goes on beside it: the line is laid over what it sends meanwhile. If it sends
        none, the line comes by itself, and silence after it until the turn has ended. Lines wait for each
        other and for the first `session.update`. The transcript is the text, and the answer that of the
        scenario's line which is most like it. Where the client makes the turns, it is the client who commits.

        Args:
            text: The line.
            voice: Who speaks, see `Speaker.speak`.
            locale: The language of the line.
            rate: Speed of speech, 1.0 being normal.
            pitch: Height of the voice, 1.0 being normal.
            at_once: Let the whole line be heard at once, not at the pace of speech.

        Raises:
            ConfigurationError: There is no word in the line, or no such voice.
            ProtocolError: The session is over, or ends before the line does.
            SpeechError: The line could not be spoken.
        """
        wanted = Speak("", _worded(text), locale, voice, rate, pitch)
        await self._runner.caller_says(wanted, at_once=at_once)

    async def wait_closed(self) -> None:
        """Wait until the connection is closed."""
        await self._connection.wait_closed()

    async def send_event(self, event: KnownServerEvent | RawEvent | dict[str, Any]) -> None:
        """Send any event, whether it makes sense or not; one without `event_id` is given one.

        Raises:
            ConnectionClosed: The connection is closed (of the websockets package).
        """
        await self._wire.send(RawEvent(members=event) if isinstance(event, dict) else event)

    async def send_raw(self, message: str | bytes) -> None:
        """Send any message: text as a text frame, bytes as a binary one.

        Raises:
            ConnectionClosed: The connection is closed (of the websockets package).
        """
        await self._wire.write(message)

    def inject(self, fault: Fault | str | Mapping[str, Any]) -> None:
        """Let something go wrong in this session, from now on.

        Its counting begins now: "lose at sent 1" loses the next message, "drop after 2s" cuts the connection
        in two seconds. Without `at` and `after` it happens at once. May be called in any thread.

        Raises:
            ConfigurationError: It makes no sense here; the text says what to write.
            ProtocolError: The session is over.
        """
        read = Fault.read(fault)
        if read.at_handshakes:
            raise ConfigurationError(f"'{read.what.name}' is about handshakes: add it to `simulator.faults`")
        if read.session not in {None, self.number}:
            raise ConfigurationError(
                f"this is session {self.number}, not {read.session}: leave 'session' out"
            )
        if self.close_code is not None:
            raise ProtocolError("The session is over; nothing can go wrong in it any more")
        self._wire.inject(read)

    async def wait_for_fault(self, count: int = 1, *, timeout_s: float = 5.0) -> FaultFired:
        """Wait until `count` faults have happened and return the newest.

        Raises:
            TimeoutError: They do not within `timeout_s`, or the session ends before.
        """
        await self._exchange.wait_for(
            lambda: len(self.faults_fired) >= count, what=f"{count} faults", timeout_s=timeout_s
        )
        return self.faults_fired[-1]

    def lift_faults(self) -> None:
        """Hold nothing back any more, so that the session can be closed. The simulator calls it."""
        self._wire.lift_faults()

    async def drop(self) -> None:
        """Cut the connection without a word, as a lost network does."""
        self._connection.transport.abort()
        await self._connection.wait_closed()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection with a code and a reason."""
        await self._connection.close(code, reason)

    async def serve(self) -> None:
        """Run the session until its connection is closed. The simulator calls it."""
        try:
            await self._runner.run()
        finally:
            self._exchange.close()

    def _record(self, exchanged: Exchanged) -> None:
        self._exchange.add(exchanged)
        if isinstance(exchanged, FaultFired):
            self._faults.note(exchanged.fault)
        self.trace.add(exchanged)
        if self._listener is not None:
            self._listener(self, exchanged)


def _worded(text: str) -> str:
    if not tokens_of(text):
        raise ConfigurationError(f"{text!r} has no word in it; give what the caller says")
    return text
