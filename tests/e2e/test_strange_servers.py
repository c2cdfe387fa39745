"""A service that says anything at all: the call goes on, or ends with one clear error; nothing is quoted."""

import json
import random

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    LLMRunFrame,
    ProposedUserStartedSpeakingFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from fuzz.choices import Choices
from fuzz.events import EVENTS, message

from .harness import calling

SECRET = "ocelot"
SPEECH_STARTED = '{"type":"input_audio_buffer.speech_started","item_id":"u_last","audio_start_ms":0}'


def errors(call):
    return [error.error for error in call.pushed_by_service(ErrorFrame, direction=FrameDirection.UPSTREAM)]


async def still_answers(call):
    """The bot can be asked something, and speaks."""
    heard = len(call.heard(TTSAudioRawFrame))
    await call.queue(LLMRunFrame())
    await call.until(lambda: len(call.heard(TTSAudioRawFrame)) > heard, "for an answer")


def nulled(event):
    """The event with null in every member but its type."""
    return {name: value if name == "type" else None for name, value in event.items()}


def numbered(event):
    return {name: value if name == "type" else 10**30 for name, value in event.items()}


ODD = {
    "lone surrogates": '{"type":"response.text.delta","delta":"\\ud800 ocelot"}',
    "not a number": '{"type":"response.done","response":{"id":"r","usage":NaN},"x":"ocelot"}',
    "endless nesting": '{"type":"ocelot.deep","x":' + "[" * 100_000 + "]" * 100_000 + "}",
    "a huge number": '{"type":"ocelot.huge","x":' + "9" * 100_000 + "}",
    "keys twice": '{"type":"response.done","type":"ocelot","response":{"id":1},"response":null}',
    "cut off": '{"type":"response.audio.delta","delta":"ocelot',
    "no object": '["ocelot"]',
    "a huge name": '{"type":"' + "ocelot " * 100_000 + '"}',
    "lines in a name": '{"type":"a\\nERROR ocelot\\u001b[31m"}',
    "a binary message": b"\x00\xff ocelot",
    "an empty message": "",
}


@pytest.mark.parametrize("kind", ODD)
async def test_a_message_that_makes_no_sense_is_passed_over_and_not_quoted(speaker, kind, caplog_loguru):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        for _ in range(3):
            await call.session.send_raw(ODD[kind])
        await call.bot_has_spoken()
        await still_answers(call)
        assert not errors(call)
    about = [line for line in caplog_loguru if "passed over" in line]
    assert len(about) == 1
    assert len(about[0]) < 400
    if "name" not in kind and "ocelot." not in str(ODD[kind]) and kind != "keys twice":
        assert SECRET not in "".join(caplog_loguru)


@pytest.mark.parametrize("damage", [nulled, numbered])
async def test_every_event_there_is_may_come_with_nonsense_in_every_member(speaker, damage, caplog_loguru):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.bot_has_spoken()
        for event in EVENTS:
            if not event["type"].startswith(("session.created", "error")):
                await call.session.send_raw(json.dumps(damage(event)))
        await still_answers(call)
    names = [line.split("'")[1] for line in caplog_loguru if "passed over" in line]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("seed", range(4))
async def test_after_hundreds_of_damaged_events_in_any_order_the_next_is_heard(speaker, seed):
    chance = random.Random(seed)
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.bot_has_spoken()
        for _ in range(300):
            await call.session.send_raw(message(Choices(chance.randbytes(100))))
        started = call.pushed_by_service
        before = len(started(ProposedUserStartedSpeakingFrame))
        await call.session.send_raw(SPEECH_STARTED)
        await call.until(
            lambda: len(started(ProposedUserStartedSpeakingFrame)) > before, "for what comes after it"
        )
        assert call.service.is_usable
        await call.worker.cancel()  # an end would wait for an answer that was made up
        await call.until(call.worker.has_finished, "for the pipeline to end")


async def test_a_type_invented_for_every_message_is_logged_a_hundred_times_and_not_more(
    speaker, caplog_loguru
):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.bot_has_spoken()
        for number in range(3000):
            await call.session.send_raw(f'{{"type":"invented.{number}"}}')
        await still_answers(call)
    about = [line for line in caplog_loguru if "passed over" in line]
    assert len(about) == 102  # that there are more, and how many there were
    assert "2900 events" in about[-1]
