"""The simulator: a WebSocket server that talks like Azure Voice Live."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.versions import V1
from pipecat_voicelive.simulator.agent_threads import AgentThreads
from pipecat_voicelive.simulator.avatar.loopback import loopback_if_alone
from pipecat_voicelive.simulator.avatar.stun import StunServer
from pipecat_voicelive.simulator.certificate import TlsFiles
from pipecat_voicelive.simulator.chance import choose_by, new_seed
from pipecat_voicelive.simulator.ears import Ears
from pipecat_voicelive.simulator.exchange import Exchanged
from pipecat_voicelive.simulator.faults.expiry import session_limit_s
from pipecat_voicelive.simulator.faults.fault import Fault
from pipecat_voicelive.simulator.faults.handshakes import FaultyHandshakes
from pipecat_voicelive.simulator.faults.plan import FaultPlan
from pipecat_voicelive.simulator.handshake import (
    REALTIME_PATH,
    Handshake,
)
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.listener import Listener
from pipecat_voicelive.simulator.live_session import LiveSession
from pipecat_voicelive.simulator.patience import PatientConnection
from pipecat_voicelive.simulator.scenario import ECHO, Scenario
from pipecat_voicelive.simulator.session_config import SessionConfig
from pipecat_voicelive.simulator.silero import Silero
from pipecat_voicelive.simulator.simulated_session import SimulatedSession
from pipecat_voicelive.simulator.speech import open_speaker
from pipecat_voicelive.simulator.tapes.recorder import RecordedConnection, Recording, TapeRecorder
from pipecat_voicelive.simulator.tapes.replay import TapeReplay
from pipecat_voicelive.simulator.tapes.tape import Tape
from pipecat_voicelive.simulator.thinking import Thinker
from pipecat_voicelive.simulator.utterance import Speaker
from pipecat_voicelive.simulator.voice_judge import VoiceJudge
from pipecat_voicelive.simulator.window.window import Window
from pipecat_voicelive.simulator.wire import WireForm


class VoiceLiveSimulator:
    """A local Azure Voice Live.

        async with VoiceLiveSimulator("weather.yaml") as simulator:
            ...  # connect to simulator.endpoint
            session = await simulator.wait_for_session()

    Any number of clients may connect; each has a session of its own that starts the scenario afresh.

    Args:
        scenario: What is said: a `Scenario`, a YAML file, or its members; None to answer anything.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        tls: Talk TLS, as some clients insist on: True with a certificate made here, for as long as the
            simulator runs, or with `TlsFiles` of your own. Clients must trust `certificate`.
        api_key: The only api-key that is taken; None takes any that is not empty. Bearer tokens are taken
            whatever they are.
        speech: Speaks for the service; stays yours to close. None opens one of its own.
        speed: Seconds of audio made in a second; `math.inf` for all at once.
        strict: Refuse what the service is only said to refuse: models that are not documented, unknown
            session members, events before the first `session.update`, a turn detection that changes its
            type, an Azure voice that changes after it has spoken.
        merge_session_updates: Let members that a `session.update` leaves out stay as they were; else they
            fall back to their defaults.
        blendshapes_as_text: Send blendshapes as a text, base64 of 32 bit floats; else as arrays of numbers.
            The service's schema has both.
        large_message_bytes: Fill every tenth message of an avatar's video up to this size, with what players
            skip, to see how clients take messages of several MiB.
        keep_events: How many events each session remembers, of video only the size; None for all.
        keep_sessions: How many sessions that are over are remembered, the newest.
        listener: Is called with every event on the wire, in the event loop; it must not block. If it raises,
            the session ends (1011).
        faults: What is to go wrong, besides what the scenario has: values, lines of text, or members.
        turn_detector: What finds the caller's turns: "energy" from the loudness alone, "silero" by a model of
            voices too, so that other sounds are no turn. Its file comes with Pipecat.
        seed: Makes every random choice, ids included, the same each time; None for others each time.
        record: File to record a session to, as a tape, without its keys, sound and pictures; those of further
            sessions have a number in their name. Nothing is overwritten.
        record_audio: Keep sound and pictures on tapes.
        brain: Thinks of the answers that the scenario's turns and asides do not have, e.g. an `OpenAIBrain`;
            None to pick tools by rules and say the scenario's `otherwise`.

    Raises:
        ConfigurationError: The scenario or an argument cannot be used.
    """

    def __init__(
        self,
        scenario: Scenario | str | Path | Mapping[str, Any] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool | TlsFiles = False,
        api_key: str | None = None,
        speech: Speaker | None = None,
        speed: float = 8.0,
        strict: bool = True,
        merge_session_updates: bool = False,
        blendshapes_as_text: bool = False,
        large_message_bytes: int = 0,
        keep_events: int | None = None,
        keep_sessions: int = 100,
        listener: Callable[[SimulatedSession, Exchanged], None] | None = None,
        faults: Iterable[Fault | str | Mapping[str, Any]] = (),
        seed: int | None = None,
        turn_detector: Literal["energy", "silero"] = "energy",
        record: str | Path | None = None,
        record_audio: bool = False,
        brain: Thinker | None = None,
    ) -> None:
        if math.isnan(speed) or speed <= 0:
            raise ConfigurationError(f"speed must be positive, 1 being real time, not {speed}")
        if turn_detector not in ("energy", "silero"):
            raise ConfigurationError(f"turn_detector must be 'energy' or 'silero', not {turn_detector!r}")
        self._listener = Listener("simulator", host, port, tls=tls, api_key=api_key)
        self._scenario = _scenario(scenario)
        self._threads = AgentThreads(self._scenario, has_model=brain is not None)
        self._brain = brain
        self._ears = Ears(self._scenario)
        self._host = host
        self._given_speaker = speech
        self._speed = speed
        self._strict = strict
        self._merge_session_updates = merge_session_updates
        self._blendshapes_as_text = blendshapes_as_text
        self._large_message_bytes = large_message_bytes
        self._keep_events = keep_events
        self._keep_sessions = keep_sessions
        self._told = listener
        self._seed = new_seed() if seed is None else seed
        self._faults = FaultPlan([*self._scenario.faults, *faults], dice=self._dice("handshakes"))
        self._handshakes = FaultyHandshakes(self._faults)
        self._window = Window(self, host=host, api_key=api_key)
        self._recorder = TapeRecorder(record, keep_media=record_audio) if record else None
        self._sessions: list[SimulatedSession] = []
        self._opened = 0
        self._arrival = asyncio.Condition()
        self._cleanup = AsyncExitStack()
        self._speaker: Speaker | None = speech
        self._stun: StunServer | None = None
        self._turn_detector = turn_detector
        self._silero: Silero | None = None
        self._ice_secret = {"username": new_id("", 12), "credential": new_id("", 24)}

    @property
    def endpoint(self) -> str:
        """Where clients connect, e.g. "ws://127.0.0.1:54321"; with TLS "wss://127.0.0.1:54321".

        Raises:
            ProtocolError: The simulator is not running.
        """
        return self._listener.endpoint

    @property
    def page(self) -> str:
        """Where a browser sees what happens, e.g. "http://127.0.0.1:54321/".

        A simulator that takes one api-key only, or that others can reach, wants a key there; then it stands
        behind "#", so give this address to nobody else.

        Raises:
            ProtocolError: The simulator is not running.
        """
        return self._window.address

    @property
    def certificate(self) -> Path | None:
        """The file that clients must trust, e.g. as `SSL_CERT_FILE`; None without TLS or when not running."""
        return self._listener.certificate

    @property
    def tapes(self) -> list[Path]:
        """The files to which sessions were recorded, the newest last; complete when it has ended."""
        return list(self._recorder.tapes) if self._recorder else []

    @staticmethod
    def replaying(tape: Tape | str | Path, **options: Any) -> TapeReplay:
        """A server that plays a tape instead of simulating; see `TapeReplay` for its options.

        Raises:
            ConfigurationError: The tape cannot be used.
        """
        return TapeReplay(tape, **options)

    @property
    def scenario(self) -> Scenario:
        """What is said."""
        return self._scenario

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong in the sessions and at the handshakes to come."""
        return self._faults

    @property
    def seed(self) -> int:
        """What makes the random choices the same again."""
        return self._seed

    @property
    def sessions(self) -> list[SimulatedSession]:
        """The sessions, the newest last: all that are open, and the newest of those that are over."""
        return list(self._sessions)

    def register_recording(self, audio: str | Path | bytes, text: str, *, rate_hz: int | None = None) -> None:
        """Know a recording again by its sound: a voice turn that sounds like it says `text`.

        It may come at another rate, louder or softer, with silence around it; noise spoils it.

        Args:
            audio: A WAV file of 16 bits, or 16 bit little-endian mono samples.
            text: What it says, in any language.
            rate_hz: The rate of samples that are given as bytes.

        Raises:
            ConfigurationError: It cannot be read, or nothing can be heard in it.
        """
        recording = audio if isinstance(audio, bytes) else Path(audio)
        self._ears.register(recording, text, rate_hz=rate_hz)

    async def wait_for_session(self, count: int = 1, *, timeout_s: float = 5.0) -> SimulatedSession:
        """Wait until `count` sessions have been opened and return the newest.

        Raises:
            TimeoutError: They are not within `timeout_s`.
        """
        async with asyncio.timeout(timeout_s), self._arrival:
            await self._arrival.wait_for(lambda: self._opened >= count)
        return self._sessions[-1]

    async def __aenter__(self) -> Self:
        """Listen."""
        async with AsyncExitStack() as cleanup:
            self._handshakes = FaultyHandshakes(self._faults)
            if self._speaker is None:
                self._speaker = await open_speaker()
                cleanup.push_async_callback(self._speaker.aclose)
            cleanup.push_async_callback(self._ears.aclose)
            await self._ears.start()
            if self._recorder is not None:
                cleanup.push_async_callback(self._recorder.aclose)
            cleanup.enter_context(loopback_if_alone())
            self._stun = await StunServer.open(self._host)
            cleanup.callback(self._stun.close)
            if self._turn_detector == "silero":
                self._silero = await Silero.open()
                cleanup.push_async_callback(self._silero.aclose)
            cleanup.push_async_callback(self._listener.aclose)
            await self._listener.open(
                self._serve_connection,
                self._answer,
                RecordedConnection if self._recorder else PatientConnection,
            )
            self._cleanup = cleanup.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every session (1001) and stop listening."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close every session (1001) and stop listening; safe to call twice."""
        self._handshakes.lift()
        for session in self._sessions:
            session.lift_faults()
        await self._cleanup.aclose()
        self._speaker = self._given_speaker

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        seen = self._window.answer(connection, request)
        if seen is not None or self._window.is_control(request):
            return seen
        refused = self._listener.refuse_page(connection, request)
        if refused is None and self._faults and urlsplit(request.path).path == REALTIME_PATH:
            refused = await self._handshakes.meet(connection)
        return self._listener.refuse(connection, request) if refused is None else refused

    def _record(self, connection: ServerConnection) -> Recording | None:
        """Take down from now on what goes over a connection, if that is wanted."""
        if self._recorder is None or not isinstance(connection, RecordedConnection):
            return None
        connection.recording = self._recorder.open_tape()
        return connection.recording

    def _dice(self, purpose: str) -> Random:
        """The random choices for one purpose; others do not change them."""
        return Random(f"{self._seed} {purpose}")  # noqa: S311 - no secret

    async def _serve_connection(self, connection: ServerConnection) -> None:
        assert connection.request is not None, "the handshake is over"
        if self._window.is_control(connection.request):
            await self._window.serve(connection)
            return
        handshake = self._listener.handshake_of(connection.request)
        assert isinstance(handshake, Handshake), "refused connections do not get here"
        assert self._speaker is not None, "there is a speaker while there is a server"
        assert self._stun is not None, "and an ICE server"
        number = self._opened + 1
        choose_by(self._dice(f"ids of session {number}"))
        thread = self._threads.open(handshake.model.agent)
        config = SessionConfig(
            handshake.model,
            session_id=new_id("sess_", 21),
            expires_at=int(time.time() + session_limit_s(self._faults.for_session(number))),
            strict=self._strict,
            merge_updates=self._merge_session_updates,
            api_version=handshake.query["api-version"],
            thread_id=thread.id,
            ice_servers=[{"urls": [self._stun.url(connection.local_address[0])], **self._ice_secret}],
        )
        session = SimulatedSession(
            connection,
            handshake,
            LiveSession(
                config,
                thread,
                speed=self._speed,
                strict=self._strict,
                listens=lambda: self._ears.listens,
                asks_model=self._silero is not None,
            ),
            self._speaker,
            self._ears,
            form=WireForm(
                native=handshake.model.pipeline.native,
                v1=handshake.query["api-version"] == V1,
                blendshapes_as_text=self._blendshapes_as_text,
                large_message_bytes=self._large_message_bytes,
            ),
            number=number,
            keep_events=self._keep_events,
            listener=self._told,
            faults=self._faults,
            dice=self._dice(f"faults of session {number}"),
            voice=VoiceJudge(self._silero) if self._silero is not None else None,
            thinker=self._brain,
        )
        self._sessions.append(session)
        self._opened += 1
        async with self._arrival:
            self._arrival.notify_all()
        recording = self._record(connection)
        try:
            await session.serve()
        finally:
            if recording is not None:
                recording.end()
            over = [session for session in self._sessions if session.close_code is not None]
            for forgotten in over[: max(0, len(over) - self._keep_sessions)]:
                self._sessions.remove(forgotten)


def _scenario(given: Scenario | str | Path | Mapping[str, Any] | None) -> Scenario:
    match given:
        case None:
            return ECHO
        case Scenario():
            return given
        case str() | Path():
            return Scenario.load(given)
        case _:
            return Scenario.from_dict(given)
