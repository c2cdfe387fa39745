"""Answers that are kept back until their turn begins."""

import time

from pipecat_voicelive.service.turn_gate import TurnGate
from pipecat_voicelive.session import effects as fx


async def test_what_is_kept_back_is_counted_until_it_is_passed_on():
    gate = TurnGate(time.monotonic)
    counted = []

    async def signals():
        yield fx.UserSpeechStarted("u1", None)
        yield fx.ResponseOpened("r1")
        for _ in range(3):
            yield fx.Audio("r1", "a1", bytes(10_000))
            counted.append(gate.waiting_bytes)
        gate.turn_started()

    kinds = [type(signal) async for signal in gate.through(signals())]
    assert kinds == [fx.UserSpeechStarted, fx.ResponseOpened, *[fx.Audio] * 3]
    assert counted[0] >= 10_000
    assert counted[2] >= 30_000
    assert gate.waiting_bytes == 0
