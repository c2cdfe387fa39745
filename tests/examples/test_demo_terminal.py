import io

import pytest
from demo_sample import call_record

from demo.record import Interruption, Latency, ToolCall, Transcript, Utterance
from demo.recorder import BotText, Fact, Started
from demo.terminal import TerminalView, colour_wanted

CALLED = ToolCall("1", "get_weather", {"city": "Lisbon"}, 4.0)


def shown(*facts: Fact, colour: bool = False, columns: int = 60) -> list[str]:
    stream = io.StringIO()
    view = TerminalView(stream, colour=colour, columns=columns)
    for fact in facts:
        view.show(fact)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (Started(3.2, "caller", "How are you?"), "   3.2s  caller  How are you?"),
        (Transcript(4.0, "How are you"), "   4.0s          understood: How are you"),
        (CALLED, '   4.0s  tool    get_weather(city="Lisbon")'),
        (
            ToolCall("1", "get_weather", {}, 4.0, 4.25, {"sky": "sunny"}),
            "   4.2s  tool    get_weather = sky: sunny  (250 ms)",
        ),
        (
            ToolCall("1", "get_weather", {}, 4.0, 4.2, cancelled=True),
            "   4.2s  tool    get_weather cancelled",
        ),
        (Latency(4.0, 4.64), "   4.6s          first audio after 640 ms"),
        (Utterance("bot", 1.0, 12.3, "It is", cut=True), "  12.3s  bot     interrupted by the caller"),
    ],
)
def test_a_fact_is_a_line(fact: Fact, line: str) -> None:
    assert shown(fact) == [line]


def test_the_bots_words_grow_one_line() -> None:
    assert shown(
        Started(1.0, "bot", ""), BotText(1.0, "It"), BotText(1.2, " is"), Utterance("bot", 1.0, 1.4, "It is")
    ) == ["   1.0s  bot     It is"]


def test_anything_else_begins_a_new_line() -> None:
    assert shown(BotText(1.0, "It is"), Started(1.2, "caller", "Stop"), BotText(1.3, " sunny")) == [
        "   1.0s  bot     It is",
        "   1.2s  caller  Stop",
        "   1.3s  bot     sunny",
    ]


def test_the_bots_words_are_wrapped_under_each_other() -> None:
    lines = shown(*(BotText(1.0, f" word{n}") for n in range(14)), columns=60)
    assert lines[0].startswith("   1.0s  bot     word0 word1")
    assert lines[1].startswith(" " * 17 + "word")
    assert all(len(line) <= 60 for line in lines)
    assert sum(line.count("word") for line in lines) == 14


def test_an_interruption_is_told_once() -> None:
    assert len(shown(Utterance("bot", 1.0, 2.0, "It is", cut=True), Interruption(2.0))) == 1


def test_colours_are_ansi() -> None:
    assert "\033[" in shown(CALLED, colour=True)[0]
    assert "\033[" not in shown(CALLED, colour=False)[0]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_unless_it_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colour_wanted(Terminal())
    assert not colour_wanted(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour_wanted(Terminal())


def test_what_was_said_cannot_steer_the_terminal() -> None:
    [line] = shown(Started(1.0, "caller", "a\033[2Jb\rc"))
    assert line.endswith("a [2Jb c")


def test_the_call_ends_with_its_key_numbers() -> None:
    stream = io.StringIO()
    TerminalView(stream).finish(call_record())
    assert "30 s long, 3 turns, 1000 ms median first audio, 4 tool calls, 1 interruption" in stream.getvalue()
