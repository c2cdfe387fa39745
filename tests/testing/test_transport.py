import asyncio
import wave

import numpy as np
import pytest
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame, TTSAudioRawFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.transports.base_output import BaseOutputTransport

from examples.demo_fakes import Script, call, tone
from pipecat_voicelive.testing.calls.recording import CallRecording
from pipecat_voicelive.testing.calls.transport import CallEndedError, LocalCallTransport, Speech

LOUD = 3000


def spans_s(samples: np.ndarray, rate_hz: int) -> list[tuple[float, float]]:
    """Where the track is loud, gaps of less than 50 ms closed."""
    loud = np.flatnonzero(np.abs(samples.astype(int)) > LOUD)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > 0.05 * rate_hz)
    begins, ends = loud[np.r_[0, breaks + 1]], loud[np.r_[breaks, len(loud) - 1]]
    return [(b / rate_hz, e / rate_hz) for b, e in zip(begins, ends, strict=True)]


async def until(transport: LocalCallTransport, at_s: float) -> None:
    """Let the call run: time on the call's clock is what these tests are about."""
    await asyncio.sleep(at_s - transport.clock.now_s())


class Arrivals(BaseObserver):
    """Times of the caller's frames as the bot gets them."""

    def __init__(self, transport: LocalCallTransport) -> None:
        super().__init__(observe_every_push=False)
        self.transport = transport
        self.times_s: list[float] = []
        self.sizes: set[int] = set()

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, InputAudioRawFrame):
            self.times_s.append(self.transport.clock.now_s())
            self.sizes.add(len(data.frame.audio))


async def test_the_caller_streams_20_ms_frames_without_drift() -> None:
    transport = LocalCallTransport()
    arrivals = Arrivals(transport)

    async def script(_worker) -> None:
        await until(transport, 3.0)

    await call(transport, Script(), script, [arrivals])
    assert arrivals.sizes == {640}
    in_three_seconds = [t for t in arrivals.times_s if t < 3.01]
    assert 148 <= len(in_three_seconds) <= 150
    # A drifting sender would be late by more and more: the last frames are as punctual as the first.
    lateness_s = [t - (n + 1) * 0.02 for n, t in enumerate(in_three_seconds)]
    assert np.median(lateness_s[-25:]) < 0.01
    assert min(lateness_s) > -0.002


async def test_both_sides_are_recorded_when_they_were_heard() -> None:
    transport = LocalCallTransport()
    bot = Script()
    pushed_s: list[float] = []
    said: list[Speech] = []

    async def script(_worker) -> None:
        said.append(await transport.caller.say(tone(0.3, 16000), "hello"))
        pushed_s.append(transport.clock.now_s())
        await bot.speak(0.4)

    await call(transport, bot, script)
    [caller] = spans_s(transport.recording.caller.samples(2.0), 24000)
    [heard] = spans_s(transport.recording.bot.samples(2.0), 24000)
    assert caller == pytest.approx((said[0].start_s, said[0].end_s), abs=0.005)
    assert said[0].end_s - said[0].start_s == pytest.approx(0.3)
    assert said[0].end_s == pytest.approx(pushed_s[0], abs=0.04)
    assert 0 <= heard[0] - pushed_s[0] < 0.04
    assert heard[1] - heard[0] == pytest.approx(0.4, abs=0.02)


async def test_an_interruption_silences_what_was_not_yet_heard() -> None:
    transport = LocalCallTransport()
    bot = Script()
    interrupted_s: list[float] = []

    async def script(_worker) -> None:
        await bot.speak(2.0)
        await until(transport, 0.2)
        interrupted_s.append(transport.clock.now_s())
        await bot.broadcast_interruption()
        await until(transport, 0.4)
        await bot.speak(0.2)

    await call(transport, bot, script)
    first, second = spans_s(transport.recording.bot.samples(2.0), 24000)
    assert 0 <= first[1] - interrupted_s[0] < 0.06  # the chunk being played, 40 ms, and no more
    assert second[0] == pytest.approx(0.4, abs=0.04)


