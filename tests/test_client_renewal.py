"""A session that ends is left for another before, in a pause: over real sockets."""

import asyncio
import math
import random

import pytest

from pipecat_voicelive import ConnectionOptions, Failover, FoundryAgent
from pipecat_voicelive.client import ConnectionInterrupted, Reconnected, SessionExpiring
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.simulator import VoiceLiveSimulator
from recovering import fast, open_sessions, talking

HELLO = {"greeting": "Hello."}
LONG = {"greeting": "This takes a while to be said, since there are many words in it, one after the other."}
SOON = fast(max_session_age_s=0.6)


class OpenAtOnce:
    """The most sessions that a simulator had open at once; its listener."""

    def __init__(self):
        self.most = 0
        self.simulator = None

    def __call__(self, _session, _exchanged):
        if self.simulator is not None:
            self.most = max(self.most, len(open_sessions(self.simulator)))


async def test_a_session_that_names_its_end_is_left_for_another_before_it():
    async with VoiceLiveSimulator(HELLO, faults=["expire after 2s"]) as simulator, talking(simulator) as talk:
        talk.client.send_text("Remember this.", respond=False)
        again = await talk.until(Reconnected)
        assert again.planned
        assert again.away_s == 0
        assert talk.line == ["SessionReady", "SessionExpiring", "Reconnected"]
        assert 0.2 < talk.told(SessionExpiring)[0].expires_in_s <= 1.1
        first, second = simulator.sessions
        await first.wait_closed()
        assert first.close_code == 1000
        await second.wait_for_received("conversation.item.create")
        assert not first.sent("error")
        assert open_sessions(simulator) == [second]


async def test_one_session_after_another_and_never_more_than_two_at_once():
    seen = OpenAtOnce()
    async with (
        VoiceLiveSimulator(HELLO, listener=seen) as simulator,
        talking(simulator, recovery=fast(max_session_age_s=0.3)) as talk,
    ):
        seen.simulator = simulator
        await talk.until(Reconnected, 4)
        assert not talk.told(ConnectionInterrupted)
        assert seen.most == 2


async def test_an_answer_is_finished_in_the_session_in_which_it_began():
    async with (
        VoiceLiveSimulator(LONG, speed=2) as simulator,
        talking(simulator, recovery=fast(max_session_age_s=4.0)) as talk,
    ):
        talk.client.respond()
        await talk.until(Reconnected)
        names = [type(s).__name__ for s in talk.told(fx.ResponseClosed, fx.ResponseFinished, Reconnected)]
        assert names == ["ResponseClosed", "ResponseFinished", "Reconnected"]
        assert not talk.told(fx.ResponseClosed)[0].interrupted
        assert len(simulator.sessions[0].sent("response.done")) == 1
        assert not simulator.sessions[1].received("response.create")


async def test_shortly_before_the_end_it_is_not_waited_for_a_pause_any_more():
    async with (
        VoiceLiveSimulator(LONG, speed=1, faults=["expire after 3s in session 1"]) as simulator,
        talking(simulator, recovery=fast(force_before_s=0.3)) as talk,
    ):
        talk.client.respond()
        await talk.until(Reconnected)
        assert [closed.interrupted for closed in talk.told(fx.ResponseClosed)] == [True]
        assert talk.line == ["SessionReady", "SessionExpiring", "Reconnected"]
        assert not simulator.sessions[0].sent("error")


async def test_a_second_connection_that_cannot_be_opened_is_tried_again():
    faults = ["refuse 503 at connect 2", "hang-up at connect 3", "drop at session.update in session 2"]
    async with (
        VoiceLiveSimulator(HELLO, faults=faults) as simulator,
        talking(simulator, recovery=fast(max_session_age_s=2.0)) as talk,
    ):
        assert (await talk.until(Reconnected)).planned
        assert len(simulator.faults.fired) == 3
        assert not talk.told(ConnectionInterrupted)


