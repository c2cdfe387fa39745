"""What a client would be playing, were it to play everything at once, and what it has not played yet. Pure.

The service knows nothing of the client's loudspeaker. It assumes immediate playback where it ignores fillers
and where it truncates of itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipecat_voicelive.protocol.server_events import ConversationItemTruncated, ResponseAudioDelta
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.effects import Effect, Send
from pipecat_voicelive.simulator.errors_wire import RefusedError
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import TRUNCATION


@dataclass(frozen=True, slots=True)
class _Item:
    item_id: str
    began_s: float

    def played_ms(self, now_s: float) -> float:
        return (now_s - self.began_s) * 1000


class Playing:
    """The item that is played, if any.

    Args:
        conversation: Knows how much audio an item has.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._item: _Item | None = None

    def note_sent(self, effects: Iterable[Effect], now_s: float) -> None:
        """Audio that is sent is played from now on."""
        for effect in effects:
            match effect:
                case Send(ResponseAudioDelta(item_id=item_id)):
                    if self._item is None or self._item.item_id != item_id:
                        self._item = _Item(item_id, now_s)
                case _:
                    pass

    def begin(self, item_id: str, began_s: float) -> None:
        """An item is played from a given time, as by an avatar."""
        self._item = _Item(item_id, began_s)

    def goes_on(self, now_s: float) -> bool:
        """Whether some of it is still to be played."""
        item = self._item
        return item is not None and item.played_ms(now_s) < self._conversation.audio_ms(item.item_id)

    @property
    def ends_s(self) -> float:
        """When what was sent of it so far has been played; far in the past if nothing is played."""
        item = self._item
        if item is None:
            return -math.inf
        return item.began_s + self._conversation.audio_ms(item.item_id) / 1000

    def at_s(self, played_ms: float) -> float | None:
        """When so much of it has been played."""
        return None if self._item is None else self._item.began_s + played_ms / 1000

    def said_s(self, words: str) -> float | None:
        """When these words of it have been heard; None if it does not say them."""
        if self._item is None:
            return None
        pieces = self._conversation.pieces(self._item.item_id)
        wanted = _plain(words).split()
        heard = [(word, piece.offset_ms) for piece in pieces for word in _plain(piece.text).split()]
        for start in range(len(heard) - len(wanted) + 1):
            end = start + len(wanted)
            if [word for word, _ in heard[start:end]] == wanted:
                return self.at_s(heard[end][1]) if end < len(heard) else self.ends_s
        return None

    @rule(
        "appended-text",
        "Where the service truncates of itself, the item keeps the words that were heard and "
        "`appended_text_after_truncation` after them; without such a text it keeps no words.",
        TRUNCATION.at("appended_text_after_truncation"),
        topic=Topic.BARGE_IN,
        holds_for="the azure_semantic types",
        conflict="no document says whether the words before the text stay.",
    )
    def truncate(self, now_s: float, *, appended_text: str | None = None) -> list[Effect]:
        """Cut the item to what has been played, with a text in place of the rest, and tell the client."""
        if self._item is None:
            return []
        item_id, played_ms = self._item.item_id, max(0, round(self._item.played_ms(now_s)))
        try:
            self._conversation.truncate(item_id, 0, played_ms, appended_text=appended_text)
        except RefusedError:
            # It has been played to its end, was cut by the client, or is no longer there.
            return []
        return [Send(ConversationItemTruncated(item_id=item_id, content_index=0, audio_end_ms=played_ms))]

    def stop(self) -> None:
        """Nothing is played any more."""
        self._item = None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.casefold()))
