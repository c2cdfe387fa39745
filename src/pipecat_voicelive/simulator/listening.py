"""Transcripts of voice turns: what was said, by the scenario, and the events that tell the client."""

from __future__ import annotations

from dataclasses import dataclass

from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.server_events import (
    InputAudioTranscriptionCompleted,
    InputAudioTranscriptionDelta,
    InputAudioTranscriptionFailed,
    KnownServerEvent,
)
from pipecat_voicelive.simulator.brain import SpokenTurn
from pipecat_voicelive.simulator.caller_audio import TurnEnded
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.outputs import pieces_of
from pipecat_voicelive.simulator.phrases import logprobs_of, phrases_of
from pipecat_voicelive.simulator.pipelines import Pipeline
from pipecat_voicelive.simulator.sources import API_REFERENCE, CASCADED_TAPES, SDK, VOICE_TURN
from pipecat_voicelive.simulator.templates import filled

_TOLD_CONFIDENCE = 0.95
_UNKNOWN_WORDS_CONFIDENCE = 0.5
"""How sure the transcript is that only says how long the audio was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionOptions:
    """How transcripts are made.

    Attributes:
        language: The language they claim to be in, unless the scenario names another.
        streams: Whether they come word by word.
        with_logprobs: Whether the client asks how sure each token is.
        with_phrases: Whether the client asks where the words are in the audio.
        rate_hz: Sampling rate of the audio.
    """

    language: str
    streams: bool
    with_logprobs: bool
    with_phrases: bool
    rate_hz: int


def transcript_of(heard: SpokenTurn, unrecognised: str) -> str | None:
    """What the client is told was said; None if it is told nothing.

    If nobody knows the words, the transcript says just that, in the words of `unrecognised`; none if that
    is "".
    """
    if heard.words is None:
        return filled(unrecognised, {"user": {"seconds": round(heard.duration_ms / 1000, 1)}}) or None
    match heard.turn.transcript if heard.turn else "completed":
        case "completed":
            return heard.words.text
        case "empty":
            return ""
        case "none" | "fail":
            return None


@rule(
    "partial-transcripts",
    "A transcript comes in deltas, word by word, from models that stream (`gpt-4o-...`, `...-streaming`); "
    "else native models send all of it as one delta before it is completed, and cascaded ones send none. All "
    "deltas come after the turn is committed.",
    VOICE_TURN.at("one delta"),
    CASCADED_TAPES.at("no delta"),
    API_REFERENCE.at("conversation.item.input_audio_transcription.delta"),
    topic=Topic.TRANSCRIPTION,
)
@rule(
    "transcript-events",
    "A completed transcript names its language in a cascaded session only. One that fails is told by failed "
    "in its place.",
    CASCADED_TAPES.at("input_audio_transcription.completed"),
    VOICE_TURN.at("input_audio_transcription.completed"),
    SDK.at("ServerEventConversationItemInputAudioTranscriptionFailed"),
    topic=Topic.TRANSCRIPTION,
)
@rule(
    "transcript-includes",
    "`logprobs` and `phrases` come with a transcript only if `include` asks for them.",
    API_REFERENCE.at("include"),
    SDK.at("SessionIncludeOption"),
    topic=Topic.TRANSCRIPTION,
)
def transcription_events(
    turn: TurnEnded,
    heard: SpokenTurn,
    unrecognised: str,
    *,
    pipeline: Pipeline,
    options: TranscriptionOptions,
) -> list[KnownServerEvent]:
    """The transcription of a user item: perhaps deltas, and that it is completed or has failed."""
    item_id = turn.item_id
    transcript = transcript_of(heard, unrecognised)
    unknown = heard.words is None and transcript is None
    if unknown or (heard.turn is not None and heard.turn.transcript == "fail"):
        error = ErrorDetails(
            type="server_error", code="transcription_failed", message="The audio could not be transcribed."
        )
        return [InputAudioTranscriptionFailed(item_id=item_id, error=error)]
    if transcript is None:
        return []
    language = (heard.turn.language if heard.turn else "") or options.language
    if heard.turn is not None:
        confidence = heard.turn.confidence
    else:
        confidence = _TOLD_CONFIDENCE if heard.words else _UNKNOWN_WORDS_CONFIDENCE
    logprobs = logprobs_of(transcript, confidence) if options.with_logprobs else None
    completed = InputAudioTranscriptionCompleted(
        item_id=item_id,
        transcript=transcript,
        language=None if pipeline.native else language,
        logprobs=logprobs,
        phrases=phrases_of(transcript, turn.pcm, options.rate_hz, locale=language, confidence=confidence)
        if options.with_phrases
        else None,
    )
    if options.streams:
        pieces = pieces_of(transcript)
    else:
        pieces = [transcript] if pipeline.native and transcript else []
    deltas = [
        InputAudioTranscriptionDelta(
            item_id=item_id,
            delta=piece,
            logprobs=logprobs_of(piece, confidence) if options.with_logprobs else None,
        )
        for piece in pieces
    ]
    return [*deltas, completed]
