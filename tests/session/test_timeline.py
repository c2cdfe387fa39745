"""Audio, text, words and visemes of a response, each at its place, to the sample."""

import numpy as np
import pytest

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.session.effects import Audio, Blendshapes, SpeechItem, SpokenText, Viseme, Word
from pipecat_voicelive.session.timeline import Timeline

PCM = AudioFormat("pcm16", 24000)
ULAW = AudioFormat("g711_ulaw", 8000)


def pcm(duration_ms: float) -> bytes:
    """Samples that count up, so that a piece shows where it was cut."""
    return b"".join(number.to_bytes(2, "little") for number in range(int(duration_ms * 24)))


def shape(pieces, audio_format=PCM):
    """The pieces in short: audio as its length in ms, everything else as what it says."""
    short = []
    for piece in pieces:
        match piece:
            case Audio(audio=sound):
                short.append(audio_format.duration_ms(len(sound)))
            case SpokenText(text=text):
                short.append(text)
            case Word(text=text):
                short.append(f"<{text}>")
            case Viseme(viseme_id=viseme_id):
                short.append(f"v{viseme_id}")
            case Blendshapes(first_frame_index=index, frames=frames):
                short.append(f"b{index}+{len(frames)}")
            case SpeechItem(item_id=item_id):
                short.append(f"[{item_id}]")
    return short


def sound_of(pieces) -> bytes:
    return b"".join(piece.audio for piece in pieces if isinstance(piece, Audio))


# --- cutting -----------------------------------------------------------------------------------------


def test_audio_alone_passes_as_it_is():
    timeline = Timeline("r", PCM)
    sound = pcm(100)
    assert list(timeline.audio("a", sound)) == [SpeechItem("r", "a"), Audio("r", "a", sound)]


def test_audio_is_cut_where_a_viseme_begins():
    timeline = Timeline("r", PCM)
    pieces = [*timeline.viseme("a", 3, 40), *timeline.audio("a", pcm(100))]
    assert shape(pieces) == ["[a]", 40.0, "v3", 60.0]
    assert sound_of(pieces) == pcm(100)


def test_audio_is_cut_to_the_sample():
    timeline = Timeline("r", AudioFormat("pcm16", 22050))
    pieces = [*timeline.viseme("a", 3, 1), *timeline.audio("a", bytes(200))]
    assert [len(piece.audio) for piece in pieces if isinstance(piece, Audio)] == [44, 156]


@pytest.mark.proves("feature.visemes")
def test_places_count_over_all_audio_of_the_response():
    timeline = Timeline("r", PCM)
    pieces = [*timeline.audio("a", pcm(100)), *timeline.viseme("b", 3, 130), *timeline.audio("b", pcm(100))]
    assert shape(pieces) == ["[a]", 100.0, "[b]", 30.0, "v3", 70.0]


def test_a_place_that_was_passed_is_taken_at_once():
    timeline = Timeline("r", PCM)
    list(timeline.audio("a", pcm(100)))
    assert shape(timeline.viseme("a", 3, 40)) == ["v3"]


def test_nothing_happens_before_the_audio_does():
    timeline = Timeline("r", PCM)
    assert shape(timeline.viseme("a", 3, 0)) == []
    assert shape(timeline.audio("a", pcm(10))) == ["[a]", "v3", 10.0]


def test_a_negative_place_is_the_beginning():
    timeline = Timeline("r", PCM)
    assert shape([*timeline.viseme("a", 3, -5), *timeline.audio("a", pcm(10))]) == ["[a]", "v3", 10.0]


def test_a_place_beyond_all_reason_comes_at_the_end():
    timeline = Timeline("r", PCM)
    pieces = [*timeline.viseme("a", 3, 10**400), *timeline.audio("a", pcm(10)), *timeline.finish()]
    assert shape(pieces) == ["[a]", 10.0, "v3"]


def test_what_happens_at_one_place_keeps_its_order():
    timeline = Timeline("r", PCM)
    pieces = [*timeline.viseme("a", 1, 5), *timeline.viseme("a", 2, 5), *timeline.audio("a", pcm(10))]
    assert shape(pieces) == ["[a]", 5.0, "v1", "v2", 5.0]


def test_g711_has_one_byte_a_sample():
    timeline = Timeline("r", ULAW)
    pieces = [*timeline.viseme("a", 1, 5), *timeline.audio("a", bytes(81))]
    assert [len(piece.audio) for piece in pieces if isinstance(piece, Audio)] == [40, 41]


