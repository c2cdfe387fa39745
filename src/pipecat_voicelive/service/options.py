"""What the settings and the context together ask of a session."""

from __future__ import annotations

from typing import Any

import msgspec
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import AdapterType, ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.utils.types import assert_given

from pipecat_voicelive.protocol.codec import plain_option
from pipecat_voicelive.protocol.session_options import SessionProperties, TurnDetection
from pipecat_voicelive.service.context import VoiceLiveLLMAdapter
from pipecat_voicelive.service.settings import VoiceLiveLLMSettings


def session_options(
    settings: VoiceLiveLLMSettings, adapter: VoiceLiveLLMAdapter, context: LLMContext | None
) -> dict[str, Any]:
    """All options of the session, as they are sent; without a context yet, those of the settings alone."""
    options = assert_given(settings.session_properties).to_wire()
    instruction, tools = assert_given(settings.system_instruction), service_tools(settings)
    if context is not None:
        params = adapter.session_params(context, system_instruction=instruction, service_tools=tools)
        instruction, tools = params["system_instruction"], params["tools"]
        if params["tool_choice"] is not None:
            options["tool_choice"] = params["tool_choice"]
        # An MCP server or an agent is no function of the context's, so those of the settings come along.
        tools = [*tools, *(tool for tool in _run_by_the_service(settings) if tool not in tools)]
    else:
        tools = adapter.from_standard_tools(tools) or []
    if instruction:
        options["instructions"] = instruction
    options["tools"] = msgspec.to_builtins(tools, enc_hook=plain_option)
    if (temperature := assert_given(settings.temperature)) is not None:
        options["temperature"] = temperature
    if "audio" not in (options.get("modalities") or ["audio"]):
        # Refused in a repeated update: "Text to speech synthesizer is not configured".
        options.pop("voice", None)
    return options


def turn_strategies(properties: SessionProperties) -> ExternalUserTurnStrategies | None:
    """The turn strategies that go with these options, None for those of the user's own."""
    if properties.manual_turns:
        return None
    detection = properties.turn_detection
    interrupts = not (isinstance(detection, TurnDetection) and detection.interrupt_response is False)
    return ExternalUserTurnStrategies(enable_interruptions=interrupts)


def service_tools(settings: VoiceLiveLLMSettings) -> ToolsSchema | list[Any] | None:
    """The tools of the session properties, in a form that an adapter takes."""
    tools = assert_given(settings.session_properties).tools
    if isinstance(tools, list):
        functions: list[Any] = [tool for tool in tools if isinstance(tool, FunctionSchema) or callable(tool)]
        if functions:
            others = [tool for tool in tools if not any(tool is function for function in functions)]
            return ToolsSchema(standard_tools=functions, custom_tools={AdapterType.OPENAI: others})
    return tools


def _run_by_the_service(settings: VoiceLiveLLMSettings) -> list[Any]:
    """The tools of the session properties that are no functions."""
    tools = service_tools(settings)
    if isinstance(tools, ToolsSchema):
        tools = (tools.custom_tools or {}).get(AdapterType.OPENAI)
    return [tool for tool in tools or [] if _type_of(tool) != "function"]


def _type_of(tool: Any) -> Any:
    return tool.get("type") if isinstance(tool, dict) else getattr(tool, "type", None)
