"""How far the caller has heard the bot, watched where the audio leaves the pipeline.

Audio arrives faster than it is played, so the time since it arrived says nothing. The output transport
pushes each chunk on when it has been played: an observer counts those, from the mark that travels in front
of each item's audio to the end of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipecat.frames.frames import DataFrame, OutputAudioRawFrame, TTSAudioRawFrame, TTSStoppedFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline, PipelineSink
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport

from pipecat_voicelive.service.backlog import BacklogMarkFrame
from pipecat_voicelive.service.echo_reference import EchoReference
from pipecat_voicelive.session.inputs import Heard

_READ_MS = 1e9
"""An item that was read counts as heard to the end, however long."""


@dataclass
class SpeechMarkFrame(DataFrame):
    """The audio that follows belongs to this item of the conversation.

    Attributes:
        item_id: The item.
        meter: Who counts it: a pipeline may hold several services.
        heard_ms: What counts as heard of it already.
    """

    item_id: str
    meter: PlaybackMeter = field(repr=False)
    heard_ms: float = 0.0


class PlaybackMeter(BaseObserver):
    """Counts what was played of the item that one service is speaking.

    Attributes:
        reference: Is given all audio that was played, whoever made it; None if nobody wants it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reference: EchoReference | None = None
        self._item_id = ""
        self._played_ms = 0.0
        self._counting = False
        self._plays = False

    @property
    def heard(self) -> Heard | None:
        """The last item of which something was played, and how much; item "" if nothing ever was.

        None if the pipeline has no output transport, so that nobody knows.
        """
        return Heard(self._item_id, self._played_ms) if self._plays else None

    def mark(self, item_id: str, *, silent: bool = False) -> SpeechMarkFrame:
        """What has to go in front of an item's audio. One that is silent is read instead."""
        return SpeechMarkFrame(item_id, self, _READ_MS if silent else 0.0)

    async def on_push_frame(self, data: FramePushed) -> None:
        """See what leaves an output transport, and what comes to the pipeline's end."""
        if isinstance(data.frame, BacklogMarkFrame):
            if isinstance(data.destination, PipelineSink) and isinstance(data.source, Pipeline):
                data.frame.arrive()
            return
        if data.direction is not FrameDirection.DOWNSTREAM or not isinstance(
            data.source, BaseOutputTransport
        ):
            return
        self._plays = True
        frame = data.frame
        if self.reference is not None and isinstance(frame, OutputAudioRawFrame):
            self.reference.played(frame, data.timestamp / 1e9)
        if isinstance(frame, TTSAudioRawFrame):
            if self._counting:
                self._played_ms += frame.num_frames * 1000 / frame.sample_rate
        elif isinstance(frame, SpeechMarkFrame):
            self._counting = frame.meter is self
            if self._counting:
                self._item_id, self._played_ms = frame.item_id, frame.heard_ms
        elif isinstance(frame, TTSStoppedFrame):
            self._counting = False
