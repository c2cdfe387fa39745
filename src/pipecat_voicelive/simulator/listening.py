"""Transcripts of voice turns: what was said, by the scenario, and the events that tell the client."""

from __future__ import annotations

from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.server_events import (
    InputAudioTranscriptionCompleted,
    InputAudioTranscriptionDelta,
    InputAudioTranscriptionFailed,
    KnownServerEvent,
)
from pipecat_voicelive.simulator.brain import SpokenTurn
from pipecat_voicelive.simulator.pipelines import Pipeline


def transcript_of(heard: SpokenTurn) -> str | None:
    """What the client is told was said; None if it is told nothing.

    Without a line in the scenario nobody knows the words, and the transcript says just that.
    """
    if heard.turn is None:
        return f"[{heard.duration_ms / 1000:.1f} seconds of audio]"
    match heard.turn.transcript:
        case "completed":
            return heard.turn.user
        case "empty":
            return ""
        case "none" | "fail":
            return None


def transcription_events(
    item_id: str, heard: SpokenTurn, *, pipeline: Pipeline, language: str
) -> list[KnownServerEvent]:
    """The transcription of a user item as recorded: the native pipeline sends it as one delta first."""
    if heard.turn is not None and heard.turn.transcript == "fail":
        error = ErrorDetails(
            type="server_error", code="transcription_failed", message="The audio could not be transcribed."
        )
        return [InputAudioTranscriptionFailed(item_id=item_id, error=error)]
    transcript = transcript_of(heard)
    if transcript is None:
        return []
    if not pipeline.native:
        return [InputAudioTranscriptionCompleted(item_id=item_id, transcript=transcript, language=language)]
    delta = [InputAudioTranscriptionDelta(item_id=item_id, delta=transcript)] if transcript else []
    return [*delta, InputAudioTranscriptionCompleted(item_id=item_id, transcript=transcript)]
