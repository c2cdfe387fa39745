"""Answers that are cut short."""

from __future__ import annotations

from azure.ai.voicelive import models as m

from conformance.behaviours.core import (
    TELLING,
    Voices,
    behaviour,
    session_of,
)
from conformance.talk import RATE_HZ, Talk, expect, words_of


async def _begin_a_story(talk: Talk) -> m.ServerEventResponseAudioDelta:
    await talk.configure(session_of(talk.where))
    await talk.type("Tell me a story.")
    await talk.connection.response.create()
    return await talk.until(m.ServerEventResponseAudioDelta)


@behaviour(
    "interruption",
    "speech ends the running response (`turn_detected`); what was not heard is truncated",
    scenario=TELLING,
    speed=8.0,
)
async def _interruption(talk: Talk, voices: Voices) -> None:
    heard = await _begin_a_story(talk)
    await talk.say(voices.stop)
    await talk.until(m.ServerEventInputAudioBufferSpeechStarted)
    response = (await talk.until(m.ServerEventResponseDone)).response
    expect(response.status == "cancelled", f"the response is {response.status}")
    expect(response.status_details.reason == "turn_detected", f"because of {response.status_details}")
    expect(response.output[0].status == "incomplete", f"the item is {response.output[0].status}")
    sent = b"".join(event.delta for event in talk.of(m.ServerEventResponseAudioDelta))
    end_ms = len(sent) * 1000 // 2 // RATE_HZ // 2
    await talk.connection.conversation.item.truncate(
        item_id=heard.item_id, content_index=0, audio_end_ms=end_ms
    )
    truncated = await talk.until(m.ServerEventConversationItemTruncated)
    expect((truncated.item_id, truncated.audio_end_ms) == (heard.item_id, end_ms), "another truncation")
    expect(words_of(await talk.answered()) == "All right.", "another answer")


@behaviour(
    "cancel",
    "`response.cancel` ends the running response (`client_cancelled`)",
    scenario=TELLING,
    speed=8.0,
)
async def _cancel(talk: Talk, _voices: Voices) -> None:
    await _begin_a_story(talk)
    await talk.connection.response.cancel(event_id="cancelled")
    response = (await talk.until(m.ServerEventResponseDone)).response
    expect(response.status == "cancelled", f"the response is {response.status}")
    expect(response.status_details.reason == "client_cancelled", f"because of {response.status_details}")


@behaviour(
    "auto truncate",
    "with `auto_truncate` the service truncates what the caller interrupted, unasked",
    scenario=TELLING,
    speed=8.0,
)
async def _auto_truncate(talk: Talk, voices: Voices) -> None:
    turns = m.ServerVad(silence_duration_ms=500, auto_truncate=True)
    await talk.configure(session_of(talk.where, turn_detection=turns))
    await talk.type("Tell me a story.")
    await talk.connection.response.create()
    heard = await talk.until(m.ServerEventResponseAudioDelta)
    await talk.say(voices.stop)
    truncated = await talk.until(m.ServerEventConversationItemTruncated)
    expect(truncated.item_id == heard.item_id, "another item was truncated")
    await talk.connection.conversation.item.truncate(
        item_id=heard.item_id, content_index=0, audio_end_ms=0, event_id="again"
    )
    await talk.refused("again", "item_already_truncated")
