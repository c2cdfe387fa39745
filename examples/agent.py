"""Talk to a Foundry agent, and go on with the same conversation in a second call.

    python examples/agent.py

Against Azure, sign in with `az login` and put your agent's name and project below: agents take no key.
"""

import asyncio

from offline import call, print_conversation, voice_live
from pipecat_voicelive import FoundryAgent, VoiceLiveAgentEventFrame, VoiceLiveLLMService

SCENARIO = {
    "turns": [
        {"user": "Book me a table for two at eight.", "say": "Inside or on the terrace?"},
        {
            "user": "On the terrace, please.",
            "say": "A table for two at eight, on the terrace. See you tonight.",
            "events": [{"type": "booking", "persons": 2, "time": "20:00"}],
        },
    ]
}


async def token() -> str:
    return "a token of Entra ID, were this Azure"


async def main() -> None:
    def show(frame: object) -> None:
        if isinstance(frame, VoiceLiveAgentEventFrame):
            print(f"    event: {frame.event}")

    async with voice_live(SCENARIO) as connection:
        endpoint = connection["endpoint"]
        agent = FoundryAgent(name="restaurant", project="demo")
        llm = VoiceLiveLLMService(endpoint=endpoint, token_provider=token, agent=agent)
        print_conversation(await call(llm, "Book me a table for two at eight.", on_frame=show))

        print("... the line breaks; the caller rings again ...")
        again = FoundryAgent(name="restaurant", project="demo", conversation_id=llm.conversation_id)
        llm = VoiceLiveLLMService(endpoint=endpoint, token_provider=token, agent=again)
        print_conversation(await call(llm, "On the terrace, please.", on_frame=show))


if __name__ == "__main__":
    asyncio.run(main())
