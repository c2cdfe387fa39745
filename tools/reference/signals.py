"""What the server events that are acted on come out as in `VoiceLiveClient`: names of `session.effects`.

`tests/test_client_events.py` sends them all over a socket and compares. An event that is not here changes
what follows, and a later signal tells of it.
"""

from __future__ import annotations

SIGNALS: dict[str, tuple[str, ...]] = {
    "session.updated": ("SessionReady",),
    "error": ("RequestRefused",),
    "warning": ("ServiceWarning",),
    "input_audio_buffer.speech_started": ("UserSpeechStarted",),
    "input_audio_buffer.speech_stopped": ("UserSpeechStopped",),
    "conversation.item.input_audio_transcription.delta": ("UserTranscriptPartial",),
    "conversation.item.input_audio_transcription.completed": ("ItemUpdated", "UserTranscript"),
    "conversation.item.input_audio_transcription.failed": ("UserTranscriptFailed",),
    "conversation.item.created": ("ItemCreated",),
    "response.output_item.added": ("ResponseOpened",),
    "response.audio_transcript.delta": ("TextDelta",),
    "response.audio.delta": ("SpeechOpened", "SpeechItem", "Word", "SpokenText", "Viseme", "Audio"),
    "response.text.delta": ("TextDelta",),
    "response.done": ("SpeechClosed", "ResponseClosed", "ResponseFinished", "ItemUpdated", "ToolCalls"),
    "response.invocation.delta": ("AgentEvent",),
}
"""By wire type, in the order in which they come."""
