"""Further headers of the handshake, such as what a gateway in front of the service asks for.

What is sent as it is given could end its line and begin another; so that is looked at.

https://www.rfc-editor.org/rfc/rfc9110#name-fields
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipecat_voicelive.errors import ConfigurationError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Discreet(dict[str, str]):
    """Headers that hold a credential, and show it in no traceback that prints variables."""

    def __repr__(self) -> str:
        return f"<{len(self)} headers>"


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """A copy of headers that can be sent.

    Raises:
        ConfigurationError: A name or a value that no header can have; the text names no value.
    """
    copied = dict(headers or {})
    if any(not _NAME.fullmatch(name) for name in copied):
        raise ConfigurationError("Among the headers is one with a name that no header can have.")
    for name, value in copied.items():
        if not (value.isprintable() and value.isascii() and value == value.strip()):
            raise ConfigurationError(
                f"The header {name} has blanks around it, line breaks or other signs that no header can have."
            )
    return copied
