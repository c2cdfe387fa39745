"""What somebody may have meant who mistyped a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def close_to(name: str, known: Iterable[str], form: str = "'{}'") -> str:
    """The known name that is most like it, else all; `form` is how names are shown."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {form.format(close[0])}?"
    return f"known are {', '.join(form.format(choice) for choice in known)}"
