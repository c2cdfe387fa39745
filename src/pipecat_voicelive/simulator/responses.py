"""The life of one response, from `response.created` to `response.done`.

                   delay over             utterance is there              last step
    Thinking ────▶ (next output) ──▶ AwaitingSpeech ──▶ Producing ──▶ (next output) ──▶ Finished
                         └──────────── text and calls ──────▲

Cancelling is possible everywhere: the output in hand is closed with what was sent of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from msgspec.structs import replace

from pipecat_voicelive.protocol.items import ConversationItem, Response, TokenUsage
from pipecat_voicelive.protocol.server_events import (
    ConversationItemCreated,
    KnownServerEvent,
    ResponseAudioDelta,
    ResponseAudioTranscriptDelta,
    ResponseCreated,
    ResponseDone,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
)
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.effects import Effect, McpServer, Send, Speak, StopThinking, Think
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.interim import Interim
from pipecat_voicelive.simulator.mcp_tools import McpCall, approval_request
from pipecat_voicelive.simulator.output_kinds import Output, output_for
from pipecat_voicelive.simulator.outputs import Place, Step
from pipecat_voicelive.simulator.pipelines import Pipeline
from pipecat_voicelive.simulator.remote_outputs import McpCallOutput
from pipecat_voicelive.simulator.replies import Part, Reply, Say
from pipecat_voicelive.simulator.response_input import ResponseInput
from pipecat_voicelive.simulator.response_options import ResponseOptions
from pipecat_voicelive.simulator.sources import TEXT_TURN, VOICE_TURN
from pipecat_voicelive.simulator.spoken_output import SpokenOutput
from pipecat_voicelive.simulator.thinking import Question
from pipecat_voicelive.simulator.usage import text_tokens, token_usage
from pipecat_voicelive.simulator.utterance import Utterance

CancelReason = Literal["turn_detected", "client_cancelled"]

_ASIDES_AFTER_DELTAS = 3
"""Where in the answer the native pipeline has been seen to send the transcript of the question."""

_REASONING_TOKENS = {"low": 32, "medium": 64, "high": 128, "xhigh": 256}


@dataclass(frozen=True, slots=True)
class _Thinking:
    until_s: float


@dataclass(frozen=True, slots=True)
class _AwaitingThought:
    """Somebody else thinks of the answer."""


@dataclass(frozen=True, slots=True)
class _AwaitingSpeech:
    output: SpokenOutput


@dataclass(frozen=True, slots=True)
class _Producing:
    output: Output
    began_s: float
    steps: deque[Step]


@dataclass(frozen=True, slots=True)
class _Finished:
    pass


class RunningResponse:
    """A response on its way.

    Args:
        reply: What it consists of.
        interim: What is said first, while the rest is thought about, or None.
        question: What somebody else is asked who thinks of the answer; None if the reply has it.
        options: How it is made.
        mcp_tools: The servers of the MCP tools that may be called.
        given: What it is made from.
        conversation: Where its items go, unless it is out of band.
        conversation_id: As reported.
        pipeline: Tells how items look on the way.
        speed: Audio seconds made in a second; `math.inf` for all at once.
        now_s: The time now.
    """

    def __init__(
        self,
        reply: Reply,
        *,
        interim: Interim | None,
        question: Question | None,
        options: ResponseOptions,
        mcp_tools: Mapping[str, McpServer],
        given: ResponseInput,
        conversation: Conversation,
        conversation_id: str | None,
        pipeline: Pipeline,
        speed: float,
        now_s: float,
    ) -> None:
        self.id = new_id("resp_", 21)
        self._interim = interim
        self._parts = deque(reply.parts)
        self._ending = reply.ending
        self._question = question
        self._options = options
        self._mcp_tools = mcp_tools
        self.mcp_calls: list[McpCall] = []
        self._given = given
        self._conversation = conversation
        self._conversation_id = conversation_id
        self._pipeline = pipeline
        self._speed = speed
        self._done: list[ConversationItem] = []
        self._text_out = 0
        self._audio_out_ms = 0.0
        self._asides: list[KnownServerEvent] = []
        self._transcript_deltas = 0
        self._answer_at_s = now_s + reply.delay_ms / 1000
        self._phase: _Thinking | _AwaitingThought | _AwaitingSpeech | _Producing | _Finished = _Thinking(
            self._answer_at_s if interim is None else now_s + interim.after_ms / 1000
        )

    @property
    def finished(self) -> bool:
        """Whether `response.done` has been sent."""
        return isinstance(self._phase, _Finished)

    @property
    def deadline_s(self) -> float | None:
        """When `advance` has something to do, None if that is not a matter of time."""
        match self._phase:
            case _Thinking(until_s):
                return until_s
            case _Producing(_, began_s, steps):
                return self._due_s(began_s, steps[0]) if steps else began_s
            case _AwaitingThought() | _AwaitingSpeech() | _Finished():
                return None

    @property
    def _is_last(self) -> bool:
        """Whether no further output follows the one in hand."""
        return not self._parts and self._question is None

    @rule(
        "answer-order",
        "An answer is response created, output item added, item created, content part added, transcript and "
        "audio deltas, audio done, transcript done, content part done, output item done, response done, "
        "which holds all items and the usage.",
        TEXT_TURN,
        VOICE_TURN,
        topic=Topic.RESPONSES,
    )
    def start(self) -> list[Effect]:
        """Announce it."""
        effects: list[Effect] = [Send(ResponseCreated(response=self._report("in_progress")))]
        if self._question is not None:
            effects.append(Think(self.id, self._question))
        return effects

    def advance(self, now_s: float) -> list[Effect]:
        """Everything that is due."""
        effects: list[Effect] = []
        while True:
            match self._phase:
                case _Thinking(until_s):
                    if now_s < until_s:
                        return effects
                    effects += self._next_output(now_s)
                case _Producing(output, began_s, steps):
                    while steps and self._due_s(began_s, steps[0]) <= now_s:
                        effects += self._emit(output, steps.popleft().event)
                    self._note_audio(output, with_data=False)
                    if steps:
                        return effects
                    effects += self._close(output, self._ending.last_item if self._is_last else "completed")
                    effects += self._next_output(now_s)
                case _AwaitingThought() | _AwaitingSpeech() | _Finished():
                    return effects
                case _:
                    assert_never(self._phase)

    def thought_of(self, reply: Reply, now_s: float) -> None:
        """The answer that was asked for; nothing need be said any more to bridge the wait."""
        self._parts, self._ending, self._question = deque(reply.parts), reply.ending, None
        match self._phase:
            case _Thinking() | _AwaitingThought():
                self._interim = None
                self._phase = _Thinking(max(now_s, self._answer_at_s))
            case _:
                pass

    def speech_ready(self, item_id: str, utterance: Utterance, now_s: float) -> bool:
        """The utterance that was asked for; whether anybody waits for it still."""
        match self._phase:
            case _AwaitingSpeech(output) if output.place.item_id == item_id:
                self._phase = _Producing(
                    output, now_s, deque(output.steps(utterance.at_volume(self._options.volume)))
                )
                return True
            case _:
                return False

    def speech_failed(self, item_id: str, message: str) -> list[Effect]:
        """The utterance cannot be had: the response fails, if it still waits for it."""
        match self._phase:
            case _AwaitingSpeech(output) if output.place.item_id == item_id:
                error = {"type": "server_error", "code": "speech_failed", "message": message}
                return self._end("failed", {"type": "failed", "error": error})
            case _:
                return []

    def cancel(self, reason: CancelReason) -> list[Effect]:
        """Stop it: what was begun is closed as it is."""
        return self._end("cancelled", {"type": "cancelled", "reason": reason})

    def interject(self, events: Sequence[KnownServerEvent]) -> None:
        """Send events that are not about this response early in it, at its end at the latest."""
        self._asides += events

    def _due_s(self, began_s: float, step: Step) -> float:
        return began_s + step.at_ms / 1000 / self._speed

    def _emit(self, output: Output, event: KnownServerEvent) -> list[Effect]:
        output.note(event)
        if isinstance(event, ResponseAudioDelta) and not self._options.sends_audio:
            return []
        effects: list[Effect] = [Send(event)]
        if isinstance(event, ResponseAudioTranscriptDelta):
            self._transcript_deltas += 1
            if self._transcript_deltas == _ASIDES_AFTER_DELTAS:
                effects += self._flush_asides()
        return effects

    def _flush_asides(self) -> list[Effect]:
        asides, self._asides = self._asides, []
        return [Send(event) for event in asides]

    def _next_output(self, now_s: float) -> list[Effect]:
        if self._interim is not None:
            part, self._interim = Say(self._interim.text), None
        elif now_s < self._answer_at_s:
            self._phase = _Thinking(self._answer_at_s)
            return []
        elif self._question is not None:
            self._phase = _AwaitingThought()
            return []
        elif self._parts:
            part = self._parts.popleft()
        else:
            self._phase = _Thinking(now_s)  # the last output is closed
            return self._end(self._ending.status, self._ending.details)
        output = self._output_for(part)
        item = output.added_item(self._pipeline.running_status)
        effects: list[Effect] = [
            Send(
                ResponseOutputItemAdded(
                    response_id=self.id, output_index=output.place.output_index, item=item
                )
            )
        ]
        if self._options.in_conversation:
            previous_item_id = self._conversation.append(item)
            effects.append(Send(ConversationItemCreated(previous_item_id=previous_item_id, item=item)))
        effects += [Send(event) for event in output.opening()]
        match output:
            case SpokenOutput():
                self._phase = _AwaitingSpeech(output)
                self._note_audio(output, with_data=False)
                options = self._options
                effects.append(
                    Speak(
                        output.place.item_id,
                        output.text,
                        options.locale,
                        options.voice_name,
                        options.rate,
                        options.pitch,
                    )
                )
            case _:
                self._phase = _Producing(output, now_s, deque(output.steps()))
        return effects

    def _output_for(self, part: Part) -> Output:
        prefix = self._pipeline.assistant_id_prefix if isinstance(part, Say) else "item_"
        place = Place(self.id, new_id(prefix, 21), len(self._done))
        return output_for(
            part, place, self._options, mcp_tools=self._mcp_tools, audio_before_ms=self._audio_out_ms
        )

    def _close(self, output: Output, status: str) -> list[Effect]:
        item = output.item(status)
        self._done.append(item)
        self._text_out += text_tokens(output.text_so_far)
        if isinstance(output, SpokenOutput):
            self._audio_out_ms += output.sent_ms
        if self._options.in_conversation:
            self._conversation.update(item)
            self._note_audio(output, with_data=True)
        if isinstance(output, McpCallOutput) and status == "completed":
            return [*(Send(event) for event in output.closing()), *self._mcp_call_made(output)]
        done = ResponseOutputItemDone(response_id=self.id, output_index=output.place.output_index, item=item)
        return [*(Send(event) for event in output.closing()), Send(done)]

    def _mcp_call_made(self, output: McpCallOutput) -> list[Effect]:
        """The call is written whole; it is run, or its item is done, when the response is over."""
        item, place = output.item("completed"), output.place
        request = approval_request(output.server, item)
        effects: list[Effect] = []
        if request is not None:
            item = replace(item, approval_request_id=request.id)
            self._conversation.update(item)
            previous_item_id = self._conversation.append(request)
            effects.append(Send(ConversationItemCreated(previous_item_id=previous_item_id, item=request)))
        self.mcp_calls.append(McpCall(output.server, item, self.id, place.output_index))
        return effects

    def _note_audio(self, output: Output, *, with_data: bool) -> None:
        if isinstance(output, SpokenOutput) and self._options.in_conversation:
            self._conversation.set_audio(output.place.item_id, output.sent_audio(with_data=with_data))

    def _end(self, status: str, details: dict[str, Any] | None) -> list[Effect]:
        effects: list[Effect] = [] if self._question is None else [StopThinking(self.id)]
        match self._phase:
            case _AwaitingSpeech(output) | _Producing(output, _, _) if status != "completed":
                effects += self._close(output, "incomplete")
            case _:
                pass
        effects += self._flush_asides()
        self._phase = _Finished()
        response = self._report(status, details, self._usage())
        return [*effects, Send(ResponseDone(response=response))]

    def _usage(self) -> TokenUsage:
        return token_usage(
            text_in=self._given.text_tokens,
            image_in=self._given.image_tokens,
            audio_in_ms=self._given.audio_ms,
            text_out=self._text_out,
            audio_out_ms=self._audio_out_ms,
            reasoning=_REASONING_TOKENS.get(self._options.reasoning_effort or "", 0),
        )

    def _report(
        self, status: str, details: dict[str, Any] | None = None, usage: TokenUsage | None = None
    ) -> Response:
        return Response(
            id=self.id,
            object="realtime.response",
            status=status,
            status_details=details,
            output=list(self._done),
            usage=usage,
            conversation_id=self._conversation_id if self._options.in_conversation else None,
            modalities=self._options.modalities,
            voice=self._options.voice,
            output_audio_format=self._options.output_audio_format,
            temperature=self._options.temperature,
            max_output_tokens=self._options.max_output_tokens,
            metadata=self._options.metadata,
        )
