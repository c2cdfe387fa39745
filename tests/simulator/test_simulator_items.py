"""The client changes the conversation."""

import base64
import io

import pytest
from PIL import Image
from voice_live_client import spoken_text

STORY = {"turns": [{"user": "Tell me a story", "say": "Once upon a time there was a fox."}]}


def message(role, part_type, text="x", **members):
    return {"type": "message", "role": role, "content": [{"type": part_type, "text": text}], **members}


async def created(client, item, **members):
    await client.send("conversation.item.create", item=item, **members)
    return await client.until("conversation.item.created")


async def refused(client, event_type, **members):
    await client.send(event_type, event_id="mine", **members)
    error = await client.refused()
    assert (error.type, error.event_id) == ("invalid_request_error", "mine")
    return error


async def test_the_clients_id_is_kept_and_the_item_echoed(client):
    event = await created(client, message("user", "input_text", "Hello", id="my-item"))
    assert event["previous_item_id"] is None
    assert event["item"] == {
        "id": "my-item",
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "Hello"}],
    }


async def test_items_go_where_they_are_told(start, join):
    simulator = await start()
    client = await join(simulator)
    await created(client, message("user", "input_text", id="b"))
    await created(client, message("user", "input_text", id="d"))
    first = await created(client, message("system", "input_text", id="a"), previous_item_id="root")
    third = await created(client, message("assistant", "text", id="c"), previous_item_id="b")
    assert [item.id for item in simulator.sessions[0].conversation] == ["a", "b", "c", "d"]
    assert (first["previous_item_id"], third["previous_item_id"]) == (None, "b")


async def test_the_first_item_of_a_cascaded_conversation_follows_an_empty_id(start, join):
    client = await join(await start(), model="gpt-4.1")
    assert (await created(client, message("user", "input_text")))["previous_item_id"] == ""


async def test_output_text_comes_back_as_text(client):
    event = await created(client, message("assistant", "output_text", "Hi"))
    assert event["item"]["content"] == [{"type": "text", "text": "Hi"}]


async def test_a_call_and_its_output_can_be_replayed(client):
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    assert (await created(client, call))["item"]["status"] == "completed"
    output = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
    assert "status" not in (await created(client, output))["item"]


@pytest.mark.parametrize(
    ("item", "param"),
    [
        (message("user", "text"), "item.content[0].type"),
        (message("assistant", "audio"), "item.content[0].type"),
        (message("developer", "input_text"), "item.role"),
        (message("user", "input_text", None), "item.content[0].text"),
        ({"type": "message", "role": "user", "content": []}, "item.content"),
        ({"type": "web_search_call"}, "item.type"),
        ({"type": "function_call", "call_id": "c", "name": "f"}, "item.arguments"),
        ({"type": "function_call_output", "call_id": "never", "output": ""}, "item.call_id"),
    ],
)
async def test_items_that_cannot_be_are_refused(client, item, param):
    assert (await refused(client, "conversation.item.create", item=item)).param == param


async def test_an_id_is_taken_once(client):
    item = message("user", "input_text", id="a")
    await created(client, item)
    assert (await refused(client, "conversation.item.create", item=item)).param == "item.id"


async def test_an_unknown_previous_item_is_refused_and_nothing_inserted(start, join):
    simulator = await start()
    client = await join(simulator)
    item = message("user", "input_text")
    error = await refused(client, "conversation.item.create", item=item, previous_item_id="nobody")
    assert error.param == "previous_item_id"
    assert simulator.sessions[0].conversation == ()


@pytest.mark.parametrize(
    ("event_type", "members"),
    [
        ("conversation.item.retrieve", {}),
        ("conversation.item.delete", {}),
        ("conversation.item.truncate", {"content_index": 0, "audio_end_ms": 0}),
        ("input_text.delta", {"id": "nobody", "delta": "x"}),
    ],
)
async def test_unknown_items_are_refused(client, event_type, members):
    given = members if "id" in members else {"item_id": "nobody", **members}
    assert "nobody" in (await refused(client, event_type, **given)).message


@pytest.mark.proves("conversation.item.delete", "conversation.item.deleted")
async def test_a_deleted_item_is_gone(start, join):
    simulator = await start()
    client = await join(simulator)
    await created(client, message("user", "input_text", id="a"))
    await client.send("conversation.item.delete", item_id="a")
    assert (await client.until("conversation.item.deleted"))["item_id"] == "a"
    assert simulator.sessions[0].conversation == ()


@pytest.mark.proves("input_text.delta", "input_text.done")
async def test_streamed_text_joins_its_item(client):
    await created(client, message("user", "input_text", "Hel", id="a"))
    await client.send("input_text.delta", id="a", delta="lo")
    await client.send("input_text.done", id="a")
    await client.send("response.create")
    assert spoken_text((await client.until("response.done"))["response"]) == "You said: Hello"


