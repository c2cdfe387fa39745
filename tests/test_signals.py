"""What waits for the application is bounded in bytes, and what is dropped is told."""

import asyncio

import pytest

from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.signals import AnswerCut, SignalQueue


def audio(response_id="r1", size=1000):
    return fx.Audio(response_id, "i1", bytes(size))


def taken(signals):
    return list(iter(signals.take, None))


def test_signals_come_out_in_order():
    signals = SignalQueue(10_000)
    for number in range(3):
        signals.put(fx.Unreadable(str(number), ""))
    assert [signal.type for signal in taken(signals)] == ["0", "1", "2"]


def test_an_answer_that_nobody_takes_is_cut_once_and_keeps_its_brackets():
    signals = SignalQueue(10_000)
    signals.put(fx.ResponseOpened("r1"))
    for _ in range(1000):
        signals.put(audio())
    signals.put(fx.ResponseClosed("r1", interrupted=False))
    kinds = [type(signal) for signal in taken(signals)]
    assert kinds == [fx.ResponseOpened, *[fx.Audio] * 8, AnswerCut, fx.ResponseClosed]


def test_a_cut_answer_is_not_taken_up_again_but_the_next_is_whole():
    signals = SignalQueue(10_000)
    for _ in range(20):
        signals.put(audio("r1"))
    taken(signals)
    signals.put(audio("r1"))
    signals.put(audio("r2"))
    assert [signal.response_id for signal in taken(signals)] == ["r2"]


def test_what_waits_downstream_counts_too():
    signals, downstream = SignalQueue(10_000), [0]
    signals.downstream_bytes = lambda: downstream[0]
    signals.put(audio("r1"))
    downstream[0] = 10_000
    signals.put(audio("r1"))
    kept, cut = taken(signals)
    assert isinstance(kept, fx.Audio)
    assert cut == AnswerCut("r1", 11_300)


def test_after_an_interruption_there_is_room_again():
    signals = SignalQueue(10_000)
    for _ in range(20):
        signals.put(audio("r1"))
    signals.drop_answer(frozenset())
    signals.put(audio("r2"))
    assert [type(signal) for signal in taken(signals)] == [AnswerCut, fx.Audio]


@pytest.mark.parametrize(
    "signal",
    [
        fx.ServiceWarning("x" * 3000, None),
        fx.AgentEvent({"a": [{"b": "x" * 3000}]}),
        fx.AvatarVideo("h264", bytes(3000), 0, ""),
    ],
)
async def test_what_is_never_dropped_stops_the_reading_until_it_is_taken(signal):
    signals = SignalQueue(10_000)
    while not signals.crowded:
        signals.put(signal)
    waiting = asyncio.create_task(signals.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    signals.take()
    await waiting


def test_it_is_known_whether_the_end_of_an_answer_waits():
    signals = SignalQueue(10_000)
    signals.put(audio())
    assert not signals.ends_an_answer
    signals.put(fx.ResponseClosed("r1", interrupted=False))
    assert signals.ends_an_answer
    taken(signals)
    assert not signals.ends_an_answer


def test_what_lies_deep_counts_like_anything_else():
    deep = "x" * 5000
    for _ in range(5000):
        deep = [deep]
    signals = SignalQueue(1000)
    signals.put(fx.AgentEvent({"deep": deep}))
    assert signals.crowded
