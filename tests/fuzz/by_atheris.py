"""Run a target with what atheris invents, guided by coverage: python -m fuzz.by_atheris TARGET SECONDS.

What it learns is kept in `out/fuzz`, and the next run goes on from there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pipecat_voicelive.protocol", "pipecat_voicelive.session"]):
    from .events import seeds
    from .targets import TARGETS

KEPT = Path("out/fuzz")


def main(name: str, seconds: float) -> None:
    corpus = KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_recorded() + seeds()):
        (corpus / f"seed{number}").write_bytes(seed)

    def run(data: bytes) -> None:
        for target in TARGETS[name]:
            target(data)

    arguments = [f"-max_total_time={seconds:.0f}", "-print_final_stats=1", "-max_len=4096", "-timeout=20"]
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={KEPT}/{name}-", *arguments], run)
    atheris.Fuzz()


def _recorded() -> list[bytes]:
    """The messages of the recorded calls, if `VOICELIVE_TAPES` names them, without long audio."""
    folder = Path(os.environ.get("VOICELIVE_TAPES", "/nowhere"))
    lines = [line for tape in sorted(folder.glob("*.jsonl")) for line in tape.read_bytes().splitlines()]
    events = (line[line.find(b'"event":') + 8 : -1] for line in lines if b'"from":"server"' in line)
    return [event for event in events if len(event) < 4096]


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