async def test_a_session_that_outlives_its_age_is_renewed_as_soon_as_a_second_one_can_be_opened():
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator, recovery=SOON) as talk:
        simulator.faults.add("refuse 503 at every connect")
        await talk.until(SessionExpiring)
        await simulator.faults.wait_fired(8)  # by then it is over its age
        simulator.faults.clear()
        assert (await talk.until(Reconnected)).planned
        assert not talk.told(ConnectionInterrupted)


async def test_if_there_is_no_second_one_until_the_end_that_is_a_loss():
    async with (
        VoiceLiveSimulator(HELLO, faults=["expire after 2s in session 1"]) as simulator,
        talking(simulator) as talk,
    ):
        simulator.faults.add("refuse 503 at every connect")
        interrupted = await talk.until(ConnectionInterrupted)
        assert (interrupted.error.code, interrupted.error.reason) == (1001, "session_expired")
        simulator.faults.clear()
        assert not (await talk.until(Reconnected)).planned


async def test_a_session_that_expires_without_notice_is_a_loss():
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator) as talk:
        simulator.sessions[0].inject("expire")
        interrupted = await talk.until(ConnectionInterrupted)
        assert interrupted.error.reason == "session_expired"
        await talk.until(Reconnected)


async def test_if_the_first_is_lost_while_the_second_waits_for_a_pause_the_second_goes_on():
    async with (
        VoiceLiveSimulator(LONG, speed=1) as simulator,
        talking(simulator, recovery=fast(max_session_age_s=3.0)) as talk,
    ):
        talk.client.respond()
        await talk.until(SessionExpiring)
        second = await simulator.wait_for_session(2)
        await second.wait_for_sent("session.updated")
        await simulator.sessions[0].drop()
        await talk.until(Reconnected)
        assert len(simulator.sessions) == 2
        assert open_sessions(simulator) == [second]


async def test_if_the_first_is_lost_while_the_second_is_being_opened_there_is_one_in_the_end():
    seen = OpenAtOnce()
    faults = ["slow-handshake 300ms at connect 2"]
    async with (
        VoiceLiveSimulator(HELLO, faults=faults, listener=seen) as simulator,
        talking(simulator, recovery=SOON) as talk,
    ):
        seen.simulator = simulator
        await talk.until(SessionExpiring)
        await simulator.faults.wait_fired()
        await simulator.sessions[0].drop()
        again = await talk.until(Reconnected)
        assert not again.planned
        assert open_sessions(simulator) == [simulator.sessions[-1]]


async def test_if_the_second_is_lost_while_it_waits_for_a_pause_there_is_a_third():
    async with (
        VoiceLiveSimulator(LONG, speed=2, faults=["drop at session.updated in session 2"]) as simulator,
        talking(simulator, recovery=fast(max_session_age_s=4.0)) as talk,
    ):
        talk.client.respond()
        assert (await talk.until(Reconnected)).planned
        assert not talk.told(ConnectionInterrupted)
        assert len(simulator.sessions) == 3
        assert not talk.told(fx.ResponseClosed)[0].interrupted


@pytest.mark.parametrize("phase", ["slow-handshake 5s", "lose at session.updated in session 2", "jitter 1ms"])
async def test_a_close_in_the_middle_of_a_renewal_leaves_nothing_open(phase):
    async with (
        VoiceLiveSimulator(LONG, speed=1) as simulator,
        talking(simulator, recovery=fast(max_session_age_s=3.0)) as talk,
    ):
        simulator.faults.add(phase)
        talk.client.respond()
        await talk.until(SessionExpiring)
        if phase != "slow-handshake 5s":
            second = await simulator.wait_for_session(2)
            await second.wait_for_received("session.update")
        async with asyncio.timeout(1.5):
            await talk.client.close()
            for session in simulator.sessions:
                await session.wait_closed()
        assert not [t for t in asyncio.all_tasks() if t.get_name() in ("voicelive-line", "voicelive-renewal")]


async def test_options_that_change_while_the_second_is_being_opened_are_those_of_the_next_session():
    async with (
        VoiceLiveSimulator(HELLO, faults=["slow-handshake 150ms at connect 2"]) as simulator,
        talking(simulator, recovery=SOON) as talk,
    ):
        await talk.until(SessionExpiring)
        talk.client.configure({"instructions": "Be brief."})
        await talk.until(Reconnected)
        second = simulator.sessions[1]
        assert second.received("session.update")[-1].session["instructions"] == "Be brief."


