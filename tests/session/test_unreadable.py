"""What cannot be read is told of once for each type, by a name that is one, and not without end."""

import json
import pickle

from session_harness import of, ready

from pipecat_voicelive.protocol.codec import decode_server_event
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.inputs import Lost


def told(driver, *messages):
    return of(fx.Unreadable, driver.give(*(decode_server_event(message) for message in messages)))


def test_each_type_is_told_of_once():
    driver = ready()
    assert [one.type for one in told(driver, *['{"type":"a.b"}', '{"type":"c"}'] * 3)] == ["a.b", "c"]


def test_a_name_is_told_as_far_as_it_looks_like_one():
    (one,) = told(ready(), json.dumps({"type": "my card\n\x1b[31mé" + "9" * 100_000}))
    assert one.type.startswith("my?card???31m?999")
    assert len(one.type) == 83


def test_a_problem_quotes_nothing():
    driver = ready()
    problems = told(
        driver,
        '{"type":"response.audio.delta","delta":"SECRET @"}',
        '{"type":"response.text.delta","delta":{"SECRET":1}}',
        '{"type":"error","error":"SECRET"}',
        '{"type":"session.updated","session":"SECRET"}',
        '{"SECRET":1,"type":["SECRET"]}',
        "SECRET",
    )
    assert len(problems) == 5
    assert "SECRET" not in repr(problems)


def test_a_server_that_invents_a_type_for_every_event_fills_nothing():
    driver, sizes = ready(), []
    effects = []
    for thousand in range(5):
        for number in range(1000):
            effects += told(driver, f'{{"type":"new.{thousand}.{number}.{"x" * 1000}"}}')
        driver.trace.clear()
        sizes.append(len(pickle.dumps(driver.session)))
    assert len(effects) == 101
    assert "no more" in effects[-1].problem
    assert sizes[-1] - sizes[0] < 100
    (last,) = of(fx.Unreadable, driver.give(Lost()))
    assert last.problem.startswith("4900 events")
