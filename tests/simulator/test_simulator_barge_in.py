"""The caller speaks while the assistant does."""

from voice_live_client import SPOKEN, tone

STORY = {
    "turns": [
        {"user": "Tell me a story", "say": "Once upon a time there was a very long story without any end."},
        {"user": "Stop", "say": "All right."},
    ]
}


async def begin(start, join, **turn_detection):
    """A session in the middle of an answer, at real time speed."""
    session = {"turn_detection": {"type": "server_vad", **turn_detection}}
    simulator = await start(STORY, speed=1)
    client = await join(simulator, session=session)
    await client.type("Tell me a story")
    await client.send("response.create")
    await client.until("response.audio.delta")
    return simulator, client


async def test_speech_stops_the_response(start, join):
    _, client = await begin(start, join)
    await client.append(tone(300))
    await client.until("response.done")
    types = client.types()
    onset = types.index("input_audio_buffer.speech_started")
    assert types[onset + 1 :] == [
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    done = client.raw[-1]["response"]
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert done["output"][0]["status"] == "incomplete"


async def test_the_turn_that_interrupted_is_answered(start, join):
    simulator, client = await begin(start, join)
    await client.append(SPOKEN)
    await client.until("response.done")
    created = await client.until("response.created")
    assert simulator.sessions[0].conversation[2].content[0].transcript is None
    assert created["response"]["status"] == "in_progress"
    await client.until("response.audio_transcript.delta", delta="All")


async def test_speech_need_not_stop_the_response(start, join):
    _, client = await begin(start, join, interrupt_response=False, create_response=False)
    await client.append(tone(300))
    await client.until("input_audio_buffer.speech_started")
    await client.until("response.audio.delta")


async def test_a_turn_beside_a_response_gets_none_of_its_own(start, join):
    _, client = await begin(start, join, interrupt_response=False)
    await client.append(SPOKEN)
    error = await client.refused()
    assert (error.code, error.event_id) == ("conversation_already_has_active_response", None)


async def test_the_service_cuts_what_was_playing_if_it_is_told_to(start, join):
    simulator, client = await begin(start, join, auto_truncate=True)
    item_id = client.of_type("response.output_item.added")[0]["item"]["id"]
    await client.append(tone(300))
    truncated = await client.until("conversation.item.truncated")
    assert truncated["item_id"] == item_id
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=0)
    assert (await client.refused()).code == "item_already_truncated"
    assert simulator.sessions[0].conversation[1].content[0].transcript is None
