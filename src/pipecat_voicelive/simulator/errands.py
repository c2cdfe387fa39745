"""What a session has done outside its main loop: speech, listening, judging, MCP servers.

    effect ──▶ a task of its own ──▶ outcome ──▶ main loop

A slow speaker, recogniser or server holds up nothing but what waits for it. Every errand comes back as an
outcome, its failure too; only without the model that judges voices can a session not go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from pipecat_voicelive.errors import VoiceLiveError
from pipecat_voicelive.simulator.ears import Ears
from pipecat_voicelive.simulator.effects import CallTool, Judge, Listen, ListTools, McpFailure, Speak
from pipecat_voicelive.simulator.known_words import Findings
from pipecat_voicelive.simulator.mcp_client import call_tool, list_tools
from pipecat_voicelive.simulator.tasks import Tasks
from pipecat_voicelive.simulator.utterance import Speaker, Utterance
from pipecat_voicelive.simulator.voice_judge import VoiceJudge

_logger = logging.getLogger(__name__)

Errand: TypeAlias = Speak | Listen | Judge | ListTools | CallTool


@dataclass(frozen=True, slots=True)
class SpeechReady:
    """A `Speak` is done."""

    item_id: str
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class SpeechFailed:
    """A `Speak` cannot be done; `message` says why."""

    item_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A `Listen` is done."""

    item_id: str
    findings: Findings


@dataclass(frozen=True, slots=True)
class VoiceJudged:
    """A `Judge` is answered: the probability of a voice in each window."""

    stream: int
    probabilities: list[float]


@dataclass(frozen=True, slots=True)
class ToolsListed:
    """A `ListTools` is done."""

    item_id: str
    result: list[dict[str, Any]] | McpFailure


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A `CallTool` is done."""

    item_id: str
    result: str | McpFailure


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An errand without which the session cannot go on has failed."""

    reason: str


Outcome: TypeAlias = SpeechReady | SpeechFailed | Heard | VoiceJudged | ToolsListed | ToolCalled


async def spoken(speaker: Speaker, wanted: Speak) -> Utterance:
    """What a `Speak` asks for.

    Raises:
        VoiceLiveError: It cannot be spoken.
    """
    return await speaker.speak(
        wanted.text, locale=wanted.locale, voice=wanted.voice, rate=wanted.rate, pitch=wanted.pitch
    )


class Errands:
    """The errands of one session.

    Args:
        speaker: Speaks.
        ears: Find out what turns say.
        voice: Asks a model what is a voice; None if the session does not ask.
        deliver: Takes each outcome.
    """

    def __init__(
        self,
        speaker: Speaker,
        ears: Ears,
        voice: VoiceJudge | None,
        deliver: Callable[[Outcome | GivenUp], Awaitable[None]],
    ) -> None:
        self._speaker = speaker
        self._ears = ears
        self._voice = voice
        self._deliver = deliver
        self._one_turn = asyncio.Lock()
        self._tasks = Tasks("simulator-errand")

    def start(self, wanted: Errand) -> None:
        """Begin one."""
        match wanted:
            case Speak():
                work = self._speak(wanted)
            case Listen():
                work = self._listen(wanted)
            case Judge():
                assert self._voice is not None, "only a session that has a model asks"
                self._voice.expect()
                work = self._judge(wanted, self._voice)
            case ListTools() | CallTool():
                work = self._ask_mcp(wanted)
            case _:
                assert_never(wanted)
        self._tasks.start(work)

    async def aclose(self) -> None:
        """Nobody wants any of them."""
        await self._tasks.aclose()

    async def _speak(self, wanted: Speak) -> None:
        try:
            utterance = await spoken(self._speaker, wanted)
        except VoiceLiveError as error:
            _logger.warning("The simulator's speaker failed: %s", type(error).__name__)
            await self._deliver(SpeechFailed(wanted.item_id, str(error)))
        except Exception as error:  # noqa: BLE001 - somebody else's code must not end the session
            kind = type(error).__name__
            _logger.warning("The simulator's speaker failed: %s", kind)
            await self._deliver(SpeechFailed(wanted.item_id, f"The speaker failed: {kind}."))
        else:
            await self._deliver(SpeechReady(wanted.item_id, utterance))

    async def _listen(self, wanted: Listen) -> None:
        async with self._one_turn:  # turns are heard in their order
            findings = await self._ears.listen(wanted.pcm, wanted.rate_hz, wanted.language)
            await self._deliver(Heard(wanted.item_id, findings))

    async def _judge(self, asked: Judge, voice: VoiceJudge) -> None:
        try:
            probabilities = await voice.judge(asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing more can be heard
            _logger.error("The voice model failed: %s", type(error).__name__)  # noqa: TRY400
            await self._deliver(GivenUp("the voice model failed"))
        else:
            await self._deliver(VoiceJudged(asked.stream, probabilities))

    async def _ask_mcp(self, wanted: ListTools | CallTool) -> None:
        if isinstance(wanted, ListTools):
            listed = await list_tools(wanted.server)
            failure, answer = listed, ToolsListed(wanted.item_id, listed)
        else:
            called = await call_tool(wanted.server, wanted.name, wanted.arguments)
            failure, answer = called, ToolCalled(wanted.item_id, called)
        if isinstance(failure, McpFailure):
            # What the server says of a failed call may hold what it was called with.
            why = failure.message if isinstance(wanted, ListTools) else "the call failed"
            _logger.warning("MCP server %r: %s", wanted.server.label, why)
        await self._deliver(answer)
