"""One session as the service lives it: client events in, server events out. Pure.

No clock, no socket: the time comes with every call, speech is asked for with `Speak` and comes back
through `speech_ready`. Whoever drives it calls `advance` when `deadline_s` has come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
    MalformedEvent,
    UnknownEvent,
)
from pipecat_voicelive.simulator.agent_threads import Thread
from pipecat_voicelive.simulator.avatar.stage import AvatarStage
from pipecat_voicelive.simulator.caller_audio import CallerAudio, Heard, TurnBegan, TurnEnded
from pipecat_voicelive.simulator.caller_script import CallerScript
from pipecat_voicelive.simulator.caller_voice import CallerLine, CallerVoice
from pipecat_voicelive.simulator.chance import dice
from pipecat_voicelive.simulator.contracts import check_contract, has_preview_events
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.dialogue import Dialogue
from pipecat_voicelive.simulator.effects import CallerFinished, Effect, McpFailure, Send
from pipecat_voicelive.simulator.errors_wire import (
    RefusedError,
    invalid_value,
    malformed_event,
    not_audio,
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
from pipecat_voicelive.simulator.session_config import SessionConfig, TurnTaking
from pipecat_voicelive.simulator.sources import API_REFERENCE, LIVE_TESTS, VOICE_TURN
from pipecat_voicelive.simulator.streamed_text import StreamedText
from pipecat_voicelive.simulator.turn_ends import looks_unfinished
from pipecat_voicelive.simulator.turn_words import TurnWords
from pipecat_voicelive.simulator.utterance import Utterance

_SPARE_SILENCE_MS = 300
MAX_APPEND_BYTES = 15 * 1024 * 1024


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
        strict: Whether to refuse what comes before the first `session.update`.
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
        turns = config.turn_taking
        self._voice = CallerVoice(config.input_format, self._silence_ms)
        self._caller = CallerAudio(
            config.input_format,
            turns.detection if turns else None,
            self._patience_ms,
            self._voice,
            asks_model=asks_model,
        )
        self._script = CallerScript(thread.brain.scenario, self._dialogue, self._voice)
        self._words = TurnWords(self._dialogue, self._voice, listens)
        self._held: deque[Received] = deque()
        self._held_lines: list[CallerLine] = []
        self._ignored: str | None = None  # the turn in progress, if it is nothing but fillers

    @property
    def conversation(self) -> Conversation:
        """What has been said, as the service holds it."""
        return self._dialogue.conversation

    @property
    def voice_turns(self) -> list[VoiceTurn]:
        """What the caller has spoken, turn by turn, and how its words are known."""
        return self._dialogue.hearing.turns

    @property
    def deadline_s(self) -> float | None:
        """When `advance` has something to do next, None if only an event can bring that about."""
        parts = (self._dialogue, self._avatar, self._voice, self._script)
        return min((part.deadline_s for part in parts if part.deadline_s is not None), default=None)

    @rule(
        "created-first",
        "`session.created` is the first event, also for a client that sends its `session.update` at once; "
        "`session.updated` follows each update that is accepted.",
        LIVE_TESTS.at("session.update before session.created"),
        VOICE_TURN.at("session.created"),
        topic=Topic.SESSION,
    )
    def open(self) -> list[Effect]:
        """The session begins."""
        return [Send(self._session_event("session.created"))]

    def handle(self, received: Received, now_s: float) -> list[Effect]:
        """What a client event leads to. Never raises: what is wrong is answered by an `error` event."""
        event = received.event
        if self._waiting and (self._held or not isinstance(event, InputAudioBufferAppendEvent)):
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
        silence = self._voice.due_samples(now_s)
        effects = self._react(self._caller.append_silence(silence), now_s) if silence else []
        effects += self._advance_dialogue(now_s)
        return effects + self._prompted(now_s)

    def expect_transcript(self, text: str) -> None:
        """The next voice turn that nobody was told of yet says this, whatever is heard."""
        self._words.expect(text)

    def heard(self, item_id: str, findings: Findings, now_s: float) -> list[Effect]:
        """What a `Listen` asked for."""
        effects = self._words.heard(item_id, findings, now_s) + self._advance_dialogue(now_s)
        return effects + self._handle_held(now_s) + self._prompted(now_s)

    def caller_says(self, line: CallerLine, now_s: float) -> list[Effect]:
        """Hear a line of the simulated caller; a `CallerFinished` tells that it has been said.

        Nothing is heard before the first `session.update`, from nobody.
        """
        if self._strict and not self._config.was_updated:
            self._held_lines.append(line)
            return []
        self._voice.say(line, now_s)
        silence = self._voice.samples_at_once()
        effects = self._react(self._caller.append_silence(silence), now_s) if silence else []
        return effects + self._advance_dialogue(now_s)

    def speech_ready(self, item_id: str, utterance: Utterance, now_s: float) -> list[Effect]:
        """The utterance that a `Speak` asked for."""
        return self._dialogue.speech_ready(item_id, utterance, now_s) + self._prompted(now_s)

    def voice_judged(self, stream: int, probabilities: Sequence[float], now_s: float) -> list[Effect]:
        """The answer to a `Judge`: the probability of a voice in each window."""
        effects = self._react(self._caller.judged(stream, probabilities), now_s)
        return effects + self._handle_held(now_s) + self.advance(now_s)

    @property
    def _waiting(self) -> bool:
        """Whether the audio so far may still bring something about."""
        return self._words.waiting or self._caller.waits

    def _handle_held(self, now_s: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._held and not self._waiting:
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
                return self._append(audio, now_s)
            case InputAudioBufferCommitEvent():
                return self._turn(self._caller.commit(), detected=False, answer=False, now_s=now_s)
            case InputAudioBufferClearEvent():
                self._caller.clear()
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
        turns = self._config.turn_taking
        self._caller.configure(self._config.input_format, turns.detection if turns else None)
        updated = Send(self._session_event("session.updated"))
        mcp = self._dialogue.mcp.configure(self._config.effective["tools"] or [])
        effects = [updated, *mcp, *self._avatar.configure(self._config.avatar, now_s)]
        held, self._held_lines = self._held_lines, []
        for line in held:
            effects += self.caller_says(line, now_s)
        return effects

    @rule(
        "append-silent",
        "`input_audio_buffer.append` is answered by nothing if it is taken. It holds up to 15 MiB.",
        VOICE_TURN.at("input_audio_buffer.append"),
        API_REFERENCE.at("input_audio_buffer.append"),
        topic=Topic.INPUT_AUDIO,
    )
    def _append(self, audio: bytes, now_s: float) -> list[Effect]:
        if not audio:
            raise not_audio("audio", "empty bytes")
        if len(audio) > MAX_APPEND_BYTES:
            raise invalid_value("'audio' must not be longer than 15 MiB.", "audio")
        self._voice.client_sent(now_s)
        return self._react(self._caller.append(audio), now_s)

    def _react(self, heard: Iterator[Heard], now_s: float) -> list[Effect]:
        turns = self._config.turn_taking
        effects: list[Effect] = []
        for happened in heard:
            assert turns is not None, "only turn detection finds turns"
            match happened:
                case TurnBegan(item_id) if self._hums(turns, now_s):
                    self._ignored = item_id
                case TurnEnded(item_id) if item_id == self._ignored:
                    self._voice.turn_ended()
                    self._words.pass_over(happened)
                case TurnBegan(item_id, audio_start_ms):
                    effects.append(
                        Send(InputAudioBufferSpeechStarted(audio_start_ms=audio_start_ms, item_id=item_id))
                    )
                    if turns.interrupt_response:
                        self._words.interrupt()
                        effects += self._dialogue.interrupt(
                            auto_truncate=turns.auto_truncate, now_s=now_s, appended_text=turns.appended_text
                        )
                case TurnEnded(item_id, audio_end_ms):
                    effects.append(
                        Send(InputAudioBufferSpeechStopped(audio_end_ms=audio_end_ms, item_id=item_id))
                    )
                    self._voice.turn_ended()
                    effects += self._turn(happened, detected=True, answer=turns.create_response, now_s=now_s)
                    # What is due comes before a further turn in the same audio.
                    effects += self._advance_dialogue(now_s)
                case _:
                    assert_never(happened)
        question = self._caller.question()
        asked = [] if question is None else [question]
        return [*effects, *asked, *(CallerFinished(line.number) for line in self._voice.take_said())]

    def _turn(self, turn: TurnEnded, *, detected: bool, answer: bool, now_s: float) -> list[Effect]:
        rate_hz = self._config.input_format.audio.rate_hz
        return self._words.turn(turn, rate_hz=rate_hz, detected=detected, answer=answer, now_s=now_s)

    def _advance_dialogue(self, now_s: float) -> list[Effect]:
        return self._dialogue.advance(now_s) + self._avatar.advance(now_s)

    def _prompted(self, now_s: float) -> list[Effect]:
        """What the simulated caller says unasked; nothing before the first `session.update`."""
        if self._strict and not self._config.was_updated:
            return []
        return self._script.advance(now_s, caller_speaks=self._caller.speaks or self._words.waiting)

    def _silence_ms(self) -> float:
        """How much silence ends a turn, with some to spare; none if turns are the client's."""
        turns = self._config.turn_taking
        if turns is None:
            return 0.0
        return turns.detection.silence_duration_ms + turns.unfinished_wait_ms + _SPARE_SILENCE_MS

    def _hums(self, turns: TurnTaking, now_s: float) -> bool:
        """Whether the caller, who begins to speak, says nothing that is a turn."""
        if not (turns.ignores_fillers and turns.understands(self._dialogue.language)):
            return False
        return self._dialogue.hears_fillers(self._words.expected, now_s)

    def _patience_ms(self) -> int:
        """How much more silence than set it takes to end the turn that is going on."""
        turns = self._config.turn_taking
        if turns is None or not turns.understands(self._dialogue.language):
            return 0
        unfinished = looks_unfinished(self._words.expected, turns.unfinished_level)
        return turns.unfinished_wait_ms if unfinished else 0

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
