"""Events that change nothing in a session, each with the reason. Every other event is acted on.

A type that stands neither here nor in `Session` is a type error, so that somebody decides.
"""

from __future__ import annotations

from typing import TypeAlias

from pipecat_voicelive.protocol import server_events as se

SaidByDeltas: TypeAlias = (
    se.ResponseTextDone
    | se.ResponseAudioTranscriptDone
    | se.ResponseAudioDone
    | se.ResponseContentPartAdded
    | se.ResponseContentPartDone
    | se.ResponseFunctionCallArgumentsDelta
    | se.ResponseAudioTimestampDone
    | se.ResponseAnimationVisemeDone
    | se.ResponseAnimationBlendshapesDone
    | se.ResponseOutputItemDone
)
"""The deltas have said it, or `response.done` says it for all items together."""

SaidBefore: TypeAlias = se.ConversationItemDone | se.ConversationItemRetrieved
"""`conversation.item.created` has said it; retrieving an item is the business of whoever asked."""

NothingToDo: TypeAlias = se.RateLimitsUpdated
"""Nothing can be done about rate limits before a request is refused."""

Faces: TypeAlias = (
    se.SessionAvatarConnecting
    | se.SessionAvatarSwitchToSpeaking
    | se.SessionAvatarSwitchToIdle
    | se.ResponseVideoDelta
    | se.OutputAudioBufferCleared
    | se.OutputAudioBufferStarted
    | se.OutputAudioBufferStopped
)
"""Avatars: not shown yet."""

RunByTheService: TypeAlias = (
    se.McpListToolsInProgress
    | se.McpListToolsCompleted
    | se.McpListToolsFailed
    | se.ResponseMcpCallArgumentsDelta
    | se.ResponseMcpCallArgumentsDone
    | se.ResponseMcpCallInProgress
    | se.ResponseMcpCallCompleted
    | se.ResponseMcpCallFailed
    | se.ResponseWebSearchCallInProgress
    | se.ResponseWebSearchCallSearching
    | se.ResponseWebSearchCallCompleted
    | se.ResponseFileSearchCallInProgress
    | se.ResponseFileSearchCallSearching
    | se.ResponseFileSearchCallCompleted
    | se.ResponseAudioTranscriptAnnotationAdded
    | se.ResponseFoundryAgentCallArgumentsDelta
    | se.ResponseFoundryAgentCallArgumentsDone
    | se.ResponseFoundryAgentCallInProgress
    | se.ResponseFoundryAgentCallCompleted
    | se.ResponseFoundryAgentCallFailed
)
"""Tools and agents that the service runs itself: not reported yet."""

IgnoredEvent: TypeAlias = SaidByDeltas | SaidBefore | NothingToDo | Faces | RunByTheService
