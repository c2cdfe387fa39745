"""Recording what goes over the wire."""

import base64
import json
import stat
import sys

import pytest
from voice_live_client import SPOKEN

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.codec import decode_client_event, decode_server_event
from pipecat_voicelive.protocol.server_events import MalformedEvent, UnknownEvent
from pipecat_voicelive.simulator import Noted, VoiceLiveSimulator
from pipecat_voicelive.simulator.tapes.tape import Tape

SCENARIO = {"turns": [{"user": "Hello", "say": "Good morning"}]}


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_a_tape_has_every_message_in_wire_order_with_its_time(start, join, tmp_path):
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl")
    client = await join(simulator)
    await client.append(SPOKEN, piece_bytes=9600)
    await client.until("response.done")
    session = simulator.sessions[0]
    await simulator.aclose()
    lines = lines_of(tmp_path / "call.jsonl")
    on_wire = [entry for entry in session.events if not isinstance(entry, Noted)]
    assert [line["event"]["type"] for line in lines] == [entry.event.type for entry in on_wire]
    assert next(line["event"] for line in lines if line["from"] == "server") == client.raw[0]
    times = [line["at_s"] for line in lines]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1]


async def test_audio_is_left_out_and_its_size_kept(start, join, tmp_path):
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl")
    client = await join(simulator)
    await client.append(SPOKEN, piece_bytes=9600)
    await client.until("response.done")
    await simulator.aclose()
    lines = lines_of(tmp_path / "call.jsonl")
    appended = [line for line in lines if line["event"]["type"] == "input_audio_buffer.append"]
    assert {line["event"]["audio"] for line in appended} == {""}
    assert sum(line["removed_bytes"]["audio"] for line in appended) == len(SPOKEN)
    spoken = [line["removed_bytes"]["delta"] for line in lines if "delta" in line.get("removed_bytes", {})]
    sent = [base64.b64decode(event["delta"]) for event in client.of_type("response.audio.delta")]
    assert spoken == [len(audio) for audio in sent]


async def test_audio_is_kept_if_that_is_asked_for(start, join, tmp_path):
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl", record_audio=True)
    client = await join(simulator)
    await client.append(SPOKEN)
    await client.until("response.done")
    await simulator.aclose()
    lines = lines_of(tmp_path / "call.jsonl")
    assert [line["event"] for line in lines if line["from"] == "server"] == client.raw
    assert base64.b64encode(SPOKEN).decode() in {line["event"].get("audio") for line in lines}


async def test_keys_are_masked_and_what_was_said_is_kept(start, join, tmp_path):
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl")
    client = await join(simulator)
    server = {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "http://127.0.0.1:9",
        "authorization": "sesame",
    }
    await client.configure(modalities=["text"], tools=[server], instructions="Be brief.")
    await client.ask("Hello")
    await simulator.aclose()
    taped = (tmp_path / "call.jsonl").read_text()
    assert "sesame" not in taped
    assert all(words in taped for words in ("Be brief.", "Hello", "Good morning"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
async def test_only_its_owner_can_read_a_tape(start, join, tmp_path):
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl")
    await join(simulator)
    assert stat.S_IMODE(simulator.tapes[0].stat().st_mode) == 0o600


async def test_each_session_has_a_file_of_its_own_and_none_is_overwritten(start, join, tmp_path):
    (tmp_path / "call.jsonl").write_text("mine")
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl")
    for _ in range(2):
        await join(simulator)
    assert simulator.tapes == [tmp_path / "call-2.jsonl", tmp_path / "call-3.jsonl"]
    await simulator.aclose()
    assert (tmp_path / "call.jsonl").read_text() == "mine"
    assert [lines_of(path)[0]["event"]["type"] for path in simulator.tapes] == ["session.created"] * 2


async def test_what_is_no_event_is_on_the_tape_by_its_size(start, join, tmp_path):
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl")
    client = await join(simulator)
    await client.socket.send("{not json")
    await client.socket.send(b"\xff\x00")
    await client.until("error")
    await client.until("error")
    await simulator.aclose()
    unreadable = [line for line in lines_of(tmp_path / "call.jsonl") if "unreadable_bytes" in line]
    assert [(line["event"], line["unreadable_bytes"]) for line in unreadable] == [
        ({"type": ""}, 9),
        ({"type": ""}, 2),
    ]


async def test_an_odd_message_costs_its_own_line_only(start, join, tmp_path):
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl")
    odd, other = await join(simulator), await join(simulator)
    await odd.socket.send('{"type": "odd", "deep": ' + '{"a":' * 450 + "1" + "}" * 451)
    await odd.until("error")
    await other.send("response.create")
    await other.until("response.done")
    await simulator.aclose()
    first, second = ([line["event"]["type"] for line in lines_of(tape)] for tape in simulator.tapes)
    assert first[-2:] == ["odd", "error"]
    assert second[-1] == "response.done"


async def test_every_line_can_be_read_by_the_codec(start, join, tmp_path):
    simulator = await start(SCENARIO, record=tmp_path / "call.jsonl")
    client = await join(simulator)
    await client.append(SPOKEN)
    await client.until("response.done")
    await simulator.aclose()
    for entry in Tape.load(tmp_path / "call.jsonl").entries:
        decode = decode_server_event if entry.source == "server" else decode_client_event
        assert not isinstance(decode(json.dumps(entry.event)), UnknownEvent | MalformedEvent) or (
            entry.type == "conversation.item.done"
        )


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no folder"):
        VoiceLiveSimulator(record=tmp_path / "missing" / "call.jsonl")
    with pytest.raises(ConfigurationError, match="is a folder"):
        VoiceLiveSimulator(record=tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "Nothing on the tape"),
        ('{"at_s": 0, "from": "nobody", "event": {"type": "x"}}', "line 1: a line of a tape is"),
        ('{"at_s": 0, "from": "server", "event": {"type": "x"}}\n[1]', "line 2"),
        ('{"at_s": "now", "from": "server", "event": {"type": "x"}}', "line 1"),
    ],
)
def test_what_is_no_tape_is_told_by_its_line(tmp_path, content, problem):
    path = tmp_path / "call.jsonl"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=problem):
        Tape.load(path)
