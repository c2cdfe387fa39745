"""The session and its turn detection."""

from __future__ import annotations

from azure.ai.voicelive import models as m

from conformance.behaviours.core import (
    QUESTION,
    Voices,
    behaviour,
    refuses_session,
    session_of,
)
from conformance.talk import Talk, expect, words_of


@behaviour("session", "a typed `session.update` is answered with the whole session")
async def _session(talk: Talk, _voices: Voices) -> None:
    where = talk.where
    created = talk.events[0].session
    session = await talk.configure(session_of(where))
    expect(session.id == created.id and session.id.startswith("sess_"), f"the id is {session.id}")
    expect(session.expires_at == created.expires_at, "the end of the session has changed")
    expect(session.instructions == "You are a weather line.", f"instructions are {session.instructions!r}")
    expect(set(session.modalities) == {"text", "audio"}, f"modalities are {session.modalities}")
    expect(isinstance(session.turn_detection, m.ServerVad), f"turns are {session.turn_detection}")
    expect(session.turn_detection.prefix_padding_ms == 300, "the padding was not taken")
    expect(session.input_audio_sampling_rate == 24000, f"rate is {session.input_audio_sampling_rate}")
    kind = (
        "azure-realtime-native"
        if where.model.own_voices
        else "openai"
        if where.model.openai
        else "azure-standard"
    )
    expect(session.voice["type"] == kind, f"the voice is {session.voice}")


@behaviour(
    "semantic VAD",
    "turns by `azure_semantic_vad_multilingual`; 2025-10-01 and later",
    has=lambda where: where.since("2025-10-01"),
    refused=refuses_session(
        lambda where: session_of(where, turn_detection=m.AzureSemanticVadMultilingual()),
        "invalid_value",
        "unknown_parameter",
    ),
    scenario={"turns": [{"user": QUESTION, "say": "Sunny."}]},
)
async def _semantic_vad(talk: Talk, voices: Voices) -> None:
    turns = m.AzureSemanticVadMultilingual(silence_duration_ms=500)
    session = await talk.configure(session_of(talk.where, turn_detection=turns))
    expect(isinstance(session.turn_detection, m.AzureSemanticVadMultilingual), f"{session.turn_detection}")
    await talk.say(voices.question)
    await talk.until(m.ServerEventInputAudioBufferSpeechStopped)
    expect(words_of(await talk.answered()) == "Sunny.", "another answer")
