"""A conversation that Microsoft's SDK has with a simulator: what it sends, and all that comes back."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure.ai.voicelive import models as m
from azure.ai.voicelive.aio import VoiceLiveConnection, connect
from azure.core.credentials import AzureKeyCredential

from conformance.shapes import lacking
from conformance.typed import problems
from conformance.wheres import V1, Where
from pipecat_voicelive.simulator import SimulatedSession, VoiceLiveSimulator

TAPES = Path(os.environ.get("VOICELIVE_TAPES", "/nowhere"))
"""Recordings of a native model; what they have, every native model of OpenAI's must have."""
PATIENCE_S = 20.0
RATE_HZ = 24000
_PIECE_BYTES = RATE_HZ // 10 * 2


class ConformanceError(AssertionError):
    """The simulator did not do what the service does."""


@dataclass(eq=False)
class Talk:
    """A connection of the SDK, and the session it has on the simulator.

    Attributes:
        where: The model and the version.
        connection: The SDK's.
        session: The simulator's.
        events: Every event that came, parsed by the SDK.
        problems: What the SDK could not parse.
    """

    where: Where
    connection: VoiceLiveConnection
    session: SimulatedSession
    events: list[m.ServerEvent] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    async def next(self) -> m.ServerEvent:
        """The next event, whatever it is."""
        async with asyncio.timeout(PATIENCE_S):
            event = await self.connection.recv()
        self.note(event)
        return event

    def note(self, event: m.ServerEvent) -> None:
        """Keep an event, and what is wrong with it."""
        self.events.append(event)
        if self.where.api_version == V1:
            return
        self.problems += problems(event)
        if self.where.model.openai and TAPES.is_dir():
            self.problems += [f"{kind_of(event)}: no {path}" for path in lacking(event, TAPES)]

    async def until(
        self,
        kind: type[Any] | str,
        fits: Callable[[Any], bool] = lambda _event: True,
        *,
        errors: bool = False,
    ) -> Any:
        """The next event of a type that fits; one that the SDK has no model for by its wire name."""
        passed: list[str] = []
        while True:
            try:
                event = await self.next()
            except TimeoutError as error:
                raise ConformanceError(f"no {kind} came, but {passed}") from error
            passed.append(kind_of(event))
            if isinstance(event, m.ServerEventError) and kind is not m.ServerEventError and not errors:
                raise ConformanceError(f"refused: {event.error.code}: {event.error.message}")
            named = isinstance(kind, str) and kind_of(event) == kind
            if (named or (isinstance(kind, type) and isinstance(event, kind))) and fits(event):
                return event

    async def configure(self, session: m.RequestSession) -> m.ResponseSession:
        """Send a typed session; returns the one that the service has then."""
        await self.connection.session.update(session=session)
        return (await self.until(m.ServerEventSessionUpdated)).session

    async def refused(self, event_id: str, *codes: str) -> m.ServerEventErrorDetails:
        """The error that answers an event, which must have one of these codes."""
        error = (await self.until(m.ServerEventError)).error
        expect(error.event_id == event_id, f"the error answers {error.event_id}, not {event_id}")
        expect(error.code in codes, f"the code is {error.code}, not {' or '.join(codes)}: {error.message}")
        expect(bool(error.message), "the error says nothing")
        return error

    async def type(self, text: str, *, event_id: str | None = None) -> None:
        """Create a typed user message."""
        item = m.UserMessageItem(content=[m.InputTextContentPart(text=text)])
        await self.connection.conversation.item.create(item=item, event_id=event_id)

    async def say(self, pcm: bytes, *, silence_ms: int = 900) -> None:
        """Append audio in pieces of 100 ms, and silence behind it, as fast as it goes."""
        await self.append(pcm + bytes(RATE_HZ * 2 * silence_ms // 1000))

    async def append(self, audio: bytes) -> None:
        """Append audio in pieces."""
        for start in range(0, len(audio), _PIECE_BYTES):
            piece = base64.b64encode(audio[start : start + _PIECE_BYTES]).decode()
            await self.connection.input_audio_buffer.append(audio=piece)

    async def answered(self) -> m.Response:
        """The next response that is over, which must have gone well."""
        response = (await self.until(m.ServerEventResponseDone)).response
        expect(response.status == m.ResponseStatus.COMPLETED, f"the response is {response.status}")
        return response

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of a type that came so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def kinds(self) -> list[str]:
        """The wire names of all that came."""
        return [kind_of(event) for event in self.events]


def kind_of(event: m.ServerEvent) -> str:
    """An event's wire name."""
    return str(getattr(event.type, "value", event.type))


def expect(holds: bool, otherwise: str) -> None:
    """Say that the simulator is wrong, unless this holds."""
    if not holds:
        raise ConformanceError(otherwise)


def words_of(response: m.Response) -> str:
    """The words of all messages of a response."""
    parts = [part for item in response.output or [] if item.type == "message" for part in item.content]
    return " ".join(part.get("transcript") or part.get("text") or "" for part in parts)


SEEN: Counter[str] = Counter()
"""How many events of each type the SDK has parsed in this process."""


@contextlib.asynccontextmanager
async def talking(simulator: VoiceLiveSimulator, where: Where) -> AsyncIterator[Talk]:
    """Connect, look at `session.created`, and at the end close and see that nothing was left unparsed."""
    known = set(simulator.sessions)
    async with connect(
        endpoint=simulator.endpoint,
        credential=AzureKeyCredential("any-key"),
        model=where.model.name,
        api_version=where.api_version,
    ) as connection:
        created = await connection.recv()
        session = next(
            session
            for session in simulator.sessions
            if session not in known and session.sent("session.created")[0].session.id == created.session.id
        )
        talk = Talk(where, connection, session)
        talk.note(created)
        expect(isinstance(created, m.ServerEventSessionCreated), f"the first event is {kind_of(created)}")
        yield talk
    async with asyncio.timeout(PATIENCE_S):
        await session.wait_closed()
    SEEN.update(talk.kinds())
    expect(session.close_code == 1000, f"the connection was closed with {session.close_code}")
    expect(not talk.problems, "; ".join(sorted(set(talk.problems))[:5]))
