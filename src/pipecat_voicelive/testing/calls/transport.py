"""A phone call without a phone: a Pipecat transport whose caller is a program and whose loudspeaker records.

The caller's side streams 20 ms of audio every 20 ms for as long as the call lasts, silence included, as a
microphone does. The bot's side takes audio as fast as a sound card would play it. Both note what was heard on
one clock, so a recording lines up to a few milliseconds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from pipecat_voicelive.testing.calls.recording import CallClock, CallRecording, Track

FRAME_S = 0.02
"""How much audio the caller's side sends at a time."""

SPEAKER_LEAD_S = 0.02
"""How far ahead of the ear the loudspeaker takes audio: how late a wake-up may be without a gap."""

_STEPS_FROM_QUEUE_TO_SPEAKER = 10
"""Turns of the event loop, amply, that Pipecat's output takes from its queue to `write_audio_frame`."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Something the caller said, in seconds on the call's clock.

    Attributes:
        text: What was said, as given to `say`.
        start_s: When its first sample was sent.
        end_s: When its last sample was sent; the future end while it is still being said.
    """

    text: str
    start_s: float
    end_s: float


class CallListener(Protocol):
    """Is told what happens on a transport, as it happens; it must not block or raise."""

    def played(self, in_s: float, duration_s: float) -> None:
        """Audio of the bot will be heard `in_s` seconds from now, for `duration_s`."""

    def passed(self, frame: Frame) -> None:
        """A frame has come to the end of the bot: left its output, or come back to its input."""


class CallEndedError(Exception):
    """The call ended before the caller had said it all."""


class _Pending:
    def __init__(self, text: str, pcm: bytes) -> None:
        self.text = text
        self.pcm = pcm
        self.sent_bytes = 0
        self.begun: Speech | None = None
        self.said: asyncio.Future[Speech] = asyncio.get_running_loop().create_future()


