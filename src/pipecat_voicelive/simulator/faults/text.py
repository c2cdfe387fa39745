"""Faults as one line of text.

    KIND values [WORD value] [at [every] EVENT [N]] [after SECONDS] [chance X] [in session N]

    close 1011 "Overloaded." at response.created 2
    delay 200ms at every response.audio.delta chance 10%
    go-silent for 3s after 1s in session 2

A text with spaces, or one that is a word of this grammar, stands in double quotes, as JSON has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field
from typing import Any, TypeAlias, cast

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.faults.forms import Form, form_of, parts_of, word_of
from pipecat_voicelive.simulator.faults.kinds import KINDS, Kind

_SECONDS = re.compile(r"(\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)(ms|s)?", re.IGNORECASE)
_UNITS = ("ms", "s")
_COUNTED = ("connect", "turn", "response", "sent", "received")
_RESERVED = frozenset({"at", "every", "after", "chance", "in", "session", "for", "retry-after", "reset"})


class _Quoted(str):
    """A text that stood in quotes."""

    __slots__ = ()


_Token: TypeAlias = "str | dict[str, Any]"  # noqa: S105 - no password


def members_in(text: str) -> dict[str, Any]:
    """The plain members of the fault that a line tells; raises ConfigurationError."""
    tokens = _Tokens(text)
    name = tokens.take()
    if not isinstance(name, str) or name not in KINDS:
        return {"fault": name or None}  # whoever reads the members says what is known
    kind = KINDS[name]
    members: dict[str, Any] = {"fault": name}
    for part in parts_of(kind):
        if not word_of(part) and _starts(form_of(part), tokens.next):
            members[part.name] = _value(form_of(part), tokens, part.name)
    worded = {word_of(part): part for part in parts_of(kind) if word_of(part)}
    while tokens.next is not None:
        members.update(_clause(tokens, worded, kind))
    return members


def line_of(members: Mapping[str, Any]) -> str:
    """The line that tells the fault with these members."""
    kind = KINDS[members["fault"]]
    words = [str(kind.name)]
    parts = parts_of(kind)
    last = max((i for i, part in enumerate(parts) if not word_of(part) and part.name in members), default=-1)
    for index, part in enumerate(parts):
        value = members.get(part.name, part.default)
        if word_of(part):
            words += [word_of(part), _written(form_of(part), value)] if part.name in members else []
        elif index <= last:
            # What stands before a value has to be told, even if it is as it is anyway.
            words.append(_written(form_of(part), value))
    if "at" in members:
        words += ["at", *(["every"] if members.get("every") else []), str(members["at"])]
        if "nth" in members or (members["at"] in _COUNTED and not members.get("every")):
            words.append(str(members.get("nth", 1)))
    words += ["after", _written(Form.SECONDS, members["after_s"])] if "after_s" in members else []
    words += ["chance", repr(members["chance"])] if "chance" in members else []
    words += ["in session", str(members["session"])] if "session" in members else []
    return " ".join(words)


def usage_of(kind: type[Kind]) -> str:
    """How a kind is written, e.g. `close [CODE] [REASON]`."""
    words = [str(kind.name)]
    for part in parts_of(kind):
        named = {Form.SECONDS: "SECONDS", Form.OBJECT: "JSON", Form.HEX: "HEX"}
        shown = f"{word_of(part)} {named.get(form_of(part), part.name.upper())}".strip()
        words.append(shown if part.default is MISSING else f"[{shown}]")
    return " ".join(words)


class _Tokens:
    """The words, quoted texts and JSON objects of a line, taken one after another."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self.next: _Token | None = None
        self.take()

    def take(self) -> _Token | None:
        """The next token, None if there is none."""
        taken, self.next = self.next, self._read()
        return taken

    def _read(self) -> _Token | None:
        rest = self._text[self._place :]
        start = len(rest) - len(rest.lstrip())
        self._place += start
        rest = rest[start:]
        if not rest:
            return None
        if rest[0] in '{"':
            try:
                value, length = json.JSONDecoder().raw_decode(rest)
            except ValueError as error:
                what = "JSON object" if rest[0] == "{" else "quoted text"
                raise ConfigurationError(
                    f"the {what} at {rest[:20]!r} has no end or is wrong: {error}"
                ) from None
            except RecursionError:
                raise ConfigurationError("the JSON object is too deep") from None
            self._place += length
            return _Quoted(value) if isinstance(value, str) else cast("dict[str, Any]", value)
        word = rest.split(maxsplit=1)[0]
        self._place += len(word)
        return word


