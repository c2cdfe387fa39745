"""What is said, in the log: only for those who ask for it with `log_content=True`.

Each event that goes out or comes in is a line at level DEBUG of loguru's logger, under this module's name:
its JSON, with words, instructions, arguments and results of tools. Never in it: keys, tokens, passwords and
session descriptions, which read "***", and the bytes of sound and pictures, which are told as their size. A
message that is no JSON object is told as its size too. When the service closes, its reason is a line as well.
"""

from __future__ import annotations

from loguru import logger

from pipecat_voicelive.protocol.codec import RawEvent, decode_plain, encode
from pipecat_voicelive.protocol.redaction import MASKED, shown

_LONG_ENOUGH = 8
"""What is shorter, such as "Bearer", is no credential, and would be masked wherever it occurs by chance."""


class ContentLog:
    """The log of one connection.

    Args:
        headers: The values of the headers that it was opened with. A service that repeats one of them in an
            event repeats it in no line.
    """

    def __init__(self, headers: frozenset[str]) -> None:
        parts = {part for value in headers for part in (value, *value.split())}
        self._credentials = sorted((part for part in parts if len(part) >= _LONG_ENOUGH), key=len)

    def sent(self, message: bytes) -> None:
        """A message that went out."""
        logger.debug("Sent to Voice Live: {}", self._told(message))

    def received(self, message: str | bytes) -> None:
        """A message that came in."""
        logger.debug("Received from Voice Live: {}", self._told(message))

    def closed(self, code: int, reason: str) -> None:
        """The service closed the connection."""
        logger.debug("Voice Live closed the connection: {} {}", code, self._masked(reason))

    def _told(self, message: str | bytes) -> str:
        members = decode_plain(message)
        if not members:
            return f"no JSON object, of length {len(message)}"
        return self._masked(encode(RawEvent(members=shown(members))).decode())

    def _masked(self, told: str) -> str:
        for credential in reversed(self._credentials):
            told = told.replace(credential, MASKED)
        return told
