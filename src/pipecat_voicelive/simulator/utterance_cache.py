"""The utterances spoken last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from pipecat_voicelive.simulator.utterance import Utterance


class UtteranceCache:
    """Keeps utterances up to a number of bytes of audio, dropping those used longest ago.

    Args:
        capacity_bytes: How much audio to keep.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._size_bytes = 0
        self._utterances: OrderedDict[Hashable, Utterance] = OrderedDict()

    def get(self, key: Hashable) -> Utterance | None:
        """The utterance kept under a key, or None."""
        if key in self._utterances:
            self._utterances.move_to_end(key)
        return self._utterances.get(key)

    def put(self, key: Hashable, utterance: Utterance) -> None:
        """Keep an utterance, in place of the one there was."""
        if replaced := self._utterances.pop(key, None):
            self._size_bytes -= len(replaced.pcm)
        self._utterances[key] = utterance
        self._size_bytes += len(utterance.pcm)
        while self._size_bytes > self._capacity_bytes:
            _, dropped = self._utterances.popitem(last=False)
            self._size_bytes -= len(dropped.pcm)
