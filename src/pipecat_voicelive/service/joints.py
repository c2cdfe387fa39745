"""One answer may be several messages, such as "One moment." and what follows: a blank keeps them apart."""

from __future__ import annotations


class Joints:
    """The text of one answer, message by message."""

    def __init__(self) -> None:
        self._item_id: str | None = None

    def begin(self) -> None:
        """Another answer begins."""
        self._item_id = None

    def joined(self, item_id: str, text: str) -> str:
        """The text of a message, as it continues what was said in the messages before it."""
        apart = self._item_id not in (None, item_id) and not text[:1].isspace()
        self._item_id = item_id
        return f" {text}" if apart else text
