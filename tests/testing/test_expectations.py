"""What is expected of a conversation: each expectation holds of what happened, and fails on what did not."""

import re

import pytest

from testing.conftest import answer_tool
from testing.test_manners import TEXT, WEATHER, ask_for_the_weather

TALK = [
    "caller: What is the weather in Lisbon?",
    'bot calls: get_weather(city="Lisbon")',
    "bot: It is 21 degrees in Lisbon.",
]


@pytest.fixture
async def weather(simulate, join):
    """A service that was asked for the weather, and has answered."""
    service = simulate(WEATHER)
    client = await join(service, session=TEXT)
    await answer_tool(client, await ask_for_the_weather(client), '{"degrees": 21}')
    await client.send("response.create")
    await service.answered()
    return service


async def test_what_happened_meets_every_expectation(weather):
    expect = weather.expect
    expect.said("it is 21 degrees")
    expect.said(re.compile(r"\d+ degrees"))
    expect.not_said("raining")
    expect.heard("21 degrees in Lisbon")
    expect.caller_said("weather in Lisbon")
    expect.called("get_weather", {"city": "Lisbon"}, output="21")
    expect.called("get_weather", times=1)
    expect.not_called("get_time")
    expect.conversation(*TALK)
    expect.context([{"role": "user", "content": "What?"}, {"role": "assistant", "content": TALK[2][5:]}])
    expect.sent("response.create", times=2)
    expect.not_sent("response.cancel")
    expect.received("response.done", times=2)
    assert weather.conversation == TALK


FAILING = {
    "expected that the bot said 'snow'": lambda e: e.said("snow"),
    "expected that the bot said something like": lambda e: e.said(re.compile("snow")),
    "never says 'degrees'; it said 'It is 21": lambda e: e.not_said("degrees"),
    "expected that the caller heard 'snow'": lambda e: e.heard("snow"),
    "expected that the caller said 'Oslo'": lambda e: e.caller_said("Oslo"),
    'expected a call of get_weather(city="Oslo")': lambda e: e.called("get_weather", {"city": "Oslo"}),
    "expected a call of get_weather 2 times, not 1": lambda e: e.called("get_weather", times=2),
    "with '99' in its output": lambda e: e.called("get_weather", output="99"),
    "expected no call; there was get_weather": lambda e: e.not_called(),
    "- bot: It is 4 degrees.": lambda e: e.conversation(*TALK[:2], "bot: It is 4 degrees."),
    "- It is 21 degrees in Lisbon.": lambda e: e.context([{"role": "assistant", "content": "It is"}]),
    "expected response.create from the client 1 times, not 2": lambda e: e.sent("response.create", times=1),
    "expected response.create from the client 0 times": lambda e: e.not_sent("response.create"),
    "expected error from the service": lambda e: e.received("error"),
}


@pytest.mark.parametrize("problem", FAILING)
async def test_an_expectation_that_fails_says_why_and_shows_the_conversation(weather, problem):
    with pytest.raises(AssertionError) as failure:
        FAILING[problem](weather.expect)
    text = str(failure.value)
    assert problem in text
    assert "The conversation:\n" in text
    assert 's  assistant calls get_weather({"city": "Lisbon"})' in text
    assert "assistant: It is 21 degrees in Lisbon." in text


async def test_what_was_heard_of_an_answer_that_was_cut_is_what_stands_in_the_conversation(simulate, join):
    service = simulate({"otherwise": "One two three four five six seven eight nine ten."})
    client = await join(service, session={"turn_detection": None})
    item_id = (await client.ask("Count"))["output"][0]["id"]
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=900)
    await client.until("conversation.item.truncated")
    (heard,) = service.heard().values()
    assert 0 < len(heard.split()) < 10
    service.expect.conversation("caller: Count", f"bot: {heard}")
    words = heard.split()
    service.expect.context([{"role": "assistant", "content": heard}])
    service.expect.context([{"role": "assistant", "content": " ".join(words[:-1])}])
    with pytest.raises(AssertionError, match=r"hold what was heard"):
        service.expect.context([{"role": "assistant", "content": " ".join(words[:-2])}])
    with pytest.raises(AssertionError, match=r"hold what was heard"):
        service.expect.context([{"role": "assistant", "content": f"{heard} and more"}])
    with pytest.raises(AssertionError, match=r"expected that the caller heard 'ten'"):
        service.expect.heard("ten")
    assert f"(the client played 900 ms of it): the caller heard {heard!r}" in service.transcript


async def test_waiting_in_vain_fails_with_the_conversation(simulate, join):
    service = simulate(WEATHER)
    client = await join(service, session=TEXT)
    await ask_for_the_weather(client)
    with pytest.raises(AssertionError, match=r"waited 0.2 s in vain for an answer") as failure:
        await service.answered(timeout_s=0.2)
    assert "What is the weather in Lisbon?" in str(failure.value)


async def test_sessions_are_told_apart_when_there_are_several(simulate, join):
    service = simulate()
    for _ in range(2):
        await (await join(service)).ask("Hello")
    assert "s  [1] user: Hello" in service.transcript
    assert "s  [2] user: Hello" in service.transcript
