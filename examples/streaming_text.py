"""Text that comes piece by piece, as it is typed: the model has its beginning before its end is known.

python examples/streaming_text.py
"""

import asyncio
from collections.abc import AsyncIterator

from offline import voice_live
from pipecat_voicelive import VoiceLiveClient
from pipecat_voicelive.session.effects import ResponseFinished, TextDelta

SCENARIO = {"turns": [{"user": "How far is it from Lisbon to Oslo?", "say": "About 2,740 kilometres."}]}


async def typing() -> AsyncIterator[str]:
    """What somebody types, word by word."""
    for word in ["How", "far", "is", "it", "from", "Lisbon", "to", "Oslo?"]:
        yield word + " "
        await asyncio.sleep(0.1)


async def main() -> None:
    async with (
        voice_live(SCENARIO) as connection,
        VoiceLiveClient(**connection, model="gpt-4.1", session={"modalities": ["text"]}) as client,
    ):
        with client.begin_text() as text:  # its end has it answered
            async for piece in typing():
                text.write(piece)
        print(f"you: {text.text}\nbot: ", end="")
        async for signal in client:
            if isinstance(signal, TextDelta):
                print(signal.delta, end="", flush=True)
            elif isinstance(signal, ResponseFinished):
                break
    # In a pipeline: await llm.send_text_stream(typing())
    print()


if __name__ == "__main__":
    asyncio.run(main())
