"""Client events in the words of each API version."""

import copy

import pytest

from pipecat_voicelive import VoiceLiveClient, VoiceLiveLLMService
from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.versions import (
    API_VERSIONS,
    RENAMED,
    SINCE,
    check_audio_in,
    contract_of,
    for_version,
)

OLDEST, NEWEST = API_VERSIONS[0], API_VERSIONS[-1]


def update(**session):
    return {"type": "session.update", "session": session}


def written(event, api_version):
    """The event as it is sent, and the names of what is not."""
    sent, left_out = for_version(copy.deepcopy(event), api_version)
    return sent, [option.option for option in left_out]


def event_with(path, value):
    """An event that holds one value, at a path of the table."""
    root, _, rest = path.partition(".")
    kinds = {"session": "session.update", "response": "response.create", "item": "conversation.item.create"}
    for step in reversed(rest.split(".")):
        value = {step.removesuffix("[]"): [value] if step.endswith("[]") else value}
    return {"type": kinds[root], root: value}


@pytest.mark.parametrize(
    ("api_version", "contract"),
    [
        *((version, version) for version in API_VERSIONS),
        ("2026-04-15", "2026-04-10"),
        ("2026-07-31-preview", NEWEST),
        ("2031-01-01", NEWEST),
        ("2024-10-01-preview", OLDEST),
        ("v1", NEWEST),
        ("", NEWEST),
    ],
)
def test_an_unknown_version_has_the_contract_of_the_known_one_before_it(api_version, contract):
    assert contract_of(api_version) == contract


@pytest.mark.parametrize("option", SINCE, ids=lambda option: f"{option.path}={option.values}")
def test_what_a_version_lacks_is_left_out_and_named_with_the_first_version_that_has_it(option):
    for value in option.values or ("anything",):
        is_event = "." not in option.path or option.path.split(".")[0] not in ("session", "response", "item")
        event = {"type": option.path} if is_event else event_with(option.path, value)
        for version in API_VERSIONS:
            sent, left_out = for_version(copy.deepcopy(event), version)
            if option.in_version(version):
                assert left_out == []
                assert sent is not None
            else:
                (told,) = left_out
                assert told.since == option.version
                assert option.version in told.reason
                assert option.path.replace("[]", "") in told.option
                assert sent != event


@pytest.mark.parametrize("renamed", [r for r in RENAMED if r.values], ids=lambda renamed: renamed.path)
@pytest.mark.parametrize("version", API_VERSIONS)
def test_both_spellings_of_a_value_become_that_of_the_version(renamed, version):
    is_old = API_VERSIONS.index(version) < API_VERSIONS.index(renamed.version)
    for now, before in renamed.values:
        expected = event_with(renamed.path, before if is_old else now)
        assert written(event_with(renamed.path, now), version) == (expected, [])
        assert written(event_with(renamed.path, before), version) == (expected, [])


@pytest.mark.parametrize("given", [{"timeout_ms": 1500}, {"timeout": 1.5}])
def test_the_timeout_of_the_end_of_utterance_is_seconds_in_the_first_version_and_milliseconds_since(given):
    end = {"model": "semantic_detection_v1", **given}
    event = update(turn_detection={"type": "azure_semantic_vad", "end_of_utterance_detection": end})
    for version in API_VERSIONS:
        sent, left_out = written(event, version)
        time = {"timeout": 1.5} if version == OLDEST else {"timeout_ms": 1500}
        assert sent["session"]["turn_detection"]["end_of_utterance_detection"] == {
            "model": "semantic_detection_v1",
            **time,
        }
        assert left_out == []


def test_a_level_has_no_number_so_the_first_version_is_told_what_to_give_in_its_place():
    end = {"model": "semantic_detection_v1", "threshold_level": "high"}
    event = update(turn_detection={"type": "server_vad", "end_of_utterance_detection": end})
    sent, left_out = for_version(event, OLDEST)
    assert sent["session"]["turn_detection"]["end_of_utterance_detection"] == {
        "model": "semantic_detection_v1"
    }
    (option,) = left_out
    assert "`threshold`, 0 to 1" in option.reason


