"""One session as the service lives it: client events in, server events out. Pure.

No clock, no socket: the time comes with every call, speech is asked for with `Speak` and comes back
through `speech_ready`. Whoever drives it calls `advance` when `deadline_s` has come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from msgspec import UNSET

from pipecat_voicelive.protocol.client_events import (
    ClientEvent,
    ConversationItemCreateEvent,
    ConversationItemDeleteEvent,
    ConversationItemRetrieveEvent,
    ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent,
    InputAudioBufferClearEvent,
    InputAudioBufferCommitEvent,
    InputAudioClearEvent,
    InputAudioTurnAppendEvent,
    InputAudioTurnCancelEvent,
    InputAudioTurnEndEvent,
    InputAudioTurnStartEvent,
    InputTextDeltaEvent,
    InputTextDoneEvent,
    OutputAudioBufferClearEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    ResponseProperties,
    SessionAvatarConnectEvent,
    SessionUpdateEvent,
)
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.server_events import (
    InputAudioBufferCleared,
    MalformedEvent,
    UnknownEvent,
)
from pipecat_voicelive.simulator.agent_threads import Thread
from pipecat_voicelive.simulator.avatar.stage import AvatarStage
from pipecat_voicelive.simulator.caller_voice import CallerLine
from pipecat_voicelive.simulator.chance import dice
from pipecat_voicelive.simulator.contracts import check_contract, has_preview_events
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.dialogue import Dialogue
from pipecat_voicelive.simulator.documented_models import is_documented, refusal_of
from pipecat_voicelive.simulator.effects import Effect, McpFailure, Send
from pipecat_voicelive.simulator.errors_wire import (
    RefusedError,
    malformed_event,
    not_json,
    not_simulated,
    session_update_comes_first,
    unknown_event_type,
    unknown_parameter,
)
from pipecat_voicelive.simulator.faults.troubles import Troubles
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.item_checks import accepted_item
from pipecat_voicelive.simulator.item_events import ItemAnswer, ItemEvent, change_item
from pipecat_voicelive.simulator.known_words import Findings, VoiceTurn
from pipecat_voicelive.simulator.replies import Reply
from pipecat_voicelive.simulator.session_config import SessionConfig
from pipecat_voicelive.simulator.sources import LIVE_TESTS, VOICE_TURN
from pipecat_voicelive.simulator.streamed_text import StreamedText
from pipecat_voicelive.simulator.utterance import Utterance
from pipecat_voicelive.simulator.voice_turns import VoiceTurns

_MOST_HELD = 256


@dataclass(frozen=True, slots=True)
class Received:
    """A client event as it came.

    Attributes:
        event: The event.
        event_id: Its id, known even if the event could not be read.
        foreign: The path of a member that the contract of the session's version calls otherwise.
    """

    event: ClientEvent | UnknownEvent | MalformedEvent
    event_id: str | None = None
    foreign: str | None = None


class LiveSession:
    """One session of the simulated service.

    Args:
        config: Its options.
        thread: The conversation so far, usually empty, and its way through the scenario.
        speed: Audio seconds made in a second; `math.inf` for all at once.
        strict: Whether to refuse what comes before the first `session.update`, and models of unknown names.
        listens: Tells whether anything is to be found out by listening to a turn.
        asks_model: Whether a model says what is a voice: `Judge` asks it, and the answer comes back through
            `voice_judged`. What the client sends meanwhile is held back, but for audio.
    """

    def __init__(
        self,
        config: SessionConfig,
        thread: Thread,
        *,
        speed: float,
        strict: bool,
        listens: Callable[[], bool] = lambda: False,
        asks_model: bool = False,
    ) -> None:
        self._config = config
        self._strict = strict
        self._avatar = AvatarStage(speed=speed, preview=has_preview_events(config.api_version))
        self.troubles = Troubles(dice())
        self._dialogue = Dialogue(config, thread, self._avatar, self.troubles, speed=speed)
        self._streamed_text = StreamedText(self._dialogue.conversation)
        self._turns = VoiceTurns(
            config,
            self._dialogue,
            thread.brain.scenario,
            self._advance_dialogue,
            listens=listens,
            asks_model=asks_model,
        )
        self._held: deque[Received] = deque()
        self._held_lines: list[CallerLine] = []

    @property
    def conversation(self) -> Conversation:
        """What has been said, as the service holds it."""
        return self._dialogue.conversation

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for a turn that is listened to that nothing more should be brought."""
        return len(self._held) >= _MOST_HELD

    @property
    def voice_turns(self) -> list[VoiceTurn]:
        """What the caller has spoken, turn by turn, and how its words are known."""
        return self._dialogue.hearing.turns

    @property
    def deadline_s(self) -> float | None:
        """When `advance` has something to do next, None if only an event can bring that about."""
        due = (self._dialogue.deadline_s, self._avatar.deadline_s, self._turns.deadline_s)
        return min((due_s for due_s in due if due_s is not None), default=None)

    @rule(
        "created-first",
        "`session.created` is the first event, also for a client that sends its `session.update` at once; "
        "`session.updated` follows each update that is accepted.",
        LIVE_TESTS.at("session.update before session.created"),
        VOICE_TURN.at("session.created"),
        topic=Topic.SESSION,
    )
    def open(self) -> list[Effect]:
        """The session begins, if there is such a model."""
        if self._strict and not is_documented(self._config.model):
            return refusal_of(self._config.model)
        return [Send(self._session_event("session.created"))]

    def handle(self, received: Received, now_s: float) -> list[Effect]:
        """What a client event leads to. Never raises: what is wrong is answered by an `error` event."""
        event = received.event
        if self._turns.waiting and (self._held or not isinstance(event, InputAudioBufferAppendEvent)):
            self._held.append(received)
            return []
        try:
            if self._strict and received.foreign is not None:
                raise unknown_parameter(received.foreign)
            if self._strict and not isinstance(event, UnknownEvent | MalformedEvent):
                check_contract(event, self._config.api_version)
            effects = self._dispatch(received, now_s)
        except RefusedError as refused:
            effects = [Send(refused.event(received.event_id))]
        return effects + self.advance(now_s)

    def advance(self, now_s: float) -> list[Effect]:
        """Everything that is due."""
        effects = self._turns.advance(now_s) + self._advance_dialogue(now_s)
        return effects + self._prompted(now_s)

    def expect_transcript(self, text: str) -> None:
        """The next voice turn that nobody was told of yet says this, whatever is heard."""
        self._turns.expect(text)

    def heard(self, item_id: str, findings: Findings, now_s: float) -> list[Effect]:
        """What a `Listen` asked for."""
        effects = self._turns.heard(item_id, findings, now_s) + self._advance_dialogue(now_s)
        return effects + self._handle_held(now_s) + self._prompted(now_s)

    def caller_says(self, line: CallerLine, now_s: float) -> list[Effect]:
        """Hear a line of the simulated caller; a `CallerFinished` tells that it has been said.

        Nothing is heard before the first `session.update`, from nobody.
        """
        if self._strict and not self._config.was_updated:
            self._held_lines.append(line)
            return []
        return self._turns.say(line, now_s) + self._advance_dialogue(now_s)

    def speech_ready(self, item_id: str, utterance: Utterance, now_s: float) -> list[Effect]:
        """The utterance that a `Speak` asked for."""
        return self._dialogue.speech_ready(item_id, utterance, now_s) + self._prompted(now_s)

    def voice_judged(self, stream: int, probabilities: Sequence[float], now_s: float) -> list[Effect]:
        """The answer to a `Judge`: the probability of a voice in each window."""
        effects = self._turns.judged(stream, probabilities, now_s)
        return effects + self._handle_held(now_s) + self.advance(now_s)

    def _handle_held(self, now_s: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._held and not self._turns.waiting:
            effects += self.handle(self._held.popleft(), now_s)
        return effects

    def thought_of(self, response_id: str, reply: Reply, now_s: float) -> list[Effect]:
        """The answer that a `Think` asked for."""
        return self._dialogue.thought_of(response_id, reply, now_s)

    def speech_failed(self, item_id: str, message: str) -> list[Effect]:
        """The utterance that a `Speak` asked for cannot be had; `message` says why."""
        return self._dialogue.speech_failed(item_id, message)

    def tools_listed(self, item_id: str, result: list[dict[str, Any]] | McpFailure) -> list[Effect]:
        """The tools that a `ListTools` asked for, or why they cannot be had."""
        return self._dialogue.mcp.listed(item_id, result)

    def tool_called(self, item_id: str, result: str | McpFailure) -> list[Effect]:
        """What came of a `CallTool`."""
        return self._dialogue.mcp.called(item_id, result)

    def _dispatch(self, received: Received, now_s: float) -> list[Effect]:
        event = received.event
        match event:
            case UnknownEvent() | MalformedEvent():
                raise _unreadable(event)
            case SessionUpdateEvent(session=session):
                return self._update_session(session, now_s)
            case _ if self._strict and not self._config.was_updated:
                raise session_update_comes_first(event.type)
            case InputAudioBufferAppendEvent(audio=audio):
                return self._turns.append(audio, now_s)
            case InputAudioBufferCommitEvent():
                return self._turns.commit(now_s)
            case InputAudioBufferClearEvent():
                self._turns.clear()
                return [Send(InputAudioBufferCleared())]
            case ResponseCreateEvent(response=response, additional_instructions=additional):
                asked = ResponseProperties() if response is UNSET else response
                return self._dialogue.respond(
                    asked, received.event_id, now_s, additional_instructions=additional or ""
                )
            case ResponseCancelEvent(response_id=response_id):
                return self._dialogue.cancel(None if response_id is UNSET else response_id, now_s)
            case ConversationItemCreateEvent(item=item) if item.type == "mcp_approval_response":
                self._dialogue.mcp.check_answer(accepted_item(item))
                return [Send(self._change_item(event)), *self._dialogue.mcp.answered(item)]
            case (
                ConversationItemCreateEvent()
                | ConversationItemRetrieveEvent()
                | ConversationItemTruncateEvent()
                | ConversationItemDeleteEvent()
            ):
                return [Send(self._change_item(event))]
            case InputTextDeltaEvent() | InputTextDoneEvent():
                return self._stream_text(event)
            case OutputAudioBufferClearEvent() | SessionAvatarConnectEvent():
                return self._avatar.take(event, received.event_id, now_s)
            case (
                InputAudioTurnStartEvent()
                | InputAudioTurnAppendEvent()
                | InputAudioTurnEndEvent()
                | InputAudioTurnCancelEvent()
                | InputAudioClearEvent()
            ):
                raise not_simulated(event.type)
            case _:
                assert_never(event)

    def _update_session(self, session: dict[str, object], now_s: float) -> list[Effect]:
        self._config.update(session, has_spoken=self.conversation.has_assistant_audio)
        self._turns.configure()
        updated = Send(self._session_event("session.updated"))
        mcp = self._dialogue.mcp.configure(self._config.effective["tools"] or [])
        effects = [updated, *mcp, *self._avatar.configure(self._config.avatar, now_s)]
        held, self._held_lines = self._held_lines, []
        for line in held:
            effects += self.caller_says(line, now_s)
        return effects

    def _advance_dialogue(self, now_s: float) -> list[Effect]:
        return self._dialogue.advance(now_s) + self._avatar.advance(now_s)

    def _prompted(self, now_s: float) -> list[Effect]:
        """What the simulated caller says unasked; nothing before the first `session.update`."""
        if self._strict and not self._config.was_updated:
            return []
        return self._turns.prompted(now_s)

    def _change_item(self, event: ItemEvent) -> ItemAnswer:
        return change_item(event, self.conversation, self._config.model)

    def _stream_text(self, event: InputTextDeltaEvent | InputTextDoneEvent) -> list[Effect]:
        made = self._streamed_text.take(event)
        if made is None:
            return []
        return [Send(self._change_item(ConversationItemCreateEvent(item=made)))]

    def _session_event(self, event_type: str) -> RawEvent:
        return RawEvent(members={"type": event_type, "session": self._config.effective})


def _unreadable(event: UnknownEvent | MalformedEvent) -> RefusedError:
    if isinstance(event, UnknownEvent):
        return unknown_event_type(event.type)
    if event.type or "`type`" in event.problem or "`$.type`" in event.problem:
        return malformed_event(event.type, event.problem)
    return not_json()
