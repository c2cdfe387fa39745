"""What goes wrong in understanding and in answering: faults that count voice turns and responses. Pure.

From outside they are like the members of a scenario's turn that say the same, whichever turn it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.simulator.brain import SpokenTurn
from pipecat_voicelive.simulator.effects import Effect, Send
from pipecat_voicelive.simulator.faults.counting import Counting
from pipecat_voicelive.simulator.faults.fault import RESPONSE, TURN, Fault
from pipecat_voicelive.simulator.faults.kinds import (
    AnswerLate,
    BadArguments,
    FailResponse,
    RateLimit,
    Transcribe,
    TranscribeLate,
)
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.known_words import KnownWords
from pipecat_voicelive.simulator.replies import Call, Reply
from pipecat_voicelive.simulator.scenario import Failure, Turn
from pipecat_voicelive.simulator.sources import API_REFERENCE, SDK

_LIMITS = {"requests": 100, "tokens": 100_000}


class Troubles:
    """The troubles of one session.

    Args:
        dice: Decides about those that happen by chance.
    """

    def __init__(self, dice: Random) -> None:
        self._counting = Counting(dice)
        self._note: Callable[[Fault], None] = lambda _: None
        self._to_announce: list[Effect] = []

    def tell(self, note: Callable[[Fault], None]) -> None:
        """Tell `note` each fault that happens."""
        self._note = note

    def arm(self, fault: Fault) -> None:
        """Let a fault count from now on."""
        self._counting.arm(fault)

    def heard(self, turn: SpokenTurn) -> SpokenTurn:
        """A voice turn, as it is transcribed."""
        for fault in self._due(TURN):
            line = turn.turn or Turn(confidence=0.95 if turn.words else 0.5)
            match fault.what:
                case Transcribe(outcome):
                    wanted = {"empty": "empty", "never": "none", "fail": "fail"}[outcome]
                    words = turn.words or KnownWords("", "unknown")
                    turn = replace(turn, turn=replace(line, transcript=wanted), words=words)
                case TranscribeLate(by_s):
                    turn = replace(turn, turn=replace(line, transcript_delay_ms=by_s * 1000))
                case _:
                    raise AssertionError("is not about turns")
        return turn

    def answered(self, reply: Reply) -> Reply:
        """A reply, as it is given."""
        for fault in self._due(RESPONSE):
            match fault.what:
                case AnswerLate(by_s):
                    reply = replace(reply, delay_ms=reply.delay_ms + by_s * 1000)
                case FailResponse(code, message):
                    failure = Failure(message=message or f"The response failed: {code}.", code=code)
                    reply = replace(reply, parts=(), fails=failure)
                case RateLimit(reset_s):
                    reply = replace(reply, parts=(), fails=_limited(reset_s))
                    self._to_announce.append(Send(_limits_updated(reset_s)))
                case BadArguments(text):
                    parts = (replace(p, arguments=text) if isinstance(p, Call) else p for p in reply.parts)
                    reply = replace(reply, parts=tuple(parts))
                case _:
                    raise AssertionError("is not about responses")
        return reply

    def announced(self) -> list[Effect]:
        """What the client is told just after a response has begun."""
        announced, self._to_announce = self._to_announce, []
        return announced

    def _due(self, what: str) -> list[Fault]:
        due = self._counting.due(what, sent=True)
        for fault in due:
            self._note(fault)
        return due


@rule(
    "rate-limit-exceeded",
    "A response that meets a rate limit fails with the code `rate_limit_exceeded`.",
    SDK.at("its unit tests"),
    topic=Topic.FAULTS,
)
def _limited(reset_s: float) -> Failure:
    message = f"Rate limit reached. Please try again in {reset_s:g}s."
    return Failure(message=message, code="rate_limit_exceeded")


@rule(
    "rate-limits-updated",
    "`rate_limits.updated` follows `response.created` in a response that meets a limit, and only there.",
    API_REFERENCE.at("rate_limits.updated"),
    topic=Topic.FAULTS,
    conflict="the reference has it at the start of each response; no recording has it",
)
def _limits_updated(reset_s: float) -> RawEvent:
    limits = [
        {"name": name, "limit": limit, "remaining": 0, "reset_seconds": reset_s}
        for name, limit in _LIMITS.items()
    ]
    return RawEvent(members={"type": "rate_limits.updated", "rate_limits": limits})
