"""Faults as values, as text and as plain members."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator import Fault
from pipecat_voicelive.simulator.faults.catalogue import catalogue, listed
from pipecat_voicelive.simulator.faults.forms import Form, form_of, parts_of
from pipecat_voicelive.simulator.faults.kinds import (
    KINDS,
    Close,
    Delay,
    Drop,
    GoSilent,
    Redirect,
    Refuse,
    SendEvent,
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop", Fault(Drop())),
        ("drop at response.audio.delta 3", Fault(Drop(), at="response.audio.delta", nth=3)),
        ("  close   1011 at response.done", Fault(Close(1011), at="response.done")),
        ('close 4000 "in the end" in session 2', Fault(Close(4000, "in the end"), session=2)),
        ("close 1001 bye", Fault(Close(1001, "bye"))),
        ("delay 200ms at every sent", Fault(Delay(0.2), at="sent", every=True)),
        ("delay 2 s at every response.* 4", Fault(Delay(2), at="response.*", every=True, nth=4)),
        ("go-silent for 3s after 1.5s", Fault(GoSilent(3.0), after_s=1.5)),
        ("go-silent chance 10%", Fault(GoSilent(), chance=0.1)),
        ("refuse 429 retry-after 2s at connect 1", Fault(Refuse(429, retry_after_s=2), at="connect")),
        ("redirect 307 wss://a.example/", Fault(Redirect(307, "wss://a.example/"))),
        (
            'send {"type": "at", "x": [1, "}"]} at received 2',
            Fault(SendEvent({"type": "at", "x": [1, "}"]}), at="received", nth=2),
        ),
    ],
)
def test_a_line_tells_what_and_when(text, fault):
    assert Fault.parse(text) == fault


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_every_kind_has_an_example_that_is_a_fault_of_it_and_is_written_as_it_is_read(entry):
    fault = Fault.parse(entry.example)
    assert fault.what.name == entry.name
    assert str(fault) == entry.example
    assert Fault.from_dict(fault.to_dict()) == fault


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_every_kind_is_explained_in_the_guide_as_in_the_help(entry):
    guide = (Path(__file__).parents[3] / "docs/howto/misbehave.md").read_text()
    assert f"| `{entry.usage}` | {entry.meaning} | `{entry.example}` |" in guide
    shown = " ".join(listed().split())
    assert f"{entry.usage} {entry.meaning.replace('`', chr(39))} e.g. {entry.example}" in shown


VALUES = {
    Form.SECONDS: st.floats(0, 86_400),
    Form.COUNT: st.integers(2, 1000),
    Form.TEXT: st.text(max_size=30),
    Form.OBJECT: st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()),
    Form.HEX: st.binary(min_size=1).map(bytes.hex),
}
NARROW = {
    "code": st.sampled_from([1000, 1011, 4999]),
    "status": st.sampled_from([301, 308]),
    "outcome": st.sampled_from(["empty", "never", "fail"]),
    "location": st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1),
}


def values(kind, part):
    if kind.name in ("reject", "fail-response") and part.name == "code":
        return st.text(max_size=20)
    return NARROW.get(part.name, VALUES[form_of(part)])


@st.composite
def faults(draw):
    kind = draw(st.sampled_from(sorted(KINDS.values(), key=lambda kind: kind.name)))
    what = kind(**{part.name: draw(values(kind, part)) for part in parts_of(kind)})
    if Fault.parse(kind.example).at_handshakes:
        at, when = draw(st.sampled_from(["", "connect"])), {"chance": draw(st.floats(0.001, 1))}
    elif own := Fault.parse(kind.example).counts:
        at, when = draw(st.sampled_from(["", own])), {"session": draw(st.none() | st.integers(1, 99))}
    else:
        at = draw(st.sampled_from(["received", "response.create"]))
        when = {
            "after_s": draw(st.floats(0, 1000)),
            "session": draw(st.none() | st.integers(1, 99)),
        }
    if at:
        when |= {"nth": draw(st.integers(1, 99)), "every": draw(st.booleans())}
    return Fault(what, at=at, **when)


@given(faults())
def test_text_and_members_hold_all_of_a_fault(fault):
    assert Fault.parse(str(fault)) == fault
    assert Fault.from_dict(fault.to_dict()) == fault


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "needs 'fault': what goes wrong, one of drop, close"),
        ("dorp", "did you mean 'drop'?"),
        ("drop at response.audio.detla", "did you mean 'response.audio.delta'?"),
        (
            "drop at response.audio.delta third",
            "'third' cannot stand there. Write drop [at [every] EVENT [N]]",
        ),
        ("drop at", "'at' needs an event type"),
        ("drop in session two", "'session' needs a whole number, not 'two'"),
        ("drop at sent 0", "'nth' must not be below 1"),
        ("drop at connect", "without 'at' it happens when one opens"),
        ("delay at sent", "'delay' needs 'by_s', seconds, e.g. 200ms or 2.5s; e.g. 'delay 200ms"),
        ("delay 200", "200 of what? Write 200s or 200ms"),
        ("drop chance 0", "'chance' must be above 0"),
        ("drop chance much", "'chance' needs a number, e.g. 10%"),
        ("close 1006", "or 'drop' for 1006"),
        ("close 1000 " + "x" * 124, "longer than 123 bytes"),
        ('close 1000 "no end', "the quoted text at '\"no end' has no end"),
        ("send {broken}", "the JSON object at '{broken}'"),
        ("send-binary xyz", "'data' must be bytes in hexadecimal"),
        ("delay 100000s at response.created", "'by' must be at most 86400 seconds, a day"),
        ("duplicate 1001 at response.created", "'times' must be at most 1000"),
        ("refuse 700", "700 is no HTTP status"),
        ("refuse 503 in session 2", "'at connect 2' for the second"),
        ("redirect 200 /", "200 is no redirect"),
        ("reorder 1", "it takes 2 messages"),
        ("answer-late 2s at response.created", "'answer-late' counts responses: write 'at response 2'"),
        ("transcribe empty at response", "'transcribe' counts turns"),
        ("transcribe late", "for a late transcript write 'transcribe-late 2s"),
        ("reject x at response.done", "needs an event of the client, e.g. 'at response.create'"),
    ],
)
def test_a_line_that_is_wrong_is_told_what_to_write(text, advice):
    with pytest.raises(ConfigurationError) as wrong:
        Fault.parse(text)
    assert advice in str(wrong.value)


@pytest.mark.parametrize(
    ("members", "advice"),
    [
        ({}, "needs 'fault'"),
        ({"fault": "close", "cod": 1000}, "'cod' is unknown to 'close'; did you mean 'code'?"),
        ({"fault": "close", "code": "1000"}, "'code' must be a whole number"),
        ({"fault": "delay"}, "'delay' needs 'by_s'"),
        ({"fault": "drop", "at": 3}, "'at' must be an event type"),
        ({"fault": "drop", "after_s": True}, "'after_s' must be a number"),
        ({"fault": "drop", "after_s": -1}, "'after' must not be below 0"),
        ({"fault": "drop", "nth": 2}, "need 'at'"),
    ],
)
def test_members_that_are_wrong_are_told_what_to_give(members, advice):
    with pytest.raises(ConfigurationError) as wrong:
        Fault.from_dict(members)
    assert advice in str(wrong.value)
