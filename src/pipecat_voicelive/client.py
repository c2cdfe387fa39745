"""A session and a connection joined: Voice Live without Pipecat.

    async with VoiceLiveClient(endpoint=..., api_key=..., model="gpt-realtime") as client:
        client.send_text("What time is it in Tokyo?")
        async for signal in client:
            ...

Every method that says something returns at once: the state changes and the bytes are in the socket's buffer
before it returns, so nothing can come between, not even a cancellation. What the service says comes out as
signals (`pipecat_voicelive.session.effects`), in order, through the one iterator.
"""

from __future__ import annotations

import asyncio
import functools
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from msgspec import UNSET, UnsetType

from pipecat_voicelive.connection.agent import FoundryAgent, names_agent
from pipecat_voicelive.connection.auth import DEFAULT_SCOPE, TokenCredential, TokenProvider, choose_auth
from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.connection.recovery import RecoveryOptions
from pipecat_voicelive.connection.route import Failover, Route, Target
from pipecat_voicelive.conversation import Conversation
from pipecat_voicelive.errors import ConfigurationError, ProtocolError, raised_here
from pipecat_voicelive.protocol.blendshapes import FRAME_RATE_HZ
from pipecat_voicelive.protocol.client_events import ClientEvent, ResponseProperties
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.dialect_v1 import V1Dialect, check_dialect
from pipecat_voicelive.protocol.echo import ECHO_QUERY, sends_reference
from pipecat_voicelive.protocol.images import ImageDetail, image_message, image_part
from pipecat_voicelive.protocol.items import ConversationItem, SessionInfo
from pipecat_voicelive.protocol.requests import session_on_wire
from pipecat_voicelive.protocol.session_options import SessionProperties
from pipecat_voicelive.protocol.versions import DEFAULT_API_VERSION, check_version, takes_images
from pipecat_voicelive.questions import Asks, closed
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session.memory import MemoryOptions
from pipecat_voicelive.session.remote_calls import APPROVAL_TIMEOUT_S
from pipecat_voicelive.session.text_input import TextInput
from pipecat_voicelive.session.tools import message_item
from pipecat_voicelive.signals import (
    AnswerCut,
    ClientSignal,
    ConnectionInterrupted,
    ConnectionLost,
    EventReceived,
    Reconnected,
    SessionExpiring,
)

__all__ = [
    "AnswerCut",
    "ClientSignal",
    "ConnectionInterrupted",
    "ConnectionLost",
    "EventReceived",
    "Reconnected",
    "SessionExpiring",
    "VoiceLiveClient",
]


