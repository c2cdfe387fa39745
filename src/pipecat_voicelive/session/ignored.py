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
)
"""The deltas have said it, or `response.done` says it for all items together."""

AskedFor: TypeAlias = se.ConversationItemRetrieved
"""Retrieving an item is the business of whoever asked."""

NothingToDo: TypeAlias = se.RateLimitsUpdated
"""Nothing can be done about rate limits before a request is refused."""

IgnoredEvent: TypeAlias = SaidByDeltas | AskedFor | NothingToDo
