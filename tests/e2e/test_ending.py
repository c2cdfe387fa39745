"""The end of a call: it waits for what is still to be said, and for nothing else."""

import asyncio

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    FunctionCallInProgressFrame,
    InterruptionFrame,
    LLMRunFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.services.llm_service import FunctionCallParams

from pipecat_voicelive import SessionProperties, VoiceLiveLLMService, VoiceLiveLLMSettings

from .harness import calling
from .test_tools import WEATHER
from .test_turns import STORY

SOON_S = 4
"""Less than any wait for an answer that does not come."""


class Gate:
    """A token provider that keeps the service connecting until it is opened."""

    def __init__(self):
        self.asked, self._open = asyncio.Event(), asyncio.Event()

    def open(self):
        self._open.set()

    async def __call__(self):
        self.asked.set()
        await self._open.wait()
        return "token"


async def end_has_come(call):
    """Wait until an end frame has reached the service."""

    def has_come():
        ends = [push for push in call.watcher.pushes if isinstance(push.frame, EndFrame)]
        return any(push.destination is call.service for push in ends)

    await call.until(has_come, "for the end frame")


async def ends_soon(call):
    async with asyncio.timeout(SOON_S):
        await call.until(call.worker.has_finished, "for the end")


async def test_an_end_behind_the_first_run_waits_for_the_connection_and_the_greeting(speaker):
    gate = Gate()
    options = {"token_provider": gate}
    async with calling({"greeting": "Hello."}, speaker, service_options=options, await_ready=False) as call:
        await gate.asked.wait()
        await call.queue(EndFrame())
        await end_has_come(call)
        gate.open()
        await call.until(call.worker.has_finished, "for the end")
        assert call.said == [("assistant", "Hello.")]


async def test_an_end_while_connecting_does_not_wait_if_nothing_was_asked_for(speaker):
    gate = Gate()
    options = {"token_provider": gate}
    async with calling({}, speaker, service_options=options, await_ready=False, greet=False) as call:
        await gate.asked.wait()
        await call.queue(EndFrame())
        await ends_soon(call)


async def test_an_end_does_not_wait_for_a_connection_that_fails(speaker):
    gate = Gate()

    async def fail():
        await gate()
        raise RuntimeError

    options = {"token_provider": fail}
    async with calling({}, speaker, service_options=options, await_ready=False) as call:
        await gate.asked.wait()
        await call.queue(EndFrame())
        gate.open()
        await ends_soon(call)


async def test_an_end_does_not_wait_for_a_session_whose_options_were_refused(speaker):
    settings = VoiceLiveLLMSettings(
        session_properties=SessionProperties(modalities=["audio"], input_audio_transcription=None)
    )
    async with calling({}, speaker, settings=settings, await_ready=False) as call:
        await call.until(lambda: call.seen(ErrorFrame), "for the refusal")
        await call.queue(EndFrame())
        await ends_soon(call)


async def test_an_end_does_not_wait_for_the_model_to_speak_of_a_cancelled_call(speaker):
    async def get_weather(params: FunctionCallParams, city: str):
        """Get the weather in a city, slowly.

        Args:
            city: The city.
        """
        await asyncio.Event().wait()

    async with calling(WEATHER, speaker, tools=[get_weather], greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.queue(InterruptionFrame(), EndFrame())
        await ends_soon(call)
        assert len(call.session.received("response.create")) == 1


async def test_an_interruption_ends_the_wait(speaker):
    async with calling({"greeting": STORY}, speaker, speed=1.0) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        await call.queue(EndFrame())
        await end_has_come(call)
        await call.service.queue_frame(InterruptionFrame())
        await ends_soon(call)


async def test_two_ends_are_one_end(speaker):
    goodbye = "Goodbye, it was a pleasure to talk to you."
    async with calling({"greeting": goodbye}, speaker, speed=2.0) as call:
        await call.until(lambda: call.session.sent("response.created"), "for the answer to begin")
        await call.queue(EndFrame())
        await end_has_come(call)
        await call.service.queue_frame(EndFrame())
        await call.until(call.worker.has_finished, "for the end")
        assert "".join(frame.text for frame in call.heard(TTSTextFrame)) == goodbye
        assert len(call.pushed_by_service(EndFrame)) == 1


async def test_a_service_that_was_never_set_up_can_be_cleaned_up():
    service = VoiceLiveLLMService(endpoint="ws://127.0.0.1:1", api_key="key")
    await service.cleanup()
    await service.cleanup()
