"""Run a target with what hypothesis invents, for a time: python -m fuzz.by_hypothesis TARGET SECONDS."""

from __future__ import annotations

import sys
import time

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .events import seeds
from .targets import TARGETS

BATCH = 2000
LONGEST = 2000


def main(name: str, seconds: float) -> None:
    begun_s, executions = time.monotonic(), 0

    @settings(
        max_examples=BATCH,
        deadline=None,
        database=None,
        print_blob=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(max_size=LONGEST) | st.sampled_from(seeds()))
    def run(data: bytes) -> None:
        nonlocal executions
        executions += 1
        for target in TARGETS[name]:
            target(data)

    while time.monotonic() - begun_s < seconds:
        run()
    print(
        f"hypothesis, {name}: {executions:,} executions in {time.monotonic() - begun_s:.0f} s, nothing found"
    )


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
