"""The JSON schema of scenario files: made from the classes in `scenario`, and asked for what belongs where.

Editors check files with it; the reader explains mistakes with it, so both expect the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias, cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pipecat_voicelive.simulator.scenario import Scenario

Where: TypeAlias = tuple[str | int, ...]
Schema: TypeAlias = dict[str, Any]


class _FileSchema(GenerateJsonSchema):
    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        # None means that a member was left out; a file says so by leaving it out.
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", ...) in (None, "", []):
            del made["default"]
        return made

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


@cache
def adapter() -> TypeAdapter[Scenario]:
    """What reads the members of a scenario."""
    return TypeAdapter(Scenario)


@cache
def scenario_schema() -> Schema:
    """The JSON schema of a scenario file, in draft 2020-12."""
    made = adapter().json_schema(schema_generator=_FileSchema)
    for part in [made, *made["$defs"].values()]:
        for described_part in [part, *part["properties"].values()]:
            if "description" in described_part:
                described_part["description"] = " ".join(described_part["description"].split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "Scenario of the Voice Live simulator",
    }


def schema_file() -> str:
    """The JSON schema as a file holds it."""
    return json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"


def schema_at(where: Iterable[str | int], data: object) -> Schema:
    """The schema of one place in `data`; {} where anything may stand.

    Args:
        where: The way there, by names and numbers; its last step need not be in `data`.
        data: The whole file.
    """
    schema = scenario_schema()
    for step in where:
        schema = _option(schema, data)
        if isinstance(data, list | tuple) and isinstance(step, int):
            schema = cast("Schema", schema.get("items", {}))
            data = cast("Sequence[object]", data)[step]
        elif isinstance(data, Mapping):
            schema = cast("Schema", schema.get("properties", {}).get(step) or _of_others(schema))
            data = cast("Mapping[str | int, object]", data).get(step)
        else:
            return Schema()  # under a name that is none, which is a mistake of its own
    return schema


def members_at(where: Iterable[str | int], data: object) -> Mapping[str, Schema]:
    """The members that a mapping at a place in `data` may have, with their schemas."""
    *way, last = (*where, "")
    del last
    found: object = data
    for step in way:
        found = cast("Any", found)[step]
    return _option(schema_at(way, data), found).get("properties", {})


def described(schema: Schema) -> str:
    """What a schema wants, in words."""
    schema = _resolved(schema)
    match schema:
        case {"oneOf": options} | {"anyOf": options}:
            return " or ".join(described(option) for option in options)
        case {"enum": choices}:
            return f"one of {', '.join(map(str, choices))}"
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "string"}:
            return "text (in quotes)"
        case {"type": "array", "items": {"type": "string"}}:
            return "a list of texts"
        case {"type": "array"}:
            return "a list"
        case {"type": "number" | "integer"}:
            return _number(schema)
        case {"type": "object", "properties": members}:
            names, more = list(members), "" if len(members) < 6 else ", ..."
            return f"a mapping of {', '.join(names[:5])}{more}"
        case _:
            return "a mapping"


def _of_others(schema: Schema) -> Schema:
    """The schema of members that have no name of their own."""
    others: object = schema.get("additionalProperties")
    return cast("Schema", others) if isinstance(others, dict) else Schema()


def _number(schema: Schema) -> str:
    least = f"at least {schema['minimum']:g}" if "minimum" in schema else ""
    above = f"above {schema['exclusiveMinimum']:g}" if "exclusiveMinimum" in schema else ""
    most = f"at most {schema['maximum']:g}" if "maximum" in schema else ""
    limits = ", ".join(limit for limit in (least, above, most) if limit)
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    return f"{kind}, {limits}" if limits else kind


def _resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = scenario_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _option(schema: Schema, data: object) -> Schema:
    """A schema without references; of several, the one that is for data of this kind."""
    schema = _resolved(schema)
    options = map(_resolved, schema.get("oneOf") or schema.get("anyOf") or [schema])
    kind = "object" if isinstance(data, Mapping) else "array" if isinstance(data, list | tuple) else "string"
    return next((option for option in options if option.get("type") == kind), Schema())
