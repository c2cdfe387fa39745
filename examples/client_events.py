"""The wire itself: send any client event, and see every server event as it came.

python examples/client_events.py
"""

import asyncio

from offline import voice_live
from pipecat_voicelive import VoiceLiveClient, events
from pipecat_voicelive.client import EventReceived
from pipecat_voicelive.protocol import server_events


async def main() -> None:
    async with (
        voice_live() as connection,
        VoiceLiveClient(
            **connection, model="gpt-4.1", session={"modalities": ["text"]}, every_event=True
        ) as client,
    ):
        client.add_item(
            events.ConversationItem(
                id="note",
                type="message",
                role="user",
                content=[events.ItemContent(type="input_text", text="I like tea.")],
            )
        )
        client.send_event(events.ConversationItemRetrieveEvent(item_id="note"))
        client.send_event(events.ConversationItemDeleteEvent(item_id="note", event_id="forget"))
        client.send_event(events.ConversationItemDeleteEvent(item_id="note", event_id="forget_again"))
        client.send_event({"type": "rtc.call.sdp.create", "event_id": "unknown", "sdp_offer": ""})
        async for signal in client:
            match signal:
                case EventReceived(server_events.ConversationItemRetrieved(item=item)):
                    print(f"retrieved: {item.words}")
                case EventReceived(server_events.Error(error=error)):
                    print(f"refused: {error.event_id}, {error.code}")
                    if error.event_id == "unknown":
                        break
                case EventReceived(event):
                    print(f"  {event.type}")


if __name__ == "__main__":
    asyncio.run(main())
