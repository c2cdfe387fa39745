"""A whole bot for one call: pipeline, aggregators, service, and a transport that plays in real time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    FunctionCallResultProperties,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from chaos.plan import Plan
from chaos.words import codes_in
from pipecat_voicelive import (
    ConnectionOptions,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.testing.calls.transport import LocalCallTransport

IN_HZ, OUT_HZ = 16000, 24000
FRAME_S, CHUNK_MS = 0.1, 100
SLOW_S, LASTING_S = 1.5, 3.0
_OF_THE_TOOL = "Error executing function call [failing]"
"""What Pipecat says when a handler raises."""
_NO_ANSWER = ("Voice Live could not answer", "Voice Live refused")
TOOLS = ("fast", "slow", "failing", "lasting")


@dataclass(slots=True)
class Log:
    """What the bot's side knows of a call, by its own clock."""

    began_s: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)
    """How many words of each answer came out as text."""
    errors: list[str] = field(default_factory=list)
    refused: int = 0
    """How many of these say that an answer will not come."""
    runs: list[tuple[str, str, str]] = field(default_factory=list)
    """Each run of a tool: its call id, its name, its key."""
    results: list[str] = field(default_factory=list)
    """The marks of the results that were given, as they must stand in the conversation."""
    late_audio: list[str] = field(default_factory=list)
    """Audio that the service pushed after an interruption, of what was interrupted."""
    interruptions: list[tuple[float, frozenset[str]]] = field(default_factory=list)
    """When one left the bot, and which answers had begun before it."""
    away: list[tuple[float, bool]] = field(default_factory=list)
    """Each reconnect: how long the bot was away, and whether that was planned."""
    lost: int = 0
    is_away: bool = False
    is_over: bool = False
    """Whether the service has said that it cannot go on."""
    speaking: bool = False
    answering: int = 0
    behind: int = 0
    """Ends of answers that the service has pushed and that have not left the bot yet."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_busy(self) -> bool:
        """Whether the bot speaks, or an answer is being given."""
        return self.speaking or self.answering > 0 or self.behind > 0

    def now_s(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self.began_s

    def note(self, text: str) -> None:
        """Write a line, and wake whoever waits."""
        self.lines.append(f"{self.now_s():7.3f}   {text}")
        self.changed.set()


class WatchedService(VoiceLiveLLMService):
    """The service, with somebody who watches what it pushes.

    After an `InterruptionFrame` no audio may come before another answer begins.
    """

    log: Log
    _quiet = False

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Push a frame."""
        if direction is FrameDirection.DOWNSTREAM:
            match frame:
                case InterruptionFrame():
                    self._quiet = True
                case LLMFullResponseStartFrame():
                    self._quiet = False
                    self.log.answering += 1
                    self.log.note("answer begins")
                case LLMFullResponseEndFrame():
                    self.log.answering -= 1
                    self.log.behind += 1
                    self.log.note("answer ends")
                case TTSAudioRawFrame() if self._quiet:
                    self.log.late_audio.append(f"{self.log.now_s():.3f} s: {len(frame.audio)} bytes")
                case _:
                    pass
        await super().push_frame(frame, direction)


