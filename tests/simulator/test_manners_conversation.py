"""What the client does to the conversation: audio, items, responses; how that is answered and refused."""

import base64

import pytest
from voice_live_client import SPOKEN, spoken_text, tone

STORY = {"turns": [{"user": "Tell me a story", "say": "Once upon a time there was a fox.", "repeat": True}]}
WEATHER = {"turns": [{"user": "Weather?", "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}}}]}
TOOL = {"type": "function", "name": "get_weather"}
USER = "conversation.item.created"


def message(role="user", part_type="input_text", text="x", **members):
    return {"type": "message", "role": role, "content": [{"type": part_type, "text": text}], **members}


async def refused(client, event_type, **members):
    """The error that an event brings; it quotes the event."""
    await client.send(event_type, event_id="mine", **members)
    error = await client.refused()
    assert (error.type, error.event_id) == ("invalid_request_error", "mine")
    return error


async def created(client, item, **members):
    await client.send("conversation.item.create", item=item, **members)
    return await client.until(USER)


async def told(start, join, **options):
    """A client that was told a story, its session, and the id of the answer."""
    simulator = await start(STORY, **options)
    client = await join(simulator)
    await client.ask("Tell me a story")
    session = simulator.sessions[0]
    return client, session, session.conversation[-1].id


# Audio


@pytest.mark.proves("rule.append-bad-base64")
@pytest.mark.parametrize(
    ("audio", "got"),
    [
        ("not base64!", "an invalid value"),
        ("", "empty bytes"),
        ("b2Rk", "3 bytes, which is no multiple of 2"),
    ],
)
async def test_what_is_no_audio_is_refused(client, audio, got):
    error = await refused(client, "input_audio_buffer.append", audio=audio)
    assert (error.code, error.param) == ("invalid_value", "audio")
    assert error.message.endswith(f"but got {got}.")


@pytest.mark.proves("rule.append-bad-base64")
async def test_two_channels_come_in_multiples_of_four_bytes(client):
    echo = {"type": "server_echo_cancellation", "reference_source": "client", "channels": 2}
    await client.configure(input_audio_echo_cancellation=echo)
    error = await refused(client, "input_audio_buffer.append", audio=base64.b64encode(bytes(6)).decode())
    assert "no multiple of 4" in error.message
    await client.append(bytes(8))
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")


@pytest.mark.proves("rule.append-silent")
async def test_audio_that_is_taken_is_answered_by_nothing(client):
    await client.append(bytes(4800))
    await client.send("input_audio_buffer.clear")
    assert (await client.next())["type"] == "input_audio_buffer.cleared"
    error = await refused(client, "input_audio_buffer.append", audio="AAAA" * (5 * 1024 * 1024 + 1))
    assert (error.code, error.param) == ("invalid_value", "audio")


@pytest.mark.proves("rule.commit-too-short")
@pytest.mark.parametrize("audio_ms", [0, 99])
async def test_a_commit_of_less_than_a_tenth_of_a_second_is_refused(client, audio_ms):
    await client.configure(turn_detection=None)
    if audio_ms:
        await client.append(tone(audio_ms))
    error = await refused(client, "input_audio_buffer.commit")
    assert (error.code, error.param) == ("input_audio_buffer_commit_empty", None)
    assert error.message.endswith(f"buffer only has {audio_ms:.2f}ms of audio.")


@pytest.mark.proves("rule.commit-asks-for-nothing")
async def test_a_commit_makes_an_item_and_no_response(client):
    await client.configure(turn_detection=None)
    await client.append(tone(500))
    await client.send("input_audio_buffer.commit")
    await client.until("input_audio_buffer.committed")
    item = (await client.until(USER))["item"]
    assert (item["role"], item["content"][0]["type"]) == ("user", "input_audio")
    await client.send("input_audio_buffer.clear")
    assert (await client.next())["type"] == "input_audio_buffer.cleared"


@pytest.mark.proves("rule.voice-turn-order")
@pytest.mark.parametrize(
    ("model", "order"),
    [
        ("gpt-realtime", ["committed", "created", "done", "response.created", "transcript"]),
        ("gpt-4.1", ["committed", "transcript", "created", "response.created"]),
    ],
)
async def test_a_voice_turn_has_the_order_of_its_pipeline(start, join, model, order):
    session = {"input_audio_transcription": {"model": "azure-speech"}}
    client = await join(await start(STORY), model=model, session=session)
    await client.append(SPOKEN)
    await client.until("response.done")
    names = {
        "input_audio_buffer.committed": "committed",
        "conversation.item.done": "done",
        "response.created": "response.created",
        "conversation.item.input_audio_transcription.completed": "transcript",
    }
    found = []
    for event in client.raw:
        if event["type"] == USER and event["item"]["role"] == "user":
            found.append("created")
            transcript = event["item"]["content"][0]["transcript"]
            assert transcript == (None if model == "gpt-realtime" else "Tell me a story")
        elif event["type"] in names:
            found.append(names[event["type"]])
    assert found == order


# Items


@pytest.mark.proves("rule.item-echo")
async def test_an_item_comes_back_as_the_service_keeps_it(client):
    item = (await created(client, message(text="Hello", id="my-item")))["item"]
    assert item == {**message(text="Hello", id="my-item"), "object": "realtime.item", "status": "completed"}
    assert (await created(client, message()))["item"]["id"].startswith("item_")
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    await created(client, call)
    output = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
    assert "status" not in (await created(client, output))["item"]


@pytest.mark.proves("rule.item-types")
@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        ({"type": "web_search_call"}, "invalid_value", "item.type"),
        ({"type": "mcp_call", "name": "f"}, "invalid_value", "item.type"),
        ({"role": "user"}, "missing_required_parameter", "item.type"),
        ({"type": "message", "content": []}, "missing_required_parameter", "item.role"),
        ({"type": "message", "role": "user"}, "missing_required_parameter", "item.content"),
        (
            {"type": "function_call", "call_id": "c", "name": "f"},
            "missing_required_parameter",
            "item.arguments",
        ),
        ({"type": "function_call_output", "call_id": "c"}, "missing_required_parameter", "item.output"),
        ({"type": "mcp_approval_response", "approve": True}, "missing_required_parameter", "item.approval_r"),
    ],
)
async def test_an_item_of_another_type_or_half_an_item_is_refused(client, item, code, param):
    error = await refused(client, "conversation.item.create", item=item)
    assert error.code == code
    assert str(error.param).startswith(param)


@pytest.mark.proves("rule.wrong-type")
async def test_arguments_and_outputs_are_texts(client):
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": {"city": "Lisbon"}}
    error = await refused(client, "conversation.item.create", item=call)
    assert (error.code, error.param) == ("invalid_type", "item.arguments")
    assert error.message == (
        "Invalid type for 'item.arguments': expected a string, but got an object instead."
    )
    output = {"type": "function_call_output", "call_id": "c", "output": {"sunny": True}}
    assert (await refused(client, "conversation.item.create", item=output)).param == "item.output"


@pytest.mark.proves("rule.message-parts")
@pytest.mark.parametrize(
    ("item", "param"),
    [
        (message("user", "text"), "item.content[0].type"),
        (message("system", "text"), "item.content[0].type"),
        (message("assistant", "audio"), "item.content[0].type"),
        (message("developer"), "item.role"),
        (message(text=None), "item.content[0].text"),
        ({"type": "message", "role": "user", "content": [{"type": "input_audio"}]}, "item.content[0].audio"),
    ],
)
async def test_a_message_has_the_parts_of_its_role(client, item, param):
    assert (await refused(client, "conversation.item.create", item=item)).param == param
    assert (await created(client, message("assistant", "output_text", "Hi")))["item"]["content"] == [
        {"type": "text", "text": "Hi"}
    ]


@pytest.mark.proves("rule.append-bad-base64")
async def test_audio_of_an_item_that_is_none_is_refused(client):
    item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "?"}]}
    error = await refused(client, "conversation.item.create", item=item)
    assert (error.code, error.param) == ("invalid_value", "item.content[0].audio")


