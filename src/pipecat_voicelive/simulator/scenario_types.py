"""The kinds of members that a scenario file has. A member is declared once, in `scenario`, with one of these.

What is declared there is all there is: the reader, its messages and the JSON schema are made from it.
"""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    WithJsonSchema,
)

from pipecat_voicelive.simulator.faults.fault import Fault
from pipecat_voicelive.simulator.faults.members import fault_schema

FILE_SHAPE = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""For every class that a scenario file is made of: no other members; the text below a member describes it."""

_T = TypeVar("_T")


def _given(value: object) -> object:
    if value is None:
        raise ValueError("has no value; give it one or leave it out")
    return value


def _regular(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


Maybe = Annotated[_T | None, BeforeValidator(_given)]
"""May be left out; null is no way to do so."""

Flag = Annotated[bool, Strict()]
Regex = Annotated[str, AfterValidator(_regular)]
Milliseconds = Annotated[float, Strict(), Field(ge=0, le=600_000)]
"""At most ten minutes."""
FaultInFile = Annotated[Fault, PlainValidator(Fault.read), WithJsonSchema(fault_schema())]
"""A line of text or a mapping."""
Share = Annotated[float, Strict(), Field(gt=0, le=1)]
"""Above 0, at most 1."""
