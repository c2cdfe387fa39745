"""Rates, channels and encodings between the pipeline and the wire, to the sample."""

import audioop

import numpy as np
import pytest
from pipecat.frames.frames import InputAudioRawFrame

from pipecat_voicelive import SessionProperties
from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.service.audio import InputAudio, OutputAudio, SpeechOnset
from pipecat_voicelive.service.formats import choose_formats


def tone(rate_hz, seconds=1.0, hz=440):
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return (12000 * np.sin(2 * np.pi * hz * t)).astype(np.int16)


def frames(samples, rate_hz, channels=1, ms=20):
    step = rate_hz * ms // 1000
    for i in range(0, len(samples), step):
        piece = samples[i : i + step]
        if channels > 1:
            piece = np.repeat(piece, channels)
        yield InputAudioRawFrame(piece.astype(np.int16).tobytes(), rate_hz, channels)


def dominant_hz(samples, rate_hz):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * rate_hz / len(samples)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_channel_count_becomes_the_wires(rate_hz, channels):
    audio = InputAudio(AudioFormat("pcm16", 24000))
    sent = b"".join(audio.convert(frame) for frame in frames(tone(rate_hz, 2), rate_hz, channels, ms=40))
    samples = np.frombuffer(sent, np.int16).astype(float)
    assert abs(len(samples) / 24000 - 2) < 0.045  # the filter keeps some milliseconds to itself
    assert abs(dominant_hz(samples[4800:-4800], 24000) - 440) < 3
    # No clicks where frames meet: a clean tone has next to nothing outside its line.
    spectrum = np.abs(np.fft.rfft(samples[4800:43200] * np.hanning(38400)))
    peak = np.argmax(spectrum)
    assert spectrum[np.abs(np.arange(len(spectrum)) - peak) > 40].max() < spectrum[peak] / 300


@pytest.mark.proves("feature.any-pipeline-rate")
@pytest.mark.parametrize("rate_hz", [11025, 22050, 32000, 44100, 48000])
@pytest.mark.parametrize("wire_hz", [8000, 16000, 24000])
def test_a_minute_of_an_odd_rate_lasts_a_minute(rate_hz, wire_hz):
    samples = np.zeros(rate_hz * 62, np.int16)
    burst = tone(rate_hz, 0.1, hz=1000) // 2
    for second in (1, 61):
        samples[second * rate_hz : second * rate_hz + len(burst)] = burst
    audio = InputAudio(AudioFormat("pcm16", wire_hz))
    sent = b"".join(audio.convert(frame) for frame in frames(samples, rate_hz))
    loud = np.abs(np.frombuffer(sent, np.int16).astype(int)) > 1000
    first = np.argmax(loud)
    second = np.argmax(loud[wire_hz * 30 :]) + wire_hz * 30
    assert abs((second - first) / wire_hz - 60) < 0.001


def test_a_rate_that_changes_in_the_middle_is_taken():
    audio = InputAudio(AudioFormat("pcm16", 16000))
    for rate_hz in (16000, 48000, 8000, 48000):
        for frame in frames(tone(rate_hz, 0.2), rate_hz):
            audio.convert(frame)


@pytest.mark.parametrize(
    ("encoding", "decode"), [("g711_ulaw", audioop.ulaw2lin), ("g711_alaw", audioop.alaw2lin)]
)
def test_telephone_encodings_go_out_and_come_in(encoding, decode):
    wire = AudioFormat(encoding, 8000)
    out, back = InputAudio(wire), OutputAudio(wire, 8000)
    sent = b"".join(out.convert(frame) for frame in frames(tone(8000), 8000))
    assert len(sent) == 8000
    assert np.abs(np.frombuffer(decode(sent, 2), np.int16) - tone(8000).astype(int)).max() < 700
    assert back.convert(sent) == decode(sent, 2)


def test_the_bots_audio_arrives_at_the_pipelines_rate_and_whole():
    back = OutputAudio(AudioFormat("pcm16", 24000), 48000)
    pcm = tone(24000).tobytes()
    received = b"".join(back.convert(pcm[i : i + 4800]) for i in range(0, len(pcm), 4800)) + back.flush()
    samples = np.frombuffer(received, np.int16).astype(float)
    assert len(samples) == 48000
    assert abs(dominant_hz(samples, 48000) - 440) < 2


def test_the_onset_of_speech_is_kept_to_the_sample_and_given_once():
    onset = SpeechOnset(AudioFormat("pcm16", 16000), keep_ms=100)
    samples = np.arange(16000, dtype=np.int16)
    for i in range(0, 16000, 320):
        onset.add(samples[i : i + 320].tobytes())
    assert onset.take() == samples[-1600:].tobytes()
    assert onset.take() == b""


@pytest.mark.parametrize(
    ("in_hz", "out_hz", "options"),
    [
        (16000, 24000, ("pcm16", 16000, "pcm16")),
        (8000, 8000, ("pcm16", 8000, "pcm16_8000hz")),
        (24000, 16000, ("pcm16", 24000, "pcm16_16000hz")),
        (48000, 44100, ("pcm16", 24000, "pcm16")),
        (44100, 48000, ("pcm16", 24000, "pcm16")),  # seen to work, but documented nowhere
        (11025, 22050, ("pcm16", 24000, "pcm16")),
    ],
)
def test_formats_follow_the_pipelines_rates(in_hz, out_hz, options):
    formats = choose_formats(SessionProperties(), in_hz, out_hz)
    assert tuple(formats.options.values()) == options
    assert formats.caller.rate_hz == options[1]


@pytest.mark.parametrize("name", ["pcm16_22050hz", "pcm16_44100hz", "pcm16_48000hz"])
def test_formats_beyond_the_documented_are_used_when_they_are_named(name):
    given = SessionProperties(input_audio_sampling_rate=44100, output_audio_format=name)
    formats = choose_formats(given, 44100, 48000)
    assert formats.options == given.to_wire()
    assert formats.caller == AudioFormat("pcm16", 44100)
    assert f"pcm16_{formats.bot.rate_hz}hz" == name


def test_formats_that_are_given_are_left_alone():
    given = SessionProperties(input_audio_format="g711_ulaw", output_audio_format="g711_alaw")
    formats = choose_formats(given, 16000, 24000)
    assert formats.options == given.to_wire()
    assert (formats.caller, formats.bot) == (AudioFormat("g711_ulaw", 8000), AudioFormat("g711_alaw", 8000))