async def test_audio_taken_ahead_of_the_ear_is_not_heard_after_an_interruption() -> None:
    transport = LocalCallTransport()
    bot = Script()
    taken: list[bool] = []

    async def script(_worker) -> None:
        speaker = transport.output()
        taken.append(await speaker.write_audio_frame(OutputAudioRawFrame(tone(0.1, 24000), 24000, 1)))
        ahead = asyncio.create_task(
            speaker.write_audio_frame(OutputAudioRawFrame(tone(0.1, 24000), 24000, 1))
        )
        await asyncio.sleep(0)
        await bot.broadcast_interruption()
        taken.append(await ahead)

    await call(transport, bot, script)
    assert taken == [True, False]
    [(start_s, end_s)] = spans_s(transport.recording.bot.samples(1.0), 24000)
    assert end_s - start_s == pytest.approx(0.1, abs=0.005)


class Played(BaseObserver):
    """Counts the bot's audio that left the output transport."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_bytes = 0

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.source, BaseOutputTransport) and isinstance(data.frame, TTSAudioRawFrame):
            self.audio_bytes += len(data.frame.audio)


async def test_audio_leaves_the_transport_exactly_when_it_is_recorded() -> None:
    transport = LocalCallTransport()
    bot = Script()
    played = Played()

    async def script(_worker) -> None:
        await bot.speak(1.0)
        await until(transport, 0.3)
        await bot.broadcast_interruption()

    await call(transport, bot, script, [played])
    recorded = transport.recording.bot.samples(2.0)
    assert played.audio_bytes / 2 == pytest.approx(np.count_nonzero(recorded), rel=0.01)


async def test_the_bot_plays_without_gaps() -> None:
    transport = LocalCallTransport()
    bot = Script()

    async def script(_worker) -> None:
        await bot.speak(0.6)

    await call(transport, bot, script)
    heard = transport.recording.bot.samples(2.0)
    [(start_s, end_s)] = spans_s(heard, 24000)
    assert end_s - start_s == pytest.approx(0.6, abs=0.02)


async def test_a_caller_who_is_stopped_falls_silent() -> None:
    transport = LocalCallTransport()
    stopped: list[Speech] = []
    transport.caller.add_event_handler("on_caller_stopped", lambda _caller, speech: stopped.append(speech))

    async def script(_worker) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(transport.caller.say(tone(5.0, 16000)), 0.2)
        await until(transport, 0.4)

    await call(transport, Script(), script)
    [(_, end_s)] = spans_s(transport.recording.caller.samples(2.0), 24000)
    assert end_s < 0.26
    assert stopped[0].end_s == pytest.approx(end_s, abs=0.01)


async def test_speaking_into_a_call_that_ends_is_an_error() -> None:
    transport = LocalCallTransport()
    saying: list[asyncio.Task[Speech]] = []

    async def script(_worker) -> None:
        saying.append(asyncio.create_task(transport.caller.say(tone(5.0, 16000))))
        await asyncio.sleep(0)

    await call(transport, Script(), script)
    with pytest.raises(CallEndedError):
        await saying[0]
    with pytest.raises(CallEndedError):
        await transport.caller.say(b"")


def test_the_wav_has_the_caller_left_and_the_bot_right(tmp_path) -> None:
    recording = CallRecording(caller_rate_hz=16000, bot_rate_hz=8000)
    recording.caller.add(0.5, tone(0.25, 16000))
    recording.bot.add(1.0, tone(0.25, 8000))
    recording.write_wav(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav"), "rb") as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (2, 24000, 2)
        stereo = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).reshape(-1, 2)
    assert spans_s(stereo[:, 0], 24000) == [pytest.approx((0.5, 0.75), abs=0.002)]
    assert spans_s(stereo[:, 1], 24000) == [pytest.approx((1.0, 1.25), abs=0.002)]
