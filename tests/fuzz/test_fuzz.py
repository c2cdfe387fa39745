"""A short run of each target, by seeded chance: `make fuzz` goes on for as long as one likes."""

import random

import pytest

from .events import seeds
from .targets import converse, read, read_events


def test_every_event_there_is_can_be_read_and_written():
    for seed in seeds():
        read(seed)


@pytest.mark.parametrize("target", [read_events, converse])
def test_bytes_by_chance_break_nothing(target):
    chance = random.Random(7)
    for number in range(1500):
        data = chance.randbytes(chance.choice([20, 60, 200]))
        try:
            target(data)
        except Exception as error:
            error.add_note(f"run {number}: {target.__name__}({data!r})")
            raise


def test_damaged_messages_break_nothing():
    chance, whole = random.Random(11), seeds()
    for _ in range(3000):
        message = bytearray(chance.choice(whole))
        for _ in range(chance.choice([1, 2, 5])):
            message[chance.randrange(len(message))] = chance.randrange(256)
        read(bytes(message[: chance.randrange(len(message) + 1)] if chance.random() < 0.3 else message))
