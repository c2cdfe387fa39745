"""The movements of a face that go with speech."""

import base64
import math
from itertools import pairwise

import numpy as np
import pytest

from pipecat_voicelive.protocol.blendshapes import BLENDSHAPES
from pipecat_voicelive.simulator.blendshapes import FRAMES_PER_S, blendshape_frames
from pipecat_voicelive.simulator.utterance import RATE_HZ, SpokenViseme, Utterance, silent_utterance

AZURE = {"type": "azure-standard", "name": "en-US-AvaNeural"}
BOTH = {"outputs": ["viseme_id", "blendshapes"]}
JAW_OPEN, PUCKER, BLINK = (BLENDSHAPES.index(name) for name in ("jawOpen", "mouthPucker", "eyeBlinkLeft"))
A_AS_IN_FATHER, OO, LIPS_PRESSED = 2, 7, 21


def utterance(*visemes, duration_ms=1000):
    track = tuple(SpokenViseme(viseme_id, float(offset_ms)) for viseme_id, offset_ms in visemes)
    return Utterance(pcm=bytes(2 * RATE_HZ * duration_ms // 1000), words=(), visemes=track)


def frame_at(frames, ms):
    return frames[round(ms * FRAMES_PER_S / 1000)]


def test_a_frame_has_the_52_shapes_of_arkit_and_three_rotations():
    assert len(BLENDSHAPES) == len(set(BLENDSHAPES)) == 55
    numbered = {1: "eyeBlinkLeft", 8: "eyeBlinkRight", 18: "jawOpen", 21: "mouthPucker", 24: "mouthSmileLeft"}
    numbered |= {37: "mouthPressRight", 44: "browInnerUp", 46: "browOuterUpRight", 52: "tongueOut"}
    numbered |= {53: "headRoll", 54: "leftEyeRoll", 55: "rightEyeRoll"}
    assert {number: BLENDSHAPES[number - 1] for number in numbered} == numbered


def test_there_are_sixty_frames_a_second_from_the_first_sample_to_the_last():
    assert blendshape_frames(utterance(duration_ms=2000)).shape == (120, 55)


def test_the_face_takes_the_shape_of_each_viseme():
    frames = blendshape_frames(utterance((0, 50), (A_AS_IN_FATHER, 200), (LIPS_PRESSED, 400), (OO, 600)))
    open_jaw = [frame_at(frames, ms)[JAW_OPEN] for ms in (150, 350, 550)]
    assert open_jaw[1] > 0.6
    assert max(open_jaw[0], open_jaw[2]) < 0.05
    assert frame_at(frames, 750)[PUCKER] > 0.7
    assert frame_at(frames, 550)[PUCKER] == 0


def test_it_moves_without_jumps():
    frames = blendshape_frames(utterance((0, 50), (A_AS_IN_FATHER, 200), (LIPS_PRESSED, 400)))
    mouth = np.delete(frames, [BLINK, BLINK + 7], axis=1)
    assert np.abs(np.diff(mouth, axis=0)).max() < 0.3


def test_values_stay_within_0_and_1_and_the_eyes_blink():
    frames = blendshape_frames(utterance((0, 50), (A_AS_IN_FATHER, 51), (OO, 52), duration_ms=8000))
    assert frames.min() >= 0
    assert frames.max() <= 1
    assert 1 <= np.count_nonzero(np.diff((frames[:, BLINK] > 0.5).astype(int)) == 1) <= 4


def test_an_utterance_without_words_leaves_the_mouth_alone():
    frames = blendshape_frames(silent_utterance())
    assert frames[:, JAW_OPEN].max() == 0


async def answered(start, join, *, session, say="Hello, you there.", **options):
    simulator = await start({"turns": [{"user": "Hi", "say": say}]}, **options)
    client = await join(simulator, session={"voice": AZURE, **session})
    await client.ask("Hi")
    return client


@pytest.mark.proves("rule.blendshape-frames")
@pytest.mark.proves(
    "response.animation_blendshapes.delta",
    "response.animation_blendshapes.done",
    "session.animation",
    "session.animation.outputs",
    "animation.outputs=blendshapes",
)
async def test_frames_come_before_the_audio_they_belong_to(start, join):
    client = await answered(start, join, session={"animation": {"outputs": ["blendshapes"]}})
    audio_ms = frames = 0
    for event in client.raw:
        if event["type"] == "response.animation_blendshapes.delta":
            assert event["frame_index"] == frames
            assert {len(frame) for frame in event["frames"]} == {55}
            frames += len(event["frames"])
        if event["type"] == "response.audio.delta":
            audio_ms += len(base64.b64decode(event["delta"])) / 48
            assert frames >= math.floor(audio_ms * FRAMES_PER_S / 1000)
    assert frames == round(audio_ms * FRAMES_PER_S / 1000) > 30
    assert not client.of_type("response.animation_viseme.delta")


@pytest.mark.proves("rule.blendshape-frames")
async def test_frames_end_with_one_event_that_has_no_content_index(start, join):
    client = await answered(start, join, session={"animation": BOTH})
    (done,) = client.of_type("response.animation_blendshapes.done")
    assert done.keys() == {"type", "event_id", "response_id", "item_id", "output_index"}
    types = client.types()
    assert types.index("response.animation_blendshapes.done") < types.index("response.audio.done")


@pytest.mark.proves("animation.outputs=viseme_id")
async def test_frames_and_visemes_agree(start, join):
    client = await answered(start, join, session={"animation": BOTH})
    frames = [
        frame for event in client.of_type("response.animation_blendshapes.delta") for frame in event["frames"]
    ]
    visemes = client.of_type("response.animation_viseme.delta")
    for shape, following in pairwise(visemes):
        if shape["viseme_id"] == A_AS_IN_FATHER:
            held_ms = np.arange(shape["audio_offset_ms"], following["audio_offset_ms"], 5)
            assert max(frame_at(frames, ms)[JAW_OPEN] for ms in held_ms) > 0.5
    assert frame_at(frames, visemes[0]["audio_offset_ms"])[JAW_OPEN] == 0


async def test_frames_can_have_the_text_form(start, join):
    session = {"animation": {"outputs": ["blendshapes"]}}
    plain = await answered(start, join, session=session)
    coded = await answered(start, join, session=session, blendshapes_as_text=True)
    for rows, text in zip(
        plain.of_type("response.animation_blendshapes.delta"),
        coded.of_type("response.animation_blendshapes.delta"),
        strict=True,
    ):
        values = np.frombuffer(base64.b64decode(text["frames"]), "<f4").reshape(-1, 55)
        assert np.allclose(values, rows["frames"], atol=1e-6)


@pytest.mark.parametrize("voice", ["alloy", None])
async def test_blendshapes_need_an_azure_voice(start, join, voice):
    client = await join(await start(), session=None)
    await client.send("session.update", session={"voice": voice, "animation": BOTH})
    error = await client.refused()
    assert (error.code, error.param) == ("invalid_value", "session.animation.outputs")


async def test_times_and_frames_run_on_over_the_messages_of_a_response(start, join):
    # A tool that is not offered is not called; a second message of the same response says so.
    scenario = {"turns": [{"user": "Go", "say": "One two.", "call": {"name": "f"}}]}
    session = {"voice": AZURE, "animation": BOTH, "output_audio_timestamp_types": ["word"]}
    client = await join(await start(scenario), session=session)
    first, second = (await client.ask("Go"))["output"]

    def of(item, event_type):
        return [event for event in client.of_type(event_type) if event["item_id"] == item["id"]]

    frames = sum(len(event["frames"]) for event in of(first, "response.animation_blendshapes.delta"))
    audio_ms = sum(len(base64.b64decode(event["delta"])) for event in of(first, "response.audio.delta")) / 48
    assert of(second, "response.animation_blendshapes.delta")[0]["frame_index"] == frames
    assert of(second, "response.audio_timestamp.delta")[0]["audio_offset_ms"] == round(audio_ms + 100)
    assert of(second, "response.animation_viseme.delta")[0]["audio_offset_ms"] == round(audio_ms + 50)