@pytest.mark.proves("rule.item-place")
async def test_items_go_where_they_are_told_or_nowhere(start, join):
    simulator = await start()
    client = await join(simulator)
    await created(client, message(id="b"), previous_item_id="")
    await created(client, message(id="d"))
    await created(client, message(id="a"), previous_item_id="root")
    await created(client, message(id="c"), previous_item_id="b")
    error = await refused(client, "conversation.item.create", item=message(id="e"), previous_item_id="nobody")
    assert (error.code, error.param) == ("invalid_value", "previous_item_id")
    assert [item.id for item in simulator.sessions[0].conversation] == ["a", "b", "c", "d"]


@pytest.mark.proves("rule.duplicate-item")
async def test_an_id_is_taken_once(client):
    await created(client, message(id="a"))
    error = await refused(client, "conversation.item.create", item=message(id="a"))
    assert (error.code, error.param) == ("item_create_duplicate_item_id", "item.id")
    assert error.message == "Error adding item: an item with id 'a' already exists."


@pytest.mark.proves("rule.unknown-item")
@pytest.mark.parametrize(
    ("action", "members", "message"),
    [
        ("retrieve", {}, "Error retrieving item: the item with id 'nobody' does not exist."),
        ("delete", {}, "Error deleting item: the item with id 'nobody' does not exist."),
        ("truncate", {"content_index": 0, "audio_end_ms": 0}, "Item with item_id not found: nobody"),
    ],
)
async def test_an_unknown_item_is_refused_by_what_was_to_be_done(client, action, members, message):
    error = await refused(client, f"conversation.item.{action}", item_id="nobody", **members)
    assert (error.code, error.param) == (f"item_{action}_invalid_item_id", "item_id")
    assert error.message == message


