"""Whether a value keeps to a JSON schema.

By the package jsonschema, which the extra `simulator` brings; without it every value does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    import jsonschema
except ImportError:
    jsonschema = None


def is_valid(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value keeps to a schema. One that is no schema accepts anything."""
    if jsonschema is None:
        return True
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError:
        return True
    try:
        jsonschema.Draft202012Validator(schema).validate(value)  # pyright: ignore[reportUnknownMemberType]
    except jsonschema.ValidationError:
        return False
    return True
