"""What a run came to, as a table; and where it stands on the page."""

from __future__ import annotations

import os
import platform
import statistics
from pathlib import Path

from chaos.referee import CHECKS
from chaos.resources import Held, percentile
from chaos.run import Outcome

BEGIN, END = "<!-- make chaos: begin -->", "<!-- make chaos: end -->"
MOST_GROWTH_MIB_PER_MIN = 2.0
LEAST_FOR_MEMORY_S = 120.0
"""In less than this no memory has found its size."""

_TITLES = {
    "lost": "calls lost within the budget",
    "unanswered": "turns that were never answered",
    "unsolicited": "answers that nobody asked for, or doubled",
    "tools": "tool calls not answered exactly once",
    "conversation": "differences between conversation and context",
    "after": "sound of an answer after its interruption",
    "holes": "gaps in what was heard of an answer",
    "errors": "error frames",
}


def rows(outcome: Outcome) -> list[tuple[str, str, bool]]:
    """What was measured, its value, and whether it may be so."""
    away = sorted(outcome.away_s)
    held = outcome.held
    assert held is not None
    assert outcome.watch is not None
    lags = outcome.watch.lags_ms
    grown = [(now - then) for then, now in zip(_of(held[0]), _of(held[1]), strict=True)]
    own, other = outcome.watch.slopes_mib_per_min()
    judged = outcome.lasted_s >= LEAST_FOR_MEMORY_S
    told = [
        ("calls", f"{outcome.calls}, {outcome.options.calls} at once", outcome.calls > 0),
        ("turns", f"{outcome.turns.total()}: {_counted(outcome.turns)}", True),
        ("turns answered", f"{outcome.answered}", True),
        ("tool calls", f"{outcome.tool_calls}", True),
        ("interruptions", f"{outcome.interruptions}", True),
        ("faults that happened", f"{outcome.faults.total()}: {_counted(outcome.faults)}", True),
        ("sessions", f"{outcome.sessions}", True),
        (
            "reconnects",
            f"{len(away)}, away {statistics.median(away):.2f} s (median), {away[-1]:.2f} s (longest)"
            if away
            else "0",
            True,
        ),
        ("planned renewals", f"{outcome.planned}", True),
    ]
    told += [(_TITLES[name], str(outcome.found[name]), not outcome.found[name]) for name in CHECKS]
    told += [
        (f"{name} left behind", f"{count:+d}", count <= 0)
        for name, count in zip(("tasks", "files", "threads"), grown, strict=True)
    ]
    told += [
        (
            f"memory of the {who} after the warm-up",
            f"{slope:+.2f} MiB a minute" if judged else "not judged in so short a run",
            not judged or slope < MOST_GROWTH_MIB_PER_MIN,
        )
        for who, slope in (("bots", own), ("simulators", other))
    ]
    told.append(
        (
            "event loop of the bots late by",
            _lateness(lags),
            True,
        )
    )
    told.append(("processor", f"{outcome.cpu_s / outcome.lasted_s:.0%} of a core for the bots", True))
    return told


def _lateness(lags_ms: list[float]) -> str:
    median, late, most = percentile(lags_ms, 0.5), percentile(lags_ms, 0.99), max(lags_ms, default=0)
    return f"{median:.1f} ms (median), {late:.1f} ms (p99), {most:.0f} ms (most)"


def _of(held: Held) -> tuple[int, int, int]:
    return held.tasks, held.files, held.threads


def _counted(counter: dict[str, int]) -> str:
    return ", ".join(
        f"{name} {count}" for name, count in sorted(counter.items(), key=lambda one: -one[1]) if count
    )


def is_well(outcome: Outcome) -> bool:
    """Whether every row is as it must be."""
    return all(well for _, _, well in rows(outcome))


def printed(outcome: Outcome) -> str:
    """The table for a terminal."""
    told = rows(outcome)
    width = max(len(name) for name, _, _ in told)
    return "\n".join(f"{'  ' if well else '✗ '}{name:{width}}  {value}" for name, value, well in told)


def in_markdown(outcome: Outcome) -> str:
    """The table for the page."""
    options = outcome.options
    command = f"make chaos SEED={options.seed} SECONDS={options.seconds:g} CALLS={options.calls}"
    lines = [
        f"`{command}`, {outcome.lasted_s:.0f} s, on {_machine()}:",
        "",
        "| what | measured |",
        "| --- | --- |",
        *(f"| {name} | {value}{'' if well else ' **(wrong)**'} |" for name, value, well in rows(outcome)),
    ]
    return "\n".join(lines)


def write(page: Path, outcome: Outcome) -> None:
    """Put the table in its place on the page."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n\n{in_markdown(outcome)}\n\n{END}{after}", encoding="utf-8")


def _machine() -> str:
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}"
