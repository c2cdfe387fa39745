"""What this package has, read from its own classes: events, options, and where the session acts on what."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
from pydantic import BaseModel

from pipecat_voicelive.protocol.client_events import ClientEvent
from pipecat_voicelive.protocol.server_events import KnownServerEvent
from pipecat_voicelive.protocol.session_options import (
    FoundryAgentTool,
    FunctionTool,
    MCPServer,
    SessionProperties,
)

PACKAGE = "pipecat_voicelive"


@dataclass(frozen=True)
class Field:
    """A member of an event or a structure."""

    name: str
    type: str
    required: bool


def client_events() -> dict[str, type[msgspec.Struct]]:
    """The client events by wire type."""
    return {tag(event): event for event in get_args(ClientEvent)}


def server_events() -> dict[str, type[msgspec.Struct]]:
    """The server events by wire type."""
    return {tag(event): event for event in get_args(KnownServerEvent)}


def tag(event: type[msgspec.Struct]) -> str:
    """An event's type on the wire."""
    return str(event.__struct_config__.tag)


def fields(struct: type[msgspec.Struct]) -> list[Field]:
    """The members of a struct, what has to be there first, `event_id` never."""
    annotations: dict[str, Any] = {}
    for base in reversed(struct.__mro__):
        annotations |= inspect.get_annotations(base)
    found = [
        Field(field.name, _readable(str(annotations[field.name])), field.required)
        for field in msgspec.structs.fields(struct)
        if field.name != "event_id"
    ]
    return sorted(found, key=lambda field: not field.required)


def _readable(annotation: str) -> str:
    return re.sub(r"\s+", " ", annotation.replace(" | UnsetType", "").replace(" | None", " | null"))


def summary(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return re.sub(r"\s+", " ", (inspect.getdoc(thing) or "").split("\n\n")[0]).strip()


# --- options -----------------------------------------------------------------------------------------


def session_options() -> dict[str, str]:
    """Every member of a session by dotted path, with the classes it belongs to: `voice.style`, ..."""
    found: dict[str, str] = {}
    for path, owner in _members(SessionProperties, ""):
        found[path] = f"{found[path]}, {owner}" if path in found else owner
    return found


def _members(model: type[BaseModel], path: str) -> Iterator[tuple[str, str]]:
    hints = get_type_hints(model)
    for name in model.model_fields:
        if name == "model" and not path:
            continue
        yield f"{path}{name}", model.__name__
        inner = (FunctionTool, MCPServer, FoundryAgentTool) if name == "tools" else models_in(hints[name])
        for option in inner:
            yield from _members(option, f"{path}{name}.")


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The pydantic models that an annotation allows."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


# --- where what is done ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ignored:
    """Why an event changes nothing."""

    reason: str


def handling(source: Path) -> dict[str, Ignored | list[str]]:
    """For each server event class: the session's files that act on it, or why none does."""
    ignored: dict[str, Ignored | list[str]] = {}
    acted: dict[str, list[str]] = {}
    for path in sorted((source / "session").glob("*.py"), key=lambda path: (path.name == "session.py", path)):
        tree = ast.parse(path.read_text())
        if path.name == "ignored.py":
            ignored |= _reasons(tree)
            continue
        for name in _server_events_in(tree) if path.name not in ("effects.py", "inputs.py") else ():
            acted.setdefault(name, []).append(f"session/{path.name}")
    return ignored | acted


def _reasons(tree: ast.Module) -> dict[str, Ignored | list[str]]:
    reasons: dict[str, Ignored | list[str]] = {}
    for alias, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(alias, ast.AnnAssign) and isinstance(text, ast.Expr):
            reason = Ignored(re.sub(r"\s+", " ", str(ast.literal_eval(text.value))))
            reasons |= dict.fromkeys(_server_events_in(alias), reason)
    return reasons


def _server_events_in(tree: ast.AST) -> list[str]:
    known = {event.__name__ for event in server_events().values()}
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "se"
    }
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return sorted(names & known)


def senders(source: Path) -> dict[str, list[str]]:
    """For each client event class: the files of the session, the client and the service that make one."""
    found: dict[str, list[str]] = {}
    names = {event.__name__ for event in client_events().values()}
    paths = [*(source / "session").glob("*.py"), source / "client.py", *(source / "service").glob("*.py")]
    for path in sorted(paths):
        calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        made = {
            call.attr if isinstance(call, ast.Attribute) else call.id
            for call in calls
            if isinstance(call, ast.Attribute | ast.Name)
        }
        for name in made & names:
            found.setdefault(name, []).append(path.relative_to(source).as_posix())
    return found
