"""A speakerphone: the service takes the bot for the caller, unless it is told what was played.

python examples/echo_reference.py
"""

import asyncio

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    UserStartedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from demo.speakerphone import SpeakerPhone
from offline import Aloud, call, print_conversation, voice_live
from pipecat_voicelive import (
    AzureStandardVoice,
    InputAudioEchoCancellation,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
    VoiceLiveLLMService,
)

SCENARIO = {
    "greeting": "We are open from nine to five on all days but Sunday.",
    "turns": [{"user": "And on Sundays?", "say": "From ten to four."}],
}

WITHOUT = InputAudioEchoCancellation()
WITH = InputAudioEchoCancellation(reference_source="client", channels=2)

# So that the bot, when it hears itself, goes on speaking and does not answer itself for ever.
LISTEN_ONLY = TurnDetection(type="server_vad", interrupt_response=False, create_response=False)


async def on_a_speakerphone(
    echo: InputAudioEchoCancellation, turns: TurnDetection, *lines: Aloud | None
) -> LLMContext:
    """A call; tells whether somebody was heard to speak while the bot spoke, and nobody else."""
    properties = SessionProperties(
        input_audio_echo_cancellation=echo,
        turn_detection=turns,
        voice=AzureStandardVoice(name="en-US-AvaNeural"),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
    )
    bot_speaks = heard_itself = False

    def on_frame(frame: Frame) -> None:
        nonlocal bot_speaks, heard_itself
        match frame:
            case BotStartedSpeakingFrame() | BotStoppedSpeakingFrame():
                bot_speaks = isinstance(frame, BotStartedSpeakingFrame)
            case UserStartedSpeakingFrame() if bot_speaks:
                heard_itself = True

    async with voice_live(SCENARIO) as connection:
        settings = VoiceLiveLLMService.Settings(model="gpt-4.1", session_properties=properties)
        llm = VoiceLiveLLMService(**connection, settings=settings)
        context = await call(
            llm, *lines, on_frame=on_frame, in_hz=16000, out_hz=16000, microphone=SpeakerPhone
        )
    print(f"reference from the {echo.reference_source or 'server'}: heard itself: {heard_itself}")
    return context


async def main() -> None:
    await on_a_speakerphone(WITHOUT, LISTEN_ONLY, None)
    # With the reference the caller alone is heard.
    turns = TurnDetection(type="server_vad")
    print_conversation(await on_a_speakerphone(WITH, turns, None, Aloud("And on Sundays?")))


if __name__ == "__main__":
    asyncio.run(main())
