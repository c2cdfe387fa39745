"""Where the timeline wraps: like sheet music, into rows that end where nobody speaks if they can."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .record import CallRecord

_SHORTEST = 0.45
"""A row is broken early for silence, but not before this part of it is filled."""

_UPBEAT_S = 0.2
"""Silence before the first sound of a row."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the call, in seconds."""

    start_s: float
    end_s: float

    def __contains__(self, at_s: float) -> bool:
        return self.start_s <= at_s < self.end_s

    def overlaps(self, start_s: float, end_s: float) -> bool:
        return start_s < self.end_s and end_s > self.start_s


def rows(record: CallRecord, longest_s: float) -> list[Span]:
    """The call cut into rows of at most `longest_s`, without a gap between them."""
    cuts = [0.0]
    while record.duration_s - cuts[-1] > longest_s:
        cuts.append(_cut(record, cuts[-1] + _SHORTEST * longest_s, cuts[-1] + longest_s))
    ends = [*cuts[1:], max(record.duration_s, cuts[-1])]
    return [Span(start_s, end_s) for start_s, end_s in zip(cuts, ends, strict=True)]


def _cut(record: CallRecord, earliest_s: float, latest_s: float) -> float:
    """The last quiet moment, just before a sound; if there is none the longest pause between words."""
    busy = sorted(
        [(u.start_s, u.end_s) for u in record.utterances]
        + [(t.start_s, t.end_s or t.start_s) for t in record.tool_calls]
        + [(latency.caller_end_s, latency.bot_start_s) for latency in record.latencies]
    )
    quiet: list[float] = []
    busy_until_s = 0.0
    for start_s, end_s in busy:
        if start_s > busy_until_s:
            quiet.append(max((start_s + busy_until_s) / 2, start_s - _UPBEAT_S))
        busy_until_s = max(busy_until_s, end_s)
    quiet.append(busy_until_s + _UPBEAT_S)
    if fitting := [at_s for at_s in quiet if earliest_s <= at_s <= latest_s]:
        return fitting[-1]
    pauses = [
        (after.at_s - before.at_s - before.duration_s, after.at_s - _UPBEAT_S / 4)
        for before, after in pairwise(record.words)
        if earliest_s <= after.at_s - _UPBEAT_S / 4 <= latest_s
    ]
    return max(pauses)[1] if pauses else latest_s
