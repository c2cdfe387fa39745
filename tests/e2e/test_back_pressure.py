"""A peer that does not read, a pipeline that is stuck, a service that is fast: nothing blocks or grows."""

import asyncio
import base64
import gc
import time

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    ErrorFrame,
    FunctionCallInProgressFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from pipecat_voicelive import ConnectionOptions
from pipecat_voicelive.session.effects import Audio

from .harness import calling

MIB = 2**20
SECOND = 48_000
"""Bytes of a second of the bot's audio."""


def audio_held(call):
    """How much of the bot's audio is held anywhere in this process, in Pipecat's frames or in our signals."""
    call.watcher.pushes.clear()
    gc.collect()
    holders = [one for one in gc.get_objects() if isinstance(one, OutputAudioRawFrame | Audio)]
    return sum(len(one.audio) for one in holders)


def cuts(call):
    """What was told of dropped answers."""
    told = call.pushed_by_service(ErrorFrame, direction=FrameDirection.UPSTREAM)
    return [error.error for error in told if "dropped" in error.error]


class Valve(FrameProcessor):
    """Lets nothing of the bot's speech through while it is shut, as a transport whose socket is blocked."""

    def __init__(self):
        super().__init__()
        self.open = asyncio.Event()
        self.open.set()

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            await self.open.wait()
        await self.push_frame(frame, direction)


async def answer_of(call, seconds, response_id="resp_long", piece_s=1):
    """The service gives an answer of this length as fast as it can."""
    item = f"item_{response_id}"
    of = {"response_id": response_id, "item_id": item, "output_index": 0, "content_index": 0}
    send = call.session.send_event
    await send({"type": "response.created", "response": {"id": response_id, "status": "in_progress"}})
    message = {"id": item, "type": "message", "role": "assistant", "content": []}
    await send({"type": "response.output_item.added", "response_id": response_id, "item": message})
    audio = base64.b64encode(bytes(piece_s * SECOND)).decode()
    for _ in range(seconds // piece_s):
        await send({"type": "response.audio.delta", "delta": audio, **of})
        await send({"type": "response.audio_transcript.delta", "delta": "word ", **of})
    await send(
        {"type": "response.done", "response": {"id": response_id, "status": "completed", "output": []}}
    )


def bound(max_waiting_bytes):
    return {"api_key": "key", "connection_options": ConnectionOptions(max_waiting_bytes=max_waiting_bytes)}


async def test_a_blocked_pipeline_makes_nothing_grow_and_goes_on_when_it_can(speaker):
    valve = Valve()
    async with calling(
        {"greeting": "Hi."},
        speaker,
        downstream=[valve],
        service_options=bound(MIB),
    ) as call:
        await call.bot_has_spoken()
        before = len(call.pushed_by_service(TTSAudioRawFrame))
        valve.open.clear()
        await answer_of(call, 120)
        await call.until(lambda: cuts(call), "for the error")
        await answer_of(call, 120, "resp_second")
        await call.until(
            lambda: len(call.pushed_by_service(LLMFullResponseEndFrame)) == 3, "for the ends of the answers"
        )
        pushed = call.pushed_by_service(TTSAudioRawFrame)[before:]
        assert sum(len(frame.audio) for frame in pushed) < MIB + 2 * SECOND
        assert len(cuts(call)) == 2
        await call.queue(InterruptionFrame())
        valve.open.set()
        await call.queue(LLMRunFrame())
        heard = len(call.heard(TTSAudioRawFrame))
        await call.until(lambda: len(call.heard(TTSAudioRawFrame)) > heard, "for the next answer")
        assert len(cuts(call)) == 2


@pytest.mark.quiet
async def test_a_service_much_faster_than_real_time_stays_within_its_bound(speaker):
    """An hour of audio in one answer, which nobody would hear to its end."""
    async with calling({"greeting": "Hi."}, speaker, service_options=bound(8 * MIB)) as call:
        await call.bot_has_spoken()
        await answer_of(call, 3600, piece_s=4)
        ended = call.pushed_by_service
        await call.until(lambda: len(ended(LLMFullResponseEndFrame)) == 2, "for the answer's end")
        assert len(cuts(call)) == 1
        assert audio_held(call) < 8 * MIB + 10 * SECOND
        begun_s = time.monotonic()
        await call.queue(InterruptionFrame())
        await call.until(lambda: call.heard(BotStoppedSpeakingFrame), "for silence")
        assert time.monotonic() - begun_s < 0.5


async def test_what_an_interruption_drops_makes_room_for_the_next_answer(speaker):
    async with calling({"greeting": "Hi."}, speaker, service_options=bound(MIB)) as call:
        await call.bot_has_spoken()
        for number in range(6):
            await answer_of(call, 10, f"resp_{number}")
            ends = number + 2
            await call.until(
                lambda ends=ends: len(call.pushed_by_service(TTSStoppedFrame)) == ends, "for an answer's end"
            )
            frame = InterruptionFrame()
            await call.queue(frame)
            await call.until(lambda frame=frame: frame in call.heard(InterruptionFrame), "for silence")
        assert not cuts(call)


@pytest.mark.quiet
async def test_a_peer_that_reads_nothing_holds_up_neither_interruption_nor_cancel(speaker):
    async with calling(
        {"greeting": "A long greeting that goes on and on for quite a while."}, speaker
    ) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        call.session.inject("stop-reading")
        for _ in range(40):  # 25 MB, more than sockets hold and max_unsent_bytes allows
            await call.queue(InputAudioRawFrame(bytes(640_000), 16000, 1))
            await asyncio.sleep(0)
        frame = InterruptionFrame()
        begun_s = time.monotonic()
        await call.queue(frame)
        await call.until(lambda: frame in call.heard(InterruptionFrame), "for the interruption")
        assert time.monotonic() - begun_s < 0.1
        begun_s = time.monotonic()
        await call.worker.cancel()
        await call.until(call.worker.has_finished, "for the pipeline to end")
        assert time.monotonic() - begun_s < 2
        call.session.lift_faults()


async def test_slow_handlers_of_events_and_tools_hold_up_nothing_but_themselves(speaker):
    release = asyncio.Event()

    async def look(params):
        """Look it up."""
        await release.wait()
        await params.result_callback({"found": True})

    scenario = {
        "greeting": "Hi.",
        "turns": [
            {"user": "look", "call": {"name": "look", "arguments": {}}, "then": "Found."},
            {"user": "hello", "say": "Hello to you."},
        ],
    }
    async with calling(scenario, speaker, tools=[look]) as call:

        @call.service.event_handler("on_conversation_item_created")
        async def never_ends(_service, _item_id, _item):
            await release.wait()

        await call.bot_has_spoken()
        typed = [{"role": "user", "content": "look"}]
        await call.queue(LLMMessagesAppendFrame(typed, run_llm=True))
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        frame = InterruptionFrame()
        begun_s = time.monotonic()
        await call.queue(frame)
        await call.until(lambda: frame in call.heard(InterruptionFrame), "for the interruption")
        assert time.monotonic() - begun_s < 1
        await call.queue(LLMMessagesAppendFrame([{"role": "user", "content": "hello"}], run_llm=True))
        await call.bot_has_spoken(2)
        release.set()