class Listener:
    """What comes out of the bot."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.service: VoiceLiveLLMService | None = None

    def played(self, in_s: float, duration_s: float) -> None:
        """See `CallListener`; the recording has it."""

    def passed(self, frame: Frame) -> None:
        """See `CallListener`."""
        log = self._log
        match frame:
            case OutputAudioRawFrame():
                return
            case BotStartedSpeakingFrame():
                log.speaking = True
                log.note("bot speaks")
            case BotStoppedSpeakingFrame():
                log.speaking = False
                log.note("bot is silent")
            case InterruptionFrame():
                log.behind = 0  # what was on its way is gone
                log.interruptions.append((log.now_s(), frozenset(log.words)))
                log.note("interruption")
            case ErrorFrame():
                if not frame.error.startswith(_OF_THE_TOOL):
                    log.errors.append(frame.error)
                log.refused += frame.error.startswith(_NO_ANSWER)
                log.is_over |= self.service is not None and not self.service.is_usable
                log.note(f"error: {frame.error}")
            case TTSTextFrame() | LLMTextFrame():
                for name, _ in codes_in(frame.text):
                    log.words[name] += 1
                log.note(f"text {frame.text!r}")
            case LLMFullResponseEndFrame():
                log.behind = max(0, log.behind - 1)
                log.note("end of an answer passed")
            case _:
                pass


class Bot:
    """The bot of one call."""

    def __init__(self, plan: Plan, endpoint: str) -> None:
        self.plan = plan
        self.log = Log()
        listener = Listener(self.log)
        self.transport = LocalCallTransport(
            input_rate_hz=IN_HZ,
            output_rate_hz=OUT_HZ,
            listener=listener,
            frame_s=FRAME_S,
            chunk_ms=CHUNK_MS,
        )
        self.service = WatchedService(
            endpoint=endpoint, api_key="key", settings=_settings(plan), **_recovery_arguments()
        )
        self.service.log = self.log
        listener.service = self.service
        self.service.register_function("lasting", self._lasting, cancel_on_interruption=False)
        self.context = LLMContext(tools=ToolsSchema(standard_tools=[self._tool(name) for name in TOOLS]))
        user, assistant = LLMContextAggregatorPair(
            self.context,
            user_params=LLMUserAggregatorParams(
                user_turn_strategies=ExternalUserTurnStrategies(
                    enable_interruptions=plan.turns_by != "uninterrupted"
                )
            ),
        )
        steps = [self.transport.input(), user, self.service, self.transport.output(), assistant]
        self.worker = PipelineWorker(
            Pipeline(steps),
            params=PipelineParams(audio_in_sample_rate=IN_HZ, audio_out_sample_rate=OUT_HZ),
            enable_rtvi=False,
            idle_timeout_secs=None,
        )
        self._listen_to_recovery()

    async def start(self) -> asyncio.Task[Any]:
        """Run it; the task ends with it."""
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        return asyncio.create_task(runner.run())

    def _listen_to_recovery(self) -> None:
        log = self.log

        async def on_connection_lost(_service: Any, error: Any) -> None:
            log.lost += 1
            log.is_away = True
            log.note(f"connection lost: {error}")

        async def on_reconnected(_service: Any, reconnected: Any) -> None:
            log.is_away = False
            log.away.append((reconnected.away_s, reconnected.planned))
            log.note(f"reconnected after {reconnected.away_s:.2f} s")

        async def on_session_expiring(_service: Any, expires_in_s: float) -> None:
            log.note(f"session expires in {expires_in_s:.1f} s")

        for handler in (on_connection_lost, on_reconnected, on_session_expiring):
            self.service.add_event_handler(handler.__name__, handler)

    def _tool(self, name: str) -> FunctionSchema:
        handlers = {"fast": self._fast, "slow": self._slow, "failing": self._failing, "lasting": None}
        return FunctionSchema(
            name, f"A {name} tool.", {"key": {"type": "string"}}, ["key"], handler=handlers[name]
        )

    def _ran(self, params: FunctionCallParams) -> str:
        key = str(params.arguments["key"])
        self.log.runs.append((params.tool_call_id, params.function_name, key))
        self.log.note(f"tool {params.function_name} runs for {key}")
        return f"{params.function_name}-{key}"

    async def _give(self, params: FunctionCallParams, mark: str, **options: Any) -> None:
        self.log.results.append(mark)
        self.log.note(f"result {mark}")
        await params.result_callback({"mark": mark}, **options)

    async def _fast(self, params: FunctionCallParams) -> None:
        await self._give(params, self._ran(params))

    async def _slow(self, params: FunctionCallParams) -> None:
        mark = self._ran(params)
        await asyncio.sleep(SLOW_S)
        await self._give(params, mark)

    async def _failing(self, params: FunctionCallParams) -> None:
        self._ran(params)
        raise RuntimeError("this tool fails")

    async def _lasting(self, params: FunctionCallParams) -> None:
        mark = self._ran(params)
        await asyncio.sleep(LASTING_S / 3)
        half = FunctionCallResultProperties(is_final=False, run_llm=False)
        await self._give(params, f"{mark}-half", properties=half)
        await asyncio.sleep(LASTING_S * 2 / 3)
        await self._give(params, mark)


def _settings(plan: Plan) -> VoiceLiveLLMSettings:
    detection: dict[str, Any] = {"type": "server_vad", "silence_duration_ms": 400}
    if plan.turns_by == "uninterrupted":
        detection["interrupt_response"] = False
    properties = SessionProperties(
        modalities=["text", "audio"] if plan.audio else ["text"],
        input_audio_transcription=InputAudioTranscription(model="azure-speech") if plan.audio else None,
        turn_detection=None if plan.turns_by == "manual" else TurnDetection(**detection),
    )
    return VoiceLiveLLMSettings(
        model="gpt-4.1", system_instruction="Be brief.", session_properties=properties
    )


def _recovery_arguments() -> dict[str, Any]:
    """Quicker than the defaults, so that a dead network costs a call no more than some seconds."""
    return {"connection_options": ConnectionOptions(open_timeout_s=4, ping_interval_s=3)}
