"""What a session may ask of its avatar.

A video avatar is filmed at 1920 x 1080, a photo avatar at 512 x 512. `video.crop` picks a part of that,
in those pixels; `video.resolution` is the size in which the picture, or that part, is sent, and must have its
shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipecat_voicelive.simulator.errors_wire import RefusedError, invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import API_REFERENCE, AVATAR_SAMPLE, HOW_TO

PATH = "session.avatar"
WHITE = (255, 255, 255)
_MOST_PIXELS_A_SIDE = 3840
_SAME_SHAPE = 0.02
"""Ratios of width to height that differ by this much or less are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AvatarOptions:
    """An avatar as it was asked for.

    Attributes:
        character: Who it is.
        photo: Whether it is a photo avatar.
        over_websocket: Whether its video travels in `response.video.delta`; else over WebRTC.
        filmed: Width and height of the picture that is cropped.
        crop: Left, top, right and bottom of what is shown of it.
        size: Width and height of the picture that is sent, even.
        background: Red, green and blue of what is behind it.
        background_url: The image that was asked for in its place; nobody fetches it.
        bitrate: Bits a second, about.
        gop_size: Frames from one key frame to the next.
        zoom: How much larger than usual the face is.
        position: How far it is moved right and down, 1 being half the picture.
        roll_rad: How far it is turned to the side, clockwise.
        amplitude: How much it moves, up to 1.
    """

    character: str
    photo: bool
    over_websocket: bool
    filmed: tuple[int, int]
    crop: tuple[int, int, int, int]
    size: tuple[int, int]
    background: tuple[int, int, int]
    background_url: str | None
    bitrate: int
    gop_size: int
    zoom: float
    position: tuple[float, float]
    roll_rad: float
    amplitude: float


@rule(
    "avatar-ice-servers",
    "A client that brings no ICE servers is given some in `session.updated`, for WebRTC.",
    HOW_TO.at("avatar"),
    AVATAR_SAMPLE.at("ice_servers"),
    topic=Topic.AVATARS,
)
def reported_avatar(avatar: Mapping[str, Any], ice_servers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The avatar as `session.updated` has it: with defaults, and ICE servers if WebRTC needs them."""
    reported = {"type": "video-avatar", "customized": False, "output_protocol": "webrtc", **avatar}
    if reported["output_protocol"] != "websocket" and not reported.get("ice_servers"):
        reported["ice_servers"] = [dict(server) for server in ice_servers]
    return reported


@rule(
    "avatar-sizes",
    "A resolution of another shape than the avatar's video, or a crop outside of it, is refused with "
    "`invalid_argument`; a photo avatar needs its `model`.",
    AVATAR_SAMPLE.at("troubleshooting"),
    API_REFERENCE.at("AvatarConfig"),
    topic=Topic.AVATARS,
)
def avatar_options(avatar: Mapping[str, Any]) -> AvatarOptions:
    """Read the avatar of a session whose members have the right types.

    Raises:
        RefusedError: They do not go together.
    """
    photo = avatar.get("type") == "photo-avatar"
    if photo and avatar.get("model") is None:
        raise RefusedError(
            "missing_required_parameter", f"Missing required parameter: '{PATH}.model'.", f"{PATH}.model"
        )
    video: Mapping[str, Any] = avatar.get("video") or {}
    scene: Mapping[str, Any] = (avatar.get("scene") or {}) if photo else {}
    filmed = (512, 512) if photo else (1920, 1080)
    crop = _crop(video.get("crop"), filmed)
    background: Mapping[str, Any] = video.get("background") or {}
    return AvatarOptions(
        character=str(avatar["character"]),
        photo=photo,
        over_websocket=avatar.get("output_protocol") == "websocket",
        filmed=filmed,
        crop=crop,
        size=_size(video.get("resolution"), crop),
        background=_color(background),
        background_url=background.get("image_url"),
        bitrate=video.get("bitrate") or 2_000_000,
        gop_size=_within(video, "gop_size", 10, low=1, high=2000, path=f"{PATH}.video"),
        zoom=_above_zero(scene, "zoom"),
        position=(_or(scene.get("position_x"), 0.0), _or(scene.get("position_y"), 0.0)),
        roll_rad=_or(scene.get("rotation_z"), 0.0),
        amplitude=_above_zero(scene, "amplitude"),
    )


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _within(members: Mapping[str, Any], name: str, default: int, *, low: int, high: int, path: str) -> int:
    value = _or(members.get(name), default)
    if not low <= value <= high:
        raise invalid_value(f"Invalid value for '{path}.{name}': must be {low} to {high}.", f"{path}.{name}")
    return value


def _above_zero(scene: Mapping[str, Any], name: str) -> float:
    value = _or(scene.get(name), 1.0)
    if value <= 0:
        path = f"{PATH}.scene.{name}"
        raise invalid_value(f"Invalid value for '{path}': must be greater than 0.", path)
    return value


def _crop(crop: Mapping[str, Any] | None, filmed: tuple[int, int]) -> tuple[int, int, int, int]:
    if crop is None:
        return (0, 0, *filmed)
    corners = [*crop["top_left"], *crop["bottom_right"]]
    path = f"{PATH}.video.crop"
    if len(crop["top_left"]) != 2 or len(crop["bottom_right"]) != 2:
        raise invalid_value(f"Invalid value for '{path}': each corner must be two numbers.", path)
    left, top, right, bottom = corners
    if not (left < right <= filmed[0] and top < bottom <= filmed[1]):
        raise RefusedError(
            "invalid_argument",
            f"The crop must lie within the {filmed[0]} x {filmed[1]} pixels of the avatar.",
            path,
        )
    return left, top, right, bottom


def _size(resolution: Mapping[str, Any] | None, crop: tuple[int, int, int, int]) -> tuple[int, int]:
    left, top, right, bottom = crop
    width, height = right - left, bottom - top
    if resolution is not None:
        asked = resolution["width"], resolution["height"]
        path = f"{PATH}.video.resolution"
        if not all(2 <= pixels <= _MOST_PIXELS_A_SIDE for pixels in asked):
            raise RefusedError(
                "invalid_argument", f"The resolution must be 2 to {_MOST_PIXELS_A_SIDE} a side.", path
            )
        if abs(asked[0] * height / (asked[1] * width) - 1) > _SAME_SHAPE:
            raise RefusedError(
                "invalid_argument",
                f"The resolution {asked[0]} x {asked[1]} has not the aspect ratio of the avatar's video, "
                f"{width} x {height}.",
                path,
            )
        width, height = asked
    # H.264 knows even sizes only.
    return max(width // 2 * 2, 2), max(height // 2 * 2, 2)


def _color(background: Mapping[str, Any]) -> tuple[int, int, int]:
    """The colour of a background; how transparent it is makes no difference to H.264."""
    color, path = background.get("color"), f"{PATH}.video.background"
    if color is None:
        return WHITE
    if background.get("image_url") is not None:
        raise invalid_value(f"Invalid value for '{path}': 'color' or 'image_url', not both.", path)
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?", color):
        raise invalid_value(f"Invalid value for '{path}.color': must be '#RRGGBBAA'.", f"{path}.color")
    red, green, blue = bytes.fromhex(color[1:7])
    return red, green, blue
