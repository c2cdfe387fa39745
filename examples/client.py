"""Voice Live without Pipecat: ask, hear, run a tool, read what it cost.

python examples/client.py
"""

import asyncio
import json

from offline import voice_live
from pipecat_voicelive import FunctionTool, SessionProperties, VoiceLiveClient
from pipecat_voicelive.session import effects

SCENARIO = {
    "turns": [
        {
            "user": "When does the next ferry leave?",
            "call": {"name": "next_ferry", "arguments": {"pier": "north"}},
            "then": "At {result.time}, from the north pier.",
        }
    ]
}
OPTIONS = SessionProperties(
    instructions="You know the ferries.",
    voice="marin",
    turn_detection=None,
    tools=[
        FunctionTool(
            name="next_ferry",
            description="When the next ferry leaves.",
            parameters={"type": "object", "properties": {"pier": {"type": "string"}}},
        )
    ],
)


async def main() -> None:
    async with (
        voice_live(SCENARIO) as connection,
        VoiceLiveClient(**connection, model="gpt-realtime", session=OPTIONS) as client,
    ):
        client.send_text("When does the next ferry leave?")
        heard, words = bytearray(), ""
        async for signal in client:
            match signal:
                case effects.SessionReady(session):
                    print(f"ready: {session.model}")
                case effects.ToolCalls(calls=calls):
                    for call in calls:
                        print(f"tool: {call.name}({call.arguments})")
                        client.answer_tool(call.call_id, json.dumps({"time": "17:40"}))
                    client.respond_to_results()
                case effects.Audio(audio=audio):
                    heard += audio
                case effects.SpokenText(text=text):
                    words += text
                case effects.ResponseFinished(response) if not client.answer_pending:
                    tokens = response.usage.total_tokens if response.usage else 0
                    print(f"bot: {words}")
                    print(f"{len(heard) / 48000:.1f} s of audio, {response.status}, {tokens} tokens")
                    break


if __name__ == "__main__":
    asyncio.run(main())
