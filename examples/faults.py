"""A service that misbehaves, and a client that gets its answers all the same.

The first attempt to connect is refused, the connection is cut in the middle of an answer, and the session
ends before its time. The client opens another each time.

    python examples/faults.py
"""

import asyncio

from pipecat_voicelive import VoiceLiveClient
from pipecat_voicelive.client import ConnectionInterrupted, Reconnected, SessionExpiring
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator

SCENARIO = {"otherwise": "Yes, until six. The last tour begins at five."}
FAULTS = [
    "refuse 429 retry-after 1s at connect 1",
    "drop at response.audio.delta 2 in session 1",
    "expire after 2s in session 2",
]


async def main() -> None:
    async with VoiceLiveSimulator(SCENARIO, faults=FAULTS) as simulator:
        async with VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="anything", model="gpt-realtime"
        ) as client:
            client.send_text("Is it open today?")
            async for signal in client:
                match signal:
                    case ConnectionInterrupted(error):
                        print(f"lost in the answer, code {error.code}")
                    case SessionExpiring():
                        print("the session is about to end")
                    case Reconnected(planned=False):
                        print("there is another")
                        client.send_text("Is it open tomorrow?")
                    case Reconnected(planned=True):
                        print("there is another, and nobody noticed")
                        break
                    case effects.ResponseFinished(response) if response.status == "completed":
                        print("a whole answer")
        for fault in simulator.faults.fired:
            print(f"happened: {fault}")


if __name__ == "__main__":
    asyncio.run(main())
