"""What must hold, whatever bytes come."""

from __future__ import annotations

import contextlib
import pickle
from typing import get_args

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.codec import (
    RawEvent,
    decode_any,
    decode_base64,
    decode_client_event,
    decode_plain,
    decode_server_event,
    encode,
    parse_arguments,
    to_plain,
)
from pipecat_voicelive.protocol.dialect_v1 import V1Dialect
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.protocol.server_events import KnownServerEvent, MalformedEvent, UnknownEvent
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.memory import MemoryOptions
from session.referee import Brackets

from .choices import Choices
from .events import EVENTS, IDS, IN_V1, answer, message, mostly, turn

DIALECT = V1Dialect()
KNOWN = get_args(KnownServerEvent)
OVERHEAD_BYTES = 2_500_000
"""What a session may hold beside what it was told: forty seconds of the caller's audio above all."""
MOST_TICKS = 300


def read(data: bytes) -> None:
    """Any message can be read, in every wording; what was understood can be written and is the same then."""
    for decode in (decode_server_event, DIALECT.decode):
        event = decode(data)
        assert isinstance(event, (*KNOWN, UnknownEvent, MalformedEvent))
        assert len(event.type) <= len(data)
        to_plain(event)
        if isinstance(event, KNOWN):
            assert decode_server_event(encode(event)) == event
    decode_client_event(data)
    DIALECT.decode_client(data)
    decode_plain(data)
    text = data.decode("utf-8", "surrogateescape")
    decode_any(text)
    decode_base64(text)
    parse_arguments(text)
    decode_server_event(text)


def read_events(data: bytes) -> None:
    """The same with what is nearly an event."""
    choices = Choices(data)
    read(message(choices, choices.pick((EVENTS, IN_V1))))


def converse(data: bytes) -> None:
    """A session: nothing makes it raise, what it does is well formed, and it comes to an end."""
    choices = Choices(data)
    talk = _Talk(choices)
    if choices.number(4):
        talk.begin()
    while not choices.used_up:
        talk.step()
    talk.end()


