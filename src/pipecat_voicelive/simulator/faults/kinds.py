"""What can go wrong: one small value for each kind of fault, with the words it is written in.

From the fields come the text form, the form in YAML, the help and the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.faults.forms import Form, optional_part, part

_STATUSES = range(200, 600)
_REDIRECTS = (301, 302, 303, 307, 308)
_OUTCOMES = ("empty", "never", "fail")
_CLOSE_CODES = (*range(1000, 1004), *range(1007, 1015), *range(3000, 5000))
_REASON_BYTES = 123


@dataclass(frozen=True, slots=True)
class Drop:
    """Cut the TCP connection without a word, as a lost network does: the client sees 1006."""

    name: ClassVar = "drop"
    example: ClassVar = "drop at response.audio.delta 3"


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the TCP connection, as a firewall does that forgot it: what was sent before may be lost."""

    name: ClassVar = "reset"
    example: ClassVar = "reset at response.audio.delta 3"


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection with a code and a reason; what comes later is not sent."""

    name: ClassVar = "close"
    example: ClassVar = 'close 1011 "Out of order." at response.created'
    code: int = part(Form.COUNT, 1011)
    reason: str = part(Form.TEXT, "")

    def __post_init__(self) -> None:
        if self.code not in _CLOSE_CODES:
            raise ConfigurationError(
                f"no close frame may say {self.code}; give 1000 to 1003, 1007 to 1014 or 3000 to 4999, "
                "or 'drop' for 1006"
            )
        if len(self.reason.encode()) > _REASON_BYTES:
            raise ConfigurationError(f"the reason must not be longer than {_REASON_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class StopReading:
    """Read nothing more from the socket: what the client sends piles up with it. `for`: only so long."""

    name: ClassVar = "stop-reading"
    example: ClassVar = "stop-reading for 5s at response.created"
    for_s: float | None = optional_part(Form.SECONDS, word="for")


@dataclass(frozen=True, slots=True)
class GoSilent:
    """Write nothing more; pings are still answered. `for`: so long, then all that was held back comes."""

    name: ClassVar = "go-silent"
    example: ClassVar = "go-silent for 3s at response.created 2"
    for_s: float | None = optional_part(Form.SECONDS, word="for")


@dataclass(frozen=True, slots=True)
class Delay:
    """The message comes that much later; the order stays, so what follows waits for it."""

    name: ClassVar = "delay"
    example: ClassVar = "delay 200ms at every response.audio.delta"
    by_s: float = part(Form.SECONDS)


@dataclass(frozen=True, slots=True)
class Jitter:
    """The message comes later by a random time of up to that much; the order stays."""

    name: ClassVar = "jitter"
    example: ClassVar = "jitter 150ms"
    up_to_s: float = part(Form.SECONDS)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The message comes `times` times (2)."""

    name: ClassVar = "duplicate"
    example: ClassVar = "duplicate at response.done"
    times: int = part(Form.COUNT, 2)


@dataclass(frozen=True, slots=True)
class Reorder:
    """The message and those after it, `count` in all (2), come in another order; within a second at most."""

    name: ClassVar = "reorder"
    example: ClassVar = "reorder 3 at response.audio.delta 2"
    count: int = part(Form.COUNT, 2)

    def __post_init__(self) -> None:
        if self.count < 2:
            raise ConfigurationError("it takes 2 messages to change their order")


@dataclass(frozen=True, slots=True)
class Corrupt:
    """`count` (1) random characters of the message are replaced by others; it stays text."""

    name: ClassVar = "corrupt"
    example: ClassVar = "corrupt 3 at response.output_item.added"
    count: int = part(Form.COUNT, 1)


@dataclass(frozen=True, slots=True)
class CorruptBytes:
    """`count` (1) random bytes are made such as no UTF-8 text has: clients must close with 1007."""

    name: ClassVar = "corrupt-bytes"
    example: ClassVar = "corrupt-bytes at response.created"
    count: int = part(Form.COUNT, 1)


