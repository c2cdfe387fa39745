"""Pipecat asks for the answer that speaks of results, late or twice: it is given once."""

import asyncio

from pipecat.frames.frames import BotStartedSpeakingFrame, BotStoppedSpeakingFrame, LLMRunFrame, TTSSpeakFrame
from pipecat.services.llm_service import FunctionCallParams

from .harness import calling

SCENARIO = {
    "greeting": "Hello.",
    "turns": [
        {
            "user": "Please look both up.",
            "calls": [{"name": "quick"}, {"name": "slow"}],
            "then": "Both are fine.",
        },
        {"user": "Thank you.", "say": "You are welcome."},
    ],
}


async def test_results_that_were_spoken_of_are_not_spoken_of_again_when_pipecat_asks_late(speaker):
    speaking = asyncio.Event()

    async def quick(params: FunctionCallParams):
        """Look something up at once: Pipecat asks for the answer before it knows of the other call."""
        await params.result_callback({"found": 1})

    async def slow(params: FunctionCallParams):
        """Look something up while the bot speaks: Pipecat then asks when it has spoken."""
        await params.llm.push_frame(TTSSpeakFrame("One moment please, I am looking that up for you."))
        await speaking.wait()
        await params.result_callback({"found": 2})

    async with calling(SCENARIO, speaker, tools=[quick, slow], greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        begun = len(call.heard(BotStartedSpeakingFrame))
        await call.say("Please look both up.")
        await call.until(lambda: len(call.heard(BotStartedSpeakingFrame)) > begun, "for the words")
        speaking.set()
        await call.until(
            lambda: call.said[-1] == ("assistant", "Both are fine."), "for the answer that speaks of both"
        )
        await call.until(
            lambda: len(call.heard(BotStoppedSpeakingFrame)) == len(call.heard(BotStartedSpeakingFrame)),
            "for silence",
        )
        await call.say("Thank you.")
        await call.until(lambda: call.said[-1] == ("assistant", "You are welcome."), "for the next answer")
        assert call.said.count(("assistant", "Both are fine.")) == 1
        # The greeting, the given words, the results; the service answers spoken turns unasked.
        assert len(call.session.received("response.create")) == 3
