"""Items of the conversation, and what cannot be done."""

from __future__ import annotations

from azure.ai.voicelive import models as m

from conformance.behaviours.core import (
    TELLING,
    Voices,
    behaviour,
    session_of,
    text_session,
)
from conformance.talk import Talk, expect


@behaviour("items", "an item is retrieved and deleted; `previous_item_id` puts one in its place")
async def _items(talk: Talk, _voices: Voices) -> None:
    await talk.configure(text_session(talk.where))
    items = talk.connection.conversation.item
    await talk.type("First.")
    first = (await talk.until(m.ServerEventConversationItemCreated)).item
    system = m.SystemMessageItem(content=[m.InputTextContentPart(text="Before.")])
    await items.create(item=system, previous_item_id="root")
    expect((await talk.until(m.ServerEventConversationItemCreated)).item.role == "system", "no system item")
    assistant = m.AssistantMessageItem(content=[m.OutputTextContentPart(text="After.")])
    await items.create(item=assistant, previous_item_id=first.id)
    created = await talk.until(m.ServerEventConversationItemCreated)
    expect(created.previous_item_id == first.id, f"it stands behind {created.previous_item_id}")
    await items.retrieve(item_id=first.id)
    found = (await talk.until(m.ServerEventConversationItemRetrieved)).item
    expect(found.id == first.id and found.content[0].text == "First.", f"retrieved was {found}")
    await items.delete(item_id=first.id)
    expect((await talk.until(m.ServerEventConversationItemDeleted)).item_id == first.id, "another item")
    await items.retrieve(item_id=first.id, event_id="gone")
    await talk.refused("gone", "invalid_value", "item_not_found", "item_retrieve_invalid_item_id")


@behaviour(
    "errors",
    "what cannot be done is refused with the documented code and the event's id, and the session goes on",
    scenario=TELLING,
    speed=8.0,
)
async def _errors(talk: Talk, _voices: Voices) -> None:
    connection, items = talk.connection, talk.connection.conversation.item
    await talk.configure(session_of(talk.where))
    await connection.response.cancel(event_id="nothing-runs")
    await talk.refused("nothing-runs", "response_cancel_not_active")
    await connection.input_audio_buffer.commit(event_id="no-audio")
    await talk.refused("no-audio", "input_audio_buffer_commit_empty")
    await connection.input_audio_buffer.append(audio="?", event_id="no-base64")
    await talk.refused("no-base64", "invalid_value")
    await items.truncate(item_id="item_none", content_index=0, audio_end_ms=0, event_id="no-item")
    error = await talk.refused("no-item", "invalid_value", "item_truncate_invalid_item_id")
    expect("item_none" in error.message, f"it says {error.message!r}")
    output = m.FunctionCallOutputItem(call_id="call_none", output="{}")
    await items.create(item=output, event_id="no-call")
    await talk.refused("no-call", "invalid_value", "invalid_tool_call_id")
    await connection.send({"type": "session.update", "event_id": "no-option", "session": {"colour": "red"}})
    await talk.refused("no-option", "unknown_parameter")
    await talk.type("Tell me a story.")
    await connection.response.create()
    heard = await talk.until(m.ServerEventResponseAudioDelta)
    await connection.response.create(event_id="second")
    await talk.refused("second", "conversation_already_has_active_response")
    await connection.response.cancel()
    done = await talk.until(m.ServerEventResponseDone)
    expect(done.response.status == "cancelled", f"the response is {done.response.status}")
    await items.truncate(item_id=heard.item_id, content_index=0, audio_end_ms=3_600_000, event_id="beyond")
    error = await talk.refused("beyond", "invalid_value")
    expect("already shorter" in error.message, f"it says {error.message!r}")
