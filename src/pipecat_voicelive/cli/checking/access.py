"""Who asks: a key, or a token and what can be seen of it. Neither is ever shown."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from typing import Any, cast

from pipecat_voicelive.cli.checking.findings import Finding, doubtful, failed, failed_with, well
from pipecat_voicelive.cli.checking.target import API_KEY, Target
from pipecat_voicelive.connection.auth import choose_auth
from pipecat_voicelive.errors import AuthenticationError

TOKEN_TIMEOUT_S = 60.0
"""`DefaultAzureCredential` tries one way after the other."""

_BEARER = "Bearer "


async def access(target: Target) -> tuple[Finding, str | None]:
    """Find out about the credential. Returns the token too, if it is one."""
    if target.api_key is not None:
        return well("credentials", "A key is given."), None
    began_s = time.monotonic()
    auth = choose_auth(scope=target.scope)
    try:
        async with asyncio.timeout(TOKEN_TIMEOUT_S):
            headers = await auth.headers()
    except AuthenticationError as error:
        found = f"No key is given in {API_KEY}, and DefaultAzureCredential has no token."
        return failed_with("credentials", found, error), None
    except TimeoutError:
        found = f"DefaultAzureCredential had no token within {TOKEN_TIMEOUT_S:g} s."
        advice = f"Sign in (az login), or set {API_KEY}."
        return failed("credentials", found, advice), None
    finally:
        await auth.aclose()
    token = headers["Authorization"].removeprefix(_BEARER)
    return seen_of(token, target.scope, took_s=time.monotonic() - began_s), token


def seen_of(token: str, scope: str, *, took_s: float) -> Finding:
    """What can be seen of a token: how long it is valid, and whom it is for."""
    claims = _claims(token)
    found = f"A token of DefaultAzureCredential, in {took_s:.1f} s"
    audience, expires_s = claims.get("aud"), claims.get("exp")
    if isinstance(expires_s, int | float):
        left_s = expires_s - time.time()
        if left_s <= 0:
            return doubtful(
                "credentials",
                f"{found}, has expired.",
                "Sign in again (az login), and check the clock of this machine.",
                took_s=took_s,
            )
        found += f", valid for {left_s / 60:.0f} minutes"
    wanted = scope.removesuffix("/.default")
    if isinstance(audience, str) and audience.startswith("https:") and audience.rstrip("/") != wanted:
        return doubtful(
            "credentials",
            f"{found}.",
            f"It is for {audience}, not for {wanted}: check --scope.",
            took_s=took_s,
        )
    return well("credentials", f"{found}.", took_s=took_s)


def _claims(token: str) -> dict[str, Any]:
    """What a token says of itself, unchecked; nothing if it is not of that form."""
    try:
        _, body, _ = token.split(".")
        claims: object = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else {}
