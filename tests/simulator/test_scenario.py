"""Scenario files: what they may hold and how a mistake is named."""

import pytest

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator import Aside, Scenario, ToolCall, Turn

WHOLE = """
name: weather
greeting: "Hello!"
turns:
  - user: "What is the weather in Lisbon?"
    call: {name: get_weather, arguments: {city: Lisbon}}
    then: "It is {result.temperature} degrees."
  - user: "Tell me a (story|joke)"
    match: pattern
    repeat: true
    say: "Once upon a time"
    delay_ms: 200
    transcript: fail
    transcript_delay_ms: 50
    language: de-DE
    confidence: 0.5
otherwise: "Sorry?"
unheard: "What?"
asides:
  - about: "sum(mary|marize)"
    say: "They talked."
    delay_ms: 10
interim: "Wait."
"""


def load(tmp_path, text):
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return Scenario.load(path)


def test_a_whole_file_is_read(tmp_path):
    assert load(tmp_path, WHOLE) == Scenario(
        name="weather",
        greeting="Hello!",
        turns=(
            Turn(
                user="What is the weather in Lisbon?",
                calls=(ToolCall("get_weather", {"city": "Lisbon"}),),
                then="It is {result.temperature} degrees.",
            ),
            Turn(
                user="Tell me a (story|joke)",
                match="pattern",
                repeat=True,
                say="Once upon a time",
                delay_ms=200.0,
                transcript="fail",
                transcript_delay_ms=50.0,
                language="de-DE",
                confidence=0.5,
            ),
        ),
        otherwise="Sorry?",
        unheard="What?",
        asides=(Aside("sum(mary|marize)", "They talked.", 10.0),),
        interim="Wait.",
    )


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("turns:\n  - user: Hi\n    sya: Hello", 3, "did you mean 'say'"),
        ("nmae: x", 1, "did you mean 'name'"),
        ("turns:\n  - user: Hi\n    say: 5", 3, "must be text (in quotes), not a number"),
        ("turns:\n  - user: yes\n    say: x", 2, "must be text (in quotes), not true or false"),
        ("turns:\n  - say: x", 2, "needs 'user'"),
        ("turns:\n\n  - user: Hi", 3, "needs 'say'"),
        ("turns:\n  - user: Hi\n    say: x\n    then: y", 4, "without 'call' use 'say'"),
        ("turns:\n  - user: Hi\n    call: get_weather", 3, "must be a mapping"),
        ("turns:\n  - user: Hi\n    call: {arguments: {}}", 3, "needs 'name'"),
        ("turns:\n  - user: Hi\n    call: {name: f, arguments: 5}", 3, "must be a mapping, not a number"),
        ("turns:\n  - user: Hi\n    call: {name: f}\n    calls: []", 4, "put all calls into 'calls'"),
        ("turns:\n  - user: Hi\n    say: x\n    match: regex", 4, "exact, pattern, fuzzy"),
        ("turns:\n  - user: '('\n    say: x\n    match: pattern", 2, "no regular expression"),
        ("turns:\n  - user: Hi\n    say: x\n    delay_ms: soon", 4, "number of milliseconds"),
        ("turns:\n  - user: Hi\n    say: x\n    transcript: maybe", 4, "fail, empty, none"),
        ("turns:\n  - user: Hi\n    say: x\n    repeat: often", 4, "true or false"),
        ("turns: x", 1, "must be a list"),
        ("asides:\n  - about: x", 2, "needs 'about'"),
        ("asides:\n  - about: '('\n    say: x", 2, "no regular expression"),
        ("name: [", 1, "bad YAML"),
        ("turns:\n  - user: Hi\n    say: x\n    say: y", 4, "'say' stands here for the second time"),
        ("- a", 1, "must be a mapping"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, text, line, problem):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, text)
    assert f"scenario.yaml, line {line}:" in str(raised.value)
    assert problem in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.yaml"):
        Scenario.load(tmp_path / "none.yaml")


def test_an_empty_file_is_no_scenario(tmp_path):
    with pytest.raises(ConfigurationError, match="must be a mapping"):
        load(tmp_path, "")


def test_members_are_read_like_a_file_and_mistakes_named_by_their_path():
    with pytest.raises(ConfigurationError, match=r"turns\[0\]\.sya is unknown"):
        Scenario.from_dict({"turns": [{"user": "Hi", "sya": "x"}]})


def test_searches_agents_and_citations_are_read():
    scenario = Scenario.from_dict(
        {
            "turns": [
                {
                    "user": "a",
                    "search": {"kind": "file", "queries": ["q"], "results": [{"text": "t"}]},
                    "agent": {"name": "travel", "arguments": {"to": "Oslo"}, "output": "Train."},
                    "say": "Take the train.",
                    "annotations": [{"after": "the train", "annotation": {"url": "u"}}],
                }
            ]
        }
    )
    (turn,) = scenario.turns
    assert (turn.search.kind, turn.search.queries, turn.search.results) == ("file", ("q",), ({"text": "t"},))
    assert (turn.agent.name, turn.agent.arguments, turn.agent.output) == ("travel", {"to": "Oslo"}, "Train.")
    assert [(cited.after, cited.annotation) for cited in turn.annotations] == [("the train", {"url": "u"})]


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"search": {"kind": "moon"}}, r"search.kind must be one of web, file"),
        ({"search": {"results": ["x"]}}, r"search.results\[0\] must be a mapping"),
        ({"agent": {"arguments": {}}}, r"agent needs 'name'"),
        (
            {"annotations": [{"after": "x", "annotation": {}}]},
            r"needs 'after': words of 'say'",
        ),
        ({"annotations": [{"after": "b"}]}, r"annotations\[0\] needs 'annotation'"),
    ],
)
def test_wrong_searches_agents_and_citations_are_refused(members, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        Scenario.from_dict({"turns": [{"user": "a", "say": "b", **members}]})
