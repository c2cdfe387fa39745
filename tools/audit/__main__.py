"""`python -m audit`: 1 if something was found; `python -m audit baseline` writes .secrets.baseline anew."""

from __future__ import annotations

import sys

from audit import dependencies, secrets


def main() -> int:
    """Run what was asked for."""
    if sys.argv[1:] == ["baseline"]:
        secrets.write()
        return 0
    found = [secrets.audit(), dependencies.audit()]
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
