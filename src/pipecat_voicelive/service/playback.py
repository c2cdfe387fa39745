"""How far the caller has heard the bot, watched where the audio leaves the pipeline.

Audio arrives faster than it is played, so the time since it arrived says nothing. The output transport
pushes each chunk on when it has been played: an observer counts those, from the mark that travels in front
of each item's audio to the end of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipecat.frames.frames import DataFrame, TTSAudioRawFrame, TTSStoppedFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport

from pipecat_voicelive.session.inputs import Heard


@dataclass
class SpeechMarkFrame(DataFrame):
    """The audio that follows belongs to this item of the conversation."""

    item_id: str


class PlaybackMeter(BaseObserver):
    """Counts what was played of the item that is being spoken."""

    def __init__(self) -> None:
        super().__init__()
        self._item_id: str | None = None
        self._played_ms = 0.0
        self._counting = False

    @property
    def heard(self) -> Heard:
        """The last item of which something was played, and how much. No item: nothing was ever played."""
        return Heard(self._item_id or "", self._played_ms)

    async def on_push_frame(self, data: FramePushed) -> None:
        """See what leaves an output transport."""
        if data.direction is not FrameDirection.DOWNSTREAM or not isinstance(
            data.source, BaseOutputTransport
        ):
            return
        frame = data.frame
        if isinstance(frame, TTSAudioRawFrame):
            if self._counting:
                self._played_ms += frame.num_frames * 1000 / frame.sample_rate
        elif isinstance(frame, SpeechMarkFrame):
            self._item_id, self._played_ms, self._counting = frame.item_id, 0.0, True
        elif isinstance(frame, TTSStoppedFrame):
            self._counting = False
