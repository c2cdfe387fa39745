import asyncio
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from demo_fakes import Script, call, tone

from demo.caller import (
    NOT_YET,
    AfterBot,
    AtStart,
    Bot,
    BotSilent,
    BotSpeaking,
    CallerGaveUpError,
    Interrupting,
    Line,
    ScriptedCaller,
    When,
    moment_s,
    read_speech,
)
from pipecat_voicelive.testing.calls.transport import LocalCallTransport, Speech

ASKED = Speech("", 4.0, 6.0)


@pytest.mark.parametrize(
    ("when", "bot", "previous", "due_s"),
    [
        pytest.param(AtStart(1.5), NOT_YET, None, 1.5, id="the start needs no bot"),
        pytest.param(AfterBot(0.5), NOT_YET, None, None, id="a bot that has not spoken is waited for"),
        pytest.param(AfterBot(0.5), BotSpeaking(7.0), ASKED, None, id="a bot that speaks is let finish"),
        pytest.param(AfterBot(0.5), BotSilent(7.0, 9.0), ASKED, 9.5, id="after the answer and a pause"),
        pytest.param(AfterBot(0.5), BotSilent(1.0, 3.0), ASKED, None, id="an older answer does not count"),
        pytest.param(
            AfterBot(0.5), BotSilent(3.0, 4.5), ASKED, None, id="speech that was interrupted is no answer"
        ),
        pytest.param(AfterBot(0.5), BotSilent(5.0, 5.5), ASKED, None, id="nor is speech within the question"),
        pytest.param(AfterBot(0.5), BotSilent(5.9, 8.0), ASKED, 8.5, id="an answer may begin a bit early"),
        pytest.param(Interrupting(2.0), BotSpeaking(7.0), ASKED, 9.0, id="in the middle of an answer"),
        pytest.param(Interrupting(2.0), BotSilent(7.0, 8.0), ASKED, None, id="silence cannot be interrupted"),
        pytest.param(Interrupting(2.0), BotSpeaking(0.0), None, 2.0, id="a greeting can be interrupted"),
    ],
)
def test_the_moment_of_a_line(when: When, bot: Bot, previous: Speech | None, due_s: float | None) -> None:
    assert moment_s(when, bot, previous) == due_s


async def run_script(
    lines: Sequence[Line], answers_s: Sequence[float], patience_s: float = 3.0
) -> ScriptedCaller:
    """A call in which the bot answers each line at once with so many seconds of tone, 0 being no answer."""
    transport = LocalCallTransport()
    bot = Script()
    caller = ScriptedCaller(transport, lines, patience_s=patience_s)
    answers = iter(answers_s)

    async def answer(_caller, _speech: Speech) -> None:
        if duration_s := next(answers, 0.0):
            await bot.speak(duration_s)

    async def interrupt(_caller, _speech: Speech) -> None:
        await bot.broadcast_interruption()

    transport.caller.add_event_handler("on_caller_started", interrupt)
    transport.caller.add_event_handler("on_caller_stopped", answer)

    async def script(_worker) -> None:
        await caller.run()

    await call(transport, bot, script, [caller])
    return caller


async def test_lines_come_at_their_moments() -> None:
    pcm = tone(0.1, 16000)
    lines = [
        Line("hello", pcm, AtStart(0.1)),
        Line("go on", pcm, AfterBot(0.2)),
        Line("stop", pcm, Interrupting(0.3)),
        Line("thanks", pcm, AfterBot(0.1)),
    ]
    caller = await run_script(lines, [0.2, 5.0, 0.2])
    hello, go_on, stop, thanks = caller.said
    assert [speech.text for speech in caller.said] == ["hello", "go on", "stop", "thanks"]
    assert hello.start_s == pytest.approx(0.1, abs=0.04)
    assert go_on.start_s == pytest.approx(hello.end_s + 0.2 + 0.2, abs=0.15)
    assert stop.start_s == pytest.approx(go_on.end_s + 0.3, abs=0.15)
    assert thanks.start_s == pytest.approx(stop.end_s + 0.2 + 0.1, abs=0.15)
    assert caller.done.is_set()


async def test_a_bot_that_never_answers_is_given_up() -> None:
    pcm = tone(0.1, 16000)
    lines = [Line("hello", pcm, AtStart()), Line("anyone?", pcm, AfterBot())]
    with pytest.raises(CallerGaveUpError, match=r"line 2 of 2 \('anyone\?'.*the bot has never spoken"):
        await run_script(lines, [], patience_s=0.2)


async def test_a_call_that_ends_too_early_is_reported() -> None:
    transport = LocalCallTransport()
    caller = ScriptedCaller(transport, [Line("hello", tone(0.1, 16000), AfterBot())])
    outcome: list[asyncio.Task[None]] = []

    async def script(_worker) -> None:
        outcome.append(asyncio.create_task(caller.run()))
        await asyncio.sleep(0)

    await call(transport, Script(), script, [caller])
    with pytest.raises(CallerGaveUpError, match="the call ended before"):
        await asyncio.wait_for(outcome[0], 2)
    assert caller.done.is_set()


def write_wav(path: Path, samples: np.ndarray, rate_hz: int, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate_hz)
        wav.writeframes(samples.astype(np.int16).tobytes())
    return path


def test_speech_is_read_at_the_wanted_rate_without_silence_around_it(tmp_path: Path) -> None:
    speech = np.frombuffer(tone(0.5, 24000), np.int16)
    silence = np.zeros(12000)
    path = write_wav(tmp_path / "line.wav", np.r_[silence, speech, silence], 24000)
    assert len(read_speech(path, 16000)) / 2 / 16000 == pytest.approx(0.5, abs=0.02)


def test_a_stereo_file_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "stereo.wav", np.ones(100) * 9000, 16000, channels=2)
    with pytest.raises(ValueError, match="16 bit mono"):
        read_speech(path)


def test_a_silent_file_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "silent.wav", np.zeros(1000), 16000)
    with pytest.raises(ValueError, match="nothing can be heard"):
        read_speech(path)
