"""What a response is made from: the conversation, and what `response.create` gives besides or instead."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET

from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.errors_wire import invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.item_checks import accepted_item
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.replies import Reply, Say
from pipecat_voicelive.simulator.response_options import ResponseOptions
from pipecat_voicelive.simulator.sources import API_REFERENCE, HOSTED_AGENTS, PROACTIVE, SDK
from pipecat_voicelive.simulator.usage import image_tokens, item_text_tokens, text_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseInput:
    """What a response is made from, in tokens and audio."""

    text_tokens: int
    image_tokens: int
    audio_ms: float


def response_input(
    items: Sequence[ConversationItem], options: ResponseOptions, conversation: Conversation
) -> ResponseInput:
    """How much a response is made from."""
    tools = sum(map(text_tokens, options.tools.offered))
    return ResponseInput(
        text_tokens=text_tokens(options.instructions) + tools + item_text_tokens(items),
        image_tokens=image_tokens(items),
        audio_ms=conversation.caller_audio_ms,
    )


@rule(
    "input-items",
    "`input_items` of a response stand in place of the conversation, `append_input_items` behind it, for "
    "that response only; each is checked as an item that is created.",
    SDK.at("ResponseCreateParams"),
    topic=Topic.RESPONSES,
    conflict="the API reference has neither.",
)
@rule(
    "invoke-input",
    "`invoke_input` is handed to the agent; without an agent it is refused.",
    API_REFERENCE.at("invoke_input"),
    HOSTED_AGENTS,
    topic=Topic.AGENTS,
)
def items_for(
    asked: ResponseProperties, conversation: Sequence[ConversationItem], model: Model
) -> list[ConversationItem]:
    """The items that a response answers.

    Raises:
        RefusedError: One of those that `asked` gives will not do, or not with this model.
    """
    base = list(conversation)
    if asked.input_items is not UNSET:
        base = _accepted(asked.input_items, "input_items", model)
    if asked.invoke_input is not UNSET:
        if model.agent is None:
            raise invalid_value("'invoke_input' is for a hosted agent.", "response.invoke_input")
        base.append(_handed_over(json.dumps(asked.invoke_input, ensure_ascii=False, sort_keys=True)))
    added = [] if asked.append_input_items is UNSET else asked.append_input_items
    return [*base, *_accepted(added, "append_input_items", model)]


def _accepted(items: Sequence[ConversationItem], name: str, model: Model) -> list[ConversationItem]:
    return [
        accepted_item(item, sees=model.sees, path=f"response.{name}[{index}]")
        for index, item in enumerate(items)
    ]


@rule(
    "pre-generated-message",
    "`pre_generated_assistant_message` is spoken as it is and joins the conversation; it must be a message "
    "of the assistant with exactly one text part.",
    API_REFERENCE.at("pre_generated_assistant_message"),
    PROACTIVE,
    topic=Topic.RESPONSES,
)
def pre_generated(asked: ResponseProperties) -> Reply | None:
    """The message that the client wants spoken as it is, if it gave one.

    Raises:
        RefusedError: It is not one text of the assistant.
    """
    message = asked.pre_generated_assistant_message
    if message is UNSET:
        return None
    parts = message.content or []
    if message.role != "assistant" or [part.type for part in parts] != ["text"] or not parts[0].text:
        raise invalid_value(
            "'pre_generated_assistant_message' must be an assistant message with exactly one text part.",
            "response.pre_generated_assistant_message",
        )
    return Reply((Say(str(parts[0].text)),))


def _handed_over(text: str) -> ConversationItem:
    """What a hosted agent was handed, as a message that the scenario can match. It joins no conversation."""
    return ConversationItem(
        type="message",
        id=new_id("item_", 22),
        role="user",
        content=[ItemContent(type="input_text", text=text)],
    )
