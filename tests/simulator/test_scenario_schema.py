"""The JSON schema of scenario files: editors and the reader agree on what a file may hold."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from pipecat_voicelive.simulator.scenario_schema import scenario_schema

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scenario.md"


def members(schema):
    """Each member of each mapping in a schema, with its own schema."""
    for part in [schema, *schema["$defs"].values()]:
        for name, member in part["properties"].items():
            yield f"{part['title']}.{name}", member


def test_it_is_a_schema():
    Draft202012Validator.check_schema(scenario_schema())


def test_it_takes_the_scenario_on_the_page():
    example = PAGE.read_text().split("```yaml\n")[1].split("```")[0]
    Draft202012Validator(scenario_schema()).validate(yaml.safe_load(example))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("turns: [{user: a, sya: b}]", ["turns", 0]),
        ("turns: [{user: a, delay_ms: x}]", ["turns", 0, "delay_ms"]),
        ("turns: [{user: a, call: null}]", ["turns", 0, "call"]),
        ("turns: [{user: a, call: {arguments: {}}}]", ["turns", 0, "call"]),
    ],
)
def test_it_refuses_what_the_reader_refuses(text, place):
    (error,) = Draft202012Validator(scenario_schema()).iter_errors(yaml.safe_load(text))
    assert list(error.absolute_path) == place


def test_every_member_is_described():
    assert [name for name, member in members(scenario_schema()) if not member.get("description")] == []


def test_every_member_stands_on_the_page():
    page = PAGE.read_text()
    names = {name.rsplit(".", 1)[1] for name, _ in members(scenario_schema())}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
