import base64
import re
import wave
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from demo_sample import call_record, call_recording, silent_recording

from demo import ulaw
from demo.picture import CallPicture
from demo.record import CallRecord
from demo.report import html, write_report
from pipecat_voicelive.testing.calls.recording import CallRecording


@pytest.fixture(scope="module")
def page() -> str:
    record = call_record()
    recording = call_recording(record)
    return html(record, recording, CallPicture(record, recording).svg())


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self._in_cell = tag == "td"

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def test_a_report_is_a_sound_a_page_and_a_picture(tmp_path: Path) -> None:
    record = call_record()
    paths = write_report(record, call_recording(record), tmp_path / "out")
    assert [path.name for path in paths] == ["call.wav", "call.html", "call.png"]
    assert all(path.stat().st_size > 10_000 for path in paths)


def test_an_empty_call_can_be_reported(tmp_path: Path) -> None:
    write_report(CallRecord(duration_s=1.0), silent_recording(), tmp_path)
    write_report(CallRecord(), CallRecording(caller_rate_hz=16000, bot_rate_hz=24000), tmp_path)


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"'\s>)]{0,40})""", page)
    assert links
    assert all(link.startswith("data:") for link in links)
    assert set(re.findall(r"https?://[^\s\"<]+", page)) == {"http://www.w3.org/2000/svg"}


def test_the_tables_have_every_turn_and_call(page: str) -> None:
    cells = Cells()
    cells.feed(page)
    rows = [row for row in cells.rows if row]
    assert len(rows) == 6 + 4
    assert rows[0][2:4] == ["caller", "What is the weather in Lisbon & <Oslo>?"]
    assert rows[0][4] == "understood: What is the weather in Lisbon"
    assert rows[1][4] == "first audio after 1000 ms"
    assert rows[3][4] == "first audio after 1000 ms; interrupted"
    assert rows[6] == ["2.20 s", "600 ms", 'get_weather(city="Lisbon")', "sky: <b>sunny</b>"]
    assert rows[8][3] == "cancelled"


def test_what_was_said_cannot_become_markup(page: str) -> None:
    assert "<Oslo>" not in page
    assert "<b>" not in page


def test_the_sound_in_the_page_is_the_call(page: str) -> None:
    data = base64.b64decode(page.split("base64,")[1].split('"')[0])
    assert data[:4] == b"RIFF"
    assert len(data) == pytest.approx(30 * 8000 * 2, abs=200)


def test_a_long_call_is_embedded_in_mono_or_not_at_all() -> None:
    def player(duration_s: int) -> str:
        record = CallRecord(duration_s=duration_s)
        recording = CallRecording(caller_rate_hz=8000, bot_rate_hz=8000)
        recording.caller.add(0.0, bytes(2 * 8000 * duration_s))
        return html(record, recording, CallPicture(record, recording).svg())

    mono = base64.b64decode(player(120).split("base64,")[1].split('"')[0])
    assert len(mono) == pytest.approx(120 * 8000, abs=200)
    assert "<audio" not in player(200)


def test_mu_law_is_what_the_standard_says() -> None:
    samples = np.array([0, -1, 1000, -1000, 32767, -32768], np.int16)
    assert ulaw.encode(samples) == bytes([0xFF, 0x7F, 0xCE, 0x4E, 0x80, 0x00])


def test_the_wav_file_is_well_formed(tmp_path: Path) -> None:
    record = call_record()
    write_report(record, call_recording(record), tmp_path)
    with wave.open(str(tmp_path / "call.wav"), "rb") as wav:
        assert wav.getnframes() / wav.getframerate() == pytest.approx(30.0, abs=0.01)