class VoiceLiveClient(Asks):
    """One conversation with Voice Live.

    Args:
        endpoint: The resource's endpoint, in any form the portal shows; see `connection.endpoint`.
        model: Model or deployment, e.g. "gpt-realtime" or "gpt-4.1"; None with an agent.
        agent: The Foundry agent to talk to in place of a model. It takes no key.
        profile: How to reach a model of your own: "byom-azure-openai-realtime" or
            "byom-azure-openai-chat-completion"; then `model` names your deployment.
        api_key: The resource's key.
        credential: Or an `azure.identity` credential, sync or async.
        token_provider: Or a function that gives a bearer token, sync or async.
            None of the three means `DefaultAzureCredential`.
        scope: What tokens are asked for.
        api_version: The API version. Options are given in the newest spelling (or an older one) and written
            as this version wants them; what it lacks is left out and told with `OptionWithheld`.
        dialect: `V1Dialect()` together with the label "v1" as `api_version`; experimental.
        session: The session's options; the service's defaults without. `configure` changes them.
        query: Further parameters of the URL; they win over all others.
        options: How to connect.
        recovery: What to do about connections that are lost, end, or fall silent.
        failover: A second endpoint, for when the first cannot be reached.
        memory: What a session that goes on with the conversation is told of it.
        blendshape_rate_hz: Frames of blendshapes a second; nothing on the wire says it.
        mcp_approval_timeout_s: How long an MCP call may wait for `answer_approval` before it is denied.
        every_event: Whether every server event comes out too, each as an `EventReceived` before the signals
            that it brings.
        log_content: Whether each event is logged at level DEBUG, with what was said; see
            `connection.content_log`. Keys, tokens and audio never are.
        clock: Seconds that never go back; for tests.

    Raises:
        ConfigurationError: The endpoint, the credentials or the API version cannot work.
    """

    @raised_here
    def __init__(
        self,
        *,
        endpoint: str,
        model: str | None = None,
        agent: FoundryAgent | None = None,
        profile: str | None = None,
        api_key: str | None = None,
        credential: TokenCredential | None = None,
        token_provider: TokenProvider | None = None,
        scope: str = DEFAULT_SCOPE,
        api_version: str = DEFAULT_API_VERSION,
        dialect: V1Dialect | None = None,
        session: SessionProperties | Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        options: ConnectionOptions | None = None,
        recovery: RecoveryOptions | None = None,
        failover: Failover | None = None,
        memory: MemoryOptions | None = None,
        blendshape_rate_hz: float = FRAME_RATE_HZ,
        mcp_approval_timeout_s: float = APPROVAL_TIMEOUT_S,
        every_event: bool = False,
        log_content: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parameters = {
            **(agent.query() if agent else {}),
            **({"profile": profile} if profile else {}),
            **(query or {}),
        }
        self._of_agent = names_agent(parameters)
        if not model and not self._of_agent and "model" not in parameters:
            raise ConfigurationError(
                'Name a model, such as model="gpt-realtime", or a FoundryAgent as `agent`.'
            )
        if self._of_agent and api_key is not None:
            raise ConfigurationError(
                "A Foundry agent takes no api_key. Leave it out to sign in with DefaultAzureCredential, or "
                "give a `credential` whose identity has the role Foundry User."
            )
        self._api_version = parameters.get("api-version", api_version)
        wire = self._wire(session or {})
        if sends_reference(wire):
            parameters = {**ECHO_QUERY, **parameters}
        check_dialect(self._api_version, dialect, parameters)
        check_version(self._api_version)
        auth = choose_auth(api_key=api_key, credential=credential, token_provider=token_provider, scope=scope)
        targets = [Target(endpoint, model, api_version, parameters, auth)]
        if failover is not None:
            targets.append(failover.target(targets[0]))
        options = options or ConnectionOptions()
        if log_content:
            options = replace(options, log_content=True)
        if not 1 <= blendshape_rate_hz <= 1000:
            raise ConfigurationError("Give a blendshape_rate_hz of 1 to 1000 frames a second, such as 60.")
        if not mcp_approval_timeout_s > 0:
            raise ConfigurationError(
                f"mcp_approval_timeout_s must be a positive number of seconds, not {mcp_approval_timeout_s}."
            )
        recovery = recovery or RecoveryOptions()
        self._conversation = Conversation(
            functools.partial(
                new_session,
                api_version=self._api_version,
                blendshape_rate_hz=blendshape_rate_hz,
                approval_timeout_s=mcp_approval_timeout_s,
                memory=memory,
            ),
            Route(targets, recovery.failover_after),
            options,
            recovery,
            dialect,
            of_agent=self._of_agent,
            conversation_id=parameters.get("conversation-id"),
            every_event=every_event,
            clock=clock,
        )
        self._line = self._conversation.line
        self._connecting: asyncio.Timeout | None = None
        super().__init__(self._conversation.questions)
        self.handle(inputs.Configure(wire))

    # --- life --------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Open the connection. Returns when it is open; `SessionReady` says when the session is.

        What may pass is tried again for `RecoveryOptions.connect_budget_s`. May be called again if it failed.
        Cancelling leaves nothing open. `close` ends it: then it returns, and the iterator is at its end.

        Raises:
            AuthenticationError: The credential was refused, or no token could be had.
            ConnectionFailedError: No connection could be opened.
            ProtocolError: It is connecting, or was connected before; a client has one conversation.
        """
        if self._conversation.over or self._connecting is not None or self._line.has_begun:
            raise ProtocolError("A client connects once. Make another for another conversation.")
        try:
            async with asyncio.timeout(None) as self._connecting:  # no time limit: `close` makes it expire
                await self._line.open()
        except TimeoutError:
            return
        finally:
            self._connecting = None
        if self._conversation.over:
            await self._line.close()

    async def close(self) -> None:
        """Close the connection and end the iterator. May be called twice, and without connecting.

        Open brackets are closed; signals that were not taken can still be. Takes no longer than
        `ConnectionOptions.close_timeout_s`, and opens nothing more. Cancelling leaves the closing to the
        transport.
        """
        self._conversation.end(closed())
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            connecting.reschedule(0)
        await self._line.close()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # --- what is heard -----------------------------------------------------------------------------

    async def __aiter__(self) -> AsyncIterator[ClientSignal]:
        """The signals, in order, until the conversation is over: closed, lost, or its options refused.

        For one consumer.

        A slow consumer does not make them pile up without end: from `ConnectionOptions.max_waiting_bytes`
        on, an answer is cut (`AnswerCut`).
        """
        signals = self._conversation.signals
        while True:
            while (signal := signals.take()) is not None:
                yield signal
            if self._conversation.over:
                return
            await signals.news()

    @property
    def answer_pending(self) -> bool:
        """Whether anything is being said or owed, or has signals that were not taken yet."""
        pending = self._session.answer_pending and not self._conversation.over
        return pending or self._conversation.signals.ends_an_answer

    def count_downstream(self, waiting_bytes: Callable[[], int]) -> None:
        """Have what waits behind the consumer of the signals count as waiting too.

        Args:
            waiting_bytes: Asked for with every piece of an answer, so it should know.
        """
        self._conversation.signals.downstream_bytes = waiting_bytes

    @property
    def hears_caller(self) -> bool:
        """Whether the service is in the middle of a turn of the caller that it has noticed itself."""
        return self._session.hears_caller

    @property
    def answer_coming(self) -> bool:
        """Whether an answer of the model's own is being given, asked for or owed."""
        return self._session.answer_coming

    @property
    def speeches(self) -> list[inputs.Speak]:
        """What is to be said and has not begun, in order; another client can `handle` it."""
        return self._session.speeches

    @property
    def turn_answer_ids(self) -> frozenset[str]:
        """The responses that began since the service last heard the caller begin."""
        return self._session.turn_answer_ids

    @property
    def results_waiting(self) -> bool:
        """Whether a tool's result was given that no answer has spoken of."""
        return self._session.results_waiting

    @property
    def session_info(self) -> SessionInfo | None:
        """The session as the service reported it last; None until it has taken options."""
        return self._conversation.info

    @property
    def conversation_id(self) -> str | None:
        """With an agent: the id by which a later session can go on with this conversation."""
        return self._conversation.conversation_id

    @property
    def takes_images(self) -> bool:
        """Whether the API version has images; which model sees is another question."""
        return takes_images(self._api_version)

    @property
    def is_ready(self) -> bool:
        """Whether the service has taken the session's options, so that what is sent goes out at once."""
        return self._session.ready and not self._conversation.over

    @property
    def is_open(self) -> bool:
        """Whether there is a connection. While one is being opened anew there is none."""
        return self._line.is_open and not self._conversation.over

    # --- what is said ------------------------------------------------------------------------------

    @raised_here
    def configure(self, session: SessionProperties | Mapping[str, Any]) -> None:
        """Set the session's options, all of them. Sent if they differ from what was sent.

        Raises:
            ConfigurationError: Options that cannot be sent or would be misunderstood, or instructions for
                an agent, which has its own.
        """
        self.handle(inputs.Configure(self._wire(session)))

    def _wire(self, session: SessionProperties | Mapping[str, Any]) -> dict[str, Any]:
        return session_on_wire(session, api_version=self._api_version, of_agent=self._of_agent)

    def send_audio(self, audio: bytes) -> None:
        """The caller's audio, in the session's input format (default: pcm16, 24 kHz, mono)."""
        self.handle(inputs.AppendAudio(audio))

    def start_turn(self) -> None:
        """Manual turns: the caller began to speak."""
        self.handle(inputs.StartTurn())

    def commit_turn(self) -> None:
        """Manual turns: the caller has finished, and is to be answered."""
        self.handle(inputs.CommitTurn())

    @raised_here
    def send_text(self, text: str, *, role: str = "user", respond: bool = True) -> None:
        """Add a message: role "user", "system" or "assistant"; and have it answered."""
        self.add_item(message_item(role, text))
        if respond:
            self.respond()

    @raised_here
    def send_image(
        self,
        image: bytes | str,
        *,
        text: str = "",
        detail: ImageDetail | UnsetType = UNSET,
        respond: bool = True,
    ) -> None:
        """Show the model an image, and have it answered. Not every model sees.

        Args:
            image: The bytes of a JPEG, PNG, GIF or WebP file, or a URL: https:, http: or data:image/.
            text: What is said with it.
            detail: How closely the model is to look; "low" costs the fewest tokens.
            respond: Whether to have it answered.

        Raises:
            ConfigurationError: It is no such image, or larger than 2 MiB.
        """
        self.add_item(image_message(image_part(image, detail), text))
        if respond:
            self.respond()

    def begin_text(self, *, respond: bool = True) -> TextInput:
        """Begin a text of the caller that comes piece by piece.

            with client.begin_text() as text:
                for piece in pieces:
                    text.write(piece)

        Args:
            respond: Whether to have it answered when it is closed.
        """
        item_id = f"pv{uuid.uuid4().hex[:10]}_text"
        return TextInput(self.handle, item_id, api_version=self._api_version, respond=respond)

    def add_item(self, item: ConversationItem) -> None:
        """Add an item at the end of the conversation."""
        self.handle(inputs.AddItem(item))

    def invoke(self, input: Mapping[str, Any]) -> None:  # noqa: A002 - the service's word
        """Hand a JSON object to a hosted agent of the Invocations protocol, and have it answer."""
        self.respond(ResponseProperties(invoke_input=dict(input)))

    def speak(self, text: str, *, interruptible: bool = True) -> None:
        """Have the bot say exactly this, now or behind what it is saying; several keep their order.

        It enters the service's conversation, and comes out like any answer: `ResponseOpened.speech` tells.

        Args:
            text: The words; blank ones are ignored.
            interruptible: Whether `interrupt` drops it while it waits.
        """
        self.handle(inputs.Speak(text, interruptible))

    def respond_to_results(self, properties: ResponseProperties | None = None) -> None:
        """Have the model speak of the tool results, once all calls of their group have theirs.

        Args:
            properties: Overrides for that response.
        """
        self.handle(inputs.RespondToResults(properties))

    def answer_tool(self, call_id: str, output: str, *, name: str = "", respond: bool = True) -> None:
        """Give the result of a tool call as text; `respond_to_results()` has it spoken of.

        Args:
            call_id: The call.
            output: The result, usually JSON.
            name: The function's name, in case the call belongs to an earlier conversation.
            respond: Whether an answer is to speak of it.
        """
        self.handle(inputs.AnswerTool(call_id, output, name, respond))

    def answer_approval(self, approval_request_id: str, *, approve: bool, reason: str | None = None) -> None:
        """Let an MCP call run that asked with `ApprovalRequested`, or not. The first answer counts.

        Args:
            approval_request_id: The request, from the signal.
            approve: Whether it may run.
            reason: Why not, for the model.
        """
        self.handle(inputs.AnswerApproval(approval_request_id, approve, reason))

    def interrupt(self, heard: inputs.Heard | None = None, *, for_turn: bool = False) -> None:
        """Stop the answer.

        Args:
            heard: How far it was played, so that the conversation is cut there.
            for_turn: Whether it is the caller's turn that interrupts, so that an answer to that very turn
                goes on which has begun by now.
        """
        self.handle(inputs.Interrupt(heard, for_turn))

    def connect_avatar(self, sdp_offer: str) -> None:
        """Offer the avatar a peer connection, in plain SDP with candidates; `AvatarAnswer` answers.

        The ICE servers to use stand in `session.avatar` of the signal `SessionReady`.
        """
        self.handle(inputs.ConnectAvatar(sdp_offer))

    @raised_here
    def send_event(self, event: ClientEvent | RawEvent | Mapping[str, Any]) -> None:
        """Send any client event as it is; a mapping for one that this package has no type for."""
        raw = RawEvent(members=dict(event)) if isinstance(event, Mapping) else event
        self.handle(inputs.SendRaw(raw))

    def handle(self, event: inputs.Input) -> None:
        """Tell the session something, and do at once what it wants done. Nothing, if it is over."""
        self._conversation.handle(event)

    @property
    def _session(self) -> Session:
        return self._conversation.session


def new_session(**options: Any) -> Session:
    """A session whose ids are its own."""
    return Session(id_prefix=f"pv{uuid.uuid4().hex[:10]}", **options)
