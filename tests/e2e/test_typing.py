"""Typed text: in the middle of an answer, of a spoken turn, piece by piece."""

import asyncio

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InputTextRawFrame,
    InterruptionFrame,
    LLMConfigureOutputFrame,
    TTSTextFrame,
)

from pipecat_voicelive import VoiceLiveClient
from pipecat_voicelive.protocol.client_events import InputTextDeltaEvent, InputTextDoneEvent
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.simulator import VoiceLiveSimulator

from .harness import calling

LISBON = "Lisbon, on the river Tagus, since the thirteenth century."
CAPITALS = {
    "turns": [
        {
            "user": "What is the capital of Portugal?",
            "say": "Lisbon, on the river Tagus, since the thirteenth century.",
        },
        {"user": "And of Norway?", "say": "Oslo."},
    ]
}


async def pieces(*texts):
    for text in texts:
        await asyncio.sleep(0)
        yield text


def users(call):
    return [item.words for item in call.session.conversation if item.role == "user"]


@pytest.mark.proves("input_text.delta", "input_text.done", "feature.streaming-text")
async def test_text_that_is_streamed_is_one_item_and_answered_when_it_ends(speaker):
    async with calling(CAPITALS, speaker, greet=False) as call:
        await call.service.send_text_stream(pieces("What is ", "the capital ", "of Portugal?"))
        await call.bot_has_spoken()
        assert users(call) == ["What is the capital of Portugal?"]
        assert len(call.session.received("input_text.delta")) == 2
        assert len(call.session.received("response.create")) == 1
        await call.until(lambda: call.said, "for the context")
        assert call.said[-1][1].startswith("Lisbon")
    assert not call.seen(ErrorFrame)


async def test_a_stream_that_fails_is_not_answered_and_its_error_is_the_callers(speaker):
    async def breaks():
        yield "What is the capital"
        raise OSError("the keyboard came off")

    async with calling(CAPITALS, speaker, greet=False) as call:
        with pytest.raises(OSError, match="keyboard"):
            await call.service.send_text_stream(breaks())
        await call.session.wait_for_received("input_text.done")
        assert not call.session.received("response.create")


async def test_a_stream_goes_on_whole_in_a_conversation_that_begins_meanwhile(speaker):
    reset = asyncio.Event()

    async def slowly():
        yield "What is the capital "
        await reset.wait()
        yield "of Portugal?"

    async with calling(CAPITALS, speaker) as call:
        await call.bot_has_spoken()
        streaming = asyncio.create_task(call.service.send_text_stream(slowly()))
        await call.session.wait_for_received("conversation.item.create")
        await call.service.reset_conversation()
        reset.set()
        await streaming
        await call.until(lambda: len(call.sim.sessions) == 2, "for the new session")
        await call.bot_has_spoken(2)
        assert users(call) == ["What is the capital of Portugal?"]


async def test_without_pipecat_a_client_streams_text_in_a_with_block(speaker):
    async with (
        VoiceLiveSimulator(CAPITALS, speech=speaker, speed=50) as sim,
        VoiceLiveClient(endpoint=sim.endpoint, api_key="key", model="gpt-realtime") as client,
    ):
        with client.begin_text() as text:
            text.write("And of ")
            text.write("Norway?")
        said = ""
        async for signal in client:
            match signal:
                case fx.SpokenText(text=heard):
                    said += heard
                case fx.ResponseFinished():
                    break
        assert said == "Oslo."


@pytest.mark.parametrize(
    "event",
    [
        InputTextDeltaEvent(event_id="mine", id="item_of_nobody", delta="Hello"),
        InputTextDoneEvent(event_id="mine", id="item_of_nobody"),
    ],
)
async def test_text_for_an_item_that_is_not_there_is_refused(speaker, event):
    async with calling(CAPITALS, speaker, greet=False) as call:
        await call.service.send_client_event(event)
        (error,) = await call.session.wait_for_sent("error")
        assert (error.error.event_id, error.error.param) == ("mine", "id")


async def test_a_typed_line_during_an_answer_is_answered_after_it(speaker):
    async with calling(CAPITALS, speaker, greet=False, speed=2.0) as call:
        await call.queue(InputTextRawFrame(text="What is the capital of Portugal?"))
        await call.until(lambda: call.heard(TTSTextFrame), "for the answer to begin")
        await call.queue(InputTextRawFrame(text="And of Norway?"))
        await call.until(lambda: call.said and call.said[-1] == ("assistant", "Oslo."), "for both answers")
        assert call.said == [("assistant", LISBON), ("assistant", "Oslo.")]


async def test_a_typed_line_behind_an_interruption_cuts_the_answer_and_is_answered(speaker):
    async with calling(CAPITALS, speaker, greet=False, speed=1.0) as call:
        await call.queue(InputTextRawFrame(text="What is the capital of Portugal?"))
        await call.until(lambda: len(call.heard(TTSTextFrame)) > 2, "for the answer to begin")
        await call.queue(InterruptionFrame(), InputTextRawFrame(text="And of Norway?"))
        await call.until(lambda: call.said and call.said[-1] == ("assistant", "Oslo."), "for the answer")
        assert LISBON.startswith(call.said[0][1])
        assert call.said[0][1] != LISBON


async def test_a_line_typed_while_the_caller_speaks_is_in_the_conversation_before_the_answer(speaker):
    turns = [{"user": "Please note my address.", "say": "Noted."}, {"user": "12 Elm Road", "say": "?"}]
    async with calling({"turns": turns}, speaker, greet=False) as call:
        speaking = asyncio.create_task(call.say("Please note my address."))
        await call.session.wait_for_sent("input_audio_buffer.speech_started")
        await call.queue(InputTextRawFrame(text="12 Elm Road"))
        await speaking
        await call.bot_has_spoken()
        assert "12 Elm Road" in users(call)
        assert len(call.session.sent("response.created")) == 1


async def test_a_stream_is_answered_in_silence_if_answers_are_to_be_silent(speaker):
    async with calling(CAPITALS, speaker, greet=False) as call:
        await call.queue(LLMConfigureOutputFrame(skip_tts=True))
        await call.until(lambda: call.service.skips_speech, "for silence")
        await call.service.send_text_stream(pieces("What is ", "the capital ", "of Portugal?"))
        (request,) = await call.session.wait_for_received("response.create")
        assert request.response.modalities == ["text"]
        await call.until(lambda: call.said, "for the answer")
