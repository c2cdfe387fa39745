"""Text of the caller that comes piece by piece, such as while it is typed or written by another model.

    Empty ──first words──▶ Written ──close──▶ Closed
      └───────────────────────close──────────────▲

A model that hears the beginning early can answer sooner. How it is sent depends on the API version: from
2026-07-15 on the first words make a user item, to which the rest is added; 2026-06-01-preview makes the item
itself at the end; older versions, and `v1`, know no streaming, so the text is kept and sent as one message.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from pipecat_voicelive.errors import ProtocolError
from pipecat_voicelive.protocol.client_events import (
    InputTextDeltaEvent,
    InputTextDoneEvent,
    ResponseProperties,
)
from pipecat_voicelive.protocol.versions import API_VERSIONS, V1, contract_of
from pipecat_voicelive.session import inputs
from pipecat_voicelive.session.tools import message_item


class Phase(Enum):
    """How far a text has come."""

    EMPTY = auto()
    WRITTEN = auto()
    CLOSED = auto()


class TextInput:
    """One text of the caller. Made by `VoiceLiveClient.begin_text`.

    Use it in a `with` block: its end closes the text, and has it answered unless an error ended it.

    Args:
        tell: Gives an intent to the session.
        item_id: Id of the item that is to hold it.
        api_version: The session's.
        respond: Whether it is to be answered.
    """

    def __init__(
        self, tell: Callable[[inputs.Intent], None], item_id: str, *, api_version: str, respond: bool
    ) -> None:
        contract = API_VERSIONS.index(contract_of(api_version))
        dated = api_version != V1  # which has no streamed text
        self._streams = dated and contract >= API_VERSIONS.index("2026-06-01-preview")
        self._has_item = dated and contract >= API_VERSIONS.index("2026-07-15")
        self._tell = tell
        self._item_id = item_id
        self._respond = respond
        self._phase = Phase.EMPTY
        self._text = ""

    @property
    def text(self) -> str:
        """All that was written."""
        return self._text

    def write(self, piece: str) -> None:
        """Add to the text. Blanks before the first word wait for it.

        Raises:
            ProtocolError: It is closed.
        """
        if self._phase is Phase.CLOSED:
            raise ProtocolError("This text is closed. Begin another with `begin_text()`.")
        self._text += piece
        if self._phase is Phase.WRITTEN:
            self._send(piece)
        elif self._text.strip():
            self._phase = Phase.WRITTEN
            if self._has_item:
                self._add_item()
            else:
                self._send(self._text)

    def close(self, *, respond: bool | None = None) -> None:
        """The text is whole: have it answered. A text without words is not sent. May be called twice.

        Args:
            respond: Whether to have it answered, if that differs from what was said at the beginning.
        """
        phase, self._phase = self._phase, Phase.CLOSED
        if phase is not Phase.WRITTEN:
            return
        if self._streams:
            self._tell(inputs.SendRaw(InputTextDoneEvent(id=self._item_id)))
        else:
            self._add_item()
        if self._respond if respond is None else respond:
            # Nothing confirms that a streamed text is whole: a wish like no other is its own response's.
            self._tell(inputs.Respond(ResponseProperties() if self._streams else None))

    def _add_item(self) -> None:
        self._tell(inputs.AddItem(replace(message_item("user", self._text), id=self._item_id)))

    def _send(self, piece: str) -> None:
        if self._streams and piece:
            self._tell(inputs.SendRaw(InputTextDeltaEvent(id=self._item_id, delta=piece)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(respond=None if exc_type is None else False)
