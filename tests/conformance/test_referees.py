"""The suite's own referees find what is wrong."""

import pytest
from azure.ai.voicelive import models as m

from conformance.shapes import lacking
from conformance.talk import TAPES, kind_of
from conformance.typed import problems


def parsed(**members):
    return m.ServerEvent._deserialize(members, [])


def session(**members):
    return parsed(type="session.updated", session={"turn_detection": {"type": "server_vad"}, **members})


def item(**members):
    return parsed(type="conversation.item.created", item={"type": "message", "role": "user", **members})


AUDIO = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0, "delta": "AAAA"}


@pytest.mark.parametrize(
    "event",
    [
        session(voice={"type": "openai", "name": "alloy"}),
        item(id="i", status="completed", content=[{"type": "input_text", "text": "Hello"}]),
        parsed(type="response.audio.delta", **AUDIO),
        parsed(type="conversation.item.done"),
    ],
    ids=kind_of,
)
def test_an_event_that_the_sdk_has_models_for_has_no_problems(event):
    assert problems(event) == []


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (parsed(type="response.nonsense"), "response.nonsense: the SDK has no model for it"),
        (
            parsed(type="response.audio.delta", **{**AUDIO, "item_id": None}),
            "response.audio.delta.item_id: missing",
        ),
        (
            parsed(type="response.audio.delta", **{**AUDIO, "output_index": "zero"}),
            "output_index: str is none of",
        ),
        (session(turn_detection={"type": "by_telepathy"}), "TurnDetection of an unknown type"),
        (session(voice={"type": "loud", "name": "x"}), "session.voice: dict is none of"),
        (item(status="completed", content=[{"type": "smell"}]), "content[0]: ContentPart of an unknown type"),
        (item(status="completed"), "item.content: missing"),
    ],
)
def test_what_the_sdk_cannot_type_is_found(event, problem):
    assert problem in "; ".join(problems(event))


@pytest.mark.skipif(not TAPES.is_dir(), reason="VOICELIVE_TAPES names no folder of tapes")
def test_a_member_that_recordings_have_is_missed():
    created = {"type": "input_audio_buffer.committed", "item_id": "i", "previous_item_id": None}
    assert lacking(created, TAPES) == []
    del created["previous_item_id"]
    assert lacking(created, TAPES) == ["previous_item_id"]