def _clause(tokens: _Tokens, worded: Mapping[str, Field[Any]], kind: type[Kind]) -> dict[str, Any]:
    word = tokens.take()
    match word:
        case "at":
            return _at(tokens)
        case "after":
            return {"after_s": _value(Form.SECONDS, tokens, "after")}
        case "chance":
            return {"chance": _chance(tokens.take())}
        case "in" if tokens.next == "session":
            tokens.take()
            return {"session": _value(Form.COUNT, tokens, "session")}
        case str() if word in worded and not isinstance(word, _Quoted):
            part = worded[word]
            return {part.name: _value(form_of(part), tokens, word)}
        case _:
            raise ConfigurationError(
                f"{_shown(word)} cannot stand there. Write {usage_of(kind)} [at [every] EVENT [N]] "
                f"[after SECONDS] [chance X] [in session N]; e.g. {kind.example}"
            )


def _at(tokens: _Tokens) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if tokens.next == "every":
        tokens.take()
        members["every"] = True
    event = tokens.take()
    if not isinstance(event, str):
        raise ConfigurationError("'at' needs an event type, 'sent', 'received' or 'connect'")
    members["at"] = str(event)
    if _starts(Form.COUNT, tokens.next):
        members["nth"] = _value(Form.COUNT, tokens, "nth")
    return members


def _chance(token: _Token | None) -> float:
    text = str(token)
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise ConfigurationError(f"'chance' needs a number, e.g. 10% or 0.1, not {_shown(token)}") from None


def _starts(form: Form, token: _Token | None) -> bool:
    """Whether a token may be the value of a field that can be left out."""
    match form:
        case Form.OBJECT:
            return isinstance(token, dict)
        case Form.COUNT:
            return isinstance(token, str) and token.isdecimal() and not isinstance(token, _Quoted)
        case Form.SECONDS:
            return isinstance(token, str) and _SECONDS.fullmatch(token) is not None
        case Form.TEXT | Form.HEX:
            return isinstance(token, _Quoted) or (isinstance(token, str) and token not in _RESERVED)


def _value(form: Form, tokens: _Tokens, name: str) -> Any:
    token = tokens.take()
    if not _starts(form, token):
        raise ConfigurationError(f"'{name}' needs {form.value}, not {_shown(token)}")
    match form:
        case Form.COUNT:
            return int(cast("str", token))
        case Form.SECONDS:
            return _seconds(cast("str", token), tokens)
        case Form.TEXT | Form.HEX:
            return str(token)
        case Form.OBJECT:
            return token


def _seconds(token: str, tokens: _Tokens) -> float:
    found = _SECONDS.fullmatch(token)
    assert found is not None, "looked at before"
    number, unit = found.groups()
    if unit is None and isinstance(tokens.next, str) and tokens.next in _UNITS:
        unit = cast("str", tokens.take())
    if unit is None:
        raise ConfigurationError(f"{token} of what? Write {token}s or {token}ms")
    return float(number) / 1000 if unit.lower() == "ms" else float(number)


def _written(form: Form, value: Any) -> str:
    match form:
        case Form.COUNT | Form.HEX:
            return str(value)
        case Form.SECONDS:
            in_ms = round(value * 1000)
            if in_ms < 1000 and in_ms and in_ms / 1000 == value:
                return f"{in_ms}ms"
            return f"{repr(float(value)).removesuffix('.0')}s"
        case Form.TEXT:
            plain = value and value not in _RESERVED and value[0] not in '{"' and value.split() == [value]
            return value if plain else json.dumps(value, ensure_ascii=False)
        case Form.OBJECT:
            return json.dumps(value, ensure_ascii=False)


def _shown(token: object) -> str:
    return "the end of the line" if token is None else repr(token)
