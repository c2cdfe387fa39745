"""What tools and the choice between them may look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pipecat_voicelive.simulator.checks import Check, boolean, filled_text, list_of, object_of, one_of, text
from pipecat_voicelive.simulator.errors_wire import invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.sources import API_REFERENCE, FAQ, SDK


@rule(
    "tool-members",
    "A tool is a function with a `name`, an MCP server with `server_label` and `server_url`, or a "
    "foundry_agent with `agent_name` and `project_name`; `parameters` is an object and is not looked into, "
    "`require_approval` is always, never, or lists of names for both.",
    API_REFERENCE.at("Tools"),
    SDK.at("FunctionTool, MCPServer"),
    topic=Topic.TOOLS,
    conflict="releases 1.2.0b4 and later of the SDK have no foundry_agent.",
)
def tool(value: object, path: str) -> None:
    """Refuse what is no tool."""
    object_of({"type": one_of(*_TOOLS)}, required=("type",))(value, path)
    members, required = _TOOLS[cast("dict[str, str]", value)["type"]]
    object_of(members, required=required)(value, path)


def _approval(value: object, path: str) -> None:
    if isinstance(value, dict):
        object_of({"always": list_of(text), "never": list_of(text)})(value, path)  # pyright: ignore[reportUnknownArgumentType]
    else:
        one_of("always", "never")(value, path)


_TOOLS: Mapping[str, tuple[Mapping[str, Check], tuple[str, ...]]] = {
    "function": ({"name": filled_text, "description": text, "parameters": object_of({})}, ("name",)),
    "mcp": (
        {
            "server_label": filled_text,
            "server_url": filled_text,
            "authorization": text,
            "headers": object_of({}),
            "allowed_tools": list_of(text),
            "require_approval": _approval,
        },
        ("server_label", "server_url"),
    ),
    "foundry_agent": (
        {
            **dict.fromkeys(("agent_name", "project_name"), filled_text),
            **dict.fromkeys(("agent_version", "client_id", "description", "foundry_resource_override"), text),
            "agent_context_type": one_of("agent_context", "no_context"),
            "return_agent_response_directly": boolean,
        },
        ("agent_name", "project_name"),
    ),
}


@rule(
    "tool-choice",
    "`tool_choice` is auto, none, required, the name of a function, or an object with `type` and, for a "
    "function, its `name`.",
    API_REFERENCE.at("tool_choice"),
    SDK.at("ToolChoiceFunctionSelection"),
    topic=Topic.TOOLS,
)
def tool_choice(value: object, path: str) -> None:
    """Refuse what is neither a mode nor the choice of a tool."""
    if not isinstance(value, str):
        object_of({"type": one_of("function", "mcp"), "name": filled_text}, required=("type",))(value, path)
        if cast("dict[str, object]", value)["type"] == "function":
            object_of({}, required=("name",))(value, path)


@rule(
    "mcp-not-with-phi",
    "MCP servers are refused for phi models.",
    FAQ.at("MCP"),
    topic=Topic.TOOLS,
    holds_for="phi models",
)
def check_mcp(session: Mapping[str, Any], model: Model) -> None:
    """Refuse MCP servers for a model that cannot call them."""
    if not model.calls_mcp and any(one["type"] == "mcp" for one in session.get("tools") or ()):
        raise invalid_value("MCP servers are not supported by this model.", "session.tools")
