"""What a run holds on to: tasks, files, threads, memory; and how late its event loop is."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import resource
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

_EVERY_S = 0.05
LOOK_EVERY_S = 10.0
"""How often memory is looked at."""
WARM_UP = 1 / 2
"""How much of a run its memory may take to find its size."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds at one moment."""

    tasks: int
    files: int
    threads: int

    @staticmethod
    def now() -> Held:
        """What this one holds."""
        gc.collect()
        return Held(
            len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
        )


@dataclass
class Watch:
    """Looks at the event loop twenty times a second, and now and then at the memory of two processes.

    Bots are cycles, which Python collects when it likes, and the allocator keeps what is free. So both
    processes `tidy` before their memory is looked at.

    Attributes:
        lags_ms: How late the loop was each time.
        memory: (seconds, MiB of this process, MiB of the other).
    """

    other_pid: int
    lags_ms: list[float] = field(default_factory=list)
    memory: list[tuple[float, float, float]] = field(default_factory=list)

    async def run(self) -> None:
        """Watch until it is cancelled."""
        began_s = look_s = time.perf_counter()
        while True:
            due_s = time.perf_counter() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            now_s = time.perf_counter()
            self.lags_ms.append((now_s - due_s) * 1000)
            if now_s >= look_s:
                look_s = now_s + LOOK_EVERY_S
                tidy()
                own, other = resident_mib(os.getpid()), resident_mib(self.other_pid)
                self.memory.append((now_s - began_s, own, other))

    def slopes_mib_per_min(self) -> tuple[float, float]:
        """How fast both grow after the warm-up, by a straight line through what was seen."""
        kept = self.memory[int(len(self.memory) * WARM_UP) :]
        if len(kept) < 5:
            return 0.0, 0.0
        at_min = np.array([point[0] for point in kept]) / 60
        own, other = (float(np.polyfit(at_min, [point[side] for point in kept], 1)[0]) for side in (1, 2))
        return own, other


def tidy() -> None:
    """Give back what nobody uses: what is left is held."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # not with every C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of them lie; 0 for none."""
    return float(np.percentile(values, share * 100)) if values else 0.0


def resident_mib(pid: int) -> float:
    """Memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_s() -> float:
    """Seconds of processor that this process has taken."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
