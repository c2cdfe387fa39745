"""The client is whole: every client event can be sent, and every server event arrives, over real sockets."""

import asyncio
import base64
import contextlib
import json
import math
from pathlib import Path

import pytest
from websockets.asyncio.server import serve

from pipecat_voicelive import RecoveryOptions, VoiceLiveClient
from pipecat_voicelive.client import EventReceived
from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol.codec import CLIENT_EVENT_TYPES, SERVER_EVENT_TYPES
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.protocol.server_events import MalformedEvent, UnknownEvent
from pipecat_voicelive.session.effects import SessionReady
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker
from reference import differential, ours, rivals
from reference.signals import SIGNALS

SOURCE = Path(__file__).parent.parent / "src" / "pipecat_voicelive"

MESSAGE = ConversationItem(type="message", role="user", content=[ItemContent(type="input_text", text="Hi.")])
EVERY_CLIENT_EVENT = [
    ce.SessionUpdateEvent(session={"instructions": "Be brief."}),
    ce.InputAudioBufferAppendEvent(audio=bytes(4800)),
    ce.InputAudioBufferCommitEvent(),
    ce.InputAudioBufferClearEvent(),
    ce.ConversationItemCreateEvent(item=MESSAGE),
    ce.InputTextDeltaEvent(id="item_1", delta="Hel"),
    ce.InputTextDoneEvent(id="item_1"),
    ce.ConversationItemRetrieveEvent(item_id="item_1"),
    ce.ConversationItemTruncateEvent(item_id="item_1", content_index=0, audio_end_ms=100),
    ce.ConversationItemDeleteEvent(item_id="item_1"),
    ce.ResponseCreateEvent(response=ce.ResponseProperties(modalities=["text"])),
    ce.ResponseCancelEvent(response_id="resp_1"),
    ce.OutputAudioBufferClearEvent(),
    ce.SessionAvatarConnectEvent(client_sdp="e30="),
    ce.InputAudioTurnStartEvent(turn_id="turn_1"),
    ce.InputAudioTurnAppendEvent(turn_id="turn_1", audio=b"\x00\x01"),
    ce.InputAudioTurnEndEvent(turn_id="turn_1"),
    ce.InputAudioTurnCancelEvent(turn_id="turn_1"),
    ce.InputAudioClearEvent(),
]


@pytest.mark.proves(
    "feature.client",
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "input_text.delta",
    "input_text.done",
    "conversation.item.create",
    "conversation.item.retrieve",
    "conversation.item.truncate",
    "conversation.item.delete",
    "response.create",
    "response.cancel",
    "output_audio_buffer.clear",
    "session.avatar.connect",
    "input_audio.turn.start",
    "input_audio.turn.append",
    "input_audio.turn.end",
    "input_audio.turn.cancel",
    "input_audio.clear",
)
async def test_every_client_event_reaches_the_service_as_it_was_given():
    assert {event.type for event in EVERY_CLIENT_EVENT} == CLIENT_EVENT_TYPES
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(endpoint=simulator.endpoint, api_key="k", model="gpt-realtime") as client,
    ):
        await anext(signal async for signal in client if isinstance(signal, SessionReady))
        (session,) = simulator.sessions
        before = len(session.client_events)
        for event in EVERY_CLIENT_EVENT:
            client.send_event(event)
        await session.wait_for_received(EVERY_CLIENT_EVENT[-1].type)
        assert list(session.client_events[before:]) == EVERY_CLIENT_EVENT


EVERY_SERVER_EVENT = [
    "conversation.item.created",
    "conversation.item.deleted",
    "conversation.item.done",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.failed",
    "conversation.item.retrieved",
    "conversation.item.truncated",
    "error",
    "input_audio_buffer.cleared",
    "input_audio_buffer.committed",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "mcp_list_tools.completed",
    "mcp_list_tools.failed",
    "mcp_list_tools.in_progress",
    "output_audio_buffer.cleared",
    "output_audio_buffer.started",
    "output_audio_buffer.stopped",
    "rate_limits.updated",
    "response.animation_blendshapes.delta",
    "response.animation_blendshapes.done",
    "response.animation_viseme.delta",
    "response.animation_viseme.done",
    "response.audio.delta",
    "response.audio.done",
    "response.audio_timestamp.delta",
    "response.audio_timestamp.done",
    "response.audio_transcript.annotation.added",
    "response.audio_transcript.delta",
    "response.audio_transcript.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.created",
    "response.done",
    "response.file_search_call.completed",
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.foundry_agent_call.completed",
    "response.foundry_agent_call.failed",
    "response.foundry_agent_call.in_progress",
    "response.foundry_agent_call_arguments.delta",
    "response.foundry_agent_call_arguments.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.invocation.delta",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "response.mcp_call.in_progress",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.output_item.added",
    "response.output_item.done",
    "response.text.delta",
    "response.text.done",
    "response.video.delta",
    "response.web_search_call.completed",
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
    "session.avatar.connecting",
    "session.avatar.switch_to_idle",
    "session.avatar.switch_to_speaking",
    "session.created",
    "session.updated",
    "warning",
]


