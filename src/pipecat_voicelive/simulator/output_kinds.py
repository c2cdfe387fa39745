"""What each part of a reply becomes on its way: speech, text, or a call of one kind or another. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from pipecat_voicelive.simulator.effects import McpServer
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.outputs import CallOutput, Place, WrittenOutput
from pipecat_voicelive.simulator.remote_outputs import AgentCallOutput, McpCallOutput, SearchOutput
from pipecat_voicelive.simulator.replies import Call, Part, Say
from pipecat_voicelive.simulator.response_options import ResponseOptions
from pipecat_voicelive.simulator.scenario import AgentCall, Search
from pipecat_voicelive.simulator.spoken_output import SpokenOutput

Silent: TypeAlias = WrittenOutput | CallOutput | McpCallOutput | SearchOutput | AgentCallOutput
Output: TypeAlias = SpokenOutput | Silent


def output_for(
    part: Part,
    place: Place,
    options: ResponseOptions,
    *,
    mcp_tools: Mapping[str, McpServer],
    audio_before_ms: float,
) -> Output:
    """The output that a part of a reply becomes.

    Args:
        part: What is said, called or looked for.
        place: Where in the response it stands.
        options: How the response is made.
        mcp_tools: The servers of the MCP tools that may be called.
        audio_before_ms: How much audio the response has before it.
    """
    match part:
        case Search():
            return SearchOutput(place, part, options.with_file_results)
        case AgentCall():
            arguments = json.dumps(part.arguments, ensure_ascii=False, default=str)
            return AgentCallOutput(place, part, arguments)
        case Call(name, arguments) if name in mcp_tools and name not in options.tools.offered:
            return McpCallOutput(place, mcp_tools[name], name, arguments)
        case Call(name, arguments):
            return CallOutput(place, new_id("call_", 16), name, arguments)
        case Say(text, citations) if options.spoken:
            azure = options.has_azure_voice
            return SpokenOutput(
                place,
                text,
                options.output_audio_format,
                with_words=azure and options.wants_words,
                with_visemes=azure and options.wants_visemes,
                with_blendshapes=azure and options.wants_blendshapes,
                audio_before_ms=audio_before_ms,
                citations=citations,
            )
        case Say(text):
            return WrittenOutput(place, text)
