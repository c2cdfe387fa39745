"""Every fault of a session, over a real socket, as a raw client sees it."""

import asyncio
import time

import pytest
from voice_live_client import SPOKEN
from websockets.exceptions import ConnectionClosed

from pipecat_voicelive.errors import ConfigurationError, ProtocolError
from pipecat_voicelive.protocol.codec import decode_server_event
from pipecat_voicelive.protocol.server_events import MalformedEvent
from pipecat_voicelive.simulator import ClientSent, FaultFired, ServiceSent
from pipecat_voicelive.simulator.narration import narrated

STORY = {"turns": [{"user": "A story", "say": "Once upon a time there was a lighthouse in the north."}]}


async def closed(client):
    """Read to the end and return how the connection was closed: code and reason, None for not at all."""
    with pytest.raises(ConnectionClosed) as error:
        await client.until("nothing more")
    frame = error.value.rcvd
    return (frame.code, frame.reason) if frame else None


async def test_the_connection_is_cut_at_the_third_piece_of_audio(start, join):
    simulator = await start(STORY, faults=["drop at response.audio.delta 3"])
    client = await join(simulator)
    await client.append(SPOKEN)
    assert await closed(client) is None
    assert len(simulator.sessions[0].sent("response.audio.delta")) == 3
    assert simulator.sessions[0].close_code == 1006


async def test_the_connection_is_closed_with_a_code_and_a_reason(start, join):
    simulator = await start(faults=['close 1011 "Out of order." at response.created'])
    client = await join(simulator)
    await client.type("Hello")
    await client.send("response.create")
    assert await closed(client) == (1011, "Out of order.")
    assert client.types()[-1] == "response.created"


async def test_a_session_may_be_closed_as_soon_as_it_opens(start, join):
    simulator = await start(faults=["close 1013"])
    with pytest.raises(ConnectionClosed) as error:
        await join(simulator)
    assert error.value.rcvd.code == 1013


async def test_only_the_session_that_is_meant_is_concerned(start, join):
    simulator = await start(faults=["drop at response.created in session 2"])
    first, second = await join(simulator), await join(simulator)
    for client in (first, second):
        await client.type("Hello")
        await client.send("response.create")
    assert await closed(second) is None
    await first.until("response.done")


async def test_what_is_not_read_gets_no_answer_until_reading_begins_again(start, join):
    simulator = await start()
    client = await join(simulator)
    simulator.sessions[0].inject("stop-reading for 300ms")
    await simulator.sessions[0].wait_for_fault()
    began = time.monotonic()
    await client.ask("Hello")
    assert time.monotonic() - began > 0.25


async def test_a_client_that_nobody_reads_feels_it_in_its_socket(start, join):
    simulator = await start(faults=["stop-reading at session.updated"])
    client = await join(simulator)
    await simulator.sessions[0].wait_for_fault()

    async def speak_on():
        while True:
            await client.append(bytes(1_000_000))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(speak_on(), 1)
    assert len(simulator.sessions[0].received("input_audio_buffer.append")) < 64
    began = time.monotonic()
    await simulator.aclose()
    assert time.monotonic() - began < 5


async def test_of_two_stops_the_later_one_counts(start, join):
    simulator = await start()
    client = await join(simulator)
    simulator.sessions[0].inject("stop-reading for 50ms")
    simulator.sessions[0].inject("stop-reading")
    await simulator.sessions[0].wait_for_fault(2)

    async def speak_on():
        for _ in range(3):
            await client.append(bytes(10_000_000))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(speak_on(), 1)


async def test_a_silent_service_sends_all_later(start, join):
    simulator = await start(faults=["go-silent for 300ms at response.created"])
    client = await join(simulator)
    await client.type("Hello")
    await client.send("response.create")
    await client.until("response.created")
    began = time.monotonic()
    await client.until("response.done")
    assert time.monotonic() - began > 0.25


async def test_a_service_that_is_silent_for_good_answers_pings_and_still_hears(start, join):
    simulator = await start(faults=["go-silent at session.updated"])
    client = await join(simulator)
    await client.type("Hello")
    await simulator.sessions[0].wait_for_received("conversation.item.create")
    await asyncio.wait_for(await client.socket.ping(), 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.socket.recv(), 0.1)


