"""Who says what when: voice turns become items, items become responses, speech stops responses. Pure.

The order of a voice turn's events depends on the pipeline, as recorded:

    native      committed, item created, item done, response ... transcript ... response
    cascaded    committed, transcript, item created, response ...
"""

from __future__ import annotations

from typing import assert_never

from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.server_events import (
    ConversationItemDone,
    InputAudioBufferCommitted,
    KnownServerEvent,
    ResponseInvocationDelta,
)
from pipecat_voicelive.simulator.agent_threads import Thread
from pipecat_voicelive.simulator.answers import Answers
from pipecat_voicelive.simulator.avatar.stage import AvatarStage
from pipecat_voicelive.simulator.caller_audio import TurnEnded
from pipecat_voicelive.simulator.conversation_errors import nothing_to_cancel, response_active
from pipecat_voicelive.simulator.effects import Effect, Note, Send
from pipecat_voicelive.simulator.errors_wire import RefusedError
from pipecat_voicelive.simulator.faults.troubles import Troubles
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.hearing import Hearing
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.known_words import NOTHING_FOUND, Findings
from pipecat_voicelive.simulator.later import Later, RespondLater, SendLater, UnderstandLater, in_time
from pipecat_voicelive.simulator.mcp_tools import McpTools
from pipecat_voicelive.simulator.playing import Playing
from pipecat_voicelive.simulator.replies import Reply
from pipecat_voicelive.simulator.response_input import pre_generated
from pipecat_voicelive.simulator.responses import RunningResponse
from pipecat_voicelive.simulator.scenario import Turn
from pipecat_voicelive.simulator.session_config import SessionConfig
from pipecat_voicelive.simulator.sources import (
    API_REFERENCE,
    CASCADED_TAPES,
    LIVE_TESTS,
    SDK,
    TRUNCATION,
    VOICE_TURN,
)
from pipecat_voicelive.simulator.turn_ends import is_only_fillers
from pipecat_voicelive.simulator.utterance import Utterance


