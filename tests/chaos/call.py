"""The caller of one call: goes through the plan, waits for each answer, and tells what came of it."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from pipecat.frames.frames import (
    EndFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    LLMUpdateSettingsFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TTSSpeakFrame,
)

from chaos.backstage import Backstage
from chaos.bot import OUT_HZ, Bot
from chaos.plan import Plan, Turn
from chaos.words import heard_in
from pipecat_voicelive import VoiceLiveLLMSettings

PATIENCE_S = 30.0
"""How long an answer may take, reconnects and all."""
REFUSED_S = 1.0
"""How long is waited for an answer after an error was told."""
SETTLED_S = 0.6
TO_AGREE_S = 10.0
"""How long both sides may take to have the same conversation when nothing is said any more."""
TO_END_S = 40.0
"""How long a bot may take to end: it waits half a minute for an answer that is owed."""


@dataclass(slots=True)
class TurnSeen:
    """What became of a turn: when it began, when its answer did, whether the next turn cut that."""

    turn: Turn
    began_s: float
    answered_s: float | None = None
    cut: bool = False
    over: bool = False
    """Whether it began while the bot was speaking."""


@dataclass(slots=True)
class Evidence:
    """What both sides know of a call that is over.

    Attributes:
        plan: What was planned.
        turns: What was done of it.
        bot: The bot, with its log and its context.
        server: What the simulator has, see `server`.
        heard: What was played: (second, answer, place, samples).
        problem: What went wrong with the call itself, "" if nothing did.
        lasted_s: How long it was.
    """

    plan: Plan
    turns: list[TurnSeen]
    bot: Bot
    server: dict[str, Any] = field(default_factory=dict)
    heard: list[tuple[float, str, int, int]] = field(default_factory=list)
    problem: str = ""
    lasted_s: float = 0.0


async def make_call(
    plan: Plan,
    backstage: Backstage,
    voices: dict[str, bytes],
    *,
    until_s: float | None = None,
    agrees: Callable[[Evidence], bool] = lambda _: True,
) -> Evidence:
    """Hold a call from its first to its last word.

    Args:
        plan: What happens.
        backstage: Where the simulators are.
        voices: The sound of each line.
        until_s: When no further turn is begun, by the monotonic clock; None to go through the whole plan.
        agrees: Whether both sides have the same conversation; that may take a moment after a loss.
    """
    bot = Bot(plan, await backstage.open(plan))
    evidence = Evidence(plan, [], bot)
    running = await bot.start()
    caller = _Caller(evidence, voices, running)
    try:
        await caller.goes_through(until_s)
        evidence.server = await caller.settles(backstage)
        # What a session was told of again may still be on its way.
        deadline_s = time.monotonic() + TO_AGREE_S
        while not agrees(evidence) and time.monotonic() < deadline_s:
            await asyncio.sleep(1)
            evidence.server = await caller.settles(backstage)
    except _CallOverError as over:
        evidence.problem = str(over)
    finally:
        if not running.done():
            await bot.worker.queue_frame(EndFrame())
            await asyncio.wait({running}, timeout=TO_END_S)
        if not running.done():
            evidence.problem = evidence.problem or f"the bot did not end within {TO_END_S:g} s"
            await bot.worker.cancel()
            await asyncio.wait({running}, timeout=TO_END_S)
        evidence.lasted_s = bot.log.now_s()
        seen = await backstage.close(plan.number)
        evidence.server = evidence.server or seen
    bot_track = bot.transport.recording.bot
    sound = bot_track.samples(bot_track.end_s, OUT_HZ)
    offset_s = evidence.lasted_s - bot.transport.clock.now_s()
    evidence.heard = [
        (start / OUT_HZ + offset_s, name, place, samples) for start, name, place, samples in heard_in(sound)
    ]
    return evidence


class _CallOverError(Exception):
    """The bot has ended before the caller hung up."""


class _Caller:
    def __init__(self, evidence: Evidence, voices: dict[str, bytes], running: asyncio.Task[Any]) -> None:
        self._evidence = evidence
        self._plan = evidence.plan
        self._bot = evidence.bot
        self._log = evidence.bot.log
        self._voices = voices
        self._running = running

    async def goes_through(self, until_s: float | None) -> None:
        """Do what is planned."""
        await self._until(self._bot.transport.caller.started.is_set)
        await self._push(LLMRunFrame())
        greeting = Turn("run", 0, words=5)
        await self._answered(TurnSeen(greeting, self._log.now_s()), "g0")
        for turn in self._plan.turns:
            if until_s is not None and time.monotonic() >= until_s:
                return
            await asyncio.sleep(turn.gap_s)
            seen = TurnSeen(turn, self._log.now_s(), over=self._log.is_busy)
            self._evidence.turns.append(seen)
            self._log.note(f"turn {turn.number}: {turn.kind} {turn.tool}")
            before, refused = self._words(turn.answer), self._log.refused
            await self._do(turn)
            if turn.answer:
                await self._answered(seen, turn.answer, before, refused)

    async def settles(self, backstage: Backstage) -> dict[str, Any]:
        """Wait until nothing is going on any more; returns what the simulator has then."""
        quiet_since = time.monotonic()
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and time.monotonic() - quiet_since < SETTLED_S:
            if self._busy():
                quiet_since = time.monotonic()
            await asyncio.sleep(0.1)
        return await backstage.look(self._plan.number)

    def _busy(self) -> bool:
        log = self._log
        return log.is_busy or log.is_away

    async def _do(self, turn: Turn) -> None:
        match turn.kind:
            case "spoken":
                await self._say(turn.line)
            case "typed":
                await self._type({"role": "user", "content": turn.line})
            case "image":
                parts = [
                    {"type": "text", "text": turn.line},
                    {"type": "image_url", "image_url": {"url": _picture(turn.number)}},
                ]
                await self._type({"role": "user", "content": parts})
            case "speak":
                await self._push(TTSSpeakFrame(turn.text))
            case "run":
                await self._push(LLMRunFrame())
            case "settings":
                warmth = 0.6 + turn.number / 20
                await self._push(LLMUpdateSettingsFrame(delta=VoiceLiveLLMSettings(temperature=warmth)))

    async def _say(self, line: str) -> None:
        manual = self._plan.turns_by == "manual"
        saying = asyncio.create_task(self._bot.transport.caller.say(self._voices[line], line))
        if manual:
            await asyncio.sleep(0.2)
            await self._push(ProposedUserStartedSpeakingFrame())
        await saying
        if manual:
            await asyncio.sleep(0.2)
            await self._push(ProposedUserStoppedSpeakingFrame())

    async def _type(self, message: Any) -> None:
        await self._push(LLMMessagesAppendFrame(messages=[message], run_llm=True))

    async def _push(self, *frames: Any) -> None:
        for frame in frames:
            await self._bot.transport.caller.push_frame(frame)

    async def _answered(self, seen: TurnSeen, name: str, before: int = 0, refused: int = 0) -> None:
        """Wait until the answer has been heard: to its end, or as long as it is listened to."""
        log = self._log
        await self._until(lambda: self._words(name) > before or log.refused > refused)
        # What was refused is not answered, unless somebody asks once more.
        if not await self._until(lambda: self._words(name) > before, REFUSED_S):
            log.note(f"no answer {name}")
            return
        seen.answered_s = log.now_s()
        cut_s = seen.turn.cut_s
        if cut_s is not None and self._plan.audio:
            if await self._until(lambda: log.speaking, 2.0):
                await asyncio.sleep(cut_s)
            seen.cut = log.speaking
            return
        await self._until(lambda: not log.is_busy)

    def _words(self, name: str) -> int:
        """How much was heard of an answer; of "o0", of any: an `LLMRunFrame` may bring what was refused."""
        return self._log.words.total() if name == "o0" else self._log.words[name]

    async def _until(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
        deadline_s = time.monotonic() + patience_s
        while not condition():
            if self._log.is_over:
                raise _CallOverError(f"the service gave the call up: {self._log.errors[-1]}")
            if self._running.done():
                raise _CallOverError("the bot ended before the caller hung up")
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return False
            self._log.changed.clear()
            try:
                async with asyncio.timeout(min(left_s, 0.25)):
                    await self._log.changed.wait()
            except TimeoutError:
                continue
        return True


def _picture(number: int) -> str:
    held = io.BytesIO()
    Image.new("RGB", (8, 8), (number * 20 % 256, 80, 120)).save(held, "PNG")
    return "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()
