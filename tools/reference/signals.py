"""What the server events that are acted on come out as in `VoiceLiveClient`: names of `session.effects`.

`tests/test_client_events.py` sends them all over a socket and compares. An event that is not here changes
what follows, and a later signal tells of it.
"""

from __future__ import annotations

SIGNALS: dict[str, tuple[str, ...]] = {
    "session.updated": ("SessionReady",),
    "error": ("RequestRefused",),
    "input_audio_buffer.speech_started": ("UserSpeechStarted",),
    "input_audio_buffer.speech_stopped": ("UserSpeechStopped",),
    "conversation.item.created": ("ItemCreated",),
    "conversation.item.input_audio_transcription.delta": ("UserTranscriptPartial",),
    "conversation.item.input_audio_transcription.completed": ("ItemUpdated", "UserTranscript"),
    "response.output_item.added": ("ResponseOpened", "RemoteCallStarted"),
    "response.text.delta": ("TextDelta",),
    "response.audio_transcript.delta": ("TextDelta",),
    "response.audio.delta": (
        "SpeechOpened",
        "SpeechItem",
        "Word",
        "SpokenText",
        "Viseme",
        "Blendshapes",
        "Audio",
    ),
    "mcp_list_tools.in_progress": ("ToolsListing",),
    "mcp_list_tools.completed": ("ToolsListed",),
    "mcp_list_tools.failed": ("ToolsListingFailed",),
    "response.mcp_call.in_progress": ("RemoteCallRunning",),
    "response.output_item.done": ("RemoteCallEnded", "RemoteCallStarted", "ApprovalRequested"),
    "response.web_search_call.in_progress": ("RemoteCallRunning",),
    "response.web_search_call.searching": ("RemoteCallRunning",),
    "response.file_search_call.in_progress": ("RemoteCallRunning",),
    "response.file_search_call.searching": ("RemoteCallRunning",),
    "response.foundry_agent_call.in_progress": ("RemoteCallRunning",),
    "session.avatar.connecting": ("AvatarAnswer",),
    "session.avatar.switch_to_speaking": ("AvatarSpeaking",),
    "response.video.delta": ("AvatarVideo",),
    "session.avatar.switch_to_idle": ("AvatarIdle",),
    "output_audio_buffer.started": ("AvatarSpeaking",),
    "output_audio_buffer.stopped": ("AvatarIdle",),
    "response.audio_transcript.annotation.added": ("Annotation",),
    "response.invocation.delta": ("AgentEvent",),
    "warning": ("ServiceWarning",),
    "response.done": ("SpeechClosed", "ResponseClosed", "ResponseFinished", "ItemUpdated", "ToolCalls"),
    "conversation.item.input_audio_transcription.failed": ("UserTranscriptFailed",),
}
"""By wire type, in the order in which they come."""
