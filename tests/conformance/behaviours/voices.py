"""Voices and transcription, which depend on the model."""

from __future__ import annotations

from typing import Any

from azure.ai.voicelive import models as m

from conformance.behaviours.core import (
    QUESTION,
    Voices,
    behaviour,
    refuses_session,
    session_of,
)
from conformance.talk import Talk, expect


async def _speaks_with(talk: Talk, voice: Any, kind: str, name: str) -> None:
    session = await talk.configure(session_of(talk.where, voice=voice))
    expect((session.voice["type"], session.voice["name"]) == (kind, name), f"the voice is {session.voice}")
    await talk.type("Good morning.")
    await talk.connection.response.create()
    response = await talk.answered()
    expect(response.voice["name"] == name, f"it was said by {response.voice}")
    expect(talk.of(m.ServerEventResponseAudioDelta) != [], "nothing was said")


@behaviour(
    "OpenAI voice",
    "`echo`, an OpenAI voice; OpenAI's native models",
    has=lambda where: where.model.openai,
    refused=refuses_session(
        lambda where: session_of(where, voice=m.OpenAIVoice(name="echo")), "invalid_value"
    ),
)
async def _openai_voice(talk: Talk, _voices: Voices) -> None:
    await _speaks_with(talk, m.OpenAIVoice(name="echo"), "openai", "echo")


@behaviour(
    "Azure voice",
    "`en-US-AndrewNeural`, a voice of Azure's; not azure-realtime",
    has=lambda where: not where.model.own_voices,
    refused=refuses_session(
        lambda where: session_of(where, voice=m.AzureStandardVoice(name="en-US-AndrewNeural")),
        "invalid_value",
    ),
)
async def _azure_voice_speaks(talk: Talk, _voices: Voices) -> None:
    voice = m.AzureStandardVoice(name="en-US-AndrewNeural")
    await _speaks_with(talk, voice, "azure-standard", "en-US-AndrewNeural")


@behaviour(
    "native voice",
    "`andrew`, a voice of azure-realtime's own; 2026-06-01-preview and later",
    has=lambda where: where.model.own_voices and where.since("2026-06-01-preview"),
    refused=refuses_session(
        lambda where: session_of(where, voice=m.AzureRealtimeNativeVoice(name="andrew")), "invalid_value"
    ),
)
async def _native_voice(talk: Talk, _voices: Voices) -> None:
    await _speaks_with(talk, m.AzureRealtimeNativeVoice(name="andrew"), "azure-realtime-native", "andrew")


@behaviour(
    "whisper",
    "transcription by `whisper-1`; OpenAI's native models",
    has=lambda where: where.model.openai,
    refused=refuses_session(
        lambda where: session_of(
            where, input_audio_transcription=m.AudioInputTranscriptionOptions(model="whisper-1")
        ),
        "invalid_value",
    ),
    scenario={"turns": [{"user": QUESTION, "say": "Sunny."}]},
)
async def _whisper(talk: Talk, voices: Voices) -> None:
    session = await talk.configure(session_of(talk.where))
    expect(session.input_audio_transcription.model == "whisper-1", "another transcription")
    await talk.say(voices.question)
    heard = await talk.until(m.ServerEventConversationItemInputAudioTranscriptionCompleted)
    expect(heard.transcript == QUESTION, f"heard was {heard.transcript!r}")
