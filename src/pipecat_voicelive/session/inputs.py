"""What a session is told besides server events: intents of the client's user, and facts of the connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pipecat_voicelive.protocol.client_events import ClientEvent, ResponseProperties
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.protocol.server_events import ServerEvent

if TYPE_CHECKING:
    from pipecat_voicelive.session.carried import Carried


@dataclass(frozen=True, slots=True)
class Configure:
    """Set the session's options: always all of them. Unchanged ones are not sent again."""

    session: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppendAudio:
    """The caller's audio, in the session's input format."""

    audio: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StartTurn:
    """Manual turns: the caller began to speak."""


@dataclass(frozen=True, slots=True)
class CommitTurn:
    """Manual turns: the caller has finished; make an item of the audio and answer it."""


@dataclass(frozen=True, slots=True)
class AddItem:
    """Put an item at the end of the conversation. One without an id is given one."""

    item: ConversationItem


@dataclass(frozen=True, slots=True)
class Respond:
    """Have the model answer: now, or as soon as the running response is over. Never twice.

    Attributes:
        properties: Overrides for this one response, or None for the session's own.
        additional_instructions: Said to the model after the instructions, for this one response; "" for none.
    """

    properties: ResponseProperties | None = None
    additional_instructions: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Speak:
    """Have the bot say exactly this: now, or behind what is being said and asked for.

    Attributes:
        text: The words. Blank ones change nothing.
        interruptible: Whether an interruption drops it while it waits. Once it has begun, it is interrupted
            like everything else.
        tag: Anything; comes back with this intent in `ResponseOpened`.
    """

    text: str = field(repr=False)
    interruptible: bool = True
    tag: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the model out of band, in the next pause: its answer is text, and no part of the conversation.

    Attributes:
        ask_id: Names the question in `AskAnswered` or `AskRefused`, one of which comes unless it is lost.
        properties: The question, usually as `instructions` and `input_items`.
    """

    ask_id: str
    properties: ResponseProperties


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The answer to this question is not wanted any more."""

    ask_id: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary that `SummaryWanted` asked for, "" if there is none."""

    summary_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RespondToResults:
    """Have the model speak of the tool results given so far, once every call of their group has its own.

    Without a result that waits for an answer this changes nothing, so it may be said again.

    Attributes:
        properties: Overrides for that response, or None.
    """

    properties: ResponseProperties | None = None


@dataclass(frozen=True, slots=True)
class AnswerTool:
    """The result of a tool call.

    Attributes:
        call_id: The call.
        output: The result as text, usually JSON.
        name: The function's name, for a session that does not know the call.
        respond: Whether an answer that speaks of it is wanted. `RespondToResults` asks for it; if the
            caller's next turn comes first, that turn's answer covers it.
    """

    call_id: str
    output: str = field(repr=False)
    name: str = ""
    respond: bool = True


@dataclass(frozen=True, slots=True)
class AnswerApproval:
    """Whether an MCP call may run. The first answer to a request counts.

    Attributes:
        approval_request_id: The request.
        approve: Whether it may.
        reason: Why not, for the model.
    """

    approval_request_id: str
    approve: bool
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """How far the caller has heard the bot: `played_ms` of this item, and all that came before it."""

    item_id: str
    played_ms: float


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop the answer: nothing more of it comes out, and the conversation is cut to what was heard.

    Attributes:
        heard: The playback position. Without one the conversation is left as it is.
        for_turn: Whether it is the caller's turn that interrupts. Then what has begun since the service
            heard the caller begin is the answer to that turn, and goes on.
    """

    heard: Heard | None = None
    for_turn: bool = False


@dataclass(frozen=True, slots=True)
class ConnectAvatar:
    """Offer the avatar a peer connection; `AvatarAnswer` answers.

    Attributes:
        sdp_offer: The offer as plain SDP, with its ICE candidates.
    """

    sdp_offer: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendRaw:
    """Send this event as it is, as soon as the session takes events; nothing is concluded from it."""

    event: ClientEvent | RawEvent


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone; the session is over."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with the conversation of another session, which gave this when it was left.

    Comes once, after `Configure` and before anything else that is wanted of this session.
    """

    carried: Carried


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: the session's deadline is due."""


Intent: TypeAlias = (
    Configure
    | AppendAudio
    | StartTurn
    | CommitTurn
    | AddItem
    | Respond
    | Speak
    | Ask
    | Withdraw
    | Summary
    | RespondToResults
    | AnswerTool
    | AnswerApproval
    | Interrupt
    | ConnectAvatar
    | SendRaw
    | Lost
    | Resume
    | Tick
)
Input: TypeAlias = Intent | ServerEvent