async def test_messages_are_late_and_in_order(start, join):
    simulator = await start(faults=["delay 100ms at every response.output_item.added"])
    client = await join(simulator)
    began = time.monotonic()
    await client.ask("Hello")
    assert time.monotonic() - began > 0.09
    sent = [event.event_id for event in simulator.sessions[0].server_events]
    assert [members["event_id"] for members in client.raw] == sent


async def test_jitter_keeps_the_order(start, join):
    simulator = await start(STORY, faults=["jitter 20ms"])
    client = await join(simulator)
    await client.append(SPOKEN)
    await client.until("response.done")
    faulty, plain = client.types(), await join(await start(STORY))
    await plain.append(SPOKEN)
    await plain.until("response.done")
    assert faulty == plain.types()


async def test_a_message_comes_twice(start, join):
    simulator = await start(faults=["duplicate at response.done"])
    client = await join(simulator)
    await client.ask("Hello")
    again = await client.next()
    assert again == client.of_type("response.done")[0]
    assert len(simulator.sessions[0].sent("response.done")) == 2


async def test_messages_change_their_order(start, join):
    simulator = await start(faults=["reorder at response.created"])
    client = await join(simulator)
    await client.ask("Hello")
    created = client.types().index("response.created")
    assert client.types()[created - 1] == "response.output_item.added"


async def test_a_message_that_none_follows_is_not_held_back_for_good(start, join):
    simulator = await start(faults=["reorder at response.done"])
    client = await join(simulator)
    await client.ask("Hello")


async def test_characters_of_a_message_change(start, join):
    simulator = await start(faults=["corrupt 20 at response.created"], seed=1)
    client = await join(simulator)
    await client.type("Hello")
    await client.send("response.create")
    broken = [await client.socket.recv() for _ in range(2)][1]
    assert isinstance(broken, str)
    assert isinstance(decode_server_event(broken), MalformedEvent)


async def test_text_that_is_no_utf_8_makes_the_client_close(start, join):
    simulator = await start(faults=["corrupt-bytes at response.created"])
    client = await join(simulator)
    await client.type("Hello")
    await client.send("response.create")
    with pytest.raises(ConnectionClosed) as error:
        await client.until("response.done")
    assert error.value.sent.code == 1007


async def test_a_message_of_the_service_is_lost(start, join):
    simulator = await start(faults=["lose at response.created"])
    client = await join(simulator)
    await client.ask("Hello")
    assert "response.created" not in client.types()
    assert simulator.sessions[0].sent("response.created") == []


async def test_a_message_of_the_client_is_lost(start, join):
    simulator = await start(faults=["lose at response.create"])
    client = await join(simulator)
    await client.type("Hello")
    await client.send("response.create")
    await client.send("response.create")
    await client.until("response.done")
    assert len(client.of_type("response.created")) == 1
    assert len(simulator.sessions[0].received("response.create")) == 1


async def test_a_message_of_the_client_comes_twice(start, join):
    simulator = await start(faults=["duplicate at response.create"], speed=1)
    client = await join(simulator)
    await client.type("Hello")
    await client.send("response.create")
    assert (await client.refused()).code == "conversation_already_has_active_response"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ('send {"type": "brand.new", "event_id": "e"}', '{"event_id":"e","type":"brand.new"}'),
        ('send-text "{broken"', "{broken"),
        ("send-binary 00ff", b"\x00\xff"),
    ],
)
async def test_anything_can_be_sent_besides(start, join, fault, message):
    client = await join(await start(faults=[f"{fault} at session.updated"]))
    assert await client.socket.recv() == message


async def test_events_that_nobody_knows_and_that_do_not_fit_can_be_sent(start, join):
    faults = ["send-unknown at session.updated", "send-malformed response.done at session.updated"]
    client = await join(await start(faults=faults))
    assert (await client.next())["type"].startswith("response.novelty_")
    malformed = await client.next()
    assert malformed["type"] == "response.done"
    assert not isinstance(malformed["response"], dict) or "status" not in malformed["response"]


async def test_an_event_of_the_client_is_refused_with_any_code(start, join):
    faults = ['reject rate_limit_exceeded "Slow down." at response.create 2']
    simulator = await start(faults=faults)
    client = await join(simulator)
    await client.ask("Hello")
    await client.send("response.create", event_id="mine")
    error = await client.refused()
    assert (error.code, error.message, error.event_id) == ("rate_limit_exceeded", "Slow down.", "mine")


