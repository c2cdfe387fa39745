"""Tool schemas as libraries make them, and schemas that are none: all are read, none does harm."""

import json
from enum import Enum
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from pipecat_voicelive.simulator.replies import ToolRules
from pipecat_voicelive.simulator.tool_choice import ToolChoice
from pipecat_voicelive.simulator.tool_picker import Tool, arguments_for, ranked


class Unit(Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


class Place(BaseModel):
    city: str
    near: "Place | None" = None


class Forecast(BaseModel):
    unit: Unit
    place: Place
    days: int | None = Field(None, ge=1, le=7)
    kind: Literal["short", "long"] | None = None
    colours: list[Unit] = []
    version: Literal[2] = 2


def made_by_pydantic():
    return Tool.from_definition("get_forecast", "Tells the forecast", Forecast.model_json_schema())


def test_a_schema_of_pydantic_is_read_with_its_definitions():
    found = arguments_for(made_by_pydantic(), "a long forecast for 3 days in fahrenheit in Lisbon")
    assert found == {"unit": "fahrenheit", "place": {"city": "Lisbon"}, "days": 3, "kind": "long"}


def test_a_choice_of_a_definition_counts_as_a_word_of_the_tool():
    assert ranked([made_by_pydantic()], "celsius")[0].score > 0


def test_a_value_that_a_definition_forbids_is_left_out():
    schema = {
        "properties": {"days": {"$ref": "#/$defs/Days"}},
        "$defs": {"Days": {"type": "integer", "multipleOf": 7}},
    }
    assert arguments_for(Tool("plan", parameters=schema), "for 14 days") == {"days": 14}
    assert arguments_for(Tool("plan", parameters=schema), "for 15 days") == {}


@pytest.mark.parametrize(
    "member",
    [
        {"$ref": "#/$defs/Missing"},
        {"$ref": "#/$defs/Loop"},
        {"$ref": "https://schemas.invalid/x.json"},
        {"$ref": 5},
        True,
        {"enum": None},
        {"type": "integer", "minimum": "1"},
        {"type": {}},
        {"type": "array", "items": True},
        {"type": "object", "properties": []},
        {"type": "string", "pattern": "a{99999999999999999999}"},
    ],
)
def test_a_property_that_cannot_be_read_does_no_harm_to_the_others(member):
    schema = {
        "properties": {"odd": member, "days": {"type": "integer"}},
        "required": True,
        "$defs": {"Loop": {"$ref": "#/$defs/Loop"}},
    }
    tool = Tool.from_definition("plan", "Plans a trip", schema)
    assert arguments_for(tool, "plan a trip of 3 days")["days"] == 3


def test_a_schema_that_names_itself_everywhere_is_read_at_once():
    tree = {f"branch{index}": {"$ref": "#/$defs/Tree"} for index in range(30)}
    leaves = {
        f"Tree{level}": {"properties": {**tree, "x": {"$ref": f"#/$defs/Tree{level + 1}"}}}
        for level in range(9)
    }
    schema = {"properties": tree, "$defs": {"Tree": {"properties": tree}, **leaves}}
    assert arguments_for(Tool("grow", parameters=schema), "grow a tree") == {}


def test_a_schema_that_is_deeply_nested_does_no_harm():
    schema = {"properties": {"metres": {"type": "integer"}}}
    for _ in range(400):
        schema = {"properties": {"x": schema, "metres": {"type": "integer"}}}
    assert ranked([Tool("dig", parameters=schema)], "dig 3 metres")[0].arguments == {"metres": 3}


@pytest.mark.parametrize("number", ["9" * 590, "9" * 400 + ".5"])
def test_a_number_beyond_measure_does_no_harm(number):
    schema = {"properties": {"x": {"type": "number"}, "y": {"type": "integer"}}}
    arguments = arguments_for(Tool("count", parameters=schema), f"count {number}")
    assert "Infinity" not in json.dumps(arguments)


NAMES = st.sampled_from(["city", "days", "on", "x", "$ref", "unit"])
KEYWORDS = st.sampled_from(
    [
        *("type", "enum", "const", "$ref", "$defs", "anyOf", "oneOf", "allOf", "items", "properties"),
        *("required", "minimum", "maximum", "pattern", "description", "format", "x-sim-utterances"),
    ]
)
WORDS = st.sampled_from(
    [
        *("string", "integer", "number", "boolean", "array", "object", "null", "date", "email", "", "("),
        *(
            "#",
            "#/",
            "#/$defs/A",
            "#/$defs/A/properties/x",
            "#/nowhere",
            "#a",
            "^[A-Z]+$",
            "{a} {a",
            "{city}",
        ),
    ]
)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), WORDS
)
ODD = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYWORDS, inner, max_size=4),
        st.dictionaries(NAMES, inner, max_size=3),
        st.fixed_dictionaries({"properties": st.dictionaries(NAMES, inner, max_size=3)}),
    ),
    max_leaves=15,
)
SCHEMAS = st.one_of(
    ODD,
    st.fixed_dictionaries(
        {"properties": st.dictionaries(NAMES, ODD)},
        optional={"$defs": st.fixed_dictionaries({"A": ODD}), "required": ODD, "x-sim-utterances": ODD},
    ),
)
SAID = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            "what is the weather in Lisbon for 3 days from Oslo at half past seven tomorrow on off 12345 "
            'jo@example.com twenty-five 2.5 unit city "quoted words" string null'.split()
        ),
        max_size=12,
    ).map(" ".join),
)


@given(SCHEMAS, SAID, SAID)
def test_no_schema_and_no_words_make_the_picker_fail(schema, said, answer):
    odd = Tool.from_definition("get_weather", "Tells the weather of a city", schema)
    rules = ToolRules(offered=("get_weather",), tools=(odd,))
    choice = ToolChoice({})
    for item, words in enumerate([said, answer]):
        choice.reply(str(item), words, rules)
    json.loads(choice.forced(said, rules).arguments)
