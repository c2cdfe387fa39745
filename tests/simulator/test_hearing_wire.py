"""Real speech over the socket: the same positions in real time and faster, in every format, however heard."""

import asyncio

import pytest
from spoken_lines import FORMATS, laid, spoken_lines

from pipecat_voicelive.simulator import g711

TOLERANCE_MS = 50
SHORTEST = 5  # "Yes."


@pytest.fixture(scope="module")
def places():
    """The lines, synthesised before any event loop runs."""
    return spoken_lines()


async def streamed(start, join, place, *, detector, rate_hz, law, piece_ms, pause_s):
    """Where the turn stands that is found in audio sent piece by piece."""
    session = {"input_audio_format": law or "pcm16", "turn_detection": {"type": "server_vad"}}
    if law is None:
        session["input_audio_sampling_rate"] = rate_hz
    client = await join(await start(turn_detector=detector), session=session)
    data = g711.encode(place.samples, law) if law else place.samples.astype("<i2").tobytes()
    size = int(piece_ms * rate_hz / 1000) * (1 if law else 2)
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    for begin in range(0, len(data), size):
        await client.send("input_audio_buffer.append", audio=data[begin : begin + size])
        due_s += pause_s
        await asyncio.sleep(max(due_s - loop.time(), 0))
    started = await client.until("input_audio_buffer.speech_started")
    stopped = await client.until("input_audio_buffer.speech_stopped")
    return started["audio_start_ms"], stopped["audio_end_ms"]


@pytest.mark.parametrize("detector", ["energy", "silero"])
@pytest.mark.parametrize(("rate_hz", "law"), FORMATS)
async def test_positions_are_right_in_every_format(start, join, places, detector, rate_hz, law):
    place = laid(places[0], rate_hz=rate_hz, law=law, loudness_db=-12)
    options = {"detector": detector, "rate_hz": rate_hz, "law": law}
    begins_ms, ends_ms = await streamed(start, join, place, piece_ms=20, pause_s=0, **options)
    assert abs(begins_ms + 400 - place.begins_ms) <= TOLERANCE_MS
    assert abs(ends_ms - 500 - place.ends_ms) <= TOLERANCE_MS


@pytest.mark.parametrize("detector", ["energy", "silero"])
async def test_positions_are_the_same_however_slowly_audio_comes(start, join, places, detector):
    place = laid(places[SHORTEST], rate_hz=24000, lead_ms=500, tail_ms=800)
    options = {"detector": detector, "rate_hz": 24000, "law": None}
    slowly = await streamed(start, join, place, piece_ms=20, pause_s=0.002, **options)
    at_once = await streamed(start, join, place, piece_ms=5000, pause_s=0, **options)
    assert slowly == at_once
