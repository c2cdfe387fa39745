"""Tools of an application's, copied: nobody who changes theirs later changes a service."""

from __future__ import annotations

from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema

from pipecat_voicelive.protocol.options.base import own_copy


def own_tools(tools: Any) -> Any:
    """A copy of tools in any form; their handlers are the ones that were given."""
    match tools:
        case FunctionSchema():
            return FunctionSchema(
                tools.name,
                tools.description,
                own_copy(tools.properties),
                own_copy(tools.required),
                tools.handler,
            )
        case ToolsSchema():
            functions = {tool.name: tool.function for tool in tools.direct_functions}
            standard = [functions.get(tool.name) or own_tools(tool) for tool in tools.standard_tools]
            return ToolsSchema(standard, own_copy(tools.custom_tools))
        case list():
            return [own_tools(tool) for tool in tools]
        case _:
            return own_copy(tools)
