"""The control channel over a real socket: who gets in, what is told, what can be done."""

import asyncio
import json
import socket

import pytest
from control_client import Control, control_of, control_url
from voice_live_client import SPOKEN, silence, tone
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from pipecat_voicelive.protocol.server_events import ResponseTextDelta
from pipecat_voicelive.simulator import ServiceSent
from pipecat_voicelive.simulator.window.trace import SessionTrace

SCENARIO = {"turns": [{"user": "Hello", "say": "Good morning"}]}
HEARING = {"input_audio_transcription": {"model": "whisper-1"}}


async def refusal(simulator, **headers):
    """The HTTP status with which a client is turned away."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(control_url(simulator), additional_headers=headers)
    return refused.value.response.status_code


async def test_sessions_are_listed_with_their_models(start, join):
    simulator = await start()
    await join(simulator, model="gpt-realtime")
    await join(simulator, model="gpt-4.1")
    async with control_of(simulator) as control:
        listed = (await control.ask("sessions"))["sessions"]
    assert [(s["number"], s["model"], s["open"]) for s in listed] == [
        (1, "gpt-realtime", True),
        (2, "gpt-4.1", True),
    ]


async def test_who_watches_is_told_of_sessions_that_come_and_go(start, join):
    simulator = await start()
    async with control_of(simulator) as control:
        await control.ask("watch")
        assert (await control.event("sessions"))["sessions"] == []
        client = await join(simulator)
        assert [s["open"] for s in (await control.event("sessions"))["sessions"]] == [True]
        await client.socket.close(1000)
        assert [s["open"] for s in (await control.event("sessions"))["sessions"]] == [False]


async def test_who_follows_gets_the_past_first_and_then_what_happens(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator)
    async with control_of(simulator) as control:
        await control.ask("follow", session=1)
        past = await control.entries_until(lambda entry: entry["type"] == "session.updated")
        assert [entry["type"] for entry in past] == ["session.created", "session.update", "session.updated"]
        await client.ask("Hello")
        now = await control.entries_until(lambda entry: entry["type"] == "response.done")
    assert [entry["number"] for entry in now] == list(range(4, 4 + len(now)))


async def test_audio_is_told_as_sizes_and_a_run_of_it_as_one_entry(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator)
    await client.append(SPOKEN, piece_bytes=960)
    await client.until("response.done")
    async with control_of(simulator) as control:
        await control.ask("follow", session=1)
        entries = await control.entries_until(lambda entry: entry["type"] == "response.done")
    appended = [entry for entry in entries if entry["type"] == "input_audio_buffer.append"]
    assert sum(entry["count"] for entry in appended) == len(SPOKEN) // 960
    assert sum(entry["audio_ms"] for entry in appended) == 1500
    assert all(entry["event"]["audio"].endswith(" bytes)") for entry in appended)
    spoken = [entry for entry in entries if entry["type"] == "response.audio.delta"]
    assert spoken
    assert all(entry["event"]["delta"] == f"({entry['audio_bytes']} bytes)" for entry in spoken)


@pytest.mark.parametrize(
    "odd",
    [
        '"a.b": {"audio": "AAAA"}',
        '"0": {"0": {"audio": "AAAA"}}',
        '"deep": ' + '{"a":' * 450 + "1" + "}" * 450,
    ],
)
async def test_an_odd_event_is_told_and_those_after_it(start, join, odd):
    simulator = await start(SCENARIO)
    client = await join(simulator, session={"modalities": ["text"]})
    async with control_of(simulator) as control:
        await control.ask("follow")
        await client.socket.send('{"type": "odd", ' + odd + "}")
        await client.until("error")
        await client.send("response.create")
        entries = await control.entries_until(lambda entry: entry["type"] == "response.done")
    assert "odd" in [entry["type"] for entry in entries]


async def test_turns_lie_on_the_audios_clock_however_fast_it_came(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator)
    await client.append(silence(3000) + tone(1000) + silence(800))
    await client.until("response.done")
    async with control_of(simulator) as control:
        await control.ask("follow", session=1)
        entries = await control.entries_until(lambda entry: entry["type"] == "response.done")
    at = {entry["type"]: entry for entry in entries}
    started, stopped = at["input_audio_buffer.speech_started"], at["input_audio_buffer.speech_stopped"]
    lasted = stopped["event"]["audio_end_ms"] - started["event"]["audio_start_ms"]
    assert stopped["clock_ms"] - started["clock_ms"] == pytest.approx(lasted, abs=2)
    assert at["response.created"]["clock_ms"] >= 4800 > at["response.created"]["at_ms"]


async def test_a_line_can_be_spoken_as_the_caller(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=HEARING)
    async with control_of(simulator) as control:
        said = await control.ask("caller_says", text="Hello", at_once=True)
        assert said["ok"], said
        await client.until("response.done")
    heard = client.of_type("conversation.item.input_audio_transcription.completed")
    assert [event["transcript"] for event in heard] == ["Hello"]
    assert client.of_type("response.audio_transcript.done")[0]["transcript"] == "Good morning"


async def test_the_next_turn_can_be_told_beforehand(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=HEARING)
    async with control_of(simulator) as control:
        assert (await control.ask("expect_transcript", session=1, text="Hello there"))["ok"]
    await client.append(SPOKEN)
    await client.until("conversation.item.input_audio_transcription.completed", transcript="Hello there")


async def test_something_can_be_made_to_go_wrong(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session={"modalities": ["text"]})
    async with control_of(simulator) as control:
        names = [kind["name"] for kind in (await control.ask("simulator"))["faults"]]
        assert "drop" in names
        assert "refuse" not in names  # that is for handshakes
        assert (await control.ask("inject_fault", fault='close 1011 "Broken." at response.create'))["ok"]
        await client.send("response.create")
        with pytest.raises(ConnectionClosedError) as closed:
            await client.until("never")
        assert closed.value.rcvd.code == 1011
        await control.ask("follow")
        entries = await control.entries_until(lambda entry: "goes wrong" in entry.get("note", ""))
    assert [entry["from"] for entry in entries if entry["type"] == "note"] == ["control", "control"]


async def test_a_session_can_be_closed_with_a_code_and_a_reason(start, join):
    simulator = await start()
    client = await join(simulator)
    async with control_of(simulator) as control:
        assert (await control.ask("close", session=1, code=4000, reason="enough"))["ok"]
        with pytest.raises(ConnectionClosedError) as closed:
            await client.until("never")
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "enough")
        over = await control.ask("expect_transcript", session=1, text="Hello")
    assert (over["ok"], over["error"]) == (False, "session 1 is over")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"command": "dance"}, "'dance' is no command"),
        ({"command": "follow", "session": 7}, "there is no session 7; there are 1"),
        ({"command": "caller_says"}, "text must be given"),
        ({"command": "caller_says", "text": "  "}, "word"),
        ({"command": "inject_fault", "fault": "explode"}, "explode"),
        ({"command": "inject_fault", "fault": "refuse 429"}, "handshakes"),
        ({"command": "close", "code": 1006}, "cannot be sent"),
        ({"command": "close", "code": "x"}, "code must be"),
        ({"command": ["follow"]}, "is no command"),
    ],
)
async def test_a_command_that_will_not_do_is_told_why(start, join, asked, problem):
    simulator = await start()
    await join(simulator)
    async with control_of(simulator) as control:
        answer = await control.ask(asked.pop("command"), **asked)
    assert not answer["ok"]
    assert problem in answer["error"]


async def test_without_a_session_there_is_nobody_to_speak_to(start):
    simulator = await start()
    async with control_of(simulator) as control:
        answer = await control.ask("caller_says", text="Hello")
    assert answer["error"] == "no client has connected yet, so there is no session"


async def test_a_message_that_is_no_json_is_answered_and_harms_nothing(start):
    simulator = await start()
    async with connect(control_url(simulator)) as socket:
        await socket.send("{")
        await socket.send(b"\xff\xfe")
        await socket.send(json.dumps({"command": "sessions", "id": 1, "pad": "x" * 70000}))
        answers = [json.loads(await socket.recv()) for _ in range(3)]
    assert [answer["ok"] for answer in answers] == [False, False, False]
    assert all(answer["error"].startswith("this is no JSON object with a command;") for answer in answers)


async def test_a_page_of_another_place_is_turned_away(start):
    simulator = await start()
    assert await refusal(simulator, Origin="https://example.com") == 403
    assert await refusal(simulator, Origin="null") == 403
    assert await refusal(simulator, Origin="http://[") == 403
    same = simulator.endpoint.replace("ws://", "http://")
    async with control_of(simulator, Origin=same) as control:
        assert (await control.ask("sessions"))["ok"]


async def test_a_name_that_is_not_this_machine_is_turned_away(start):
    simulator = await start()
    port = simulator.endpoint.rpartition(":")[2]
    for path in ("/", "/simulator/control"):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: rebound.example:{port}\r\n\r\n".encode())
        assert b" 421 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_a_simulator_with_an_api_key_wants_it_here_too(start, join):
    simulator = await start(api_key="right")
    assert await refusal(simulator, **{"api-key": "wrong"}) == 401
    async with control_of(simulator, **{"api-key": "right"}) as control:
        assert (await control.ask("sessions"))["ok"]
    async with connect(control_url(simulator)) as socket:
        control = Control(socket)
        assert (await control.ask("open", key="right"))["ok"]
        assert (await control.ask("sessions"))["ok"]
    assert simulator.page.endswith("/#key=right")


@pytest.mark.parametrize("first", [{"command": "sessions"}, {"command": "open", "key": "wrong"}])
async def test_without_the_key_nothing_is_told(start, first):
    simulator = await start(api_key="right")
    async with connect(control_url(simulator)) as socket:
        await socket.send(json.dumps(first))
        assert not json.loads(await socket.recv())["ok"]
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd.code == 1008


async def test_a_simulator_that_others_can_reach_makes_a_key(start):
    simulator = await start(host="0.0.0.0")
    address, _, key = simulator.page.partition("#key=")
    assert address.startswith("http://127.0.0.1:")
    assert len(key) > 15
    async with connect(control_url(simulator)) as socket:
        await socket.send(json.dumps({"command": "sessions"}))
        assert not json.loads(await socket.recv())["ok"]


async def test_who_does_not_read_holds_up_neither_sessions_nor_others(start, join):
    simulator = await start({"otherwise": "word " * 500})
    client = await join(simulator, session={"modalities": ["text"]})
    async with connect(control_url(simulator), max_queue=1) as slow:
        slow.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.transport.pause_reading()
        await slow.send(json.dumps({"command": "follow", "id": 1}))
        for _ in range(3):
            assert (await client.ask("Go on"))["status"] == "completed"
        async with control_of(simulator) as control:
            await control.ask("follow")
            await control.entries_until(lambda entry: entry["number"] > 1500)
        slow.transport.abort()


async def test_a_running_simulator_with_watchers_ends_at_once(start, join):
    simulator = await start()
    await join(simulator)
    async with control_of(simulator) as control:
        await control.ask("follow")
        async with asyncio.timeout(3):
            await simulator.aclose()


def test_the_trace_is_bounded_and_says_from_where_it_is_remembered():
    trace = SessionTrace()
    for _ in range(5000):
        trace.add(ServiceSent(0.0, ResponseTextDelta(response_id="r", item_id="i", delta="word")))
    entries = trace.since(0)
    assert (entries[0].number, entries[-1].number) == (1001, 5000)
