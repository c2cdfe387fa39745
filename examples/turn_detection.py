"""Whose turn it is: humming that does not interrupt, and a pause for thought that does not end a turn.

python examples/turn_detection.py
"""

import asyncio

import numpy as np

from offline import voice_live
from pipecat_voicelive import EndOfUtteranceDetection, SessionProperties, TurnDetection, VoiceLiveClient
from pipecat_voicelive.session.effects import (
    Audio,
    ResponseFinished,
    UserSpeechStarted,
    UserSpeechStopped,
    UserTranscript,
)
from pipecat_voicelive.simulator import open_speaker

SCENARIO = {
    "greeting": "Once upon a time there was a king who had three sons, and each wanted to be a baker.",
    "turns": [
        {"user": "Mm-hmm.", "say": "Sorry?"},
        {"user": "Book me a table for, let me see, five, and", "say": "For five."},
    ],
}

SESSION = SessionProperties(
    turn_detection=TurnDetection(
        type="azure_semantic_vad",  # or "azure_semantic_vad_multilingual" with languages=["en", "de"]
        silence_duration_ms=400,  # silence that ends a turn ...
        end_of_utterance_detection=EndOfUtteranceDetection(
            model="semantic_detection_v1",
            timeout_ms=900,  # ... and how much more of it, if more words are to be expected
        ),
        speech_duration_ms=80,  # sound that begins one
        remove_filler_words=True,  # while the bot speaks, "mm-hmm" begins none
    )
)


async def main() -> None:
    speaker = await open_speaker()
    hum = (await speaker.speak("Mm-hmm.", voice="en-us+m3")).pcm
    order = (await speaker.speak("Book me a table for", voice="en-us+m3")).pcm
    rest = (await speaker.speak("let me see, five", voice="en-us+m3")).pcm
    await speaker.aclose()
    quiet = np.zeros(24000, np.int16).tobytes()

    async with (
        voice_live(SCENARIO) as connection,
        VoiceLiveClient(**connection, model="gpt-4.1", session=SESSION) as client,
    ):
        client.respond()
        hummed = ordered = False
        async for signal in client:
            match signal:
                case Audio() if not hummed:
                    hummed = True
                    client.send_audio(hum + quiet)
                case ResponseFinished(response) if not ordered:
                    print(f"the story is {response.status}")  # not cancelled
                    ordered = True
                    client.send_audio(order + quiet[:36000] + rest + quiet * 2)
                case ResponseFinished(response):
                    print(f"bot: {response.output[0].words}")
                    break
                case UserSpeechStarted(_, audio_start_ms):
                    print(f"a turn begins at {audio_start_ms / 1000:.1f} s of the caller's audio")
                case UserSpeechStopped(_, audio_end_ms):
                    print(f"it ends at {audio_end_ms / 1000:.1f} s")
                case UserTranscript(_, text):
                    print(f"caller: {text}")


if __name__ == "__main__":
    asyncio.run(main())
