"""Who is connecting: a key, a token of an Azure credential, or a token of your own making.

Headers are made afresh for every connect, since tokens age. Nothing here keeps or logs a token.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from pipecat_voicelive.errors import AuthenticationError, ConfigurationError

DEFAULT_SCOPE = "https://ai.azure.com/.default"
"""The scope that Voice Live tokens are for. Older set-ups: https://cognitiveservices.azure.com/.default"""

TokenProvider: TypeAlias = Callable[[], "Awaitable[str] | str"]
"""Gives a bearer token, such as `azure.identity.aio.get_bearer_token_provider` makes one."""


class AccessToken(Protocol):
    """What a credential gives."""

    @property
    def token(self) -> str:
        """The bearer token."""
        ...


@runtime_checkable
class TokenCredential(Protocol):
    """Any credential of `azure.identity` or `azure.identity.aio`: `get_token`, sync or async."""

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """A token for the scopes."""
        ...


class Auth(Protocol):
    """Something that authenticates a connect."""

    async def headers(self) -> dict[str, str]:
        """The headers that authenticate one connect.

        Raises:
            AuthenticationError: No token could be had.
        """
        ...

    async def aclose(self) -> None:
        """Give back what was opened here, and nothing that was given to us. May be called twice."""
        ...


class ApiKey:
    """The key of the resource."""

    def __init__(self, key: str) -> None:
        if not _fits_a_header(key):
            raise ConfigurationError(
                "The api_key is empty, or has blanks or line breaks around it. "
                "Copy it from the resource's page `Keys and Endpoint`."
            )
        self._key = key

    async def headers(self) -> dict[str, str]:
        """The key's header."""
        return {"api-key": self._key}

    async def aclose(self) -> None:
        """Nothing to give back."""


class Token:
    """A token of a credential or of a provider, fetched afresh each time; sync ones in a thread."""

    def __init__(self, source: TokenCredential | TokenProvider, scope: str = DEFAULT_SCOPE) -> None:
        self._source = source
        self._scope = scope

    async def headers(self) -> dict[str, str]:
        """The token's header."""
        try:
            token = await self._fetch()
        except AuthenticationError:
            raise
        except Exception as error:  # noqa: BLE001 - a credential may raise anything
            raise AuthenticationError(
                f"No token could be had ({type(error).__name__}). Sign in (az login), check the credential "
                f"and that its identity may use the resource (role: Cognitive Services User)."
            ) from _without_variables(error)
        if not token:
            raise AuthenticationError("The token provider gave an empty token.")
        if not _fits_a_header(token):
            raise AuthenticationError("The token provider gave something that is no token.")
        return {"Authorization": f"Bearer {token}"}

    async def aclose(self) -> None:
        """Nothing to give back: the credential is the caller's."""

    async def _fetch(self) -> str:
        source = self._source
        if isinstance(source, TokenCredential):
            get_token = cast("Callable[[str], AccessToken | Awaitable[AccessToken]]", source.get_token)
            result = await _call(get_token, self._scope)
            return result.token
        return await _call(source)


class DefaultCredential:
    """`DefaultAzureCredential`, created when first needed: importing it costs tenths of a second."""

    def __init__(self, scope: str = DEFAULT_SCOPE) -> None:
        self._scope = scope
        self._credential: Any = None

    async def headers(self) -> dict[str, str]:
        """A token's header."""
        if self._credential is None:
            self._credential = await asyncio.to_thread(_default_credential)
        return await Token(self._credential, self._scope).headers()

    async def aclose(self) -> None:
        """Close the credential that was created here."""
        credential, self._credential = self._credential, None
        if credential is not None:
            await asyncio.to_thread(credential.close)


def choose_auth(
    *,
    api_key: str | None = None,
    credential: TokenCredential | None = None,
    token_provider: TokenProvider | None = None,
    scope: str = DEFAULT_SCOPE,
) -> Auth:
    """The way to authenticate: at most one of the three; none means `DefaultAzureCredential`.

    Raises:
        ConfigurationError: More than one was given, or one that cannot be used.
    """
    given = {"api_key": api_key, "credential": credential, "token_provider": token_provider}
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise ConfigurationError(f"Give one way to authenticate, not {len(names)}: {', '.join(names)}.")
    if api_key is not None:
        return ApiKey(api_key)
    if credential is not None:
        if not hasattr(credential, "get_token"):
            raise ConfigurationError(
                f"The credential is a {type(credential).__name__}, which has no get_token(). Give one of "
                "azure.identity, or a key as `api_key`."
            )
        return Token(credential, scope)
    if token_provider is not None:
        return Token(token_provider, scope)
    return DefaultCredential(scope)


def _without_variables(error: Exception) -> Exception:
    """An error whose text can be read, but in whose traceback no secret of a credential can be shown."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error


def _fits_a_header(secret: object) -> bool:
    return (
        isinstance(secret, str)
        and secret != ""
        and secret == secret.strip()
        and secret.isprintable()
        and secret.isascii()
    )


async def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function that may be sync, which runs in a thread, or async, which is awaited here."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return await function(*arguments)
    result = await asyncio.to_thread(function, *arguments)
    return await result if inspect.isawaitable(result) else result


def _default_credential() -> Any:
    # The sync one: it needs no HTTP library beside azure-core's own, and runs in a thread like any other.
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
