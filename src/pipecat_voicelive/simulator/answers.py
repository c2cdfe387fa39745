"""What an answer is made from: the items, the tools, and who knows what to say. Pure.

client's wishes ─▶ options ─┐
conversation ────▶ items ───┼─▶ reply: given by the client, the scenario's, or asked of a thinker ─▶ response
session, servers ▶ tools ───┘
"""

from __future__ import annotations

from dataclasses import replace

from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.simulator.agent_threads import Thread
from pipecat_voicelive.simulator.faults.troubles import Troubles
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.interim import interim_for
from pipecat_voicelive.simulator.mcp_tools import McpTools
from pipecat_voicelive.simulator.replies import Reply
from pipecat_voicelive.simulator.response_input import items_for, response_input
from pipecat_voicelive.simulator.response_options import ResponseOptions, response_options
from pipecat_voicelive.simulator.responses import RunningResponse
from pipecat_voicelive.simulator.session_config import SessionConfig
from pipecat_voicelive.simulator.thinking import Question
from pipecat_voicelive.simulator.token_limit import within_limit
from pipecat_voicelive.simulator.tool_picker import Tool


class Answers:
    """Makes the responses of one session.

    Args:
        config: The session's options, as they are at any time.
        thread: What was said so far, and the way through the scenario.
        mcp: The tools of MCP servers.
        troubles: What goes wrong in answering.
        speed: Audio seconds made in a second.
    """

    def __init__(
        self, config: SessionConfig, thread: Thread, mcp: McpTools, troubles: Troubles, *, speed: float
    ) -> None:
        self._config = config
        self._conversation = thread.conversation
        self._brain = thread.brain
        self._mcp = mcp
        self._troubles = troubles
        self._speed = speed
        self._conversation_id = new_id("conv_", 21) if config.model.pipeline.native else ""

    def options(self, asked: ResponseProperties, additional_instructions: str) -> ResponseOptions:
        """How a response is made.

        Raises:
            RefusedError: `asked` will not do.
        """
        return response_options(self._config.effective, asked, self._config.model, additional_instructions)

    def items(self, asked: ResponseProperties) -> list[ConversationItem]:
        """What a response answers: the conversation so far, or the input that is given for this one.

        Raises:
            RefusedError: `asked` will not do.
        """
        return items_for(asked, self._conversation.items, self._config.model)

    def begin(
        self, options: ResponseOptions, items: list[ConversationItem], given: Reply | None, now_s: float
    ) -> tuple[Reply, RunningResponse]:
        """A response, not announced yet, and what is known of its words; `given` are those of the client."""
        mcp_tools = self._mcp.offered(options.mcp_servers)
        reply = given or self._reply(items, options, frozenset(mcp_tools.keys()))
        reply = self._troubles.answered(within_limit(reply, options.max_output_tokens))
        response = RunningResponse(
            reply,
            interim=interim_for(options.interim, reply, self._brain.interim),
            question=self._question(items, options) if reply.asks_model and reply.fails is None else None,
            options=options,
            mcp_tools=mcp_tools,
            given=response_input(items, options, self._conversation),
            conversation=self._conversation,
            conversation_id=self._conversation_id,
            pipeline=self._config.model.pipeline,
            speed=self._speed,
            now_s=now_s,
        )
        return reply, response

    def _reply(
        self, items: list[ConversationItem], options: ResponseOptions, mcp_tools: frozenset[str]
    ) -> Reply:
        if options.out_of_band:
            return self._brain.reply_aside(options.instructions, items)
        offered = options.tools.offered + tuple(mcp_tools)
        return self._brain.reply(items, replace(options.tools, offered=offered, tools=self._tools(options)))

    def _tools(self, options: ResponseOptions) -> tuple[Tool, ...]:
        return options.tools.tools + self._mcp.described(options.mcp_servers)

    def _question(self, items: list[ConversationItem], options: ResponseOptions) -> Question:
        """What somebody else is asked."""
        longest = options.max_output_tokens
        return Question(
            instructions=options.instructions,
            items=tuple(self._brain.in_words(items)),
            tools=self._tools(options),
            tool_choice=options.tools.choice,
            parallel_tool_calls=options.tools.in_parallel,
            max_output_tokens=longest if isinstance(longest, int) else None,
        )
