"""docs/reference/events.md: every event, its members, and what is done with it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from pipecat_voicelive.protocol import items
from pipecat_voicelive.protocol.client_events import ResponseProperties
from reference import ours
from reference.signals import SIGNALS

HEAD = """# Events

Every event of Voice Live that this package knows, as its classes have it. Generated from the code by
`make docs`. `?` marks what may be left out, *null* what may be null.

An event of any other type comes as `UnknownEvent` with all its members. One that does not fit its class comes
as `MalformedEvent`. Both are reported once for each type, and neither ends anything.
"""


def page(source: Path) -> str:
    """The whole page."""
    return "\n".join([HEAD, *_client(source), *_server(source), *_structures()])


def _client(source: Path) -> Iterator[str]:
    made = ours.senders(source)
    yield "## Client events\n"
    yield "`VoiceLiveClient.send_event` and `VoiceLiveLLMService.send_client_event` send any of them."
    yield "\n| event | class | members | sent |\n| --- | --- | --- | --- |"
    for name, event in ours.client_events().items():
        files = [f"`{path}`" for path in made.get(event.__name__, [])]
        sent = f"by {', '.join(files)}" if files else "when you send it"
        yield f"| `{name}` | {_what(event)} | {_fields(event)} | {sent} |"


def _server(source: Path) -> Iterator[str]:
    handling = ours.handling(source)
    yield "\n## Server events\n"
    yield "An event that changes nothing in a session can still be seen: `VoiceLiveClient(every_event=True)`."
    yield "\n| event | class | members | what is done with it |\n| --- | --- | --- | --- |"
    for name, event in ours.server_events().items():
        how = handling[event.__name__]
        if isinstance(how, ours.Ignored):
            done = f"ignored: {how.reason}"
        else:
            done = f"acted on in {_names(how)}"
            if signals := SIGNALS.get(name):
                done += f"; comes out as {_names(signals)}"
        yield f"| `{name}` | {_what(event)} | {_fields(event)} | {_cell(done)} |"


def _structures() -> Iterator[str]:
    yield "\n## What they are made of"
    structs = [
        kind
        for _, kind in inspect.getmembers(items, inspect.isclass)
        if issubclass(kind, msgspec.Struct) and kind.__module__ == items.__name__
    ]
    for kind in [*structs, ResponseProperties]:
        yield f"\n### {kind.__name__}\n\n{ours.summary(kind)}\n"
        yield "| member | type |\n| --- | --- |"
        for field in ours.fields(kind):
            yield f"| `{field.name}`{'' if field.required else '?'} | {_cell(f'`{field.type}`')} |"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _what(event: type[msgspec.Struct]) -> str:
    return f"`{event.__name__}`: {_cell(ours.summary(event))}"


def _fields(event: type[msgspec.Struct]) -> str:
    return "<br>".join(
        f"`{field.name}`{'' if field.required else '?'}: {_cell(field.type)}" for field in ours.fields(event)
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
