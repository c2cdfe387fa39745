"""What the service says, for whoever checks: nobody speaks in that session, but its options may be quoted."""

from __future__ import annotations

import re

from pipecat_voicelive.protocol.names import is_compound

_QUOTED = re.compile(
    r"""(?<!\w)(?:(['"`])(.*?)(?:\1(?!\w)|$)|[“„](.*?)(?:[”“]|$)|«(.*?)(?:»|$))""", re.DOTALL
)
"""From a quote that opens to its end; an apostrophe does neither. One that never closes goes to the end."""


def without_quotes(message: str) -> str:
    """A message of the service without what it quotes; names of events, options and their values are kept."""
    return _QUOTED.sub(lambda found: f"'{found[2]}'" if is_compound(found[2] or "") else "'…'", message)
