"""Which tool is picked for what is said, how often that is right, and what is asked for if it is missing."""

import json
import time

import pytest
from picker_examples import (
    DEVELOPMENT,
    FRESH,
    FRESH_TOOLS,
    HELD_OUT,
    OTHER_TOOLS,
    TOOLS,
    UNSEEN,
    text,
    tool,
)

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator import Scenario
from pipecat_voicelive.simulator.brain import Brain
from pipecat_voicelive.simulator.known_words import KnownWords
from pipecat_voicelive.simulator.replies import Call, ToolRules
from pipecat_voicelive.simulator.tool_picker import THRESHOLD, Tool, arguments_for, ranked


def right(tools, examples):
    """How often the tool is right, and how often the tool and all its arguments."""
    by_tool = by_all = 0
    for said, name, arguments in examples:
        best = ranked(tools, said)[0]
        found = best.tool.name if best.score >= THRESHOLD else None
        by_tool += found == name
        by_all += found == name and (name is None or dict(best.arguments) == arguments)
    return by_tool, by_all


@pytest.mark.parametrize(
    ("tools", "examples", "least"),
    [
        (TOOLS, DEVELOPMENT, (29, 29)),
        (TOOLS, HELD_OUT, (19, 19)),
        (OTHER_TOOLS, UNSEEN, (19, 18)),
        (FRESH_TOOLS, FRESH, (17, 17)),
    ],
    ids=["development", "held out", "unseen", "fresh"],
)
def test_the_picker_is_right_as_often_as_its_page_says(tools, examples, least):
    assert right(tools, examples) >= least


def test_a_pick_takes_milliseconds():
    began_s = time.process_time()
    for said, *_ in DEVELOPMENT:
        ranked(TOOLS + OTHER_TOOLS + FRESH_TOOLS, said)
    assert (time.process_time() - began_s) / len(DEVELOPMENT) < 0.05


def test_the_same_words_give_the_same_pick():
    first, again = (ranked(TOOLS, "dim the bedroom light to 15") for _ in range(2))
    assert first == again


def test_hints_decide_what_names_do_not_and_capture_arguments():
    vague = tool("f17", "", {"city": text()}, ["city"])
    schema = {**vague.parameters, "x-sim-utterances": ["should I take a coat in {city}"]}
    hinted = Tool.from_definition("f17", None, schema)
    said = "Should I take a coat in Bergen?"
    assert ranked([*TOOLS, vague], said)[0].score < THRESHOLD
    best = ranked([*TOOLS, hinted], said)[0]
    assert (best.tool.name, best.arguments) == ("f17", {"city": "Bergen"})


@pytest.mark.parametrize(
    ("schema", "said", "value"),
    [
        ({"type": "string", "format": "email"}, "write to jo@example.com please", "jo@example.com"),
        ({"type": ["integer", "null"], "description": "Number of tickets"}, "two tickets at 8 pm", 2),
        ({"type": "integer", "maximum": 5}, "I want seven", None),
        ({"type": "number"}, "it weighs 2.5 kilos", 2.5),
        ({"type": "array", "items": {"enum": ["red", "green"]}}, "green and red ones", ["green", "red"]),
        ({"type": "string", "pattern": "^[A-Z]{2}\\d{3}$"}, "it is ab123", "AB123"),
        ({"type": "string", "pattern": "("}, "anything", None),
        ({"type": "object", "properties": {"count": {"type": "integer"}}}, "take three", {"count": 3}),
        ({"enum": ["twin room", "suite"]}, "a room with twin beds", "twin room"),
        ({}, "hello", None),
    ],
)
def test_arguments_are_found_by_their_schema(schema, said, value):
    found = arguments_for(tool("t", "", {"x": schema}), said)
    assert found == ({} if value is None else {"x": value})


@pytest.mark.parametrize("parameters", [None, [], {"properties": {"a": {"type": 5}}}, {"required": ["b"]}])
def test_a_schema_that_is_none_does_no_harm(parameters):
    odd = Tool.from_definition("check_a", "Check a", parameters)
    assert ranked([odd], "check a 3")[0].tool == odd


class Talk:
    """Typed turns with a brain that has tools and no lines."""

    def __init__(self, scenario=None, **rules):
        self.brain = Brain(Scenario.from_dict({"otherwise": "Pardon?", **(scenario or {})}))
        offered = tuple(one.name for one in TOOLS)
        self.rules = ToolRules(offered=offered, tools=tuple(TOOLS), **rules)
        self.items = []

    def ask(self, words):
        part = ItemContent(type="input_text", text=words)
        self._add(type="message", role="user", content=[part])
        return self.reply()

    def reply(self):
        (part,) = self.brain.reply(self.items, self.rules).parts
        if isinstance(part, Call):
            return part.name, json.loads(part.arguments)
        self._add(type="message", role="assistant", content=[ItemContent(type="text", text=part.text)])
        return part.text

    def _add(self, **members):
        self.items.append(ConversationItem(id=f"item{len(self.items)}", **members))


