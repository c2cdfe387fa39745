"""Where to connect, and as whom: one endpoint, or two that are tried in turn.

    at the first ──it fails for good, or `failover_after` times in a row──▶ at the other, and back likewise

A session that is lost soon after it was ready counts as a failure too; one that has lasted makes those before
it good. A loss is first answered where the session was; a renewal goes back to the first endpoint. When every
endpoint has failed for good there is nowhere left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecat_voicelive.connection.auth import (
    DEFAULT_SCOPE,
    ApiKey,
    Auth,
    TokenCredential,
    TokenProvider,
    choose_auth,
)
from pipecat_voicelive.connection.endpoint import host_of, websocket_url
from pipecat_voicelive.errors import ConfigurationError, raised_here


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint.

    Attributes:
        endpoint: In any form that `endpoint.websocket_url` takes.
        model: Model or deployment, or None with an agent.
        api_version: The API version.
        query: Further parameters of the URL.
        auth: Who connects.
    """

    endpoint: str
    model: str | None
    api_version: str
    query: Mapping[str, str] = field(repr=False)
    auth: Auth = field(repr=False)

    def __post_init__(self) -> None:
        self.url()  # what cannot work is said at once

    def url(self, more: Mapping[str, str] | None = None) -> str:
        """The URL to open, with `more` parameters.

        Raises:
            ConfigurationError: It cannot work.
        """
        query = {**self.query, **(more or {})}
        return websocket_url(self.endpoint, model=self.model, api_version=self.api_version, query=query)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """A second endpoint, for when the first cannot be reached. What is not given is as with the first.

    Attributes:
        endpoint: The other resource's endpoint.
        model: Its model or deployment.
        api_key: Its key. One of the three must be given if the first endpoint is reached with a key, which
            is that resource's own and goes to no other host.
        credential: Or an `azure.identity` credential.
        token_provider: Or a function that gives a bearer token.
        scope: What tokens are asked for.
        query: Further parameters of its URL; they win over the first endpoint's.
    """

    endpoint: str
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    credential: TokenCredential | None = field(default=None, repr=False)
    token_provider: TokenProvider | None = field(default=None, repr=False)
    scope: str = DEFAULT_SCOPE
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @raised_here
    def target(self, first: Target) -> Target:
        """The endpoint, as the first one's stand-in.

        Raises:
            ConfigurationError: It cannot work, or more than one way to authenticate was given, or none where
                the first endpoint's key would go to another host.
        """
        given: dict[str, Any] = {
            "api_key": self.api_key,
            "credential": self.credential,
            "token_provider": self.token_provider,
        }
        own = any(value is not None for value in given.values())
        if not own and isinstance(first.auth, ApiKey) and host_of(self.endpoint) != host_of(first.endpoint):
            raise ConfigurationError(
                "The failover endpoint needs credentials of its own: the first one's api_key would go to "
                "another host. Give Failover an api_key, a credential or a token_provider."
            )
        return Target(
            self.endpoint,
            self.model or first.model,
            first.api_version,
            {**first.query, **self.query},
            choose_auth(**given, scope=self.scope) if own else first.auth,
        )


class Route:
    """Which endpoint is to be tried.

    Args:
        targets: The endpoints, the preferred one first.
        failover_after: How many attempts in a row may fail at one.
    """

    def __init__(self, targets: list[Target], failover_after: int) -> None:
        self._targets = targets
        self._failover_after = failover_after
        self._place = 0
        self._failures = 0
        self._dead: set[int] = set()

    @property
    def target(self) -> Target:
        """The endpoint that is to be tried."""
        return self._targets[self._place]

    def forgive(self) -> None:
        """Forget what has failed."""
        self._failures = 0
        self._dead.clear()

    def failed(self, *, permanent: bool) -> bool:
        """An attempt there failed. Returns whether there is anything left to try."""
        self._failures += 1
        if permanent:
            self._dead.add(self._place)
        if permanent or self._failures >= self._failover_after:
            self._move_on()
        return len(self._dead) < len(self._targets)

    def back(self) -> Route:
        """A route of its own that begins at the preferred endpoint again."""
        return Route(self._targets, self._failover_after)

    def follow(self, other: Route) -> None:
        """Stand where the other one has come to."""
        self._place = other._place
        self.forgive()

    async def aclose(self) -> None:
        """Give back what the endpoints' credentials hold. May be called twice."""
        for target in self._targets:
            await target.auth.aclose()

    def _move_on(self) -> None:
        self._failures = 0
        alive = [place for place in range(len(self._targets)) if place not in self._dead]
        self._place = next((place for place in alive if place > self._place), alive[0] if alive else 0)
