"""A made-up call with everything in it, for tests of what is drawn and checked."""

import numpy as np
from demo_fakes import tone

from demo.record import CallRecord, Interruption, Latency, ToolCall, Transcript, Utterance, Viseme, Word
from pipecat_voicelive.testing.calls.recording import CallRecording

ANSWER = "It is sunny in Lisbon with twentyfour degrees and a characteristically gentle wind"


def call_record() -> CallRecord:
    words = ANSWER.split()
    return CallRecord(
        duration_s=30.0,
        utterances=[
            Utterance("caller", 0.5, 2.0, "What is the weather in Lisbon & <Oslo>?"),
            Utterance("bot", 3.0, 8.0, ANSWER),
            Utterance("caller", 9.0, 11.0, "And what time is it?"),
            Utterance("bot", 12.0, 17.5, "It is a quarter past", cut=True),
            Utterance("caller", 17.0, 18.5, "Thank you, that will do, goodbye"),
            Utterance("bot", 19.0, 29.5, "Goodbye, " * 12),
        ],
        transcripts=[Transcript(2.4, "What is the weather in Lisbon")],
        words=[Word(3.0 + 5 * n / len(words), 0.3, word) for n, word in enumerate(words)],
        visemes=[Viseme(3.0 + n * 0.05, n % 22) for n in range(100)],
        tool_calls=[
            ToolCall("1", "get_weather", {"city": "Lisbon"}, 2.2, 2.8, {"sky": "<b>sunny</b>"}),
            ToolCall("2", "get_weather", {"city": "Oslo"}, 2.2, 2.6, {"sky": "light rain " * 20}),
            ToolCall("3", "get_time", {"city": "Oslo"}, 11.5, cancelled=True, end_s=11.6),
            ToolCall("4", "hang_up", {}, 29.9),
        ],
        interruptions=[Interruption(17.5)],
        latencies=[Latency(2.0, 3.0), Latency(11.0, 12.0), Latency(18.5, 19.0)],
    )


def call_recording(record: CallRecord) -> CallRecording:
    """A tone for each utterance."""
    recording = CallRecording(caller_rate_hz=16000, bot_rate_hz=24000)
    for utterance in record.utterances:
        track = recording.caller if utterance.who == "caller" else recording.bot
        track.add(utterance.start_s, tone(utterance.end_s - utterance.start_s, track.rate_hz))
    recording.caller.add(record.duration_s - 1.0, bytes(2 * 16000) if record.duration_s >= 1 else b"")
    return recording


def silent_recording() -> CallRecording:
    recording = CallRecording(caller_rate_hz=16000, bot_rate_hz=24000)
    recording.caller.add(0.0, np.zeros(16000, np.int16).tobytes())
    return recording
