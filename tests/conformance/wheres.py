"""The models and API versions that the service documents, and what each is documented to have.

Written from the documentation and not from the simulator's own tables, so that either finds what the other
has wrong.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live
https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-how-to
"""

from __future__ import annotations

from dataclasses import dataclass

API_VERSIONS = (
    "2025-05-01-preview",
    "2025-10-01",
    "2026-01-01-preview",
    "2026-04-10",
    "2026-06-01-preview",
    "2026-07-15",
)
"""The dated versions, oldest first."""

V1 = "v1"
"""The rolling contract. It has other names for events and options, which the SDK does not know."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model as documented.

    Attributes:
        name: As clients name it.
        native: It hears audio itself.
        openai: It is one of OpenAI's that speak: their voices, their transcription.
        own_voices: It has voices of its own and no others.
        sees: It takes images.
        mcp: It can be given MCP servers.
    """

    name: str
    native: bool = False
    openai: bool = False
    own_voices: bool = False
    sees: bool = True
    mcp: bool = True


def _openai(name: str, *, sees: bool = True) -> Model:
    return Model(name, native=True, openai=True, sees=sees)


MODELS = (
    *(
        _openai(name)
        for name in (
            "gpt-realtime",
            "gpt-realtime-mini",
            "gpt-realtime-1.5",
            "gpt-realtime-2.1",
            "gpt-realtime-2.1-mini",
            "gpt-realtime-datazone",
            "gpt-realtime-mini-datazone",
        )
    ),
    *(_openai(name, sees=False) for name in ("gpt-4o-realtime-preview", "gpt-4o-mini-realtime-preview")),
    Model("azure-realtime", native=True, own_voices=True),
    Model("phi4-mm-realtime", native=True, mcp=False),
    *(
        Model(name)
        for name in (
            "gpt-4o",
            "gpt-4o-mini",
            "gpt-4.1",
            "gpt-4.1-mini",
            "gpt-4.1-nano",
            "gpt-5",
            "gpt-5-mini",
            "gpt-5-nano",
            "gpt-5-chat",
            "gpt-5.1",
            "gpt-5.2",
            "gpt-5.4",
            "gpt-5.6-terra",
            "gpt-5.6-luna",
        )
    ),
    Model("phi4-mini", sees=False, mcp=False),
)


@dataclass(frozen=True, slots=True)
class Where:
    """A model, at a version of the API."""

    model: Model
    api_version: str

    def since(self, api_version: str) -> bool:
        """Whether the version is this one or a later one."""
        return API_VERSIONS.index(self.api_version) >= API_VERSIONS.index(api_version)

    def __str__(self) -> str:
        return f"{self.model.name} at {self.api_version}"


EVERYWHERE = tuple(Where(model, api_version) for model in MODELS for api_version in (*API_VERSIONS, V1))
QUICK = tuple(model for model in MODELS if model.name in ("gpt-realtime", "gpt-4.1"))
