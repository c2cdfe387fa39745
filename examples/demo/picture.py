"""The call as one picture, drawn the same for the page and for the image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from pipecat_voicelive.protocol.visemes import VISEME_SOUNDS
from pipecat_voicelive.testing.calls.recording import RECORDING_RATE_HZ, CallRecording

from . import mouths, waveform
from .canvas import Canvas, text_width
from .plan import (
    ARROW,
    LEFT,
    LONGEST_ROW_S,
    PX_PER_S,
    RIGHT,
    SMALL_SIZE,
    TEXT_SIZE,
    TOOL_LINE,
    WAVE,
    Label,
    RowPlan,
    plan_row,
    utterance_title,
)
from .raster import RasterCanvas
from .record import CallRecord
from .rows import Span, rows
from .svg import SvgCanvas
from .wording import key_figures, key_numbers

WIDTH = 1280.0
_HEADER, _ROW_GAP, _FOOT = 116.0, 26.0, 16.0
_MOUTH = 13.0

_INK, _MUTED = "#1f2933", "#52606d"
_CALLER, _CALLER_LANE = "#2f6db5", "#eef4fb"
_BOT, _BOT_LANE = "#1b7f6b", "#ecf6f3"
_TOOL, _TOOL_BAR = "#7a4d00", "#e2a63d"
_LATENCY, _CUT = "#6b4fa0", "#c0302b"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn call.

    Attributes:
        svg: The picture as an `<svg>` element.
        plans: The rows, with the y at which each begins: where a moment of the call is on the picture.
    """

    svg: str
    plans: list[tuple[float, RowPlan]]


class CallPicture:
    """Draws a call.

    Args:
        record: What happened.
        recording: What was heard.
    """

    def __init__(self, record: CallRecord, recording: CallRecording) -> None:
        self._record = record
        duration_s = record.duration_s
        self._caller = waveform.envelope(recording.caller.samples(duration_s), RECORDING_RATE_HZ, PX_PER_S)
        self._bot = waveform.envelope(recording.bot.samples(duration_s), RECORDING_RATE_HZ, PX_PER_S)
        self._plans: list[tuple[float, RowPlan]] = []
        y = _HEADER
        for span in rows(record, LONGEST_ROW_S):
            plan = plan_row(record, span)
            self._plans.append((y, plan))
            y += plan.height + _ROW_GAP
        self._height = y - _ROW_GAP + _FOOT

    def svg(self) -> Picture:
        canvas = SvgCanvas(WIDTH, self._height, f"Timeline of the call: {key_numbers(self._record)}")
        self._draw(canvas)
        return Picture(canvas.document(), self._plans)

    def write_png(self, path: Path, scale: int = 2) -> None:
        canvas = RasterCanvas(WIDTH, self._height, scale)
        self._draw(canvas)
        canvas.write_png(path)

    def _draw(self, canvas: Canvas) -> None:
        canvas.rect(0, 0, WIDTH, self._height, fill="#ffffff")
        _draw_header(canvas, self._record)
        for top, plan in self._plans:
            self._draw_row(canvas, top, plan)

    def _draw_row(self, canvas: Canvas, top: float, plan: RowPlan) -> None:
        end_x = plan.x(plan.span.end_s)
        _draw_axis(canvas, top, plan)
        for y, colour, lane in ((plan.caller_y, _CALLER, _CALLER_LANE), (plan.bot_y, _BOT, _BOT_LANE)):
            canvas.rect(LEFT, top + y - WAVE / 2, end_x - LEFT, WAVE, fill=lane, radius=3)
            for second in _seconds(plan.span):
                x = plan.x(second)
                canvas.line([(x, top + y - WAVE / 2), (x, top + y + WAVE / 2)], stroke="#ffffff")
            canvas.line([(LEFT, top + y), (end_x, top + y)], stroke=colour, width=0.75)
        for who, y, colour in (("caller", plan.caller_y, _CALLER), ("bot", plan.bot_y, _BOT)):
            canvas.text(LEFT - 12, top + y + 5, who, size=16, fill=colour, anchor="end")
        self._draw_speech(canvas, top, plan)
        for label in plan.caller_text:
            _draw_label(canvas, top, label, _CALLER)
        for label in plan.bot_text:
            _draw_label(canvas, top, label, _BOT)
        _draw_mouths(canvas, top, plan)
        _draw_tools(canvas, top, plan)
        _draw_latencies(canvas, top, plan)
        _draw_interruptions(canvas, top, plan)

    def _draw_speech(self, canvas: Canvas, top: float, plan: RowPlan) -> None:
        lanes = (
            (plan.caller, self._caller, plan.caller_y, _CALLER),
            (plan.bot, self._bot, plan.bot_y, _BOT),
        )
        for utterances, heights, y, colour in lanes:
            for utterance in utterances:
                start_s = max(utterance.start_s, plan.span.start_s)
                end_s = min(utterance.end_s + 0.05, plan.span.end_s)
                points = waveform.outline(
                    heights, PX_PER_S, start_s, end_s, plan.x(start_s), top + y, WAVE / 2 - 1
                )
                if len(points) > 2:
                    title = utterance_title(utterance)
                    canvas.polygon(points, fill=colour, title=title)


def _draw_header(canvas: Canvas, record: CallRecord) -> None:
    canvas.text(24, 46, "The call as it was heard", size=28, fill=_INK)
    x = RIGHT
    for figure, what in reversed(key_figures(record)):
        width = max(text_width(figure, 24), text_width(what, TEXT_SIZE))
        x -= width
        canvas.text(x, 36, figure, size=24, fill=_INK)
        canvas.text(x, 54, what, size=TEXT_SIZE, fill=_MUTED)
        x -= 34
    _draw_legend(canvas, record, 92)


