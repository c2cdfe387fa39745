"""The simulator as a whole: sessions beside each other, a hand on the wire, the end."""

import asyncio
import math

import pytest
from voice_live_client import SPOKEN, spoken_text
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

import pipecat_voicelive.simulator as simulator_package
from pipecat_voicelive.errors import ConfigurationError, ProtocolError
from pipecat_voicelive.protocol.client_events import ResponseCreateEvent
from pipecat_voicelive.protocol.server_events import (
    InputAudioBufferCleared,
    MalformedEvent,
    ResponseDone,
    UnknownEvent,
)
from pipecat_voicelive.simulator import ClientSent, ServiceSent, VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker


async def test_sessions_beside_each_other_know_nothing_of_one_another(start, join):
    simulator = await start({"turns": [{"user": "Hi", "say": "One."}, {"user": "Hi again", "say": "Two."}]})
    clients = [await join(simulator) for _ in range(5)]
    await asyncio.gather(*(client.append(SPOKEN, piece_bytes=960) for client in clients))
    done = [await client.until("response.done") for client in clients]
    assert {spoken_text(event["response"]) for event in done} == {"One."}
    assert [len(session.conversation) for session in simulator.sessions] == [2] * 5
    ids = {item.id for session in simulator.sessions for item in session.conversation}
    assert len(ids) == 10


async def test_a_session_shows_what_was_exchanged_in_wire_order(start, join):
    simulator = await start()
    client = await join(simulator)
    await client.ask("Hello")
    session = await simulator.wait_for_session()
    assert [event.event_id for event in session.server_events] == [e["event_id"] for e in client.raw]
    assert [event.type for event in session.client_events] == [
        "session.update",
        "conversation.item.create",
        "response.create",
    ]
    assert session.received("response.create") == [ResponseCreateEvent()]
    assert isinstance(session.sent("response.done")[0], ResponseDone)
    times = [entry.at_s for entry in session.events]
    assert times == sorted(times)
    assert {type(entry) for entry in session.events} == {ClientSent, ServiceSent}


async def test_one_can_wait_for_what_comes_and_goes(start, join):
    simulator = await start()
    client = await join(simulator)
    session = simulator.sessions[0]
    waiting = asyncio.create_task(session.wait_for_received("response.create", count=2))
    for _ in range(2):
        await client.ask("Hello")
    assert len(await waiting) == 2
    assert len(await session.wait_for_sent("response.done", count=2)) == 2


async def test_waiting_ends_with_the_time_or_the_session(start, join):
    simulator = await start()
    client = await join(simulator)
    session = simulator.sessions[0]
    with pytest.raises(TimeoutError, match=r"0\.01 s passed without response\.done"):
        await session.wait_for_sent("response.done", timeout_s=0.01)
    waiting = asyncio.create_task(session.wait_for_received("response.create"))
    await client.socket.close()
    with pytest.raises(TimeoutError, match="the session ended"):
        await waiting


async def test_any_event_can_be_sent(start, join):
    simulator = await start()
    client = await join(simulator)
    session = simulator.sessions[0]
    await session.send_event(InputAudioBufferCleared())
    assert (await client.next())["event_id"]
    await session.send_event({"type": "brand.new", "event_id": "event_1", "x": 1})
    assert await client.next() == {"type": "brand.new", "event_id": "event_1", "x": 1}
    await session.send_raw("{broken")
    assert await client.socket.recv() == "{broken"
    await session.send_raw(b"\x00")
    assert await client.socket.recv() == b"\x00"
    assert [type(event) for event in session.server_events[-3:]] == [
        UnknownEvent,
        MalformedEvent,
        MalformedEvent,
    ]


async def test_a_session_can_be_closed_with_a_code(start, join):
    simulator = await start()
    client = await join(simulator)
    session = simulator.sessions[0]
    assert session.close_code is None
    await session.close(1001, "maximum duration")
    with pytest.raises(ConnectionClosed) as closed:
        await client.next()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "maximum duration")
    assert session.close_code == 1001


async def test_a_connection_can_be_cut(start, join):
    simulator = await start()
    client = await join(simulator)
    await simulator.sessions[0].drop()
    with pytest.raises(ConnectionClosedError) as closed:
        await client.next()
    assert closed.value.rcvd is None
    assert simulator.sessions[0].close_code == 1006


async def test_closing_ends_every_session_and_leaves_no_task(join):
    before = asyncio.all_tasks()
    simulator = VoiceLiveSimulator(speech=ToneSpeaker(), speed=0.5)
    async with simulator:
        clients = [await join(simulator) for _ in range(3)]
        for client in clients:
            await client.type("Hello there")
            await client.send("response.create")
            await client.until("response.audio.delta")
    for client in clients:
        with pytest.raises(ConnectionClosed):
            await client.until("nothing more")
    assert [session.close_code for session in simulator.sessions] == [1001] * 3
    assert {task for task in asyncio.all_tasks() - before if "simulator" in task.get_name()} == set()
    await simulator.aclose()


def test_every_public_name_is_there():
    assert all(hasattr(simulator_package, name) for name in simulator_package.__all__)
    assert dir(simulator_package) == simulator_package.__all__
    assert not hasattr(simulator_package, "Nothing")


async def test_there_is_no_endpoint_before_it_runs():
    with pytest.raises(ProtocolError):
        _ = VoiceLiveSimulator().endpoint


@pytest.mark.parametrize("options", [{"speed": 0}, {"speed": math.nan}, {"api_key": ""}])
def test_arguments_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigurationError):
        VoiceLiveSimulator(**options)


async def test_a_listener_is_told_every_event(start, join):
    told = []
    simulator = await start(listener=lambda session, exchanged: told.append((session.number, exchanged)))
    client = await join(simulator)
    await client.ask("Hello")
    assert told == [(1, exchanged) for exchanged in simulator.sessions[0].events]


async def test_only_so_many_events_are_remembered(start, join):
    simulator = await start(keep_events=3)
    client = await join(simulator)
    await client.ask("Hello")
    assert len(simulator.sessions[0].events) == 3


@pytest.mark.proves("feature.simulator")
async def test_the_built_in_scenario_answers_what_is_typed(client):
    assert spoken_text(await client.ask("What a day")) == "You said: What a day"