async def test_a_renewal_goes_back_to_the_first_endpoint():
    async with (
        VoiceLiveSimulator(HELLO, faults=["refuse 404 at connect 1"]) as first,
        VoiceLiveSimulator(HELLO) as other,
        talking(first, recovery=SOON, failover=Failover(endpoint=other.endpoint)) as talk,
    ):
        assert len(other.sessions) == 1
        await talk.until(Reconnected)
        assert len(first.sessions) == 1
        await other.sessions[0].wait_closed()


async def test_an_agent_goes_on_with_its_conversation():
    agent = FoundryAgent(name="guide", project="museum")
    async with (
        VoiceLiveSimulator(HELLO) as simulator,
        talking(
            simulator, recovery=SOON, model=None, api_key=None, agent=agent, token_provider=lambda: "t"
        ) as talk,
    ):
        conversation_id = talk.client.conversation_id
        await talk.until(Reconnected)
        second = simulator.sessions[1]
        assert conversation_id
        assert second.handshake.query["conversation-id"] == conversation_id
        await second.drop()
        await talk.until(Reconnected, 2)
        assert simulator.sessions[-1].handshake.query["conversation-id"] == conversation_id
        assert talk.client.conversation_id == conversation_id


async def test_no_sample_of_the_caller_is_lost_or_heard_twice_in_a_session():
    noise = random.Random(5)
    pieces = [bytes(noise.choice((0, 1)) for _ in range(960)) for _ in range(160)]
    async with (
        VoiceLiveSimulator(HELLO, speed=math.inf) as simulator,
        talking(simulator, recovery=fast(max_session_age_s=1.2)) as talk,
    ):
        for count, piece in enumerate(pieces):
            talk.client.send_audio(piece)
            if count == 100:
                await simulator.sessions[-1].drop()
            await asyncio.sleep(0.01)
        await talk.until(Reconnected, 2)
        sent = b"".join(pieces)
        talk.client.send_text("The end.", respond=False)
        await simulator.sessions[-1].wait_for_received("conversation.item.create")
        assert len(simulator.sessions) >= 3
        heard_until = 0
        for session in simulator.sessions:
            audio = b"".join(event.audio for event in session.received("input_audio_buffer.append"))
            begin = sent.find(audio)
            assert begin >= 0, "what a session heard is one piece of what was said"
            assert begin <= heard_until, "and goes on where the one before left off, or earlier"
            heard_until = begin + len(audio)
        assert heard_until == len(sent)


SILENT = ConnectionOptions(ping_interval_s=0.3, stall_timeout_s=0.3, close_timeout_s=0.5)


async def test_a_service_that_says_nothing_when_asked_for_an_answer_is_left_and_the_next_one_is_asked():
    async with (
        VoiceLiveSimulator(HELLO, faults=["go-silent at session.updated in session 1"]) as simulator,
        talking(simulator, recovery=fast(answer_timeout_s=0.3)) as talk,
    ):
        talk.client.respond()
        interrupted = await talk.until(ConnectionInterrupted)
        assert "says nothing" in str(interrupted.error)
        await talk.until(fx.ResponseFinished)
        assert len(simulator.sessions) == 2


async def test_a_service_that_falls_silent_in_the_middle_of_an_answer_is_left_and_what_came_is_not_repeated():
    async with (
        VoiceLiveSimulator(LONG, faults=["go-silent at response.audio.delta 2 in session 1"]) as simulator,
        talking(simulator, recovery=fast(answer_timeout_s=0.3)) as talk,
    ):
        talk.client.respond()
        interrupted = await talk.until(ConnectionInterrupted)
        assert "says nothing" in str(interrupted.error)
        await talk.until(Reconnected)
        await simulator.sessions[1].wait_for_received("conversation.item.create")
        assert not simulator.sessions[1].received("response.create")


