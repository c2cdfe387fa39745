"""The call as it happens, as plain lines: who speaks, what is heard, which tools run, how long answers take.

3.2s  caller  What is the weather in Lisbon?
5.9s  bot     It is sunny in Lisbon, with
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TextIO, assert_never

from .record import CallRecord, Interruption, Latency, ToolCall, Transcript, Utterance, Viseme, Word
from .recorder import BotText, Fact, Started
from .wording import call_text, key_numbers, short

_LABEL_COLUMNS = 17  # " 12.3s  caller   "
_RESET, _DIM, _BLUE, _GREEN, _YELLOW, _RED = (
    "\033[0m",
    "\033[2m",
    "\033[34m",
    "\033[32m",
    "\033[33m",
    "\033[1;31m",
)


def colour_wanted(stream: TextIO) -> bool:
    """Whether `stream` is a terminal and NO_COLOR (https://no-color.org) is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


class TerminalView:
    """Prints facts as they become known; give `show` to the recorder.

    Args:
        stream: Where to print.
        colour: Whether to use ANSI colours.
        columns: Where to wrap, by default the width of the terminal.
    """

    def __init__(
        self, stream: TextIO = sys.stdout, *, colour: bool | None = None, columns: int | None = None
    ) -> None:
        self._stream = stream
        self._colour = colour_wanted(stream) if colour is None else colour
        self._columns = columns or max(60, shutil.get_terminal_size().columns)
        self._open_column: int | None = None  # of the bot's line, while it grows

    def show(self, fact: Fact) -> None:
        match fact:
            case Started(at_s, "caller", text):
                self._line(at_s, "caller", text, _BLUE)
            case Started():
                pass  # its words come as they are heard
            case BotText(at_s, text):
                self._grow(at_s, text)
            case Utterance(who="bot", end_s=end_s, cut=True):
                self._line(end_s, "bot", "interrupted by the caller", _RED)
            case Utterance():
                self._close()
            case Transcript(at_s, text):
                self._line(at_s, "", f"understood: {text}", _DIM)
            case ToolCall(end_s=None):
                self._line(fact.start_s, "tool", call_text(fact), _YELLOW)
            case ToolCall(cancelled=True, end_s=float(end_s)):
                self._line(end_s, "tool", f"{fact.name} cancelled", _YELLOW)
            case ToolCall(end_s=float(end_s)):
                took_ms = (end_s - fact.start_s) * 1000
                self._line(end_s, "tool", f"{fact.name} = {short(fact.result)}  ({took_ms:.0f} ms)", _YELLOW)
            case Latency(_, bot_start_s):
                self._line(bot_start_s, "", f"first audio after {fact.ms:.0f} ms", _DIM)
            case Interruption() | Word() | Viseme():
                pass  # told by the utterance that was cut, and by the text
            case ToolCall():
                pass
            case _:
                assert_never(fact)

    def finish(self, record: CallRecord) -> None:
        """Print the key numbers of the call."""
        self._close()
        self._print(f"\n{key_numbers(record)}\n")

    def _line(self, at_s: float, label: str, text: str, colour: str) -> None:
        self._close()
        self._print(self._head(at_s, label, colour) + self._paint(_clean(text), colour) + "\n")

    def _grow(self, at_s: float, text: str) -> None:
        text = _clean(text)
        if self._open_column is None:
            self._print(self._head(at_s, "bot", _GREEN))
            self._open_column, text = 0, text.lstrip()
        room = self._columns - _LABEL_COLUMNS
        if self._open_column and self._open_column + len(text.rstrip()) > room:
            self._print("\n" + " " * _LABEL_COLUMNS)
            self._open_column, text = 0, text.lstrip()
        self._print(self._paint(text, _GREEN))
        self._open_column += len(text)

    def _close(self) -> None:
        if self._open_column is not None:
            self._print("\n")
            self._open_column = None

    def _head(self, at_s: float, label: str, colour: str) -> str:
        return f"{self._paint(f'{at_s:6.1f}s', _DIM)}  {self._paint(f'{label:8}', colour)}"

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour and text else text

    def _print(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _clean(text: str) -> str:
    """Without control characters: what a service says must not steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