@pytest.mark.proves("rule.unknown-item")
async def test_an_item_is_deleted_once(client):
    await created(client, message(id="a"))
    await client.send("conversation.item.delete", item_id="a")
    await client.until("conversation.item.deleted", item_id="a")
    assert (await refused(client, "conversation.item.delete", item_id="a")).param == "item_id"


@pytest.mark.proves("rule.missing-member")
async def test_a_member_of_an_event_that_is_missing_is_named(client):
    error = await refused(client, "conversation.item.truncate", item_id="a", content_index=0)
    assert (error.code, error.param) == ("missing_required_parameter", "audio_end_ms")
    error = await refused(client, "conversation.item.create")
    assert (error.code, error.param) == ("missing_required_parameter", "item")


@pytest.mark.proves("rule.wrong-type")
async def test_a_member_of_an_event_of_the_wrong_type_is_named(client):
    error = await refused(
        client, "conversation.item.truncate", item_id="a", content_index="0", audio_end_ms=1
    )
    assert (error.code, error.param) == ("invalid_type", "content_index")
    assert error.message == "Invalid type for 'content_index': expected an integer, but got a string instead."


@pytest.mark.proves("rule.output-of-unknown-call")
async def test_an_output_needs_a_call(client):
    output = {"type": "function_call_output", "call_id": "never", "output": ""}
    error = await refused(client, "conversation.item.create", item=output)
    assert (error.code, error.message) == (
        "invalid_tool_call_id",
        "Tool call ID 'never' not found in conversation.",
    )


def cut(item_id, end_ms, index=0):
    return {"item_id": item_id, "content_index": index, "audio_end_ms": end_ms}


@pytest.mark.proves("rule.truncate-other-items")
async def test_only_spoken_answers_can_be_truncated(start, join):
    client, session, _ = await told(start, join)
    error = await refused(client, "conversation.item.truncate", **cut(session.conversation[0].id, 0))
    assert (error.code, error.param) == ("unsupported_content_type", "item_id")
    await client.configure(modalities=["text"])
    written = (await client.ask("Tell me a story"))["output"][0]["id"]
    assert (await refused(client, "conversation.item.truncate", **cut(written, 0))).param == "item_id"


