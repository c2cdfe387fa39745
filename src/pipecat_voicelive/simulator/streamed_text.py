"""Text that a client streams: added to a user item that it made, or an item of its own if it names none."""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from pipecat_voicelive.protocol.client_events import InputTextDeltaEvent, InputTextDoneEvent
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.errors_wire import invalid_value


class StreamedText:
    """The texts that are being streamed into one conversation.

    No documentation says what follows `input_text.done`; here nothing does, and more text is refused.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._unnamed = ""
        self._done: set[str] = set()

    def take(self, event: InputTextDeltaEvent | InputTextDoneEvent) -> ConversationItem | None:
        """Take a piece or the end of a text. Returns the item that the end of an unnamed text makes.

        Raises:
            RefusedError: The item that is named is no user message with text, or its text is whole.
        """
        text = event.delta if isinstance(event, InputTextDeltaEvent) else ""
        if event.id is UNSET:
            self._unnamed += text
            if isinstance(event, InputTextDeltaEvent):
                return None
            part, self._unnamed = ItemContent(type="input_text", text=self._unnamed), ""
            return ConversationItem(type="message", role="user", content=[part])
        index = 0 if event.content_index is UNSET else event.content_index
        self._write(event.id, index, text)
        if isinstance(event, InputTextDoneEvent):
            self._done.add(event.id)
        return None

    def _write(self, item_id: str, index: int, text: str) -> None:
        item = self._conversation.entry(item_id, "id").item
        parts = list(item.content or [])
        if item.role != "user" or not 0 <= index < len(parts) or parts[index].type != "input_text":
            raise invalid_value(f"Item '{item_id}' is no user message with text.", "id")
        if item_id in self._done:
            raise invalid_value(f"The text of item '{item_id}' is complete.", "id")
        parts[index] = replace(parts[index], text=f"{parts[index].text or ''}{text}")
        self._conversation.update(replace(item, content=parts))
