"""Frames of the pipeline → intents for the client of one conversation.

Pipecat may cancel this at any await, so what belongs together stands before the first one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipecat.frames.frames import (
    Frame,
    FunctionCallCancelFrame,
    FunctionCallResultFrame,
    InputAudioRawFrame,
    InputImageRawFrame,
    InputTextRawFrame,
    LLMContextFrame,
    LLMContextUserTurnFrame,
    SpeechControlParamsFrame,
    TTSSpeakFrame,
    UserImageRawFrame,
    UserMuteStartedFrame,
    UserMuteStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.processors.frameworks.rtvi.frames import RTVIClientMessageFrame
from pipecat.utils.types import assert_given

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.protocol.requests import silent
from pipecat_voicelive.service.avatar import AvatarOut
from pipecat_voicelive.service.context import ContextReader
from pipecat_voicelive.service.frames import VoiceLiveRespondFrame
from pipecat_voicelive.service.hearing import Hearing
from pipecat_voicelive.service.seeing import Seeing
from pipecat_voicelive.service.speaking import speak
from pipecat_voicelive.service.tool_results import ToolResults
from pipecat_voicelive.service.turn_gate import TurnGate
from pipecat_voicelive.session.tools import message_item

if TYPE_CHECKING:
    from pipecat_voicelive.service.service import VoiceLiveLLMService


class FramesIn:
    """Tells one client what frames say."""

    def __init__(
        self,
        service: VoiceLiveLLMService,
        client: VoiceLiveClient,
        hearing: Hearing,
        seeing: Seeing,
        avatar: AvatarOut,
        reader: ContextReader,
        gate: TurnGate,
    ) -> None:
        self._service = service
        self._client = client
        self._hearing = hearing
        self._seeing = seeing
        self._avatar = avatar
        self._reader = reader
        self._results = ToolResults(client, grouped=service.groups_parallel_tools)
        self._gate = gate
        self.writing_turn = False

    async def take(self, frame: Frame, direction: FrameDirection) -> bool:  # noqa: C901 - one line a type
        """Heed a frame. Returns whether it goes on through the pipeline."""
        service = self._service
        match frame:
            case InputAudioRawFrame():
                self._hearing.hear(frame, service.get_clock().get_time() / 1e9)
            case LLMContextFrame():
                await self._context_came(frame.context, direction)
            case LLMContextUserTurnFrame():
                self._reader.turn_written(frame.text)
                self.writing_turn = True
            case UserStartedSpeakingFrame():
                self._read_context()
                self._hearing.turn_started()
                self._gate.turn_started()
            case UserMuteStartedFrame() | UserMuteStoppedFrame():
                self._hearing.mute(isinstance(frame, UserMuteStartedFrame))
            case UserStoppedSpeakingFrame():
                self._gate.turn_stopped()
                if self._hearing.turn_stopped():
                    await service.measure_answer()
                elif self._client.results_waiting:
                    # The aggregators ask for no answer to what comes while the caller speaks.
                    await self._respond_to_results()
            case UserImageRawFrame():
                self._seeing.image(frame, service.show)
            case InputImageRawFrame():
                self._seeing.video(frame)
            case InputTextRawFrame():
                self._client.add_item(message_item("user", frame.text))
                await service.respond()
                return False  # to whoever follows it would be text of the bot, to be spoken and written down
            case TTSSpeakFrame() if self._speak(frame):
                return False
            case VoiceLiveRespondFrame():
                self._read_context()
                await service.respond(frame.properties, frame.additional_instructions)
                return False
            case RTVIClientMessageFrame():
                await self._avatar.heed(frame)
            case SpeechControlParamsFrame() if frame.vad_params is not None:
                self._hearing.detection_takes(frame.vad_params.start_secs)
            case _:
                pass
        return True

    async def take_own(self, frame: Frame) -> bool:
        """Heed a frame that the service itself pushes. Returns whether it goes on through the pipeline.

        Results of its function calls come that way, and what their handlers want said, since handlers push
        through the service that called them.
        """
        match frame:
            case TTSSpeakFrame():
                return not self._speak(frame)
            case FunctionCallResultFrame():
                if self._results.take(frame):
                    await self._respond_to_results()
            case FunctionCallCancelFrame():
                self._results.cancelled(frame)
            case _:
                pass
        return True

    def read_whole(self, context: LLMContext) -> None:
        """The conversation is new: tell it what is in the context."""
        self._seeing.add(self._reader.news(context).items)

    def _read_context(self) -> None:
        """What the application added without asking for an answer is to be known in the turn that begins."""
        context = self._service.known_context
        if context is None or not self._seeing.is_prepared(context):
            return
        news = self._reader.news(context)
        self._seeing.add(news.items)
        if news.rebuilt:
            self._service.restart()

    async def _context_came(self, context: LLMContext, direction: FrameDirection) -> None:
        """Tell the service what is new, and have it answer if somebody asks for that.

        Context frames ask for an answer, with three exceptions. One that follows the writing down of a spoken
        turn does not: the service heard that turn itself and answers it unasked. One that says nothing new
        while an answer is coming does not ask for another. Nor does one that comes for results of which an
        answer has spoken.
        """
        service = self._service
        writing_turn = False
        if direction is FrameDirection.DOWNSTREAM:
            writing_turn, self.writing_turn = self.writing_turn, False
        news = self._reader.news(context)
        if news.rebuilt:
            service.restart()
            await service.respond()
            return
        service.configure()
        self._seeing.add(news.items)
        if direction is FrameDirection.DOWNSTREAM and (writing_turn or news.spoken):
            return
        in_between = for_results = False
        if direction is FrameDirection.UPSTREAM:
            in_between, for_results = self._results.asked()
        else:
            self._results.others_ask()
        told = in_between or bool(news.items)
        if self._client.results_waiting and not told and service.groups_parallel_tools:
            await self._respond_to_results()
        elif told or self._client.results_waiting or not (for_results or self._client.answer_coming):
            await service.respond()

    async def _respond_to_results(self) -> None:
        self._client.respond_to_results(silent(None) if self._service.skips_speech else None)
        await self._service.measure_answer()

    def _speak(self, frame: TTSSpeakFrame) -> bool:
        """Say something word for word. Returns whether the frame stays here."""
        self._reader.spoke(frame.text)
        return speak(frame, self._client, assert_given(self._service.settings.session_properties))
