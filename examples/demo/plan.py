"""Where everything of one row of the timeline goes, decided before anything is drawn.

Labels are placed so that none covers another: what has no room beside its neighbour goes a line lower.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .canvas import shorten, text_width, wrap
from .record import CallRecord, Interruption, Latency, ToolCall, Utterance, Viseme, Word
from .rows import Span
from .wording import call_text, short

PX_PER_S = 96.0
LEFT, RIGHT = 84.0, 1260.0
LONGEST_ROW_S = (RIGHT - LEFT) / PX_PER_S

TEXT_SIZE, WORD_SIZE, SMALL_SIZE = 13.0, 11.5, 11.0
LINE, GAP, WAVE = 16.0, 5.0, 44.0
TOOL_LINE, ARROW = 20.0, 26.0
_UNBROKEN, _MAY_SHIFT = 280.0, 90.0


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text on the row; `x` and `y` are its left end and baseline, `y` from the row's top."""

    x: float
    y: float
    text: str
    size: float
    title: str = ""

    @property
    def end_x(self) -> float:
        return self.x + text_width(self.text, self.size)


@dataclass(frozen=True, slots=True)
class ToolBar:
    """A tool call: a bar as long as it ran, with `called` and `result` written beside it."""

    call: ToolCall
    x: float
    end_x: float
    y: float
    called: Label
    result: Label


@dataclass(frozen=True, slots=True)
class RowPlan:
    """A row of the timeline; every y is from its top.

    Attributes:
        span: The stretch of the call.
        caller: What the caller said here, in the caller's lane.
        bot: What the bot said here, in the bot's lane.
        caller_text: The caller's words above the caller's waveform.
        bot_text: The bot's words under the bot's waveform, where they were heard.
        visemes: The mouths of the bot.
        tools: Tool calls that began here.
        latencies: Silences before an answer that begins here.
        interruptions: Moments at which the bot fell silent.
        axis_y: Baseline of the seconds.
        caller_y: Middle of the caller's waveform.
        between_y: Bottom of the strip between the two waveforms, for latencies and interruptions.
        bot_y: Middle of the bot's waveform.
        mouth_y: Middle of the mouths.
        tools_y: Top of the tool calls.
        height: Of the whole row.
    """

    span: Span
    caller: list[Utterance]
    bot: list[Utterance]
    caller_text: list[Label]
    bot_text: list[Label]
    visemes: list[Viseme]
    tools: list[ToolBar]
    latencies: list[Latency]
    interruptions: list[Interruption]
    axis_y: float
    caller_y: float
    between_y: float
    bot_y: float
    mouth_y: float
    tools_y: float
    height: float

    def x(self, at_s: float) -> float:
        """Where a moment is; moments outside of the row are at its ends."""
        return _x(self.span, at_s)


def plan_row(record: CallRecord, span: Span) -> RowPlan:
    """Lay out the part of the call in `span`."""
    caller = [u for u in record.spoken_by("caller") if span.overlaps(u.start_s, u.end_s)]
    bot = [u for u in record.spoken_by("bot") if span.overlaps(u.start_s, u.end_s)]
    interruptions = [i for i in record.interruptions if i.at_s in span]
    latencies = [one for one in record.latencies if one.bot_start_s in span]
    visemes = [v for v in record.visemes if v.at_s in span]

    axis_y = 12.0
    y = 20.0
    caller_text = _bottom_aligned(_utterance_labels(caller, span, y))
    y = _below(caller_text, y) + 2
    caller_y = y + WAVE / 2
    y += WAVE
    y += 30 if latencies or interruptions else 6
    between_y = y
    bot_y = y + WAVE / 2
    y += WAVE
    bot_text = _word_labels([w for w in record.words if w.at_s in span], span, y)
    spelled = [w.at_s for w in record.words]
    wordless = [u for u in bot if not any(u.start_s - 0.1 <= s <= u.end_s for s in spelled)]
    bot_text += [label for lines in _utterance_labels(wordless, span, y) for label in lines]
    y = _below(bot_text, y) + GAP
    mouth_y = y + 8
    y += 20 if visemes else 0
    tools_y = y
    tools = _tool_bars([t for t in record.tool_calls if t.start_s in span], span, y)
    y = max((bar.y + TOOL_LINE for bar in tools), default=y) + GAP
    return RowPlan(
        span=span,
        caller=caller,
        bot=bot,
        caller_text=caller_text,
        bot_text=bot_text,
        visemes=visemes,
        tools=tools,
        latencies=latencies,
        interruptions=interruptions,
        axis_y=axis_y,
        caller_y=caller_y,
        between_y=between_y,
        bot_y=bot_y,
        mouth_y=mouth_y,
        tools_y=tools_y,
        height=y,
    )


