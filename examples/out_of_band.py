"""Ask the model about the conversation while it runs: nobody hears it, and the conversation does not know.

python examples/out_of_band.py
"""

import asyncio

from offline import voice_live
from pipecat_voicelive import ServiceError, VoiceLiveClient
from pipecat_voicelive.session.effects import ResponseFinished, TextDelta

SCENARIO = {
    "turns": [{"user": "My train is late again!", "say": "I am sorry. How late is it?"}],
    "asides": [{"about": "mood", "say": "annoyed"}],
}


async def main() -> None:
    async with (
        voice_live(SCENARIO) as connection,
        VoiceLiveClient(**connection, model="gpt-4.1", session={"modalities": ["text"]}) as client,
    ):
        client.send_text("My train is late again!")
        mood = asyncio.create_task(client.ask("Name the caller's mood in one word."))
        async for signal in client:
            match signal:
                case TextDelta(delta=text):
                    print(text, end="")
                case ResponseFinished():
                    print()
                    break
        try:
            async with asyncio.timeout(10):
                print("mood:", await mood)
        except ServiceError as error:
            print("could not be told:", error)


if __name__ == "__main__":
    asyncio.run(main())
