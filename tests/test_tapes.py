"""Recordings of the live service, played to a session and to a client: what comes out is known by heart.

`VOICELIVE_TAPES` names the folder of recordings. What is expected of each stands in `tests/tapes`, a signal
a line. The recordings' audio is cut to 33 bytes a delta, an odd number, on which no sample may break.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

from pipecat_voicelive.client import ClientSignal, ConnectionLost, VoiceLiveClient
from pipecat_voicelive.connection.recovery import RecoveryOptions
from pipecat_voicelive.protocol.client_events import ResponseCreateEvent
from pipecat_voicelive.protocol.codec import decode_client_event, decode_server_event
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.protocol.server_events import ResponseCreated
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx

TAPES = Path(os.environ.get("VOICELIVE_TAPES", "/nowhere"))
EXPECTED = Path(__file__).parent / "tapes"
NAMES = sorted(path.stem for path in EXPECTED.glob("*.txt"))

pytestmark = pytest.mark.skipif(not TAPES.is_dir(), reason="VOICELIVE_TAPES names no folder of tapes")

Entry = dict[str, Any]


def load(name: str) -> list[Entry]:
    """A tape, with each tool's output after the response that called it: a session hands calls over then."""
    tape = [json.loads(line) for line in (TAPES / f"{name}.jsonl").read_text().splitlines()]
    outputs = [entry for entry in tape if is_output(entry)]
    for output in outputs:
        tape.remove(output)
        call_id = output["event"]["item"]["call_id"]
        ends = (
            place
            for place, entry in enumerate(tape)
            if entry["event"]["type"] == "response.done" and call_id in json.dumps(entry)
        )
        tape.insert(next(ends) + 1, output)
    return tape


def is_output(entry: Entry) -> bool:
    return entry["from"] == "client" and entry["event"].get("item", {}).get("type") == "function_call_output"


def inputs_of(tape: list[Entry]) -> Iterator[inputs.Input]:
    """What a session is told, and what its user wants, in the order of the tape."""
    user_items = (
        entry["event"]["item"]["id"]
        for entry in tape
        if entry["event"]["type"] == "conversation.item.created"
        and entry["event"]["item"].get("role") == "user"
    )
    answered_tool = False
    for entry in tape:
        event = entry["event"]
        if entry["from"] == "server":
            yield decode_server_event(json.dumps(event))
            continue
        match event["type"]:
            case "session.update":
                yield inputs.Configure(event["session"])
            case "input_audio_buffer.append":
                yield inputs.AppendAudio(base64.b64decode(event["audio"]))
            case "conversation.item.create" if is_output(entry):
                answered_tool = True
                yield inputs.AnswerTool(event["item"]["call_id"], event["item"]["output"])
            case "conversation.item.create":
                yield inputs.AddItem(
                    msgspec.convert({**event["item"], "id": next(user_items)}, ConversationItem)
                )
            case "response.create":
                yield inputs.RespondToResults() if answered_tool else inputs.Respond()
            case unexpected:
                raise AssertionError(unexpected)


def told(signal: ClientSignal) -> str:
    """A signal on one line, without what only fills it up."""
    name = type(signal).__name__
    match signal:
        case fx.SessionReady(session) | fx.SessionChanged(session):
            return f"{name} {session.model}"
        case fx.Audio(_, item_id, audio):
            return f"{name} {item_id} {len(audio)} bytes"
        case fx.ItemCreated(item):
            return f"{name} {item.id} {item.type} {item.role or ''}".rstrip()
        case fx.ItemUpdated(item_id, item):
            return f"{name} {item_id} {item.words if item else 'transcribed'}".rstrip()
        case fx.ResponseFinished(response):
            usage = response.usage
            tokens = f"{usage.input_tokens} + {usage.output_tokens} tokens" if usage else "usage unknown"
            return f"{name} {response.id} {response.status} {tokens}"
        case fx.ResponseOpened(response_id):
            return f"{name} {response_id}"
        case fx.ToolCalls(response_id, calls):
            said = ", ".join(f"{call.name}({json.dumps(call.arguments)}) as {call.call_id}" for call in calls)
            return f"{name} {response_id} {said}"
        case fx.UserTranscript(item_id, text):
            return f"{name} {item_id} {text!r}"
        case _:
            members = (getattr(signal, member) for member in signal.__dataclass_fields__)
            return " ".join(
                [name, *(repr(m) if isinstance(m, str) and " " in m else str(m) for m in members)]
            )


