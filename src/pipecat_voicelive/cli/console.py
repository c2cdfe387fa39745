"""The live log of the commands that serve: what is said, a line each."""

from __future__ import annotations

import asyncio
import io
import sys
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from pipecat_voicelive.simulator.exchange import Exchanged
    from pipecat_voicelive.simulator.narrator import Narrator, WireView
    from pipecat_voicelive.simulator.tapes.playback import Departure

Detail: TypeAlias = Literal["quiet", "words", "wire"]


class Session(Protocol):
    """What is told of."""

    @property
    def number(self) -> int:
        """Its place in the order of sessions."""
        ...

    @property
    def close_code(self) -> int | None:
        """How it ended."""
        ...

    async def wait_closed(self) -> None:
        """Wait for its end."""
        ...


class Console:
    """Shows sessions on the standard output.

    Args:
        detail: "quiet" for nothing, "words" for what is said, "wire" for every message too.
    """

    def __init__(self, detail: Detail) -> None:
        self._detail = detail
        self._told: dict[int, tuple[Narrator, WireView]] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        # A console of Windows may lack letters that somebody says.
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")

    def show(self, session: Session, exchanged: Exchanged) -> None:
        """Show an event, if it says anything to people."""
        from pipecat_voicelive.simulator.narrator import Narrator, WireView

        if self._detail == "quiet":
            return
        if session.number not in self._told:
            self._told[session.number] = (Narrator(), WireView())
            waiting = asyncio.create_task(self._show_end(session, asyncio.get_running_loop().time()))
            self._waiting.add(waiting)
            waiting.add_done_callback(self._waiting.discard)
        narrator, wire = self._told[session.number]
        if self._detail == "wire":
            for line in wire.tell(exchanged):
                self._line(session, exchanged.at_s, f"    {line}")
        if line := narrator.tell(exchanged):
            self._line(session, exchanged.at_s, line)

    def show_departure(self, session: Session, departure: Departure) -> None:
        """Show where a client departs from its tape."""
        from pipecat_voicelive.simulator.narrator import plain

        if self._detail != "quiet":
            for line in str(departure).splitlines():
                say(f"[{session.number}]   TAPE   {plain(line)}")

    async def _show_end(self, session: Session, began_s: float) -> None:
        await session.wait_closed()
        self._told.pop(session.number, None)
        at_s = asyncio.get_running_loop().time() - began_s
        self._line(session, at_s, f"(the session is over, {session.close_code})")

    def _line(self, session: Session, at_s: float, text: str) -> None:
        say(f"[{session.number}] {at_s:8.2f} s  {text}")


def say(text: str = "") -> None:
    """Print a line at once; nobody who stops listening to it ends what runs."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = io.StringIO()


def counted(number: int, what: str) -> str:
    """How many, e.g. "no departures", "1 turn", "2 turns"."""
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