class Dialogue:
    """The conversation of one session and the response on its way.

    Args:
        config: The session's options, as they are at any time.
        thread: What was said so far, usually nothing, and the way through the scenario.
        avatar: Who speaks, if the session has an avatar.
        troubles: What goes wrong in understanding and answering.
        speed: Audio seconds made in a second.
    """

    def __init__(
        self,
        config: SessionConfig,
        thread: Thread,
        avatar: AvatarStage,
        troubles: Troubles,
        *,
        speed: float,
    ) -> None:
        self.conversation = thread.conversation
        self._avatar = avatar
        self._troubles = troubles
        self.mcp = McpTools(thread.conversation)
        self._config = config
        self._pipeline = config.model.pipeline
        self._brain = thread.brain
        self._answers = Answers(config, thread, self.mcp, troubles, speed=speed)
        self._response: RunningResponse | None = None
        self._later: list[Later] = []
        self._playing = Playing(thread.conversation)
        self.hearing = Hearing(config, thread.conversation, thread.brain, troubles)

    @property
    def deadline_s(self) -> float | None:
        """When `advance` has something to do next."""
        running = self._response.deadline_s if self._response else None
        due = [later.due_s for later in self._later]
        return min([*due, *([] if running is None else [running])], default=None)

    def advance(self, now_s: float) -> list[Effect]:
        """Everything that is due."""
        effects: list[Effect] = []
        while due := [later for later in self._later if later.due_s <= now_s]:
            first = min(due, key=lambda later: later.due_s)
            self._later.remove(first)
            effects += self._catch_up(first, now_s)
        if self._response is not None:
            produced = self._response.advance(now_s)
            self._playing.note_sent(produced, now_s)
            effects += produced
            if self._response.finished:
                effects += self._retire()
        return effects

    @rule(
        "voice-turn-order",
        "A voice turn sends, with native models: committed, item created, item done, then the answer, with "
        "the transcript within it; with cascaded ones: committed, transcript, item created with the "
        "transcript in it, then the answer, and no item done.",
        VOICE_TURN,
        CASCADED_TAPES,
        topic=Topic.RESPONSES,
    )
    @rule(
        "commit-asks-for-nothing",
        "`input_audio_buffer.commit` makes a user item of what is buffered and brings no response; an item "
        "of a commit is created and not done.",
        LIVE_TESTS.at("manual turns"),
        API_REFERENCE.at("input_audio_buffer.commit"),
        topic=Topic.INPUT_AUDIO,
    )
    def voice_turn(
        self,
        turn: TurnEnded,
        findings: Findings = NOTHING_FOUND,
        *,
        detected: bool,
        answer: bool,
        now_s: float,
    ) -> list[Effect]:
        """A voice turn, found by the turn detection or committed by the client.

        Args:
            turn: The turn.
            findings: What is known to be said in it; the scenario may take a line where nothing is.
            detected: Whether the turn detection found it.
            answer: Whether it brings a response.
            now_s: The time now.
        """
        previous_item_id = self.conversation.last_id
        heard = self.hearing.hear(turn, findings)
        effects: list[Effect] = [
            Send(InputAudioBufferCommitted(previous_item_id=previous_item_id, item_id=turn.item_id)),
            Note(self.hearing.turns[-1].explained),
        ]
        delay_ms = heard.turn.transcript_delay_ms if heard.turn else None
        transcription = self.hearing.transcription(turn, heard)
        if delay_ms is not None:
            deltas, transcription = in_time(transcription, now_s, delay_ms)
            self._later += deltas
        if not self._pipeline.native:
            due_s = now_s + (delay_ms or 0.0) / 1000
            self._later.append(UnderstandLater(due_s, turn, heard, transcription, answer))
            return effects
        created = self.hearing.item_created(turn, None)
        effects.append(Send(created))
        if detected:
            effects.append(Send(ConversationItemDone(previous_item_id=previous_item_id, item=created.item)))
        if delay_ms is not None:
            self._later.append(SendLater(now_s + delay_ms / 1000, transcription))
            transcription = []
        if answer:
            effects += self._respond_unasked(transcription, now_s)
        else:
            effects += [Send(event) for event in transcription]
        return effects

    @property
    def language(self) -> str:
        """The language that the caller is taken to speak."""
        options = self._config.transcription
        return options.language if options else "en-US"

    @property
    def playing(self) -> Playing:
        """What a client would be playing."""
        return self._playing

    @property
    def busy(self) -> bool:
        """Whether an answer is being made, or a turn understood."""
        return self._response is not None or bool(self._later)

    @property
    def lines_left(self) -> list[Turn]:
        """The scenario's lines that nobody has said yet."""
        return self._brain.left(self.conversation.items)

    @property
    def expected_words(self) -> str:
        """What the caller is about to say, "" if the scenario does not know."""
        return self._brain.expected_words(self.conversation.items)

    def hears_fillers(self, words: str, now_s: float) -> bool:
        """Whether the caller, who begins to speak these words, only hums while the bot speaks.

        The bot speaks as long as a client that plays everything at once would be playing it.
        """
        speaking = self._response is not None or self._playing.goes_on(now_s)
        return speaking and is_only_fillers(words)

    def pass_over(self) -> None:
        """The caller has hummed: the line is used up and nothing comes of it."""
        self._brain.hear(new_id("item_", 21), 0.0, self.conversation.items)

    def respond(
        self,
        asked: ResponseProperties,
        event_id: str | None,
        now_s: float,
        *,
        additional_instructions: str = "",
    ) -> list[Effect]:
        """Begin a response that the client asks for.

        One that runs is cancelled if `cancel_previous` says so; left out, it was seen to refuse the new one,
        although the schema's default is to cancel.

        Raises:
            RefusedError: One runs already, or `asked` will not do.
        """
        options = self._answers.options(asked, additional_instructions)
        if self._response is not None and asked.cancel_previous is not True:
            raise response_active(self._response.id)
        # What is wrong with it is found before anything is cancelled.
        given, items = pre_generated(asked), self._answers.items(asked)
        cancelled: list[Effect] = []
        if self._response is not None:
            cancelled = self.cancel(None, now_s)
            items = self._answers.items(asked)  # now with what was cut short
        transcribing = [later.due_s for later in self._later if isinstance(later, UnderstandLater)]
        if transcribing:
            self._later.append(RespondLater(max(transcribing), asked, event_id, additional_instructions))
            return cancelled
        reply, self._response = self._answers.begin(options, items, given, now_s)
        effects = cancelled + self._response.start() + self._troubles.announced()
        if reply.why:
            effects.append(Note(reply.why))
        if self._config.model.agent is not None:
            effects += [Send(ResponseInvocationDelta(delta=dict(event))) for event in reply.events]
        return effects

    @rule(
        "cancelled-response",
        "A response that is cancelled ends with the status cancelled, for the reason client_cancelled or "
        "turn_detected; what it had begun is closed by its `.done` events, incomplete.",
        LIVE_TESTS.at("response.cancel"),
        SDK.at("ResponseCancelledDetails"),
        topic=Topic.RESPONSES,
    )
    def cancel(self, response_id: str | None, now_s: float) -> list[Effect]:
        """Stop the running response, as the client asks.

        Raises:
            RefusedError: None runs, or not the one that is named.
        """
        if self._response is None or response_id not in {None, self._response.id}:
            raise nothing_to_cancel()
        effects = self._response.cancel("client_cancelled") + self._retire()
        return effects + self._avatar.cut(now_s)

    @rule(
        "speech-stops-response",
        "Speech of the caller stops the running response, unless `interrupt_response` is false; nobody "
        "needs to send `response.cancel`. With `auto_truncate` the answer is cut to what a client that "
        "plays at once has played.",
        API_REFERENCE.at("interrupt_response"),
        TRUNCATION,
        topic=Topic.BARGE_IN,
    )
    def interrupt(
        self, *, auto_truncate: bool, now_s: float, appended_text: str | None = None
    ) -> list[Effect]:
        """The caller speaks: stop the running response, and cut what is still being played if told to.

        The conversation then holds the `appended_text` in place of what was not heard.
        """
        effects: list[Effect] = []
        if self._response is not None:
            effects += self._response.cancel("turn_detected") + self._retire()
        effects += self._avatar.stop(now_s)
        if auto_truncate:
            effects += self._playing.truncate(now_s, appended_text=appended_text)
        self._playing.stop()
        return effects

    def thought_of(self, response_id: str, reply: Reply, now_s: float) -> list[Effect]:
        """The answer that a `Think` asked for."""
        if self._response is None or self._response.id != response_id:
            return []
        self._response.thought_of(reply, now_s)
        return self.advance(now_s)

    def speech_ready(self, item_id: str, utterance: Utterance, now_s: float) -> list[Effect]:
        """The utterance that a `Speak` asked for."""
        response, effects = self._response, list[Effect]()
        if response is not None and response.speech_ready(item_id, utterance, now_s):
            effects = self._avatar.speak(response.id, utterance, now_s)
            if effects:
                self._playing.begin(item_id, self._avatar.last_starts_s)
        return effects + self.advance(now_s)

    def speech_failed(self, item_id: str, message: str) -> list[Effect]:
        """The utterance that a `Speak` asked for cannot be had; `message` says why."""
        if self._response is None:
            return []
        effects = self._response.speech_failed(item_id, message)
        if self._response.finished:
            effects += self._retire()
        return effects

    def _retire(self) -> list[Effect]:
        """The response is over, however it ended: the MCP calls that it wrote whole are made all the same."""
        response, self._response = self._response, None
        return [] if response is None else self.mcp.made(response.mcp_calls)

    def _catch_up(self, later: Later, now_s: float) -> list[Effect]:
        match later:
            case SendLater(_, events):
                return [Send(event) for event in events]
            case UnderstandLater():
                return self._understood(later, now_s)
            case RespondLater(_, asked, event_id, additional):
                try:
                    return self.respond(asked, event_id, now_s, additional_instructions=additional)
                except RefusedError as refused:
                    return [Send(refused.event(event_id))]
            case _:
                assert_never(later)

    def _understood(self, understood: UnderstandLater, now_s: float) -> list[Effect]:
        effects: list[Effect] = [Send(event) for event in understood.transcription]
        transcript = self.hearing.transcript(understood.heard)
        effects.append(Send(self.hearing.item_created(understood.turn, transcript)))
        return effects + (self._respond_unasked([], now_s) if understood.answer else [])

    def _respond_unasked(self, transcription: list[KnownServerEvent], now_s: float) -> list[Effect]:
        """Answer a voice turn; its transcript, if not sent before, travels within the answer."""
        try:
            effects = self.respond(ResponseProperties(), None, now_s)
        except RefusedError as refused:
            return [*(Send(event) for event in transcription), Send(refused.event(None))]
        if self._response is not None:
            self._response.interject(transcription)
        return effects
