"""Which texts fit a line, and what they have in its gaps."""

import time

import pytest

from pipecat_voicelive.simulator.matching import fit, sayable
from pipecat_voicelive.simulator.scenario import Turn


def captured(user, text, **members):
    found = fit(Turn(user=user, **members), text)
    return None if found is None else dict(found.values)


@pytest.mark.parametrize(
    ("line", "text", "values"),
    [
        ("what's the weather in {location}", "What's the weather in Lisbon?", {"location": "Lisbon"}),
        (
            "what's the weather in {location}",
            "What is the weather like in New York",
            {"location": "New York"},
        ),
        (
            "what's the weather in {location}",
            "whats the wether in São Paulo please",
            {"location": "São Paulo"},
        ),
        ("a table for {guests} at {time}", "A table for four at 7:30", {"guests": "four", "time": "7:30"}),
        (
            "book a flight from {origin} to {goal} on {day}",
            "please book me a flight from San Francisco to Rio de Janeiro on Friday",
            {"origin": "San Francisco", "goal": "Rio de Janeiro", "day": "Friday"},
        ),
        ("{name} here", "Anna Maria here", {"name": "Anna Maria"}),
        ("say {words}", "say {words}", {"words": "words"}),
    ],
)
def test_the_gaps_of_a_line_take_the_words_that_are_left(line, text, values):
    assert captured(line, text) == values


@pytest.mark.parametrize(
    "text",
    ["", "What's the weather in", "Tell me a joke about Lisbon", "in Lisbon", "word " * 5000],
)
def test_what_is_not_alike_or_leaves_a_gap_empty_does_not_fit(text):
    assert captured("what's the weather in {location}", text) is None


def test_a_long_text_does_not_hold_anybody_up():
    line = " ".join(f"{{g{number}}} and" for number in range(6))
    began_s = time.process_time()
    captured(line, "this and that " * 1000)
    assert time.process_time() - began_s < 0.5


def test_exact_with_gaps_wants_every_other_word_as_it_is():
    assert captured("weather in {place}", "Weather in Oslo!", match="exact") == {"place": "Oslo"}
    assert captured("weather in {place}", "The weather in Oslo", match="exact") is None


def test_named_groups_of_a_pattern_are_captured():
    line = r"order (?P<number>\d+)( for (?P<name>\w+))?"
    assert captured(line, "Where is order 55012?", match="pattern") == {"number": "55012", "name": ""}


def test_min_says_how_much_alike_words_must_be():
    assert captured("Tell me a joke", "Tell me some joke", min=0.95) is None
    assert captured("Tell me a joke", "Tell us one of your jokes", min=0.5) == {}


def test_any_fits_everything_less_than_a_line_that_fits():
    assert fit(Turn(match="any", say="x"), "").score < fit(Turn(user="Hello"), "Hello!").score


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"user": "Hello"}, "Hello"),
        ({"user": "to {place}"}, None),
        ({"user": "to {place}", "spoken": "To Oslo"}, "To Oslo"),
        ({"user": "a|b", "match": "pattern"}, None),
        ({"match": "any"}, None),
    ],
)
def test_a_line_with_gaps_can_be_said_if_somebody_tells_how(members, words):
    assert sayable(Turn(**members)) == words