class CallerInput(BaseInputTransport):
    """The caller's side: a microphone that a script speaks into.

    Events, each with a `Speech` and called before the next frame is sent: `on_caller_started` and
    `on_caller_stopped`.
    """

    def __init__(
        self,
        params: TransportParams,
        clock: CallClock,
        track: Track,
        listener: CallListener | None,
        *,
        frame_s: float = FRAME_S,
    ) -> None:
        super().__init__(params)
        self._clock = clock
        self._track = track
        self._listener = listener
        self._frame_s = frame_s
        self._waiting: deque[_Pending] = deque()  # bounded by the script, which awaits what it says
        self._task: asyncio.Task[None] | None = None
        self.started = asyncio.Event()
        self.ended = asyncio.Event()
        self._register_event_handler("on_caller_started", sync=True)
        self._register_event_handler("on_caller_stopped", sync=True)

    async def say(self, pcm: bytes, text: str = "") -> Speech:
        """Speak `pcm` (int16 mono at the input rate) as soon as what was said before is over.

        Returns when the last sample is sent. Cancelling it falls silent at once.

        Raises:
            CallEndedError: The call ended before.
        """
        if self.ended.is_set():
            raise CallEndedError("the call has ended")
        pending = _Pending(text, pcm)
        self._waiting.append(pending)
        return await pending.said

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take a frame; what comes back from the bot is told."""
        await super().process_frame(frame, direction)
        if self._listener is not None and direction is FrameDirection.UPSTREAM:
            self._listener.passed(frame)

    async def start(self, frame: StartFrame) -> None:
        """Begin to stream."""
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._clock.start()
        self._task = self.create_task(self._stream())
        self.started.set()

    async def stop(self, frame: EndFrame) -> None:
        """Hang up."""
        await self._hang_up()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """Hang up."""
        await self._hang_up()
        await super().cancel(frame)

    async def cleanup(self) -> None:
        """Hang up, if that has not been done."""
        await self._hang_up()
        await super().cleanup()

    async def _hang_up(self) -> None:
        self.ended.set()
        if self._task is not None:
            await self.cancel_task(self._task)
            self._task = None
        while self._waiting:
            pending = self._waiting.popleft()
            if not pending.said.done():
                pending.said.set_exception(CallEndedError("the call ended while the caller was speaking"))

    async def _stream(self) -> None:
        """Send a frame whenever its time has passed, by the clock: a late one is followed by one in time."""
        frame_bytes = 2 * int(self.sample_rate * self._frame_s)
        sent = 0
        while True:
            start_s = sent * self._frame_s
            pcm = await self._next_audio(frame_bytes, start_s)
            await asyncio.sleep(start_s + self._frame_s - self._clock.now_s())
            await self.push_audio_frame(InputAudioRawFrame(pcm, self.sample_rate, 1))
            self._track.add(start_s, pcm)
            sent += 1

    async def _next_audio(self, size_bytes: int, start_s: float) -> bytes:
        while self._waiting:
            pending = self._waiting[0]
            if pending.said.done():  # whoever said it was cancelled
                self._waiting.popleft()
                if pending.begun is not None:
                    await self._call_event_handler("on_caller_stopped", replace(pending.begun, end_s=start_s))
                continue
            if pending.begun is None:
                end_s = start_s + len(pending.pcm) / 2 / self.sample_rate
                pending.begun = Speech(pending.text, start_s, end_s)
                await self._call_event_handler("on_caller_started", pending.begun)
            pcm = pending.pcm[pending.sent_bytes : pending.sent_bytes + size_bytes]
            if pcm:
                pending.sent_bytes += len(pcm)
                return pcm.ljust(size_bytes, b"\0")
            self._waiting.popleft()
            await self._call_event_handler("on_caller_stopped", pending.begun)
            if not pending.said.done():
                pending.said.set_result(pending.begun)
        return bytes(size_bytes)


class SpeakerOutput(BaseOutputTransport):
    """The bot's side: a loudspeaker that plays in real time and keeps what was heard."""

    def __init__(
        self, params: TransportParams, clock: CallClock, track: Track, listener: CallListener | None
    ) -> None:
        super().__init__(params)
        self._clock = clock
        self._track = track
        self._listener = listener
        self._busy_until_s = 0.0
        self._interruptions = 0
        self._undisturbed = asyncio.Event()
        self._undisturbed.set()

    async def start(self, frame: StartFrame) -> None:
        """Begin to play."""
        await super().start(frame)
        self._clock.start()
        await self.set_transport_ready(frame)

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Pass a frame on; what leaves the bot is told."""
        if self._listener is not None and direction is FrameDirection.DOWNSTREAM:
            self._listener.passed(frame)
        await super().push_frame(frame, direction)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take a frame; an interruption reaches all audio that is not heard yet."""
        if not isinstance(frame, InterruptionFrame):
            await super().process_frame(frame, direction)
            return
        # A chunk that has left the queue but not yet come to `write_audio_frame` would survive the
        # interruption and make the bot speak again. So it is let through to there, and is held there.
        self._undisturbed.clear()
        try:
            for _ in range(_STEPS_FROM_QUEUE_TO_SPEAKER):
                await asyncio.sleep(0)
            await super().process_frame(frame, direction)
        finally:
            self._interruptions += 1
            self._undisturbed.set()

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Play int16 mono audio; returns `SPEAKER_LEAD_S` before its last sample is heard.

        False if an interruption came before its first sample: then none of it is heard.
        """
        interruptions = self._interruptions
        start_s = max(self._clock.now_s(), self._busy_until_s)
        await asyncio.sleep(start_s - self._clock.now_s())
        await self._undisturbed.wait()
        if frame.interruptible and interruptions != self._interruptions:
            return False
        self._track.add(start_s, frame.audio)
        duration_s = len(frame.audio) / 2 / self.sample_rate
        self._busy_until_s = start_s + duration_s
        if self._listener is not None:
            self._listener.played(start_s - self._clock.now_s(), duration_s)
        await asyncio.sleep(self._busy_until_s - SPEAKER_LEAD_S - self._clock.now_s())
        await self._undisturbed.wait()
        return True


class LocalCallTransport(BaseTransport):
    """A call between a program and a bot, in real time, recorded as heard.

    Args:
        input_rate_hz: Rate of the audio that the caller speaks.
        output_rate_hz: Rate at which the bot is played.
        listener: Is told what is played and which frames come out.
        frame_s: Seconds of audio that the caller's side sends at a time. Longer ones cost less, where many
            calls run at once.
        chunk_ms: Milliseconds of audio that the bot's side plays at a time, in whole tens.

    Event handlers: `on_client_connected` and `on_client_disconnected`, each with the transport and a name,
    when somebody calls `connected` and `disconnected`.

    Attributes:
        clock: Seconds since the call began.
        caller: The input transport, for a script to speak into.
        recording: What both sides heard so far.
    """

    def __init__(
        self,
        *,
        input_rate_hz: int = 16000,
        output_rate_hz: int = 24000,
        listener: CallListener | None = None,
        frame_s: float = FRAME_S,
        chunk_ms: int = 40,
    ) -> None:
        super().__init__()
        params = TransportParams(
            audio_in_enabled=True,
            audio_in_sample_rate=input_rate_hz,
            audio_out_enabled=True,
            audio_out_sample_rate=output_rate_hz,
            audio_out_10ms_chunks=chunk_ms // 10,
            audio_out_end_silence_secs=0,
        )
        self.clock = CallClock()
        self.recording = CallRecording(caller_rate_hz=input_rate_hz, bot_rate_hz=output_rate_hz)
        self.caller = CallerInput(params, self.clock, self.recording.caller, listener, frame_s=frame_s)
        self._speaker = SpeakerOutput(params, self.clock, self.recording.bot, listener)
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")

    def input(self) -> CallerInput:
        """The caller's side."""
        return self.caller

    def output(self) -> SpeakerOutput:
        """The bot's side."""
        return self._speaker

    async def connected(self) -> None:
        """Tell the bot that its caller is there."""
        await self._call_event_handler("on_client_connected", "caller")

    async def disconnected(self) -> None:
        """Tell the bot that its caller has gone."""
        await self._call_event_handler("on_client_disconnected", "caller")
