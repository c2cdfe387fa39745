"""What a client may put into the conversation, and how the service then reports it."""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator.errors_wire import RefusedError, invalid_value
from pipecat_voicelive.simulator.ids import new_item_id
from pipecat_voicelive.simulator.pictures import check_image, image_urls, url_of

_PARTS_BY_ROLE = {
    "user": ("input_text", "input_audio", "input_image"),
    "system": ("input_text",),
    "assistant": ("text", "output_text"),
}


def accepted_item(item: ConversationItem, *, sees: bool = True) -> ConversationItem:
    """The item as the service keeps and echoes it: with an id, a status and without audio.

    Args:
        item: As the client gives it.
        sees: Whether the session's model takes images.

    Raises:
        RefusedError: No client may create such an item.
    """
    match item.type:
        case "message":
            kept = _message(item)
            if not sees and image_urls([item]):
                raise invalid_value("This model does not take images.", "item.content")
        case "function_call":
            _need(item, "call_id", "name", "arguments")
            kept = replace(item, status="completed")
        case "function_call_output":
            _need(item, "call_id", "output")
            kept = replace(item, status=UNSET)
        case "mcp_approval_response":
            _need(item, "approval_request_id", "approve")
            kept = item
        case _:
            raise invalid_value(f"Items of type '{item.type}' cannot be created.", "item.type")
    return replace(kept, id=item.id or new_item_id(), object="realtime.item")


def _message(item: ConversationItem) -> ConversationItem:
    allowed = _PARTS_BY_ROLE.get(str(item.role))
    if allowed is None:
        raise invalid_value(
            f"Invalid value for 'item.role': one of {', '.join(_PARTS_BY_ROLE)}.", "item.role"
        )
    if not item.content:
        raise _missing("item.content")
    parts = [_part(part, index, allowed) for index, part in enumerate(item.content)]
    return replace(item, content=parts, status="completed")


def _part(part: ItemContent, index: int, allowed: tuple[str, ...]) -> ItemContent:
    path = f"item.content[{index}]"
    if part.type not in allowed:
        raise invalid_value(
            f"Invalid value for '{path}.type': '{part.type}' is not one of {', '.join(allowed)}.",
            f"{path}.type",
        )
    match part.type:
        case "input_audio":
            if not isinstance(part.audio, str):
                raise _missing(f"{path}.audio")
            return ItemContent(type="input_audio", transcript=part.transcript or None)
        case "input_image":
            if not url_of(part):
                raise _missing(f"{path}.image_url")
            check_image(url_of(part), f"{path}.image_url")
            return part
        case _:
            if not isinstance(part.text, str):
                raise _missing(f"{path}.text")
            # An assistant's "output_text" is taken and comes back as "text".
            return replace(part, type="text" if part.type == "output_text" else part.type)


def _need(item: ConversationItem, *members: str) -> None:
    for member in members:
        if item.get(member) is None:
            raise _missing(f"item.{member}")


def _missing(param: str) -> RefusedError:
    return RefusedError("missing_required_parameter", f"Missing required parameter: '{param}'.", param)
