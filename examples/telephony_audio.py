"""A telephone's audio: 8 kHz, u-law both ways, nothing resampled on the way.

python examples/telephony_audio.py
"""

import asyncio

from offline import Aloud, call, print_conversation, voice_live
from pipecat_voicelive import (
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    VoiceLiveLLMService,
)

SCENARIO = {"turns": [{"user": "Are you open on Sundays?", "say": "From ten to four."}]}

SETTINGS = VoiceLiveLLMService.Settings(
    model="gpt-4.1",
    session_properties=SessionProperties(
        # Half the bytes of 8 kHz PCM. Leave both out, and an 8 kHz pipeline gets 8 kHz PCM.
        input_audio_format="g711_ulaw",
        output_audio_format="g711_ulaw",
        voice=AzureStandardVoice(name="en-US-AvaNeural"),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
    ),
)


class Wire:
    """What crosses the wire, as the simulator sees it."""

    def __init__(self) -> None:
        self.bytes_in = self.bytes_out = 0

    def saw(self, _session, exchanged) -> None:
        event = exchanged.event
        match event.type:
            case "session.updated":
                info = event.session
                print(f"wire in:  {info.input_audio_format}, {info.input_audio_sampling_rate} Hz")
                print(f"wire out: {info.output_audio_format}")
            case "input_audio_buffer.append":
                self.bytes_in += len(event.audio)
            case "response.audio.delta":
                self.bytes_out += len(event.delta)


async def main() -> None:
    wire = Wire()
    async with voice_live(SCENARIO, listener=wire.saw) as connection:
        llm = VoiceLiveLLMService(**connection, settings=SETTINGS)
        context = await call(llm, Aloud("Are you open on Sundays?"), in_hz=8000, out_hz=8000)
    print_conversation(context)
    print(f"{wire.bytes_in / 8000:.1f} s came, {wire.bytes_out / 8000:.1f} s went, one byte a sample")


if __name__ == "__main__":
    asyncio.run(main())
