"""Scenario files: what they may hold and how a mistake is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
                call=ToolCall("get_weather", {"city": "Lisbon"}),
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


TURN = "turns:\n  - user: Hi\n"


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (TURN + "    sya: Hello", "3:5", "turns[0].sya is unknown; did you mean 'say'?"),
        ("nmae: x", "1:1", "nmae is unknown; did you mean 'name'?"),
        ("xyz: x", "1:1", "xyz is unknown; known are 'name', 'greeting'"),
        (TURN + "    say: 5", "3:10", "turns[0].say must be text (in quotes), not a number"),
        ("turns:\n  - user: yes\n    say: x", "2:11", "must be text (in quotes), not true or false"),
        ("turns:\n  - say: x", "2:5", "turns[0] needs 'user'"),
        ("turns:\n\n  - user: Hi", "3:5", "turns[0] needs 'say'"),
        (TURN + "    say: x\n    then: y", "4:11", "without 'call' use 'say'"),
        (TURN + "    call: get_weather", "3:11", "must be a mapping of name, arguments, not text"),
        (TURN + "    call: {arguments: {}}", "3:11", "turns[0].call needs 'name': the tool to call"),
        (TURN + "    call:", "3:10", "turns[0].call has no value; give it one or leave it out"),
        (TURN + "    call: {name: f, arguments: 5}", "3:32", "must be a mapping, not a number"),
        (TURN + "    call: {name: f, arguments: {1: x}}", "3:33", "put it into quotes"),
        (TURN + "    call: {name: f}\n    calls: [{name: g}]", "4:12", "put all calls into 'calls'"),
        (
            TURN + "    say: x\n    match: patern",
            "4:12",
            "one of exact, pattern, fuzzy, any; did you mean 'pattern'?",
        ),
        ("turns:\n  - user: '('\n    say: x\n    match: pattern", "2:11", "no regular expression"),
        (
            TURN + "    say: x\n    delay_ms: soon",
            "4:15",
            "must be a number, at least 0, at most 600000, not text",
        ),
        (TURN + "    say: x\n    delay_ms: -1", "4:15", "at least 0, at most 600000, not -1"),
        (TURN + "    say: x\n    confidence: 0", "4:17", "must be a number, above 0, at most 1, not 0"),
        (TURN + "    say: x\n    transcript: maybe", "4:17", "completed, fail, empty, none"),
        (TURN + "    say: x\n    repeat: often", "4:13", "must be true or false, not text"),
        ("turns: x", "1:8", "turns must be a list, not text"),
        ("hints: {get_time: how late}", "1:19", "hints.get_time must be a list of texts, not text"),
        ("turns: [x]", "1:9", "turns[0] must be a mapping of user, spoken, say, call, calls, ..., not text"),
        ("asides:\n  - about: x", "2:5", "asides[0] needs 'say': the answer"),
        ("asides:\n  - about: '('\n    say: x", "2:12", "no regular expression"),
        ("5: x", "1:1", "5 is no name; put it into quotes"),
        ("name: [", "1:8", "bad YAML"),
        ("turns: [{user: 'a{99999999999}', match: pattern, say: x}]", "1:16", "no regular expression"),
        ("asides: [{about: 'a{99999999999}', say: x}]", "1:18", "no regular expression"),
        (TURN + "    say: x\n    say: y", "4:5", "'say' stands here for the second time"),
        ("- a", "1:1", "the scenario must be a mapping of name, greeting"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_was_expected(tmp_path, text, place, problem):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, text)
    assert f"scenario.yaml:{place}: " in str(raised.value)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ("greeting: 'Hi {user.text}'", "greeting knows no {user.text}; nothing can be filled in here"),
        ("otherwise: 'You said {user.txt}'", "knows no {user.txt}; did you mean {user.text}?"),
        (
            TURN + "    say: 'It is {temperature}'",
            "knows no {temperature}; known are {user.text}",
        ),
        (TURN + "    say: 'It is {result.x}'", "turns[0].say knows no {result.x}"),
        (TURN + "    say: 'A {image.colour} one'", "did you mean {image.color}?"),
        (TURN + "    call: {name: get_time}\n    then: '{reslt.x}'", "did you mean {result}?"),
        (
            TURN + "    call: {name: get_time}\n    then: '{results.get_tim.x}'",
            "did you mean {results.get_time}?",
        ),
        ("asides: [{about: x, say: '{user.seconds}'}]", "asides[0].say knows no {user.seconds}"),
    ],
)
def test_a_gap_that_nothing_fills_is_refused(tmp_path, member, problem):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, member)
    assert problem in str(raised.value)


CALL = TURN + "    call: {name: f}\n    then:\n"


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (TURN + "    say: x\n    min: 0.5\n    match: exact", "4:10", "min is for 'match: fuzzy' only"),
        ("turns: [{user: 'from {a} to {a}', say: x}]", "1:16", "has two gaps {a}; give each its own name"),
        ("turns: [{user: 'to {result}', say: x}]", "1:16", "{result}; name it with one word, other than"),
        ("turns: [{user: 'to {a.b}', say: x}]", "1:16", "has a gap {a.b}; name it with one word"),
        ("turns: [{user: 'to {a}', spoken: hello, say: x}]", "1:34", "spoken does not fit 'user'"),
        ("turns: [{user: 'to {city}', say: 'To {town}'}]", "1:34", "knows no {town}; known are {user.text}"),
        ("turns: [{user: 'to {city}', call: {name: f, arguments: {a: ['{cty}']}}}]", "1:61", "mean {city}?"),
        (CALL + "      sya: x", "5:7", "turns[0].then.sya is unknown; did you mean 'say'?"),
        (CALL + "      - sya: x", "5:9", "turns[0].then[0].sya is unknown; did you mean 'say'?"),
        (
            TURN + "    call: {name: f}\n    then: 5",
            "4:11",
            "text (in quotes) or a mapping of when, on_error",
        ),
        (CALL + "      - {when: {reslt.x: 1}, say: y}", "5:26", "reslt.x is unknown; did you mean 'result'?"),
        (CALL + "      - say: a\n      - say: b", "5:9", "then[0] needs 'when': it always fits"),
        (CALL + "      - {when: {result: 1}, say: '{error}'}", "5:34", "knows no {error}"),
        (CALL + "      - {say: a, then: b}", "5:24", "then[0].then answers a tool call"),
        (TURN + "    fails: {message: x}", "3:12", "turns[0].fails needs 'code': the error's code"),
        (TURN + "    fails: {code: x}\n    incomplete: content_filter", "4:17", "ends in one way"),
        (TURN + "    say: x\n    incomplete: tired", "4:17", "one of max_output_tokens, content_filter"),
    ],
)
def test_a_mistake_in_matching_or_in_what_follows_is_named_with_its_place(tmp_path, text, place, problem):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, text)
    assert f"scenario.yaml:{place}: " in str(raised.value)
    assert problem in str(raised.value)


def test_braces_that_are_no_gaps_are_plain_text(tmp_path):
    scenario = load(tmp_path, TURN + """    say: '{"a": 1} {} {{user.text}}'""")
    assert scenario.turns[0].say == '{"a": 1} {} {{user.text}}'


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, "nmae: x\nturns:\n" + "  - user: 5\n    say: x\n" * 12)
    assert len(str(raised.value).splitlines()) == 13


def test_mistakes_of_shape_hide_no_others_and_all_stand_in_the_order_of_the_file(tmp_path):
    text = (
        "greeting: 'Hi {user.text}'\n"
        "recordings: [{fiel: a.wav, text: a}]\n"
        "turns:\n"
        "  - {user: a, sya: b}\n"
        "  - {user: '(', match: pattern, say: x}\n"
        "  - {user: c, say: '{reslt}'}\n"
    )
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, text)
    places = [line.split("scenario.yaml:")[1].split(" ")[:2] for line in str(raised.value).splitlines()]
    assert places == [
        ["1:11:", "greeting"],
        ["2:14:", "recordings[0]"],
        ["2:15:", "recordings[0].fiel"],
        ["4:15:", "turns[0].sya"],
        ["5:12:", "turns[1].user"],
        ["6:20:", "turns[2].say"],
    ]


def test_a_gap_that_stands_twice_is_told_once(tmp_path):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, "turns: [{user: 'What is {city} like in {city}', say: x}]")
    assert len(str(raised.value).splitlines()) == 1


def test_a_recording_that_is_not_there_is_named_with_its_place(tmp_path):
    with pytest.raises(ConfigurationError, match=r"scenario\.yaml:1:21: recordings\[0\]\.file .*lost\.wav"):
        load(tmp_path, "recordings: [{file: lost.wav, text: hello}]")


def test_members_from_a_merged_mapping_are_named_where_they_are_merged(tmp_path):
    text = "turns:\n  - &first {user: a, say: b}\n  - {<<: *first, repeat: 5}"
    with pytest.raises(
        ConfigurationError, match=r"scenario\.yaml:3:26: turns\[1\]\.repeat must be true or false"
    ):
        load(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.yaml"):
        Scenario.load(tmp_path / "none.yaml")


def test_an_empty_file_is_no_scenario(tmp_path):
    with pytest.raises(ConfigurationError, match="must be a mapping of name"):
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
        ({"agent": {"arguments": {}}}, r"agent needs 'name': the agent"),
        (
            {"annotations": [{"after": "x", "annotation": {}}]},
            r"annotations\[0\].after must be words of 'say'",
        ),
        ({"annotations": [{"after": "b"}]}, r"annotations\[0\] needs 'annotation'"),
    ],
)
def test_wrong_searches_agents_and_citations_are_refused(members, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        Scenario.from_dict({"turns": [{"user": "a", "say": "b", **members}]})


NAMES = st.sampled_from(
    "user say call calls then when on_error match min spoken fails incomplete arguments name turns hints "
    "faults barge_in listen image delay_ms sya".split()
)
WORDS = st.sampled_from(["x", "{a}", "{result.b}", "(", "any"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.integers(), inner, max_size=4),
    max_leaves=8,
)
TURNS = st.fixed_dictionaries(
    {"user": st.sampled_from(["hi", "to {a}", "{result}"])},
    optional={
        "say": st.just("x {a}"),
        "call": st.fixed_dictionaries({"name": st.just("f")}, optional={"arguments": VALUES}),
        "then": VALUES,
        "match": VALUES,
    },
)


@given(VALUES | st.fixed_dictionaries({"turns": st.lists(TURNS, max_size=2)}, optional={"faults": VALUES}))
def test_whatever_is_given_is_a_scenario_or_a_mistake_that_is_named(members):
    assert isinstance(members_read(members), Scenario) or members_read(members).startswith("scenario: ")


def members_read(members):
    """The scenario, or the complaint."""
    try:
        return Scenario.from_dict(members)
    except ConfigurationError as error:
        return str(error)
