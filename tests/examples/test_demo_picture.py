import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from demo_sample import call_record, call_recording, silent_recording
from PIL import Image

from demo.canvas import drawable, shorten, text_width, wrap
from demo.picture import CallPicture
from demo.plan import LONGEST_ROW_S, RIGHT, Label, plan_row
from demo.record import CallRecord, Utterance, Word
from demo.rows import Span, rows


def box(label: Label) -> tuple[float, float, float, float]:
    return label.x, label.y - 0.72 * label.size, label.end_x, label.y + 0.2 * label.size


def overlap(a: Label, b: Label) -> bool:
    (ax, ay, a_end_x, a_end_y), (bx, by, b_end_x, b_end_y) = box(a), box(b)
    return ax < b_end_x and bx < a_end_x and ay < b_end_y and by < a_end_y


def labels(record: CallRecord, span: Span) -> list[Label]:
    plan = plan_row(record, span)
    tools = [label for bar in plan.tools for label in (bar.called, bar.result)]
    return [*plan.caller_text, *plan.bot_text, *tools]


def crowded() -> CallRecord:
    """Long words without a pause, up to the very end of the row, and a caller who speaks twice."""
    words = [Word(0.1 * n, 0.1, "incomprehensibilities") for n in range(120)]
    utterances = [
        Utterance("caller", 0.0, 0.5, "Several words that were spoken very fast"),
        Utterance("caller", 10.4, 10.8, "and then some more of the same kind of words"),
        Utterance("caller", 11.8, 12.1, "and a last remark at the end of the row"),
        Utterance("bot", 0.0, 12.1, ""),
    ]
    return CallRecord(duration_s=12.1, utterances=utterances, words=words)


@pytest.mark.parametrize("record", [call_record(), crowded()], ids=["call", "crowded"])
def test_no_label_covers_another(record: CallRecord) -> None:
    for span in rows(record, LONGEST_ROW_S):
        for a, b in itertools.combinations(labels(record, span), 2):
            assert not overlap(a, b), (a, b)


@pytest.mark.parametrize("record", [call_record(), crowded()], ids=["call", "crowded"])
def test_no_label_leaves_the_page(record: CallRecord) -> None:
    for span in rows(record, LONGEST_ROW_S):
        assert all(label.end_x <= RIGHT + 12 for label in labels(record, span))


def test_words_stay_near_the_time_at_which_they_were_heard() -> None:
    record = call_record()
    [span, *_] = rows(record, LONGEST_ROW_S)
    plan = plan_row(record, span)
    assert [label.text for label in plan.bot_text] == [word.text for word in record.words]
    for word, label in zip(record.words, plan.bot_text, strict=True):
        assert 0 <= label.x - plan.x(word.at_s) <= 90  # less than a second


def test_rows_cover_the_call_and_break_where_nobody_speaks() -> None:
    record = call_record()
    spans = rows(record, 12.0)
    assert spans[0].start_s == 0
    assert spans[-1].end_s == record.duration_s
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(spans))
    assert all(span.end_s - span.start_s <= 12.0 for span in spans)
    assert 8.0 < spans[0].end_s < 9.0


def test_rows_break_at_a_pause_between_words_if_there_is_no_silence() -> None:
    words = [Word(n * 0.5 + (0.3 if n >= 15 else 0), 0.5, "word") for n in range(37)]
    record = CallRecord(duration_s=19.0, utterances=[Utterance("bot", 0, 19, "")], words=words)
    first, second = rows(record, 12.0)
    assert 7.5 <= first.end_s <= 7.8
    assert second.end_s == 19.0


def test_the_image_is_the_drawing_at_twice_its_size(tmp_path: Path) -> None:
    record = call_record()
    picture = CallPicture(record, call_recording(record))
    picture.write_png(tmp_path / "call.png")
    _, _, width, height = map(float, picture.svg().svg.split('viewBox="')[1].split('"')[0].split())
    with Image.open(tmp_path / "call.png") as image:
        assert image.size == (round(2 * width), round(2 * height))
        assert len(image.getcolors(1 << 24)) > 50


def test_the_drawing_says_what_happened() -> None:
    record = call_record()
    svg = CallPicture(record, call_recording(record)).svg().svg
    texts = ["".join(e.itertext()) for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    for expected in (
        "1000 ms",
        "bot interrupted",
        'get_weather(city="Lisbon")',
        "cancelled",
        "no result",
        "caller",
    ):
        assert any(text.startswith(expected) for text in texts), expected


def test_a_silent_call_can_be_drawn(tmp_path: Path) -> None:
    picture = CallPicture(CallRecord(duration_s=1.0), silent_recording())
    picture.write_png(tmp_path / "call.png")
    assert "<polygon" not in picture.svg().svg


def test_text_is_wrapped_between_words() -> None:
    lines = wrap("one two three four", 12, text_width("one two", 12) + 1)
    assert lines == ["one two", "three", "four"]


def test_long_text_is_shortened_to_fit() -> None:
    short = shorten("incomprehensibilities", 12, 60)
    assert short.endswith("…")
    assert text_width(short, 12) <= 60


def test_letters_that_the_font_lacks_are_replaced() -> None:
    assert drawable("São Paulo 11 °C 雨") == "Sao Paulo 11 °C ?"


def test_the_svg_escapes_what_was_said() -> None:
    record = call_record()
    svg = CallPicture(record, call_recording(record)).svg().svg
    assert "<Oslo>" not in svg
    assert not re.search(r"<b>", svg)
