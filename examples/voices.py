"""Who speaks, and how: the kinds of voices, their manner, and a pair that cannot work.

python examples/voices.py
"""

import asyncio

from offline import voice_live
from pipecat_voicelive import (
    AzureCustomVoice,
    AzurePersonalVoice,
    AzureRealtimeNativeVoice,
    AzureStandardVoice,
    OpenAIVoice,
    SessionProperties,
    VoiceLiveClient,
    VoiceLiveLLMService,
)
from pipecat_voicelive.session.effects import Audio, ResponseFinished

SCENARIO = {"greeting": "The train to the coast leaves at seven."}

VOICES = [
    ("gpt-4.1", AzureStandardVoice(name="en-US-AvaNeural", style="cheerful")),
    ("gpt-4.1", AzureStandardVoice(name="en-US-AvaNeural", rate="1.5", pitch="+10%", volume="+5%")),
    ("gpt-4.1", AzureStandardVoice(name="en-US-AvaMultilingualNeural", locale="de-DE")),
    ("gpt-4.1", AzureCustomVoice(name="OurVoice", endpoint_id="00000000-0000")),  # yours, deployed there
    ("gpt-4.1", AzurePersonalVoice(name="00000000-0000", model="DragonLatestNeural")),
    ("gpt-realtime", OpenAIVoice(name="marin")),  # the name alone will do
    ("azure-realtime", AzureRealtimeNativeVoice(name="ava")),  # it has no others
]


async def main() -> None:
    async with voice_live(SCENARIO) as connection:
        for model, voice in VOICES:
            session = SessionProperties(voice=voice)
            async with VoiceLiveClient(**connection, model=model, session=session) as client:
                client.respond()
                size_bytes = 0
                async for signal in client:
                    match signal:
                        case Audio(_, _, audio):
                            size_bytes += len(audio)
                        case ResponseFinished(response):
                            name = response.voice["name"]
                            print(f"{model}: {voice.type} {name}, {size_bytes / 48000:.1f} s")
                            break

        # Nothing is refused here, since the service may learn; but the log says what will not work.
        VoiceLiveLLMService(
            **connection,
            settings=VoiceLiveLLMService.Settings(
                model="gpt-4.1",
                session_properties=SessionProperties(voice="alloy", input_audio_transcription=None),
            ),
        )


if __name__ == "__main__":
    asyncio.run(main())
