"""Turns: typed, spoken, manual; calls of tools in them."""

from __future__ import annotations

import audioop

import numpy as np
import soxr
from azure.ai.voicelive import models as m

from conformance.behaviours.core import (
    QUESTION,
    Voices,
    behaviour,
    in_order,
    session_of,
    text_session,
)
from conformance.talk import RATE_HZ, Talk, expect, words_of
from conformance.wheres import Where


@behaviour("text turn", "a typed message is answered in text, with its usage")
async def _text_turn(talk: Talk, _voices: Voices) -> None:
    await talk.configure(text_session(talk.where))
    await talk.type("Good morning.")
    item = (await talk.until(m.ServerEventConversationItemCreated)).item
    expect(isinstance(item, m.ResponseMessageItem) and item.role == "user", f"the item is {item}")
    await talk.connection.response.create()
    response = await talk.answered()
    told = "".join(event.delta for event in talk.of(m.ServerEventResponseTextDelta))
    expect(told == words_of(response) == "You said: Good morning.", f"it says {told!r}")
    expect(response.usage.total_tokens > 0, "nothing was used")
    in_order(
        talk,
        "response.created",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.text.delta",
        "response.text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    )


@behaviour(
    "voice turn",
    "speech is found, committed, transcribed and answered aloud, in the order of the model's pipeline",
    scenario={"turns": [{"user": QUESTION, "say": "It is sunny in Lisbon."}]},
)
async def _voice_turn(talk: Talk, voices: Voices) -> None:
    await talk.configure(session_of(talk.where))
    await talk.say(voices.question)
    started = await talk.until(m.ServerEventInputAudioBufferSpeechStarted)
    stopped = await talk.until(m.ServerEventInputAudioBufferSpeechStopped)
    expect(started.item_id == stopped.item_id, "the item has changed")
    response = await talk.answered()
    expect(words_of(response) == "It is sunny in Lisbon.", f"it says {words_of(response)!r}")
    audio = b"".join(event.delta for event in talk.of(m.ServerEventResponseAudioDelta))
    expect(len(audio) > RATE_HZ, f"there are {len(audio)} bytes of audio")
    spoken = "".join(event.delta for event in talk.of(m.ServerEventResponseAudioTranscriptDelta))
    expect(spoken == words_of(response), f"the transcript is {spoken!r}")
    heard = talk.of(m.ServerEventConversationItemInputAudioTranscriptionCompleted)
    heard = heard or [await talk.until(m.ServerEventConversationItemInputAudioTranscriptionCompleted)]
    expect([event.transcript for event in heard] == [QUESTION], f"heard was {heard}")
    expect(heard[0].item_id == started.item_id, "another item was transcribed")
    order = ["conversation.item.input_audio_transcription.completed", "response.created"]
    if talk.where.model.native:
        order.reverse()
    in_order(
        talk,
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        *order,
    )
    in_order(
        talk,
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.audio.delta",
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    )


@behaviour(
    "manual turns",
    "without turn detection the client clears and commits the audio, and asks for the answer",
    scenario={"turns": [{"user": QUESTION, "say": "Sunny."}]},
)
async def _manual_turns(talk: Talk, voices: Voices) -> None:
    session = await talk.configure(session_of(talk.where, turn_detection=None))
    expect(session.turn_detection is None, f"turns are {session.turn_detection}")
    await talk.say(voices.stop)
    await talk.connection.input_audio_buffer.clear()
    await talk.until(m.ServerEventInputAudioBufferCleared)
    await talk.say(voices.question, silence_ms=0)
    await talk.connection.input_audio_buffer.commit()
    item_id = (await talk.until(m.ServerEventInputAudioBufferCommitted)).item_id
    created = await talk.until(m.ServerEventConversationItemCreated)
    expect(created.item.id == item_id, "another item was created")
    await talk.connection.response.create()
    expect(words_of(await talk.answered()) == "Sunny.", "another answer")
    expect(talk.of(m.ServerEventInputAudioBufferSpeechStarted) == [], "turns were detected")


@behaviour(
    "µ-law",
    "`g711_ulaw` of 8 kHz both ways, as telephones have it",
    scenario={"turns": [{"user": QUESTION, "say": "Sunny."}]},
)
async def _ulaw(talk: Talk, voices: Voices) -> None:
    formats = {"input_audio_format": m.InputAudioFormat.G711_ULAW, "output_audio_format": "g711_ulaw"}
    session = await talk.configure(session_of(talk.where, **formats))
    expect(session.input_audio_sampling_rate in (8000, None), f"{session.input_audio_sampling_rate} Hz")
    samples = soxr.resample(np.frombuffer(voices.question, np.int16), RATE_HZ, 8000).astype("<i2")
    quiet = bytes(2 * 8000)
    await talk.append(audioop.lin2ulaw(samples.tobytes() + quiet, 2))
    started = await talk.until(m.ServerEventInputAudioBufferSpeechStarted)
    stopped = await talk.until(m.ServerEventInputAudioBufferSpeechStopped)
    spoken_ms = len(samples) // 8
    took_ms = stopped.audio_end_ms - started.audio_start_ms
    expect(abs(took_ms - spoken_ms) < 1200, f"{spoken_ms} ms of speech took {took_ms} ms")
    expect(words_of(await talk.answered()) == "Sunny.", "another answer")
    audio = b"".join(event.delta for event in talk.of(m.ServerEventResponseAudioDelta))
    loudness = audioop.rms(audioop.ulaw2lin(audio, 2), 2)
    expect(loudness > 300, f"the answer's loudness is {loudness}")


def _with_sums(where: Where, voices: Voices) -> m.RequestSession:
    server = m.MCPServer(server_label="sums", server_url=voices.mcp_url, require_approval="always")
    return text_session(where, tools=[server])


async def _mcp_refused(talk: Talk, voices: Voices) -> None:
    await talk.configure(text_session(talk.where))
    await talk.connection.session.update(session=_with_sums(talk.where, voices), event_id="asked")
    await talk.refused("asked", "invalid_value")


@behaviour(
    "MCP",
    "tools of an MCP server are listed, approved, called and told; 2026-01-01-preview and later, not phi",
    has=lambda where: where.model.mcp and where.since("2026-01-01-preview"),
    refused=_mcp_refused,
    scenario={
        "turns": [
            {
                "user": "Add two and three.",
                "call": {"name": "add", "arguments": {"a": 2, "b": 3}},
                "then": "It is {result}.",
            }
        ]
    },
)
async def _mcp(talk: Talk, voices: Voices) -> None:
    await talk.configure(_with_sums(talk.where, voices))
    await talk.until(m.ServerEventMcpListToolsCompleted)
    await talk.type("Add two and three.")
    await talk.connection.response.create()
    request = await talk.until(
        m.ServerEventConversationItemCreated, lambda event: event.item.type == "mcp_approval_request"
    )
    expect((request.item.server_label, request.item.name) == ("sums", "add"), f"asked is {request.item}")
    await talk.answered()
    approval = m.MCPApprovalResponseRequestItem(approval_request_id=request.item.id, approve=True)
    await talk.connection.conversation.item.create(item=approval)
    await talk.until(m.ServerEventResponseMcpCallCompleted)
    called = (await talk.until(m.ServerEventResponseOutputItemDone)).item
    expect(called.output == "5", f"the output is {called.output}")
    await talk.connection.response.create()
    expect(words_of(await talk.answered()) == "It is 5.", "another answer")


@behaviour(
    "function call",
    "a typed function is called, its output spoken of",
    scenario={
        "turns": [
            {
                "user": QUESTION,
                "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
                "then": "It is {result.temperature} degrees.",
            }
        ]
    },
)
async def _function_call(talk: Talk, voices: Voices) -> None:
    tool = m.FunctionTool(
        name="get_weather",
        description="The weather in a city.",
        parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    )
    session = await talk.configure(session_of(talk.where, tools=[tool], tool_choice="auto"))
    expect([tool.name for tool in session.tools] == ["get_weather"], f"tools are {session.tools}")
    await talk.say(voices.question)
    done = await talk.until(m.ServerEventResponseFunctionCallArgumentsDone)
    expect(done.arguments == '{"city":"Lisbon"}' or "Lisbon" in done.arguments, done.arguments)
    response = await talk.answered()
    (call,) = response.output
    expect(isinstance(call, m.ResponseFunctionCallItem), f"the output is {call}")
    expect(call.call_id == done.call_id and call.name == done.name == "get_weather", "another call")
    output = m.FunctionCallOutputItem(call_id=call.call_id, output='{"temperature": 21}')
    await talk.connection.conversation.item.create(item=output, previous_item_id=call.id)
    created = await talk.until(m.ServerEventConversationItemCreated)
    expect(isinstance(created.item, m.ResponseFunctionCallOutputItem), f"created was {created.item}")
    await talk.connection.response.create()
    expect(words_of(await talk.answered()) == "It is 21 degrees.", "another answer")
