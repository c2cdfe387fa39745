"""A session of v1 knows the members of v1 only."""

import pytest


@pytest.fixture
async def in_v1(start, join):
    return await join(await start(), api_version="v1", session=None)


@pytest.mark.proves("rule.v1-has-its-own-names")
@pytest.mark.parametrize(
    ("event", "param"),
    [
        ({"event_type": "session.update", "session": {"modalities": ["text"]}}, "session.modalities"),
        ({"event_type": "session.update", "session": {"turn_detection": None}}, "session.turn_detection"),
        (
            {"event_type": "session.update", "session": {"type": "realtime", "voice": "alloy"}},
            "session.voice",
        ),
        ({"event_type": "response.create", "response": {"modalities": ["text"]}}, "response.modalities"),
        (
            {"event_type": "response.create", "additional_instructions": "Be brief."},
            "additional_instructions",
        ),
    ],
)
async def test_a_member_of_the_dated_versions_is_not_known_to_v1(in_v1, event, param):
    await in_v1.send("session.update", session={"type": "realtime", "output_modalities": ["text"]})
    await in_v1.until("session.updated")
    await in_v1.send(**event, event_id="asked")
    error = await in_v1.refused()
    assert (error.code, error.param, error.event_id) == ("unknown_parameter", param, "asked")


async def test_a_lenient_simulator_lets_them_pass(start, join):
    client = await join(await start(strict=False), api_version="v1", session=None)
    await client.send("session.update", session={"modalities": ["text"]})
    assert (await client.until("session.updated"))["session"]["output_modalities"] == ["text"]