def _draw_legend(canvas: Canvas, record: CallRecord, y: float) -> None:
    canvas.line([(24, y - 6), (24, y), (50, y), (50, y - 6)], stroke=_LATENCY, width=2)
    x = _caption(canvas, 58, y, "from the caller's end to the bot's first audio")
    canvas.rect(x, y - 10, 26, 14, fill=_TOOL_BAR, radius=3)
    x = _caption(canvas, x + 34, y, "a tool while it runs")
    if record.visemes:
        x = _caption(canvas, x, y, "the bot's mouth:") - 12
        for shape in mouths.MOUTHS:
            mouths.draw(canvas, shape, x, y - 4, _MOUTH)
            x = _caption(canvas, x + 11, y, shape.name) + 2


def _caption(canvas: Canvas, x: float, y: float, text: str) -> float:
    """Write a caption; returns where the next thing may begin."""
    canvas.text(x, y, text, size=SMALL_SIZE, fill=_MUTED)
    return x + text_width(text, SMALL_SIZE) + 22


def _draw_axis(canvas: Canvas, top: float, plan: RowPlan) -> None:
    for second in _seconds(plan.span):
        x = plan.x(second)
        canvas.line([(x, top + plan.axis_y + 3), (x, top + plan.axis_y + 7)], stroke=_MUTED)
        canvas.text(x, top + plan.axis_y, f"{second} s", size=SMALL_SIZE, fill=_MUTED, anchor="middle")


def _seconds(span: Span) -> range:
    return range(math.ceil(span.start_s), math.floor(span.end_s) + 1)


def _draw_label(canvas: Canvas, top: float, label: Label, colour: str) -> None:
    canvas.text(label.x, top + label.y, label.text, size=label.size, fill=colour, title=label.title)


def _draw_mouths(canvas: Canvas, top: float, plan: RowPlan) -> None:
    if not plan.visemes:
        return
    y = top + plan.mouth_y
    canvas.text(LEFT - 12, y + 4, "mouth", size=SMALL_SIZE, fill=_MUTED, anchor="end")
    taken_x = 0.0
    for viseme in plan.visemes:
        x = plan.x(viseme.at_s) + _MOUTH / 2
        if x < taken_x:  # too quick to be drawn
            continue
        taken_x = x + _MOUTH
        sounds = VISEME_SOUNDS[viseme.viseme_id] if 0 <= viseme.viseme_id < len(VISEME_SOUNDS) else "unknown"
        shape = mouths.mouth(viseme.viseme_id)
        title = f"{viseme.at_s:.2f} s: viseme {viseme.viseme_id} ({sounds})"
        mouths.draw(canvas, shape, x, y, _MOUTH, title)


def _draw_tools(canvas: Canvas, top: float, plan: RowPlan) -> None:
    if plan.tools:
        canvas.text(LEFT - 12, top + plan.tools_y + 14, "tools", size=SMALL_SIZE, fill=_TOOL, anchor="end")
    for bar in plan.tools:
        y = top + bar.y
        canvas.rect(
            bar.x, y + 3, bar.end_x - bar.x, TOOL_LINE - 6, fill=_TOOL_BAR, radius=3, title=bar.called.title
        )
        _draw_label(canvas, top, bar.called, _TOOL)
        begin_x, end_x, middle_y = bar.called.end_x + 6, bar.called.end_x + ARROW - 7, y + 10
        canvas.line([(begin_x, middle_y), (end_x, middle_y)], stroke=_TOOL)
        canvas.line(
            [(end_x - 4, middle_y - 3.5), (end_x, middle_y), (end_x - 4, middle_y + 3.5)], stroke=_TOOL
        )
        _draw_label(canvas, top, bar.result, _INK)


def _draw_latencies(canvas: Canvas, top: float, plan: RowPlan) -> None:
    y = top + plan.between_y - 9
    for latency in plan.latencies:
        begin_x, end_x = plan.x(latency.caller_end_s), plan.x(latency.bot_start_s)
        canvas.line([(begin_x, top + plan.caller_y), (begin_x, y)], stroke=_LATENCY, dashed=True)
        canvas.line([(end_x, y), (end_x, top + plan.bot_y)], stroke=_LATENCY, dashed=True)
        canvas.line([(begin_x, y - 5), (begin_x, y), (end_x, y), (end_x, y - 5)], stroke=_LATENCY, width=2)
        label = f"{latency.ms:.0f} ms"
        if end_x - begin_x > text_width(label, TEXT_SIZE) + 8:
            canvas.text((begin_x + end_x) / 2, y - 7, label, size=TEXT_SIZE, fill=_LATENCY, anchor="middle")
        else:
            canvas.text(end_x + 6, y, label, size=TEXT_SIZE, fill=_LATENCY)


def _draw_interruptions(canvas: Canvas, top: float, plan: RowPlan) -> None:
    text = "bot interrupted"
    width = text_width(text, TEXT_SIZE) + 16
    y = top + plan.between_y - 25
    brackets = [(plan.x(one.caller_end_s) - 30, plan.x(one.bot_start_s) + 30) for one in plan.latencies]
    for interruption in plan.interruptions:
        x = plan.x(interruption.at_s)
        crowded = any(begin_x < x + width and x < end_x for begin_x, end_x in brackets)
        flag_x = x - width if crowded or x + width > RIGHT else x
        top_y, bottom_y = top + plan.caller_y - WAVE / 2, top + plan.bot_y + WAVE / 2
        canvas.line([(x, top_y), (x, bottom_y)], stroke=_CUT, width=2)
        canvas.rect(flag_x, y, width, 20, fill=_CUT, radius=2)
        canvas.text(flag_x + 8, y + 14.5, text, size=TEXT_SIZE, fill="#ffffff")
