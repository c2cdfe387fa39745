"""Options that change while the call goes on, and some that cannot: they wait for the next session.

python examples/change_options.py
"""

import asyncio

from pipecat.frames.frames import LLMUpdateSettingsFrame

from offline import Unanswered, call, voice_live
from pipecat_voicelive import (
    InputAudioTranscription,
    OpenAIVoice,
    SessionProperties,
    TurnDetection,
    VoiceLiveLLMService,
)

Settings = VoiceLiveLLMService.Settings
SCENARIO = {"greeting": "Hello.", "turns": [{"user": "Are you there?", "say": "I am.", "repeat": True}]}

START = Settings(
    model="gpt-realtime",
    system_instruction="Be brief.",
    session_properties=SessionProperties(
        voice=OpenAIVoice(name="alloy"),
        turn_detection=TurnDetection(type="server_vad", silence_duration_ms=500),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
    ),
)

# Only what is to change; everything else stays. A member is replaced as a whole: what `turn_detection` does
# not say here is back at its default.
LATER = Settings(
    system_instruction="Be thorough.",
    session_properties=SessionProperties(
        temperature=0.7,
        turn_detection=TurnDetection(type="server_vad", silence_duration_ms=900),
        voice=OpenAIVoice(name="verse"),  # too late: it has spoken as alloy
    ),
)


def print_options(_session: object, exchanged: object) -> None:
    event = exchanged.event
    if event.type == "session.update":
        print("sent:")
        for name in ("instructions", "temperature", "turn_detection", "voice"):
            print(f"  {name} = {event.session.get(name)}")


async def main() -> None:
    async with voice_live(SCENARIO, listener=print_options) as connection:
        llm = VoiceLiveLLMService(**connection, settings=START)
        await call(llm, None, Unanswered(LLMUpdateSettingsFrame(delta=LATER)), "Are you there?")


if __name__ == "__main__":
    asyncio.run(main())
