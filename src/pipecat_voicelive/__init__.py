"""Azure Voice Live for Pipecat.

Everything public is here and is loaded when first used, so that importing the package, or only its
simulator, stays cheap. `pipecat_voicelive.protocol`, `.session` and `.connection` are what it is made of.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecat_voicelive.client import VoiceLiveClient
    from pipecat_voicelive.connection.agent import FoundryAgent
    from pipecat_voicelive.connection.connection import ConnectionOptions
    from pipecat_voicelive.connection.recovery import RecoveryOptions
    from pipecat_voicelive.connection.route import Failover
    from pipecat_voicelive.errors import (
        AuthenticationError,
        ConfigurationError,
        ConnectionFailedError,
        ProtocolError,
        ServiceError,
        VoiceLiveError,
    )
    from pipecat_voicelive.protocol.client_events import ResponseProperties
    from pipecat_voicelive.protocol.dialect_v1 import V1Dialect
    from pipecat_voicelive.protocol.session_options import (
        Animation,
        AvatarConfig,
        AzureAvatarVoiceSyncVoice,
        AzureCustomVoice,
        AzurePersonalVoice,
        AzureRealtimeNativeVoice,
        AzureStandardVoice,
        Background,
        EndOfUtteranceDetection,
        FoundryAgentTool,
        FunctionTool,
        IceServer,
        InputAudioEchoCancellation,
        InputAudioNoiseReduction,
        InputAudioTranscription,
        LlmInterimResponse,
        MCPServer,
        OpenAIVoice,
        Scene,
        SessionProperties,
        StaticInterimResponse,
        ToolChoiceFunction,
        TurnDetection,
        VideoCrop,
        VideoParams,
        VideoResolution,
    )
    from pipecat_voicelive.service.context import VoiceLiveLLMAdapter
    from pipecat_voicelive.service.frames import (
        VoiceLiveAgentEventFrame,
        VoiceLiveAnnotationFrame,
        VoiceLiveAuditAudioFrame,
        VoiceLiveBlendshapesFrame,
        VoiceLiveRespondFrame,
        VoiceLiveVideoFrame,
        VoiceLiveVisemeFrame,
        VoiceLiveWordFrame,
    )
    from pipecat_voicelive.service.pictures import ImageInput
    from pipecat_voicelive.service.remote_tools import McpApprovalRequest
    from pipecat_voicelive.service.service import VoiceLiveLLMService
    from pipecat_voicelive.service.settings import VoiceLiveLLMSettings
    from pipecat_voicelive.session.memory import MemoryOptions

_HOMES = {
    "client": ("VoiceLiveClient",),
    "connection.agent": ("FoundryAgent",),
    "connection.connection": ("ConnectionOptions",),
    "connection.recovery": ("RecoveryOptions",),
    "connection.route": ("Failover",),
    "session.memory": ("MemoryOptions",),
    "errors": (
        "AuthenticationError",
        "ConfigurationError",
        "ConnectionFailedError",
        "ProtocolError",
        "ServiceError",
        "VoiceLiveError",
    ),
    "protocol.dialect_v1": ("V1Dialect",),
    "protocol.client_events": ("ResponseProperties",),
    "protocol.session_options": (
        "Animation",
        "AvatarConfig",
        "AzureAvatarVoiceSyncVoice",
        "AzureCustomVoice",
        "AzurePersonalVoice",
        "AzureRealtimeNativeVoice",
        "AzureStandardVoice",
        "Background",
        "EndOfUtteranceDetection",
        "FoundryAgentTool",
        "FunctionTool",
        "IceServer",
        "InputAudioEchoCancellation",
        "InputAudioNoiseReduction",
        "InputAudioTranscription",
        "LlmInterimResponse",
        "MCPServer",
        "OpenAIVoice",
        "Scene",
        "SessionProperties",
        "StaticInterimResponse",
        "ToolChoiceFunction",
        "TurnDetection",
        "VideoCrop",
        "VideoParams",
        "VideoResolution",
    ),
    "service.context": ("VoiceLiveLLMAdapter",),
    "service.frames": (
        "VoiceLiveAgentEventFrame",
        "VoiceLiveAnnotationFrame",
        "VoiceLiveAuditAudioFrame",
        "VoiceLiveBlendshapesFrame",
        "VoiceLiveRespondFrame",
        "VoiceLiveVideoFrame",
        "VoiceLiveVisemeFrame",
        "VoiceLiveWordFrame",
    ),
    "service.remote_tools": ("McpApprovalRequest",),
    "service.pictures": ("ImageInput",),
    "service.service": ("VoiceLiveLLMService",),
    "service.settings": ("VoiceLiveLLMSettings",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Animation",
    "AuthenticationError",
    "AvatarConfig",
    "AzureAvatarVoiceSyncVoice",
    "AzureCustomVoice",
    "AzurePersonalVoice",
    "AzureRealtimeNativeVoice",
    "AzureStandardVoice",
    "Background",
    "ConfigurationError",
    "ConnectionFailedError",
    "ConnectionOptions",
    "EndOfUtteranceDetection",
    "Failover",
    "FoundryAgent",
    "FoundryAgentTool",
    "FunctionTool",
    "IceServer",
    "ImageInput",
    "InputAudioEchoCancellation",
    "InputAudioNoiseReduction",
    "InputAudioTranscription",
    "LlmInterimResponse",
    "MCPServer",
    "McpApprovalRequest",
    "MemoryOptions",
    "OpenAIVoice",
    "ProtocolError",
    "RecoveryOptions",
    "ResponseProperties",
    "Scene",
    "ServiceError",
    "SessionProperties",
    "StaticInterimResponse",
    "ToolChoiceFunction",
    "TurnDetection",
    "V1Dialect",
    "VideoCrop",
    "VideoParams",
    "VideoResolution",
    "VoiceLiveAgentEventFrame",
    "VoiceLiveAnnotationFrame",
    "VoiceLiveAuditAudioFrame",
    "VoiceLiveBlendshapesFrame",
    "VoiceLiveClient",
    "VoiceLiveError",
    "VoiceLiveLLMAdapter",
    "VoiceLiveLLMService",
    "VoiceLiveLLMSettings",
    "VoiceLiveRespondFrame",
    "VoiceLiveVideoFrame",
    "VoiceLiveVisemeFrame",
    "VoiceLiveWordFrame",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
