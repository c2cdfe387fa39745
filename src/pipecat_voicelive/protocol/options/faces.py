"""What is seen of the bot: animation data, and avatars."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipecat_voicelive.protocol.options.base import Option


class Animation(Option):
    """What moves with the speech: `outputs` of "viseme_id" and "blendshapes" (Azure voices)."""

    model_name: str | None = None
    outputs: list[str] | None = None


class IceServer(Option):
    """A STUN or TURN server for the avatar's peer connection."""

    urls: list[str]
    username: str | None = Field(default=None, repr=False)
    credential: str | None = Field(default=None, repr=False)


class VideoCrop(Option):
    """The part of the picture to keep, as two corners `[x, y]` in pixels."""

    top_left: list[int]
    bottom_right: list[int]


class VideoResolution(Option):
    """The size of the picture in pixels. A shape the avatar does not have is refused."""

    width: int
    height: int


class Background(Option):
    """What stands behind the avatar: a color `#RRGGBBAA` or the URL of an image, not both."""

    color: str | None = None
    image_url: str | None = Field(default=None, repr=False)


class VideoParams(Option):
    """The avatar's video.

    Attributes:
        bitrate: Bits per second, 2000000 without.
        codec: "h264", the only one.
        gop_size: Frames from key frame to key frame, 1 to 2000, 10 without.
    """

    bitrate: int | None = None
    codec: str | None = None
    crop: VideoCrop | None = None
    resolution: VideoResolution | None = None
    background: Background | None = None
    gop_size: int | None = None


class Scene(Option):
    """How a photo avatar stands in the picture; may change while the session runs.

    Attributes:
        zoom: Greater than 0; 1 is as it is.
        position_x, position_y: -1 to 1, in widths and heights of the picture.
        rotation_x, rotation_y, rotation_z: -pi to pi, in radians.
        amplitude: Greater than 0, at most 1: how much it moves.
    """

    zoom: float | None = None
    position_x: float | None = None
    position_y: float | None = None
    rotation_x: float | None = None
    rotation_y: float | None = None
    rotation_z: float | None = None
    amplitude: float | None = None


class AvatarConfig(Option):
    """An avatar that speaks the answers.

    Attributes:
        type: "video-avatar" (the default) or "photo-avatar".
        character: E.g. "lisa".
        style: E.g. "casual-sitting", video avatars only.
        model: "vasa-1", photo avatars only.
        customized: Whether `character` names a custom avatar.
        ice_servers: Your own; the service names some without.
        video: Bitrate, size, crop and background.
        scene: Place of a photo avatar in the picture.
        output_protocol: "webrtc" (the default) or "websocket".
        output_audit_audio: Whether audio comes over the WebSocket too while WebRTC carries it.
    """

    type: Literal["video-avatar", "photo-avatar"] | str | None = None  # noqa: PYI051
    character: str
    style: str | None = None
    model: str | None = None
    customized: bool | None = None
    ice_servers: list[IceServer] | None = None
    video: VideoParams | None = None
    scene: Scene | None = None
    output_protocol: Literal["webrtc", "websocket"] | str | None = None  # noqa: PYI051
    output_audit_audio: bool | None = None
