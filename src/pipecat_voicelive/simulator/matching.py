"""Which line a text fits, how well, and what stands in the gaps of the line. Pure.

    exact       the same words, in any case and with any punctuation
    pattern     a regular expression somewhere in the text; named groups are gaps
    fuzzy       much alike, by letters; with gaps, word by word
    any         whatever was said, if nothing else fits

A line like "what's the weather in {location}" has gaps, each of one word or several. The words of the line
are laid along those of the text so that the least letters are left over on either side; a letter in a gap
counts half, so gaps stay as short as the text allows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache

from pipecat_voicelive.simulator.scenario import Turn
from pipecat_voicelive.simulator.templates import gaps_in

_IN_GAP = 0.5
_ALIKE_WORDS = 0.6
"""How much alike two words must be to stand for each other."""
_LAST_RESORT = 1e-9
"""How well anything fits `any`."""
_COURTESY = re.compile(r"[\s,]+(?:please|thanks|thank you)$", re.IGNORECASE)
_MOST_WORDS_A_PART = 20
_MOST_KEPT = 10_000
_PART = re.compile(r"\{(?P<gap>\w+)\}|(?P<word>\w+)")


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a text fits a line, above 0 up to 1, and what it has in the gaps."""

    score: float
    values: Mapping[str, str] = field(default_factory=dict[str, str])


def fit(turn: Turn, text: str) -> Fit | None:
    """How a text fits a turn's line, None if it does not."""
    if turn.match == "any":
        return Fit(_LAST_RESORT)
    if not text or not turn.user:
        return None if text or turn.user else Fit(1.0)
    match turn.match:
        case "pattern":
            found = re.search(turn.user, text, re.IGNORECASE)
            return found and Fit(1.0, {name: value or "" for name, value in found.groupdict().items()})
        case "exact" if not gap_names(turn):
            return Fit(1.0) if _plain(turn.user) == _plain(text) else None
        case "fuzzy" if not gap_names(turn):
            score = SequenceMatcher(None, _plain(turn.user), _plain(text), autojunk=False).ratio()
            return Fit(score) if score >= turn.min else None
        case "exact" | "fuzzy":
            fitted = _laid_along(_parts(turn.user), text)
            least = 1.0 if turn.match == "exact" else turn.min
            return fitted if fitted and fitted.score >= least else None


def gap_names(turn: Turn) -> tuple[str, ...]:
    """The names of what a turn's line captures."""
    if turn.match == "pattern":
        return tuple(re.compile(turn.user).groupindex)
    return () if turn.match == "any" else tuple(gaps_in(turn.user))


def sayable(turn: Turn) -> str | None:
    """The words that a voice turn is heard as that takes a turn's line; None if nobody can say the line."""
    if turn.spoken:
        return turn.spoken
    return None if turn.match in ("pattern", "any") or gap_names(turn) else turn.user


def _laid_along(parts: Sequence[tuple[bool, str]], text: str) -> Fit | None:
    """A line with gaps along a text. `parts` are gaps (true) by name and words (false)."""
    words = list(re.finditer(r"\w+", text))
    plain = [word.group().casefold() for word in words]
    if len(words) > _MOST_WORDS_A_PART * len(parts):
        return None
    # cheapest[i][j]: of the first i parts and j words: cost, letters left over, gaps as (name, from, to).
    nowhere = (float("inf"), 0.0, ())
    cheapest: list[list[tuple[float, float, tuple[tuple[str, int, int], ...]]]] = [
        [nowhere] * (len(plain) + 1) for _ in range(len(parts) + 1)
    ]
    cheapest[0][0] = (0.0, 0.0, ())
    for i, row in enumerate(cheapest):
        for j in range(len(row)):
            ways = [row[j]]
            if j > 0:
                cost, left, gaps = row[j - 1]
                ways.append((cost + len(plain[j - 1]), left + len(plain[j - 1]), gaps))
            if i > 0:
                is_gap, name = parts[i - 1]
                before = cheapest[i - 1]
                if is_gap:
                    letters = 0
                    for k in range(j - 1, -1, -1):
                        letters += len(plain[k])
                        cost, left, gaps = before[k]
                        ways.append((cost + _IN_GAP * letters, left, (*gaps, (name, k, j))))
                else:
                    cost, left, gaps = before[j]
                    ways.append((cost + len(name), left + len(name), gaps))
                    if j > 0 and (alike := _alike(name, plain[j - 1])) >= _ALIKE_WORDS:
                        cost, left, gaps = before[j - 1]
                        apart = (1 - alike) * (len(name) + len(plain[j - 1]))
                        ways.append((cost + apart, left + apart, gaps))
            row[j] = min(ways)
    _, left, gaps = cheapest[-1][-1]
    if len(gaps) < sum(is_gap for is_gap, _ in parts):
        return None
    own = {name for is_gap, name in parts if not is_gap}
    if any(own.issuperset(plain[start:end]) for _, start, end in gaps):
        return None  # nothing stands in the gap but words of the line itself
    captured = sum(len(plain[k]) for _, start, end in gaps for k in range(start, end))
    letters = sum(len(name) for is_gap, name in parts if not is_gap) + sum(map(len, plain)) - captured
    values = {
        name: _COURTESY.sub("", text[words[start].start() : words[end - 1].end()])
        for name, start, end in gaps
    }
    return Fit(1 - left / letters if letters else 1.0, values)


def _parts(line: str) -> list[tuple[bool, str]]:
    return [
        (True, part["gap"]) if part["gap"] else (False, part["word"].casefold())
        for part in _PART.finditer(line.replace("{{", "").replace("}}", ""))
    ]


@lru_cache(_MOST_KEPT)
def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
