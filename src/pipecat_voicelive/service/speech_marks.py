"""Words, visemes and blendshapes as frames, and as messages to the client of the transport.

The messages are RTVI server messages, which every Pipecat client SDK hands to its application. They wait in
the output transport's audio queue behind the frames whose content they repeat: so they are sent when the
audio in front of them was played, and not at all if the bot was interrupted before.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from pipecat.frames.frames import DataFrame, OutputTransportMessageFrame
from pipecat.processors.frameworks.rtvi.models import ServerMessage

from pipecat_voicelive.service.frames import (
    VoiceLiveBlendshapesFrame,
    VoiceLiveVisemeFrame,
    VoiceLiveWordFrame,
)
from pipecat_voicelive.session import effects as fx

SpeechMark: TypeAlias = VoiceLiveWordFrame | VoiceLiveVisemeFrame | VoiceLiveBlendshapesFrame


class SpeechMarks:
    """Makes frames, and messages if they are wanted.

    Args:
        blendshape_rate_hz: Frames of blendshapes a second.
        send: Whether the transport's client is told too.
    """

    def __init__(self, blendshape_rate_hz: float, *, send: bool) -> None:
        self._blendshape_rate_hz = blendshape_rate_hz
        self._send = send

    def frames(self, signal: fx.Word | fx.Viseme | fx.Blendshapes) -> list[DataFrame]:
        """The frames that say this, in order."""
        mark = self._mark(signal)
        return [mark, mark_message(mark)] if self._send else [mark]

    def _mark(self, signal: fx.Word | fx.Viseme | fx.Blendshapes) -> SpeechMark:
        match signal:
            case fx.Word(response_id, item_id, text, offset_ms, duration_ms):
                return VoiceLiveWordFrame(text, offset_ms, duration_ms, response_id, item_id)
            case fx.Viseme(response_id, item_id, viseme_id, offset_ms):
                return VoiceLiveVisemeFrame(viseme_id, offset_ms, response_id, item_id)
            case fx.Blendshapes(response_id, item_id, frames, index, offset_ms):
                return VoiceLiveBlendshapesFrame(
                    frames, index, self._blendshape_rate_hz, offset_ms, response_id, item_id
                )


def mark_message(mark: SpeechMark) -> OutputTransportMessageFrame:
    """The same as a message: {"type": "voicelive-word" or "-viseme" or "-blendshapes", and the members}."""
    data: dict[str, Any] = {"audio_offset_ms": mark.audio_offset_ms}
    match mark:
        case VoiceLiveWordFrame():
            data |= {"type": "voicelive-word", "text": mark.text, "audio_duration_ms": mark.audio_duration_ms}
        case VoiceLiveVisemeFrame():
            data |= {"type": "voicelive-viseme", "viseme_id": mark.viseme_id}
        case VoiceLiveBlendshapesFrame():
            data |= {
                "type": "voicelive-blendshapes",
                "frames": [[round(value, 4) for value in row] for row in mark.frames.tolist()],
                "first_frame_index": mark.first_frame_index,
                "frame_rate_hz": mark.frame_rate_hz,
            }
    data |= {"response_id": mark.response_id, "item_id": mark.item_id}
    return OutputTransportMessageFrame(message=ServerMessage(data=data).model_dump())
