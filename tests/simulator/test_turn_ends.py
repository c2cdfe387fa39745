"""Words that are no turn, and words that want more."""

import pytest

from pipecat_voicelive.simulator.prosody import pitch_of, rate_of, volume_of
from pipecat_voicelive.simulator.turn_ends import is_only_fillers, looks_unfinished


@pytest.mark.parametrize("text", ["Umm.", "uh, huh", "Oh yeah!", "Hmm...", "mm", "Ahh", "uh-huh", "Mm-hmm."])
def test_fillers_are_known(text):
    assert is_only_fillers(text)


@pytest.mark.parametrize("text", ["", "...", "Umm, no.", "Ohio", "Yes.", "humming", "a"])
def test_words_are_no_fillers(text):
    assert not is_only_fillers(text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("I would like to", True, True),
        ("Well, ...", True, True),
        ("My number is five, six,", True, True),
        ("Let me see -", True, True),
        ("Send it to Lisbon", False, True),
        ("Send it to Lisbon.", False, False),
        ("What is that?", False, False),
        ("Where is it from?", False, False),
        ("", False, False),
    ],
)
def test_a_line_wants_more_by_how_it_ends(text, low, high):
    assert [looks_unfinished(text, level) for level in ("low", "default", "high")] == [low, low, high]


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ("1.2", 1.2),
        ("+20%", 1.2),
        ("-10%", 0.9),
        ("fast", 1.25),
        (None, 1),
        ("???", 1),
        ("25%", 1.25),
        ("9", 2),
        ("0.1", 0.5),
    ],
)
def test_a_rate_is_read_in_every_form(given, rate):
    assert rate_of(given) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("given", "pitch"),
    [
        ("+10%", 1.1),
        ("-12st", 0.5),
        ("+6st", 1.4142),
        ("high", 1.2),
        ("", 1),
        (None, 1),
        ("+80Hz", 1.4),
        ("150Hz", 0.75),
    ],
)
def test_a_pitch_is_read_in_every_form(given, pitch):
    assert pitch_of(given) == pytest.approx(pitch, abs=1e-4)


@pytest.mark.parametrize(
    ("given", "volume"),
    [
        ("50", 0.5),
        ("-25%", 0.75),
        ("-20", 0.8),
        ("soft", 0.4),
        ("silent", 0),
        ("+30", 1),
        (None, 1),
        ("?", 1),
    ],
)
def test_a_volume_is_read_in_every_form(given, volume):
    assert volume_of(given) == pytest.approx(volume)
