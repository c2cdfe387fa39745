"""Changes that a running session does not take are held back and told; the rest goes out."""

from typing import Any

import pytest
from session_harness import Driver, of, sent, updated

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ErrorDetails, SessionInfo
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.inputs import Configure

OPENAI = {"type": "openai", "name": "alloy"}
AZURE = {"type": "azure-standard", "name": "en-US-AvaNeural"}
VAD = {"type": "server_vad", "threshold": 0.4}


def running(session: dict[str, Any], **told: Any) -> Driver:
    """A session that runs with these options."""
    driver = Driver()
    driver.give(se.SessionCreated(session=SessionInfo(id="s")), Configure(session), updated(**told))
    return driver


def changed(driver: Driver, session: dict[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """The session that is sent for a change, None if none is, and what is held back."""
    effects = driver.give(Configure(session))
    updates = [event for event in sent(effects) if isinstance(event, ce.SessionUpdateEvent)]
    assert len(updates) <= 1
    return (updates[0].session if updates else None), [w.option for w in of(fx.OptionWithheld, effects)]


def spoken(driver: Driver) -> Driver:
    """The bot has said something."""
    driver.give(se.ResponseCreated(response=se.Response(id="r", status="in_progress")))
    driver.give(
        se.ResponseAudioDelta(response_id="r", item_id="i", output_index=0, content_index=0, delta=b"ab")
    )
    driver.give(se.ResponseDone(response=se.Response(id="r", status="completed")))
    return driver


CANNOT = [
    ({}, {"input_audio_format": "g711_ulaw"}, ["input_audio_format", "input_audio_sampling_rate"]),
    (
        {"input_audio_sampling_rate": 16000},
        {"input_audio_sampling_rate": 8000},
        ["input_audio_sampling_rate"],
    ),
    ({"input_audio_sampling_rate": 16000}, {}, ["input_audio_sampling_rate"]),
    ({"turn_detection": VAD}, {"turn_detection": {"type": "azure_semantic_vad"}}, ["turn_detection.type"]),
    ({}, {"turn_detection": {"type": "azure_semantic_vad"}}, ["turn_detection.type"]),
    ({"turn_detection": {"type": "semantic_vad"}}, {}, ["turn_detection.type"]),
    (
        {"input_audio_echo_cancellation": None},
        {"input_audio_echo_cancellation": {"reference_source": "client", "channels": 2}},
        ["input_audio_echo_cancellation.reference_source", "input_audio_echo_cancellation.channels"],
    ),
    (
        {"avatar": {"character": "lisa", "style": "casual"}},
        {"avatar": {"character": "meg", "output_protocol": "websocket", "style": "casual"}},
        ["avatar.character", "avatar.output_protocol"],
    ),
]


@pytest.mark.parametrize(("before", "after", "options"), CANNOT)
def test_a_change_that_cannot_be_is_held_back_and_the_rest_is_sent(
    before: dict[str, Any], after: dict[str, Any], options: list[str]
) -> None:
    driver = running({"instructions": "a", **before})
    session, held = changed(driver, {"instructions": "b", **after})
    assert session == {"instructions": "b", **before}
    assert held == [f"session.{option}" for option in options]


CAN = [
    ({"turn_detection": VAD}, {"turn_detection": {"type": "server_vad", "threshold": 0.9}}),
    ({"turn_detection": VAD}, {"turn_detection": None}),
    ({"turn_detection": None}, {"turn_detection": {"type": "azure_semantic_vad"}}),
    ({"voice": AZURE}, {"voice": {**AZURE, "name": "en-US-AndrewNeural"}}),
    ({"input_audio_format": "pcm16"}, {}),
    ({}, {"input_audio_sampling_rate": 24000}),
    ({"input_audio_echo_cancellation": None}, {"input_audio_echo_cancellation": {"channels": 1}}),
    (
        {"avatar": {"character": "a", "scene": {"zoom": 1}}},
        {"avatar": {"character": "a", "scene": {"zoom": 2}}},
    ),
    ({"avatar": None}, {"avatar": {"character": "a"}}),
    ({}, {"tools": [{"type": "function", "name": "f"}], "tool_choice": "required", "temperature": 0.4}),
]


@pytest.mark.parametrize(("before", "after"), CAN)
def test_a_change_that_can_be_is_sent_whole(before: dict[str, Any], after: dict[str, Any]) -> None:
    driver = spoken(running({"a": 1, **before}, voice=AZURE))
    assert changed(driver, {"a": 1, **after}) == ({"a": 1, **after}, [])


def test_a_scene_changes_although_the_rest_of_the_avatar_cannot() -> None:
    driver = running({"avatar": {"character": "a", "style": "x"}})
    session, held = changed(driver, {"avatar": {"character": "b", "style": "x", "scene": {"zoom": 2}}})
    assert session == {"avatar": {"character": "a", "style": "x", "scene": {"zoom": 2}}}
    assert held == ["session.avatar.character"]


@pytest.mark.parametrize("voice", ["verse", {"type": "openai", "name": "verse"}, AZURE, None])
@pytest.mark.parametrize("before", [{"voice": "alloy"}, {"voice": OPENAI}, {}])
def test_an_openai_voice_stays_once_it_has_spoken(before: dict[str, Any], voice: Any) -> None:
    driver = running(before, voice=OPENAI)
    assert changed(driver, {"voice": "echo"}) == ({"voice": "echo"}, [])
    assert changed(driver, before) == (before, [])
    spoken(driver)
    assert changed(driver, {"voice": voice, "b": 1}) == ({**before, "b": 1}, ["session.voice"])


def test_the_same_voice_in_another_form_is_no_change() -> None:
    driver = spoken(running({"voice": "alloy"}, voice=OPENAI))
    assert changed(driver, {"voice": OPENAI}) == ({"voice": OPENAI}, [])


def test_a_change_is_told_once_and_again_only_if_it_is_another_one() -> None:
    driver = running({"turn_detection": VAD})
    semantic, english = {"type": "azure_semantic_vad"}, {"type": "azure_semantic_vad_en"}
    assert changed(driver, {"turn_detection": semantic}) == (None, ["session.turn_detection.type"])
    assert changed(driver, {"turn_detection": semantic}) == (None, [])
    assert changed(driver, {"turn_detection": semantic, "a": 1}) == ({"turn_detection": VAD, "a": 1}, [])
    assert changed(driver, {"turn_detection": english, "a": 1}) == (None, ["session.turn_detection.type"])


def test_before_the_session_runs_everything_may_change() -> None:
    driver = Driver()
    driver.give(se.SessionCreated(session=SessionInfo(id="s")), Configure({"turn_detection": VAD}))
    other = {"turn_detection": {"type": "semantic_vad"}, "input_audio_format": "g711_alaw"}
    assert changed(driver, other) == (other, [])


def test_what_was_refused_does_not_run() -> None:
    driver = running({"avatar": {"character": "a"}})
    update = next(event for event in sent(driver.give(Configure({"avatar": None}))))
    driver.give(se.Error(error=ErrorDetails(code="invalid_value", event_id=str(update.event_id))))
    assert changed(driver, {"avatar": {"character": "b"}}) == (
        {"avatar": {"character": "a"}},
        ["session.avatar.character"],
    )


def test_a_voice_that_the_service_refused_to_change_is_held_back_from_then_on() -> None:
    driver = spoken(running({"voice": AZURE}, voice=AZURE))
    other = {"voice": {**AZURE, "name": "en-US-AndrewNeural"}}
    (update,) = sent(driver.give(Configure(other)))
    error = ErrorDetails(code="cannot_update_voice", event_id=str(update.event_id))
    (refused,) = of(fx.SessionRefused, driver.give(se.Error(error=error)))
    assert not refused.fatal
    assert changed(driver, {**other, "b": 1}) == ({"voice": AZURE, "b": 1}, ["session.voice"])
    assert changed(driver, {"voice": {**AZURE, "rate": "1.5"}, "b": 2}) == (
        {"voice": AZURE, "b": 2},
        ["session.voice"],
    )


def test_the_options_given_are_neither_kept_nor_changed() -> None:
    given = {"avatar": {"character": "a", "video": {"bitrate": 1}}}
    driver = running(given)
    given["avatar"]["video"]["bitrate"] = 2
    wanted = {"avatar": {"character": "a", "video": {"bitrate": 1}, "scene": {"zoom": 2}}}
    session, held = changed(driver, wanted)
    assert (session, held) == (wanted, [])
    wanted["avatar"]["scene"]["zoom"] = 3
    assert session == {"avatar": {"character": "a", "video": {"bitrate": 1}, "scene": {"zoom": 2}}}


def test_a_voice_that_is_not_named_any_more_is_no_change_of_voice():
    driver = spoken(running({"voice": "alloy"}, voice=OPENAI))
    assert changed(driver, {"modalities": ["text"]}) == ({"modalities": ["text"]}, [])
    assert changed(driver, {"voice": AZURE}) == ({}, ["session.voice"])


def test_a_session_that_only_writes_is_not_told_its_voice_again():
    written = {"modalities": ["text"], "voice": AZURE}
    driver = running(written, voice=AZURE)
    assert changed(driver, {**written, "b": 1}) == ({"modalities": ["text"], "b": 1}, [])
    spoken_again = {"modalities": ["text", "audio"], "voice": AZURE}
    assert changed(driver, spoken_again) == (spoken_again, [])
