"""What the caller said, in which language, how surely, and where in the audio.

python examples/transcription.py
"""

import asyncio
import math

from pipecat.frames.frames import Frame, TranscriptionFrame
from pipecat.transcriptions.language import Language

from offline import Aloud, call, voice_live
from pipecat_voicelive import InputAudioTranscription, SessionProperties, VoiceLiveLLMService

SCENARIO = {
    "turns": [
        {"user": "Order number nine. It is late.", "say": "Let me see."},
        {"user": "Danke.", "say": "Gern geschehen.", "language": "de-DE", "confidence": 0.6},
    ]
}

SETTINGS = VoiceLiveLLMService.Settings(
    model="gpt-4.1",
    session_properties=SessionProperties(
        input_audio_transcription=InputAudioTranscription(
            model="azure-speech",
            language=[Language.EN_US, Language.DE_DE],  # at most ten; none means any
            phrase_list=["order number"],  # words to expect
        ),
        include=[
            "item.input_audio_transcription.logprobs",
            "item.input_audio_transcription.phrases",
        ],
    ),
)


def show(frame: Frame) -> None:
    if not isinstance(frame, TranscriptionFrame):
        return
    print(f"{frame.language}: {frame.text}")
    for phrase in frame.result.phrases:
        start_s = phrase.offset_milliseconds / 1000
        print(f"  {start_s:.1f} s, {phrase.confidence:.0%} sure: {phrase.text}")
        print("   ", " ".join(f"{word.text}@{word.offset_milliseconds}" for word in phrase.words))
    least = min(frame.result.logprobs, key=lambda token: token.logprob)
    print(f"  least sure of {least.token!r}: {math.exp(least.logprob):.0%}")


async def main() -> None:
    async with voice_live(SCENARIO) as connection:
        llm = VoiceLiveLLMService(**connection, settings=SETTINGS)
        lines = [Aloud(turn["user"]) for turn in SCENARIO["turns"]]
        await call(llm, *lines, on_frame=show)


if __name__ == "__main__":
    asyncio.run(main())
