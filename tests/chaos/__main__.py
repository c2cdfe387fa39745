"""`make chaos`: random faults in random conversations. Prints a table; exit code 1 if anything is wrong."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from loguru import logger

from chaos.run import Options, run
from chaos.table import is_well, printed, write


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600, help="how long calls are begun (600)")
    parser.add_argument("--calls", type=int, default=50, help="how many at once (50)")
    parser.add_argument("--call", type=int, help="one call alone, by its number")
    parser.add_argument("--no-drops", action="store_true", help="lose no connection")
    parser.add_argument(
        "--restarts", type=int, default=2, help="how often all simulators restart at once (2)"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table into this page")
    given = parser.parse_args()
    if given.write is not None and not given.write.is_file():
        parser.error(f"there is no page {given.write} to write the table into")
    cores = sorted(os.sched_getaffinity(0))
    pinned = (cores[0], cores[1]) if len(cores) > 1 else None
    options = Options(
        seed=given.seed,
        seconds=given.seconds,
        calls=given.calls,
        only=given.call,
        recovery=not given.no_drops,
        restarts=given.restarts,
        cores=pinned,
    )
    logger.remove()
    if pinned:
        os.sched_setaffinity(0, {pinned[0]})
    outcome = asyncio.run(run(options, lambda text: print(text, flush=True)))
    print(f"\n{printed(outcome)}")
    if outcome.failed:
        print(f"\nwrong calls: {', '.join(map(str, sorted(outcome.failed)))}")
    if given.write is not None:
        write(given.write, outcome)
    return 0 if is_well(outcome) else 1


if __name__ == "__main__":
    sys.exit(main())