async def test_faults_are_in_the_record_where_they_happened(start, join):
    simulator = await start(faults=["duplicate at response.created", "lose at response.create 2"])
    client = await join(simulator)
    await client.ask("Hello")
    session = simulator.sessions[0]
    kinds = [
        (type(entry), entry.event.type)
        for entry in session.events
        if entry.event.type in ("response.create", "response.created", "simulator.fault")
    ]
    assert kinds == [
        (ClientSent, "response.create"),
        (FaultFired, "simulator.fault"),
        (ServiceSent, "response.created"),
        (ServiceSent, "response.created"),
    ]
    assert [str(entry.fault) for entry in session.faults_fired] == ["duplicate at response.created"]
    assert [str(fault) for fault in simulator.faults.fired] == ["duplicate at response.created"]


async def test_what_happens_again_and_again_is_told_now_and_then(start, join):
    simulator = await start(STORY, faults=["delay 0s"])
    client = await join(simulator)
    await client.append(SPOKEN)
    await client.until("response.done")
    fired = simulator.sessions[0].faults_fired
    assert [entry.times for entry in fired] == list(range(1, len(fired) + 1))
    told = [narrated(entry) for entry in fired if narrated(entry)]
    assert told == ["(fault: delay 0s)", "(fault: delay 0s) (2 times now)", "(fault: delay 0s) (3 times now)"]


async def test_what_is_injected_counts_from_then_on(start, join):
    simulator = await start()
    client = await join(simulator)
    await client.ask("Hello")
    session = simulator.sessions[0]
    session.inject({"fault": "lose", "at": "response.created"})
    assert (await client.ask("Hello"))["status"] == "completed"
    assert len(client.of_type("response.created")) == 1
    session.inject("drop after 10ms")
    assert await closed(client) is None
    with pytest.raises(ProtocolError):
        session.inject("drop")


async def test_what_makes_no_sense_in_a_session_is_refused(start, join):
    simulator = await start()
    await join(simulator)
    session = simulator.sessions[0]
    with pytest.raises(ConfigurationError, match="add it to"):
        session.inject("refuse 503")
    with pytest.raises(ConfigurationError, match="this is session 1, not 2"):
        session.inject("drop in session 2")


async def test_a_scenario_may_have_faults(start, join):
    scenario = {
        **STORY,
        "faults": ["drop at response.done", {"fault": "duplicate", "at": "response.created"}],
    }
    client = await join(await start(scenario))
    await client.append(SPOKEN)
    assert await closed(client) is None
    assert len(client.of_type("response.created")) == 2


async def test_a_session_that_may_expire_early_is_not_told_so(start, join):
    client = await join(await start(faults=["expire after 1s chance 1%"], seed=1), session=None)
    assert abs(client.raw[0]["session"]["expires_at"] - time.time() - 3600) < 5


@pytest.mark.proves("rule.session-lasts-an-hour", "rule.session-expired")
async def test_a_session_expires_as_it_was_told(start, join):
    simulator = await start(faults=["expire after 200ms in session 1"])
    began = int(time.time())
    client = await join(simulator, session=None)
    assert began <= client.raw[0]["session"]["expires_at"] <= time.time() + 0.2
    assert (await client.refused()).code == "session_expired"
    assert (await closed(client))[0] == 1001
    other = await join(simulator, session=None)
    assert abs(other.raw[0]["session"]["expires_at"] - time.time() - 3600) < 5


async def test_the_same_seed_makes_the_same_session(start, join):
    async def run(seed):
        faults = [
            "corrupt at every response.audio_transcript.delta chance 50%",
            "reorder 4 at response.created",
            "send-unknown at response.done",
        ]
        simulator = await start(faults=faults, seed=seed)
        client = await join(simulator)
        await client.type("Hello, how are you all today?")
        await client.send("response.create")
        messages = []
        while "novelty" not in (messages or [""])[-1]:
            messages.append(await asyncio.wait_for(client.socket.recv(), 5))
        return messages

    first, again, other = await run(7), await run(7), await run(8)
    assert first == again
    assert first != other
