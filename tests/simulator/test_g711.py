"""G.711 against the values of the standard."""

import numpy as np
import pytest

from pipecat_voicelive.simulator.g711 import decode, encode

LAWS = ["g711_ulaw", "g711_alaw"]


@pytest.mark.parametrize(
    ("law", "code", "sample"),
    [
        ("g711_ulaw", 0xFF, 0),
        ("g711_ulaw", 0x80, 32124),
        ("g711_ulaw", 0x00, -32124),
        ("g711_ulaw", 0xFE, 8),
        ("g711_alaw", 0xD5, 8),
        ("g711_alaw", 0x55, -8),
        ("g711_alaw", 0xAA, 32256),
        ("g711_alaw", 0x2A, -32256),
    ],
)
def test_codes_mean_what_the_standard_says(law, code, sample):
    assert decode(bytes([code]), law).tolist() == [sample]


@pytest.mark.parametrize("law", LAWS)
def test_what_was_decoded_encodes_to_the_same(law):
    samples = decode(bytes(range(256)), law)
    assert decode(encode(samples, law), law).tolist() == samples.tolist()


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_comes_back_nearly(law):
    samples = np.arange(-32768, 32768, 7).astype(np.int16)
    back = decode(encode(samples, law), law).astype(np.int64)
    assert (np.abs(back - samples) <= np.maximum(np.abs(samples.astype(np.int64)) / 16, 16)).all()
