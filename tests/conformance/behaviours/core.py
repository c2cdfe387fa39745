"""What a behaviour is, and what the conversations share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.ai.voicelive import models as m

from conformance.talk import Talk, expect
from conformance.wheres import API_VERSIONS, Where

QUESTION = "What is the weather in Lisbon?"
_STORY = "Once upon a time there was a house by the sea, and nobody knew who lived there. " * 12
TELLING = {"turns": [{"user": "Tell me a story.", "say": _STORY}, {"user": "Stop.", "say": "All right."}]}
"""A scenario in which the caller has something to interrupt."""

Act = Callable[[Talk, "Voices"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Voices:
    """What callers say, as PCM of 24 kHz, and where an MCP server with `add(a, b)` is."""

    question: bytes
    stop: bytes
    mcp_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One thing that the service does.

    Attributes:
        name: For the table.
        about: What is looked at, in a sentence.
        act: Has the conversation; raises what the simulator does wrong.
        has: Whether a model at a version has it.
        refused: Asks for it where it is not had, and looks at the refusal. None if it is everywhere.
        scenario: What the simulator says meanwhile.
        speed: Seconds of audio that the simulator makes in a second.
        versions: Where it is asked for.
    """

    name: str
    about: str
    act: Act
    has: Callable[[Where], bool] = lambda _where: True
    refused: Act | None = None
    scenario: Mapping[str, Any] = field(default_factory=dict[str, Any])
    speed: float = 1000.0
    versions: tuple[str, ...] = API_VERSIONS


BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(name: str, about: str, **options: Any) -> Callable[[Act], Act]:
    """List a conversation as a behaviour."""

    def listed(act: Act) -> Act:
        BEHAVIOURS[name] = Behaviour(name=name, about=about, act=act, **options)
        return act

    return listed


def session_of(where: Where, **members: Any) -> m.RequestSession:
    """A typed session that the model takes, with audio both ways."""
    return m.RequestSession(
        **{
            "modalities": [m.Modality.TEXT, m.Modality.AUDIO],
            "instructions": "You are a weather line.",
            "input_audio_format": m.InputAudioFormat.PCM16,
            "output_audio_format": m.OutputAudioFormat.PCM16,
            "turn_detection": m.ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500),
            "input_audio_transcription": m.AudioInputTranscriptionOptions(
                model="whisper-1" if where.model.openai else "azure-speech"
            ),
            **members,
        }
    )


def text_session(where: Where, **members: Any) -> m.RequestSession:
    return session_of(where, modalities=[m.Modality.TEXT], **members)


def azure_voice(where: Where) -> dict[str, Any]:
    return {"voice": m.AzureStandardVoice(name="en-US-AvaNeural")}


def refuses_session(make: Callable[[Where], m.RequestSession], *codes: str) -> Act:
    """That a session is refused, and the one before it goes on."""

    async def act(talk: Talk, _voices: Voices) -> None:
        await talk.configure(text_session(talk.where))
        await talk.connection.session.update(session=make(talk.where), event_id="asked")
        await talk.refused("asked", *codes)
        await talk.type("Are you there?")
        await talk.connection.response.create()
        await talk.answered()

    return act


def in_order(talk: Talk, *kinds: str) -> None:
    """That the first events of these types came, in this order."""
    come = talk.kinds()
    missing = [kind for kind in kinds if kind not in come]
    expect(not missing, f"{missing} did not come")
    places = [come.index(kind) for kind in kinds]
    # Items of the caller are created before the response's.
    if "conversation.item.created" in kinds and "response.output_item.added" in kinds:
        begun = come.index("response.output_item.added")
        places[kinds.index("conversation.item.created")] = come.index("conversation.item.created", begun)
    expect(places == sorted(places), f"the order is {sorted(zip(places, kinds, strict=True))}")
