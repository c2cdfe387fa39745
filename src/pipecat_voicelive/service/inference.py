"""Inference beside the call: what a context leads to, asked out of band over the call's own connection."""

from __future__ import annotations

from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.utils.types import assert_given

from pipecat_voicelive.errors import ConnectionFailedError
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.service.backstage import Backstage
from pipecat_voicelive.service.conversation import Conversation

MOST_OUTPUT_TOKENS = 4096
"""The service takes no higher limit."""


class InferringService(Backstage):
    """An LLM service that infers beside its call. Pipecat makes its context summaries with that."""

    _conversation: Conversation

    async def run_inference(
        self,
        context: LLMContext,
        max_tokens: int | None = None,
        system_instruction: str | None = None,
        response_schema: dict[str, Any] | None = None,
    ) -> str | None:
        """What the model answers to a context of its own, as text; the call neither hears nor knows of it.

        It is asked in the next pause of the call, so it takes as long as the caller or the bot goes on. If
        a new conversation begins meanwhile, it is asked there.

        Args:
            context: It is not the call's, though it may hold the same.
            max_tokens: Most tokens of the answer; the service allows 4096, more is cut to that.
            system_instruction: Instead of the service's own and the context's.
            response_schema: Not supported; ignored with a warning.

        Returns:
            The answer, None if it is empty.

        Raises:
            ServiceError: The service refused the question, or could not answer it.
            ConnectionFailedError: The call is over, or its connection is lost.
        """
        self._check_response_schema(response_schema)
        instruction = system_instruction or assert_given(self._settings.system_instruction)
        params = await self.get_llm_adapter().get_llm_invocation_params(
            context, system_instruction=instruction
        )
        properties = ResponseProperties(tool_choice="none")
        if max_tokens is not None:
            properties = ResponseProperties(
                tool_choice="none", max_output_tokens=min(max_tokens, MOST_OUTPUT_TOKENS)
            )
        items = await self._conversation.seeing.beside(context, params["messages"])
        while True:
            client = self._conversation.client
            try:
                text = await client.ask(
                    params["system_instruction"] or "", items=items, properties=properties
                )
            except ConnectionFailedError:
                if client is self._conversation.client:
                    raise
            else:
                return text or None
