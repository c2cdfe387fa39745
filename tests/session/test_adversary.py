"""Whatever is thrown at a session: it raises for no event, and all brackets close."""

from __future__ import annotations

import types
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from referee import Brackets

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.client_events import ClientEvent, ResponseProperties
from pipecat_voicelive.protocol.codec import decode_server_event, encode
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session.effects import Effect
from pipecat_voicelive.session.remote_calls import CallEvent

IDS = ["r1", "r2", "i1", "i2", "c1", "", "x_respond_1", "x_respond_2", "x_session_1", "create_i1"]
REMOTE = ["mcp_call", "mcp_approval_request", "mcp_approval_response", "mcp_list_tools"]
REMOTE += ["file_search_call", "foundry_agent_call"]
MEANINGS = ["function_call", "completed", "cancelled", "conversation_already_has_active_response", "{}"]
ODDITIES = ["g711_ulaw", "\ud800", "İ", "四", "a\x00b"]
TEXTS = st.sampled_from(IDS + MEANINGS + ODDITIES)
NUMBERS = st.sampled_from([0, 1, 20, -5, 10**6, 2**63, 10**400])
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS | st.dictionaries(TEXTS, st.none() | TEXTS, max_size=2)


@cache
def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that an event's member has."""
    if kind is str:
        return TEXTS
    if kind is int:
        return NUMBERS
    if kind is float:
        return st.sampled_from([0.0, -1.0, 1e300])
    if kind is bool:
        return st.booleans()
    if kind is bytes:
        return st.binary(max_size=9)
    if kind is type(None) or kind is msgspec.UnsetType:
        return st.just(None if kind is type(None) else msgspec.UNSET)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        return st.builds(kind, **{name: anything(hints[name]) for name in kind.__struct_fields__})
    origin, members = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return st.one_of([anything(member) for member in members])
    if origin is list:
        return st.lists(anything(members[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(anything(members[0]), anything(members[1]), max_size=2)
    return PLAIN


ECHOES = st.sampled_from(["x_respond_1", "x_respond_2"]).map(
    lambda request: se.ResponseCreated(
        response=se.Response(id="r1", metadata={"pipecat_voicelive_request": request})
    )
)
REMOTE_ITEMS = st.builds(
    msgspec.structs.replace, anything(se.ConversationItem), type=st.sampled_from(REMOTE), id=TEXTS
)
REMOTE_TOOLS = st.one_of(
    st.builds(se.ConversationItemCreated, item=REMOTE_ITEMS),
    st.builds(se.ResponseOutputItemAdded, response_id=TEXTS, item=REMOTE_ITEMS),
    st.builds(se.ResponseOutputItemDone, response_id=TEXTS, item=REMOTE_ITEMS),
    st.one_of([anything(kind) for kind in CallEvent.__args__]),
)
FACTS = st.one_of([anything(kind) for kind in se.KnownServerEvent.__args__]) | ECHOES
OFTEN = st.one_of(
    [
        anything(kind)
        for kind in (
            se.ResponseCreated,
            se.ResponseDone,
            se.ResponseAudioDelta,
            se.ResponseAudioTranscriptDelta,
            se.ResponseAudioTimestampDelta,
            se.ResponseAnimationVisemeDelta,
            se.ResponseOutputItemAdded,
            se.ResponseFunctionCallArgumentsDone,
            se.InputAudioBufferSpeechStarted,
            se.InputAudioBufferSpeechStopped,
            se.InputAudioBufferCommitted,
            se.InputAudioTranscriptionCompleted,
            se.ConversationItemCreated,
            se.SessionUpdated,
            se.Error,
        )
    ]
)
INTENTS = st.one_of(
    st.builds(
        inputs.Configure, st.dictionaries(st.sampled_from(["a", "input_audio_format"]), st.just("g711_ulaw"))
    ),
    st.builds(inputs.AppendAudio, st.binary(max_size=9)),
    st.builds(inputs.AppendAudio, st.just(bytes(200_000))),
    st.just(inputs.StartTurn()),
    st.just(inputs.CommitTurn()),
    st.builds(inputs.AddItem, anything(se.ConversationItem)),
    st.builds(inputs.Respond, st.none() | anything(ResponseProperties)),
    st.builds(inputs.AnswerTool, TEXTS, TEXTS, TEXTS, st.booleans()),
    st.builds(inputs.AnswerApproval, TEXTS, st.booleans(), st.none() | TEXTS),
    st.builds(inputs.Interrupt, st.none() | st.builds(inputs.Heard, TEXTS, st.floats(0, 1e9))),
    st.builds(inputs.SendRaw, anything(ClientEvent)),
    st.just(inputs.Tick()),
    st.just(inputs.Lost()),
)
SECONDS = st.sampled_from([0.0, 0.5, 3.0, 100.0])


def handle(session: Session, event: inputs.Input, now_s: float) -> list[Effect]:
    """What is done about it: nothing, if it is an intent that cannot be sent."""
    try:
        return session.handle(event, now_s)
    except ConfigurationError:
        assert isinstance(event, inputs.Intent)
        return []


@given(st.lists(st.tuples(OFTEN | FACTS | REMOTE_TOOLS | INTENTS, SECONDS), max_size=60), st.booleans())
def test_anything_at_all_is_survived(events, ready):
    session, brackets, now_s = Session(id_prefix="x"), Brackets(), 0.0
    if ready:
        for event in (
            se.SessionCreated(session=se.SessionInfo()),
            se.SessionUpdated(session=se.SessionInfo()),
        ):
            session.handle(event, now_s)
    for event, seconds in [*events, (inputs.Lost(), 0.0)]:
        for effect in handle(session, event, now_s):
            brackets.check(effect)
        assert session.deadline_s is None or isinstance(session.answer_pending, bool)
        now_s += seconds
    brackets.assert_closed()


@given(st.lists(st.tuples(OFTEN | REMOTE_TOOLS | INTENTS, SECONDS), max_size=40))
def test_time_comes_to_an_end_of_its_deadlines(events):
    session, now_s = Session(id_prefix="x"), 0.0
    for event, seconds in events:
        handle(session, event, now_s)
        now_s += seconds
    for _ in range(200):
        if (due_s := session.deadline_s) is None:
            return
        now_s = max(now_s, due_s)
        session.handle(inputs.Tick(), now_s)
    raise AssertionError("ticks for ever")


@given(st.binary(max_size=60) | st.text(max_size=60) | FACTS.map(lambda event: _try_encode(event)))
def test_any_message_can_be_read(message):
    Session(id_prefix="x").handle(decode_server_event(message), 0.0)


def _try_encode(event: Any) -> bytes:
    try:
        return encode(event)
    except (UnicodeError, msgspec.EncodeError, OverflowError):
        return b"{}"
