"""Finds the arguments of a tool in what somebody said, by the tool's JSON schema. Pure.

What a property is about is read from its type, its format and the words of its name and description, the
surest first: a choice (`enum`), a pattern, an email address, a number with its unit, a time, a place, a name,
and at last free text behind a cue ("that ...", "about ..."). Words that one argument has taken are not taken
again. Nothing is made up: what is not found is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pipecat_voicelive.simulator.tool_words import NUMBER_WORDS, Number, about, alike, numbers_in, words_of

Schema: TypeAlias = Mapping[str, Any]
Found: TypeAlias = tuple[object, int, int]
"""A value and where its words stand."""

_DAYS = "monday tuesday wednesday thursday friday saturday sunday today tonight tomorrow"
_MONTHS = "january february march april may june july august september october november december"
_HOURS = "one two three four five six seven eight nine ten eleven twelve"
_MINUTES = "fifteen twenty thirty forty-five forty"
_DAY = (
    rf"(?:(?:next|this|on)\s+)?(?P<day>(?:(?:next|this)\s+)?(?:{_DAYS.replace(' ', '|')})"
    rf"(?:\s+(?:morning|afternoon|evening|night))?|\d{{4}}-\d\d-\d\d"
    rf"|(?:{_MONTHS.replace(' ', '|')})\s+\d{{1,2}}(?:st|nd|rd|th)?)"
)
_CLOCK = (
    rf"(?:\b(?:at|by|around|about|for)\s+)?(?P<clock>(?:half past|quarter past|quarter to)?\s*"
    rf"(?:\d{{1,2}}(?::\d\d)?|{_HOURS.replace(' ', '|')})(?:[ -](?:{_MINUTES.replace(' ', '|')}))?"
    rf"\s*(?:a\.?m\b\.?|p\.?m\b\.?|o'?clock)?|noon|midnight)"
)
_SURE_CLOCK = re.compile(r"\d:\d\d|[ap]\.?m\b|o'?clock|noon|midnight|half past|quarter", re.IGNORECASE)
_STOP = (
    rf"(?:{_DAYS.replace(' ', '|')}|now|right|please|this|next|today|and|at|by|on|for|from"
    r"|to|with|in|near|thanks|that|saying|about|i|we|is|are|will|if|when|or|a|an|the)"
)
_WORD = r"[^\W\d_][\w.'’-]*"
_NAME = rf"((?:(?!{_STOP}\b){_WORD}\s*){{1,3}})"
_HAS_NAMES = re.compile(r"(?<=[\w,;:] )(?!I\b)[A-Z]\w+")
_NEGATED = re.compile(r"\b(?:no|not|without|don'?t|off|isn'?t)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Text:
    """What was said, and which parts of it arguments have taken."""

    said: str
    taken: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def free(self, start: int, end: int) -> bool:
        return all(end <= taken_start or start >= taken_end for taken_start, taken_end in self.taken)

    def search(self, pattern: str, group: int | str = 1) -> Found | None:
        """The first match whose group nobody has taken."""
        for match in re.finditer(pattern, self.said, re.IGNORECASE):
            start, end = match.span(group)
            value = match[group].strip(" .,?!'\"")
            if value and self.free(start, end):
                start += match[group].index(value)
                return value, start, start + len(value)
        return None

    def up_to_what_is_taken(self, pattern: str) -> Found | None:
        """The first match whose group nobody has taken at its beginning, as far as it is free."""
        for match in re.finditer(pattern, self.said, re.IGNORECASE):
            start, end = match.span(1)
            end = min([end, *(taken for taken, _ in self.taken if taken > start)])
            value = re.sub(r"\s+(?:at|on|by|for|in|to)\s*$", "", self.said[start:end]).strip(" .,?!'\"")
            if value and self.free(start, start + len(value)):
                return value, start, start + len(value)
        return None


@dataclass(frozen=True, slots=True)
class Filled:
    """Arguments that were found, and how much of the text they take: spans from, to."""

    arguments: dict[str, object]
    spans: tuple[tuple[int, int], ...]


def fill(parameters: Schema, said: str) -> Filled:
    """The arguments of a tool in what was said, by what is `readable` in its schema."""
    text = _Text(said)
    return Filled(_members(parameters, text), tuple(text.taken))


def as_type(value: object, schema: Schema) -> object:
    """A text as the number that its schema wants, if it holds one; any other value as it is."""
    if isinstance(value, str) and schema.get("type") in ("integer", "number"):
        numbers = numbers_in(value)
        if len(numbers) == 1:
            return int(numbers[0].value) if schema.get("type") == "integer" else numbers[0].value
    return value


def _members(schema: Schema, text: _Text) -> dict[str, object]:
    properties: Mapping[str, Schema] = schema["properties"]
    required = schema.get("required", ())
    readers = [(_reader(name, one), name not in required, name, one) for name, one in properties.items()]
    readers += [(_counted, late, name, one) for reader, late, name, one in readers if reader is _number]
    found: dict[str, object] = {}
    # Sorting keeps the tool's own order among properties of a kind.
    for reader, _, name, one in sorted(readers, key=lambda entry: (_READERS.index(entry[0]), entry[1])):
        value = None if name in found else reader(name, one, text)
        if value is not None:
            text.taken.append(value[1:])
            found[name] = value[0]
    return {name: found[name] for name in properties if name in found}


def _reader(name: str, schema: Schema) -> Callable[[str, Schema, _Text], Found | None]:
    words = f"{name.replace('_', ' ')} {schema.get('description', '')}".lower()
    kind = schema.get("type")
    if "enum" in schema:
        return _choice
    if "pattern" in schema:
        return _pattern
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if schema.get("format") == "email" or "email" in words.replace("e-mail", "email"):
        return _email
    if schema.get("format") in ("date", "time", "date-time") or re.search(
        r"\b(?:time|date|when|day)\b", words
    ):
        return _time
    if re.search(r"\b(?:location|city|cities|place|where|address|origin|destination|town|country)\b", words):
        return _place
    if re.search(r"\b(?:phone|number|code|order|id|account|digits)\b", words):
        return _code
    if re.search(r"\b(?:names?|person|who|recipient|contact|caller)\b", words):
        return _name
    return _free_text


def _choice(_name: str, schema: Schema, text: _Text) -> Found | None:
    found = _choices(schema["enum"], text)
    return found[0] if found else None


def _choices(choices: list[object], text: _Text) -> list[Found]:
    """The choices that are named, in the order of the text; all words of a choice must be."""
    said = [
        (about(match.group().lower().replace("'", "")), *match.span())
        for match in re.finditer(r"[^\W_]+(?:'\w+)?", text.said)
    ]
    found: list[tuple[int, Found]] = []
    for choice in choices:
        wanted = words_of(str(choice)) or [str(choice).lower()]
        places = [
            next((span for word, *span in said if alike(word, want) >= 0.85 and text.free(*span)), None)
            for want in wanted
        ]
        there = [place for place in places if place is not None]
        if len(there) == len(wanted):
            start, end = min(place[0] for place in there), max(place[1] for place in there)
            found.append((-len(wanted), (choice, start, end)))
    return [one for _, one in sorted(found, key=lambda entry: (entry[0], entry[1][1]))]


def _pattern(_name: str, schema: Schema, text: _Text) -> Found | None:
    pattern = schema["pattern"].removeprefix("^").removesuffix("$")
    try:
        found = text.search(rf"(?<!\w)(?:{pattern})(?!\w)", 0)
        if found is None or re.fullmatch(pattern, str(found[0])):
            return found
        return (str(found[0]).upper(), *found[1:])
    except (re.error, OverflowError, RecursionError):
        return None  # a pattern of JavaScript that Python cannot read


def _counted(name: str, schema: Schema, text: _Text) -> Found | None:
    """A number that stands with its unit."""
    return _number(name, schema, text, least=3)


def _number(name: str, schema: Schema, text: _Text, least: int = 0) -> Found | None:
    units = set(words_of(f"{name} {schema.get('description', '')}"))
    whole = schema.get("type") == "integer"

    def likeliness(number: Number) -> int:
        after = text.said[number.end :].lower()
        before = text.said[: number.start].lower().split()[-1:]
        is_clock = re.match(r":\d|\s*(?:[ap]\.?m\b|o'?clock)", after) or text.said[: number.start].endswith(
            ":"
        )
        following = words_of(" ".join(after.split()[:2]))
        close = any(alike(word, unit) >= 0.85 for word in following for unit in units)
        return 3 * close + 2 * (before == ["for"]) - 3 * (before in (["at"], ["by"])) - 9 * bool(is_clock)

    free = [number for number in numbers_in(text.said) if text.free(number.start, number.end)]
    fitting = [number for number in free if likeliness(number) >= least and _within(number.value, schema)]
    if not fitting:
        return None
    best = max(fitting, key=likeliness)
    return int(best.value) if whole else best.value, best.start, best.end


def _within(value: float, schema: Schema) -> bool:
    if schema.get("type") == "integer" and value != int(value):
        return False
    return schema.get("minimum", value) <= value <= schema.get("maximum", value)


def _boolean(name: str, schema: Schema, text: _Text) -> Found | None:
    if name.lower() in ("on", "enabled", "active", "state"):
        switched = text.search(r"\b(on|off)\b")
        return switched and (str(switched[0]).lower() == "on", *switched[1:])
    wanted = words_of(name) or words_of(str(schema.get("description", "")))
    for match in re.finditer(r"[^\W_]+", text.said):
        if any(alike(about(match.group().lower()), word) >= 0.85 for word in wanted):
            return not _NEGATED.search(text.said[max(0, match.start() - 20) : match.end() + 5]), *match.span()
    return None


def _list(_name: str, schema: Schema, text: _Text) -> Found | None:
    found = _choices(schema.get("items", {}).get("enum", []), text)
    if not found:
        return None
    places = sorted(found, key=lambda entry: entry[1:])
    return [value for value, *_ in places], places[0][1], places[-1][2]


def _object(_name: str, schema: Schema, text: _Text) -> Found | None:
    before = len(text.taken)
    inner = _members(schema, text)
    return (inner, *text.taken[before]) if inner else None


def _email(_name: str, _schema: Schema, text: _Text) -> Found | None:
    return text.search(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", 0)


def _time(name: str, schema: Schema, text: _Text) -> Found | None:
    words = f"{name} {schema.get('description', '')}".lower()
    day = text.search(rf"\b{_DAY}\b", "day")
    clock: Found | None = None
    for match in re.finditer(rf"(?<![\w:.]){_CLOCK}(?![\w:])", text.said, re.IGNORECASE):
        cued = re.match(r"(?:at|by|around)\b", match.group().strip(), re.IGNORECASE)
        start, end = match.span("clock")
        counted = re.match(
            r"\s*(?:people|persons?|guests?|adults?|of us|minutes?|hours?|seconds?)\b", text.said[end:]
        )
        if (cued or _SURE_CLOCK.search(match.group())) and not counted and text.free(start, end):
            clock = match["clock"].strip(" .,?!"), start, end
    if day and clock and not re.search(r"\bdate\b", name.replace("_", " ").lower()):
        first, last = min(day[1], clock[1]), max(day[2], clock[2])
        return f"{str(day[0]).lower()} at {str(clock[0]).lower()}", first, last
    wants_clock = "date" not in words and "day" not in words
    found = (clock or day) if wants_clock else (day or clock)
    return (str(found[0]).lower(), *found[1:]) if found else None


def _place(name: str, _schema: Schema, text: _Text) -> Found | None:
    words = set(re.split(r"[\W_]+", name.lower()))
    leaves = not words.isdisjoint(("from", "origin", "departure", "source"))
    arrives = not words.isdisjoint(("to", "destination", "arrival", "target"))
    cue = "from" if leaves else "to" if arrives else None
    # Where names are written with capitals, a word without one is none.
    capital = r"(?=(?-i:[^\W\d_a-z]))" if _HAS_NAMES.search(text.said) else ""
    found = text.search(rf"\b(?:{cue or 'in|at|near|for|of|to|from|around'})\s+(?:the\s+)?{capital}{_NAME}")
    if found is None and cue is None:
        found = _capitalised(text)
    return _proper(found)


def _code(_name: str, _schema: Schema, text: _Text) -> Found | None:
    found = text.search(r"\b(?=[\w-]*\d)[A-Za-z]{0,4}-?\d[\w-]{2,}", 0)
    if found is not None:
        return found
    numbers = [number for number in numbers_in(text.said) if text.free(number.start, number.end)]
    digits = "".join(number.digits for number in numbers)
    return (digits, numbers[0].start, numbers[-1].end) if len(digits) >= 3 else None


def _name(_name: str, _schema: Schema, text: _Text) -> Found | None:
    sure = r"name(?:'s| is)|this is|i am|i'm|under|email|call|text|message|tell|ask|remind"
    found = text.search(rf"\b(?:{sure})\s+(?!me\b|us\b){_NAME}")
    return _proper(found or text.search(rf"\b(?:for|to|with)\s+(?=(?-i:[A-Z])){_NAME}")) or _capitalised(text)


def _free_text(name: str, _schema: Schema, text: _Text) -> Found | None:
    cues = (
        r"[\"“](.+?)[\"”]",
        rf"\b{re.escape(name.replace('_', ' '))}\s+(?:is\s+|of\s+)?(.+?)\s*[.?!]*$",
        r"\b(?:that|saying|about|called|titled|search for|look up)\s+(.+?)\s*[.?!]*$",
        r"\b(?:for|to)\s+(.+?)\s*[.?!]*$",
    )
    return next((found for cue in cues if (found := text.up_to_what_is_taken(cue))), None)


def _capitalised(text: _Text) -> Found | None:
    """A capitalised name that does not begin a sentence."""
    for match in re.finditer(r"(?<![.?!])(?<=[\w,;:] )(?:[A-Z][\w.'’-]*\s?){1,3}", text.said):
        value = match.group().strip(" .,?!")
        if (
            value not in ("I", "I'm", "I'd")
            and value.lower() not in NUMBER_WORDS
            and text.free(*match.span())
        ):
            if re.fullmatch(_DAYS.replace(" ", "|") + "|" + _MONTHS.replace(" ", "|"), value.lower()):
                continue
            return value, match.start(), match.start() + len(value)
    return None


def _proper(found: Found | None) -> Found | None:
    """A proper name as it is written; one in small letters is given capitals."""
    if found is None:
        return None
    value = str(found[0])
    return (value.title() if value.islower() else value, *found[1:])


_BY_TYPE: dict[str | None, Callable[[str, Schema, _Text], Found | None]] = {
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
    "array": _list,
    "object": _object,
}
_READERS = (
    _choice,
    _pattern,
    _email,
    _code,
    _time,
    _counted,
    _number,
    _boolean,
    _list,
    _object,
    _place,
    _name,
    _free_text,
)
"""In this order: the surest first."""
