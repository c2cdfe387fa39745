"""An older API version: options are given as the newest has them, and written as the older one wants them.

python examples/api_version.py
"""

import asyncio

from offline import voice_live
from pipecat_voicelive import (
    EndOfUtteranceDetection,
    SessionProperties,
    TurnDetection,
    V1Dialect,
    VoiceLiveClient,
)
from pipecat_voicelive.session.effects import OptionWithheld, ResponseFinished, SessionReady

SCENARIO = {"turns": [{"user": "Which version is this?", "say": "The one you asked for."}]}

SESSION = SessionProperties(
    output_audio_format="pcm16_16000hz",  # "pcm16-16000hz" until 2026
    turn_detection=TurnDetection(
        end_of_utterance_detection=EndOfUtteranceDetection(model="semantic_detection_v1", timeout_ms=1500)
    ),
    parallel_tool_calls=True,  # nobody knew it then
)


def print_what_was_sent(_session: object, exchanged: object) -> None:
    event = exchanged.event
    if event.type == "session.update":
        end = event.session["turn_detection"]["end_of_utterance_detection"]
        print("sent:", event.session["output_audio_format"], end)


async def main() -> None:
    for version in (
        {"api_version": "2025-10-01"},
        {"api_version": "2025-05-01-preview"},
        {"api_version": "v1", "dialect": V1Dialect()},  # another dialect of the protocol, experimental
    ):
        print("--", version["api_version"])
        async with (
            voice_live(SCENARIO, listener=print_what_was_sent) as connection,
            VoiceLiveClient(**connection, model="gpt-4.1", session=SESSION, **version) as client,
        ):
            async for signal in client:
                match signal:
                    case OptionWithheld(option, reason):
                        print(f"not sent: {option}. {reason}")
                    case SessionReady():
                        client.send_text("Which version is this?")
                    case ResponseFinished(response):
                        print("bot:", response.output[0].words)
                        break


if __name__ == "__main__":
    asyncio.run(main())
