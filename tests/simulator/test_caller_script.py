"""A caller who speaks by the scenario: breaking into answers, or line after line."""

import pytest

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator import Scenario
from pipecat_voicelive.simulator.scenario_checks import with_simulated_caller

STORY = "Once upon a time there was a very long story without any end, and nobody ever heard all of it."
TRANSCRIBED = {"input_audio_transcription": {"model": "azure-speech"}}
TRUNCATING = {**TRANSCRIBED, "turn_detection": {"type": "server_vad", "auto_truncate": True}}


def story(**barge_in):
    return {
        "turns": [
            {"user": "Tell me a story", "say": STORY},
            {"user": "Stop it, please", "say": "All right.", "barge_in": barge_in},
        ]
    }


async def ask(start, join, scenario, **options):
    simulator = await start(scenario, **options)
    client = await join(simulator, session=TRUNCATING)
    await client.ask("Tell me a story")
    return simulator.sessions[0], client


async def test_the_caller_breaks_in_after_words_of_the_answer(start, join):
    session, client = await ask(start, join, story(after="a time"))
    truncated = await client.until("conversation.item.truncated")
    heard = session.heard_text(truncated["item_id"])
    assert heard.startswith("Once upon a time there")
    assert len(heard) < len(STORY) / 2
    await session.wait_for_sent("response.done", count=2)
    assert [(turn.text, turn.source) for turn in session.voice_turns] == [("Stop it, please", "caller")]


async def test_the_caller_breaks_in_after_a_time(start, join):
    _, client = await ask(start, join, story(after_ms=800))
    truncated = await client.until("conversation.item.truncated")
    assert 800 < truncated["audio_end_ms"] < 1800


@pytest.mark.parametrize("speed", [1, 8])
async def test_an_answer_that_is_still_being_made_is_broken_into_as_well(start, join, speed):
    simulator = await start(story(after_ms=400), speed=speed)
    client = await join(simulator, session=TRUNCATING)
    await client.type("Tell me a story")
    await client.send("response.create")
    truncated = await client.until("conversation.item.truncated")
    assert 400 < truncated["audio_end_ms"] < 1400


async def test_words_that_are_never_said_are_followed_by_the_line(start, join):
    scenario = story(after="not in it")
    scenario["turns"][0]["say"] = "Here it is."
    session, client = await ask(start, join, scenario)
    await client.until("input_audio_buffer.speech_started")
    await client.until("response.done")
    assert not session.sent("conversation.item.truncated")


async def test_a_whole_scenario_is_spoken(start, join):
    lines = {
        "How is the weather?": "It rains.",
        "Thank you, my friend": "Good bye.",
    }
    turns = [{"user": user, "say": say} for user, say in lines.items()]
    simulator = await start({"caller": "simulated", "turns": turns})
    client = await join(simulator, session=TRANSCRIBED)
    session = simulator.sessions[0]
    await session.wait_for_sent("response.done", count=2, timeout_s=25)
    said = [item.content[0].transcript for item in session.conversation if item.role == "assistant"]
    assert said == list(lines.values())
    assert [turn.text for turn in session.voice_turns] == list(lines)
    await client.until("response.done")
    assert {response.response.status for response in session.sent("response.done")} == {"completed"}


async def test_the_caller_lets_the_bot_greet_first(start, join):
    scenario = {"caller": "simulated", "turns": [{"user": "Hello there", "say": "How can I help?"}]}
    client = await join(await start(scenario), session=TRANSCRIBED)
    await client.send("response.create")
    await client.until("response.done")
    await client.until("input_audio_buffer.speech_started")
    assert (await client.until("response.done"))["response"]["status"] == "completed"


@pytest.mark.parametrize("barge_in", [{}, {"after": "a time", "after_ms": 100}])
def test_a_barge_in_point_is_either_words_or_a_time(barge_in):
    with pytest.raises(ConfigurationError, match="'after_ms', one of the two"):
        Scenario.from_dict(story(**barge_in))


def test_a_pattern_cannot_be_spoken():
    scenario = Scenario.from_dict(
        {"turns": [{"user": "weather|rain", "match": "pattern", "say": "It rains."}]}
    )
    with pytest.raises(ConfigurationError, match="plain words"):
        with_simulated_caller(scenario)
    with pytest.raises(ConfigurationError, match="needs lines"):
        with_simulated_caller(Scenario())