@pytest.mark.proves("rule.truncate-content-index")
async def test_an_answer_has_one_part(start, join):
    client, _, item_id = await told(start, join)
    error = await refused(client, "conversation.item.truncate", **cut(item_id, 100, 1))
    assert (error.code, error.param) == ("invalid_value", "content_index")


@pytest.mark.proves("rule.truncate-past-audio")
async def test_an_answer_is_not_cut_behind_its_end(start, join):
    client, _, item_id = await told(start, join)
    error = await refused(client, "conversation.item.truncate", **cut(item_id, 99999))
    assert (error.code, error.param) == ("invalid_value", "audio_end_ms")
    assert error.message.startswith("Audio content of ")
    assert error.message.endswith("ms is already shorter than 99999ms")
    error = await refused(client, "conversation.item.truncate", **cut(item_id, -1))
    assert error.code == "integer_below_min_value"


@pytest.mark.proves("rule.truncate-twice", "rule.truncated-loses-words")
async def test_an_answer_is_cut_once_and_loses_its_words(start, join):
    client, _, item_id = await told(start, join)
    await client.send("conversation.item.truncate", **cut(item_id, 500))
    assert (await client.until("conversation.item.truncated"))["audio_end_ms"] == 500
    error = await refused(client, "conversation.item.truncate", **cut(item_id, 100))
    assert error.code == "item_already_truncated"
    await client.send("conversation.item.retrieve", item_id=item_id)
    part = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
    assert part["transcript"] is None
    assert abs(len(base64.b64decode(part["audio"])) - 500 * 48) <= 2


@pytest.mark.proves("rule.streamed-text-id")
async def test_streamed_text_names_its_item_but_for_one_version(start, join):
    simulator = await start()
    client = await join(simulator)
    await created(client, message(text="Hel", id="a"))
    await client.send("input_text.delta", id="a", delta="lo")
    assert (await refused(client, "input_text.delta", delta="x")).code == "missing_required_parameter"
    assert simulator.sessions[0].conversation[0].words == "Hello"
    preview = await join(simulator, api_version="2026-06-01-preview")
    assert (await refused(preview, "input_text.delta", id="a", delta="x")).code == "unknown_parameter"
    await preview.send("input_text.delta", delta="Hello")
    await preview.send("input_text.done")
    assert (await preview.until(USER))["item"]["content"][0]["text"] == "Hello"


# Responses


