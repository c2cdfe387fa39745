"""Whether a value keeps to a JSON schema.

By the package jsonschema, which the extra `simulator` brings; without it every value does.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

_CHECKS = importlib.util.find_spec("jsonschema") is not None


def is_valid(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value keeps to a schema. One that is no schema accepts anything."""
    if not _CHECKS:
        return True
    from jsonschema import Draft202012Validator, SchemaError, ValidationError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return True
    try:
        Draft202012Validator(schema).validate(value)  # pyright: ignore[reportUnknownMemberType]
    except ValidationError:
        return False
    return True
