"""What one millisecond of each format weighs."""

import pytest

from pipecat_voicelive.protocol.audio import (
    INPUT_RATES_HZ,
    OUTPUT_FORMAT_BY_RATE_HZ,
    AudioFormat,
    input_format,
    output_format,
)


@pytest.mark.parametrize(
    ("audio_format", "bytes_per_second"),
    [
        (AudioFormat("pcm16", 24000), 48000),
        (AudioFormat("pcm16", 8000), 16000),
        (AudioFormat("g711_ulaw", 8000), 8000),
        (AudioFormat("g711_alaw", 8000), 8000),
    ],
)
def test_a_second_weighs_its_samples(audio_format, bytes_per_second):
    assert audio_format.bytes_per_second == bytes_per_second
    assert audio_format.duration_ms(bytes_per_second) == 1000
    assert audio_format.size_bytes(1000) == bytes_per_second


@pytest.mark.parametrize(("duration_ms", "size_bytes"), [(0, 0), (0.02, 0), (0.05, 2), (1, 48), (1.99, 94)])
def test_sizes_are_whole_samples_rounded_down(duration_ms, size_bytes):
    assert AudioFormat("pcm16", 24000).size_bytes(duration_ms) == size_bytes


def test_a_duration_beyond_all_reason_has_a_size():
    assert AudioFormat("pcm16", 24000).size_bytes(10**400) == 48 * 10**400


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, AudioFormat("pcm16", 24000)),
        ("pcm16", AudioFormat("pcm16", 24000)),
        ("pcm16_8000hz", AudioFormat("pcm16", 8000)),
        ("pcm16-16000hz", AudioFormat("pcm16", 16000)),
        ("g711_ulaw", AudioFormat("g711_ulaw", 8000)),
        ("g711_alaw", AudioFormat("g711_alaw", 8000)),
        ("opus_someday", AudioFormat("pcm16", 24000)),
    ],
)
def test_an_output_format_is_known_by_its_name(name, expected):
    assert output_format(name) == expected


@pytest.mark.parametrize("rate_hz", sorted(OUTPUT_FORMAT_BY_RATE_HZ))
def test_the_name_that_asks_for_a_rate_means_that_rate(rate_hz):
    assert output_format(OUTPUT_FORMAT_BY_RATE_HZ[rate_hz]).rate_hz == rate_hz


@pytest.mark.parametrize("rate_hz", INPUT_RATES_HZ)
def test_an_input_format_has_the_rate_asked_for(rate_hz):
    assert input_format("pcm16", rate_hz) == AudioFormat("pcm16", rate_hz)


def test_input_is_24_khz_unless_told_otherwise():
    assert input_format(None) == input_format("pcm16", None) == AudioFormat("pcm16", 24000)


def test_g711_is_8_khz_whatever_is_asked_for():
    assert input_format("g711_ulaw", 24000).rate_hz == 8000
