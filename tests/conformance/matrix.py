"""Every behaviour, at every model and version: who has it, and where it came out wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import numpy as np
import soxr

from conformance.behaviours import BEHAVIOURS, QUESTION, Behaviour, Voices
from conformance.talk import RATE_HZ, talking
from conformance.wheres import Where
from mcp_servers import mcp_server
from pipecat_voicelive.simulator import Speaker, VoiceLiveSimulator, open_speaker

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one conversation.

    Attributes:
        where: The model and the version.
        behaviour: Its name.
        has: Whether the service is documented to have it there; else a refusal was looked for.
        wrong: What the simulator did wrong, "" for nothing.
    """

    where: Where
    behaviour: str
    has: bool
    wrong: str = ""


@contextlib.asynccontextmanager
async def callers() -> AsyncIterator[tuple[Speaker, Voices]]:
    """The simulator's mouth, and what callers say."""
    async with contextlib.AsyncExitStack() as cleanup:
        speaker = await open_speaker()
        cleanup.push_async_callback(speaker.aclose)
        sums = await cleanup.enter_async_context(mcp_server())
        stop = await said(speaker, "Stop, please, that is enough.")
        yield speaker, Voices(await said(speaker, QUESTION), stop, sums.url)


async def said(speaker: Speaker, text: str) -> bytes:
    """A caller's words as PCM of 24 kHz."""
    utterance = await speaker.speak(text, voice="en-us+m3", rate=1.2)
    samples = np.frombuffer(utterance.pcm, np.int16)
    return soxr.resample(samples, utterance.rate_hz, RATE_HZ).astype("<i2").tobytes()


async def run(
    wheres: Iterable[Where], speaker: Speaker, voices: Voices, behaviours: Iterable[str] = tuple(BEHAVIOURS)
) -> list[Outcome]:
    """Have every conversation; a simulator for each behaviour, some sessions at once."""
    outcomes: list[Outcome] = []
    for name in behaviours:
        behaviour = BEHAVIOURS[name]
        async with VoiceLiveSimulator(behaviour.scenario, speech=speaker, speed=behaviour.speed) as simulator:
            slots = asyncio.Semaphore(_AT_ONCE)
            outcomes += await asyncio.gather(
                *(
                    _one(simulator, behaviour, where, voices, slots)
                    for where in wheres
                    if where.api_version in behaviour.versions
                )
            )
    return outcomes


async def _one(
    simulator: VoiceLiveSimulator,
    behaviour: Behaviour,
    where: Where,
    voices: Voices,
    slots: asyncio.Semaphore,
) -> Outcome:
    has = behaviour.has(where)
    act = behaviour.act if has else behaviour.refused
    assert act is not None, f"{behaviour.name} is not had by {where}, and nothing says how it is refused"
    async with slots:
        try:
            async with talking(simulator, where) as talk:
                await act(talk, voices)
        except Exception as error:  # noqa: BLE001 - whatever it is, the conversation failed
            return Outcome(where, behaviour.name, has, f"{type(error).__name__}: {error}")
    return Outcome(where, behaviour.name, has)
