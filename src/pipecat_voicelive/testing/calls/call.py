"""A call with a whole bot: the caller speaks in real time, and hears what the bot's transport plays.

A bot is given as it is written: an `LLMService`, of which a plain pipeline is made; a function that builds a
`Pipeline` or a `PipelineWorker` around a transport; or a coroutine function that runs until the call is over,
such as the `run_bot(transport, runner_args)` of Pipecat's own templates.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    EndWorkerFrame,
    ErrorFrame,
    Frame,
    LLMConfigureOutputFrame,
    LLMFullResponseEndFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    OutputAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.runner.types import RunnerArguments
from pipecat.services.llm_service import LLMService
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.server_events import ResponseDone
from pipecat_voicelive.testing.calls.transport import LocalCallTransport
from pipecat_voicelive.testing.calls.voice import CALLER_VOICE, spoken
from pipecat_voicelive.testing.record import CallerSpoke, OnWire, Played, Record

if TYPE_CHECKING:
    from pipecat_voicelive.testing.voice_live import VoiceLive

PATIENCE_S = 15.0
"""How long the caller waits for an answer, and for the bot to begin and to end."""

_QUIET_S = 1.0
"""A bot that has been silent for this long has said what it had to say, whatever frames it sends."""

_F = TypeVar("_F", bound=Frame)


class Call:
    """A call. Use it in `async with`: it begins when the bot has configured its session, and ends in order.

    Made by `VoiceLive.call`.

    Args:
        voice_live: The service that the bot talks to.
        bot: An `LLMService`; or a function of a transport, and of `RunnerArguments` if it takes a second
            argument, that gives a `Pipeline` or a `PipelineWorker`, or is a coroutine function that runs it.
        tools: Functions that the model may call, if `bot` is a service.
        silent: The bot only writes (`LLMConfigureOutputFrame`): typed conversations then take no time.
        in_hz: Rate of the caller's audio.
        out_hz: Rate at which the bot is played.
        body: What a bot that takes `RunnerArguments` finds in their `body`.

    Attributes:
        context: The context, if `bot` is a service; else None.
        transport: The transport that the bot was given.
    """

    def __init__(
        self,
        voice_live: VoiceLive,
        bot: LLMService[Any] | Callable[..., Any],
        *,
        tools: Sequence[Any] = (),
        silent: bool = False,
        in_hz: int = 16000,
        out_hz: int = 24000,
        body: Any = None,
    ) -> None:
        if not isinstance(bot, LLMService) and not callable(bot):
            raise ConfigurationError(
                f"a bot is an LLMService or a function of a transport, not {type(bot).__name__}"
            )
        if tools and not isinstance(bot, LLMService):
            raise ConfigurationError("tools are for a bot that is an LLMService; a function brings its own")
        self.context: LLMContext | None = None
        self.transport = LocalCallTransport(input_rate_hz=in_hz, output_rate_hz=out_hz, listener=self)
        self._voice_live = voice_live
        self._bot = bot
        self._tools = tools
        self._silent = silent
        self._params = PipelineParams(audio_in_sample_rate=in_hz, audio_out_sample_rate=out_hz)
        self._runner_args = RunnerArguments(body=body)
        self._runner_args.handle_sigint = False
        self._running: asyncio.Task[Any] | None = None
        self._worker: PipelineWorker | None = None
        self._frames: list[Frame] = []
        self._speaking = False
        self._spoke_until_s = self._ended_at_s = 0.0
        self._since = 0

    # --- what the caller does -----------------------------------------------------------------------

    async def says(
        self,
        text: str,
        *,
        wait: bool = True,
        voice: str = CALLER_VOICE,
        locale: str = "en-US",
        rate: float = 1.0,
    ) -> None:
        """Speak a line into the bot's transport, in real time; then wait for the answer if `wait`.

        What the service takes it for is the scenario's next line.

        Raises:
            AssertionError: There is no answer in time; shows the conversation.
        """
        speaker = self._voice_live.speaker
        rate_hz = self.transport.caller.sample_rate
        saying = spoken(speaker, text, rate_hz, voice=voice, locale=locale, rate=rate)
        pcm = await self._voice_live.do(saying)
        begins_s = self._record.now_s()
        self._record.add(CallerSpoke(begins_s, begins_s + len(pcm) / 2 / rate_hz, text))
        self._listen_anew()
        await self.transport.caller.say(pcm, text)
        if wait:
            await self.answered()

    async def types(self, text: str, *, wait: bool = True) -> None:
        """Type a line, as a chat beside the call does; then wait for the answer if `wait`.

        Raises:
            AssertionError: There is no answer in time; shows the conversation.
        """
        message: Any = {"role": "user", "content": text}
        self._listen_anew()
        await self.push(LLMMessagesAppendFrame(messages=[message], run_llm=True))
        if wait:
            await self.answered()

    async def interrupts(self, text: str, *, after_s: float = 1.0, wait: bool = True) -> None:
        """Wait until the bot has been heard for `after_s`, then speak a line over it.

        Raises:
            AssertionError: The bot does not speak, or not that long, or does not answer.
        """
        await self._until(lambda: self._speaking, "the bot to speak")
        await asyncio.sleep(after_s)
        if not self._speaking:
            self._voice_live.fail(f"the bot stopped before it had spoken for {after_s:g} s")
        await self.says(text, wait=wait)

    async def begin(self) -> None:
        """Have the bot begin (`LLMRunFrame`), as bots do that greet; wait until it has.

        A service learns its context, tools and all, when the bot first speaks or is typed to. One that begins
        by itself needs no `begin`: await `answered`.

        Raises:
            AssertionError: It says nothing in time; shows the conversation.
        """
        self._listen_anew()
        await self.push(LLMRunFrame())
        await self.answered()

    async def answered(self) -> None:
        """Wait until the bot has answered once more, and has been heard to the end.

        `begin`, `says`, `types` and `interrupts` have waited for their answers already.

        Raises:
            AssertionError: It does not in time; shows the conversation.
        """
        await self._until(self._is_answered, "an answer that nothing has waited for yet")
        self._listen_anew()

    async def push(self, *frames: Frame) -> None:
        """Put frames into the bot where its transport's input puts them."""
        for frame in frames:
            await self.transport.caller.push_frame(frame)

    # --- what came of it ----------------------------------------------------------------------------

    def frames(self, *kinds: type[_F]) -> list[_F]:
        """The frames of these types that left the bot's output, or came back to its input."""
        return [frame for frame in self._frames if isinstance(frame, kinds)]

    @property
    def errors(self) -> list[str]:
        """The errors that came back to the bot's input."""
        return [frame.error for frame in self.frames(ErrorFrame)]

    # --- from beginning to end ----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start the bot, and wait until it has configured its session."""
        async with AsyncExitStack() as cleanup:
            cleanup.push_async_callback(self._cut)
            self._since = begun = len(self._record.wire)
            await self._start()
            await self._until(self.transport.caller.started.is_set, "the bot to start its transport")
            if self._silent:
                await self.push(LLMConfigureOutputFrame(skip_tts=True))
            await self.transport.connected()
            await self._until(lambda: self._is_ready(begun), "the bot to configure its session")
            cleanup.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hang up: the bot ends in order, or at once if the test has failed."""
        try:
            if kind is None and self._running is not None and not self._running.done():
                await self.transport.disconnected()
                if self._worker is not None:
                    await self._worker.queue_frame(EndFrame())
                elif not await _done(self._running, _QUIET_S):
                    await self.transport.caller.push_frame(EndWorkerFrame())
                if not await _done(self._running, PATIENCE_S):
                    self._voice_live.fail(
                        f"the bot did not end within {PATIENCE_S:g} s of the caller hanging up"
                    )
            if kind is None and self._running is not None:
                await self._running
        finally:
            await self._cut()

    # --- how ----------------------------------------------------------------------------------------

    def played(self, in_s: float, duration_s: float) -> None:
        """Audio is heard (the transport says so)."""
        at_s = self._record.now_s() + in_s
        self._spoke_until_s = at_s + duration_s
        self._record.add(Played(at_s, duration_s))

    def passed(self, frame: Frame) -> None:
        """A frame came out of the bot (the transport says so)."""
        match frame:
            case BotStartedSpeakingFrame():
                self._speaking = True
            case BotStoppedSpeakingFrame():
                self._speaking = False
            case LLMFullResponseEndFrame():
                self._ended_at_s = self._record.now_s()
            case OutputAudioRawFrame():
                return  # fifty a second, and the transport's recording has them
            case _:
                pass
        self._frames.append(frame)

    @property
    def _record(self) -> Record:
        return self._voice_live.record

    def _listen_anew(self) -> None:
        self._since = len(self._record.wire)

    def _is_ready(self, begun: int) -> bool:
        return any(entry.event.type == "session.updated" for entry in self._record.wire[begun:])

    def _is_answered(self) -> bool:
        if self._speaking or not self._voice_live.is_answered_since(self._since):
            return False
        done_s = max(
            entry.at_s
            for entry in self._record.entries
            if isinstance(entry, OnWire) and isinstance(entry.event, ResponseDone)
        )
        silent_since_s = max(done_s, self._spoke_until_s)
        return self._ended_at_s >= done_s or self._record.now_s() > silent_since_s + _QUIET_S

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        __tracebackhide__ = True
        await self._voice_live.until(
            lambda: condition() or (self._running is not None and self._running.done()),
            what,
            timeout_s=PATIENCE_S,
        )
        if not condition() and self._running is not None:
            self._running.result()
            self._voice_live.fail(f"the bot ended while the caller waited for {what}")

    async def _start(self) -> None:
        if isinstance(self._bot, LLMService):
            self.context = LLMContext(tools=list(self._tools))
            user, assistant = LLMContextAggregatorPair(self.context)
            steps = [self.transport.input(), user, self._bot, self.transport.output(), assistant]
            await self._run(Pipeline(steps))
            return
        takes = len(inspect.signature(self._bot).parameters)
        made = self._bot(*(self.transport, self._runner_args)[:takes])
        if not inspect.isawaitable(made):
            await self._run(made)
            return
        running = asyncio.ensure_future(made)
        # A coroutine function may build a bot, or be one.
        await self._voice_live.record.until(
            lambda: running.done() or self.transport.caller.started.is_set(), PATIENCE_S
        )
        if running.done() and isinstance(running.result(), Pipeline | PipelineWorker):
            await self._run(running.result())
        else:
            self._running = running

    async def _run(self, made: object) -> None:
        match made:
            case Pipeline():
                worker = PipelineWorker(made, params=self._params, idle_timeout_secs=None)
            case PipelineWorker():
                worker = made
            case _:
                raise ConfigurationError(
                    f"the bot's function must give a Pipeline or a PipelineWorker, or run the bot; "
                    f"it gave {type(made).__name__}"
                )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        self._worker = worker
        self._running = asyncio.create_task(runner.run())

    async def _cut(self) -> None:
        running = self._running
        if running is None or running.done():
            return
        if self._worker is not None:
            await self._worker.cancel()
        else:
            await self.push(CancelFrame())
        if not await _done(running, _QUIET_S):
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _done(task: asyncio.Task[Any], within_s: float) -> bool:
    done, _ = await asyncio.wait({task}, timeout=within_s)
    return bool(done)