async def test_a_service_that_begins_an_answer_and_brings_nothing_is_left_and_the_next_one_is_asked():
    async with (
        VoiceLiveSimulator(
            LONG, faults=["go-silent at response.output_item.added in session 1"]
        ) as simulator,
        talking(simulator, recovery=fast(answer_timeout_s=0.1)) as talk,
    ):
        talk.client.respond()
        await talk.until(ConnectionInterrupted)
        await talk.until(fx.ResponseFinished, 2)
        assert len(simulator.sessions) == 2


async def test_a_service_that_does_not_heed_a_cancel_is_left():
    async with (
        VoiceLiveSimulator(LONG, faults=["go-silent at conversation.item.created in session 1"]) as simulator,
        talking(simulator, recovery=fast(answer_timeout_s=0.5)) as talk,
    ):
        talk.client.respond()
        await talk.until(fx.ResponseOpened)
        talk.client.interrupt()
        await talk.until(Reconnected)


@pytest.mark.parametrize("lost", ["session.created", "session.updated"])
async def test_a_service_that_does_not_get_ready_is_left(lost):
    async with (
        VoiceLiveSimulator(HELLO, faults=[f"lose at {lost} in session 1"]) as simulator,
        talking(simulator, recovery=fast(answer_timeout_s=0.3)),
    ):
        assert len(simulator.sessions) == 2


async def test_a_service_that_is_only_quiet_is_not_left():
    async with (
        VoiceLiveSimulator(HELLO) as simulator,
        talking(simulator, recovery=fast(answer_timeout_s=0.2), options=SILENT) as talk,
    ):
        await asyncio.sleep(1.2)
        assert talk.line == ["SessionReady"]


async def test_a_service_that_does_not_even_answer_pings_is_left():
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator, options=SILENT) as talk:
        simulator.sessions[0].inject("stop-reading")
        interrupted = await talk.until(ConnectionInterrupted)
        assert "not even the answer to a ping" in str(interrupted.error)
        await talk.until(Reconnected)


async def test_a_service_that_stops_reading_is_left_though_it_talks():
    async with (
        VoiceLiveSimulator(
            HELLO, faults=['send {"type": "warning", "warning": {}} at every sent']
        ) as simulator,
        talking(simulator, options=ConnectionOptions(ping_interval_s=None, stall_timeout_s=0.3)) as talk,
    ):
        simulator.faults.clear()
        simulator.sessions[0].inject("stop-reading")
        for _ in range(80):
            talk.client.send_audio(bytes(100_000))
            await asyncio.sleep(0)
        interrupted = await talk.until(ConnectionInterrupted)
        assert "stopped reading" in str(interrupted.error)
        await talk.until(Reconnected)


async def test_closing_takes_its_time_only_though_much_waits_to_be_sent():
    options = ConnectionOptions(close_timeout_s=0.3)
    async with VoiceLiveSimulator(HELLO) as simulator, talking(simulator, options=options) as talk:
        simulator.sessions[0].inject("stop-reading")
        await simulator.sessions[0].wait_for_fault()
        for _ in range(80):
            talk.client.send_audio(bytes(100_000))
        async with asyncio.timeout(1):
            await talk.client.close()


async def test_a_second_session_that_says_too_much_is_given_up_and_another_is_opened():
    small = ConnectionOptions(max_waiting_bytes=100_000)
    async with (
        VoiceLiveSimulator(HELLO) as simulator,
        talking(simulator, recovery=fast(max_session_age_s=4.0), options=small, every_event=True) as talk,
    ):
        first = simulator.sessions[0]
        started = {"type": "input_audio_buffer.speech_started", "item_id": "u1", "audio_start_ms": 1}
        await first.send_event(started)  # so that it is not left at once
        await talk.until(SessionExpiring)
        second = await simulator.wait_for_session(2)
        await second.wait_for_sent("session.updated")
        for _ in range(30):
            await second.send_event({"type": "something.new", "told": "x" * 20_000})
        await second.wait_closed()
        assert not talk.told(ConnectionInterrupted)
        assert (await talk.until(Reconnected)).planned
        assert len(simulator.sessions) == 3
