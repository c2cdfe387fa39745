"""MCP servers among the tools: they are sent wherever they were given, and keep their secrets."""

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import AdapterType, ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext

from pipecat_voicelive import (
    ConfigurationError,
    FunctionTool,
    MCPServer,
    SessionProperties,
    VoiceLiveClient,
    VoiceLiveLLMAdapter,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.service.options import session_options
from pipecat_voicelive.service.settings import complete_settings

SUMS = MCPServer(server_label="sums", server_url="https://sums.example/mcp", authorization="Bearer secret")
SENT = {
    "type": "mcp",
    "server_label": "sums",
    "server_url": "https://sums.example/mcp",
    "authorization": "Bearer secret",
}


async def look(params):
    """Look."""


def tools_sent(tools, context=None):
    """The tools of a session as they are sent, each by its name or label."""
    settings = complete_settings(VoiceLiveLLMSettings(session_properties=SessionProperties(tools=tools)))
    sent = session_options(settings, VoiceLiveLLMAdapter(), context)["tools"]
    assert all(tool == SENT for tool in sent if tool["type"] == "mcp")
    return [tool.get("name") or tool["server_label"] for tool in sent]


@pytest.mark.proves("tool=mcp", "session.tools")
@pytest.mark.parametrize("context", [None, LLMContext()])
@pytest.mark.parametrize("server", [SUMS, SENT], ids=["class", "dict"])
def test_servers_and_functions_may_be_mixed_in_the_session_properties(server, context):
    function = FunctionSchema("find", "Finds.", {}, [])
    assert tools_sent([server, look, function], context) == ["look", "find", "sums"]
    assert tools_sent([server, FunctionTool(name="find")], context) == ["sums", "find"]
    assert tools_sent([server], context) == ["sums"]


def test_a_context_may_bring_servers_as_custom_tools():
    tools = ToolsSchema(standard_tools=[look], custom_tools={AdapterType.OPENAI: [SUMS]})
    assert tools_sent(None, LLMContext(tools=tools)) == ["look", "sums"]


def test_functions_of_a_context_leave_the_servers_of_the_settings_in_place():
    context = LLMContext(tools=[look])
    assert tools_sent([SUMS, FunctionTool(name="find")], context) == ["look", "sums"]


def test_a_server_that_both_bring_is_sent_once():
    context = LLMContext(tools=ToolsSchema(standard_tools=[], custom_tools={AdapterType.OPENAI: [SUMS]}))
    assert tools_sent([MCPServer(**SENT)], context) == ["sums"]


def test_credentials_of_a_server_are_in_no_repr():
    properties = SessionProperties(tools=[MCPServer(**SENT, headers={"X-Key": "secret"}), SENT])
    assert "secret" not in repr(properties) + repr(complete_settings(None)) + str(properties.tools[0])


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan")])
def test_a_time_for_approval_that_is_none_is_refused(timeout_s):
    with pytest.raises(ConfigurationError, match="positive number of seconds"):
        VoiceLiveClient(endpoint="h", model="m", api_key="k", mcp_approval_timeout_s=timeout_s)
    with pytest.raises(ConfigurationError, match="positive number of seconds"):
        VoiceLiveLLMService(endpoint="h", api_key="k", mcp_approval_timeout_s=timeout_s)
