"""What the model may call: functions of yours, MCP servers and agents that the service calls itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from pipecat_voicelive.protocol.options.base import Option


class FunctionTool(Option):
    """A function the model may call; `parameters` is its JSON schema."""

    type: Literal["function"] = "function"
    name: str
    description: str | None = Field(default=None, repr=False)
    parameters: dict[str, Any] | None = Field(default=None, repr=False)


class MCPServer(Option):
    """An MCP server whose tools the service lists and calls itself.

    Attributes:
        server_label: Your name for it; comes back in its items.
        server_url: Where it is, as the service reaches it.
        authorization: Value of the `Authorization` header for the server.
        headers: Further headers for the server.
        allowed_tools: Names of the tools to offer; all of them without.
        require_approval: "always" (the default), "never", or which tools need it:
            `{"always": [...], "never": [...]}`. A tool in neither list needs it.
    """

    type: Literal["mcp"] = "mcp"
    server_label: str
    server_url: str = Field(repr=False)
    authorization: str | None = Field(default=None, repr=False)
    headers: dict[str, str] | None = Field(default=None, repr=False)
    allowed_tools: list[str] | None = None
    require_approval: str | dict[str, list[str]] | None = None


class FoundryAgentTool(Option):
    """A Foundry agent that the model may ask. Documented; in no SDK.

    Attributes:
        agent_name: The agent.
        project_name: Its project.
        agent_version: Pins a version; the latest without.
        client_id: Managed identity, for an agent on another resource.
        description: Tells the model when to ask it.
        foundry_resource_override: The resource that hosts the project, if it is another.
        agent_context_type: "agent_context" (the default) or "no_context".
        return_agent_response_directly: Whether its answer is spoken as it is (the default).
    """

    type: Literal["foundry_agent"] = "foundry_agent"
    agent_name: str
    project_name: str
    agent_version: str | None = None
    client_id: str | None = None
    description: str | None = Field(default=None, repr=False)
    foundry_resource_override: str | None = None
    agent_context_type: str | None = None
    return_agent_response_directly: bool | None = None


class ToolChoiceFunction(Option):
    """The one function that the model has to call."""

    type: Literal["function"] = "function"
    name: str
