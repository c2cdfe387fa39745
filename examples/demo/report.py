"""What is left of a call: call.wav, call.html and call.png.

The page is one file that needs nothing else: the picture, the sound, and tables of what was said and called.
While the sound plays a line moves over the picture; a click on the picture plays from there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

from pipecat_voicelive.testing.calls.recording import CallRecording

from . import ulaw
from .picture import CallPicture, Picture
from .plan import LEFT, PX_PER_S
from .record import CallRecord, ToolCall, Utterance
from .wording import call_text, key_numbers, short

_SOUND_RATE_HZ = 8000
_LARGEST_SOUND_BYTES = 1_500_000
"""Of sound in the page, as base64."""

_PAGE = Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))


def write_report(record: CallRecord, recording: CallRecording, folder: Path) -> list[Path]:
    """Write call.wav, call.html and call.png into `folder`, which is made if need be; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    wav, page, image = (folder / name for name in ("call.wav", "call.html", "call.png"))
    recording.write_wav(wav)
    picture = CallPicture(record, recording)
    page.write_text(html(record, recording, picture.svg()), encoding="utf-8")
    picture.write_png(image)
    return [wav, page, image]


def html(record: CallRecord, recording: CallRecording, picture: Picture) -> str:
    """The page, with everything in it."""
    return _PAGE.substitute(
        summary=escape(key_numbers(record)),
        picture=picture.svg,
        player=_player(recording),
        turns=_rows(_turns(record)),
        tools=_rows(_tool(call) for call in record.tool_calls),
        rows=json.dumps(_places(picture)),
    )


def _player(recording: CallRecording) -> str:
    """An audio element with the call in it, in stereo or else in mono if it fits; else a hint."""
    stereo = recording.stereo(_SOUND_RATE_HZ)
    mono = stereo.mean(axis=1).astype(stereo.dtype)
    for sound in (stereo, mono):
        if sound.size * 4 / 3 <= _LARGEST_SOUND_BYTES:
            data = base64.b64encode(ulaw.wav(sound, _SOUND_RATE_HZ)).decode()
            return f'<audio controls preload="auto" src="data:audio/wav;base64,{data}"></audio>'
    return "<p>The call is too long to be part of this page: play call.wav.</p>"


def _places(picture: Picture) -> list[dict[str, float]]:
    """Where on the picture a moment of the call is, for the line that moves with the sound."""
    return [
        {
            "start": round(plan.span.start_s, 3),
            "end": round(plan.span.end_s, 3),
            "x": LEFT,
            "scale": PX_PER_S,
            "top": round(top + plan.caller_y - 22, 1),
            "bottom": round(top + plan.bot_y + 22, 1),
        }
        for top, plan in picture.plans
    ]


def _turns(record: CallRecord) -> Iterable[Sequence[str]]:
    return (
        (f"{u.start_s:.2f} s", f"{u.end_s - u.start_s:.2f} s", u.who, u.text, _remark(record, u))
        for u in record.utterances
    )


def _remark(record: CallRecord, utterance: Utterance) -> str:
    """What else is to say: how fast the bot was and whether it was cut; how the caller was understood."""
    if utterance.who == "bot":
        fast = [
            f"first audio after {one.ms:.0f} ms"
            for one in record.latencies
            if one.bot_start_s == utterance.start_s
        ]
        return "; ".join([*fast, *(["interrupted"] if utterance.cut else [])])
    later = [u.start_s for u in record.spoken_by("caller") if u.start_s > utterance.start_s]
    until_s = min(later, default=record.duration_s)
    heard = [t.text for t in record.transcripts if utterance.start_s < t.at_s <= until_s]
    return f"understood: {' '.join(heard)}" if heard else ""


def _tool(call: ToolCall) -> Sequence[str]:
    took = "" if call.end_s is None else f"{(call.end_s - call.start_s) * 1000:.0f} ms"
    outcome = "cancelled" if call.cancelled else "" if call.end_s is None else short(call.result, 1000)
    return f"{call.start_s:.2f} s", took, call_text(call), outcome


def _rows(rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
