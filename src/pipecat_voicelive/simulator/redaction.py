"""Events without what must not be shown or kept: keys and tokens, and the bytes of sound and pictures.

What was said stays: words, instructions, the arguments and the results of tools.
"""

from __future__ import annotations

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


def without_secrets(members: dict[str, Any]) -> dict[str, Any]:
    """A copy of plain members in which keys, tokens and passwords read "***"."""
    return cast("dict[str, Any]", _masked(members, hidden=False))


def _masked(value: object, *, hidden: bool) -> object:
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {name: _masked_member(name, inner, hidden=hidden) for name, inner in members.items()}
    if isinstance(value, list):
        return [_masked(inner, hidden=hidden) for inner in cast("list[object]", value)]
    return MASKED if hidden and isinstance(value, str) and value else value


def _masked_member(name: str, value: object, *, hidden: bool) -> object:
    plain = name.lower().replace("-", "_")
    if plain == "urls":
        return value
    if plain == "server_url" and isinstance(value, str):
        return _masked_url(value)
    if isinstance(value, str):
        return MASKED if value and (hidden or plain in _SECRETS) else value
    return _masked(value, hidden=hidden or plain in _SECRET_FOLDERS)


def _masked_url(url: str) -> str:
    """A URL without what stands before the host and after the path: both may hold a key."""
    scheme, found, rest = url.partition("://")
    if not found:
        return url
    place, query, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    user, at, address = host.rpartition("@")
    return f"{scheme}://{MASKED if user else ''}{at}{address}{slash}{path}{query}{MASKED if query else ''}"


def without_media(members: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """An event's plain members with "" for base64 of sound and pictures, and how many bytes each was.

    The sizes are by path, e.g. {"delta": 4800} or {"item.content.0.audio": 9600}.
    """
    removed: dict[str, int] = {}
    top = _MEDIA_BY_TYPE.get(str(members.get("type")))
    emptied: dict[str, Any] = {}
    for name, value in members.items():
        if name == top and isinstance(value, str):
            removed[name] = base64_size_bytes(value)
            emptied[name] = ""
        else:
            emptied[name] = _emptied(value, name, removed)
    return emptied, removed


def _emptied(value: object, path: str, removed: dict[str, int]) -> object:
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_emptied(inner, f"{path}.{place}", removed) for place, inner in enumerate(items)]
    if not isinstance(value, dict):
        return value
    emptied: dict[str, object] = {}
    for name, inner in cast("dict[str, object]", value).items():
        here = f"{path}.{name}"
        if name in _NESTED_MEDIA and isinstance(inner, str) and (name == "audio" or inner[:5] == "data:"):
            if inner:
                removed[here] = base64_size_bytes(inner.partition(",")[2] if inner[:5] == "data:" else inner)
            emptied[name] = ""
        else:
            emptied[name] = _emptied(inner, here, removed)
    return emptied


def base64_size_bytes(text: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(text) * 3 // 4 - text[-2:].count("=")


def shown(members: dict[str, Any]) -> dict[str, Any]:
    """An event's plain members for people: secrets masked, of sound and pictures only the sizes."""
    emptied, removed = without_media(without_secrets(members))
    for path, size_bytes in removed.items():
        put(emptied, path, f"({size_bytes} bytes)")
    frames = emptied.get("frames")
    if isinstance(frames, list):
        emptied["frames"] = f"({len(cast('list[object]', frames))} frames)"
    elif isinstance(frames, str):
        emptied["frames"] = f"({base64_size_bytes(frames)} bytes)"
    return emptied


def put(members: dict[str, Any], path: str, value: str) -> None:
    """Set the member at a path such as "item.content.0.audio". Raises LookupError if there is none."""
    *folders, name = path.split(".")
    place: Any = members
    for folder in folders:
        place = place[int(folder) if folder.isdecimal() else folder]
    place[name] = value
