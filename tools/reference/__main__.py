"""`python -m reference write` writes the reference, `python -m reference check` fails if it is stale."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pipecat_voicelive.simulator.scenario_schema import schema_file
from reference import differential, events_page, features_page, fidelity_page, rivals
from reference.proofs import UnreadableMarkerError, proofs_in
from reference.rows import tables, unknown

ROOT = Path(__file__).parent.parent.parent
EVERY_ROW_IS_PROVED = True
"""Whether a row without a proof fails the check."""
EVERY_RULE_IS_PROVED = True
"""Whether a rule of the fidelity ledger without a proof fails the check."""


def main(command: str) -> int:
    """Write or check; the exit code."""
    try:
        proofs = proofs_in(ROOT / "tests")
    except UnreadableMarkerError as error:
        return _tell([str(error)])
    rows = tables()
    known = [row.name for table in rows.values() for row in table]
    ledger = fidelity_page.rules()
    pages = {
        ROOT / "docs/reference/events.md": events_page.page(ROOT / "src/pipecat_voicelive"),
        ROOT / "docs/reference/sdk-differential.md": differential.page(),
        ROOT / "docs/reference/features.md": features_page.page(rows, proofs),
        ROOT / "docs/reference/fidelity.md": fidelity_page.page(ledger, proofs),
        ROOT / "docs/reference/scenario.schema.json": schema_file(),
        ROOT / "src/pipecat_voicelive/simulator/scenario.schema.json": schema_file(),
    }
    problems = [*unknown(sorted(proofs), [*known, *ledger]), *fidelity_page.unkept(ledger, ROOT / "src")]
    missing = [name for name in known if name not in proofs]
    if command == "write":
        for path, text in pages.items():
            path.write_text(text)
    else:
        stale = [path.relative_to(ROOT).as_posix() for path, text in pages.items() if differs(path, text)]
        problems += [f"{path} is not current: run `make docs`." for path in stale]
    if EVERY_ROW_IS_PROVED:
        problems += [f"Nothing proves {name}: mark the test that does." for name in missing]
    unproved = list(fidelity_page.unproved(ledger, proofs))
    if EVERY_RULE_IS_PROVED:
        problems += unproved
    print(f"{len(known) - len(missing)} of {len(known)} rows of the feature table are proved.")
    print(f"{len(ledger) - len(unproved)} of {len(ledger)} rules of the fidelity ledger are proved.")
    return _tell(problems)


def differs(path: Path, text: str) -> bool:
    """Whether a page is not what it would be now. With other rivals installed, theirs is not compared."""
    written = path.read_text() if path.exists() else ""
    if rivals.versions() in written or "features" not in path.name:
        return written != text
    return _without_rivals(written) != _without_rivals(text)


def _without_rivals(page: str) -> list[str]:
    page = re.sub(r"installed rivals: .*", "", page)
    return [line.rsplit(" | ", 2)[0] if line.startswith("| ") else line for line in page.splitlines()]


def _tell(problems: list[str]) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
