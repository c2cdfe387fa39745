"""Names as the wire has them: codes, paths, ids. Only they are told on; other text may be content."""

from __future__ import annotations

import re

_LONGEST = 64
_PART = r"[A-Za-z]{1,24}[0-9]{0,2}"
_NAME = re.compile(rf"{_PART}(?:[_.-]{_PART}|\[[0-9]{{0,3}}\])*|[1-5][0-9]{{2}}")
_COMPOUND = re.compile(r"[a-z0-9]+([_.][a-z0-9]+)+")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*")


def wire_name(text: str | None) -> str:
    """A code, a path or an option's value if it looks like one, else how long it is.

    Such as insufficient_quota, DeploymentNotFound, session.tools[0].name or 429; "" for None.
    """
    if not text:
        return ""
    return text if len(text) <= _LONGEST and _NAME.fullmatch(text) else _length(text)


def is_compound(text: str) -> bool:
    """Whether it is such as server_vad or session.turn_detection.type: what nobody says in a conversation."""
    return _COMPOUND.fullmatch(text) is not None


def wire_id(text: str | None) -> str:
    """The id of a session or the name of a model if it looks like one, else how long it is; "" for None."""
    if not text:
        return ""
    return text if len(text) <= _LONGEST and _ID.fullmatch(text) else _length(text)


def _length(text: str) -> str:
    return f"<{len(text)} characters>"
