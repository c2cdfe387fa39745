"""The line by itself: what it tells the conversation, leg by leg."""

import asyncio
import time

from pipecat_voicelive.connection.auth import ApiKey
from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.connection.line import Line
from pipecat_voicelive.connection.route import Route, Target
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.client_events import SessionUpdateEvent
from pipecat_voicelive.simulator import VoiceLiveSimulator
from recovering import fast


class Heard:
    """Hears one leg; reads no more while it is blocked."""

    def __init__(self):
        self.events = []
        self.spoken = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    def take(self, event):
        self.events.append(event)
        if isinstance(event, se.InputAudioBufferSpeechStarted):
            self.spoken.set()

    @property
    def crowded(self):
        return not self.free.is_set()

    async def room(self):
        await self.free.wait()


class Side(Heard):
    """A conversation that only listens."""

    def __init__(self):
        super().__init__()
        self.pause = False
        self.asked = asyncio.Event()
        self.switched = asyncio.Event()

    @property
    def at_boundary(self):
        self.asked.set()
        return self.pause

    def parameters(self):
        return {}

    def expiring(self, expires_in_s):
        pass

    def prepare(self, second):
        second.send(SessionUpdateEvent(session={}))
        return Heard()

    def switch(self, to, *_arrived):
        self.free.set()  # whoever waits for room is due before anything that begins now
        self.switched.set()


def line_to(simulator, side, **recovery):
    route = Route([Target(simulator.endpoint, "gpt-realtime", "2026-04-10", {}, ApiKey("key"))], 3)
    return Line(side, route, ConnectionOptions(), fast(**recovery), None, clock=time.monotonic)


class Mistaken(Side):
    """A conversation that cannot begin on a second connection, by a mistake of ours."""

    def prepare(self, second):
        self.asked.set()
        raise LookupError("SECRET")


async def test_a_mistake_while_another_session_begins_is_told_and_leaves_the_one_that_lives(caplog_loguru):
    side = Mistaken()
    async with VoiceLiveSimulator() as simulator:
        line = line_to(simulator, side, max_session_age_s=1.0)
        try:
            await line.open()
            line.send(SessionUpdateEvent(session={}))
            async with asyncio.timeout(5):
                await side.asked.wait()
                await simulator.sessions[1].wait_closed()
            assert line.is_open
        finally:
            await line.close()
    (told,) = [line for line in caplog_loguru if "nothing has come of another session" in line]
    assert "LookupError" in told
    assert "SECRET" not in told


async def test_what_the_left_connection_still_says_is_not_heard_after_the_switch():
    side = Side()
    async with VoiceLiveSimulator() as simulator:
        line = line_to(simulator, side, max_session_age_s=2.0, force_before_s=0.0)
        try:
            await line.open()
            line.send(SessionUpdateEvent(session={}))
            async with asyncio.timeout(5):
                await side.asked.wait()
                side.free.clear()
                for number in range(3):
                    started = {"item_id": f"old{number}", "audio_start_ms": 1}
                    await simulator.sessions[0].send_event(
                        {"type": "input_audio_buffer.speech_started", **started}
                    )
                await side.spoken.wait()
                side.pause = True
                line.moved()
                await side.switched.wait()
                await simulator.sessions[0].wait_closed()
        finally:
            await line.close()
    heard = [e.item_id for e in side.events if isinstance(e, se.InputAudioBufferSpeechStarted)]
    assert heard == ["old0"]
