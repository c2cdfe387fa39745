"""The simulator against recordings of the live service: the same order of events, the same members."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from voice_live_client import SPOKEN

TAPES = Path(os.environ.get("VOICELIVE_TAPES", "/nowhere"))

pytestmark = pytest.mark.skipif(not TAPES.is_dir(), reason="VOICELIVE_TAPES names no folder of tapes")

NAMES = ["native-text-in-audio-out", "native-tool-call", "native-voice-turn"]
TRANSCRIPTION = "conversation.item.input_audio_transcription."


def load(name):
    return [json.loads(line) for line in (TAPES / f"{name}.jsonl").read_text().splitlines()]


def scenario_of(tape):
    """A scenario in which the same things are said."""
    events = [entry["event"] for entry in tape]
    said = [
        e.get("transcript") or e.get("text")
        for e in events
        if e["type"] in ("response.audio_transcript.done", "response.text.done")
    ]
    calls = [e for e in events if e["type"] == "response.function_call_arguments.done"]
    user = [e["item"]["content"][0]["text"] for e in events if is_typed(e)]
    user += [e["transcript"] for e in events if e["type"] == f"{TRANSCRIPTION}completed"]
    turn = {"user": user[0], "say": said[0]}
    if calls:
        call = {"name": calls[0]["name"], "arguments": json.loads(calls[0]["arguments"])}
        turn = {"user": user[0], "call": call, "then": said[0]}
    return {"turns": [turn]}


def is_typed(event):
    return event["type"] == "conversation.item.create" and event["item"].get("role") == "user"


async def replay(tape, client):
    """Send the tape's client events, each once what came before it on the tape has come here too."""
    expected = Counter()
    has_spoken = False
    for entry in tape:
        event = entry["event"]
        if entry["from"] == "server":
            if not event["type"].endswith(".delta"):
                expected[event["type"]] += 1
            continue
        while expected - Counter(client.types()):
            await client.next()
        if event["type"] == "input_audio_buffer.append":
            if not has_spoken:
                await client.append(SPOKEN, piece_bytes=960)
            has_spoken = True
            continue
        if event["type"] == "conversation.item.create" and event["item"]["type"] == "function_call_output":
            call = client.of_type("response.function_call_arguments.done")[-1]
            event = {**event, "item": {**event["item"], "call_id": call["call_id"]}}
        await client.send(**{"event_type": event["type"], **{k: v for k, v in event.items() if k != "type"}})
    while expected - Counter(client.types()):
        await client.next()


def order(events):
    """The types in order; deltas count once a response, transcripts of the caller are looked at apart."""
    seen, types = set(), []
    for event in events:
        kind = event["type"]
        if kind == "response.created":
            seen.clear()
        if kind.startswith(TRANSCRIPTION) or kind in seen:
            continue
        if kind.endswith(".delta"):
            seen.add(kind)
        types.append(kind)
    return types


def members(value, path=""):
    """Every path to a member."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from members(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner, f"{path}[]")


def members_by_kind(events):
    found = {}
    for event in events:
        kind = event["type"], event.get("item", {}).get("type"), event.get("item", {}).get("role")
        found.setdefault(kind, set()).update(members(event))
    return found


def from_server(tape):
    return [entry["event"] for entry in tape if entry["from"] == "server"]


@pytest.fixture(params=NAMES)
async def replayed(request, start, join):
    tape = load(request.param)
    client = await join(await start(scenario_of(tape)), session=None)
    await replay(tape, client)
    return from_server(tape), client.raw


async def test_events_come_in_the_recorded_order(replayed):
    recorded, ours = replayed
    assert order(ours) == order(recorded)


async def test_events_have_the_recorded_members(replayed):
    recorded, ours = replayed
    assert members_by_kind(ours) == members_by_kind(recorded)


async def test_the_callers_transcript_comes_within_the_answer(start, join):
    tape = load("native-voice-turn")
    client = await join(await start(scenario_of(tape)), session=None)
    await replay(tape, client)
    for events in (from_server(tape), client.raw):
        types = [event["type"] for event in events]
        delta, completed = (types.index(f"{TRANSCRIPTION}{kind}") for kind in ("delta", "completed"))
        assert types.index("response.created") < delta < completed < types.index("response.done")
