"""Events to text and back; and that reading never raises."""

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.codec import (
    CLIENT_EVENT_TYPES,
    SERVER_EVENT_TYPES,
    RawEvent,
    decode_client_event,
    decode_plain,
    decode_server_event,
    encode,
    parse_arguments,
    to_plain,
)
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.protocol.session_options import FunctionTool, OpenAIVoice

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KNOWN = st.sampled_from(sorted(SERVER_EVENT_TYPES | CLIENT_EVENT_TYPES))
MEMBERS = st.sampled_from(
    ["response", "item", "session", "error", "delta", "item_id", "response_id", "call_id"]
)


# --- server events -----------------------------------------------------------------------------------


def test_an_event_is_read_into_its_type():
    event = decode_server_event(
        '{"type":"input_audio_buffer.speech_started","item_id":"u","audio_start_ms":7}'
    )
    assert event == se.InputAudioBufferSpeechStarted(item_id="u", audio_start_ms=7)
    assert event.type == "input_audio_buffer.speech_started"


def test_audio_is_decoded_from_base64():
    text = base64.b64encode(b"\x00\x01\xff").decode()
    event = decode_server_event(
        json.dumps({"type": "response.audio.delta", "response_id": "r", "item_id": "i", "delta": text})
    )
    assert isinstance(event, se.ResponseAudioDelta)
    assert event.delta == b"\x00\x01\xff"


def test_members_nobody_knows_are_passed_over():
    message = '{"type":"response.done","response":{"id":"r","news":[1]},"more":{}}'
    assert decode_server_event(message) == se.ResponseDone(response=se.Response(id="r"))


def test_members_may_be_null_or_absent():
    message = (
        '{"type":"response.done","response":{"id":"r","status_details":null,"usage":null,"output":null}}'
    )
    event = decode_server_event(message)
    assert isinstance(event, se.ResponseDone)
    assert event.response.usage is None
    assert event.response.status_reason == ""


def test_an_unknown_type_keeps_its_members():
    event = decode_server_event('{"type":"response.dance.delta","step":2}')
    assert event == se.UnknownEvent(
        type="response.dance.delta", members={"type": "response.dance.delta", "step": 2}
    )


def test_a_known_event_that_does_not_fit_says_where_and_quotes_nothing():
    event = decode_server_event('{"type":"input_audio_buffer.speech_started","item_id":["my secret"]}')
    assert isinstance(event, se.MalformedEvent)
    assert event.type == "input_audio_buffer.speech_started"
    assert "item_id" in event.problem
    assert "secret" not in event.problem


@pytest.mark.parametrize(
    "message",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"type":7}',
        b"\xff\xfe{",
        "[" * 100_000,
        '{"type":"\\ud800"}',
    ],
)
def test_what_is_no_event_is_malformed(message):
    event = decode_server_event(message)
    assert isinstance(event, se.MalformedEvent)
    assert event.type == ""


@pytest.mark.parametrize("delta", ["%%%", "AQABAAU", "A"])
def test_audio_that_is_no_base64_is_malformed(delta):
    message = json.dumps({"type": "response.audio.delta", "response_id": "r", "item_id": "i", "delta": delta})
    assert isinstance(decode_server_event(message), se.MalformedEvent)


@pytest.mark.parametrize(
    "response",
    [
        {"usage": {"total_tokens": 8.5}},
        {"usage": "much"},
        {"output": [None]},
        {"metadata": {"a": None}},
        {"conversation_id": 7},
        {"modalities": "audio"},
    ],
)
@pytest.mark.parametrize("kind", ["response.created", "response.done"])
def test_a_response_is_known_by_its_id_whatever_else_does_not_fit(kind, response):
    event = decode_server_event(json.dumps({"type": kind, "response": {"id": "r", "status": "x"} | response}))
    assert isinstance(event, se.ResponseCreated | se.ResponseDone)
    assert event.type == kind
    assert event.response.id == "r"
    assert event.response.status == "x"


@pytest.mark.parametrize(
    "member", [{"metadata": {"a": 1}}, {"temperature": "0.8"}, {"agent": "name"}, {"id": 7}, {"tools": {}}]
)
@pytest.mark.parametrize("kind", ["session.created", "session.updated"])
def test_a_session_is_read_whatever_member_of_it_does_not_fit(kind, member):
    session = {"model": "gpt-4.1", "output_audio_format": "pcm16"}
    event = decode_server_event(json.dumps({"type": kind, "session": session | member}))
    assert isinstance(event, se.SessionCreated | se.SessionUpdated)
    assert event.type == kind
    assert event.session == msgspec.convert(session, se.SessionInfo)


