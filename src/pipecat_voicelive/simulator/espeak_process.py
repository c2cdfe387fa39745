"""The parent's side of the espeak-ng process: one object for one life of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from asyncio.subprocess import PIPE, Process
from typing import NamedTuple, Self

from pipecat_voicelive.simulator.espeak_wire import (
    SIZES,
    Failed,
    RawSpeech,
    Ready,
    Reply,
    SpeakRequest,
    decode_reply,
    encode_request,
)
from pipecat_voicelive.simulator.utterance import SpeechError

HELPER_MODULE = "pipecat_voicelive.simulator.espeak_helper"
_START_TIMEOUT_S = 15.0
_CLOSE_TIMEOUT_S = 2.0
_PIPE_BYTES = 1 << 22


class _Pipes(NamedTuple):
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader


class ProcessEndedError(SpeechError):
    """The espeak-ng process ended before it had answered."""


class EspeakProcess:
    """A running espeak-ng process. Any number of texts may be in flight: the caller sets the bound.

    Attributes:
        ready: The voices it has.
        pid: Its process id.
    """

    def __init__(self, process: Process, pipes: _Pipes, ready: Ready) -> None:
        self._process = process
        self._stdin = pipes.stdin
        self.ready = ready
        self.pid = process.pid
        self._ids = itertools.count(ready.id + 1)
        self._waiting: dict[int, asyncio.Future[RawSpeech]] = {}
        self._reader = asyncio.create_task(self._read(pipes.stdout), name="espeak replies")

    @classmethod
    async def start(cls, *, forks: bool) -> Self:
        """Start the process and wait until it can speak.

        Args:
            forks: Whether it forks for each text, or speaks one after the other.

        Raises:
            SpeechError: It did not start; the text says why.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                HELPER_MODULE,
                *(("--fork",) if forks else ()),
                stdin=PIPE,
                stdout=PIPE,
                limit=_PIPE_BYTES,
            )
        except OSError as error:
            raise SpeechError(f"the espeak-ng process could not be started: {error}") from error
        assert process.stdin is not None
        assert process.stdout is not None
        pipes = _Pipes(process.stdin, process.stdout)
        try:
            return cls(process, pipes, await _ready(pipes.stdout))
        except BaseException:
            _kill(process)
            await process.wait()
            raise

    @property
    def ended(self) -> bool:
        """Whether it is gone, or about to go."""
        return self._reader.done()

    async def speak(self, text: str, *, voice: str, wpm: int, pitch: int) -> RawSpeech:
        """Have a text spoken.

        Raises:
            ProcessEndedError: The process ended first.
            SpeechError: espeak-ng crashed over this text, or refused it.
        """
        if self.ended:
            raise ProcessEndedError("the espeak-ng process has ended")
        request = SpeakRequest(next(self._ids), text, voice, wpm, pitch)
        answer: asyncio.Future[RawSpeech] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = answer
        try:
            self._stdin.write(encode_request(request))
            with contextlib.suppress(ConnectionError):
                await self._stdin.drain()
            return await answer
        finally:
            self._waiting.pop(request.id, None)

    def kill(self) -> None:
        """End it at once; texts in flight fail."""
        _kill(self._process)

    async def aclose(self) -> None:
        """End it, and wait until it is gone; safe to call twice."""
        self._stdin.close()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
        await self._reader
        with contextlib.suppress(ConnectionError):
            await self._stdin.wait_closed()

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        try:
            while True:
                self._settle(await _read_reply(stdout))
        except (asyncio.IncompleteReadError, ValueError):
            # The end, or bytes that are no reply: either way nothing more can be understood.
            self.kill()
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ProcessEndedError("the espeak-ng process ended while speaking"))

    def _settle(self, reply: Reply) -> None:
        answer = self._waiting.get(reply.id)
        if answer is None or answer.done():
            return
        match reply:
            case RawSpeech():
                answer.set_result(reply)
            case Failed(reason=reason):
                answer.set_exception(SpeechError(reason))
            case Ready():
                answer.set_exception(SpeechError("espeak-ng started twice"))


async def _ready(stdout: asyncio.StreamReader) -> Ready:
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            reply = await _read_reply(stdout)
    except asyncio.IncompleteReadError as error:
        raise SpeechError("the espeak-ng process ended while starting; its stderr says why") from error
    except TimeoutError as error:
        raise SpeechError(f"espeak-ng did not start within {_START_TIMEOUT_S:g} s") from error
    match reply:
        case Ready():
            return reply
        case Failed(reason=reason):
            raise SpeechError(f"espeak-ng did not start: {reason}")
        case RawSpeech():
            raise SpeechError("espeak-ng spoke before it was asked")


async def _read_reply(stdout: asyncio.StreamReader) -> Reply:
    header_bytes, pcm_bytes = SIZES.unpack(await stdout.readexactly(SIZES.size))
    header = await stdout.readexactly(header_bytes)
    return decode_reply(header, await stdout.readexactly(pcm_bytes))


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