@pytest.mark.parametrize("sizes", [(33, 33), (1, 1, 1, 1), (33, 34, 1), (5, 0, 5)])
def test_a_sample_is_never_split(sizes):
    timeline = Timeline("r", PCM)
    sound = bytes(range(sum(sizes)))
    pieces, start = [*timeline.viseme("a", 3, 0), *timeline.viseme("a", 4, 1)], 0
    for size in sizes:
        pieces += timeline.audio("a", sound[start : start + size])
        start += size
    assert all(len(piece.audio) % 2 == 0 for piece in pieces if isinstance(piece, Audio))
    assert sound_of(pieces) == sound[: len(sound) // 2 * 2]


def test_half_a_sample_at_the_end_of_an_item_does_not_shift_the_next():
    timeline = Timeline("r", PCM)
    pieces = [*timeline.audio("a", b"123"), *timeline.audio("b", b"abcd")]
    assert sound_of(pieces) == b"12abcd"


# --- blendshapes -------------------------------------------------------------------------------------


def face(count):
    """Frames that count up."""
    return np.repeat(np.arange(count, dtype=np.float32)[:, None], 55, axis=1)


def test_blendshapes_come_out_a_tenth_of_a_second_at_a_time():
    timeline = Timeline("r", PCM)
    pieces = [*timeline.blendshapes("a", face(15), 0), *timeline.audio("a", pcm(250))]
    assert shape(pieces) == ["[a]", "b0+6", 100.0, "b6+6", 100.0, "b12+3", 50.0]
    batches = [piece for piece in pieces if isinstance(piece, Blendshapes)]
    assert [piece.audio_offset_ms for piece in batches] == [0, 100, 200]
    assert np.array_equal(np.concatenate([piece.frames for piece in batches]), face(15))


def test_a_batch_has_its_place_by_the_frames_before_it_over_all_items():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.audio("a", pcm(100)),
        *timeline.blendshapes("b", face(3), 9),
        *timeline.audio("b", pcm(100)),
    ]
    assert shape(pieces) == ["[a]", 100.0, "[b]", 50.0, "b9+3", 50.0]


def test_another_frame_rate_moves_the_places():
    timeline = Timeline("r", PCM, frame_rate_hz=25)
    pieces = [*timeline.blendshapes("a", face(4), 2), *timeline.audio("a", pcm(200))]
    assert shape(pieces) == ["[a]", 80.0, "b2+2", 80.0, "b4+2", 40.0]


@pytest.mark.parametrize("index", [-1, 10**400])
def test_a_number_of_frames_beyond_all_reason_does_no_harm(index):
    timeline = Timeline("r", PCM)
    pieces = [*timeline.blendshapes("a", face(1), index), *timeline.audio("a", pcm(10)), *timeline.finish()]
    assert len([piece for piece in pieces if isinstance(piece, Blendshapes)]) == 1


# --- text without word times -------------------------------------------------------------------------


def test_text_comes_out_in_time_with_its_estimated_length():
    timeline = Timeline("r", PCM)
    pieces = [*timeline.text("a", "12345"), *timeline.text("a", "678"), *timeline.audio("a", pcm(1000))]
    assert shape(pieces) == ["[a]", "12345", 325.0, "678", 675.0]


def test_ideographs_take_longer_than_letters():
    timeline = Timeline("r", PCM)
    pieces = [*timeline.text("a", "你好"), *timeline.text("a", "嗎"), *timeline.audio("a", pcm(1000))]
    assert shape(pieces) == ["[a]", "你好", 400.0, "嗎", 600.0]


def test_text_that_is_left_comes_out_at_the_end():
    timeline = Timeline("r", PCM)
    list(timeline.text("a", "First, a long sentence."))
    list(timeline.text("a", " And more."))
    list(timeline.audio("a", pcm(100)))
    assert shape(timeline.finish()) == [" And more."]


def test_all_text_comes_out_once_and_in_order():
    timeline = Timeline("r", PCM)
    pieces = []
    for number in range(20):
        pieces += timeline.text("a", f"{number} ")
        pieces += timeline.audio("a", pcm(50))
    pieces += timeline.finish()
    text = "".join(piece.text for piece in pieces if isinstance(piece, SpokenText))
    assert text == "".join(f"{number} " for number in range(20))


