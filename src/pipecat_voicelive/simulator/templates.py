"""Texts with gaps: `It is {result.temperature} degrees` and what fills them.

    {user.text}, {user.seconds}     what the caller typed or said, and for how long
    {image.color}, {image.width}    facts of the newest image, see `pictures`
    {result}, {result.a.b.0}        the output of the first tool call, and what is in it if it is JSON
    {results.NAME}, {results.NAME.a}    the output of the call of the tool NAME
    {error}                         what went wrong with a call
    {location}                      what the gap of this name in the caller's line has captured

`{{x}}` is the plain text {x}, as are braces around anything but a name. What is not there when it is needed
leaves a note in its place, never an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

_GAP = re.compile(r"\{(?P<plain>\{[^{}]*\})\}|\{(?P<path>[A-Za-z_]\w*(?:\.[\w-]+)*)\}")

_DEEPEST = 50


def filled(template: str, values: Mapping[str, object]) -> str:
    """The template with its gaps filled from `values`, which has a key for each first word of a gap."""
    return _GAP.sub(lambda gap: gap["plain"] or _shown(gap["path"], values), template)


def filled_within(value: object, values: Mapping[str, object]) -> Any:
    """A JSON value with the gaps of its texts filled. A text that is one gap becomes the value itself."""
    match value:
        case str():
            gap = _GAP.fullmatch(value)
            if gap and gap["path"]:
                there, found = found_at(gap["path"], values)
                return found if there else f"(no {gap['path']})"
            return filled(value, values)
        case Mapping():
            members = cast("Mapping[str, object]", value)
            return {name: filled_within(member, values) for name, member in members.items()}
        case list() | tuple():
            return [filled_within(element, values) for element in cast("Sequence[object]", value)]
        case _:
            return value


def found_at(path: str, values: Mapping[str, object]) -> tuple[bool, object]:
    """Whether something is at a path, and what."""
    found: object = values
    for name in path.split("."):
        inside = _inside(found)
        if name not in inside:
            return False, None
        found = inside[name]
    return True, found


def gaps_in(template: str) -> Iterator[str]:
    """What stands in the gaps of a template, e.g. "result.temperature"."""
    for gap in _GAP.finditer(template):
        if gap["path"]:
            yield gap["path"]


def in_words(value: object) -> str:
    """A JSON value as people say it: `temperature 21, wind strong`."""
    match value:
        case str():
            return value
        case Mapping():
            members = cast("Mapping[str, object]", value)
            return ", ".join(
                f"{name.replace('_', ' ')} {in_words(member)}" for name, member in members.items()
            )
        case list() | tuple():
            return ", ".join(in_words(element) for element in cast("Sequence[object]", value))
        case _:
            return json.dumps(value)


def parsed_output(output: str) -> object:
    """A tool's output: the JSON in it, or the text itself, also if nobody could read that JSON out."""
    try:
        parsed: object = json.loads(output)
        json.dumps(parsed, ensure_ascii=False).encode()  # half a character cannot be sent
    except (ValueError, RecursionError):
        return output
    return output if _is_deeper(_DEEPEST, parsed) else parsed


def _shown(path: str, values: Mapping[str, object]) -> str:
    there, found = found_at(path, values)
    if not there:
        return f"(no {path})"
    if isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False)


def _is_deeper(levels: int, value: object) -> bool:
    return levels == 0 or any(_is_deeper(levels - 1, inner) for inner in _inside(value).values())


def _inside(value: object) -> Mapping[str, object]:
    """What a value is made of, by name or number."""
    if isinstance(value, list):
        return {str(index): element for index, element in enumerate(cast("list[object]", value))}
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
