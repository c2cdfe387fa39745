"""A conversation as the bot's context and as the service have it, in one form that can be compared.

An entry is a line of the caller, an answer with how many of its words there are, or a call. What both sides
write differently is left out: system messages, ids of items, and how a result is wrapped. Results are counted
elsewhere, by the mark that each of them has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.words import codes_in


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody said or did.

    Attributes:
        key: The line itself, the name of an answer ("a7"; the second time "a7 2"), or the id of a call.
        who: "user", "assistant" or "call".
        words: Of an answer, how many words of it stand there.
    """

    key: str
    who: str
    words: int = 0


def of_context(messages: Sequence[Any], lines: Iterable[str]) -> list[Entry]:
    """What a context holds."""
    entries: list[Entry] = []
    lines = list(lines)
    for message in messages:
        if not isinstance(message, Mapping):
            continue
        text = _text(message.get("content"))
        match message.get("role"):
            case "user":
                entries += _lines_in(text, lines)
            case "assistant":
                entries += _answers_in(text)
                entries += [Entry(str(call["id"]), "call") for call in message.get("tool_calls") or ()]
            case _:
                pass
    return _numbered(entries)


def of_server(items: Sequence[Mapping[str, Any]], lines: Iterable[str]) -> list[Entry]:
    """What a session of the service holds."""
    entries: list[Entry] = []
    lines = list(lines)
    for item in items:
        match (item["type"], item["role"]):
            case ("message", "user"):
                entries += _lines_in(item["words"], lines)
            case ("message", "assistant"):
                entries += _answers_in(item["words"])
            case ("function_call", _):
                entries.append(Entry(item["call_id"], "call"))
            case _:
                pass
    return _numbered(entries)


def marks_of_context(messages: Sequence[Any]) -> Counter[str]:
    """How often each result of a tool stands in a context."""
    texts = (_text(message.get("content")) for message in messages if isinstance(message, Mapping))
    return _marks(texts)


def marks_of_server(items: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How often each result of a tool stands in a session: as an output, or in a message."""
    texts = (
        str(item["output"] or item["words"] or "")
        for item in items
        if item["type"] == "function_call_output" or item["role"] == "system"
    )
    return _marks(texts)


def _marks(texts: Iterable[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for text in texts:
        pieces = text.replace("\\", "").split('"mark": "')
        found.update(piece.split('"', 1)[0] for piece in pieces[1:])
    return found


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text") or "") for part in content)
    return str(content or "")


def _lines_in(text: str, lines: Sequence[str]) -> list[Entry]:
    plain = text.casefold()
    found = sorted((plain.index(line.casefold()), line) for line in lines if line.casefold() in plain)
    return [Entry(line, "user") for _, line in found] or ([Entry(text, "user")] if text.strip() else [])


def _answers_in(text: str) -> list[Entry]:
    entries: list[Entry] = []
    for name, place in codes_in(text):
        if entries and entries[-1].key == name and place > 0:
            entries[-1] = Entry(name, "assistant", entries[-1].words + 1)
        else:
            entries.append(Entry(name, "assistant", 1))
    if text.strip() and not entries:
        entries.append(Entry(text, "assistant", len(text.split())))
    return entries


def _numbered(entries: Sequence[Entry]) -> list[Entry]:
    """The same, with keys that differ: the second answer "o0" is "o0 2"."""
    seen: Counter[str] = Counter()
    numbered: list[Entry] = []
    for entry in entries:
        seen[entry.key] += 1
        times = seen[entry.key]
        numbered.append(entry if times == 1 else Entry(f"{entry.key} {times}", entry.who, entry.words))
    return numbered
