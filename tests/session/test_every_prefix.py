"""The connection is lost after any event of any recording: the next session goes on as if nothing had been.

What was said is what the consumer was told of it; whatever the session remembers, the new server must have
just that, in that order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from legal_server import LegalServer
from referee import Brackets, CallersTurns, Transcripts

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import SessionInfo
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.history import STILL_RUNNING
from test_tapes import NAMES, TAPES, inputs_of, load

pytestmark = pytest.mark.skipif(not TAPES.is_dir(), reason="VOICELIVE_TAPES names no folder of tapes")

LOSSES = ["lost", "lost twice", "renewed"]


@dataclass
class Told:
    """What a consumer knows of a conversation: its own doing, and what it is told."""

    said: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])  # item: role, words
    calls: dict[str, str | None] = field(default_factory=dict[str, "str | None"])  # call: its result
    due: bool = False  # whether an answer is to come of which nothing came out yet

    def __post_init__(self) -> None:
        self._referees = (Brackets(), CallersTurns(), Transcripts())

    def gave(self, intent: inputs.Input) -> None:
        match intent:
            case inputs.AddItem(item):
                self.said[str(item.id)] = (str(item.role), item.words)
            case inputs.AnswerTool(call_id, output):
                self.calls[call_id] = output
            case inputs.Respond() | inputs.RespondToResults():
                self.due = True
            case se.InputAudioBufferCommitted(item_id=item_id):
                self.said.setdefault(item_id, ("user", ""))
                self.due = True
            case _:
                pass

    def was_told(self, effects: list[fx.Effect]) -> None:
        for effect in effects:
            for referee in self._referees:
                referee.check(effect)
            match effect:
                case fx.UserTranscript(item_id=item_id, text=text):
                    self.said[item_id] = ("user", text)
                case fx.SpokenText(item_id=item_id, text=text):
                    self._add(item_id, text)
                case fx.TextDelta(item_id=item_id, delta=delta, spoken=False):
                    self._add(item_id, delta)
                    self.due = False
                case fx.SpeechOpened():
                    self.due = False
                case fx.ToolCalls(calls=calls):
                    self.calls |= dict.fromkeys((call.call_id for call in calls), None)
                    self.due = False
                case _:
                    pass

    def _add(self, item_id: str, text: str) -> None:
        self.said[item_id] = ("assistant", self.said.get(item_id, ("", ""))[1] + text)

    @property
    def conversation(self) -> list[tuple[str, str]]:
        """Roles and words, without what nobody has the words of."""
        return [(role, words.strip()) for role, words in self.said.values() if words.strip()]


def prefix_played(name: str, length: int) -> tuple[Session, Told, float, int]:
    """A session after so many inputs of a tape, and how many there are."""
    session, told, events = Session(id_prefix="tape"), Told(), list(inputs_of(load(name)))
    metadata: dict[str, str] | None = None
    output_id = ""  # the recording's client gave its outputs other ids
    for number, event in enumerate(events[:length]):
        if isinstance(event, se.ResponseCreated):
            response = msgspec.structs.replace(event.response, metadata=metadata)
            event, metadata = se.ResponseCreated(response=response), None
        elif isinstance(event, se.ConversationItemCreated) and event.item.type == "function_call_output":
            item = msgspec.structs.replace(event.item, id=output_id)
            event = msgspec.structs.replace(event, item=item)
        told.gave(event)
        effects = session.handle(event, number / 1000)
        for sent in effects:
            if isinstance(sent, fx.Send) and isinstance(sent.event, ce.ResponseCreateEvent):
                metadata = (sent.event.response or ce.ResponseProperties()).metadata or None
            if isinstance(sent, fx.Send) and isinstance(sent.event, ce.ConversationItemCreateEvent):
                output_id = str(sent.event.item.id)
        told.was_told(effects)
    return session, told, length / 1000, len(events)


class Next:
    """The session that goes on, and its server."""

    def __init__(self, old: Session, told: Told, now_s: float, *, how: str) -> None:
        self.told, self.now_s = told, now_s
        self.server = LegalServer(echoes=True, turn_detection=True, transcribes=True, prefix="new.")
        effects, carried = old.leave(now_s)
        assert not [effect for effect in effects if isinstance(effect, fx.Send)]
        told.was_told(effects)
        options = inputs.Configure({"instructions": "x"})
        if how == "lost twice":
            between = Session(id_prefix="between")
            told.was_told(between.handle(options, now_s))
            told.was_told(between.handle(inputs.Resume(carried), now_s))
            effects, carried = between.leave(now_s)
            told.was_told(effects)
        self.session = Session(id_prefix="next")
        self.created = se.SessionCreated(session=SessionInfo(id="s"))
        self.sent: list[Any] = []
        steps: list[inputs.Input] = [options, inputs.Resume(carried), self.created]
        if how == "renewed":
            steps = [self.created, options, inputs.Resume(carried)]
        for step in steps:
            if how == "renewed" and isinstance(step, inputs.Resume):
                self.settle(5)
            self.give(step)

    def give(self, event: inputs.Input) -> None:
        effects = self.session.handle(event, self.now_s)
        self.told.was_told(effects)
        for effect in effects:
            if isinstance(effect, fx.Send):
                self.sent.append(effect.event)
                self.server.inbox.append(effect.event)

    def settle(self, rounds: int = 40) -> None:
        """The server does what it is asked, with one word to each answer, and hears nobody."""
        for _ in range(rounds):
            while self.server.inbox:
                self.server.take()
            if self.server.active is not None:
                self.server.write("Yes.", spoken=False)
                self.server.finish("completed")
            while self.server.outbox:
                event = self.server.outbox.popleft()
                self.told.gave(event)
                self.give(event)
            self.now_s += 0.5
            if self.session.deadline_s is not None and self.session.deadline_s <= self.now_s:
                self.give(inputs.Tick())

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.sent if isinstance(event, kind)]


def every_prefix() -> list[Any]:
    return [pytest.param(name, how, id=f"{name}-{how}") for name in NAMES for how in LOSSES]


@pytest.mark.parametrize(("name", "how"), every_prefix())
def test_the_conversation_goes_on_after_any_event(name: str, how: str) -> None:
    length, most = 1, 1
    while length <= most:
        old, told, now_s, most = prefix_played(name, length)
        try:
            _goes_on(old, told, now_s, how)
        except AssertionError as error:
            error.add_note(f"after {length} inputs")
            raise
        length += 1


def _goes_on(old: Session, told: Told, now_s: float, how: str) -> None:
    waiting = old.results_waiting
    following = Next(old, told, now_s, how=how)
    before, due = told.conversation, told.due
    running = [call for call, result in told.calls.items() if result is None]
    following.settle()
    replayed = [event.item for event in following.of(ce.ConversationItemCreateEvent)]
    # The conversation is on the new server: what was said, in order, and nothing else but notes and pairs.
    messages = [item for item in replayed if item.type == "message" and item.role != "system"]
    assert [(str(item.role), item.words.strip()) for item in messages if item.words] == before
    calls = [item.call_id for item in replayed if item.type == "function_call"]
    outputs = [item.call_id for item in replayed if item.type == "function_call_output"]
    assert calls == outputs
    assert sorted(map(str, calls)) == sorted(told.calls)
    still_running = [item.call_id for item in replayed if item.output == STILL_RUNNING]
    assert still_running == running
    assert not [item for item in replayed if item.role == "system"]
    # What was owed is asked for once; what was not is not.
    assert len(following.of(ce.ResponseCreateEvent)) == (1 if due else 0)
    # Each running call is answered once, and one answer speaks of them.
    answered = len(following.sent)
    for call_id in running:
        following.give(inputs.AnswerTool(call_id, "fog"))
        following.give(inputs.AnswerTool(call_id, "fog again"))
    following.give(inputs.RespondToResults())
    following.settle()
    sent_since = [event.type for event in following.sent[answered:]]
    assert sent_since.count("conversation.item.create") == len(running)
    assert sent_since.count("response.create") == (1 if running or waiting else 0)
    assert not following.session.answer_pending
