"""A simulated Voice Live for one test, with a record of what happens and expectations on it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.exchange import Exchanged
from pipecat_voicelive.simulator.scenario import Scenario
from pipecat_voicelive.simulator.server import VoiceLiveSimulator
from pipecat_voicelive.simulator.simulated_session import SimulatedSession
from pipecat_voicelive.simulator.suggestions import close_to
from pipecat_voicelive.simulator.utterance import Speaker
from pipecat_voicelive.testing.backstage import Backstage
from pipecat_voicelive.testing.conversation import progress_of
from pipecat_voicelive.testing.expectations import Expect
from pipecat_voicelive.testing.manners import RULES, check_rules
from pipecat_voicelive.testing.record import OnWire, Record
from pipecat_voicelive.testing.transcript import conversation, transcript

if TYPE_CHECKING:
    from pipecat_voicelive.testing.calls.call import Call

T = TypeVar("T")

PATIENCE_S = 15.0
"""How long is waited for what a test waits for."""

API_KEY = "simulated"

_TO_HANG_UP_S = 1.0
"""A client whose event loop has ended with its test does not answer any more."""


class VoiceLive:
    """A running simulator, and what happened in it. The fixture `voicelive` is one.

    Args:
        backstage: Where the simulator runs.
        scenario: What is said: a `Scenario`, a YAML file, or its members; None to answer anything.
        manners: Whether the fixture checks manners when the test is done.
        allow: Rules of manners that need not be kept, and codes of errors that may come.
        options: Further options of `VoiceLiveSimulator`.

    Attributes:
        record: What happened.
        expect: What the test expects of it.
        simulator: The simulator. It runs in another thread: see `do`.

    Raises:
        ConfigurationError: The scenario or an option cannot be used.
    """

    def __init__(
        self,
        backstage: Backstage,
        scenario: Scenario | str | Path | Mapping[str, Any] | None = None,
        *,
        manners: bool = True,
        allow: Sequence[str] = (),
        **options: Any,
    ) -> None:
        _check_options(options)
        # What looks like no rule is the code of an error.
        check_rules([name for name in allow if "-" in name or get_close_matches(name, RULES, cutoff=0.8)])
        self._backstage = backstage
        self._since = 0
        self.record = Record()
        self.checks_manners = manners
        self.allow = tuple(allow)
        options = {"speech": backstage.speaker, "api_key": API_KEY, **options}
        self.simulator = VoiceLiveSimulator(scenario, listener=self._note, **options)
        self.api_key: str = options["api_key"] or API_KEY
        self.expect = Expect(self.record, self.heard)

    def open(self) -> None:
        """Listen on a free port."""
        self._backstage.run(self.simulator.__aenter__())

    def close(self) -> None:
        """Close every session and stop listening; the record stays."""
        self._backstage.run(self._close())

    async def _close(self) -> None:
        closing = asyncio.create_task(self.simulator.aclose())
        await asyncio.wait([closing], timeout=_TO_HANG_UP_S)
        for session in self.simulator.sessions:
            if session.close_code is None:
                await session.drop()
        await closing

    @property
    def endpoint(self) -> str:
        """Where clients connect, e.g. "ws://127.0.0.1:54321"."""
        return self.simulator.endpoint

    @property
    def session(self) -> SimulatedSession:
        """The newest session.

        Raises:
            AssertionError: Nobody has connected.
        """
        sessions = self.simulator.sessions
        assert sessions, f"no client has connected to {self.endpoint} yet"
        return sessions[-1]

    @property
    def conversation(self) -> list[str]:
        """What was said and called so far, a line each: "caller: ...", "bot: ..." or "bot calls: tool(...)".

        Of an answer that was cut short there is what the caller heard.
        """
        return conversation(self.record.wire, self.heard())

    @property
    def transcript(self) -> str:
        """What happened so far, to read: times, words, calls, interruptions, errors."""
        return transcript(self.record.entries, heard=self.heard())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the simulator, e.g. `voicelive.session.drop()`, and block until it is done."""
        return self._backstage.run(work)

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine of the simulator, which runs in a thread of its own: as `run`."""
        return await self._backstage.do(work)

    @property
    def speaker(self) -> Speaker:
        """What speaks for the service and the caller; it belongs to the simulator's thread: see `do`."""
        return self._backstage.speaker

    def fail(self, problem: str) -> NoReturn:
        """Fail the test, and show the conversation."""
        __tracebackhide__ = True
        raise AssertionError(f"{problem}\n\nThe conversation:\n{self.transcript}")

    def heard(self) -> dict[str, str]:
        """By the id of each item that was truncated, what the caller heard of it."""

        async def ask() -> dict[str, str]:
            return {
                item.id: session.heard_text(item.id)
                for session in self.simulator.sessions
                for item in session.conversation
                if isinstance(item.id, str) and item.id in truncated
            }

        truncated = {
            getattr(entry.event, "item_id", "")
            for entry in self.record.wire
            if entry.event.type == "conversation.item.truncated"
        }
        return self.run(ask()) if truncated else {}

    # --- waiting ------------------------------------------------------------------------------------

    async def until(
        self, condition: Callable[[], bool], what: str = "", *, timeout_s: float = PATIENCE_S
    ) -> None:
        """Wait until a condition holds.

        Raises:
            AssertionError: It does not in time; shows the conversation.
        """
        if not await self.record.until(condition, timeout_s):
            self._in_vain(what, timeout_s)

    def wait_until(
        self, condition: Callable[[], bool], what: str = "", *, timeout_s: float = PATIENCE_S
    ) -> None:
        """Block until a condition holds.

        Raises:
            AssertionError: It does not in time; shows the conversation.
        """
        if not self.record.wait(condition, timeout_s):
            self._in_vain(what, timeout_s)

    async def ready(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a client has configured its session."""
        await self.until(self._is_ready, "a session to be configured", timeout_s=timeout_s)

    def wait_ready(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Block until a client has configured its session."""
        self.wait_until(self._is_ready, "a session to be configured", timeout_s=timeout_s)

    async def answered(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until the bot has answered what came since it last had, tools and all."""
        await self.until(self._is_answered, "an answer", timeout_s=timeout_s)
        self._since = len(self.record.wire)

    def wait_answered(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Block until the bot has answered what came since it last had, tools and all."""
        self.wait_until(self._is_answered, "an answer", timeout_s=timeout_s)
        self._since = len(self.record.wire)

    # --- a bot of Pipecat ---------------------------------------------------------------------------

    def call(self, bot: Any, **options: Any) -> Call:
        """A call with a Pipecat bot; see `pipecat_voicelive.testing.calls.Call`.

        async with voicelive.call(bot) as call:
            await call.says("What is the weather in Lisbon?")
        """
        # The only place from which Pipecat is imported.
        from pipecat_voicelive.testing.calls.call import Call

        return Call(self, bot, **options)

    # --- how ----------------------------------------------------------------------------------------

    def is_answered_since(self, place: int) -> bool:
        """Whether the bot has answered since the wire had `place` events, and nothing runs any more."""
        progress = progress_of(self.record.wire, place)
        return progress.answers > 0 and progress.is_quiet

    def _is_answered(self) -> bool:
        return self.is_answered_since(self._since)

    def _is_ready(self) -> bool:
        return any(entry.event.type == "session.updated" for entry in self.record.wire)

    def _in_vain(self, what: str, timeout_s: float) -> None:
        __tracebackhide__ = True
        self.fail(f"waited {timeout_s:g} s in vain for {what or 'a condition'}")

    def _note(self, session: SimulatedSession, exchanged: Exchanged) -> None:
        self.record.add(OnWire(self.record.now_s(), session.number, exchanged))


def _check_options(options: Mapping[str, Any]) -> None:
    known = {"manners", "allow", *inspect.signature(VoiceLiveSimulator).parameters} - {"listener"}
    for name in options:
        if name not in known:
            raise ConfigurationError(f"{name!r} is no option of the simulator; {close_to(name, known)}")
