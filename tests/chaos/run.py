"""A run: so many calls at once, one after the other, until the time is over."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from chaos.backstage import Backstage
from chaos.bot import Log
from chaos.call import Evidence, make_call
from chaos.plan import Plan, make_plan
from chaos.referee import CHECKS, agrees, faults_fired, findings
from chaos.resources import Held, Watch, cpu_s
from chaos.voices import callers_voices

_LESSER_S = 120.0
"""How long calls that began in time may take to end."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is run.

    Attributes:
        seed: Everything random follows from it.
        seconds: How long calls are begun.
        calls: How many at once.
        only: One call alone, by its number.
        recovery: Whether connections are lost.
        restarts: How often all simulators restart at once; 0 for never.
        cores: The cores of the bots and of the simulators; None to leave that to the machine.
    """

    seed: int = 1
    seconds: float = 600.0
    calls: int = 50
    only: int | None = None
    recovery: bool = True
    restarts: int = 2
    cores: tuple[int, int] | None = None


@dataclass
class Outcome:
    """What came of a run. Calls themselves are not kept: the run would grow with them."""

    options: Options
    calls: int = 0
    turns: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    tool_calls: int = 0
    interruptions: int = 0
    damaged: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    sessions: int = 0
    away_s: list[float] = field(default_factory=list)
    planned: int = 0
    found: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(CHECKS, 0)))
    failed: list[int] = field(default_factory=list)
    held: tuple[Held, Held] | None = None
    watch: Watch | None = None
    lasted_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, evidence: Evidence) -> dict[str, list[str]]:
        """Count a call; returns what is wrong with it."""
        log: Log = evidence.bot.log
        self.calls += 1
        self.turns.update(seen.turn.kind for seen in evidence.turns)
        self.answered += sum(seen.answered_s is not None for seen in evidence.turns)
        self.tool_calls += len(log.runs)
        self.interruptions += len({round(at_s, 2) for at_s, _ in log.interruptions})
        self.damaged += evidence.plan.damaged
        self.faults.update(kind_of(fault) for fault in faults_fired(evidence))
        self.faults["restart"] += evidence.server["restarts"]
        self.sessions += len(evidence.server["sessions"])
        self.away_s += [away_s for away_s, planned in log.away if not planned]
        self.planned += sum(planned for _, planned in log.away)
        wrong = {name: found for name, found in findings(evidence).items() if found}
        self.found.update({name: len(found) for name, found in wrong.items()})
        if wrong:
            self.failed.append(evidence.plan.number)
        return wrong


def kind_of(fault: str) -> str:
    """What a fault is called, without its when: "drop", "refuse 429", "transcribe never"."""
    words = fault.split()
    return " ".join(words[:2]) if words[0] in ("refuse", "transcribe", "close") else words[0]


async def run(options: Options, tell: Callable[[str], None]) -> Outcome:
    """Run it; what is wrong with a call is told at once, with how to hold it again."""
    outcome = Outcome(options)
    voices = await callers_voices()
    core = options.cores[1] if options.cores else None
    async with Backstage(core) as backstage:
        await _warm_up(options, backstage, voices)
        before = Held.now()
        outcome.watch = Watch(backstage.pid)
        watching = asyncio.create_task(outcome.watch.run())
        began_s, used_s = time.monotonic(), cpu_s()
        until_s = began_s + options.seconds
        others = [asyncio.create_task(_restarts(options, backstage, tell))]
        holding = [
            asyncio.create_task(_hold(options, slot, until_s, backstage, voices, outcome, tell))
            for slot in range(options.calls if options.only is None else 1)
        ]
        try:
            async with asyncio.timeout(options.seconds + _LESSER_S):
                await asyncio.gather(*holding)
        finally:
            for task in (*holding, *others, watching):
                task.cancel()
            await asyncio.gather(*holding, *others, watching, return_exceptions=True)
        outcome.lasted_s = time.monotonic() - began_s
        outcome.cpu_s = cpu_s() - used_s
        del holding, others, watching, task
        await asyncio.sleep(0.5)
        outcome.held = (before, Held.now())
    return outcome


async def _warm_up(options: Options, backstage: Backstage, voices: dict[str, bytes]) -> None:
    """One short call, so that what is loaded once is there: threads of pools among it."""
    plan = make_plan(options.seed, 999_983, recovery=False, faults=False)
    await make_call(plan, backstage, voices, until_s=time.monotonic() + 2)


async def _hold(
    options: Options,
    slot: int,
    until_s: float,
    backstage: Backstage,
    voices: dict[str, bytes],
    outcome: Outcome,
    tell: Callable[[str], None],
) -> None:
    """Hold one call after the other."""
    if options.only is None:
        await asyncio.sleep(slot * 0.1)  # fifty pipelines are not begun in one moment
    number = slot if options.only is None else options.only
    while True:
        plan = make_plan(options.seed, number, recovery=options.recovery)
        ends_s = until_s if options.only is None else None
        evidence = await make_call(plan, backstage, voices, until_s=ends_s, agrees=agrees)
        wrong = outcome.add(evidence)
        if wrong or options.only is not None:
            tell(report(options, plan, evidence, wrong))
        number += options.calls
        del evidence, wrong  # else a slot holds two bots
        if options.only is not None or time.monotonic() >= until_s:
            return


async def _restarts(options: Options, backstage: Backstage, tell: Callable[[str], None]) -> None:
    """Restart all simulators at once, at times that follow from the seed."""
    if not options.recovery or options.only is not None:
        return
    dice = Random(f"{options.seed} restarts")
    began_s = time.monotonic()
    for at_s in sorted(dice.uniform(0.1, 0.9) * options.seconds for _ in range(options.restarts)):
        await asyncio.sleep(began_s + at_s - time.monotonic())
        down_s = round(dice.uniform(0.5, 3), 1)
        tell(f"{at_s:.0f} s: all simulators restart, down for {down_s:g} s")
        await backstage.restart(down_s)


def report(options: Options, plan: Plan, evidence: Evidence, wrong: dict[str, list[str]]) -> str:
    """What is wrong with a call, all that happened in it, and how to hold it again."""
    lines = [f"call {plan.number}: {'wrong' if wrong else 'well'} after {evidence.lasted_s:.1f} s"]
    lines += [f"    {name}: {problem}" for name, found in wrong.items() for problem in found]
    lines += [f"    {line}" for line in plan.in_words]
    if came := evidence.server["fleet"]:
        lines.append(f"    restarted with all others: {', '.join(f'{at_s:.1f} s' for at_s in came)}")
    lines += [f"    {line}" for line in evidence.bot.log.lines]
    for session in evidence.server["sessions"]:
        lines.append(f"  session {session['number']}, closed {session['closed']}")
        lines += [f"    {line}" for line in session["log"]]
    lines += [f"    {str(message)[:200]}" for message in evidence.bot.context.get_messages()]
    if options.only is None:
        lines.append(f"    again: make chaos SEED={options.seed} CALL={plan.number}")
    return "\n".join(lines)
