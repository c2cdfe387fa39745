"""The answer to an opening handshake: who may come in, and what for. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from websockets.typing import Subprotocol

from pipecat_voicelive.protocol.redaction import MASKED
from pipecat_voicelive.protocol.versions import V1
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.pipelines import Agent, Model
from pipecat_voicelive.simulator.sources import (
    API_REFERENCE,
    AVATAR_SAMPLE,
    HOSTED_AGENTS,
    SDK,
    V1_SPECIFICATION,
)

REALTIME_PATH = "/voice-live/realtime"
SUBPROTOCOL = "realtime"

_SECRETS = {
    "api-key",
    "authorization",
    "access_token",
    "agent-access-token",
    "cookie",
    "proxy-authorization",
}
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_AGENT_MODEL = "gpt-4.1"
_PROFILES = (
    "byom-azure-openai-realtime",
    "byom-azure-openai-chat-completion",
    "byom-foundry-anthropic-messages",
)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client said when it connected, secrets masked.

    Attributes:
        path: The path of the URL.
        query: Its query; of a repeated name the last value.
        headers: HTTP headers, names in lower case.
        model: What the session runs on.
    """

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    model: Model


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer in place of a session."""

    status: HTTPStatus
    text: str


@rule(
    "subprotocol",
    "The subprotocol realtime is taken if it is offered, and not needed.",
    SDK.at("connect"),
    topic=Topic.CONNECTING,
    conflict="others say that the service stays silent without it.",
)
def select_subprotocol(_connection: object, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The subprotocol of a connection, of those that the client offers."""
    wanted = Subprotocol(SUBPROTOCOL)
    return wanted if wanted in offered else None


@rule(
    "handshake-query",
    "The path is /voice-live/realtime, else 404; `api-version` and a `model` or an agent with its project "
    "are given, else 400.",
    API_REFERENCE.at("WebSocket endpoint"),
    topic=Topic.CONNECTING,
    conflict="no document names the statuses.",
)
@rule(
    "handshake-v1-headers",
    "v1 takes credentials in headers only: else 401.",
    V1_SPECIFICATION.at("readme.md"),
    topic=Topic.CONNECTING,
    holds_for="v1",
)
def answer_handshake(
    target: str, headers: Iterable[tuple[str, str]], *, api_key: str | None
) -> Handshake | Refusal:
    """Judge an opening handshake.

    Args:
        target: Path and query, as in the request line.
        headers: The request's headers.
        api_key: The only key that is taken; None takes any. Bearer tokens are taken whatever they are,
            since nothing here could check them.
    """
    url = urlsplit(target)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    lower = {name.lower(): value for name, value in headers}
    if url.path == "/" and "upgrade" not in lower:
        return Refusal(HTTPStatus.OK, f"This is a simulated Azure Voice Live. Connect to {REALTIME_PATH}\n")
    if url.path != REALTIME_PATH:
        return Refusal(HTTPStatus.NOT_FOUND, f"There is nothing here. The path is {REALTIME_PATH}\n")
    version = query.get("api-version", "")
    if version != V1 and not _API_VERSION.fullmatch(version):
        problem = f"'{version}' is not simulated" if version else "is missing"
        return Refusal(
            HTTPStatus.BAD_REQUEST, f"The query parameter api-version {problem}; give e.g. 2026-07-15.\n"
        )
    if version == V1 and any(name.lower() in _SECRETS for name in query):
        return Refusal(HTTPStatus.UNAUTHORIZED, "v1 takes credentials in headers only.\n")
    model = _model(query)
    if isinstance(model, Refusal):
        return model
    refusal = _check_credential(query, lower, model, api_key)
    if refusal is not None:
        return refusal
    return Handshake(url.path, _masked(query), _masked(lower), model)


def _model(query: Mapping[str, str]) -> Model | Refusal:
    agent = query.get("agent-name", "")
    if agent and not query.get("agent-project-name"):
        return Refusal(HTTPStatus.BAD_REQUEST, "agent-name needs agent-project-name beside it.\n")
    if agent:
        named = Agent(
            name=agent,
            project=query["agent-project-name"],
            version=query.get("agent-version", ""),
            conversation_id=query.get("conversation-id", ""),
        )
        return Model(query.get("model") or _AGENT_MODEL, named)
    if not query.get("model"):
        return Refusal(
            HTTPStatus.BAD_REQUEST, "The query parameter model is missing; give e.g. gpt-realtime.\n"
        )
    profile = query.get("profile")
    if profile is not None and profile not in _PROFILES:
        return Refusal(
            HTTPStatus.BAD_REQUEST,
            f"profile {profile!r} is not known; known are {', '.join(_PROFILES)}.\n",
        )
    return Model(query["model"], profile=profile)


@rule(
    "handshake-credential",
    "A key or a bearer token stands in a header or in the query; without, or with a wrong key, 401.",
    API_REFERENCE.at("Credentials"),
    AVATAR_SAMPLE.at("troubleshooting"),
    topic=Topic.CONNECTING,
)
@rule(
    "agent-takes-no-key",
    "An agent takes a bearer token and no key: else 401.",
    HOSTED_AGENTS,
    API_REFERENCE.at("Credentials"),
    topic=Topic.CONNECTING,
    holds_for="agents",
)
def _check_credential(
    query: Mapping[str, str], headers: Mapping[str, str], model: Model, api_key: str | None
) -> Refusal | None:
    given_key = headers.get("api-key") or query.get("api-key") or ""
    bearer = headers.get("authorization") or query.get("Authorization") or ""
    scheme, _, token = bearer.partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return None
    if model.agent is not None:
        return Refusal(HTTPStatus.UNAUTHORIZED, "An agent takes a bearer token only, no key.\n")
    if not given_key:
        return Refusal(HTTPStatus.UNAUTHORIZED, "Give an api-key or Authorization: Bearer header.\n")
    if api_key is not None and not hmac.compare_digest(given_key.encode(), api_key.encode()):
        return Refusal(HTTPStatus.UNAUTHORIZED, "The api-key is wrong.\n")
    return None


def _masked(values: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(
        {name: MASKED if name.lower() in _SECRETS else value for name, value in values.items()}
    )