# --- what the service says ---------------------------------------------------------------------------


def said(event_type, **members):
    """A full event of the SDK's, with what makes it part of the one conversation that the server has."""
    model = rivals.sdk_types().get(event_type)
    full = differential.full_instances(model)[0] if model is not None else WIRE_ONLY[event_type]
    ids = {name: value for name, value in IDS.items() if name in full}
    return full | ids | {"type": event_type} | members


IDS = {"event_id": "event_1", "response_id": "r", "item_id": "a", "output_index": 0, "content_index": 0}
ITEM = {"id": "a", "object": "realtime.item", "type": "message", "role": "assistant", "status": "completed"}
USER = {"id": "u", "object": "realtime.item", "type": "message", "role": "user", "content": []}
AGENT = {"item_id": "a", "output_index": 0, "agent_response_id": "x"}
WIRE_ONLY = {
    "conversation.item.done": {"item": USER, "previous_item_id": None},
    "rate_limits.updated": {"rate_limits": [{"name": "requests", "limit": 9, "remaining": 8}]},
    "output_audio_buffer.started": {"response_id": "r"},
    "output_audio_buffer.stopped": {"response_id": "r"},
    "response.foundry_agent_call_arguments.delta": {"response_id": "r", "item_id": "a", "delta": "x"},
    "response.foundry_agent_call_arguments.done": {"response_id": "r", "item_id": "a", "arguments": "{}"},
    "response.foundry_agent_call.in_progress": AGENT,
    "response.foundry_agent_call.completed": AGENT,
    "response.foundry_agent_call.failed": AGENT,
}


def conversation():
    """Every server event there is, in an order in which a service could say them."""
    second = base64.b64encode(bytes(48000)).decode()
    session = {"id": "s", "turn_detection": {"type": "server_vad"}, "input_audio_transcription": {}}
    response = {"id": "r", "object": "realtime.response", "output": []}
    function = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
    over = response | {"status": "completed", "output": [ITEM | function | {"id": "f"}]}
    first = [
        said("session.created", session=session),
        said("session.updated", session=session),
        said("error", error={"message": "no", "code": "x"}),
        said("input_audio_buffer.speech_started", item_id="u"),
        said("input_audio_buffer.speech_stopped", item_id="u"),
        said("input_audio_buffer.committed", item_id="u"),
        said("conversation.item.created", item=USER),
        said("conversation.item.input_audio_transcription.delta", item_id="u", delta="Hel"),
        said("conversation.item.input_audio_transcription.completed", item_id="u", transcript="Hello."),
        said("response.created", response=response | {"status": "in_progress"}),
        said("response.output_item.added", item=ITEM | {"content": []}),
        said("response.text.delta", delta="so"),
        said("response.audio_transcript.delta", delta="Hello"),
        said("response.audio_timestamp.delta", text="Hello", audio_offset_ms=0, audio_duration_ms=500),
        said("response.animation_viseme.delta", viseme_id=3, audio_offset_ms=0),
        said("response.animation_blendshapes.delta", frames=[[0.5] * 55], frame_index=0),
        said("response.audio.delta", delta=second),
        said("response.function_call_arguments.done", item_id="f", call_id="c", name="look", arguments="{}"),
        *run_by_the_service(),
        said("session.avatar.connecting", server_sdp=ANSWER),
        said("session.avatar.switch_to_speaking"),
        said("response.video.delta", delta="AAEC"),
        said("session.avatar.switch_to_idle"),
    ]
    last = [
        said("response.done", response=over),
        said("conversation.item.input_audio_transcription.failed", item_id="v", error={"message": "no"}),
        said("rate_limits.updated"),
    ]
    said_before = {message["type"] for message in [*first, *last]}
    between = [said(event_type) for event_type in sorted(SERVER_EVENT_TYPES - said_before)]
    return [*first, *between, *last]


