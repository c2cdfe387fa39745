"""What belongs together on a tape: an item and its confirmation, a request and its response. Pure.

A client that is played a tape gives its own ids where the recorded client gave others, or none. What the
service said of the one is then said of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from pipecat_voicelive.simulator.tapes.tape import TapeEntry

_CONFIRMATIONS = ("conversation.item.created", "conversation.item.added", "conversation.item.done")


class TapeLinks:
    """Looks a tape through once."""

    def __init__(self, entries: Sequence[TapeEntry]) -> None:
        self._entries = entries
        self.began: dict[str, int] = {}
        """Where each response was created, by its id."""
        self._item_of: dict[int, str] = {}
        self._response_of: dict[int, str] = {}
        self._spoken: dict[str, str] = {}  # the response of each item that one made
        created: list[int] = []
        asked: list[int] = []
        for place, entry in enumerate(entries):
            item = inner(entry.event, "item")
            if entry.source == "client":
                if entry.type == "conversation.item.create":
                    created.append(place)
                elif entry.type == "response.create":
                    asked.append(place)
            elif entry.type == "response.output_item.added":
                self._spoken[text(item, "id")] = text(entry.event, "response_id")
            elif entry.type == "response.created":
                response_id = text(inner(entry.event, "response"), "id")
                self.began.setdefault(response_id, place)
                if asked:
                    self._response_of[asked.pop(0)] = response_id
            elif entry.type in _CONFIRMATIONS and text(item, "id") not in self._spoken:
                self._link(created, item)

    def confirms_item(self, place: int) -> bool:
        """Whether a message of the service only says that an item was taken."""
        entry = self._entries[place]
        item_id = text(inner(entry.event, "item"), "id")
        return entry.type in _CONFIRMATIONS and item_id not in self._spoken

    def item_made_by(self, place: int) -> str | None:
        """The id under which the service took the item that the client made there."""
        return self._item_of.get(place)

    def response_to(self, place: int) -> str | None:
        """The id of the response that the client asked for there."""
        return self._response_of.get(place)

    def response_at(self, place: int) -> str:
        """The id of the response that a message of the service belongs to, "" if to none."""
        event = self._entries[place].event
        item_id = text(event, "item_id") or text(inner(event, "item"), "id")
        return (
            text(event, "response_id")
            or text(inner(event, "response"), "id")
            or self._spoken.get(item_id, "")
        )

    def _link(self, created: list[int], item: dict[str, Any]) -> None:
        for place in created:
            made = inner(self._entries[place].event, "item")
            if made.get("type") == item.get("type") and text(made, "id") in ("", text(item, "id")):
                self._item_of[place] = text(item, "id")
                created.remove(place)
                return


def inner(members: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that is an object, {} if it is none."""
    value = members.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def text(members: dict[str, Any], name: str) -> str:
    """A member that is a text, "" if it is none."""
    value = members.get(name)
    return value if isinstance(value, str) else ""
