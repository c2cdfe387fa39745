"""What is to be reached, and as whom: from options and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pipecat_voicelive.connection.agent import FoundryAgent
from pipecat_voicelive.connection.connection import ConnectionOptions

ENDPOINT, API_KEY = "AZURE_VOICE_LIVE_ENDPOINT", "AZURE_VOICE_LIVE_API_KEY"
OTHER_ENDPOINT, OTHER_API_KEY = "AZURE_VOICELIVE_ENDPOINT", "AZURE_VOICELIVE_API_KEY"
"""As Microsoft's samples name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be reached.

    Attributes:
        endpoint: The resource, in any form the portal shows.
        model: Model or deployment; None with an agent.
        agent: A Foundry agent in place of a model.
        profile: How to reach a model of your own.
        api_version: The API version.
        api_key: The resource's key; None means a token of `DefaultAzureCredential`.
        scope: What the token is asked for.
        session: The session's options.
        options: How to connect.
    """

    endpoint: str
    model: str | None
    agent: FoundryAgent | None
    profile: str | None
    api_version: str
    api_key: str | None = field(repr=False)
    scope: str
    session: Mapping[str, Any] = field(repr=False)
    options: ConnectionOptions


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads."""

    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: str) -> Place:
        """The place of a WebSocket URL."""
        parts = urlsplit(url)
        secure = parts.scheme == "wss"
        return cls(parts.hostname or "", parts.port or (443 if secure else 80), secure)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def endpoint_and_key(environment: Mapping[str, str]) -> tuple[str, str | None, list[str]]:
    """Endpoint and key of the environment, and the names of the variables that they stand in."""
    found: list[str] = []
    values: list[str] = []
    for names in ((ENDPOINT, OTHER_ENDPOINT), (API_KEY, OTHER_API_KEY)):
        name = next((name for name in names if environment.get(name)), None)
        values.append(environment[name] if name else "")
        found += [name] if name else []
    return values[0], values[1] or None, found