@dataclass(frozen=True, slots=True)
class Lose:
    """The message does not come."""

    name: ClassVar = "lose"
    example: ClassVar = "lose at response.done"


@dataclass(frozen=True, slots=True)
class SendEvent:
    """Send any event; one without `event_id` is given one."""

    name: ClassVar = "send"
    example: ClassVar = 'send {"type": "brand.new", "x": 1} at session.updated'
    event: Mapping[str, Any] = part(Form.OBJECT)


@dataclass(frozen=True, slots=True)
class SendText:
    """Send a text message as it is, JSON or not."""

    name: ClassVar = "send-text"
    example: ClassVar = 'send-text "{broken" after 1s'
    text: str = part(Form.TEXT)


@dataclass(frozen=True, slots=True)
class SendBinary:
    """Send a binary message."""

    name: ClassVar = "send-binary"
    example: ClassVar = "send-binary 00ff at sent 10"
    data: str = part(Form.HEX)


@dataclass(frozen=True, slots=True)
class SendUnknown:
    """Send an event of a type that nobody knows."""

    name: ClassVar = "send-unknown"
    example: ClassVar = "send-unknown at every response.created"


@dataclass(frozen=True, slots=True)
class SendMalformed:
    """Send an event of a known type, a random one if none is named, whose members have wrong types."""

    name: ClassVar = "send-malformed"
    example: ClassVar = "send-malformed response.done at response.created"
    type: str = part(Form.TEXT, "")


@dataclass(frozen=True, slots=True)
class Reject:
    """Answer an event of the client with an `error` that has this code and its `event_id`, and do nothing."""

    name: ClassVar = "reject"
    example: ClassVar = "reject rate_limit_exceeded at response.create 2"
    code: str = part(Form.TEXT, "server_error")
    message: str = part(Form.TEXT, "")


@dataclass(frozen=True, slots=True)
class Expire:
    """The session is over: `error` `session_expired`, then close 1001; `after` also sets `expires_at`."""

    name: ClassVar = "expire"
    example: ClassVar = "expire after 30s"


@dataclass(frozen=True, slots=True)
class AnswerLate:
    """The response thinks that much longer before its first output."""

    name: ClassVar = "answer-late"
    example: ClassVar = "answer-late 3s at response 2"
    by_s: float = part(Form.SECONDS)


@dataclass(frozen=True, slots=True)
class FailResponse:
    """The response ends as `failed`, with this code and message, in place of an answer."""

    name: ClassVar = "fail-response"
    example: ClassVar = 'fail-response server_error "The model is busy." at response 2'
    code: str = part(Form.TEXT, "server_error")
    message: str = part(Form.TEXT, "")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The response fails with `rate_limit_exceeded`; `rate_limits.updated` says when to try again (20s)."""

    name: ClassVar = "rate-limit"
    example: ClassVar = "rate-limit reset 5s at response 2"
    reset_s: float = part(Form.SECONDS, 20.0, word="reset")


@dataclass(frozen=True, slots=True)
class BadArguments:
    """The calls of tools in the response have this text as their arguments, or none at all."""

    name: ClassVar = "bad-arguments"
    example: ClassVar = 'bad-arguments "{city: Lis" at response 2'
    text: str = part(Form.TEXT, "")


@dataclass(frozen=True, slots=True)
class Transcribe:
    """What becomes of a voice turn's transcript: `empty`, `never` (no word of it) or `fail`."""

    name: ClassVar = "transcribe"
    example: ClassVar = "transcribe empty at turn 2"
    outcome: str = part(Form.TEXT)

    def __post_init__(self) -> None:
        if self.outcome not in _OUTCOMES:
            raise ConfigurationError(
                f"'transcribe' needs one of {', '.join(_OUTCOMES)}; for a late transcript write "
                f"'{TranscribeLate.example}'"
            )


