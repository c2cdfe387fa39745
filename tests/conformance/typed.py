"""What of an event Microsoft's SDK could not read into its own types."""

from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from azure.ai.voicelive import models

from reference.rivals import descendants, sdk_fields, sdk_models

WITHOUT_A_MODEL = {
    "conversation.item.done": "in recordings of the service",
    "output_audio_buffer.started": "in the reference of 2026-06-01-preview",
    "output_audio_buffer.stopped": "in the reference of 2026-06-01-preview",
    "rate_limits.updated": "in the reference",
}
"""Events of the service that SDK 1.3.1 has no model for, and how they are known."""

RECORDED_WITHOUT = {("RequestAudioContentPart", "audio")}
"""Members that the SDK's models require and recordings of the service do not have."""


def problems(event: models.ServerEvent) -> list[str]:
    """Every place of an event that is not what the SDK's models say, as text."""
    name = str(getattr(event.type, "value", event.type))
    if type(event) is models.ServerEvent:
        return [] if name in WITHOUT_A_MODEL else [f"{name}: the SDK has no model for it"]
    return list(_of_model(event, name))


def _of_model(value: Any, path: str) -> Iterator[str]:
    attributes = {field._rest_name: name for name, field in value._attr_to_rest_field.items()}
    for wire_name, annotation in sdk_fields(type(value)).items():
        if (type(value).__name__, wire_name) in RECORDED_WITHOUT:
            continue
        member = getattr(value, attributes[wire_name])
        yield from _of_value(member, annotation, f"{path}.{wire_name}")


def _of_value(value: Any, annotation: Any, path: str) -> Iterator[str]:
    choices = _choices(annotation)
    if Any in choices:
        return
    if value is None:
        if type(None) not in choices:
            yield f"{path}: missing"
        return
    if isinstance(value, dict):
        value = _read_late(value, choices)
    fitting = next((choice for choice in choices if _fits(value, choice)), None)
    if fitting is None:
        yield f"{path}: {type(value).__name__} is none of {annotation}"
    elif type(value) in sdk_models().values():
        if type(value) is fitting and descendants(fitting):
            yield f"{path}: {fitting.__name__} of an unknown type"
        yield from _of_model(value, path)
    elif get_origin(fitting) is list:
        for index, element in enumerate(value):
            yield from _of_value(element, get_args(fitting)[0], f"{path}[{index}]")


def _read_late(value: dict[str, Any], choices: tuple[Any, ...]) -> Any:
    """A mapping as the model it is for: where several models may stand, the SDK leaves it as it is."""
    kinds = [
        kind
        for choice in choices
        if choice in sdk_models().values()
        for kind in (choice, *descendants(choice))
    ]
    for kind in kinds:
        if value.get("type") in get_args(sdk_fields(kind).get("type")):
            return kind(value)
    return value


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(choice for part in get_args(annotation) for choice in _choices(part))
    return (annotation,)


def _fits(value: Any, choice: Any) -> bool:
    origin = get_origin(choice) or choice
    if origin is Literal:
        return value in get_args(choice)
    if isinstance(origin, type) and issubclass(origin, Enum):
        return value in [*origin, *(member.value for member in origin)]
    if origin is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if origin is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is datetime:
        return isinstance(value, datetime)
    return isinstance(origin, type) and isinstance(value, origin)