def run_by_the_service():
    """Tools that are listed, and calls that the service runs, some well and some not."""
    listing = {"id": "l", "type": "mcp_list_tools", "server_label": "wiki", "tools": [{"name": "find"}]}
    call = "response.mcp_call"
    agent = "response.foundry_agent_call"
    request = {"id": "p", "type": "mcp_approval_request", "server_label": "wiki", "name": "find"}
    return [
        said("mcp_list_tools.in_progress", item_id="l"),
        said("conversation.item.created", item=listing),
        said("mcp_list_tools.completed", item_id="l"),
        said("mcp_list_tools.failed", item_id="l2"),
        *run("mcp_call", "m", f"{call}_arguments.delta", f"{call}_arguments.done", f"{call}.in_progress"),
        said(f"{call}.completed", item_id="m"),
        *run("mcp_call", "n", f"{call}.in_progress", f"{call}.failed"),
        *run("web_search_call", "w", *(f"response.web_search_call.{step}" for step in STEPS)),
        *run("file_search_call", "q", *(f"response.file_search_call.{step}" for step in STEPS)),
        *run("foundry_agent_call", "g", f"{agent}_arguments.delta", f"{agent}_arguments.done"),
        *run("foundry_agent_call", "h", f"{agent}.in_progress", f"{agent}.completed"),
        *run("foundry_agent_call", "i", f"{agent}.in_progress", f"{agent}.failed"),
        said("response.output_item.done", item=request),
    ]


ANSWER = base64.b64encode(b'{"type": "answer", "sdp": "v=0"}').decode()
STEPS = ("in_progress", "searching", "completed")


def run(kind, item_id, *events):
    item = {"id": item_id, "type": kind, "name": "find", "server_label": "wiki", "arguments": "{}"}
    return [
        said("response.output_item.added", item=item | {"status": "in_progress"}),
        *(said(event, item_id=item_id) for event in events),
        said("response.output_item.done", item=item | {"status": "completed", "output": "found"}),
    ]


@contextlib.asynccontextmanager
async def saying(messages):
    """A server that says all this as soon as somebody connects and has given options."""

    async def speak(websocket):
        for message in messages:
            await websocket.send(json.dumps(message))
            if message["type"] == "session.created":
                await websocket.recv()
        await websocket.close()

    async with serve(speak, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def heard(messages, **options):
    """For each event that came out, the signals that came with it."""
    found = []
    async with (
        asyncio.timeout(10),
        saying(messages) as url,
        VoiceLiveClient(
            endpoint=url,
            api_key="k",
            model="gpt-realtime",
            recovery=RecoveryOptions(budget_s=0),
            **options,
        ) as client,
    ):
        async for signal in client:
            if isinstance(signal, EventReceived):
                found.append((signal.event, []))
            elif found:
                found[-1][1].append(type(signal).__name__)
    return found


@pytest.mark.proves("feature.raw-events", *EVERY_SERVER_EVENT)
async def test_every_server_event_arrives_typed_and_comes_out_as_documented_or_is_ignored_on_purpose():
    found = await heard(conversation(), every_event=True)
    assert {event.type for event, _ in found} == SERVER_EVENT_TYPES == set(EVERY_SERVER_EVENT)
    assert [type(event) for event, _ in found] == [ours.server_events()[m["type"]] for m in conversation()]
    handling = ours.handling(SOURCE)
    together = {event.type: [] for event, _ in found}
    for event, signals in found[:-1]:  # the last is followed by the end of the connection
        together[event.type] += [name for name in signals if name not in together[event.type]]
        if isinstance(handling[type(event).__name__], ours.Ignored):
            assert signals == [], event.type
    assert {name: tuple(signals) for name, signals in together.items() if signals} == SIGNALS


async def test_events_that_nobody_knows_come_out_as_they_came():
    found = await heard(
        [said("session.created"), {"type": "something.new", "x": 1}, {"type": "error"}], every_event=True
    )
    events = [event for event, _ in found]
    assert UnknownEvent(type="something.new", members={"type": "something.new", "x": 1}) in events
    assert isinstance(events[-1], MalformedEvent)


async def test_events_do_not_come_out_unless_asked_for():
    assert await heard(conversation()) == []