@pytest.mark.parametrize("response", [None, {}, {"id": 7}, "r"])
def test_a_response_without_an_id_is_malformed(response):
    event = decode_server_event(json.dumps({"type": "response.done", "response": response}))
    assert isinstance(event, se.MalformedEvent)


@given(st.binary(max_size=40) | st.text(max_size=40) | JSON.map(json.dumps))
def test_reading_never_raises(message):
    decode_server_event(message)
    decode_client_event(message)
    decode_plain(message)


@given(KNOWN, st.dictionaries(MEMBERS, JSON, max_size=4))
def test_reading_known_types_never_raises(kind, members):
    message = json.dumps({"type": kind} | members)
    decode_server_event(message)
    decode_client_event(message)


@pytest.mark.parametrize("kind", sorted(SERVER_EVENT_TYPES))
def test_every_server_event_is_of_a_type_of_its_own(kind):
    event = decode_server_event(json.dumps({"type": kind}))
    assert getattr(event, "type", kind) == kind
    assert not isinstance(event, se.UnknownEvent)


# --- client events -----------------------------------------------------------------------------------


def test_audio_is_encoded_as_base64():
    message = encode(ce.InputAudioBufferAppendEvent(audio=b"\x00\x01\xff"))
    assert json.loads(message) == {"type": "input_audio_buffer.append", "audio": "AAH/"}


def test_what_was_not_set_is_not_sent_and_none_is_sent_as_null():
    event = ce.ConversationItemCreateEvent(
        item=ConversationItem(type="message", role="user", name=None), previous_item_id=None
    )
    assert json.loads(encode(event)) == {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "user", "name": None},
        "previous_item_id": None,
    }


def test_options_are_sent_as_they_are():
    event = ce.SessionUpdateEvent(session={"turn_detection": None, "x": [1, {"y": "ü"}]})
    assert json.loads(encode(event)) == {
        "type": "session.update",
        "session": {"turn_detection": None, "x": [1, {"y": "ü"}]},
    }


def test_options_inside_an_event_are_sent_as_they_were_set():
    properties = ce.ResponseProperties(voice=OpenAIVoice(name="sage"), tools=[FunctionTool(name="look")])
    event = ce.ResponseCreateEvent(response=properties)
    wire = {
        "type": "response.create",
        "response": {
            "voice": {"type": "openai", "name": "sage"},
            "tools": [{"type": "function", "name": "look"}],
        },
    }
    assert json.loads(encode(event)) == wire
    assert to_plain(event) == wire


def test_text_is_sent_unescaped():
    assert "ü四".encode() in encode(RawEvent(members={"type": "x", "text": "ü四"}))


def test_a_raw_event_is_sent_as_it_is():
    event = RawEvent(members={"type": "x.y", "a": None})
    assert json.loads(encode(event)) == {"type": "x.y", "a": None}
    assert event.type == "x.y"
    assert RawEvent(members={}).type == ""


def test_what_json_cannot_say_is_refused():
    with pytest.raises(TypeError):
        encode(RawEvent(members={"type": "x", "a": object()}))


@pytest.mark.parametrize(
    "event",
    [
        ce.SessionUpdateEvent(event_id="e", session={"a": None}),
        ce.InputAudioBufferAppendEvent(audio=b"\x01\x02"),
        ce.InputAudioBufferCommitEvent(event_id="e"),
        ce.ConversationItemCreateEvent(
            item=ConversationItem(type="message", content=[ItemContent(type="input_text", text="hi")])
        ),
        ce.ConversationItemTruncateEvent(item_id="i", content_index=0, audio_end_ms=3),
        ce.ResponseCreateEvent(response=ce.ResponseProperties(metadata={"a": "b"}, max_output_tokens="inf")),
        ce.ResponseCancelEvent(response_id="r"),
    ],
)
def test_a_client_event_is_read_as_it_was_written(event):
    assert decode_client_event(encode(event)) == event
    assert to_plain(event) == json.loads(msgspec.json.encode(event))


def test_a_server_event_is_read_as_it_was_written():
    event = se.ResponseAudioDelta(response_id="r", item_id="i", delta=b"\x00\x01\xff")
    assert decode_server_event(encode(event)) == event


# --- tool arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arguments"), [("", {}), (" \n", {}), ('{"a": 1}', {"a": 1}), ("{ } \n", {})]
)
def test_arguments_are_a_json_object(text, arguments):
    assert parse_arguments(text) == arguments


@pytest.mark.parametrize("text", ["{", "[1]", "null", "7", "\ud800", "[" * 10_000, '{"a":' * 10_000])
def test_arguments_that_are_no_json_object_are_none(text):
    assert parse_arguments(text) is None
