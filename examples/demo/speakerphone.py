"""A telephone on a table: its microphone hears its own loudspeaker."""

from __future__ import annotations

import numpy as np
from pipecat.frames.frames import Frame, InputAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from pipecat_voicelive.testing.calls.transport import LocalCallTransport


class SpeakerPhone(FrameProcessor):
    """Mixes into the caller's audio what the bot's side has played. Stands behind the transport's input.

    Args:
        transport: The call; both its rates must be the same.
        delay_s: How long the sound takes from the loudspeaker to the microphone.
        gain: How much of it arrives.
    """

    def __init__(self, transport: LocalCallTransport, *, delay_s: float = 0.06, gain: float = 0.5) -> None:
        super().__init__()
        self._transport = transport
        self._delay_s = delay_s
        self._gain = gain
        self._heard_until_s: float | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            duration_s = frame.num_frames / frame.sample_rate
            if self._heard_until_s is None:
                self._heard_until_s = self._transport.clock.now_s() - duration_s - self._delay_s
            echo = self._transport.recording.bot.between(self._heard_until_s, frame.num_frames)
            self._heard_until_s += duration_s
            mixed = np.frombuffer(frame.audio, np.int16) + self._gain * echo
            frame.audio = np.clip(mixed, -32768, 32767).astype(np.int16).tobytes()
        await self.push_frame(frame, direction)
