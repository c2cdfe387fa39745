"""A bot whose connection is cut in the middle of a call, and that goes on as if nothing had happened.

python examples/dropped_connection.py
"""

import asyncio

from offline import call, print_conversation, voice_live
from pipecat_voicelive import RecoveryOptions, VoiceLiveLLMService

SCENARIO = {
    "greeting": "Hello, who is it?",
    "turns": [
        {"user": "My name is Ada.", "say": "Nice to meet you, Ada."},
        {"user": "What is my name?", "say": "You said that it is Ada."},
    ],
}


async def main() -> None:
    async with voice_live(SCENARIO, faults=["drop at response.done 2 in session 1"]) as service:
        llm = VoiceLiveLLMService(**service, recovery=RecoveryOptions(budget_s=30))

        @llm.event_handler("on_connection_lost")
        async def on_connection_lost(_llm, error):
            print(f"lost, with code {error.code}")

        @llm.event_handler("on_reconnected")
        async def on_reconnected(_llm, reconnected):
            print(f"another session goes on, attempt {reconnected.attempts}")

        context = await call(llm, None, "My name is Ada.", "What is my name?")
        print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
