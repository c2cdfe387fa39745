"""Frames of blendshapes in every form they may come in, and in none."""

import base64
import json

import numpy as np
import pytest

from pipecat_voicelive.protocol.blendshapes import BLENDSHAPES, read_frames

ROWS = np.linspace(-0.25, 1, 3 * 55, dtype=np.float32).reshape(3, 55)


def as_base64(values):
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


@pytest.mark.parametrize(
    "form", [ROWS.tolist(), json.dumps(ROWS.tolist()), as_base64(ROWS)], ids=["rows", "JSON", "base64"]
)
def test_each_form_gives_one_row_a_frame(form):
    frames = read_frames(form)
    assert frames.dtype == np.float32
    assert frames.shape == (3, 55)
    assert np.allclose(frames, ROWS)


@pytest.mark.parametrize("form", [[], "[]", ""])
def test_no_frames_are_no_rows(form):
    assert read_frames(form).shape == (0, 55)


@pytest.mark.parametrize(
    "form",
    [
        ROWS[:, :54].tolist(),
        ROWS.ravel().tolist(),
        [[0.0] * 55, [0.0]],
        [[1e300] * 55],
        "[[1, 2",
        '[{"jawOpen": 1}]',
        "no base64!",
        "AAAA",
        as_base64(ROWS[0, :54]),
        as_base64(np.full(55, np.nan)),
    ],
)
def test_what_is_no_frames_of_55_numbers_is_none(form):
    assert read_frames(form) is None


def test_the_frames_cannot_be_changed_by_whoever_gets_them():
    for form in (ROWS.tolist(), as_base64(ROWS)):
        with pytest.raises(ValueError, match="read-only"):
            read_frames(form)[0, 0] = 1


def test_the_columns_have_the_names_that_azure_documents():
    assert len(set(BLENDSHAPES)) == 55
    assert [BLENDSHAPES[index] for index in (0, 17, 51, 54)] == [
        "eyeBlinkLeft",
        "jawOpen",
        "tongueOut",
        "rightEyeRoll",
    ]
