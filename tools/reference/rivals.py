"""What Pipecat's built-in service and Microsoft's SDK have, read from the installed packages."""

from __future__ import annotations

import ast
import enum
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any, Literal, get_args, get_origin, get_type_hints

from azure.ai.voicelive import _unions, models
from pipecat.services.azure.voice_live import events as pipecat_events
from pydantic import BaseModel

NO = "no"


def versions() -> str:
    """What is compared, in words."""
    return f"Pipecat {version('pipecat-ai')}, azure-ai-voicelive {version('azure-ai-voicelive')}"


# --- Microsoft's SDK ---------------------------------------------------------------------------------


@cache
def sdk_models() -> dict[str, type]:
    """The SDK's models by name."""
    return {
        name: model
        for name, model in sorted(vars(models).items())
        if inspect.isclass(model) and issubclass(model, models.ServerEvent.__mro__[1])
    }


@cache
def sdk_fields(model: type) -> dict[str, Any]:
    """A model's members by wire name, with their annotations."""
    names = {"_models": models, "_unions": _unions, "datetime": __import__("datetime")}
    hints: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        if base.__name__ in sdk_models() or base in sdk_models().values():
            hints |= get_type_hints(base, vars(inspect.getmodule(base)) | names | {"Any": Any})
    rest = model({})._attr_to_rest_field  # noqa: SLF001 - the only place that has the wire names
    return {field._rest_name: hints[name] for name, field in rest.items()}  # noqa: SLF001


@cache
def sdk_types() -> dict[str, type]:
    """The SDK's event models by wire type."""
    return {
        literal: model
        for name, model in sdk_models().items()
        if name.startswith(("ClientEvent", "ServerEvent"))
        for literal in get_args(sdk_fields(model).get("type"))
        if isinstance(literal, str)
    }


def sdk_event(event: str) -> str:
    """Whether the SDK has a type for this event."""
    return "typed" if event in sdk_types() else NO


def sdk_option(path: str, root: str = "RequestSession") -> str:
    """Whether the SDK has this member."""
    return "yes" if any(True for _ in _sdk_at(sdk_models()[root], path.split("."))) else NO


def sdk_value(path: str, value: str, root: str = "RequestSession") -> str:
    """Whether the SDK names this value."""
    annotations = list(_sdk_at(sdk_models()[root], path.split(".")))
    return "yes" if any(value in _values(annotation) for annotation in annotations) else NO


def _sdk_at(model: type, path: list[str]) -> Iterator[Any]:
    for kind in [model, *descendants(model)]:
        annotation = sdk_fields(kind).get(path[0])
        if annotation is None:
            continue
        if len(path) == 1:
            yield annotation
            continue
        for inner in _classes(annotation):
            if inner in sdk_models().values():
                yield from _sdk_at(inner, path[1:])


def descendants(model: type) -> list[type]:
    """All models that are made from this one."""
    return [inner for kind in model.__subclasses__() for inner in (kind, *descendants(kind))]


def _classes(annotation: Any) -> list[type]:
    if inspect.isclass(annotation) and not get_args(annotation):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _classes(part)]


def _values(annotation: Any) -> set[str]:
    if get_origin(annotation) is Literal:
        return {str(getattr(value, "value", value)) for value in get_args(annotation)}
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return {str(member.value) for member in annotation}
    return {value for part in get_args(annotation) for value in _values(part)}


# --- Pipecat's built-in service ----------------------------------------------------------------------


@cache
def _pipecat_events() -> dict[str, type[BaseModel]]:
    return {
        str(value): event
        for event in vars(pipecat_events).values()
        if inspect.isclass(event) and issubclass(event, BaseModel) and "event_id" in event.model_fields
        for value in _values(event.model_fields["type"].annotation if "type" in event.model_fields else None)
    }


@cache
def _pipecat_service() -> str:
    spec = inspect.getsourcefile(pipecat_events) or ""
    with open(spec.replace("events.py", "llm.py"), encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


@cache
def _pipecat_made() -> frozenset[str]:
    calls = (node.func for node in ast.walk(ast.parse(_pipecat_service())) if isinstance(node, ast.Call))
    return frozenset(call.attr for call in calls if isinstance(call, ast.Attribute))


def pipecat_client_event(event: str) -> str:
    """Whether the built-in sends this event, or only has a type for it."""
    kind = _pipecat_events().get(event)
    if kind is None:
        return NO
    return "sends it" if kind.__name__ in _pipecat_made() else "typed"


def pipecat_server_event(event: str) -> str:
    """Whether the built-in acts on this event, or only has a type for it."""
    if event not in _pipecat_events():
        return NO
    return "acts on it" if re.search(rf'evt\.type == "{re.escape(event)}"', _pipecat_service()) else "typed"


def pipecat_option(path: str, root: str = "SessionProperties") -> str:
    """Whether the built-in has this member."""
    found = list(_pipecat_at(getattr(pipecat_events, root), path.split(".")))
    return "yes" if found else NO


def pipecat_value(path: str, value: str, root: str = "SessionProperties") -> str:
    """Whether the built-in names this value, or takes any text or mapping here."""
    annotations = list(_pipecat_at(getattr(pipecat_events, root), path.split(".")))
    if any(value in _values(annotation) for annotation in annotations):
        return "yes"
    return "as text" if any(str in _classes(annotation) for annotation in annotations) else NO


def _pipecat_at(model: type[BaseModel], path: list[str]) -> Iterator[Any]:
    hints = get_type_hints(model, vars(pipecat_events))
    annotation = hints.get(path[0])
    if annotation is None:
        return
    if len(path) == 1:
        yield annotation
        return
    for inner in _classes(annotation):
        if issubclass(inner, BaseModel):
            yield from _pipecat_at(inner, path[1:])
