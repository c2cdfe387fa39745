"""Where turns are said to begin and end, against where the synthesiser put them."""

import numpy as np
import pytest
from spoken_lines import FORMATS, LINES, Laid, laid, loudnesses_db, spoken_lines

from pipecat_voicelive.protocol.audio import input_format
from pipecat_voicelive.simulator import g711
from pipecat_voicelive.simulator.caller_audio import CallerAudio, TurnBegan, TurnEnded
from pipecat_voicelive.simulator.caller_voice import CallerVoice
from pipecat_voicelive.simulator.input_audio import InputFormat
from pipecat_voicelive.simulator.turn_detection import TurnSettings

TOLERANCE_MS = 50
PADDING_MS, SILENCE_MS = 400, 500
SPEECH_MS = {"server_vad": 200, "azure_semantic_vad": 80}
PIECES_MS = {"one message": None, "20 ms": 20.0, "odd": 33.3}


def heard(place, *, rate_hz, law=None, kind="server_vad", piece_ms=None):
    """The turns found in audio that comes in pieces, through the decoding of the wire's format."""
    settings = TurnSettings(
        threshold=0.5,
        prefix_padding_ms=PADDING_MS,
        silence_duration_ms=SILENCE_MS,
        speech_duration_ms=SPEECH_MS[kind],
    )
    audio_format = InputFormat(input_format(law or "pcm16", rate_hz))
    caller = CallerAudio(audio_format, settings, lambda: 0, CallerVoice(audio_format, lambda: 0))
    data = g711.encode(place.samples, law) if law else place.samples.astype("<i2").tobytes()
    frame_bytes = 1 if law else 2
    size = int(piece_ms * rate_hz / 1000) * frame_bytes if piece_ms else len(data)
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return [found for piece in pieces for found in caller.append(piece)]


def errors_ms(place, found):
    """How far off the beginning and the end are; positive is late."""
    assert [type(turn) for turn in found] == [TurnBegan, TurnEnded], found
    began, ended = found
    return (
        began.audio_start_ms + PADDING_MS - place.begins_ms,
        ended.audio_end_ms - SILENCE_MS - place.ends_ms,
    )


@pytest.mark.proves("rule.turn-positions")
@pytest.mark.parametrize("pieces", PIECES_MS)
@pytest.mark.parametrize(("rate_hz", "law"), FORMATS)
def test_turns_begin_and_end_where_the_synthesiser_put_them(rate_hz, law, pieces):
    for (_, _, text), line in zip(LINES, spoken_lines(), strict=True):
        for kind in SPEECH_MS if pieces == "one message" else ["azure_semantic_vad"]:
            for loudness_db in loudnesses_db(law)[:: 1 if pieces == "one message" else 2]:
                place = laid(line, rate_hz=rate_hz, law=law, loudness_db=loudness_db)
                found = heard(place, rate_hz=rate_hz, law=law, kind=kind, piece_ms=PIECES_MS[pieces])
                assert np.abs(errors_ms(place, found)).max() <= TOLERANCE_MS, (text, kind, loudness_db)


@pytest.mark.parametrize(("rate_hz", "law"), FORMATS)
@pytest.mark.parametrize("loudness_db", [-3, -12])
def test_quiet_noise_moves_no_turn(rate_hz, law, loudness_db):
    for (_, _, text), line in zip(LINES, spoken_lines(), strict=True):
        for seed in range(3):
            place = laid(
                line, rate_hz=rate_hz, law=law, loudness_db=loudness_db, noise_db=loudness_db - 52, seed=seed
            )
            found = heard(place, rate_hz=rate_hz, law=law)
            assert np.abs(errors_ms(place, found)).max() <= TOLERANCE_MS, (text, seed)


@pytest.mark.parametrize(("rate_hz", "law"), FORMATS)
def test_a_line_in_noise_begins_in_its_place_and_may_lose_its_last_sound(rate_hz, law):
    for (_, _, text), line in zip(LINES, spoken_lines(), strict=True):
        place = laid(line, rate_hz=rate_hz, law=law, loudness_db=-12, noise_db=-50)
        found = heard(place, rate_hz=rate_hz, law=law)
        start_ms, end_ms = errors_ms(place, [found[0], found[-1]])
        assert abs(start_ms) <= TOLERANCE_MS, text
        assert -150 <= end_ms <= TOLERANCE_MS, text


@pytest.mark.parametrize("lead_ms", [500, 507, 511, 1033])
def test_where_the_first_sample_falls_in_a_frame_makes_no_difference(lead_ms):
    for line in spoken_lines():
        place = laid(line, rate_hz=24000, lead_ms=lead_ms)
        assert np.abs(errors_ms(place, heard(place, rate_hz=24000))).max() <= TOLERANCE_MS


def test_a_line_after_a_pause_begins_in_its_place():
    first, second = (laid(line, rate_hz=24000) for line in spoken_lines()[:2])
    found = heard(Laid(np.concatenate([first.samples, second.samples]), 0, 0), rate_hz=24000)
    assert [type(turn) for turn in found] == [TurnBegan, TurnEnded, TurnBegan, TurnEnded]
    before_ms = len(first.samples) / 24
    later = Laid(second.samples, before_ms + second.begins_ms, before_ms + second.ends_ms)
    assert np.abs(errors_ms(later, found[2:])).max() <= TOLERANCE_MS
