"""The events and options of the wire under one roof, by the names of Pipecat's built-in service.

from pipecat_voicelive import events

await llm.send_client_event(events.InputAudioBufferClearEvent())
"""

from pipecat_voicelive.protocol.client_events import (
    ConversationItemCreateEvent,
    ConversationItemDeleteEvent,
    ConversationItemRetrieveEvent,
    ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent,
    InputAudioBufferClearEvent,
    InputAudioBufferCommitEvent,
    OutputAudioBufferClearEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    ResponseProperties,
    SessionUpdateEvent,
)
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent, TokenUsage
from pipecat_voicelive.protocol.session_options import (
    Animation,
    AzureAvatarVoiceSyncVoice,
    AzureCustomVoice,
    AzurePersonalVoice,
    AzureRealtimeNativeVoice,
    AzureStandardVoice,
    EndOfUtteranceDetection,
    FunctionTool,
    InputAudioEchoCancellation,
    InputAudioNoiseReduction,
    InputAudioTranscription,
    OpenAIVoice,
    SessionProperties,
    TurnDetection,
)

__all__ = [
    "Animation",
    "AzureAvatarVoiceSyncVoice",
    "AzureCustomVoice",
    "AzurePersonalVoice",
    "AzureRealtimeNativeVoice",
    "AzureStandardVoice",
    "ConversationItem",
    "ConversationItemCreateEvent",
    "ConversationItemDeleteEvent",
    "ConversationItemRetrieveEvent",
    "ConversationItemTruncateEvent",
    "EndOfUtteranceDetection",
    "FunctionTool",
    "InputAudioBufferAppendEvent",
    "InputAudioBufferClearEvent",
    "InputAudioBufferCommitEvent",
    "InputAudioEchoCancellation",
    "InputAudioNoiseReduction",
    "InputAudioTranscription",
    "ItemContent",
    "OpenAIVoice",
    "OutputAudioBufferClearEvent",
    "ResponseCancelEvent",
    "ResponseCreateEvent",
    "ResponseProperties",
    "SessionProperties",
    "SessionUpdateEvent",
    "TokenUsage",
    "TurnDetection",
]