def utterance_title(utterance: Utterance) -> str:
    """What is said about an utterance when the pointer rests on it."""
    return f"{utterance.who}, {utterance.start_s:.2f} to {utterance.end_s:.2f} s: {utterance.text}"


def _x(span: Span, at_s: float) -> float:
    return LEFT + (min(max(at_s, span.start_s), span.end_s) - span.start_s) * PX_PER_S


def _below(labels: Iterable[Label], y: float) -> float:
    return max((label.y + 4 for label in labels), default=y)


def _utterance_labels(utterances: Sequence[Utterance], span: Span, top: float) -> list[list[Label]]:
    """The text of each utterance from where it begins, somewhat wider than it lasts, up to the next."""
    labels: list[list[Label]] = []
    taken_x = LEFT
    for index, utterance in enumerate(utterances):
        if utterance.start_s < span.start_s:
            continue  # written where it began
        x = max(_x(span, utterance.start_s), taken_x)
        following = utterances[index + 1 : index + 2]
        end_x = _x(span, following[0].start_s) - 12 if following else RIGHT
        whole = text_width(utterance.text, TEXT_SIZE)
        spoken = _x(span, utterance.end_s) - x
        room = min(end_x - x, max(spoken * 1.25, min(whole, _UNBROKEN)))
        if room < min(whole, _UNBROKEN):  # too narrow at the end of a row: begin further left
            x = max(taken_x, min(x, end_x - min(whole, _UNBROKEN)))
            room = max(end_x - x, 60)
        lines = wrap(utterance.text, TEXT_SIZE, room + 1)
        title = utterance_title(utterance)
        placed = [
            Label(x, top + (n + 1) * LINE - 3, shorten(line, TEXT_SIZE, RIGHT - x), TEXT_SIZE, title)
            for n, line in enumerate(lines)
        ]
        labels.append(placed)
        taken_x = max((label.end_x + 12 for label in placed), default=taken_x)
    return labels


def _bottom_aligned(texts: Sequence[Sequence[Label]]) -> list[Label]:
    most = max((len(lines) for lines in texts), default=0)
    return [replace(label, y=label.y + (most - len(lines)) * LINE) for lines in texts for label in lines]


def _word_labels(words: Sequence[Word], span: Span, top: float) -> list[Label]:
    """Each word where it was heard, or a little later if its neighbour is long, or else a line lower."""
    taken_x: list[float] = []
    labels: list[Label] = []
    for word in words:
        width = text_width(word.text, WORD_SIZE)
        wanted_x = min(_x(span, word.at_s), RIGHT - width)
        line = next((n for n, x in enumerate(taken_x) if x - wanted_x <= _MAY_SHIFT), len(taken_x))
        if line == len(taken_x):
            taken_x.append(LEFT)
        x = max(wanted_x, taken_x[line])
        if x + width > RIGHT + 10:
            line, x = len(taken_x), wanted_x
            taken_x.append(LEFT)
        taken_x[line] = x + width + text_width(" ", WORD_SIZE) * 1.3
        title = f"{word.at_s:.2f} s, {word.duration_s * 1000:.0f} ms: {word.text}"
        labels.append(Label(x, top + (line + 1) * LINE - 3, word.text, WORD_SIZE, title))
    return labels


def _tool_bars(calls: Sequence[ToolCall], span: Span, top: float) -> list[ToolBar]:
    taken_x: list[float] = []
    bars: list[ToolBar] = []
    for call in calls:
        x = _x(span, call.start_s)
        end_x = max(x + 4, _x(span, call.start_s if call.end_s is None else call.end_s))
        called = shorten(call_text(call), TEXT_SIZE, 420)
        result = _outcome(call)
        width = text_width(called, TEXT_SIZE) + ARROW
        result = shorten(result, TEXT_SIZE, max(60, min(420, RIGHT - LEFT - width - 60)))
        width += text_width(result, TEXT_SIZE)
        text_x = end_x + 8
        begin_x = x
        if text_x + width > RIGHT:  # no room to the right: write it on the left
            text_x = begin_x = max(LEFT, x - 8 - width)
        line = next((n for n, taken in enumerate(taken_x) if taken <= begin_x), len(taken_x))
        if line == len(taken_x):
            taken_x.append(LEFT)
        taken_x[line] = max(end_x, text_x + width) + 16
        y = top + line * TOOL_LINE
        title = f"{call.start_s:.2f} s: {call_text(call)} = {short(call.result, 1000)}"
        called_label = Label(text_x, y + 14, called, TEXT_SIZE, title)
        result_label = Label(called_label.end_x + ARROW, y + 14, result, TEXT_SIZE, title)
        bars.append(ToolBar(call, x, end_x, y, called_label, result_label))
    return bars


def _outcome(call: ToolCall) -> str:
    if call.cancelled:
        return "cancelled"
    return "no result" if call.end_s is None else short(call.result)
