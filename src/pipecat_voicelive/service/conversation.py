"""One conversation of a service: the client that has it, and everything that belongs to it alone.

A service has one at a time. To begin anew it is replaced as a whole, so nothing of the old one is left over.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.types import assert_given

from pipecat_voicelive.client import ConnectionInterrupted, Reconnected, VoiceLiveClient
from pipecat_voicelive.connection.recovery import RecoveryOptions
from pipecat_voicelive.errors import VoiceLiveError
from pipecat_voicelive.protocol.echo import ECHO_QUERY
from pipecat_voicelive.protocol.session_options import SessionProperties
from pipecat_voicelive.service.audio import OutputAudio
from pipecat_voicelive.service.avatar import Media, make_avatar
from pipecat_voicelive.service.backlog import Backlog
from pipecat_voicelive.service.context import ContextReader
from pipecat_voicelive.service.echo_reference import EchoReference
from pipecat_voicelive.service.formats import choose_formats
from pipecat_voicelive.service.frames_in import FramesIn
from pipecat_voicelive.service.frames_out import FramesOut
from pipecat_voicelive.service.hearing import Hearing
from pipecat_voicelive.service.pictures import ImageInput, Pictures
from pipecat_voicelive.service.playback import PlaybackMeter
from pipecat_voicelive.service.seeing import Seeing
from pipecat_voicelive.service.settings import NEXT_TIME
from pipecat_voicelive.service.speech_marks import SpeechMarks
from pipecat_voicelive.service.turn_gate import TurnGate
from pipecat_voicelive.session import effects

if TYPE_CHECKING:
    from pipecat_voicelive.service.service import VoiceLiveLLMService


@dataclasses.dataclass(slots=True, repr=False)
class Surroundings:
    """What all conversations of one service have in common.

    Attributes:
        connect: The client's arguments, without what the settings say.
        marks: Words, visemes and blendshapes as frames.
        image_input: How images are shown.
        pictures: Images of contexts, made fit to be sent.
        avatar_media: Where an avatar is seen.
        rates_hz: The pipeline's input and output rate, known once it is set up.
        meter: How far was played what the bot said.
    """

    connect: dict[str, Any]
    marks: SpeechMarks
    image_input: ImageInput
    pictures: Pictures
    avatar_media: Media
    rates_hz: tuple[int, int] = (16000, 24000)
    meter: PlaybackMeter = dataclasses.field(default_factory=PlaybackMeter)

    def begin_anew(self) -> None:
        """The next conversation is of the same call: fought for as long, and with an agent a new one."""
        recovery: RecoveryOptions = self.connect["recovery"] or RecoveryOptions()
        patience_s = max(recovery.connect_budget_s, recovery.budget_s)
        self.connect["recovery"] = dataclasses.replace(recovery, connect_budget_s=patience_s)
        if agent := self.connect["agent"]:
            self.connect["agent"] = dataclasses.replace(agent, conversation_id=None)


class Conversation:
    """A client and what belongs to its one conversation. Nothing is connected before `run`.

    Args:
        service: The service whose settings it begins with.
        around: What it shares with the conversations before and after.
        deaf: Whether the caller's audio is not sent at first.
        blind: Whether the caller's video is not shown at first.
    """

    def __init__(
        self, service: VoiceLiveLLMService, around: Surroundings, *, deaf: bool = False, blind: bool = False
    ) -> None:
        self._service = service
        self._around = around
        settings, meter = service.settings, around.meter
        properties = assert_given(settings.session_properties)
        self._formats = choose_formats(properties, *around.rates_hz)
        caller, query = self._formats.caller, around.connect["query"]
        meter.reference = EchoReference(caller.rate_hz) if caller.channels == 2 else None
        if meter.reference is not None:
            query = {**ECHO_QUERY, **query}
        self.client = VoiceLiveClient(
            endpoint=service.base_url,
            model=str(settings.model) if settings.model else None,
            api_key=service.api_key,
            **{**around.connect, "query": query},
        )
        self.hearing = Hearing(
            self.client, caller, manual_turns=properties.manual_turns, reference=meter.reference
        )
        self.hearing.paused = deaf
        self.seeing = Seeing(
            self.client, around.pictures, around.image_input, service.spawn, service.complain
        )
        self.seeing.camera.paused = blind
        self._reader = ContextReader()
        self._away = False
        self._gate = TurnGate(time.monotonic)
        audio_out = OutputAudio(self._formats.bot, around.rates_hz[1])
        avatar = make_avatar(service, self.client, around.avatar_media, around.rates_hz[1])
        self.frames_in = FramesIn(
            service, self.client, self.hearing, self.seeing, avatar, self._reader, self._gate
        )
        backlog = Backlog()
        self.client.count_downstream(lambda: backlog.waiting_bytes + self._gate.waiting_bytes)
        self._out = FramesOut(service, audio_out, meter, around.marks, self.seeing, avatar, backlog)

    @property
    def answer_pending(self) -> bool:
        """Whether anything is still to be said, or has not become frames yet.

        While there is no connection nobody knows whether that will ever be, so it is not waited for.
        """
        return not self._away and (self.client.answer_pending or self._gate.holding)

    def configure(self, options: Mapping[str, Any]) -> None:
        """Give the client the session's options; the formats are those that the conversation began with."""
        self.client.configure({**options, **self._formats.options})

    def interrupt(self) -> None:
        """Stop the answer, and cut the conversation where the caller heard it end."""
        self.frames_in.writing_turn = False
        for_turn = self._gate.interrupted(going_on=self.client.turn_answer_ids)
        self.client.interrupt(self._around.meter.heard, for_turn=for_turn)
        self._out.void()

    def interruption_passed(self) -> None:
        """Whoever plays the answer knows of the interruption too: the next one may come."""
        self._out.interruption_passed()

    def leave(self) -> None:
        """Stop without a word to whoever listens: another conversation goes on from here."""
        self.client.interrupt()
        self._out.void()
        self._out.interruption_passed()

    def warn_of_formats(self, now: SessionProperties, before: SessionProperties) -> None:
        """The pipeline's ends convert from and to the formats that the conversation began with."""
        wanted, known = (
            choose_formats(properties, *self._around.rates_hz).options for properties in (now, before)
        )
        for name in wanted:
            if wanted[name] not in (known.get(name), self._formats.options.get(name)):
                logger.warning(
                    f"{self._service}: session.{name} is not sent: the audio is bound to it. {NEXT_TIME}"
                )

    async def run(self) -> None:
        """Connect, then deliver what the service says until it is over."""
        service, client = self._service, self.client
        try:
            await client.connect()
        except Exception as error:  # noqa: BLE001 - whatever it is, the pipeline must be told
            told = str(error) if isinstance(error, VoiceLiveError) else type(error).__name__
            await service.push_error(told, exception=error, force_treat_as_permanent=True)
            await client.close()
        async with contextlib.aclosing(self._out) as out:
            async for signal in self._gate.through(aiter(client)):
                self._reader.note(signal)
                if isinstance(signal, effects.UserSpeechStarted):
                    self.hearing.noticed()
                if isinstance(signal, ConnectionInterrupted | Reconnected):
                    self._away = isinstance(signal, ConnectionInterrupted)
                try:
                    await out.deliver(signal)
                except Exception as error:  # noqa: BLE001 - one signal that fails must not silence the rest
                    await service.push_error(
                        f"Could not deliver {type(signal).__name__}: {type(error).__name__}.",
                        exception=error,
                        category=ErrorCategory.UNKNOWN,
                    )
                await service.delivered()
        await service.delivered()
