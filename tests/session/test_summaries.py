"""Beyond the budget the oldest turns are left out, or stand summarised."""

from __future__ import annotations

import pytest
from session_harness import (
    Driver,
    committed,
    created,
    heard_as,
    message,
    of,
    ready,
    requests_in,
    sent,
    written,
)
from test_handover import asked_for, dropped, leave, message_added, told_again

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.images import image_message, image_part
from pipecat_voicelive.protocol.items import Response
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session import inputs
from pipecat_voicelive.session.memory import MemoryOptions
from pipecat_voicelive.session.response import METADATA_KEY
from pipecat_voicelive.session.tools import message_item


async def by_hand(_items: object) -> str:
    return ""


DROP = MemoryOptions(budget_chars=1_000)
ASK = MemoryOptions(budget_chars=1_000, oldest="summarize")
CALL = MemoryOptions(budget_chars=1_000, oldest="summarize", summarize=by_hand)


def a_turn(driver: Driver, number: int) -> list[fx.Effect]:
    """A turn of about 200 characters."""
    user, response, item = f"u{number}", f"r{number}", f"a{number}"
    driver.give(committed(user), heard_as(user, f"Question {number}? " + "x" * 40), created(response))
    driver.give(message_added(response, item), written(response, item, f"Answer {number}. " + "y" * 40))
    return driver.give(se.ResponseDone(response=Response(id=response, status="completed", metadata=None)))


def first_words(effects: list[fx.Effect]) -> list[str]:
    return [" ".join(words.split()[:2]) for _, words in told_again(effects)]


def test_beyond_the_budget_the_oldest_whole_turns_are_left_out():
    driver = ready(memory=DROP)
    for number in range(1, 9):
        a_turn(driver, number)
    _, again = dropped(driver)
    told = first_words(again)
    assert told[0].startswith("Question")
    assert told[-2:] == ["Question 8?", "Answer 8."]
    assert len(told) % 2 == 0
    assert 4 <= len(told) < 16
    assert sum(len(words) + 40 for _, words in told_again(again)) <= 1_000


def test_the_newest_turn_is_told_whatever_its_length():
    driver = ready(memory=DROP)
    a_turn(driver, 1)
    driver.give(inputs.AddItem(message("z" * 3_000, "t1")))
    _, again = dropped(driver)
    assert told_again(again) == [("user", "z" * 3_000)]


def test_system_messages_at_the_head_stay():
    driver = ready(memory=DROP)
    driver.give(inputs.AddItem(message_item("system", "You talk to Ada.")))
    for number in range(1, 9):
        a_turn(driver, number)
    _, again = dropped(driver)
    assert told_again(again)[0] == ("system", "You talk to Ada.")


def test_a_summary_is_asked_for_before_the_budget_is_used_up_and_stands_at_the_head():
    driver = ready(memory=ASK)
    asked: list[fx.Effect] = []
    number = 0
    while not requests_in(asked):
        number += 1
        asked = a_turn(driver, number) + driver.wait(3)
    assert number <= 5
    assert asked_for(asked).conversation == "none"
    (request,) = requests_in(asked)
    metadata = {METADATA_KEY: str(request.event_id)}
    driver.give(se.ResponseCreated(response=Response(id="s", status="in_progress", metadata=metadata)))
    driver.give(written("s", "x", "They spoke of numbers."))
    done = driver.give(se.ResponseDone(response=Response(id="s", status="completed", metadata=metadata)))
    assert len(of(fx.AskAnswered, done)) == 1
    _, again = dropped(driver)
    told = told_again(again)
    assert told[0] == ("system", "Summary of the conversation so far: They spoke of numbers.")
    assert told[-1][1].startswith(f"Answer {number}.")
    assert not any(words.startswith("Question 1?") for _, words in told)
    _, again = dropped(driver)
    assert told_again(again) == told


def test_a_summary_that_was_not_given_in_time_is_asked_for_in_the_next_session():
    driver = ready(memory=ASK)
    for number in range(1, 6):
        a_turn(driver, number)
    driver.wait(3)
    _, carried = leave(driver)
    assert carried.questions == ()


def test_a_function_is_given_the_items_and_its_words_stand_for_them():
    driver = ready(memory=CALL)
    wanted: list[fx.SummaryWanted] = []
    number = 0
    while not wanted:
        number += 1
        wanted = of(fx.SummaryWanted, a_turn(driver, number))
    assert wanted[0].items[0].words.startswith("Question 1?")
    assert not wanted[0].items[-1].words.startswith(f"Answer {number}")
    driver.give(inputs.Summary(wanted[0].summary_id, "Numbers."))
    _, again = dropped(driver)
    assert told_again(again)[0] == ("system", "Summary of the conversation so far: Numbers.")
    assert len(told_again(again)) - 1 == 2 * number - len(wanted[0].items)


def test_a_function_that_fails_leaves_dropping():
    driver = ready(memory=CALL)
    for number in range(1, 6):
        for wanted in of(fx.SummaryWanted, a_turn(driver, number)):
            driver.give(inputs.Summary(wanted.summary_id, ""))
    _, again = dropped(driver)
    assert all(role != "system" for role, _ in told_again(again))


@pytest.mark.parametrize(
    "wrong",
    [{"budget_chars": 10}, {"oldest": "forget"}, {"images": -1}, {"oldest": "drop", "summarize": by_hand}],
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigurationError):
        MemoryOptions(**wrong)


def test_only_the_newest_images_are_told_again_and_the_same_strings():
    driver = ready(memory=MemoryOptions(images=2))
    urls = [f"data:image/png;base64,{number}" for number in range(4)]
    for number, url in enumerate(urls):
        driver.give(inputs.AddItem(image_message(image_part(url), f"Look, {number}.")))
    _, again = dropped(driver)
    parts = [event.item.content[1] for event in sent(again)]
    assert [part.type for part in parts] == ["input_text", "input_text", "input_image", "input_image"]
    assert [part.image_url for part in parts[2:]] == urls[2:]


def test_a_function_that_takes_its_time_is_asked_once():
    driver = ready(memory=CALL)
    wanted = [signal for number in range(1, 20) for signal in of(fx.SummaryWanted, a_turn(driver, number))]
    assert len(wanted) == 1
