"""What the client does to items: create, retrieve, truncate, delete. Pure."""

from __future__ import annotations

from typing import TypeAlias

from pipecat_voicelive.protocol.client_events import (
    ConversationItemCreateEvent,
    ConversationItemDeleteEvent,
    ConversationItemRetrieveEvent,
    ConversationItemTruncateEvent,
)
from pipecat_voicelive.protocol.server_events import (
    ConversationItemCreated,
    ConversationItemDeleted,
    ConversationItemRetrieved,
    ConversationItemTruncated,
)
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.item_checks import accepted_item
from pipecat_voicelive.simulator.pipelines import Model

ItemEvent: TypeAlias = (
    ConversationItemCreateEvent
    | ConversationItemRetrieveEvent
    | ConversationItemTruncateEvent
    | ConversationItemDeleteEvent
)
ItemAnswer: TypeAlias = (
    ConversationItemCreated | ConversationItemRetrieved | ConversationItemTruncated | ConversationItemDeleted
)


def change_item(event: ItemEvent, conversation: Conversation, model: Model) -> ItemAnswer:
    """Do to a conversation what an event asks, and answer it.

    Raises:
        RefusedError: It cannot be done; nothing was.
    """
    match event:
        case ConversationItemCreateEvent(item=given, previous_item_id=after):
            item = accepted_item(given, sees=model.sees)
            previous_item_id = conversation.insert(item, after)
            if previous_item_id is None:
                previous_item_id = model.pipeline.no_previous_item
            return ConversationItemCreated(item=item, previous_item_id=previous_item_id)
        case ConversationItemRetrieveEvent(item_id=item_id):
            return ConversationItemRetrieved(item=conversation.retrieved(item_id))
        case ConversationItemTruncateEvent(
            item_id=item_id, content_index=content_index, audio_end_ms=audio_end_ms
        ):
            conversation.truncate(item_id, content_index, audio_end_ms)
            return ConversationItemTruncated(
                item_id=item_id, content_index=content_index, audio_end_ms=audio_end_ms
            )
        case ConversationItemDeleteEvent(item_id=item_id):
            conversation.delete(item_id)
            return ConversationItemDeleted(item_id=item_id)