@pytest.mark.proves("rule.answer-order", "rule.item-status-while-made")
@pytest.mark.parametrize(
    ("model", "status", "prefix", "first", "conversation"),
    [("gpt-realtime", "in_progress", "item_", None, "conv_"), ("gpt-4.1", "incomplete", "msg_", "", "")],
)
async def test_a_spoken_answer_has_its_order_and_the_looks_of_its_pipeline(
    start, join, model, status, prefix, first, conversation
):
    client = await join(await start(STORY), model=model)
    done = await client.ask("Tell me a story")
    user, *_ = client.of_type(USER)
    added = client.of_type("response.output_item.added")[0]["item"]
    assert (user["previous_item_id"], added["status"]) == (first, status)
    assert added["id"].startswith(prefix)
    assert done["conversation_id"].startswith(conversation)
    assert bool(done["conversation_id"]) == bool(conversation)
    order = list(dict.fromkeys(client.types()[client.types().index("response.created") :]))
    assert order == [
        "response.created",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.audio_transcript.delta",
        "response.audio.delta",
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert (done["status"], spoken_text(done)) == ("completed", "Once upon a time there was a fox.")
    assert done["usage"]["total_tokens"] > 0


@pytest.mark.proves("rule.cache-writes-cascaded")
@pytest.mark.parametrize(("model", "counted"), [("gpt-realtime", False), ("gpt-4.1", True)])
async def test_only_cascaded_sessions_count_what_is_written_to_the_cache(start, join, model, counted):
    client = await join(await start(), model=model)
    usage = (await client.ask("Hello"))["usage"]
    assert ("cache_write_tokens" in usage["input_token_details"]) == counted


@pytest.mark.proves("rule.written-part-is-empty")
async def test_the_part_of_a_written_answer_ends_empty(client):
    await client.configure(modalities=["text"])
    done = await client.ask("Hello")
    (part,) = client.of_type("response.content_part.done")
    assert part["part"] == {"type": "text", "text": ""}
    assert client.of_type("response.text.done")[0]["text"] == spoken_text(done) != ""


@pytest.mark.proves("rule.call-order")
async def test_a_call_is_told_from_empty_arguments_to_its_name(start, join):
    client = await join(await start(WEATHER), session={"tools": [TOOL]})
    await client.ask("Weather?")
    order = list(dict.fromkeys(client.types()[client.types().index("response.created") :]))
    assert order == [
        "response.created",
        "response.output_item.added",
        "conversation.item.created",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.done",
    ]
    assert client.of_type("response.output_item.added")[0]["item"]["arguments"] == ""
    assert client.of_type("response.function_call_arguments.done")[0]["name"] == "get_weather"


@pytest.mark.proves("rule.cancelled-response")
async def test_a_cancelled_response_closes_what_it_began(start, join):
    client = await join(await start(STORY, speed=1))
    await client.type("Tell me a story")
    await client.send("response.create")
    await client.until("response.audio.delta")
    await client.send("response.cancel")
    done = (await client.until("response.done"))["response"]
    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled")
    assert [item["status"] for item in done["output"]] == ["incomplete"]


@pytest.mark.proves("rule.cancel-without-response")
async def test_another_response_than_the_running_one_is_not_cancelled(start, join):
    client = await join(await start(STORY, speed=1))
    await client.type("Tell me a story")
    await client.send("response.create")
    running = (await client.until("response.created"))["response"]["id"]
    assert (await refused(client, "response.cancel", response_id="resp_x")).code == (
        "response_cancel_not_active"
    )
    await client.send("response.cancel", response_id=running)
    assert (await client.until("response.done"))["response"]["status"] == "cancelled"


@pytest.mark.proves("rule.speech-stops-response")
@pytest.mark.parametrize("interrupts", [True, False])
async def test_speech_stops_a_response_unless_it_may_not(start, join, interrupts):
    turns = {"type": "server_vad", "interrupt_response": interrupts, "create_response": False}
    client = await join(await start(STORY, speed=4), session={"turn_detection": turns})
    await client.type("Tell me a story")
    await client.send("response.create")
    await client.until("response.audio.delta")
    await client.append(SPOKEN)
    done = (await client.until("response.done"))["response"]
    assert done["status"] == ("cancelled" if interrupts else "completed")
    if interrupts:
        assert done["status_details"]["reason"] == "turn_detected"


@pytest.mark.proves("rule.response-modalities")
async def test_a_response_is_written_or_spoken_as_its_model_can(start, join):
    simulator = await start()
    client = await join(simulator)
    for modalities in (["audio"], ["avatar"], ["video", "text"]):
        error = await refused(client, "response.create", response={"modalities": modalities})
        assert (error.code, error.param) == ("invalid_value", "response.modalities")
    own = await join(simulator, model="azure-realtime")
    both = {"modalities": ["text", "audio"]}
    assert (await refused(own, "response.create", response=both)).param == "response.modalities"
    await own.send("response.create", response={"modalities": ["audio"]})
    await own.until("response.done")


@pytest.mark.proves("rule.response-metadata")
async def test_metadata_of_a_response_comes_back(client):
    await client.send("response.create", response={"metadata": {"mine": "1"}})
    for event_type in ("response.created", "response.done"):
        assert (await client.until(event_type))["response"]["metadata"] == {"mine": "1"}


@pytest.mark.proves("rule.response-commit")
async def test_a_response_that_is_not_committed_answers_and_is_forgotten(start, join):
    simulator = await start(STORY)
    client = await join(simulator)
    await client.type("Tell me a story")
    await client.send("response.create", response={"commit": False})
    done = (await client.until("response.done"))["response"]
    assert spoken_text(done) == "Once upon a time there was a fox."
    assert [item.role for item in simulator.sessions[0].conversation] == ["user"]
    assert len(client.of_type(USER)) == 1


@pytest.mark.proves("rule.response-out-of-band")
async def test_a_response_out_of_band_leaves_the_conversation_alone(start, join):
    simulator = await start()
    client = await join(simulator)
    await client.send("response.create", response={"conversation": "none"})
    assert (await client.until("response.done"))["response"]["conversation_id"] is None
    assert simulator.sessions[0].conversation == ()
    error = await refused(client, "response.create", response={"conversation": "mine"})
    assert error.param == "response.conversation"


@pytest.mark.proves("rule.input-items")
async def test_a_response_looks_at_the_items_it_is_given(start, join):
    client = await join(await start(STORY))
    asked = {"input_items": [message(text="Tell me a story")]}
    await client.send("response.create", response=asked)
    assert spoken_text((await client.until("response.done"))["response"]).startswith("Once upon")
    asked["append_input_items"] = [message("user", "text")]
    error = await refused(client, "response.create", response=asked)
    assert error.param == "response.append_input_items[0].content[0].type"


@pytest.mark.proves("rule.invoke-input")
async def test_input_for_an_agent_needs_one(client):
    error = await refused(client, "response.create", response={"invoke_input": {"a": 1}})
    assert (error.code, error.param) == ("invalid_value", "response.invoke_input")


@pytest.mark.proves("rule.pre-generated-message")
@pytest.mark.parametrize("role", ["assistant", "user"])
async def test_a_message_that_is_given_is_spoken_if_it_is_one(client, role):
    given = message(role, "text", "Good morning.")
    if role == "user":
        error = await refused(client, "response.create", response={"pre_generated_assistant_message": given})
        assert error.param == "response.pre_generated_assistant_message"
        return
    await client.send("response.create", response={"pre_generated_assistant_message": given})
    assert spoken_text((await client.until("response.done"))["response"]) == "Good morning."


@pytest.mark.proves("rule.unsupported-value", "rule.wrong-type", "rule.number-out-of-range")
@pytest.mark.parametrize(
    ("response", "code"),
    [
        ({"output_audio_format": "mp3"}, "invalid_value"),
        ({"reasoning_effort": "huge"}, "invalid_value"),
        ({"temperature": 2}, "decimal_above_max_value"),
        ({"max_output_tokens": 9999}, "integer_above_max_value"),
        ({"instructions": 1}, "invalid_type"),
        ({"commit": "no"}, "invalid_type"),
        ({"voice": {"type": "openai", "name": "nobody"}}, "invalid_value"),
    ],
)
async def test_an_option_of_a_response_that_will_not_do_is_refused(client, response, code):
    error = await refused(client, "response.create", response=response)
    (name,) = response
    assert error.code == code
    assert str(error.param).startswith(f"response.{name}")


@pytest.mark.proves("rule.token-limit-cuts")
@pytest.mark.parametrize("modalities", [["text"], ["text", "audio"]])
async def test_an_answer_ends_where_its_tokens_do(start, join, modalities):
    session = {"modalities": modalities, "max_response_output_tokens": 4}
    client = await join(await start(STORY), session=session)
    done = await client.ask("Tell me a story")
    assert (done["status"], done["status_details"]["reason"]) == ("incomplete", "max_output_tokens")
    assert (spoken_text(done), done["output"][0]["status"]) == ("Once upon a time", "incomplete")
    await client.send("response.create", response={"max_output_tokens": 100})
    assert (await client.until("response.done"))["response"]["status"] == "completed"


@pytest.mark.proves("rule.token-limit-cuts")
async def test_a_call_that_is_cut_has_no_whole_arguments(start, join):
    session = {"tools": [TOOL], "max_response_output_tokens": 2}
    client = await join(await start(WEATHER), session=session)
    done = await client.ask("Weather?")
    assert (done["status"], done["output"][0]["arguments"]) == ("incomplete", '{"city":')
