"""Words as the tool picker compares them: without endings, and by what they are about. Pure.

English only: endings, numbers and the words that say nothing are English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

_TOPICS = {
    "weather": "rain snow sun sunny forecast temperature hot cold warm umbrella wind windy degree",
    "book": "reserve reservation booking appointment schedule",
    "table": "restaurant dinner lunch seat",
    "people": "guest party person friend adult",
    "transfer": "connect agent human representative operator",
    "billing": "invoice bill charge payment refund",
    "order": "package parcel delivery shipment ship track",
    "light": "lamp bright dark dim brightness",
    "email": "mail",
    "time": "clock hour",
    "music": "song play playlist",
    "cancel": "delete remove",
    "buy": "purchase",
    "price": "cost expensive quote worth",
    "translate": "translation",
    "remind": "reminder",
    "door": "lock unlock",
    "hangup": "goodbye bye",
    "flight": "fly plane airplane",
    "currency": "money dollar euro pound",
    "prescription": "pill medicine medication",
    "timer": "alarm wake",
}
"""What words are about, in the plainest word for it."""

_TOPIC = {word: topic for topic, words in _TOPICS.items() for word in [topic, *words.split()]}

_MOST_KEPT = 10_000
_LONGEST_NUMBER = 300

_SAYS_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """
        a an the of to for in on at is are was were be been i me my we us our you your it its this
        that these those please can could would will shall should do does did have has had like want
        need with and or from by as so what whats how which who when where why get got getting give
        tell show let lets just um uh ok okay hey hi hello thanks thank if use used call called when
        user any some given current currently find set per there about im id ill make take put some
        one s t m ll re ve d not no yes now right know going go return returns value optional
        required e g eg etc
        """,
    )
)
"""Words that tell no tool from another."""

_ENDINGS = (("ies", "y"), ("ing", ""), ("ings", ""), ("ied", "y"), ("ed", ""), ("es", ""), ("s", ""))

_ONES = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBER_WORDS = (
    {word: value for value, word in enumerate(_ONES)}
    | {word: 20 + 10 * index for index, word in enumerate(_TENS)}
    | {"oh": 0, "couple": 2, "dozen": 12}
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text, in digits or words, and where it stands."""

    start: int
    end: int
    value: int | float
    digits: str


def words_of(text: str) -> list[str]:
    """The words of a text, or of a name such as `get_currentWeather`, that say something, by their topics."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ")
    found = re.findall(r"[^\W_]+", spaced.lower().replace("'", "").replace("’", ""))
    return [about(word) for word in found if word not in _SAYS_NOTHING]


@lru_cache(_MOST_KEPT)
def about(word: str) -> str:
    """What a word is about: its topic, else the word without its ending."""
    bare = stem(word)
    return _TOPIC.get(word) or _TOPIC.get(bare) or _STEMMED.get(bare) or bare


@lru_cache(_MOST_KEPT)
def stem(word: str) -> str:
    """A word without its ending, cut alike for all forms of it: snowing, snowed, snows."""
    for ending, rest in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + rest
            if ending in ("ing", "ings", "ed") and word[-1:] == word[-2:-1] and word[-1] not in "ls":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


_STEMMED = {stem(word): topic for word, topic in _TOPIC.items()}


@lru_cache(_MOST_KEPT)
def alike(one: str, other: str) -> float:
    """How much alike two words are, 1 being equal; words that begin with different letters are not at all."""
    if one == other:
        return 1.0
    if min(len(one), len(other)) < 4 or one[0] != other[0] or abs(len(one) - len(other)) > 2:
        return 0.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def numbers_in(text: str) -> list[Number]:
    """The numbers of a text, e.g. 3, 2.5, "twenty five"."""
    found: list[Number] = []
    for match in re.finditer(r"\d+(?:\.\d+)?|[A-Za-z]+", text):
        word = match.group().lower()
        if len(word) > _LONGEST_NUMBER:
            continue  # Python reads it as infinite, or not at all
        if word[0].isdigit():
            value = float(word) if "." in word else int(word)
            found.append(Number(match.start(), match.end(), value, word))
        elif word in NUMBER_WORDS:
            value, last = NUMBER_WORDS[word], found[-1] if found else None
            between = text[last.end : match.start()] if last else ""
            joined = last is not None and between.strip() in ("", "-") and text[last.start].isalpha()
            if last is not None and joined and last.value in range(20, 100, 10) and 0 < value < 10:
                found[-1] = Number(last.start, match.end(), last.value + value, str(last.value + value))
            else:
                found.append(Number(match.start(), match.end(), value, str(value)))
    return found
