"""Azure Voice Live as a Pipecat LLM service.

Nothing here awaits the network while a frame is processed: an intent is given to the client, which changes
its state and writes the bytes in that same step, and what the service says comes back as signals that one
task delivers as frames (`frames_out`). Pipecat may cancel `process_frame` at any await, so what belongs
together stands before the first one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import Any

from loguru import logger
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMServiceMetadataFrame,
    LLMSetToolsFrame,
    LLMUpdateSettingsFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.types import assert_given
from pydantic import BaseModel

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.connection.agent import FoundryAgent, names_agent
from pipecat_voicelive.connection.auth import DEFAULT_SCOPE, TokenCredential, TokenProvider
from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.connection.endpoint import base_url
from pipecat_voicelive.connection.recovery import RecoveryOptions
from pipecat_voicelive.connection.route import Failover
from pipecat_voicelive.errors import ConfigurationError, raised_here
from pipecat_voicelive.protocol.blendshapes import FRAME_RATE_HZ
from pipecat_voicelive.protocol.client_events import ClientEvent, ResponseProperties
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.dialect_v1 import V1Dialect
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.protocol.requests import silent
from pipecat_voicelive.protocol.versions import DEFAULT_API_VERSION
from pipecat_voicelive.service.arguments import check_arguments
from pipecat_voicelive.service.avatar import Media, check_media
from pipecat_voicelive.service.context import VoiceLiveLLMAdapter
from pipecat_voicelive.service.conversation import Conversation, Surroundings
from pipecat_voicelive.service.ending import HeldEnd
from pipecat_voicelive.service.error_categories import category_of
from pipecat_voicelive.service.inference import InferringService
from pipecat_voicelive.service.line_out import EVENTS as LINE_EVENTS
from pipecat_voicelive.service.options import service_tools, session_options, turn_strategies
from pipecat_voicelive.service.pictures import ImageInput, Pictures
from pipecat_voicelive.service.remote_tools import EVENTS as REMOTE_TOOL_EVENTS
from pipecat_voicelive.service.settings import (
    DEFAULT_MODEL,
    NEXT_TIME,
    VoiceLiveLLMSettings,
    check_options,
    check_update,
    complete_settings,
    doubts_about,
)
from pipecat_voicelive.service.speech_marks import SpeechMarks
from pipecat_voicelive.session.memory import MemoryOptions
from pipecat_voicelive.session.remote_calls import APPROVAL_TIMEOUT_S


class VoiceLiveLLMService(InferringService):
    """Speech to speech with Azure Voice Live.

    Audio frames go to the service; audio, transcripts, text, function calls, words and visemes come out.
    Turns are the service's, unless `turn_detection` is None: then Pipecat's own voice activity detection
    and turn strategies make them.

    Example::

        llm = VoiceLiveLLMService(
            endpoint=os.environ["AZURE_VOICE_LIVE_ENDPOINT"],
            api_key=os.environ["AZURE_VOICE_LIVE_API_KEY"],
            settings=VoiceLiveLLMService.Settings(
                model="gpt-realtime",
                system_instruction="You are a friendly assistant.",
            ),
        )

    Events:
        on_session_ready: (service, session) The service took the options; `session` is what it made of them.
        on_connection_lost: (service, error) The connection is gone. Another is being opened, unless the
            service is not usable any more.
        on_reconnected: (service, reconnected) The conversation goes on with a new session (`Reconnected`).
        on_session_expiring: (service, expires_in_s) The session is about to end; another is being opened.
        on_conversation_item_created: (service, item_id, item) An item entered the conversation.
        on_conversation_item_updated: (service, item_id, item or None) It was transcribed, or is done.
        on_mcp_tools_listed: (service, server_label, tools) The model has the tools of an MCP server now.
        on_mcp_tools_failed: (service, server_label) The tools of an MCP server could not be listed.
        on_mcp_approval_request: (service, request) An MCP call waits for `request.approve()` or
            `request.deny(reason)`. Without a handler it is denied.
    """

    Settings = VoiceLiveLLMSettings
    _settings: VoiceLiveLLMSettings  # pyright: ignore[reportIncompatibleVariableOverride]

    adapter_class = VoiceLiveLLMAdapter

    @raised_here
    def __init__(
        self,
        *,
        endpoint: str,
        api_key: str | None = None,
        credential: TokenCredential | None = None,
        token_provider: TokenProvider | None = None,
        scope: str = DEFAULT_SCOPE,
        api_version: str = DEFAULT_API_VERSION,
        dialect: V1Dialect | None = None,
        agent: FoundryAgent | None = None,
        profile: str | None = None,
        settings: VoiceLiveLLMSettings | None = None,
        start_audio_paused: bool = False,
        start_video_paused: bool = False,
        image_input: ImageInput | None = None,
        connection_options: ConnectionOptions | None = None,
        query: dict[str, str] | None = None,
        send_speech_marks: bool = False,
        blendshape_rate_hz: float = FRAME_RATE_HZ,
        mcp_approval_timeout_s: float = APPROVAL_TIMEOUT_S,
        avatar_media: Media = "client",
        log_content: bool = False,
        recovery: RecoveryOptions | None = None,
        memory: MemoryOptions | None = None,
        failover: Failover | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the service. It connects when the pipeline is set up.

        Args:
            endpoint: The resource's endpoint as the portal shows it, a bare host, or a full WebSocket URL;
                ws:// for addresses of this machine only.
            api_key: The resource's key.
            credential: Or an `azure.identity` credential, sync or async.
            token_provider: Or a function that gives a bearer token, sync or async. None of the three means
                `DefaultAzureCredential`. A token is fetched for every connect.
            scope: What tokens are asked for.
            api_version: The API version. Options are given in the newest spelling (or an older one) and
                written as this version wants them; what it lacks is left out, with a warning.
            dialect: `V1Dialect()` together with the label "v1" as `api_version`; experimental.
            agent: The Foundry agent to talk to in place of a model. It takes no key, and has instructions of
                its own.
            profile: How to reach a model of your own: "byom-azure-openai-realtime" or
                "byom-azure-openai-chat-completion"; then the settings' model names your deployment.
            settings: The settings; `session_properties` in them replace the defaults as a whole.
            start_audio_paused: Whether to start deaf; see `set_audio_input_paused`.
            start_video_paused: Whether to start blind; see `set_video_input_paused`.
            image_input: How images are shown to the model, and whether video is.
            connection_options: How to connect: timeouts, limits, proxy, certificates.
            query: Further parameters of the URL; they win over all others.
            send_speech_marks: Whether words, visemes and blendshapes also go to the transport's client.
            blendshape_rate_hz: Frames of blendshapes a second; nothing on the wire says it.
            mcp_approval_timeout_s: How long an MCP call may wait for approval before it is denied.
            avatar_media: Where an avatar is seen: "client" if the transport's client connects to it,
                "pipeline" if its picture and sound are to come as frames (extra `avatar`).
            log_content: Whether each event is logged at level DEBUG, with what was said; see
                `connection.content_log`. Keys, tokens and audio never are.
            recovery: What to do about connections that are lost, end, or fall silent.
            memory: What a session that goes on with the conversation is told of it.
            failover: A second endpoint, for when the first cannot be reached.
            **kwargs: Passed on to `LLMService`.

        Raises:
            ConfigurationError: An argument is not known, or the endpoint, the credentials or the API version
                cannot work; the text says what to give.
        """
        check_arguments(type(self), kwargs)
        self._of_agent = agent is not None or names_agent(query)
        complete = complete_settings(settings, default_model=None if self._of_agent else DEFAULT_MODEL)
        super().__init__(base_url=base_url(endpoint), settings=complete, **kwargs)
        self.api_key = api_key
        self.base_url = base_url(endpoint)
        connect: dict[str, Any] = {
            "credential": credential,
            "token_provider": token_provider,
            "scope": scope,
            "api_version": api_version,
            "dialect": dialect,
            "options": connection_options,
            "query": dict(query or {}),
            "agent": agent,
            "profile": profile,
            "blendshape_rate_hz": blendshape_rate_hz,
            "mcp_approval_timeout_s": mcp_approval_timeout_s,
            "log_content": log_content,
            "recovery": recovery,
            "memory": memory,
            "failover": failover,
        }
        self._told_of_instructions = False
        check_media(avatar_media)
        marks = SpeechMarks(blendshape_rate_hz, send=send_speech_marks)
        image_input = image_input or ImageInput()
        self._around = Surroundings(connect, marks, image_input, Pictures(image_input), avatar_media)
        self._check_settings()
        options = assert_given(complete.session_properties).to_wire()
        check_options(options, api_version)
        self.known_context: LLMContext | None = None
        self._end = HeldEnd(self._answer_pending, self.queue_frame, self.create_task, self.cancel_task)
        self._closing: set[asyncio.Task[None]] = set()
        self._conversation = Conversation(
            self, self._around, deaf=start_audio_paused, blind=start_video_paused
        )
        for event in (
            "on_session_ready",
            "on_conversation_item_created",
            "on_conversation_item_updated",
            *LINE_EVENTS,
            *REMOTE_TOOL_EVENTS,
        ):
            self._register_event_handler(event)

    # --- for the application -----------------------------------------------------------------------

    def set_audio_input_paused(self, paused: bool) -> None:
        """Stop or resume sending the caller's audio. What is said meanwhile is lost."""
        self._conversation.hearing.paused = paused

    def set_video_input_paused(self, paused: bool) -> None:
        """Stop or resume showing the caller's video."""
        self._conversation.seeing.camera.paused = paused

    async def send_client_event(self, event: ClientEvent | RawEvent | BaseModel | dict[str, Any]) -> None:
        """Send a client event of your own: one of `protocol.client_events`, or a dict.

        It goes out behind what was sent before, once the session is ready. Returns at once.
        """
        if isinstance(event, BaseModel):
            event = event.model_dump(mode="json", exclude_none=True)
        self._client.send_event(event)

    async def send_text_stream(self, pieces: AsyncIterable[str], *, respond: bool = True) -> None:
        """Send text of the caller as it comes, and have it answered when it ends.

        Like an `InputTextRawFrame` it stays out of the context. An error in `pieces`, or a cancellation,
        leaves what was sent unanswered.

        Args:
            pieces: The text, piece by piece, with its blanks.
            respond: Whether to have it answered.
        """
        client = self._client
        with client.begin_text(respond=False) as text:
            async for piece in pieces:
                text.write(piece)
        if client is not self._client:  # a new conversation began meanwhile, and has not seen it
            self._client.send_text(text.text, respond=False)
        if respond and text.text.strip():
            await self.respond()

    async def reset_conversation(self) -> None:
        """Begin the conversation anew: a new session, told what is in the context.

        Cancelling leaves the service without a session; call it again.
        """
        if self.known_context is None:
            logger.warning(f"{self}: no conversation to reset yet: no context has come")
            return
        await self._conversation.seeing.prepare(self.known_context)
        self.restart()

    async def invoke(self, input: dict[str, Any]) -> None:  # noqa: A002 - the service's word
        """Hand a JSON object to a hosted agent of the Invocations protocol, and have it answer.

        What the agent sends besides speech comes out as `VoiceLiveAgentEventFrame`s.
        """
        await self.respond(ResponseProperties(invoke_input=dict(input)))

    @property
    def conversation_id(self) -> str | None:
        """With an agent: the id by which a later call can go on, `FoundryAgent(conversation_id=...)`."""
        return self._client.conversation_id

    def can_generate_metrics(self) -> bool:
        """Whether there are metrics: yes."""
        return True

    @property
    def context(self) -> LLMContext:
        """The conversation's context, an empty one before the first context frame."""
        return self.known_context or LLMContext()

    @property
    def settings(self) -> VoiceLiveLLMSettings:
        """The settings as they are now, for reading."""
        return self._settings

    @property
    def groups_parallel_tools(self) -> bool:
        """Whether one answer speaks of all results of a group of function calls."""
        return self._group_parallel_tools

    @property
    def skips_speech(self) -> bool:
        """Whether answers are to be silent (`LLMConfigureOutputFrame`)."""
        return bool(self._skip_tts)

    # --- life --------------------------------------------------------------------------------------

    def service_metadata_frame(self) -> LLMServiceMetadataFrame:
        """What this service is: a realtime service, and whose turn strategies to use with it."""
        properties = assert_given(self._settings.session_properties)
        self._warn_if_realtime_service_emits_no_turn_frames(not properties.manual_turns)
        return LLMServiceMetadataFrame(
            service_name=self.name,
            is_realtime_service=True,
            user_turn_strategies=turn_strategies(properties),
        )

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Set up, and begin to connect; the pipeline starts meanwhile and its audio waits."""
        await super().setup(setup)
        self._around.rates_hz = (setup.audio_in_sample_rate, setup.audio_out_sample_rate)
        self._stop_running()
        setup.pipeline_worker.add_observer(self._around.meter)
        self._begin_conversation()

    async def stop(self, frame: EndFrame) -> None:
        """The pipeline ends: close."""
        await super().stop(frame)
        self._stop_running()

    async def cancel(self, frame: CancelFrame) -> None:
        """The pipeline is cancelled: close at once."""
        await super().cancel(frame)
        self._stop_running()

    async def cleanup(self) -> None:
        """Everything is over: nothing stays open. May be called twice."""
        await super().cleanup()
        await self._end.cancel()
        for task in list(self._running):
            await self.cancel_task(task)
        await asyncio.gather(self._client.close(), *self._closing)

    def _begin_conversation(self) -> None:
        """A new conversation in place of the one there was, as deaf and as blind as that is."""
        before = self._conversation
        deaf, blind = before.hearing.paused, before.seeing.camera.paused
        self._conversation = Conversation(self, self._around, deaf=deaf, blind=blind)
        self.configure()
        self.spawn(self._conversation.run(), "voicelive")

    def _stop_running(self) -> None:
        """Begin to close; `cleanup` waits for it, so that the end of the pipeline need not."""
        task = self.create_task(self._client.close(), "voicelive-close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _classify_error(self, exception: Exception) -> ErrorCategory | None:
        return category_of(exception)

    # --- settings ----------------------------------------------------------------------------------

    async def _update_settings(self, delta: VoiceLiveLLMSettings) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        try:
            check_update(self._settings, delta, str(self._around.connect["api_version"]))
        except ConfigurationError as error:
            await self.complain(f"The settings stay as they were. {error}")
            return {}
        changed = await super()._update_settings(delta)
        handled = {"session_properties", "system_instruction", "temperature"}
        if changed.keys() & handled:
            self._check_settings()
            properties = assert_given(self._settings.session_properties)
            self._conversation.hearing.set_manual_turns(properties.manual_turns)
            self._conversation.warn_of_formats(properties, changed.get("session_properties", properties))
            self.configure()
        if "session_properties" in changed:
            await self.broadcast_service_metadata()
        if "model" in changed:
            logger.warning(f"{self}: model is not sent: the URL names it. {NEXT_TIME}")
        self._warn_unhandled_updated_settings(changed.keys() - handled - {"model"})
        return changed

    def _check_settings(self) -> None:
        known = not self._of_agent and self._around.connect["profile"] is None
        model = str(self._settings.model) if known else None
        for doubt in doubts_about(assert_given(self._settings.session_properties), model):
            logger.warning(f"{self}: {doubt}")

    def _service_tools(self) -> ToolsSchema | list[Any] | None:
        return service_tools(self._settings)

    # --- frames in ---------------------------------------------------------------------------------

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take a frame, and pass it on."""
        if isinstance(frame, EndFrame) and self._end.holds(frame):
            return
        if isinstance(frame, InterruptionFrame):
            await self._interrupt(frame, direction)
            return
        await super().process_frame(frame, direction)
        match frame:
            case LLMContextFrame():
                self.known_context = frame.context
                if not self._conversation.seeing.is_prepared(frame.context):
                    # Cancelled, the next look at the context begins again.
                    await self._conversation.seeing.prepare(frame.context)
            case LLMSetToolsFrame():
                self._sync_registered_tool_handlers(frame.tools)
                self.configure()
            case LLMUpdateSettingsFrame() if frame.service not in (None, self):
                return  # the base class has passed it on
            case _:
                pass
        if await self._conversation.frames_in.take(frame, direction):
            await super().push_frame(frame, direction)

    async def _interrupt(self, frame: InterruptionFrame, direction: FrameDirection) -> None:
        """Stop the answer, and let nothing of the next one pass before the pipeline knows."""
        conversation = self._conversation
        conversation.interrupt()
        try:
            await self.cancel_ttfb_metrics()
            await self._end.release()
            await super().process_frame(frame, direction)
            await super().push_frame(frame, direction)
        finally:
            conversation.interruption_passed()

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Push a frame of our own; results of our function calls reach Voice Live on their way."""
        if direction is FrameDirection.UPSTREAM or await self._conversation.frames_in.take_own(frame):
            await super().push_frame(frame, direction)

    @property
    def _client(self) -> VoiceLiveClient:
        return self._conversation.client

    def _answer_pending(self) -> bool:
        return self.is_usable and self._conversation.answer_pending

    # --- what the conversation asks for ------------------------------------------------------------

    def configure(self) -> None:
        """Give the client the session's options as they are now; it sends them if they changed."""
        options = session_options(self._settings, self.get_llm_adapter(), self.known_context)
        if self._of_agent and options.pop("instructions", None) and not self._told_of_instructions:
            self._told_of_instructions = True
            logger.warning(f"{self}: the agent has its own instructions; those given here are not sent")
        self._conversation.configure(options)

    def restart(self) -> None:
        """A new session with the whole context and what was still to be said; the old one ends unheard."""
        speeches = self._client.speeches
        self._conversation.leave()
        self._stop_running()
        self._around.begin_anew()
        self._begin_conversation()
        self._conversation.frames_in.read_whole(self.context)
        for speech in speeches:
            self._client.handle(speech)

    async def respond(self, properties: ResponseProperties | None = None, additional: str = "") -> None:
        """Have the conversation that runs by now answer."""
        # Decided now: whoever wants one silent answer may allow speech again before it begins.
        if self.skips_speech:
            properties = silent(properties)
        self._client.respond(properties, additional_instructions=additional)
        await self.measure_answer()

    async def show(self, image: ConversationItem, respond: bool) -> None:
        """Show an image, to the conversation that runs by now."""
        self._conversation.seeing.add([image])
        if respond:
            await self.respond()

    async def delivered(self) -> None:
        """A signal has become frames: the end of the pipeline may have waited for it."""
        await self._end.release()

    def answer_approval(self, approval_request_id: str, approve: bool, reason: str | None) -> None:
        """Let an MCP call run, or not."""
        self._client.answer_approval(approval_request_id, approve=approve, reason=reason)