def test_the_text_of_an_item_is_out_before_the_next_item_speaks():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "A long text that is spoken fast."),
        *timeline.text("a", " Very."),
        *timeline.audio("a", pcm(100)),
        *timeline.text("b", "Next"),
        *timeline.audio("b", pcm(100)),
        *timeline.finish(),
    ]
    assert shape(pieces) == ["[a]", "A long text that is spoken fast.", 100.0, " Very.", "[b]", "Next", 100.0]


# --- text with word times ----------------------------------------------------------------------------


@pytest.mark.proves("feature.words")
def test_words_release_the_text_they_stand_for():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "Hello, big world!"),
        *timeline.word("a", "Hello", 0, 100),
        *timeline.word("a", "big", 100, 50),
        *timeline.word("a", "world", 150, 100),
        *timeline.audio("a", pcm(300)),
    ]
    assert shape(pieces) == [
        "[a]",
        "<Hello>",
        "Hello,",
        100.0,
        "<big>",
        " big",
        50.0,
        "<world>",
        " world!",
        150.0,
    ]


def test_words_that_come_before_their_text_wait_for_it():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.word("a", "Hello", 0, 100),
        *timeline.audio("a", pcm(100)),
        *timeline.text("a", "Hello"),
        *timeline.audio("a", pcm(100)),
    ]
    assert shape(pieces) == ["[a]", "<Hello>", 100.0, "Hello", 100.0]


def test_a_word_the_text_does_not_hold_is_passed_over():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "It costs 54 dollars a day."),
        *timeline.word("a", "It", 0, 10),
        *timeline.word("a", "costs", 10, 10),
        *timeline.word("a", "fifty-four", 20, 10),
        *timeline.word("a", "dollars", 30, 10),
        *timeline.word("a", "a", 40, 10),
        *timeline.word("a", "day", 50, 10),
        *timeline.audio("a", pcm(100)),
        *timeline.finish(),
    ]
    text = [piece.text for piece in pieces if isinstance(piece, SpokenText)]
    assert "".join(text) == "It costs 54 dollars a day."
    assert text == ["It", " costs", " 54 dollars", " a", " day."]


def test_words_are_found_whatever_their_case():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "HELLO there"),
        *timeline.word("a", "hello", 0, 10),
        *timeline.audio("a", pcm(100)),
    ]
    assert shape(pieces) == ["[a]", "<hello>", "HELLO", 100.0]


def test_letters_whose_small_form_is_longer_do_not_shift_the_text():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "İİİİ var mı"),
        *timeline.word("a", "var", 0, 10),
        *timeline.audio("a", pcm(100)),
    ]
    assert shape(pieces) == ["[a]", "<var>", "İİİİ var", 100.0]


def test_a_word_is_not_found_inside_another():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "54 bananas a day"),
        *timeline.word("a", "fifty-four", 0, 10),
        *timeline.word("a", "a", 10, 10),
        *timeline.word("a", "day", 20, 10),
        *timeline.audio("a", pcm(100)),
        *timeline.finish(),
    ]
    text = [piece.text for piece in pieces if isinstance(piece, SpokenText)]
    assert text == ["54 bananas a", " day"]


def test_words_of_a_script_without_blanks_are_found():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "今天天气很好。"),
        *timeline.word("a", "今天", 0, 10),
        *timeline.word("a", "天气", 10, 10),
        *timeline.word("a", "很", 20, 10),
        *timeline.word("a", "好", 30, 10),
        *timeline.audio("a", pcm(100)),
    ]
    text = [piece.text for piece in pieces if isinstance(piece, SpokenText)]
    assert text == ["今天", "天气", "很", "好。"]


def test_words_of_two_items_do_not_mix():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "One"),
        *timeline.word("a", "One", 0, 10),
        *timeline.audio("a", pcm(100)),
        *timeline.text("b", "Two"),
        *timeline.word("b", "Two", 100, 10),
        *timeline.audio("b", pcm(100)),
        *timeline.finish(),
    ]
    assert shape(pieces) == ["[a]", "<One>", "One", 100.0, "[b]", "<Two>", "Two", 100.0]


def test_all_text_comes_out_though_no_word_is_found():
    timeline = Timeline("r", PCM)
    pieces = [
        *timeline.text("a", "完全に違う"),
        *timeline.word("a", "something", 0, 10),
        *timeline.word("a", "else", 10, 10),
        *timeline.audio("a", pcm(100)),
        *timeline.finish(),
    ]
    assert shape(pieces) == ["[a]", "<something>", 10.0, "<else>", 90.0, "完全に違う"]
