"""What every option is, and how slips of the pen in them are found."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

from pipecat_voicelive.protocol.versions import RENAMED

_OLDER_NAMES = frozenset(renamed.member for renamed in RENAMED)


class Option(BaseModel):
    """Base of all options. A `type` that a class fixes counts as set, so that it is always sent."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True, hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What nobody knows may be anything, so of that only the names."""
        for name, value in super().__repr_args__():
            yield name, ... if name in (self.model_extra or {}) else value

    def model_post_init(self, _context: Any, /) -> None:
        """Count the class's own `type` among the members that were set."""
        if "type" in type(self).model_fields and self.__dict__.get("type") is not None:
            self.__pydantic_fields_set__.add("type")


def own_copy(value: Any) -> Any:
    """A copy that shares nothing that can be changed: options and containers, however deep.

    Functions, methods and objects of other kinds are kept as they are; a copy of a tool's handler would
    act on a copy of its bot.
    """
    match value:
        case BaseModel():
            copied = value.model_copy()
            for members in (vars(copied), copied.__pydantic_extra__ or {}):
                for name in list(members):
                    members[name] = own_copy(members[name])
            return copied
        case dict():
            return {name: own_copy(member) for name, member in cast("dict[Any, Any]", value).items()}
        case list() | tuple() | set():
            given = cast("list[Any]", value)
            return type(given)(own_copy(element) for element in given)
        case _:
            return value


def misspelt(options: Option, path: str = "") -> Iterator[tuple[str, str]]:
    """The members nobody knows that look like one somebody knows: (where it stands, what is meant).

    `SessionProperties(turn_detecton=...)` yields `("turn_detecton", "turn_detection")`. They are sent all
    the same; whoever sends them should say so.
    """
    known = list(type(options).model_fields)
    for name in options.model_extra or {}:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.75) if name not in _OLDER_NAMES else []
        if close:
            yield f"{path}{name}", close[0]
    for name in options.model_fields_set:
        value: object = cast("object", getattr(options, name, None))
        if isinstance(value, Option):
            yield from misspelt(value, f"{path}{name}.")
