"""Which words a text has: its whitespace tokens, without the punctuation around them.

Chinese and Japanese have no spaces: there every character is a word of its own.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Han, hiragana and katakana; small kana and the long mark belong to the kana before them.
_UNSPACED = re.compile(
    r"[\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"[ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー]*"
)
_SPOKEN_PUNCTUATION = frozenset("%&@")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text; `start` to `end` is what it spans, with the punctuation around it."""

    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """Find the words of a text, in order; punctuation on its own is no word."""
    tokens: list[Token] = []
    for run in re.finditer(r"\S+", text):
        position = run.start()
        for character in _UNSPACED.finditer(text, run.start(), run.end()):
            _append(tokens, text, position, character.start())
            _append(tokens, text, character.start(), character.end())
            position = character.end()
        _append(tokens, text, position, run.end())
    return tokens


def _append(tokens: list[Token], text: str, start: int, end: int) -> None:
    first, last = start, end
    while first < last and _is_silent(text[first]):
        first += 1
    while last > first and _is_silent(text[last - 1]):
        last -= 1
    if first < last:
        tokens.append(Token(text[first:last], start, end))


def _is_silent(character: str) -> bool:
    # Letters, marks, numbers and symbols ("€", "+", an emoji) are spoken.
    return unicodedata.category(character)[0] in "PCZ" and character not in _SPOKEN_PUNCTUATION
