"""What an avatar may look like; sizes that do not go together are `avatar.options`' matter."""

from __future__ import annotations

import math

from pipecat_voicelive.simulator.checks import (
    boolean,
    count,
    filled_text,
    integer,
    list_of,
    number,
    object_of,
    one_of,
    text,
)

avatar = object_of(
    {
        "type": one_of("video-avatar", "photo-avatar"),
        "character": filled_text,
        "style": text,
        "model": one_of("vasa-1"),
        "customized": boolean,
        "ice_servers": list_of(
            object_of({"urls": list_of(text), "username": text, "credential": text}, required=("urls",))
        ),
        "video": object_of(
            {
                "bitrate": count,
                "codec": one_of("h264"),
                "crop": object_of(
                    {"top_left": list_of(count), "bottom_right": list_of(count)},
                    required=("top_left", "bottom_right"),
                ),
                "resolution": object_of({"width": count, "height": count}, required=("width", "height")),
                "background": object_of({"color": text, "image_url": text}),
                "gop_size": integer(1, 2000),
            }
        ),
        "scene": object_of(
            {
                "zoom": number(0, math.inf),
                "position_x": number(-1, 1),
                "position_y": number(-1, 1),
                "rotation_x": number(-math.pi, math.pi),
                "rotation_y": number(-math.pi, math.pi),
                "rotation_z": number(-math.pi, math.pi),
                "amplitude": number(0, 1),
            }
        ),
        "output_protocol": one_of("webrtc", "websocket"),
        "output_audit_audio": boolean,
    },
    required=("character",),
)