@dataclass(frozen=True, slots=True)
class TranscribeLate:
    """The transcript of a voice turn comes that long after its end."""

    name: ClassVar = "transcribe-late"
    example: ClassVar = "transcribe-late 2s at every turn"
    by_s: float = part(Form.SECONDS)


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer the handshake with an HTTP status and, if given, a `Retry-After` (whole seconds) and a text."""

    name: ClassVar = "refuse"
    example: ClassVar = "refuse 429 retry-after 2s at connect 1"
    status: int = part(Form.COUNT)
    text: str = part(Form.TEXT, "")
    retry_after_s: float | None = optional_part(Form.SECONDS, word="retry-after")

    def __post_init__(self) -> None:
        if self.status not in _STATUSES:
            raise ConfigurationError(
                f"{self.status} is no HTTP status to refuse with; give 200 to 599, e.g. 503"
            )


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answer the handshake with a redirect: 301, 302, 303, 307 or 308."""

    name: ClassVar = "redirect"
    example: ClassVar = "redirect 307 wss://elsewhere.example/voice-live/realtime"
    status: int = part(Form.COUNT)
    location: str = part(Form.TEXT)

    def __post_init__(self) -> None:
        if self.status not in _REDIRECTS:
            raise ConfigurationError(
                f"{self.status} is no redirect; give one of {', '.join(map(str, _REDIRECTS))}"
            )
        if not self.location.isascii() or not self.location.isprintable():
            raise ConfigurationError("the location must be a URL of plain ASCII")


@dataclass(frozen=True, slots=True)
class SlowHandshake:
    """Answer the handshake that much later."""

    name: ClassVar = "slow-handshake"
    example: ClassVar = "slow-handshake 3s at connect 1"
    by_s: float = part(Form.SECONDS)


@dataclass(frozen=True, slots=True)
class SilentHandshake:
    """Accept the TCP connection and never answer."""

    name: ClassVar = "silent-handshake"
    example: ClassVar = "silent-handshake at connect 1"


@dataclass(frozen=True, slots=True)
class HangUp:
    """Accept the TCP connection and close it when the client has asked for a WebSocket."""

    name: ClassVar = "hang-up"
    example: ClassVar = "hang-up at connect 1"


MessageFault: TypeAlias = Delay | Jitter | Duplicate | Reorder | Corrupt | CorruptBytes | Lose
"""What befalls the message that it is told of, whichever way it goes."""

SendFault: TypeAlias = SendEvent | SendText | SendBinary | SendUnknown | SendMalformed
"""What is sent besides."""

SessionFault: TypeAlias = Drop | Reset | Close | StopReading | GoSilent | Expire | SendFault
"""What happens to a session: just after the event that it is told of."""

TurnFault: TypeAlias = Transcribe | TranscribeLate
"""What befalls the transcript of a voice turn."""

ResponseFault: TypeAlias = AnswerLate | FailResponse | RateLimit | BadArguments
"""What befalls a response."""

HandshakeFault: TypeAlias = Refuse | Redirect | SlowHandshake | SilentHandshake | HangUp
"""What happens instead of a session, or before it."""

Kind: TypeAlias = SessionFault | MessageFault | Reject | TurnFault | ResponseFault | HandshakeFault

KINDS: Mapping[str, type[Kind]] = {
    str(kind.name): kind
    for kind in (
        Drop,
        Close,
        Reset,
        StopReading,
        GoSilent,
        Delay,
        Jitter,
        Duplicate,
        Reorder,
        Corrupt,
        CorruptBytes,
        Lose,
        SendEvent,
        SendText,
        SendBinary,
        SendUnknown,
        SendMalformed,
        Reject,
        AnswerLate,
        FailResponse,
        RateLimit,
        BadArguments,
        Transcribe,
        TranscribeLate,
        Expire,
        Refuse,
        Redirect,
        SlowHandshake,
        SilentHandshake,
        HangUp,
    )
}
"""Every kind by its name."""
