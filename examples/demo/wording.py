"""Words for facts, the same in the terminal, the picture and the report."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .record import CallRecord, ToolCall


def call_text(call: ToolCall) -> str:
    """A call as one writes it: `get_weather(city="Lisbon")`."""
    return f"{call.name}({', '.join(f'{key}={short(value)}' for key, value in call.arguments.items())})"


def short(value: object, characters: int = 60) -> str:
    """A value on one line, its end left out if it is long."""
    match value:
        case Mapping():
            text = ", ".join(f"{key}: {_plain(part)}" for key, part in value.items())
        case _:
            text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


def key_figures(record: CallRecord) -> list[tuple[str, str]]:
    """The call in five figures, each with what it counts."""
    median_ms = record.median_latency_ms
    return [
        (f"{record.duration_s:.0f} s", "long"),
        _counted(len(record.spoken_by("caller")), "turn"),
        ("-" if median_ms is None else f"{median_ms:.0f} ms", "median first audio"),
        _counted(len(record.tool_calls), "tool call"),
        _counted(len(record.interruptions), "interruption"),
    ]


def key_numbers(record: CallRecord) -> str:
    """The same in one line."""
    return ", ".join(f"{figure} {what}" for figure, what in key_figures(record))


def _counted(number: int, noun: str) -> tuple[str, str]:
    return f"{number}", f"{noun}{'' if number == 1 else 's'}"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
