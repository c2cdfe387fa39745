"""Events without what must not be shown or kept: keys and tokens, and the bytes of sound and pictures.

What was said stays: words, instructions, the arguments and the results of tools.
"""

from __future__ import annotations

import re
from typing import Any, cast

from pipecat_voicelive.simulator.handshake import MASKED

_SECRETS = frozenset(
    {
        "access_token",
        "agent_access_token",
        "api_key",
        "apikey",
        "authorization",
        "client_sdp",
        "client_secret",
        "cookie",
        "credential",
        "password",
        "server_sdp",
        "x_api_key",
    }
)
"""Members whose text is masked, wherever they stand. Session descriptions hold passwords and addresses."""
_SECRET_FOLDERS = frozenset({"headers", "ice_servers"})
"""Members of which every text inside is masked, but for `urls`."""
_MEDIA_BY_TYPE = {
    "input_audio_buffer.append": "audio",
    "input_audio.turn.append": "audio",
    "response.audio.delta": "delta",
    "response.output_audio.delta": "delta",
    "response.video.delta": "delta",
}
_NESTED_MEDIA = frozenset({"audio", "image_url", "url"})
"""Members of the parts of messages that hold base64 or a data URI; other URLs are left alone."""
_URL = re.compile(r"([a-z][a-z\d+.-]*://)([^/?#]*@)?([^?#]*)([?#]?)(.*)", re.IGNORECASE | re.DOTALL)
_MAX_DEPTH = 100


def without_secrets(members: dict[str, Any]) -> dict[str, Any]:
    """A copy of plain members in which keys, tokens and passwords read "***".

    So does what lies more than a hundred members deep: it is not looked into.
    """
    return cast("dict[str, Any]", _masked(members, "", hidden=False, depth=0))


def _masked(value: object, name: str, *, hidden: bool, depth: int) -> object:
    if depth > _MAX_DEPTH:
        return MASKED
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {
            inner: _masked_member(inner, held, name, hidden=hidden, depth=depth + 1)
            for inner, held in members.items()
        }
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_masked(inner, name, hidden=hidden, depth=depth + 1) for inner in items]
    if not isinstance(value, str) or not value:
        return value
    return MASKED if hidden else _masked_url(value) if name.endswith("url") else value


def _masked_member(name: str, value: object, folder: str, *, hidden: bool, depth: int) -> object:
    plain = name.lower().replace("-", "_")
    # A schema has the names of secrets in its properties, but none of them.
    is_secret = plain in _SECRETS and (folder != "properties" or isinstance(value, str))
    hidden = (hidden or is_secret or plain in _SECRET_FOLDERS) and plain != "urls"
    return _masked(value, plain, hidden=hidden, depth=depth)


def _masked_url(url: str) -> str:
    """A URL without what stands before the host and after the path: both may hold a key."""
    found = _URL.fullmatch(url)
    if found is None:
        return url
    scheme, user, place, mark, rest = found.groups(default="")
    return f"{scheme}{f'{MASKED}@' if user else ''}{place}{mark}{MASKED if rest else ''}"


def without_media(members: dict[str, Any], *, instead: str = "") -> tuple[dict[str, Any], dict[str, int]]:
    """An event's plain members without the base64 of sound and pictures, and how many bytes each was.

    The sizes are by path, e.g. {"delta": 4800} or {"item.content.0.audio": 9600}.

    Args:
        members: The plain members, without secrets.
        instead: What stands in the place of each, with "{}" for its size.
    """
    removed: dict[str, int] = {}
    top = _MEDIA_BY_TYPE.get(str(members.get("type")))
    emptied: dict[str, Any] = {}
    for name, value in members.items():
        if name == top and isinstance(value, str):
            removed[name] = base64_size_bytes(value)
            emptied[name] = instead.format(removed[name])
        else:
            emptied[name] = _emptied(value, name, removed, instead)
    return emptied, removed


def _emptied(value: object, path: str, removed: dict[str, int], instead: str) -> object:
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_emptied(inner, f"{path}.{place}", removed, instead) for place, inner in enumerate(items)]
    if not isinstance(value, dict):
        return value
    emptied: dict[str, object] = {}
    for name, inner in cast("dict[str, object]", value).items():
        here = f"{path}.{name}"
        if name in _NESTED_MEDIA and isinstance(inner, str) and (name == "audio" or inner[:5] == "data:"):
            if inner:
                removed[here] = base64_size_bytes(inner.partition(",")[2] if inner[:5] == "data:" else inner)
            emptied[name] = instead.format(removed[here]) if inner else ""
        else:
            emptied[name] = _emptied(inner, here, removed, instead)
    return emptied


def base64_size_bytes(text: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(text) * 3 // 4 - text[-2:].count("=")


def shown(members: dict[str, Any]) -> dict[str, Any]:
    """An event's plain members for people: secrets masked, of sound and pictures only the sizes."""
    emptied, _ = without_media(without_secrets(members), instead="({} bytes)")
    frames = emptied.get("frames")
    if isinstance(frames, list):
        emptied["frames"] = f"({len(cast('list[object]', frames))} frames)"
    elif isinstance(frames, str):
        emptied["frames"] = f"({base64_size_bytes(frames)} bytes)"
    return emptied
