"""What the service says, for whoever checks: nobody speaks in that session, but its options may be quoted."""

from __future__ import annotations

import re

_QUOTED = re.compile(
    r"""(?<!\w)(?:(['"`])(.*?)(?:\1(?!\w)|$)|[“„](.*?)(?:[”“]|$)|«(.*?)(?:»|$))""", re.DOTALL
)
"""From a quote that opens to its end; an apostrophe does neither. One that never closes goes to the end."""

_NAME_OF_THE_WIRE = re.compile(r"[a-z0-9]+([_.][a-z0-9]+)+")


def without_quotes(message: str) -> str:
    """A message of the service without what it quotes; names of events, options and their values are kept."""
    return _QUOTED.sub(
        lambda found: f"'{found[2]}'" if _NAME_OF_THE_WIRE.fullmatch(found[2] or "") else "'…'", message
    )
