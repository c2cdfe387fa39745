"""What reading and writing the wire costs, next to json and pydantic as Pipecat's built-in service does it.

Both sides are measured in one run, interleaved, so that a noisy machine is noisy for both. Microseconds are
the median of many rounds; the last column is what counts, the ratio.
"""

import base64
import json
import statistics
import time

from pipecat.services.azure.voice_live import events as builtin

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.client_events import InputAudioBufferAppendEvent
from pipecat_voicelive.protocol.codec import decode_server_event, encode

ROUNDS = 60
RESPONSE, ITEM = "resp_E4BAsy7BWzPzysFg4Xvvk", "msg_E4BAsZXoSuYWxcYtda12l"
PART = {"response_id": RESPONSE, "item_id": ITEM, "output_index": 0, "content_index": 0}
AUDIO_20_MS, AUDIO_100_MS = bytes(range(256)) * 4, bytes(range(256)) * 19
MESSAGE = {
    "id": ITEM,
    "object": "realtime.item",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "audio", "transcript": "It is 21 degrees and sunny in Lisbon."}],
}
USAGE = {
    "total_tokens": 143,
    "input_tokens": 44,
    "output_tokens": 99,
    "input_token_details": {"cached_tokens": 0, "text_tokens": 14, "audio_tokens": 30},
    "output_token_details": {"text_tokens": 27, "audio_tokens": 72},
}

SERVER_EVENTS = {
    "response.audio.delta (100 ms)": {
        "type": "response.audio.delta",
        **PART,
        "delta": base64.b64encode(AUDIO_100_MS).decode(),
    },
    "response.audio_transcript.delta": {"type": "response.audio_transcript.delta", **PART, "delta": " sunny"},
    "response.function_call_arguments.done": {
        "type": "response.function_call_arguments.done",
        "response_id": RESPONSE,
        "item_id": ITEM,
        "output_index": 0,
        "call_id": "call_gjTmnRCz6ans0s2H",
        "name": "get_weather",
        "arguments": '{"city": "Lisbon"}',
    },
    "input_audio_buffer.speech_started": {
        "type": "input_audio_buffer.speech_started",
        "audio_start_ms": 1456,
        "item_id": ITEM,
    },
    "conversation.item.created": {
        "type": "conversation.item.created",
        "previous_item_id": None,
        "item": MESSAGE,
    },
    "response.done": {
        "type": "response.done",
        "response": {
            "object": "realtime.response",
            "id": RESPONSE,
            "status": "completed",
            "status_details": None,
            "output": [MESSAGE],
            "usage": USAGE,
            "conversation_id": "conv_1",
            "modalities": ["audio", "text"],
            "voice": {"name": "alloy", "type": "openai"},
            "output_audio_format": "pcm16",
            "metadata": None,
        },
    },
    "response.animation_viseme.delta": {
        "type": "response.animation_viseme.delta",
        **PART,
        "audio_offset_ms": 455,
        "viseme_id": 20,
    },
}


def builtin_decode(message):
    event = builtin.parse_server_event(message)
    if event is not None and event.type == "response.audio.delta":
        base64.b64decode(event.delta)  # the built-in does this where it pushes the frame
    if event is not None and event.type == "response.done":
        _ = event.usage  # and validates the usage when it is read
    return event


def builtin_append(audio):
    payload = base64.b64encode(audio).decode("utf-8")
    return json.dumps(builtin.InputAudioBufferAppendEvent(audio=payload).model_dump(exclude_none=True))


def ours_append(audio):
    return encode(InputAudioBufferAppendEvent(audio=audio))


def microseconds(function, argument, calls):
    start = time.perf_counter()
    for _ in range(calls):
        function(argument)
    return (time.perf_counter() - start) / calls * 1e6


def compare(name, ours, theirs, argument):
    calls = max(10, int(2000 / max(microseconds(theirs, argument, 20), 1)))
    pairs = [
        (microseconds(ours, argument, calls), microseconds(theirs, argument, calls)) for _ in range(ROUNDS)
    ]
    mine, his = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{name:42} {mine:8.2f} {his:10.2f} {his / mine:8.1f}x")


def main():
    print(f"{'microseconds a message':42} {'ours':>8} {'built-in':>10} {'ratio':>9}")
    for name, event in SERVER_EVENTS.items():
        message = json.dumps(event)
        decoded = decode_server_event(message)
        assert not isinstance(decoded, se.UnknownEvent | se.MalformedEvent), name
        modelled = builtin.parse_server_event(message) is not None
        compare(f"read  {name}" + ("" if modelled else " *"), decode_server_event, builtin_decode, message)
    for label, audio in (("20 ms", AUDIO_20_MS), ("100 ms", AUDIO_100_MS)):
        assert json.loads(ours_append(audio))["audio"] == json.loads(builtin_append(audio))["audio"]
        compare(f"write input_audio_buffer.append ({label})", ours_append, builtin_append, audio)
    print("* the built-in has no type for it and drops it: its time is that of json.loads alone")


if __name__ == "__main__":
    main()