def test_an_image_has_its_url_under_the_name_of_the_version():
    part = {"type": "input_image", "image_url": "data:,x", "detail": "low"}
    event = {"type": "conversation.item.create", "item": {"type": "message", "content": [part]}}
    for version in API_VERSIONS[2:]:
        sent, left_out = written(event, version)
        name = "url" if version < "2026-06-01" else "image_url"
        assert sent["item"]["content"] == [{"type": "input_image", name: "data:,x", "detail": "low"}]
        assert left_out == []


def test_a_message_that_was_nothing_but_an_image_says_that_it_is_missing():
    image = {"type": "input_image", "image_url": "data:,x"}
    words = {"type": "input_text", "text": "What is this?"}
    for content, expected in (([image], "image that cannot be shown"), ([words, image], "What is this?")):
        event = {"type": "conversation.item.create", "item": {"type": "message", "content": content}}
        sent, left_out = written(event, OLDEST)
        (part,) = sent["item"]["content"]
        assert expected in part["text"]
        assert left_out == ["item.content.type=input_image"]


def test_streamed_text_names_its_item_except_in_the_one_preview():
    event = {"type": "input_text.delta", "id": "i", "delta": "a"}
    assert written(event, "2026-04-10") == (None, ["input_text.delta"])
    assert written(event, "2026-06-01-preview") == ({"type": "input_text.delta", "delta": "a"}, [])
    assert written(event, NEWEST) == (event, [])


def test_only_the_tools_that_a_version_has_not_are_taken_out_of_the_list():
    tools = [{"type": "function", "name": "f"}, {"type": "mcp", "server_label": "m"}]
    sent, left_out = written(update(tools=tools), "2025-10-01")
    assert sent["session"]["tools"] == tools[:1]
    assert left_out == ["session.tools.type=mcp"]


@pytest.mark.parametrize("odd", [None, 3, "text", [], [None, 3, "text", {}], {}, {"name": 3}, {"type": None}])
def test_odd_values_pass_and_are_refused_by_the_service_not_here(odd):
    names = ["turn_detection", "voice", "avatar", "animation", "tools", "input_audio_transcription"]
    for name in names:
        sent, left_out = written(update(**{name: odd}), OLDEST)
        assert sent == update(**{name: odd})
        assert left_out == []


def test_null_is_sent_to_every_version():
    event = update(turn_detection=None, avatar=None, input_audio_echo_cancellation=None)
    for version in API_VERSIONS:
        assert written(event, version) == (event, [])


def test_an_echo_reference_of_the_clients_is_refused_where_it_would_be_taken_for_speech():
    session = {"input_audio_echo_cancellation": {"reference_source": "client", "channels": 2}}
    with pytest.raises(ConfigurationError, match="2026-06-01-preview or newer, not 2026-04-10"):
        check_audio_in(session, "2026-04-10")
    check_audio_in(session, NEWEST)
    check_audio_in({"input_audio_echo_cancellation": None}, OLDEST)


@pytest.mark.parametrize("version", ["latest", "2026-7-15", "2026-15-07", "2026-07-15-beta", "", "v2", None])
@pytest.mark.parametrize("kind", [VoiceLiveClient, VoiceLiveLLMService])
def test_what_is_no_version_is_refused_before_anything_is_sent(kind, version):
    own = {"model": "m"} if kind is VoiceLiveClient else {}
    with pytest.raises(ConfigurationError, match=r"is no api_version. Give one such as 2026-07-15, "):
        kind(endpoint="ws://127.0.0.1:1", api_key="k", api_version=version, **own)


@pytest.mark.parametrize("version", ["2027-01-01", "2026-12-01-preview"])
def test_a_version_that_is_not_known_yet_may_be_named(version):
    VoiceLiveClient(endpoint="ws://127.0.0.1:1", api_key="k", model="m", api_version=version)
