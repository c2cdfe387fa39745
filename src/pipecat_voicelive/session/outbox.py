"""What comes of one input, in its order: what is told, and what is sent.

Every part of the session puts in here, so what is done keeps the order in which it was decided. What is to be
sent goes to `setup` instead until the session is ready; items that go out are `unconfirmed` until the service
has them; and what leaves is in the words of the API version (`wording`).
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from pipecat_voicelive.protocol.client_events import (
    ClientEvent,
    ConversationItemCreateEvent,
    InputTextDeltaEvent,
    InputTextDoneEvent,
)
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.history import History
from pipecat_voicelive.session.setup import Setup
from pipecat_voicelive.session.unconfirmed import Unconfirmed
from pipecat_voicelive.session.wording import Wording

_KEPT_ELSEWHERE = ConversationItemCreateEvent | InputTextDeltaEvent | InputTextDoneEvent
"""Events whose content the conversation's own record keeps."""


class Outbox:
    """The effects of the input that is being handled.

    Attributes:
        unconfirmed: What was sent and has not arrived, as far as we know.
        history: The conversation, which hears of everything that is told and sent.
        raws: What waits to be sent as it is, and is no part of the conversation.
    """

    def __init__(self, setup: Setup, wording: Wording, history: History, id_prefix: str) -> None:
        self.unconfirmed = Unconfirmed(id_prefix)
        self.history = history
        self.raws: list[ClientEvent | RawEvent] = []
        self._setup = setup
        self._wording = wording
        self._effects: list[fx.Effect] = []

    def tell(self, *effects: fx.Effect) -> None:
        """These are to be done, whether the session is ready or not."""
        self._effects += effects
        for effect in effects:
            self.history.told(effect)

    def send(self, event: ClientEvent | RawEvent | None) -> None:
        """This is to be sent as soon as the session is ready; None: nothing is due."""
        if event is None:
            return
        self.history.sent(event)
        if self._setup.ready:
            self._effects.append(fx.Send(event))
        elif dropped_ms := self._setup.hold(event):
            self.tell(fx.AudioDropped(dropped_ms))

    def send_raw(self, event: ClientEvent | RawEvent) -> None:
        """This is to be sent as it is; if that has to wait, over another connection if need be."""
        if not self._setup.ready and not isinstance(event, _KEPT_ELSEWHERE):
            self.raws.append(event)
        self.send(event)

    def add_item(self, item: ConversationItem, previous_item_id: str | UnsetType = UNSET) -> str:
        """This is to become part of the conversation, at its end or behind an item. Returns its id."""
        item_id, creation = self.unconfirmed.add(item, previous_item_id)
        self.send(creation)
        return item_id

    def empty(self) -> list[fx.Effect]:
        """All that was put in, to be done in this order."""
        effects, self._effects = self._effects, []
        return self._wording.of(effects)
