"""What an agent searches for and cites: progress as function calls, citations as frames.

python examples/search.py
"""

import asyncio

from pipecat.frames.frames import ExternalFunctionCallInProgressFrame, ExternalFunctionCallResultFrame

from offline import call, print_conversation, voice_live
from pipecat_voicelive import (
    InputAudioTranscription,
    SessionProperties,
    VoiceLiveAnnotationFrame,
    VoiceLiveLLMService,
)

TRAMS = {"type": "url_citation", "title": "Trams of Lisbon", "url": "https://example.com/trams"}
PRICES = {"file_id": "file_1", "filename": "prices.md", "score": 0.92, "text": "Day ticket: 7 euros."}
SCENARIO = {
    "turns": [
        {
            "user": "Does tram 28 run today?",
            "search": {"kind": "web"},
            "say": "Yes, tram 28 runs all day.",
            "annotations": [{"after": "tram 28 runs all day", "annotation": TRAMS}],
        },
        {
            "user": "What is a day ticket?",
            "search": {"kind": "file", "queries": ["day ticket price"], "results": [PRICES]},
            "say": "Seven euros.",
        },
    ]
}


def show(frame):
    match frame:
        case ExternalFunctionCallInProgressFrame():
            print(f"{frame.function_name} is running")
        case ExternalFunctionCallResultFrame() if frame.result:
            print(f"{frame.function_name} for {frame.arguments['queries']}: {frame.result[0]['text']}")
        case ExternalFunctionCallResultFrame():
            print(f"{frame.function_name} is done")
        case VoiceLiveAnnotationFrame():
            print(f"cited after {frame.text_offset} characters: {frame.annotation['title']}")


async def main() -> None:
    async with voice_live(SCENARIO) as connection:
        options = SessionProperties(
            include=["file_search_call.results"],
            input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        )
        llm = VoiceLiveLLMService(
            **connection,
            settings=VoiceLiveLLMService.Settings(model="gpt-4.1", session_properties=options),
        )
        context = await call(llm, "Does tram 28 run today?", "What is a day ticket?", on_frame=show)
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