class _Talk:
    """A session, what is said to it, and what must hold of it."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._memory = MemoryOptions(budget_chars=1000, oldest=choices.pick(("drop", "summarize")))
        self._session = Session(id_prefix="x", memory=self._memory)
        self._brackets = Brackets()
        self._now_s = 0.0
        self._count = 0
        self._told_bytes = 0

    def step(self) -> None:
        """The next thing happens."""
        choices = self._choices
        what = choices.number(19)
        if what < 6:
            self.hear(message(choices))
        elif what < 9:
            self._flow(choices)
        elif what < 13:
            self.tell(_intent(choices))
        elif what < 17:
            self._now_s += choices.pick((0.0, 0.01, 0.5, 3.0, 100.0))
            self.tell(inputs.Tick())
        elif what < 18:
            self.wait()
        else:
            self.change_connections()

    def begin(self) -> None:
        """The service takes the options."""
        self.hear(b'{"type":"session.created","session":{"id":"s"}}')
        self.tell(inputs.Configure({"instructions": "x"}))
        self.hear(b'{"type":"session.updated","session":{"id":"s","turn_detection":{"type":"server_vad"}}}')

    def change_connections(self) -> None:
        """The connection is gone or left, and the conversation goes on over another."""
        effects, carried = self._session.leave(self._now_s)
        self._check(effects)
        self._brackets.assert_closed()
        self._brackets = Brackets()  # ids are the new session's
        self._now_s += self._choices.pick((0.0, 1.0, 30.0))
        self._session = Session(id_prefix="x", memory=self._memory)
        when = self._choices.number(4)
        if when == 1:
            self.begin()
        self.tell(inputs.Resume(carried if when < 3 else carried.without_history()))
        if when == 2:
            self.begin()

    def _flow(self, choices: Choices) -> None:
        """An answer or a turn as they go, up to some point, with what happens in between."""
        self._count += 1
        request = choices.pick((None, f"x_respond_{self._count}", "x_respond_1"))
        flow = answer(f"r{self._count}", request) if choices.number(3) else turn(f"u{self._count}")
        stop = choices.number(len(flow) * 2)
        for number, event in enumerate(flow):
            if number > stop:
                break
            if (received := mostly(choices, event)) is not None:
                self.hear(received)
            if choices.number(8) == 7:
                self.tell(_intent(choices))

    def hear(self, received: bytes) -> None:
        """The service says this."""
        self._told_bytes += len(received)
        self._handle(decode_server_event(received))

    def tell(self, intent: inputs.Intent) -> None:
        """The application wants this; what cannot be sent is refused, and nothing comes of it."""
        if not isinstance(intent, inputs.AppendAudio):
            self._told_bytes += len(repr(intent)) + 4000
        with contextlib.suppress(ConfigurationError):
            self._handle(intent)

    def wait(self) -> None:
        """Time passes until nothing is due, which must be soon."""
        for _ in range(MOST_TICKS):
            if (due_s := self._session.deadline_s) is None:
                return
            self._now_s = max(self._now_s, due_s)
            self._handle(inputs.Tick())
            due_s = self._session.deadline_s
            assert due_s is None or due_s > self._now_s, "the same moment again and again"
        raise AssertionError("ticks for ever")

    def end(self) -> None:
        """It is over; all that was opened is closed."""
        self.wait()
        self._handle(inputs.Lost())
        self._brackets.assert_closed()
        held_bytes = len(pickle.dumps(self._session))
        assert held_bytes < OVERHEAD_BYTES + 4 * self._told_bytes, f"{held_bytes} bytes are held"

    def _handle(self, event: inputs.Input) -> None:
        self._check(self._session.handle(event, self._now_s))
        session = self._session
        assert isinstance(session.answer_pending, bool)
        assert isinstance(session.answer_coming, bool)
        assert isinstance(session.at_boundary, bool)
        assert isinstance(session.speeches, list)

    def _check(self, effects: list[fx.Effect]) -> None:
        for effect in effects:
            self._brackets.check(effect)
            if isinstance(effect, fx.Send):
                encode(effect.event)
                DIALECT.encode(effect.event)


def _intent(choices: Choices) -> inputs.Intent:
    text = choices.pick(("Hello.", "", " ", "\ud800", "x" * 3000))
    item = ConversationItem(
        type="message", id=choices.pick(IDS), role="user", content=[ItemContent(type="input_text", text=text)]
    )
    makers = (
        lambda: inputs.Respond(),
        lambda: inputs.Interrupt(),
        lambda: inputs.Interrupt(inputs.Heard(choices.pick(IDS), choices.pick((0.0, 30.0, 1e9)))),
        lambda: inputs.AddItem(item),
        lambda: inputs.AppendAudio(bytes(choices.pick((0, 1, 960, 200_000)))),
        lambda: inputs.StartTurn(),
        lambda: inputs.CommitTurn(),
        lambda: inputs.AnswerTool(choices.pick(IDS), text, "", choices.pick((True, False))),
        lambda: inputs.RespondToResults(),
        lambda: inputs.Speak(text, choices.pick((True, False))),
        lambda: inputs.Ask("q", ResponseProperties(instructions=text)),
        lambda: inputs.Withdraw("q"),
        lambda: inputs.AnswerApproval(choices.pick(IDS), choices.pick((True, False))),
        lambda: inputs.ConnectAvatar("v=0"),
        lambda: inputs.SendRaw(RawEvent(members={"type": "response.create"})),
        lambda: inputs.Configure({"instructions": text, "input_audio_format": "g711_ulaw"}),
        lambda: inputs.Respond(ResponseProperties(instructions=text), text),
    )
    return choices.pick(makers)()


TARGETS = {"codec": (read, read_events), "session": (converse,)}
