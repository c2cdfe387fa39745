"""What a call must contain to count as a success, as data, and what of it is missing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from .record import CallRecord, Who


@dataclass(frozen=True, slots=True)
class Said:
    """One of the two said something with all of `words` in it, in any case."""

    who: Who
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Understood:
    """A transcript of the caller with all of `words` in it came, in any case."""

    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Called:
    """A tool was called with at least these arguments, and gave a result."""

    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CalledTogether:
    """These tools were called at once: each began before any of the others had ended."""

    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The caller cut the bot off at least this often."""

    times: int = 1


@dataclass(frozen=True, slots=True)
class Answered:
    """The bot answered at least this often, each time within `within_ms` of the caller's last sample."""

    times: int
    within_ms: float


@dataclass(frozen=True, slots=True)
class WordsAndVisemes:
    """At least so many words and visemes came with the bot's audio."""

    words: int
    visemes: int


Expected = Said | Understood | Called | CalledTogether | Interrupted | Answered | WordsAndVisemes


def missing(record: CallRecord, expected: Sequence[Expected]) -> list[str]:
    """A sentence for each expectation that the call does not meet; empty if it meets all."""
    return [problem for one in expected if (problem := _problem(record, one))]


def _problem(record: CallRecord, expected: Expected) -> str | None:
    match expected:
        case Said(who, words):
            met = any(_contains(u.text, words) for u in record.spoken_by(who))
            return None if met else f"the {who} never said {_quoted(words)}"
        case Understood(words):
            met = any(_contains(t.text, words) for t in record.transcripts)
            return None if met else f"no transcript of the caller has {_quoted(words)}"
        case Called(name, arguments):
            met = any(
                call.name == name
                and call.end_s is not None
                and not call.cancelled
                and arguments.items() <= dict(call.arguments).items()
                for call in record.tool_calls
            )
            return None if met else f"{name} was not called with {json.dumps(dict(arguments))} and answered"
        case CalledTogether(names):
            return None if _together(record, names) else f"{' and '.join(names)} were not called at once"
        case Interrupted(times):
            seen = len(record.interruptions)
            return None if seen >= times else f"the bot was interrupted {seen} times instead of {times}"
        case Answered(times, within_ms):
            seen = sum(latency.ms <= within_ms for latency in record.latencies)
            return (
                None
                if seen >= times and seen == len(record.latencies)
                else f"{seen} of {len(record.latencies)} answers began within {within_ms:g} ms, "
                f"expected all of at least {times}"
            )
        case WordsAndVisemes(words, visemes):
            seen_words, seen_visemes = len(record.words), len(record.visemes)
            return (
                None
                if seen_words >= words and seen_visemes >= visemes
                else f"{seen_words} words and {seen_visemes} visemes came, expected {words} and {visemes}"
            )
        case _:
            assert_never(expected)


def _together(record: CallRecord, names: Sequence[str]) -> bool:
    """Whether there is an instant at which the named calls (as often as named) are all open."""
    for instant in record.tool_calls:
        at_once = Counter(
            call.name
            for call in record.tool_calls
            if call.start_s <= instant.start_s and (call.end_s is None or call.end_s > instant.start_s)
        )
        if at_once >= Counter(names):
            return True
    return False


def _contains(text: str, words: Sequence[str]) -> bool:
    return all(word.casefold() in text.casefold() for word in words)


def _quoted(words: Sequence[str]) -> str:
    return " and ".join(repr(word) for word in words)