def expected(name: str) -> list[str]:
    return (EXPECTED / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def play(name: str) -> list[fx.Effect]:
    """What a session makes of a tape. The tape's client gave no metadata, so here they come back with it."""
    session, effects = Session(id_prefix="tape"), list[fx.Effect]()
    metadata: dict[str, str] | None = None
    for number, event in enumerate(inputs_of(load(name))):
        if isinstance(event, ResponseCreated):
            event = ResponseCreated(response=msgspec.structs.replace(event.response, metadata=metadata))
            metadata = None
        new = session.handle(event, number / 1000)
        for effect in new:
            if isinstance(effect, fx.Send) and isinstance(effect.event, ResponseCreateEvent):
                metadata = effect.event.response.metadata
        effects += new
    assert not session.answer_pending
    return effects


@pytest.mark.parametrize("name", NAMES)
def test_a_session_makes_of_a_tape_what_it_should(name):
    signals = [effect for effect in play(name) if not isinstance(effect, fx.Send)]
    assert [told(signal) for signal in signals] == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_on_a_tape_is_unreadable_or_refused(name):
    effects = play(name)
    assert not [effect for effect in effects if isinstance(effect, fx.Unreadable | fx.RequestRefused)]


@pytest.mark.parametrize("name", NAMES)
def test_a_session_sends_what_the_tapes_client_sent(name):
    sent = [effect.event.type for effect in play(name) if isinstance(effect, fx.Send)]
    assert sent == [entry["event"]["type"] for entry in load(name) if entry["from"] == "client"]


@pytest.mark.parametrize("name", NAMES)
def test_the_audio_of_a_tape_comes_out_whole(name):
    received = b"".join(
        base64.b64decode(entry["event"]["delta"])
        for entry in load(name)
        if entry["event"]["type"] == "response.audio.delta"
    )
    pieces = [effect.audio for effect in play(name) if isinstance(effect, fx.Audio)]
    assert b"".join(pieces) == received[: len(received) // 2 * 2]
    assert all(len(piece) % 2 == 0 for piece in pieces)


@pytest.mark.parametrize("name", NAMES)
async def test_a_client_makes_of_a_tape_over_a_socket_what_it_should(name):
    tape = load(name)
    wants = [event for event in inputs_of(tape) if not isinstance(event, msgspec.Struct)]
    before_tools = [
        want for want in wants if not isinstance(want, inputs.AnswerTool | inputs.RespondToResults)
    ]
    after_tools = [want for want in wants if want not in before_tools]

    async def service(socket: ServerConnection) -> None:
        for entry in tape:
            if entry["from"] == "server":
                await socket.send(json.dumps(entry["event"]))
            else:
                assert decode_client_event(await socket.recv()).type == entry["event"]["type"]

    async with serve(service, "127.0.0.1", 0) as server:
        endpoint = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        signals: list[ClientSignal] = []
        once = RecoveryOptions(budget_s=0)
        async with VoiceLiveClient(
            endpoint=endpoint, model="gpt-realtime", api_key="key", recovery=once
        ) as client:
            for want in before_tools:
                client.handle(want)
            async for signal in client:
                signals.append(signal)
                if isinstance(signal, fx.ToolCalls):
                    for want in after_tools:
                        client.handle(want)
    assert isinstance(signals[-1], ConnectionLost)
    assert [told(signal) for signal in signals[:-1]] == expected(name)
