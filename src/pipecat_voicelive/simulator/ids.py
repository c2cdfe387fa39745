"""Names for things, as the service makes them: a prefix and base-62 characters."""

from __future__ import annotations

from pipecat_voicelive.simulator.chance import dice

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_id(prefix: str, length: int) -> str:
    """A fresh id, e.g. `resp_E4BAqe5bKD2fzpGWYUcxW` for ("resp_", 21)."""
    number = dice().getrandbits(6 * length)
    characters: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        characters.append(_ALPHABET[digit])
    return prefix + "".join(characters)


def new_event_id() -> str:
    """An id for a server event."""
    return new_id("event_", 22)


def new_item_id() -> str:
    """An id for an item that a user, or a client, brought."""
    return new_id("item_", 22)
