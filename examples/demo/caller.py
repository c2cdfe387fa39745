"""The scripted caller: a list of lines, each said when its moment has come.

It watches the bot speak, so it talks like a person: it waits for the end of an answer, or breaks into it.
It never waits for ever: a bot that does not give the moment is reported as `CallerGaveUpError`.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import numpy as np
import soxr
from pipecat.frames.frames import BotStartedSpeakingFrame, BotStoppedSpeakingFrame, CancelFrame, EndFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection

from pipecat_voicelive.testing.calls.transport import CallEndedError, LocalCallTransport, Speech

PATIENCE_S = 30.0
"""How long the caller waits for the moment of a line."""

_AUDIBLE = 200
"""Samples below this (of 32768) are taken for silence at the ends of a line."""


@dataclass(frozen=True, slots=True)
class AtStart:
    """`delay_s` after the call began."""

    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AfterBot:
    """`pause_s` after the bot finished its answer to the line before."""

    pause_s: float = 0.6


@dataclass(frozen=True, slots=True)
class Interrupting:
    """When the bot has been speaking for `after_s` since it began to answer the line before."""

    after_s: float


When = AtStart | AfterBot | Interrupting


@dataclass(frozen=True, slots=True)
class Line:
    """Something the caller says.

    Attributes:
        text: The words.
        pcm: The speech: int16 mono at the transport's input rate, without silence around it.
        when: Its moment.
    """

    text: str
    pcm: bytes
    when: When


class CallerGaveUpError(Exception):
    """The moment of a line never came; the message says which line and what the caller waited for."""


def read_speech(path: Path, rate_hz: int = 16000) -> bytes:
    """The speech in a 16 bit mono WAV file, at `rate_hz` and without the silence at its ends.

    Raises:
        ValueError: The file is something else, or nothing can be heard in it.
    """
    with wave.open(str(path), "rb") as wav:
        if wav.getsampwidth() != 2 or wav.getnchannels() != 1:
            raise ValueError(f"{path}: give a 16 bit mono WAV file")
        samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
        samples = soxr.resample(samples, wav.getframerate(), rate_hz)
    audible = np.flatnonzero(np.abs(samples.astype(np.int32)) >= _AUDIBLE)
    if not len(audible):
        raise ValueError(f"{path}: nothing can be heard in it")
    return samples[audible[0] : audible[-1] + 1].astype(np.int16, copy=False).tobytes()


@dataclass(frozen=True, slots=True)
class BotSilent:
    """The bot is silent; it last spoke from `began_s` to `ended_s`."""

    began_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class BotSpeaking:
    """The bot has been speaking since `began_s`."""

    began_s: float


Bot = BotSilent | BotSpeaking
NOT_YET = BotSilent(-1.0, -1.0)
"""A bot that has not spoken yet."""


def moment_s(when: When, bot: Bot, previous: Speech | None) -> float | None:
    """When a line is due on the call's clock; None if the bot has to do something first.

    An answer is speech that began after the previous line did and outlasted it: a bot may be quick to answer
    a pause in the middle of a line, and the rest of the line interrupts it.
    """
    asked_s, said_s = (previous.start_s, previous.end_s) if previous else (-0.5, -0.5)
    match when, bot:
        case AtStart(delay_s), _:
            return delay_s
        case AfterBot(pause_s), BotSilent(began_s, ended_s) if began_s > asked_s and ended_s > said_s:
            return ended_s + pause_s
        case Interrupting(after_s), BotSpeaking(began_s) if began_s > asked_s:
            return began_s + after_s
        case ((AfterBot() | Interrupting()), _):
            return None
        case _:
            assert_never(when)


class ScriptedCaller(BaseObserver):
    """Says its lines into a call. Give it to the pipeline worker as an observer, and await `run()`.

    Args:
        transport: The call.
        lines: What to say, in order.
        patience_s: How long to wait for the moment of a line.

    Attributes:
        done: Set when `run` has ended, well or not.
        said: What was said so far, and when.
    """

    def __init__(
        self, transport: LocalCallTransport, lines: Sequence[Line], *, patience_s: float = PATIENCE_S
    ) -> None:
        super().__init__()
        self.done = asyncio.Event()
        self.said: list[Speech] = []
        self._transport = transport
        self._lines = lines
        self._patience_s = patience_s
        self._bot: Bot = NOT_YET
        self._call_over = False
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Say all lines; returns with the last sample of the last one.

        Raises:
            CallerGaveUpError: A line's moment did not come in time, or the call ended before it.
        """
        try:
            for number, line in enumerate(self._lines, 1):
                where = f"line {number} of {len(self._lines)} ({line.text!r}, {line.when})"
                try:
                    async with asyncio.timeout(self._patience_s):
                        await self._transport.caller.started.wait()
                        await self._moment(line.when)
                except TimeoutError:
                    raise CallerGaveUpError(
                        f"{where}: waited {self._patience_s:g} s in vain; {self._bot_history()}"
                    ) from None
                except CallEndedError:
                    raise CallerGaveUpError(
                        f"{where}: the call ended before; {self._bot_history()}"
                    ) from None
                try:
                    self.said.append(await self._transport.caller.say(line.pcm, line.text))
                except CallEndedError:
                    raise CallerGaveUpError(f"{where}: the call ended in the middle of it") from None
        finally:
            self.done.set()

    async def _moment(self, when: When) -> None:
        previous = self.said[-1] if self.said else None
        while not self._call_over:
            self._changed.clear()
            due_s = moment_s(when, self._bot, previous)
            now_s = self._transport.clock.now_s()
            if due_s is not None and due_s <= now_s:
                return
            try:
                async with asyncio.timeout(None if due_s is None else due_s - now_s):
                    await self._changed.wait()
            except TimeoutError:
                pass  # due, unless the bot did something at the last moment
        raise CallEndedError

    def _bot_history(self) -> str:
        match self._bot:
            case BotSpeaking(began_s):
                return f"the bot has been speaking since {began_s:.1f} s"
            case BotSilent() if self._bot == NOT_YET:
                return "the bot has never spoken"
            case BotSilent(began_s, ended_s):
                return f"the bot spoke last from {began_s:.1f} s to {ended_s:.1f} s"
            case _:
                assert_never(self._bot)

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.direction is not FrameDirection.DOWNSTREAM or not data.first_push:
            return
        now_s = self._transport.clock.now_s()
        match data.frame, self._bot:
            case BotStartedSpeakingFrame(), BotSilent():
                self._bot = BotSpeaking(now_s)
            case BotStoppedSpeakingFrame(), BotSpeaking(began_s):
                self._bot = BotSilent(began_s, now_s)
            case EndFrame() | CancelFrame(), _:
                self._call_over = True
            case _:
                return
        self._changed.set()
