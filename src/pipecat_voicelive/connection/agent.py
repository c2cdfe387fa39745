"""A Foundry agent in place of a model: which one, and which of its conversations.

The agent brings its own instructions, tools and model. It is named in the URL, it takes tokens of Microsoft
Entra ID and no keys, and it remembers: a later session that names the conversation goes on with it.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-agents-quickstart
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipecat_voicelive.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundryAgent:
    """An agent of Microsoft Foundry.

    Attributes:
        name: The agent's name.
        project: The Foundry project that it belongs to.
        version: The version to talk to; None for the latest.
        conversation_id: A conversation to go on with; None begins one. The service begins one too if the id
            belongs to another agent. `VoiceLiveClient.conversation_id` tells it once the session is ready.
        identity_client_id: Client id of the managed identity that reaches the agent, if its project belongs
            to another resource.
        foundry_resource: The Foundry resource that hosts the project, if it is not the endpoint's own.

    Raises:
        ConfigurationError: The name or the project is missing.
    """

    name: str
    project: str
    version: str | None = None
    conversation_id: str | None = None
    identity_client_id: str | None = None
    foundry_resource: str | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.project.strip():
            raise ConfigurationError(
                'An agent needs a name and a project: FoundryAgent(name="...", project="...").'
            )

    def query(self) -> dict[str, str]:
        """The parameters of the URL that name it."""
        parameters = {
            "agent-name": self.name,
            "agent-project-name": self.project,
            "agent-version": self.version,
            "conversation-id": self.conversation_id,
            "agent-authentication-identity-client-id": self.identity_client_id,
            "foundry-resource-override": self.foundry_resource,
        }
        return {name: value for name, value in parameters.items() if value}


def names_agent(query: Mapping[str, str] | None) -> bool:
    """Whether these parameters of the URL name an agent, of today's or of the classic kind."""
    return query is not None and ("agent-name" in query or "agent-id" in query)
