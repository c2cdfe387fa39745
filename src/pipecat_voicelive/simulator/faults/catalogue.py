"""Every fault in words, for the command line, for pages, and for the reference."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from textwrap import fill
from typing import get_args

from pipecat_voicelive.simulator.faults.kinds import (
    KINDS,
    HandshakeFault,
    Kind,
    MessageFault,
    Reject,
    ResponseFault,
    TurnFault,
)
from pipecat_voicelive.simulator.faults.text import usage_of

_WHEN = """\
when (all of it may be left out):
  at EVENT [N]          the Nth event of a type in the session, of the service or the client; "*" stands for
                        any part of a type; 'sent' and 'received' are any message, 'connect' is a handshake,
                        'turn' a voice turn, 'response' a response
  at every EVENT [N]    each Nth
  after SECONDS         that long after the session opened; with 'at', the counting begins then
  chance X              only with this likelihood, e.g. 10%
  in session N          only in the Nth session
Without 'at': what befalls messages (of the service), turns, responses or handshakes befalls every one, and
everything else happens when a session opens."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of fault in words.

    Attributes:
        name: Its name, e.g. "close".
        usage: How it is written, e.g. "close [CODE] [REASON]".
        group: "message", "turn", "response", "handshake" or "session".
        meaning: What happens.
        example: A whole fault.
    """

    name: str
    usage: str
    group: str
    meaning: str
    example: str


def catalogue() -> list[Entry]:
    """Every kind of fault."""
    return [
        Entry(name, usage_of(kind), _group(kind), inspect.cleandoc(kind.__doc__ or ""), kind.example)
        for name, kind in KINDS.items()
    ]


def listed() -> str:
    """Every fault and the words for when, as plain text."""
    lines: list[str] = []
    for entry in catalogue():
        lines.append(entry.usage)
        lines.append(
            fill(entry.meaning.replace("`", "'"), 100, initial_indent="    ", subsequent_indent="    ")
        )
        lines.append(f"    e.g. {entry.example}")
    return "\n".join([*lines, "", _WHEN])


def _group(kind: type[Kind]) -> str:
    if kind in get_args(HandshakeFault):
        return "handshake"
    if kind in get_args(TurnFault):
        return "turn"
    if kind in get_args(ResponseFault):
        return "response"
    return "message" if kind in (*get_args(MessageFault), Reject) else "session"
