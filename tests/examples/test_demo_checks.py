from dataclasses import replace

import pytest
from demo_sample import call_record

from demo.checks import (
    Answered,
    Called,
    CalledTogether,
    Expected,
    Interrupted,
    Said,
    Understood,
    WordsAndVisemes,
    missing,
)
from demo.record import CallRecord

MET: list[Expected] = [
    Said("bot", ["sunny", "lisbon"]),
    Said("caller", ["goodbye"]),
    Understood(["weather"]),
    Called("get_weather", {"city": "Lisbon"}),
    CalledTogether(["get_weather", "get_weather"]),
    Interrupted(),
    Answered(3, within_ms=1000.1),
    WordsAndVisemes(10, 100),
]

UNMET: list[tuple[Expected, str]] = [
    (Said("bot", ["sunny", "Oslo"]), "the bot never said 'sunny' and 'Oslo'"),
    (Understood(["time"]), "no transcript of the caller has 'time'"),
    (
        Called("get_weather", {"city": "Rome"}),
        'get_weather was not called with {"city": "Rome"} and answered',
    ),
    (Called("get_time", {}), "get_time was not called with {} and answered"),
    (Called("hang_up", {}), "hang_up was not called with {} and answered"),
    (CalledTogether(["get_weather", "get_time"]), "get_weather and get_time were not called at once"),
    (Interrupted(2), "the bot was interrupted 1 times instead of 2"),
    (Answered(4, within_ms=2000), "3 of 3 answers began within 2000 ms, expected all of at least 4"),
    (Answered(3, within_ms=800), "1 of 3 answers began within 800 ms, expected all of at least 3"),
    (WordsAndVisemes(10, 101), "13 words and 100 visemes came, expected 10 and 101"),
]


def test_nothing_is_missing_from_a_call_that_went_well() -> None:
    assert missing(call_record(), MET) == []


@pytest.mark.parametrize(("expected", "problem"), UNMET)
def test_what_is_missing_is_said(expected: Expected, problem: str) -> None:
    assert missing(call_record(), [expected]) == [problem]


def test_an_empty_call_misses_everything() -> None:
    assert len(missing(CallRecord(), MET)) == len(MET)


def test_calls_one_after_the_other_are_not_together() -> None:
    record = call_record()
    first, second, *_ = record.tool_calls
    record.tool_calls = [first, replace(second, start_s=2.8, end_s=3.0)]
    assert missing(record, [CalledTogether(["get_weather", "get_weather"])])
