"""What tools and the choice between them may look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pipecat_voicelive.simulator.checks import Check, list_of, object_of, one_of, text
from pipecat_voicelive.simulator.errors_wire import invalid_value
from pipecat_voicelive.simulator.pipelines import Model


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
    "function": ({"name": text, "description": text, "parameters": object_of({})}, ("name",)),
    "mcp": (
        {
            "server_label": text,
            "server_url": text,
            "authorization": text,
            "headers": object_of({}),
            "allowed_tools": list_of(text),
            "require_approval": _approval,
        },
        ("server_label", "server_url"),
    ),
    "foundry_agent": ({"agent_name": text, "project_name": text}, ("agent_name", "project_name")),
}


def tool_choice(value: object, path: str) -> None:
    """Refuse what is neither a mode nor the choice of a tool."""
    if not isinstance(value, str):
        object_of({"type": text, "name": text}, required=("type",))(value, path)


def check_mcp(session: Mapping[str, Any], model: Model) -> None:
    """Refuse MCP servers for a model that cannot call them."""
    if not model.calls_mcp and any(one["type"] == "mcp" for one in session.get("tools") or ()):
        raise invalid_value("MCP servers are not supported by this model.", "session.tools")