async def story(start, join, **options):
    simulator = await start(STORY, **options)
    client = await join(simulator)
    await client.ask("Tell me a story")
    session = simulator.sessions[0]
    return client, session, session.conversation[-1].id


async def test_a_truncated_item_loses_its_transcript_and_keeps_what_was_heard(start, join):
    client, session, item_id = await story(start, join)
    # Tones are 80 ms a word and 45 a letter, 40 apart, from 100 ms on: "a" begins at 805.
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=806)
    event = await client.until("conversation.item.truncated")
    assert (event["item_id"], event["content_index"], event["audio_end_ms"]) == (item_id, 0, 806)
    assert session.conversation[-1].content[0].transcript is None
    assert session.heard_text(item_id) == "Once upon a"
    await client.send("conversation.item.retrieve", item_id=item_id)
    part = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
    assert part["transcript"] is None
    assert len(base64.b64decode(part["audio"])) == pytest.approx(806 * 48, abs=2)


async def test_what_was_not_truncated_counts_as_heard(start, join):
    _, session, item_id = await story(start, join)
    assert session.heard_text(item_id) == "Once upon a time there was a fox."
    with pytest.raises(KeyError):
        session.heard_text("nobody")


async def test_an_item_is_not_cut_behind_its_end(start, join):
    client, _, item_id = await story(start, join)
    members = {"item_id": item_id, "content_index": 0, "audio_end_ms": 99999}
    error = await refused(client, "conversation.item.truncate", **members)
    assert error.code == "invalid_value"
    assert error.message.startswith("Audio content of ")
    assert error.message.endswith("ms is already shorter than 99999ms")


async def test_an_item_is_truncated_once(start, join):
    client, _, item_id = await story(start, join)
    members = {"item_id": item_id, "content_index": 0, "audio_end_ms": 100}
    await client.send("conversation.item.truncate", **members)
    await client.until("conversation.item.truncated")
    assert (await refused(client, "conversation.item.truncate", **members)).code == "item_already_truncated"


async def test_only_assistant_audio_can_be_truncated(start, join):
    client, session, _ = await story(start, join)
    members = {"item_id": session.conversation[0].id, "content_index": 0, "audio_end_ms": 0}
    assert (
        "Only model output audio" in (await refused(client, "conversation.item.truncate", **members)).message
    )


async def test_an_item_in_progress_can_be_truncated_to_what_was_sent(start, join):
    simulator = await start(STORY, speed=1)
    client = await join(simulator)
    await client.type("Tell me a story")
    await client.send("response.create")
    item_id = (await client.until("response.audio.delta"))["item_id"]
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=140)
    await client.until("conversation.item.truncated")
    await client.send("response.cancel")
    await client.until("response.done")
    assert simulator.sessions[0].conversation[-1].content[0].transcript is None
    assert simulator.sessions[0].heard_text(item_id) == "Once"


@pytest.mark.parametrize(
    ("event_type", "members"),
    [
        ("output_audio_buffer.clear", {}),
        ("session.avatar.connect", {"client_sdp": "x"}),
        ("input_audio.turn.start", {"turn_id": "1"}),
    ],
)
async def test_what_is_not_simulated_says_so(client, event_type, members):
    assert event_type in (await refused(client, event_type, **members)).message


async def test_members_that_do_not_fit_are_refused(client):
    error = await refused(
        client, "conversation.item.truncate", item_id="a", content_index="0", audio_end_ms=1
    )
    assert "content_index" in error.message


async def test_text_that_is_done_takes_no_more(client):
    await created(client, message("user", "input_text", "Hello", id="a"))
    await client.send("input_text.done", id="a")
    assert "complete" in (await refused(client, "input_text.delta", id="a", delta="!")).message


@pytest.mark.parametrize("index", [-1, 1])
async def test_text_is_streamed_into_a_part_that_is_there(client, index):
    await created(client, message("user", "input_text", "Hello", id="a"))
    assert (await refused(client, "input_text.delta", id="a", delta="!", content_index=index)).param == "id"


def image(url):
    part = {"type": "input_image", "image_url": url}
    return {"type": "message", "role": "user", "content": [part]}


@pytest.mark.parametrize(
    "url", ["cat.png", "data:text/plain;base64,AAAA", "data:image/png;base64,AAAA", "data:image/png;base64,?"]
)
async def test_what_is_no_image_is_refused(client, url):
    error = await refused(client, "conversation.item.create", item=image(url))
    assert error.param == "item.content[0].image_url"


async def test_an_image_too_large_to_look_at_is_refused(client):
    file = io.BytesIO()
    Image.new("1", (6000, 5000)).save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    error = await refused(client, "conversation.item.create", item=image(url))
    assert "25 megapixels" in error.message


async def test_an_image_is_refused_by_a_model_that_does_not_see(start, join):
    client = await join(await start(), model="gpt-4o-realtime-preview")
    error = await refused(client, "conversation.item.create", item=image("https://example.com/a.png"))
    assert "does not take images" in error.message
