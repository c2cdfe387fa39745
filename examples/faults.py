"""A service that misbehaves, and a client that gets its answer all the same.

The first attempt to connect is refused, the first answer is cut off, and the session ends before its time.

    python examples/faults.py
"""

import asyncio

from pipecat_voicelive import ConnectionFailedError, VoiceLiveClient
from pipecat_voicelive.client import ConnectionLost
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator

SCENARIO = {"turns": [{"user": "Is it open today?", "say": "Yes, until six. The last tour begins at five."}]}
FAULTS = [
    "refuse 429 retry-after 1s at connect 1",
    "drop at response.audio.delta 2 in session 1",
]


async def ask(endpoint: str, question: str) -> str:
    """Ask until there is a whole answer."""
    while True:
        client = VoiceLiveClient(endpoint=endpoint, api_key="anything", model="gpt-realtime")
        try:
            async with client:
                client.send_text(question)
                words = ""
                async for signal in client:
                    match signal:
                        case effects.SpokenText(text=text):
                            words += text
                        case effects.ResponseFinished(response) if response.status == "completed":
                            return words
                        case ConnectionLost(error):
                            print(f"lost in the answer, code {error.code}")
        except ConnectionFailedError as error:
            print(f"refused with {error.status}, to be tried again in {error.retry_after_s:g} s")
            await asyncio.sleep(error.retry_after_s or 0)


async def expire(simulator: VoiceLiveSimulator) -> None:
    """Let a session end before its time."""
    async with VoiceLiveClient(
        endpoint=simulator.endpoint, api_key="anything", model="gpt-realtime"
    ) as client:
        simulator.sessions[-1].inject("expire after 100ms")
        async for signal in client:
            match signal:
                case effects.RequestRefused(error=error):
                    print(f"told: {error.code}")
                case ConnectionLost(error):
                    print(f"closed: {error.code}")


async def main() -> None:
    async with VoiceLiveSimulator(SCENARIO, faults=FAULTS) as simulator:
        print(f"bot: {await ask(simulator.endpoint, 'Is it open today?')}")
        await expire(simulator)
        for fault in simulator.faults.fired:
            print(f"happened: {fault}")


if __name__ == "__main__":
    asyncio.run(main())
