"""What the pure part of a session wants done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.server_events import KnownServerEvent
from pipecat_voicelive.simulator.avatar.options import AvatarOptions
from pipecat_voicelive.simulator.thinking import Question
from pipecat_voicelive.simulator.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Send:
    """Send an event to the client."""

    event: KnownServerEvent | RawEvent


@dataclass(frozen=True, slots=True)
class Note:
    """Tell those who watch how something came about."""

    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection, and with it the session."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Think:
    """Have an answer thought of, and hand it back under `response_id`."""

    response_id: str
    question: Question


@dataclass(frozen=True, slots=True)
class StopThinking:
    """Nobody wants this answer any more."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak a text and hand the utterance back under `item_id`."""

    item_id: str
    text: str
    locale: str
    voice: str | None
    rate: float
    pitch: float


@dataclass(frozen=True, slots=True)
class Judge:
    """Say how likely each window of some samples holds a voice, and hand that back under `stream`.

    Windows go on from those of the stream's last samples.
    """

    stream: int
    samples: NDArray[np.int16] = field(repr=False)
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Line:
    """An utterance of the avatar, from when to when; cut short if that is not as long as the utterance."""

    utterance: Utterance
    starts_s: float
    ends_s: float


@dataclass(frozen=True, slots=True)
class ShowAvatar:
    """Have an avatar that looks like this, None for none."""

    options: AvatarOptions | None


@dataclass(frozen=True, slots=True)
class ConnectAvatar:
    """Answer a peer connection that is offered; `event_id` is the client event that offers it."""

    offer_sdp: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Perform:
    """What the avatar says from now on, and what it said last, in place of what it was told before."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class CallerFinished:
    """The simulated caller has said the line of this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Find out what a turn says, by its sound alone, and hand that back under `item_id`."""

    item_id: str
    pcm: bytes = field(repr=False)
    rate_hz: int
    language: str


@dataclass(frozen=True, slots=True)
class CallerSpeak:
    """Have the simulated caller speak a line; `locale` is "" for the usual one."""

    text: str
    locale: str


AvatarEffect: TypeAlias = ShowAvatar | ConnectAvatar | Perform


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer:
    """An MCP server, as the session's tools name it.

    Attributes:
        label: The client's name for it.
        url: Where it is.
        authorization: The `Authorization` header it wants.
        headers: Further headers it wants.
        allowed_tools: The tools to offer, None for all.
        unapproved_tools: The tools that need no approval, if not all are such.
        approves_all: Whether no tool needs approval.
    """

    label: str
    url: str
    authorization: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    allowed_tools: frozenset[str] | None = None
    unapproved_tools: frozenset[str] = frozenset()
    approves_all: bool = False

    def needs_approval(self, tool: str) -> bool:
        """Whether a call of this tool waits until somebody approves it."""
        return not self.approves_all and tool not in self.unapproved_tools


@dataclass(frozen=True, slots=True)
class McpFailure:
    """Why an MCP server gave nothing; with a `code`, the client is told by an `error` event."""

    message: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class ListTools:
    """Ask an MCP server for its tools and hand them back under `item_id`."""

    item_id: str
    server: McpServer


@dataclass(frozen=True, slots=True)
class CallTool:
    """Call a tool of an MCP server with JSON text and hand back under `item_id` what came of it."""

    item_id: str
    server: McpServer
    name: str
    arguments: str = field(repr=False)


Effect: TypeAlias = (
    Send
    | Note
    | Close
    | Think
    | StopThinking
    | Speak
    | Judge
    | Listen
    | ListTools
    | CallTool
    | CallerSpeak
    | CallerFinished
    | AvatarEffect
)
