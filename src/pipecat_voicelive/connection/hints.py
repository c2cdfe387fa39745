"""What to do about a handshake that the service refused: from what was asked for, and what it answered.

Statuses and codes are those of Azure AI services. The text of an answer is passed over, since it may quote
what was sent; its code is a name.

https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/configure-entra-id
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

from pipecat_voicelive.connection.endpoint import is_loopback
from pipecat_voicelive.protocol.codec import decode_plain
from pipecat_voicelive.protocol.hints import hint_for

HOSTS = (".services.ai.azure.com", ".cognitiveservices.azure.com")
"""How the hosts end where Voice Live is documented to be."""

CLOCK_MAY_BE_OFF_S = 120.0

_TOLD = frozenset({"model", "api-version", "profile", "agent-name", "agent-project-name"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a handshake asked for, without its secrets.

    Attributes:
        place: Whom: host and port.
        query: What was named in the URL.
        with_key: Whether a key was sent; else it was a token.
    """

    place: str
    query: Mapping[str, str]
    with_key: bool = False

    @classmethod
    def of(cls, url: str, header_names: Collection[str] = ()) -> Asked:
        """What a URL and the names of headers ask for."""
        parts = urlsplit(url)
        query = {name: value for name, value in parse_qsl(parts.query) if name in _TOLD}
        return cls(parts.netloc, query, "api-key" in {name.lower() for name in header_names})

    @property
    def host(self) -> str:
        """The host alone."""
        return urlsplit(f"//{self.place}").hostname or ""


def code_in(body: bytes | bytearray) -> str:
    """The code of the error in the body of an answer, "" if there is none."""
    match decode_plain(bytes(body)):
        case {"error": {"code": str(code)}} | {"code": str(code)} if _NAME.fullmatch(code):
            return code
        case _:
            return ""


def date_s(value: str) -> float | None:
    """A date as HTTP has them, as Unix seconds; None if it is none."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


def clock_off(date: str) -> str:
    """How far this machine's clock is off, in words, by a `Date` header; "" if it is not, or nobody knows."""
    told_s = date_s(date)
    off_s = time.time() - told_s if told_s is not None else 0.0
    if abs(off_s) <= CLOCK_MAY_BE_OFF_S:
        return ""
    return f"{abs(off_s) / 60:.0f} minutes {'ahead of' if off_s > 0 else 'behind'} the service's"


def what_to_do(status: int, asked: Asked, *, code: str = "", date: str = "") -> str:
    """What to do about a refused handshake, in a sentence or two; "" if nothing is known.

    Args:
        status: The HTTP status.
        asked: What was asked for.
        code: The code in the body of the answer.
        date: The answer's `Date` header.
    """
    if hint := hint_for(code):
        return hint
    match status:
        case 400:
            return _bad_request(asked)
        case 401:
            return _unauthorized(asked, date)
        case 403:
            return _forbidden(asked)
        case 404:
            return _not_found(asked)
        case 429:
            return "Too many connections or requests. Wait, or raise the quota of the resource."
        case _ if status >= 500:
            return "The service is not available at the moment. Try again later, or use another region."
        case _:
            return ""


def _bad_request(asked: Asked) -> str:
    profile = ", and the profile" if "profile" in asked.query else ""
    return f"The service does not understand this. Check {_what(asked)} and {_version(asked)}{profile}."


def _unauthorized(asked: Asked, date: str) -> str:
    if asked.with_key and _agent(asked):
        return (
            "Agents take no key. Leave it out, and sign in with an identity that has the role Foundry User."
        )
    if asked.with_key:
        return (
            "The key was refused. Copy it again from the page `Keys and Endpoint` of this resource: another "
            "resource's key, or one that was renewed, does not fit."
        )
    if off := clock_off(date):
        return f"The token was refused, and the clock of this machine is {off}: set it."
    return (
        "The token was refused. Sign in again (az login), check that its scope is "
        "https://ai.azure.com/.default, and that the identity has the role Cognitive Services User."
    )


def _forbidden(asked: Asked) -> str:
    if asked.with_key:
        return (
            "The resource lets nobody in with this key from here. Have it allow keys and this network (its "
            "page `Networking`), or sign in with a token."
        )
    role = "Foundry User" if _agent(asked) else "Cognitive Services User"
    return (
        f"The identity may not use this resource from here. Give it the role {role}, wait five minutes, and "
        "have the resource allow this network."
    )


def _not_found(asked: Asked) -> str:
    if not is_loopback(asked.host) and not asked.host.endswith(HOSTS):
        return (
            "There is no Voice Live at this address. Give the endpoint of the resource, such as "
            "https://<resource>.services.ai.azure.com."
        )
    if "profile" in asked.query:
        return f"Check {_what(asked)}: with a profile it is the name of your deployment in this resource."
    return (
        "There is no Voice Live at this address, or not what was asked for. Check the endpoint, "
        f"{_what(asked)}, {_version(asked)}, and that the resource's region has Voice Live."
    )


def _agent(asked: Asked) -> str:
    return asked.query.get("agent-name", "")


def _what(asked: Asked) -> str:
    if agent := _agent(asked):
        return f"the agent {agent!r} and its project {asked.query.get('agent-project-name', '')!r}"
    return f"the model's name ({asked.query.get('model', '')!r})"


def _version(asked: Asked) -> str:
    return f"the api_version ({asked.query.get('api-version', '')!r})"
