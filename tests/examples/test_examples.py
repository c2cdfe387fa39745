"""Every example runs as its reader would run it, and prints what it is about."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SHARED = {"offline"}

PRINTS = {
    "built_in_service": [
        "user: How warm is it in Lisbon?",
        "assistant: It is 21 degrees in Lisbon.",
        "user: Thank you.",
        "assistant: You are welcome.",
    ],
    "interim_response": [
        "assistant: One moment. About as many as you.",
        "user: When does my train leave?",
        "assistant: One moment.",
        "assistant: At ten past nine.",
    ],
    "dropped_connection": [
        "lost, with code 1006",
        "another session goes on, attempt 1",
        "assistant: Nice to meet you, Ada.",
        "user: What is my name?",
        "assistant: You said that it is Ada.",
    ],
    "out_of_band": ["I am sorry. How late is it?", "mood: annoyed"],
    "response_overrides": ["assistant: Ahoy! I am the captain of this ship.", "assistant: To Madeira."],
    "tool_choice": ["(looked up)", "assistant: I cannot say yet.", "assistant: A blue kettle."],
    "tools_without_scenario": [
        "(the weather in Lisbon is looked up)",
        "assistant: The answer is: temperature 21, conditions sunny.",
    ],
    "avatar_frames": ["heard ", "pictures of 640 x 360", "0.png", "2.png"],
    "avatar_websocket": ["it speaks", "it has spoken", "video: h264", "audio: aac", "avatar.mp4"],
    "echo_reference": [
        "reference from the server: heard itself: True",
        "reference from the client: heard itself: False",
        "assistant: We are open from nine to five",
        "user: And on Sundays?",
        "assistant: From ten to four.",
    ],
    "api_version": [
        "-- 2025-10-01",
        "not sent: session.parallel_tool_calls. API version 2025-10-01 does not have it",
        "sent: pcm16-16000hz {'model': 'semantic_detection_v1', 'timeout_ms': 1500}",
        "-- 2025-05-01-preview",
        "sent: pcm16-16000hz {'model': 'semantic_detection_v1', 'timeout': 1.5}",
        "bot: The one you asked for.",
        "-- v1",
        "not sent: session.parallel_tool_calls. The v1 contract has no place for it",
        "bot: The one you asked for.",
    ],
    "show_an_image": [
        "user: Which colour is this? (with a picture)",
        "assistant: This is orange; I see 3200 by 1600 pixels.",
        "assistant: This one is blue.",
    ],
    "video_frames": [
        "shown: video_",
        "shown: video_",
        "user: What am I holding up?",
        "assistant: Something yellow. I have 3 pictures of it.",
    ],
    "streaming_text": ["you: How far is it from Lisbon to Oslo?", "bot: About 2,740 kilometres."],
    "say_this": [
        "Welcome to the city museum. / Let me look that up. / Yes, until six o'clock. / Goodbye. /",
        "assistant: Welcome to the city museum.",
        "user: Is the museum open today?",
        "assistant: Yes, until six o'clock.",
        "assistant: Goodbye.",
    ],
    "voices": [
        "gpt-4.1: azure-standard en-US-AvaNeural",
        "gpt-4.1: azure-custom OurVoice",
        "gpt-realtime: openai marin",
        "azure-realtime: azure-realtime-native ava",
    ],
    "turn_detection": [
        "the story is completed",
        "a turn begins at 1.5 s",
        "it ends at 6.4 s",
        "caller: Book me a table for, let me see, five, and",
        "bot: For five.",
    ],
    "transcription": [
        "en-US: Order number nine. It is late.",
        "95% sure: Order number nine.",
        "Order@",
        "95% sure: It is late.",
        "de-DE: Danke.",
        "60% sure: Danke.",
    ],
    "blendshapes": ["ms  A", "####", "ms  yellow", "ms  water", "###"],
    "telephony_audio": [
        "wire in:  g711_ulaw, 8000 Hz",
        "wire out: g711_ulaw",
        "assistant: From ten to four.",
        "s went, one byte a sample",
    ],
    "agent": [
        "assistant: Inside or on the terrace?",
        "event: {'type': 'booking'",
        "on the terrace. See you tonight.",
    ],
    "change_options": [
        "instructions = Be brief.",
        "'silence_duration_ms': 500}",
        "voice = {'type': 'openai', 'name': 'alloy'}",
        "sent:",
        "instructions = Be thorough.",
        "temperature = 0.7",
        "'silence_duration_ms': 900}",
        "voice = {'type': 'openai', 'name': 'alloy'}",
    ],
    "client": [
        "ready: gpt-realtime",
        "tool: next_ferry({'pier': 'north'})",
        "bot: At 17:40, from the north pier.",
        "s of audio, completed, ",
    ],
    "client_events": [
        "  session.created",
        "retrieved: I like tea.",
        "  conversation.item.deleted",
        "refused: forget_again, ",
        "refused: unknown, ",
    ],
    "faults": [
        "lost in the answer, code 1006",
        "there is another",
        "a whole answer",
        "the session is about to end",
        "there is another, and nobody noticed",
        "happened: refuse 429 retry-after 1s at connect 1",
        "happened: drop at response.audio.delta 2 in session 1",
    ],
    "first_words": ["user: And of Norway?", "assistant: Oslo."],
    "mcp_server": [
        "bank offers balance, pay",
        "may it pay with {'amount': 900, 'to': 'the hat shop'}?",
        "assistant: You have 250 euros.",
        "assistant: I may not use pay: there is not enough money.",
    ],
    "search": [
        "web_search is done",
        "cited after 25 characters: Trams of Lisbon",
        "file_search for ['day ticket price']: Day ticket: 7 euros.",
        "assistant: Seven euros.",
    ],
}
"""What each prints, in this order."""


def test_every_example_is_run_here():
    assert {path.stem for path in EXAMPLES.glob("*.py")} - SHARED == set(PRINTS)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.quiet) if name == "echo_reference" else name for name in PRINTS],
)
async def test_the_example_runs_offline_and_shows_what_it_is_about(name):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AZURE_")}
    example = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLES / f"{name}.py",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    out, err = (stream.decode() for stream in await example.communicate())
    assert example.returncode == 0, err
    rest = out
    for expected in PRINTS[name]:
        assert expected in rest, f"{expected!r} is missing from:\n{out}\n{err}"
        rest = rest.partition(expected)[2]
