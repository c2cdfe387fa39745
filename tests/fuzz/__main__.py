"""Run every target by hypothesis and by atheris, one after the other: python -m fuzz SECONDS."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

from .targets import TARGETS


def main(seconds: float) -> int:
    """Returns how many runs found something."""
    found = 0
    for tool in ("hypothesis", "atheris"):
        if importlib.util.find_spec(tool) is None:
            print(
                f"{tool} is not there: it has no wheel for Python {sys.version.split()[0]}, try 3.11 to 3.13"
            )
            continue
        for name in TARGETS:
            print(f"{tool}, {name}, for {seconds:.0f} s ...", flush=True)
            ended = subprocess.run(
                [sys.executable, "-m", f"fuzz.by_{tool}", name, str(seconds)],
                check=False,
                stdout=sys.stdout,
                stderr=subprocess.PIPE,
                text=True,
            )
            told = ended.stderr.splitlines()
            if ended.returncode:
                found += 1
                print(*told[-60:], sep="\n")
            else:
                print(*(line for line in told if "number_of_executed" in line or " DONE " in line), sep="\n")
    return found


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0))
