"""`make conformance`: every model, every version, every behaviour, every sample. Prints a table."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from conformance.behaviours import BEHAVIOURS
from conformance.matrix import Outcome, callers, run
from conformance.page import written
from conformance.samples import SAMPLES, SampleOutcome, download, run_sample, unlisted
from conformance.talk import SEEN
from conformance.walk import Step, walk
from conformance.wheres import EVERYWHERE
from pipecat_voicelive.simulator import Speaker
from pipecat_voicelive.simulator.certificate import self_signed


async def _main() -> tuple[str, bool]:
    """The page, and whether all went well."""
    async with callers() as (speaker, voices):
        outcomes: list[Outcome] = []
        for name in BEHAVIOURS:
            began_s = time.monotonic()
            came = await run(EVERYWHERE, speaker, voices, [name])
            wrong = [outcome for outcome in came if outcome.wrong]
            took_s = time.monotonic() - began_s
            print(f"{name:18} {len(came):4} conversations {took_s:6.1f} s  {len(wrong)} wrong")
            for outcome in wrong[:5]:
                print(f"    {outcome.where}: {outcome.wrong}")
            outcomes += came
        samples, steps = await _run_samples(speaker)
    well = not any(one.wrong for one in [*outcomes, *samples, *steps])
    return written(outcomes, SEEN, samples, steps), well


async def _run_samples(speaker: Speaker) -> tuple[list[SampleOutcome], list[Step]]:
    outcomes: list[SampleOutcome] = []
    with tempfile.TemporaryDirectory(prefix="voicelive-samples-") as made:
        folder = Path(made)
        samples = await asyncio.to_thread(download, folder)
        if news := unlisted(samples):
            raise SystemExit(f"There are samples that nobody has looked at: {', '.join(news)}")
        tls = self_signed(folder, "127.0.0.1")
        for sample in SAMPLES:
            outcome = await run_sample(sample, samples, folder, speaker, tls)
            print(f"{sample.file}: {outcome.why_not or outcome.wrong or 'ran'}")
            outcomes.append(outcome)
        steps = await walk(samples, folder, speaker)
        for step in steps:
            print(f"{step.what}: {step.wrong or 'went well'}")
    return outcomes, steps


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page there")
    page: Path | None = parser.parse_args().write
    text, well = asyncio.run(_main())
    print(f"\n{text}")
    if page is not None:
        page.write_text(text, encoding="utf-8")
    sys.exit(0 if well else 1)
