"""What a client may put into the conversation, and how the service then reports it."""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from pipecat_voicelive.protocol.codec import decode_base64
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator.errors_wire import (
    invalid_value,
    missing_parameter,
    not_audio,
    unsupported_value,
)
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.ids import new_item_id
from pipecat_voicelive.simulator.pictures import check_image, image_urls, url_of
from pipecat_voicelive.simulator.sources import API_REFERENCE, SDK, SPECIFICATION, TEXT_TURN, TOOL_CALL

_PARTS_BY_ROLE = {
    "user": ("input_text", "input_audio", "input_image"),
    "system": ("input_text",),
    "assistant": ("text", "output_text"),
}
_DETAILS = ("auto", "low", "high")


_TYPES = ("message", "function_call", "function_call_output", "mcp_approval_response")


@rule(
    "item-echo",
    "An item that the client creates comes back with `object: realtime.item`, a message with the status "
    "completed, the output of a call without one. It keeps the client's `id`, or is given one.",
    TEXT_TURN.at("conversation.item.created"),
    TOOL_CALL.at("conversation.item.created"),
    topic=Topic.ITEMS,
    conflict="the API reference writes `conversation.item`.",
)
@rule(
    "item-types",
    "Clients create messages, function calls and their outputs, and answers to MCP approval requests; items "
    "of other types are refused, and so is an item without what its type needs.",
    API_REFERENCE.at("conversation.item.create"),
    SDK.at("ConversationRequestItem"),
    topic=Topic.ITEMS,
)
def accepted_item(item: ConversationItem, *, sees: bool = True, path: str = "item") -> ConversationItem:
    """The item as the service keeps and echoes it: with an id, a status and without audio.

    Args:
        item: As the client gives it.
        sees: Whether the session's model takes images.
        path: Where the item stands in its event.

    Raises:
        RefusedError: No client may create such an item.
    """
    match item.type:
        case "message":
            kept = _message(item, path)
            if not sees and image_urls([item]):
                raise invalid_value("This model does not take images.", f"{path}.content")
        case "function_call":
            _need(item, path, "call_id", "name", "arguments")
            kept = replace(item, status="completed")
        case "function_call_output":
            _need(item, path, "call_id", "output")
            kept = replace(item, status=UNSET)
        case "mcp_approval_response":
            _need(item, path, "approval_request_id", "approve")
            kept = item
        case _:
            raise unsupported_value(item.type, _TYPES, f"{path}.type")
    return replace(kept, id=item.id or new_item_id(), object="realtime.item")


@rule(
    "message-parts",
    "A user's message has parts input_text, input_audio and input_image, a system's input_text, an "
    "assistant's text; output_text is taken and comes back as text. Audio of the assistant is refused.",
    TEXT_TURN.at("conversation.item.created"),
    SPECIFICATION.at("ConversationRequestItem"),
    SDK.at("UserMessageItem, SystemMessageItem, AssistantMessageItem"),
    topic=Topic.ITEMS,
)
def _message(item: ConversationItem, path: str) -> ConversationItem:
    _need(item, path, "role")
    allowed = _PARTS_BY_ROLE.get(str(item.role))
    if allowed is None:
        raise unsupported_value(item.role, list(_PARTS_BY_ROLE), f"{path}.role")
    if not item.content:
        raise missing_parameter(f"{path}.content")
    parts = [_part(part, f"{path}.content[{index}]", allowed) for index, part in enumerate(item.content)]
    return replace(item, content=parts, status="completed")


def _part(part: ItemContent, path: str, allowed: tuple[str, ...]) -> ItemContent:
    if part.type not in allowed:
        raise unsupported_value(part.type, allowed, f"{path}.type")
    match part.type:
        case "input_audio":
            if not isinstance(part.audio, str):
                raise missing_parameter(f"{path}.audio")
            if not decode_base64(part.audio):
                raise not_audio(f"{path}.audio", "an invalid value" if part.audio else "empty bytes")
            return ItemContent(type="input_audio", transcript=part.transcript or None)
        case "input_image":
            if not url_of(part):
                raise missing_parameter(f"{path}.image_url")
            check_image(url_of(part), f"{path}.image_url")
            if part.detail and part.detail not in _DETAILS:
                raise unsupported_value(part.detail, _DETAILS, f"{path}.detail")
            return part
        case _:
            if not isinstance(part.text, str):
                raise missing_parameter(f"{path}.text")
            # An assistant's "output_text" is taken and comes back as "text".
            return replace(part, type="text" if part.type == "output_text" else part.type)


def _need(item: ConversationItem, path: str, *members: str) -> None:
    for member in members:
        if item.get(member) is None:
            raise missing_parameter(f"{path}.{member}")