def test_words_that_fit_no_line_call_the_tool_they_fit():
    assert Talk().ask("What is the weather in Lisbon?") == ("get_weather", {"location": "Lisbon"})


def test_a_line_of_the_scenario_comes_first():
    talk = Talk({"turns": [{"user": "What is the weather in Lisbon?", "say": "Fine."}]})
    assert talk.ask("What is the weather in Lisbon?") == "Fine."


def test_words_that_fit_no_tool_are_answered_by_otherwise():
    assert Talk().ask("Tell me a joke") == "Pardon?"


@pytest.mark.parametrize(
    "said", ["Please don't book a table for two at 7 pm", "I do not want to know the weather in Lisbon"]
)
def test_who_refuses_a_tool_calls_none(said):
    assert Talk().ask(said) == "Pardon?"


def test_who_asks_not_to_forget_refuses_nothing():
    assert Talk().ask("Don't forget to book a table for two at 7 pm") == (
        "book_table",
        {"people": 2, "time": "7 pm"},
    )


def test_what_is_missing_is_asked_for_and_taken_from_the_answer():
    talk = Talk()
    assert talk.ask("What's the weather?") == "What is the location?"
    assert talk.ask("Lisbon") == ("get_weather", {"location": "Lisbon"})


def test_several_missing_arguments_are_asked_for_until_all_are_there():
    talk = Talk()
    assert talk.ask("book a table") == "What are the people and the time?"
    assert talk.ask("for six") == "What is the time?"
    assert talk.ask("at half past seven") == ("book_table", {"people": 6, "time": "half past seven"})


def test_who_is_asked_back_may_want_something_else():
    talk = Talk()
    talk.ask("What's the weather?")
    assert talk.ask("where is my order 55012") == ("track_order", {"order_id": "55012"})
    talk = Talk()
    talk.ask("What's the weather?")
    assert talk.ask("Oh, I do not know any more, forget about that please") == "Pardon?"


def test_an_answer_that_is_made_again_asks_the_same():
    talk = Talk()
    asked = talk.ask("What's the weather?")
    del talk.items[-1]
    assert talk.reply() == asked


@pytest.mark.parametrize(
    ("said", "rules", "call"),
    [
        ("The weather in Oslo", {"must_call": "track_order"}, ("get_weather", {"location": "Oslo"})),
        ("Hello", {"must_call": "track_order"}, ("track_order", {})),
        (
            "The weather in Oslo for 12345",
            {"must_call": "track_order", "only": "track_order"},
            ("track_order", {"order_id": "12345"}),
        ),
    ],
)
def test_a_tool_that_must_be_called_is_given_what_was_said(said, rules, call):
    assert Talk(**rules).ask(said) == call


@pytest.mark.parametrize("words", ["1 ", "to New York ", "at 7 ", "name is "])
def test_a_long_text_does_not_hold_anybody_up(words):
    began_s = time.process_time()
    Talk().ask(words * 5000)
    assert time.process_time() - began_s < 1.0


def test_no_tool_is_picked_where_none_may_be_called_or_the_scenario_forbids_it():
    asked = "What is the weather in Lisbon?"
    assert Talk(only="").ask(asked) == "Pardon?"
    assert Talk({"picks_tools": False}).ask(asked) == "Pardon?"


def test_a_scenario_gives_hints():
    talk = Talk({"hints": {"get_weather": ["should I take a coat to {location}"]}})
    assert talk.ask("Should I take a coat to Bergen") == ("get_weather", {"location": "Bergen"})


def test_nothing_is_guessed_from_audio_and_known_words_are_taken():
    for words, expected in ((None, "Pardon?"), (KnownWords("Weather in Rome", "told"), None)):
        talk = Talk()
        talk.items = [
            ConversationItem(
                id="u",
                type="message",
                role="user",
                content=[ItemContent(type="input_audio", transcript=None)],
            )
        ]
        talk.brain.hear("u", 900.0, [], words)
        assert talk.reply() == (expected or ("get_weather", {"location": "Rome"}))


def test_captured_words_become_the_number_that_the_tool_wants():
    call = {"name": "book_table", "arguments": {"people": "{guests}", "time": "8", "name": "{guests}"}}
    talk = Talk({"turns": [{"user": "we are {guests} people", "call": call}]})
    assert talk.ask("We are twenty five people") == (
        "book_table",
        {"people": 25, "time": "8", "name": "twenty five"},
    )
