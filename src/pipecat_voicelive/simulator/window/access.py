"""Who may use the page and the control channel. Pure.

Whoever reaches the control channel can read conversations and break them, so:

- A web page from elsewhere must not reach it: a browser names the page's origin, and it must be ours.
  Programs name none.
- Nor by a name that is not ours, see `names.py`.
- Where a key is needed it comes in the `api-key` header, or, since browsers cannot set one, in the first
  message. It never stands in a URL that is sent: the page's address has it behind "#", which browsers keep.

A key is needed when the simulator takes only one api-key, which is it, and when it listens beyond this
machine; then one is made unless it was given.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from http import HTTPStatus

from pipecat_voicelive.simulator.handshake import Refusal
from pipecat_voicelive.simulator.names import OwnNames, is_loopback


class Gate:
    """Decides who gets in.

    Args:
        host: The address or name that the simulator listens on.
        api_key: The only api-key that it takes, None for any.
        names: Further names of this machine.
    """

    def __init__(self, host: str, api_key: str | None, *, names: Iterable[str] = ()) -> None:
        self._names = OwnNames(host, names)
        self.key: str | None = api_key or (None if is_loopback(host) else secrets.token_urlsafe(16))
        """What the control channel wants to be told, None for nothing."""

    def admits_host(self, host: str | None) -> bool:
        """Whether a `Host` header names this machine."""
        return self._names.admit_host(host)

    def refusal(self, host: str | None, origins: list[str]) -> Refusal | None:
        """Why a request for the control channel is refused; None if it is not."""
        if not self.admits_host(host):
            return Refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "This simulator does not answer to that name. Use its address, or give it --host NAME.\n",
            )
        if any(origin.partition("://")[2].lower() != (host or "").lower() for origin in origins):
            return Refusal(HTTPStatus.FORBIDDEN, "Pages of other places may not control the simulator.\n")
        return None

    def admits_key(self, given: object) -> bool:
        """Whether this is the key that is needed, if one is."""
        if self.key is None:
            return True
        return isinstance(given, str) and hmac.compare_digest(given.encode(), self.key.encode())
