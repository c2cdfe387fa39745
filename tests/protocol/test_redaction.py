"""What is shown and kept of an event."""

import base64
import json

import pytest

from pipecat_voicelive.protocol.redaction import shown, without_media, without_secrets

TOOL = {
    "type": "mcp",
    "server_label": "docs",
    "server_url": "https://me:secret1@mcp.example/tools?code=secret2",
    "authorization": "Bearer secret3",
    "headers": {"X-Team": "secret4"},
}


def test_keys_and_tokens_are_masked_wherever_they_stand():
    event = {
        "type": "session.update",
        "session": {
            "instructions": "Be brief.",
            "tools": [TOOL],
            "avatar": {
                "ice_servers": [{"urls": ["turn:example"], "username": "secret5", "credential": "secret6"}]
            },
        },
    }
    kept = without_secrets(event)
    assert "secret" not in str(kept)
    session = kept["session"]
    assert session["instructions"] == "Be brief."
    assert session["tools"][0]["server_url"] == "https://***@mcp.example/tools?***"
    assert session["avatar"]["ice_servers"][0]["urls"] == ["turn:example"]


def test_a_secret_is_masked_whatever_its_shape():
    session = {"client_secret": {"value": "secret1"}, "api_key": ["secret2", {"headers": "secret3"}]}
    assert without_secrets({"session": session}) == {
        "session": {"client_secret": {"value": "***"}, "api_key": ["***", {"headers": "***"}]}
    }


@pytest.mark.parametrize(
    "name", ["token", "Refresh-Token", "accessToken", "apiKey", "accessKey", "sas", "connectionString"]
)
def test_a_secret_is_known_by_its_name(name):
    assert without_secrets({"type": "x", "inside": {name: "secret"}}) == {
        "type": "x",
        "inside": {name: "***"},
    }


def test_tokens_that_models_count_are_no_secrets():
    session = {"max_response_output_tokens": "inf", "usage": {"total_tokens": 3}}
    logprobs = [{"token": "Good", "logprob": -0.1}]
    assert without_secrets({"session": session, "logprobs": logprobs}) == {
        "session": session,
        "logprobs": logprobs,
    }


def test_of_addresses_the_signatures_are_masked():
    urls = {
        "image_url": "https://me@blob.example/a.png?sig=secret1",
        "background": {"image_url": "https://blob.example/b.png#secret2"},
        "url": "data:image/png;base64,AAAA",
        "server_url": "mcp.example/tools?code=secret3",
        "urls": ["turn:relay.example?transport=udp"],
    }
    assert without_secrets(urls) == {
        "image_url": "https://***@blob.example/a.png?***",
        "background": {"image_url": "https://blob.example/b.png#***"},
        "url": "data:image/png;base64,AAAA",
        "server_url": "mcp.example/tools?***",
        "urls": ["turn:relay.example?transport=udp"],
    }


@pytest.mark.parametrize("name", ["a", "urls"])
def test_what_lies_too_deep_is_not_looked_into(name):
    deep = "bottom"
    for _ in range(450):
        deep = {name: [deep]}
    kept = without_secrets({"type": "x", "deep": deep})
    assert kept["type"] == "x"
    assert "***" in json.dumps(kept)
    assert "bottom" not in json.dumps(kept)
    assert shown({"type": "x", "deep": deep}) == kept


def test_a_tools_parameter_of_that_name_is_no_secret():
    tool = {"type": "function", "parameters": {"properties": {"password": {"type": "string"}}}}
    assert without_secrets({"session": {"tools": [tool]}}) == {"session": {"tools": [tool]}}


def test_sound_and_pictures_are_taken_out_and_measured():
    sound = base64.b64encode(bytes(1000)).decode()
    content = [
        {"type": "input_audio", "audio": sound},
        {"type": "input_image", "image_url": f"data:image/png;base64,{sound}"},
        {"type": "input_image", "image_url": "https://example.com/a.png"},
    ]
    event = {"type": "conversation.item.create", "item": {"content": content}}
    kept, removed = without_media(event)
    assert removed == {"item.content.0.audio": 1000, "item.content.1.image_url": 1000}
    assert [part.get("audio", part.get("image_url")) for part in kept["item"]["content"]] == [
        "",
        "",
        "https://example.com/a.png",
    ]
    assert event["item"]["content"][0]["audio"] == sound


def test_sound_is_taken_out_of_events_that_nobody_knows():
    sound = base64.b64encode(bytes(1000)).decode()
    assert shown({"type": "input_audio_buffer.apend", "audio": sound})["audio"] == "(1000 bytes)"
    assert shown({"type": "response.sound.delta", "delta": sound})["delta"] == "(1000 bytes)"
    assert shown({"type": "response.text.delta", "delta": "word" * 99})["delta"] == "word" * 99


def test_people_are_shown_sizes():
    append = {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(960)).decode()}
    assert shown(append)["audio"] == "(960 bytes)"
    frames = {"type": "response.animation_blendshapes.delta", "frames": [[0.0] * 55] * 3}
    assert shown(frames)["frames"] == "(3 frames)"


def test_names_with_dots_and_digits_are_names_like_others():
    event = {"type": "x", "a.b": {"audio": "AAAA"}, "c": {"0": {"audio": "AAAA"}}}
    assert shown(event) == {"type": "x", "a.b": {"audio": "(3 bytes)"}, "c": {"0": {"audio": "(3 bytes)"}}}


def test_an_event_of_the_wrong_shape_is_left_as_it_is():
    assert shown({"type": ["x"], "delta": 3}) == {"type": ["x"], "delta": 3}
    assert without_media({"type": "input_audio_buffer.append", "audio": 3}) == (
        {"type": "input_audio_buffer.append", "audio": 3},
        {},
    )
