"""The v1 contract: there and back is where one was, for all that v1 has."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecat_voicelive import V1Dialect, VoiceLiveClient, VoiceLiveLLMService
from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.codec import RawEvent, encode
from pipecat_voicelive.protocol.dialect_v1 import from_v1, to_v1
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent, Response, SessionInfo
from pipecat_voicelive.protocol.versions import V1, V1_LACKS, for_version

TEXT = st.text(max_size=8)
SOMETHING = st.fixed_dictionaries({"type": TEXT}, optional={"threshold": st.floats(0, 1), "model": TEXT})
OR_NULL = st.none() | SOMETHING
VOICE = st.fixed_dictionaries(
    {"type": st.sampled_from(["openai", "azure-standard", "azure-custom", "azure-personal"]), "name": TEXT},
    optional={
        "temperature": st.floats(0, 1),
        "endpoint_id": TEXT,
        "model": TEXT,
        "prefer_locales": st.lists(TEXT, max_size=2),
        "locale": TEXT,
        "style": TEXT,
        "pitch": TEXT,
        "volume": TEXT,
        "rate": st.sampled_from(["0.5", "1.2", "1"]),
    },
) | st.sampled_from(["alloy", "marin"])
INPUT = st.one_of(
    st.just({}),
    st.sampled_from([8000, 16000, 24000]).map(
        lambda rate: {"input_audio_format": "pcm16", "input_audio_sampling_rate": rate}
    ),
    st.sampled_from(["g711_ulaw", "g711_alaw"]).map(lambda name: {"input_audio_format": name}),
)
OUTPUT = st.sampled_from(["pcm16", "pcm16_8000hz", "pcm16_16000hz", "g711_ulaw", "g711_alaw"])
MODALITIES = st.sampled_from([["text", "audio"], ["text"]])
ECHO = st.none() | st.fixed_dictionaries(
    {"type": st.just("server_echo_cancellation")},
    optional={"reference_source": TEXT, "channels": st.integers(1, 2)},
)
TOOLS = st.lists(SOMETHING, max_size=2)
SESSION = st.builds(
    lambda session, heard: {**session, **heard},
    st.fixed_dictionaries(
        {},
        optional={
            "modalities": MODALITIES,
            "instructions": TEXT,
            "voice": VOICE,
            "output_audio_format": OUTPUT,
            "turn_detection": OR_NULL,
            "input_audio_transcription": OR_NULL,
            "input_audio_noise_reduction": OR_NULL,
            "input_audio_echo_cancellation": ECHO,
            "output_audio_timestamp_types": st.just(["word"]),
            "tools": TOOLS,
            "tool_choice": TEXT | SOMETHING,
            "max_response_output_tokens": st.integers(1, 4096) | st.just("inf"),
            "include": st.lists(TEXT, max_size=2),
            "animation": st.just({"outputs": ["viseme_id"]}),
            "avatar": st.just({"character": "lisa", "customized": False}),
            "new_member": SOMETHING,
        },
    ),
    INPUT,
)
ITEM = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("message"),
            "role": st.just("assistant"),
            "content": st.lists(
                st.sampled_from([{"type": "text", "text": "a"}, {"type": "audio", "transcript": "a"}]),
                max_size=2,
            ),
        }
    ),
    st.just({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]}),
    st.just({"type": "function_call_output", "call_id": "c", "output": "{}"}),
)
RESPONSE = st.fixed_dictionaries(
    {},
    optional={
        "modalities": MODALITIES,
        "voice": VOICE,
        "output_audio_format": OUTPUT,
        "instructions": TEXT,
        "tools": TOOLS,
        "max_output_tokens": st.integers(1, 4096),
        "metadata": st.dictionaries(TEXT, TEXT, max_size=2),
        "conversation": st.sampled_from(["auto", "none"]),
        "input_items": st.lists(ITEM, max_size=2),
        "output": st.lists(ITEM, max_size=2),
        "status": TEXT,
    },
)
DELTAS = [
    f"response.{kind}.{end}" for kind in ("text", "audio", "audio_transcript") for end in ("delta", "done")
]
EVENT = st.one_of(
    st.builds(
        lambda kind, session: {"type": kind, "session": session},
        st.sampled_from(["session.update", "session.created", "session.updated"]),
        SESSION,
    ),
    st.builds(
        lambda kind, response: {"type": kind, "response": response},
        st.sampled_from(["response.create", "response.created", "response.done"]),
        RESPONSE,
    ),
    st.builds(
        lambda response, more: {
            "type": "response.create",
            "response": response,
            "additional_instructions": more,
        },
        RESPONSE,
        TEXT,
    ),
    st.builds(
        lambda kind, item: {"type": kind, "item": item},
        st.sampled_from(
            [
                "conversation.item.create",
                "conversation.item.created",
                "conversation.item.done",
                "conversation.item.retrieved",
                "response.output_item.added",
                "response.output_item.done",
            ]
        ),
        ITEM,
    ),
    st.builds(lambda kind, delta: {"type": kind, "delta": delta}, st.sampled_from(DELTAS), TEXT),
    st.sampled_from([{"type": "text", "text": ""}, {"type": "audio", "transcript": "a"}]).map(
        lambda part: {"type": "response.content_part.added", "part": part}
    ),
    st.sampled_from(
        [
            {"type": "input_audio_buffer.append", "audio": "AA=="},
            {"type": "response.cancel"},
            {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 3},
            {"type": "error", "error": {"message": "no"}},
        ]
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "session",
                    "audio",
                    "input",
                    "output",
                    "format",
                    "voice",
                    "speed",
                    "item",
                    "content",
                    "response",
                ]
            ),
            inside,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(EVENT)
def test_to_v1_and_back_is_the_same_event(event):
    untouched = json.dumps(event)
    assert from_v1(to_v1(event)) == event
    assert to_v1(from_v1(to_v1(event))) == to_v1(event)
    assert json.dumps(event) == untouched


@given(st.dictionaries(st.sampled_from(["type", "session", "item", "part", "response"]), JSON, max_size=5))
def test_nothing_that_a_peer_sends_raises(members):
    from_v1(members)
    to_v1(members)
    V1Dialect().decode(json.dumps(members))
    V1Dialect().decode_client(json.dumps(members))


@pytest.mark.parametrize("message", ["", "no json", "[]", "3", b"\xff"])
def test_what_is_no_event_is_read_as_malformed(message):
    assert isinstance(V1Dialect().decode(message), se.MalformedEvent)
    assert isinstance(V1Dialect().decode_client(message), se.MalformedEvent)


def test_a_session_is_nested_as_the_published_example_is():
    event = ce.SessionUpdateEvent(
        session={
            "modalities": ["text", "audio"],
            "input_audio_format": "pcm16",
            "turn_detection": {"type": "server_vad"},
            "output_audio_format": "pcm16",
            "voice": {"type": "openai", "name": "alloy"},
        }
    )
    assert json.loads(V1Dialect().encode(event)) == {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "turn_detection": {"type": "server_vad"},
                },
                "output": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "voice": "alloy",
                    "voice_type": "openai",
                },
            },
        },
    }


def test_a_voice_and_the_echo_cancellation_are_flat():
    voice = {"type": "azure-custom", "name": "n", "endpoint_id": "e", "temperature": 0.5, "rate": "+20%"}
    echo = {"type": "server_echo_cancellation", "reference_source": "client", "channels": 2}
    event = to_v1(
        {"type": "session.update", "session": {"voice": voice, "input_audio_echo_cancellation": echo}}
    )
    assert event["session"]["audio"] == {
        "input": {"echo_cancellation": {"reference_source": "client", "channels": 2}},
        "output": {
            "voice": "n",
            "voice_type": "azure-custom",
            "custom_voice_endpoint_id": "e",
            "voice_temperature": 0.5,
            "speed": 1.2,
        },
    }


def test_the_services_events_have_our_types():
    dialect = V1Dialect()
    item = {"id": "i", "type": "message", "role": "assistant", "content": [{"type": "output_audio"}]}
    ids = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
    read = [
        dialect.decode(encode(RawEvent(members=members)))
        for members in (
            {"type": "session.updated", "session": {"type": "realtime", "output_modalities": ["audio"]}},
            {"type": "conversation.item.added", "item": item},
            {"type": "response.output_audio.delta", "delta": "AAA=", **ids},
            {"type": "response.output_text.delta", "delta": "a", **ids},
            {"type": "response.done", "response": {"id": "r", "audio": {"output": {"voice": "alloy"}}}},
        )
    ]
    assert read == [
        se.SessionUpdated(session=SessionInfo(modalities=["text", "audio"])),
        se.ConversationItemCreated(
            item=ConversationItem(
                id="i", type="message", role="assistant", content=[ItemContent(type="audio")]
            )
        ),
        se.ResponseAudioDelta(delta=b"\0\0", **ids),
        se.ResponseTextDelta(delta="a", **ids),
        se.ResponseDone(response=Response(id="r", voice="alloy")),
    ]


def test_an_event_given_as_plain_members_is_sent_as_it_is():
    raw = RawEvent(members={"type": "response.create", "additional_instructions": "mine"})
    assert json.loads(V1Dialect().encode(raw)) == raw.members


@pytest.mark.parametrize("option", V1_LACKS, ids=lambda option: option.path)
def test_what_v1_has_no_place_for_is_left_out_and_named(option):
    if option.path.startswith(("session.", "response.")) and option.path != "session.avatar.connect":
        root, *steps = option.path.split(".")
        value = {"here": 1}
        for step in reversed(steps):
            value = {step: value}
        event = {"type": {"session": "session.update", "response": "response.create"}[root], root: value}
    else:
        event = {"type": option.path}
    sent, left_out = for_version(event, V1)
    assert [told.option for told in left_out] == [option.path]
    assert "v1" in left_out[0].reason
    assert sent is None or "here" not in json.dumps(sent)


@pytest.mark.parametrize("rate", ["1.2", "+20%", None])
def test_a_voices_rate_is_a_speed_if_it_is_a_number(rate):
    event = {"type": "session.update", "session": {"voice": {"type": "azure-standard", "rate": rate}}}
    assert for_version(event, V1)[1] == []


def test_a_voices_rate_in_words_is_left_out_and_named():
    event = {"type": "session.update", "session": {"voice": {"type": "azure-standard", "rate": "x-slow"}}}
    sent, (told,) = for_version(event, V1)
    assert told.option == "session.voice.rate"
    assert sent["session"]["voice"] == {"type": "azure-standard"}


@pytest.mark.parametrize("kind", [VoiceLiveClient, VoiceLiveLLMService])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"api_version": "v1"}, "dialect=V1Dialect\\(\\)"),
        ({"query": {"api-version": "v1"}}, "dialect=V1Dialect\\(\\)"),
        ({"dialect": V1Dialect()}, 'goes with api_version="v1"'),
        ({"api_version": "v1", "dialect": V1Dialect(), "query": {"api-key": "k"}}, "headers only"),
    ],
)
def test_the_label_the_dialect_and_headers_go_together_or_are_refused_early(kind, options, told):
    own = {"model": "gpt-realtime"} if kind is VoiceLiveClient else {}
    with pytest.raises(ConfigurationError, match=told):
        kind(endpoint="ws://127.0.0.1:1", api_key="k", **own, **options)
