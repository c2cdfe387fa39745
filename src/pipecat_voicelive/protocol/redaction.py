"""Events without what must not be shown or kept: keys and tokens, and the bytes of sound and pictures.

What was said stays: words, instructions, the arguments and the results of tools.
"""

from __future__ import annotations

import re
from typing import Any, cast

from pipecat_voicelive.protocol.codec import SERVER_EVENT_TYPES

MASKED = "***"
"""What stands in the place of a secret."""

_SECRET = re.compile(
    r"token$|secret|password|api_?key|access_?key|authorization|credential|cookie|connection_?string|sdp$|^sas$"
)
"""Names of members whose texts are masked, wherever they stand. Session descriptions hold passwords."""
_SECRET_FOLDERS = frozenset({"headers", "ice_servers"})
"""Members of which every text inside is masked, but for `urls`."""
_MEDIA_DELTAS = frozenset({"response.audio.delta", "response.output_audio.delta", "response.video.delta"})
_BASE64 = re.compile(r"[A-Za-z0-9+/]{100,}={0,2}")
"""What is no word, even of languages without spaces."""
_NESTED_MEDIA = frozenset({"audio", "image_url", "url"})
"""Members of the parts of messages that hold base64 or a data URI; other URLs are left alone."""
_URL = re.compile(r"(?!data:)([a-z][a-z\d+.-]*://)?([^/?#]*@)?([^?#]*)([?#]?)(.*)", re.IGNORECASE | re.DOTALL)
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
    # A schema has the names of secrets among its properties, and a transcript is made of tokens.
    is_named = folder == "logprobs" or (folder == "properties" and not isinstance(value, str))
    is_secret = not is_named and _SECRET.search(plain) is not None
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
    kind = str(members.get("type"))
    is_media = kind in _MEDIA_DELTAS
    is_known = kind in SERVER_EVENT_TYPES
    emptied: dict[str, Any] = {}
    for name, value in members.items():
        if isinstance(value, str) and (
            name == "audio" or (name == "delta" and (is_media or (not is_known and _BASE64.fullmatch(value))))
        ):
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
